use crate::kit::*;
use doorward_admin::*;
use doorward_audit::Event;
use http::StatusCode;

#[tokio::test]
async fn an_incident_is_found_step_by_step() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Viewer]).await;
    let Story { read, sent, .. } = &console.story;
    let overview = browser.get("/api/v1/overview").await.json();
    assert_eq!(
        (&overview["day"]["calls"], &overview["day"]["denied"], &overview["approvals"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(overview["stopped"][0]["call"], sent.to_string());
    let conversations = browser.get("/api/v1/conversations").await.json();
    let one = &conversations["conversations"][0];
    assert_eq!(
        (&one["turns"], &one["calls"], &one["stopped"], &one["whose"]),
        (&1.into(), &2.into(), &1.into(), &"ann x".into())
    );
    let replay = browser.get("/api/v1/conversation?name=c+x&whose=ann+x").await.json();
    let said = &replay["parts"][0];
    assert_eq!(said["turn"]["mandate"], "x", "{replay}");
    assert_eq!(said["actions"][0]["line"]["ending"], "completed");
    assert_eq!(said["actions"][1]["from"][0]["call"], read.to_string());
    let call = browser.get(&format!("/api/v1/call?id={sent}")).await.json();
    assert_eq!((&call["decision"], &call["reasons"][0]["code"]), (&"deny".into(), &"flow-refused".into()));
    assert!(call["remedies"][0]["what"].as_str().unwrap().contains(&read.to_string()), "{}", call["remedies"]);
    assert_eq!(call["approvals"][0]["change"], "approved");
    let chain = browser.get(&format!("/api/v1/chain?id={sent}")).await.json();
    assert_eq!((&chain["patient_zero"], &chain["readers"][0]), (&read.to_string().into(), &sent.to_string().into()));
    let page = browser.get(&format!("/chain?id={sent}")).await.text;
    assert!(page.contains("node read good zero") && page.contains("edge value untrusted"), "{page}");
}

#[tokio::test]
async fn records_are_found_by_everything() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Viewer]).await;
    let count = |query: &'static str| {
        let browser = browser.clone();
        async move { browser.get(&format!("/api/v1/records?{query}")).await.json()["records"].as_array().unwrap().len() }
    };
    for (query, n) in [
        ("kind=ruling", 2),
        ("decision=deny", 1),
        ("kind=ruling&agent=a-1+x", 2),
        ("kind=ruling&human=ann+x", 2),
        ("kind=ruling&server=mail&tool=send+x", 1),
        ("kind=ruling&effect=send", 1),
        ("effect=sink", 1),
        ("effect=pay", 0),
        ("kind=ruling&reason=flow-refused", 2),
        ("by=autonomous", 2),
        ("kind=turn", 1),
        ("kind=approval", 1),
        ("kind=ruling&conversation=c+x", 2),
        ("text=nothing+of+the+kind", 0),
        ("kind=ruling&since=2h", 2),
        ("kind=ruling&until=2h", 0),
        ("kind=ruling&limit=1", 1),
    ] {
        assert_eq!(count(query).await, n, "{query}");
    }
    for wrong in
        ["decision=maybe", "since=tomorrow", "call=x", "before=x", "effect=send&reason=unknown", "limit=1&limit=2"]
    {
        assert_eq!(browser.get(&format!("/api/v1/records?{wrong}")).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    // Page by page, each record once.
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = browser.get(&format!("/api/v1/records?limit=2{before}")).await.json();
        seen.extend(page["records"].as_array().unwrap().iter().map(|r| r["index"].as_u64().unwrap()));
        let Some(next) = page["next"].as_u64() else { break };
        before = format!("&before={next}");
    }
    let mut sorted = seen.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    sorted.dedup();
    assert_eq!(seen, sorted);
}

/// Who looks is written down, once for as long as a page keeps itself up to date.
#[tokio::test]
async fn readers_are_recorded() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Viewer]).await;
    let before = console.recorded("access").len();
    let path = format!("/call?id={}", console.story.sent);
    for _ in 0..3 {
        assert_eq!(browser.get(&path).await.status, StatusCode::OK);
    }
    browser.get("/conversations").await;
    browser.get(&format!("/api/v1{path}")).await;
    let read: Vec<_> = console.recorded("access").split_off(before);
    let told = |r: &doorward_audit::Record| match &r.event {
        Event::Access(a) => {
            format!("{} {} {} {}", a.by.id.as_str(), a.way.as_str(), a.what.as_str(), a.of.as_ref().unwrap().as_str())
        }
        _ => String::new(),
    };
    let of = format!("id={}", console.story.sent);
    assert_eq!(
        read.iter().map(told).collect::<Vec<_>>(),
        [format!("local page call {of}"), format!("local api call {of}")]
    );
}

#[tokio::test]
async fn every_page_keeps_itself_to_itself() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Admin]).await;
    for path in ["/", "/sign-in", "/nothing", "/api/v1/me", "/call?id=x"] {
        let headers = browser.get(path).await.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';")
                && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("require-trusted-types-for 'script'"),
            "{policy}"
        );
        assert_eq!(
            (&headers["x-content-type-options"], &headers["cache-control"]),
            (&"nosniff".parse().unwrap(), &"no-store".parse().unwrap())
        );
    }
    let page = browser.get("/").await.text;
    for part in ["/assets/console.css?", "/assets/console.js?"] {
        let at = page.find(part).unwrap();
        let address = page[at..].split('"').next().unwrap();
        let asset = browser.get(address).await;
        assert!(
            asset.status == StatusCode::OK && asset.headers["cache-control"].to_str().unwrap().contains("immutable"),
            "{address}"
        );
    }
    let live = browser.get("/live").await;
    assert!(
        live.headers["content-type"] == "text/event-stream" && live.text.starts_with("event: trail\ndata: {\"size\":"),
        "{}",
        live.text
    );
}
