//! A token of an installation of a GitHub App, narrowed to repositories and permissions.

use crate::{Answer, Call, Failure, Issued, Order, PerWhom, Provider, Request, Step, time, wire::PrivateKey};
use doorward_vocab::{ByName, Secret};
use http::{HeaderName, StatusCode, header};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use url::Url;

/// The app's token begins a little before now: clocks differ.
const BACK: u64 = 60;
/// How long it is good, in seconds: ten minutes at most, from its beginning.
const LIFE: u64 = 480;
const VERSION: HeaderName = HeaderName::from_static("x-github-api-version");

/// An app, and where it is installed.
#[derive(Debug)]
pub struct GithubApp {
    /// The API: `https://api.github.com/`.
    pub endpoint: Url,
    /// The client id of the app, or its number.
    pub app: Box<str>,
    /// The number of the installation.
    pub installation: u64,
    /// The app's key: RSA.
    pub key: PrivateKey,
    /// By tool, the names of repositories; nothing said: all of the installation.
    pub repositories: ByName<Box<[Box<str>]>>,
    /// By tool, permissions; nothing said: all of the installation.
    pub permissions: ByName<BTreeMap<Box<str>, Box<str>>>,
}

impl Provider for GithubApp {
    fn kind(&self) -> &'static str {
        "github-app"
    }
    fn per(&self) -> PerWhom {
        PerWhom::Everybody
    }
    fn narrows(&self) -> bool {
        false
    }
    fn distinguishes<'a>(&'a self, call: &Call<'a>) -> Vec<&'a str> {
        let repositories = self.repositories.of(call.tool).into_iter().flatten().map(AsRef::as_ref);
        let permissions = self.permissions.of(call.tool).into_iter().flatten();
        let permissions = permissions.flat_map(|(name, level)| [name.as_ref(), level.as_ref()]);
        repositories.chain(["/"]).chain(permissions).collect()
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let from = order.now.secs().saturating_sub(BACK);
        let token = self.key.sign("JWT", &json!({ "iss": self.app, "iat": from, "exp": from + BACK + LIFE }))?;
        let mut url = self.endpoint.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/app/installations/{}/access_tokens", self.installation));
        let mut body = Map::new();
        if let Some(repositories) = self.repositories.of(order.call.tool) {
            body.insert("repositories".to_owned(), json!(repositories));
        }
        let permissions = self.permissions.of(order.call.tool);
        if let Some(permissions) = permissions {
            body.insert("permissions".to_owned(), json!(permissions));
        }
        let plain = |text: &str| Secret::new(text.to_owned());
        let ask = Request::json(url, Secret::new(Value::Object(body).to_string()))
            .header(header::AUTHORIZATION, token.reveal(|token| Secret::new(format!("Bearer {token}"))))
            .header(header::ACCEPT, plain("application/vnd.github+json"))
            .header(header::USER_AGENT, plain("doorward"))
            .header(VERSION, plain("2022-11-28"));
        Ok(ask.then(move |answer| read(order, permissions, answer).map(Step::Have)))
    }
}

fn read(
    order: &Order<'_>,
    asked: Option<&BTreeMap<Box<str>, Box<str>>>,
    answer: &Answer<'_>,
) -> Result<Issued, Failure> {
    let wrong = |what: &str| Failure::Misconfigured(format!("GitHub: {what}").into());
    match answer.status {
        StatusCode::UNAUTHORIZED => {
            return Err(wrong("it does not take the app's key, or the gateway's clock is wrong"));
        }
        StatusCode::NOT_FOUND => return Err(wrong("the app has no such installation")),
        StatusCode::UNPROCESSABLE_ENTITY => {
            return Err(wrong("the installation lacks a repository or permission that is asked for"));
        }
        _ => {}
    }
    let object = answer.object()?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let token = text("token").filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic()));
    let token = token.ok_or_else(|| Failure::Unusable("the answer has no token".into()))?;
    let expires = time::end(text("expires_at").and_then(time::read), order.now)?;
    let granted = object.get("permissions").and_then(Value::as_object);
    if let (Some(asked), Some(granted)) = (asked, granted) {
        // `metadata` is given with every token.
        let within = |name: &str, level: &Value| asked.get(name).is_some_and(|asked| level.as_str() == Some(&**asked));
        if !granted.iter().all(|(name, level)| name == "metadata" || within(name, level)) {
            return Err(Failure::Unusable("the token may do more than was asked for".into()));
        }
    }
    let scopes = granted.map(|granted| {
        let one = |(name, level): (&String, &Value)| Some(format!("{name}:{}", level.as_str()?).into());
        let mut scopes: Vec<Box<str>> = granted.iter().filter_map(one).collect();
        scopes.sort_unstable();
        scopes.into()
    });
    Ok(Issued { expires: Some(expires), scopes, ..Issued::token(Secret::new(token.to_owned())) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, claims, key, now};
    use doorward_vocab::Glob;

    fn provider() -> GithubApp {
        let texts = |all: &[&str]| all.iter().map(|t| (*t).into()).collect::<Box<[Box<str>]>>();
        let level = |level: &str| BTreeMap::from([("contents".into(), level.into())]);
        GithubApp {
            endpoint: "https://ghe.example/api/v3".parse().unwrap(),
            app: "Iv23liABC".into(),
            installation: 42,
            key: PrivateKey::read(&key(), None).unwrap(),
            repositories: ByName::all(texts(&["docs"])),
            permissions: ByName::new(vec![(Glob::new("*"), level("read")), (Glob::new("push_*"), level("write"))]),
        }
    }

    const TOKEN: &str = r#"{"token":"ghs_1_e30.e30.x","expires_at":"2026-11-21T21:00:00Z","permissions":{"contents":"read","metadata":"read"},"repository_selection":"selected"}"#;

    /// The shape is that of the documented REST API.
    #[test]
    fn wire_shape_of_a_narrowed_token() {
        let (scene, provider) = (Scene::default(), provider());
        let order = scene.order(Some("get_file"));
        let mut talk = scene.talk(&provider, &order);
        let asked = talk.asked();
        assert_eq!(asked.url, "https://ghe.example/api/v3/app/installations/42/access_tokens");
        assert_eq!(asked.json(), json!({ "repositories": ["docs"], "permissions": { "contents": "read" } }));
        let app = claims(asked.header("authorization").unwrap().strip_prefix("Bearer ").unwrap());
        assert_eq!((&app["alg"], &app["iss"]), (&json!("RS256"), &json!("Iv23liABC")));
        let (iat, exp) = (app["iat"].as_u64().unwrap(), app["exp"].as_u64().unwrap());
        assert_eq!(iat, now().secs() - 60);
        assert!(exp > now().secs() + 300 && exp - iat <= 600, "ten minutes at most");
        let issued = talk.hear(201, TOKEN).unwrap().issued();
        assert_eq!(issued.expires, time::read("2026-11-21T21:00:00Z"));
        assert_eq!(issued.scopes.as_deref(), Some(&["contents:read".into(), "metadata:read".into()][..]));
        // Tools that may do more have a token of their own.
        let of = |tool| provider.distinguishes(&scene.order(Some(tool)).call).concat();
        assert_eq!(of("get_file"), of("list"));
        assert_ne!(of("get_file"), of("push_file"));
    }

    #[test]
    fn wire_shapes_that_must_not_do() {
        let (scene, provider) = (Scene::default(), provider());
        let order = scene.order(Some("get_file"));
        let hear = |status, body: &str| scene.talk(&provider, &order).hear(status, body).unwrap_err();
        for status in [401, 404, 422] {
            assert!(matches!(hear(status, r#"{"message":"Bad"}"#), Failure::Misconfigured(_)), "{status}");
        }
        assert_eq!(hear(403, r#"{"message":"suspended"}"#), Failure::Refused("status 403".into()));
        assert!(hear(502, "").is_passing());
        for (name, body) in [
            ("more of one", TOKEN.replace(r#""contents":"read""#, r#""contents":"write""#)),
            ("more", TOKEN.replace(r#""contents":"read""#, r#""contents":"read","issues":"read""#)),
            ("over", TOKEN.replace("T21:", "T19:")),
            ("no end", TOKEN.replace("expires_at", "until")),
            ("no token", TOKEN.replace("\"token\"", "\"tok\"")),
            ("a line break", TOKEN.replace("ghs_1", "ghs\\n1")),
        ] {
            assert!(matches!(hear(201, &body), Failure::Unusable(_)), "{name}");
        }
    }
}
