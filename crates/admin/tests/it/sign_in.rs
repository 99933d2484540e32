use crate::kit::*;
use bytes::Bytes;
use doorward_admin::*;
use doorward_audit::Party;
use doorward_store::{OsEntropy, SystemClock};
use doorward_vocab::{Clock as _, Entropy as _};
use http::{Method as Http, StatusCode, header};
use std::{sync::Arc, time::Duration};

fn link() -> String {
    let ticket = Ticket::link(OsEntropy::default().draw(), SystemClock.now());
    format!("/sign-in/link?ticket={}", ticket.seal(&TicketKey::new(&KEY)))
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let console = Console::start("x").await;
    let (browser, link) = (console.stranger(), link());
    let first = browser.get(&link).await;
    assert_eq!((first.status, &first.headers["location"]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let cookie = first.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(browser.get(&link).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get("/sign-in/link?ticket=x").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn links_are_for_loopback_alone() {
    let console = Console::start_with("x", None, Settings { links: false, ..Settings::default() }).await;
    assert_eq!(console.stranger().get(&link()).await.status, StatusCode::FORBIDDEN);
    assert!(!console.stranger().get("/sign-in").await.text.contains("doorward console"));
}

#[tokio::test]
async fn who_signs_out_is_out() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Viewer]).await;
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    let out = browser.post("/sign-out", &[]).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_is_over_after_a_while() {
    let settings = Settings { idle: Duration::ZERO, ..Settings::default() };
    let console = Console::start_with("x", None, settings).await;
    let first = console.stranger().get(&link()).await;
    let cookie = first.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let browser = Browser { cookie: Some(cookie), ..console.stranger() };
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
}

/// A page elsewhere can make a browser send a form, and nothing more.
#[tokio::test]
async fn nothing_is_changed_from_elsewhere() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Admin]).await;
    let (own, form) = (format!("http://{}", browser.address), "application/x-www-form-urlencoded");
    let right = format!("id=ask&answer=approve&token={}", browser.token);
    type Form<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let elsewhere: &[Form<'_>] = &[
        ("no origin", &[("content-type", form)], &right),
        ("another origin", &[("content-type", form), ("origin", "https://evil.example")], &right),
        ("an origin of nobody", &[("content-type", form), ("origin", "null")], &right),
        (
            "the host with something behind",
            &[("content-type", form), ("origin", "http://127.0.0.1:1.evil.example")],
            &right,
        ),
        ("another site", &[("content-type", form), ("origin", &own), ("sec-fetch-site", "cross-site")], &right),
        (
            "another port of this machine",
            &[("content-type", form), ("origin", &own), ("sec-fetch-site", "same-site")],
            &right,
        ),
        ("no token", &[("content-type", form), ("origin", &own)], "id=ask&answer=approve"),
        ("a wrong token", &[("content-type", form), ("origin", &own)], "id=ask&answer=approve&token=x"),
    ];
    for (what, headers, body) in elsewhere {
        let got = browser.send(Http::POST, "/approvals/decide", headers, Bytes::copy_from_slice(body.as_bytes())).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{what}");
    }
    let json = r#"{"id":"ask","answer":"approve"}"#;
    let api = browser
        .send(Http::POST, "/api/v1/approvals/decide", &[("content-type", "application/json")], json.into())
        .await;
    assert_eq!(api.status, StatusCode::FORBIDDEN, "the API without a token");
    assert!(console.desk.told.lock().is_empty());
    let own: &[(&str, &str)] = &[("content-type", form), ("origin", &own), ("sec-fetch-site", "same-origin")];
    let right = browser.send(Http::POST, "/approvals/decide", own, right.into()).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER);
    assert_eq!(*console.desk.told.lock(), ["local ask true"]);
}

#[tokio::test]
async fn a_token_is_for_programs_with_its_roles_until_it_ends() {
    let console = Console::start("x").await;
    let (key, stranger) = (TicketKey::new(&KEY), console.stranger());
    let now = SystemClock.now();
    let bearer = |roles: &[Role], until| {
        let ticket = Ticket::token(OsEntropy::default().draw(), Roles::new(roles.iter().copied()), until);
        format!("Bearer {}", ticket.seal(&key))
    };
    let soon = now.plus(Duration::from_secs(60));
    let viewer = bearer(&[Role::Viewer], soon);
    let get = |path: &'static str, token: String| {
        let stranger = stranger.clone();
        async move { stranger.send(Http::GET, path, &[("authorization", &token)], Bytes::new()).await.status }
    };
    assert_eq!(get("/api/v1/overview", viewer.clone()).await, StatusCode::OK);
    assert_eq!(get("/api/v1/overview", bearer(&[Role::Viewer], now)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(get("/api/v1/overview", viewer.replace("Bearer", "Basic")).await, StatusCode::UNAUTHORIZED);
    let link = Ticket::link([1; 16], now).seal(&key);
    assert_eq!(get("/api/v1/overview", format!("Bearer {link}")).await, StatusCode::UNAUTHORIZED, "a link is no token");
    let post = |token: String| {
        let stranger = stranger.clone();
        async move {
            let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
            stranger
                .send(Http::POST, "/api/v1/approvals/decide", &headers, r#"{"id":"ask","answer":"decline"}"#.into())
                .await
                .status
        }
    };
    assert_eq!(post(viewer).await, StatusCode::FORBIDDEN);
    assert_eq!(post(bearer(&[Role::Approver], soon)).await, StatusCode::OK);
}

/// A provider at which Ann signs in.
struct Provider;

impl Login for Provider {
    fn name(&self) -> String {
        "corp".into()
    }
    fn begin(&self, state: &str) -> Answering<(String, String)> {
        let to = format!("https://idp.example/authorize?state={state}");
        Box::pin(async move { Ok((to, "remembered".to_owned())) })
    }
    fn finish(&self, query: &str, remembered: &str) -> Answering<Person> {
        let role = query.contains("code=approver").then_some(Role::Approver);
        assert_eq!(remembered, "remembered");
        Box::pin(
            async move { Ok(Person { party: Party::new("ann", "Ann"), roles: Roles::new(role), way: Way::Provider }) },
        )
    }
}

#[tokio::test]
async fn a_provider_says_who_somebody_is_to_the_browser_that_asked() {
    let console = Console::start_with("x", Some(Arc::new(Provider)), Settings::default()).await;
    let stranger = console.stranger();
    assert!(stranger.get("/sign-in?to=/records").await.text.contains("/sign-in/provider?to=%2Frecords"));
    let begin = || async {
        let begun = stranger.get("/sign-in/provider?to=/records").await;
        let to = begun.headers["location"].to_str().unwrap().to_owned();
        let cookie = begun.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(cookie.contains("SameSite=Lax") && cookie.contains("HttpOnly"), "{cookie}");
        (to.split_once("state=").unwrap().1.to_owned(), cookie.split(';').next().unwrap().to_owned())
    };
    let back = |state: String, code: &'static str, cookie: Option<String>| {
        let browser = Browser { cookie, ..stranger.clone() };
        async move { browser.get(&format!("/sign-in/callback?state={state}&code={code}")).await }
    };
    let (state, cookie) = begin().await;
    assert_eq!(back(state.clone(), "approver", None).await.status, StatusCode::BAD_REQUEST, "another browser");
    assert_eq!(
        back(state, "approver", Some(cookie.clone())).await.status,
        StatusCode::BAD_REQUEST,
        "a state is good once"
    );
    let (state, cookie) = begin().await;
    assert_eq!(back(state, "nobody", Some(cookie)).await.status, StatusCode::FORBIDDEN, "no role");
    let (state, cookie) = begin().await;
    let got = back(state, "approver", Some(cookie)).await;
    assert!(got.status == StatusCode::OK && got.text.contains("url=/records"), "{}", got.text);
    let cookie = got.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let me = Browser { cookie: Some(cookie), ..stranger.clone() }.get("/api/v1/me").await.json();
    assert_eq!(
        (&me["who"]["id"], &me["roles"][0], &me["way"]),
        (&"ann".into(), &"approver".into(), &"provider".into())
    );
}
