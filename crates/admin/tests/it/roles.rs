use crate::kit::*;
use doorward_admin::*;
use http::StatusCode;

/// What a row takes, filled in with something.
fn filled(route: &Route, story: &Story) -> Vec<(&'static str, String)> {
    let value = |name: &str| match (route.path, name) {
        ("/call" | "/chain", "id") => story.sent.to_string(),
        ("/conversation", "name") => story.conversation.clone(),
        (_, "answer") => "approve".into(),
        (_, "level") => "watch".into(),
        _ => "x".into(),
    };
    route.params.iter().filter(|p| p.required).map(|p| (p.name, value(p.name))).collect()
}

async fn ask(browser: &Browser, route: &Route, api: bool, story: &Story) -> StatusCode {
    let params = filled(route, story);
    let path = if api { format!("{API}{}", route.path) } else { route.path.to_owned() };
    let pairs: Vec<(&str, &str)> = params.iter().map(|(n, v)| (*n, v.as_str())).collect();
    match (route.method, api) {
        (Method::Get, _) => {
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            browser.get(&format!("{path}?{query}")).await.status
        }
        (Method::Post, false) => browser.post(&path, &pairs).await.status,
        (Method::Post, true) => {
            let object: serde_json::Map<_, _> = params.into_iter().map(|(n, v)| (n.to_owned(), v.into())).collect();
            browser.api(&path, &object.into()).await.status
        }
    }
}

fn places(route: &Route) -> Vec<bool> {
    match route.place {
        Place::Both => vec![false, true],
        Place::Page => vec![false],
        Place::Api => vec![true],
    }
}

/// Every row, asked with every role and with none, as a page and through the API.
#[tokio::test]
async fn each_role_may_what_the_table_says_and_nothing_else() {
    let console = Console::start("x").await;
    let mut asked = 0;
    for role in Role::ALL {
        let browser = console.browser(&[role]).await;
        for route in ROUTES.iter().filter(|r| r.act != Do::SignOut) {
            for api in places(route) {
                let status = ask(&browser, route, api, &console.story).await;
                asked += 1;
                let may = match route.needs {
                    Needs::Nothing => true,
                    Needs::Role(needed) => role.includes(needed),
                };
                // A link that is none, and a login that is not configured, are refused to everybody.
                let refused = status == StatusCode::FORBIDDEN && route.act != Do::Link;
                assert_eq!(!refused, may, "{role} at {} (api: {api}): {status}", route.path);
                assert!(status != StatusCode::UNAUTHORIZED && !status.is_server_error(), "{}: {status}", route.path);
            }
        }
    }
    assert!(asked > 5 * 40, "{asked}");
}

#[tokio::test]
async fn who_is_not_signed_in_gets_nothing() {
    let console = Console::start("x").await;
    let stranger = console.stranger();
    for route in ROUTES.iter().filter(|r| r.needs != Needs::Nothing) {
        for api in places(route) {
            let expected = if api { StatusCode::UNAUTHORIZED } else { StatusCode::SEE_OTHER };
            assert_eq!(ask(&stranger, route, api, &console.story).await, expected, "{} (api: {api})", route.path);
        }
    }
    let to = stranger.get("/call?id=call_1").await;
    assert_eq!(to.headers["location"], "/sign-in?to=%2Fcall%3Fid%3Dcall_1");
    assert!(console.desk.told.lock().is_empty());
}

/// Nothing is answered that has no row.
#[tokio::test]
async fn what_has_no_row_is_not_there() {
    let console = Console::start("x").await;
    let browser = console.browser(&[Role::Admin]).await;
    for path in [
        "/metrics",
        "/debug",
        "/api/v1",
        "/api/v1/secrets",
        "/overview/",
        "/..",
        "/assets/",
        "/assets/../console.css",
        "/v1/turns",
    ] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for route in ROUTES.iter().filter(|r| r.act != Do::SignOut) {
        let other = match route.method {
            Method::Get => browser.post(route.path, &[]).await.status,
            Method::Post => browser.get(route.path).await.status,
        };
        assert!(matches!(other, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND), "{}: {other}", route.path);
    }
}

#[tokio::test]
async fn the_document_of_the_api_has_every_row_with_its_role() {
    let console = Console::start("x").await;
    let document = console.browser(&[Role::Viewer]).await.get("/api/v1/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let rows: Vec<_> = ROUTES.iter().filter(|r| r.place != Place::Page).collect();
    assert_eq!(paths.len(), rows.len());
    for route in rows {
        let method = if route.method == Method::Get { "get" } else { "post" };
        let operation = &paths[&format!("{API}{}", route.path)][method];
        let Needs::Role(role) = route.needs else { panic!("the API is open at {}", route.path) };
        assert_eq!(operation["x-role"], role.as_str(), "{}", route.path);
        assert!(operation["responses"]["200"]["content"]["application/json"]["schema"].is_object(), "{}", route.path);
    }
    // Whatever is named is there.
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}
