//! A secret of Vault or OpenBao, read with a login for the gateway's own token (JWT auth method). The login, and with it every
//! lease, is taken back when the credential is no longer used.

use crate::{Answer, Call, Failure, Issued, Material, Needs, Order, OwnToken, PerWhom, Provider, Request, Step};
use doorward_vocab::{Secret, Timestamp};
use http::{HeaderName, StatusCode};
use serde_json::{Map, Value, json};
use std::time::Duration;
use url::Url;

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// After how long a secret without a lease is read again.
const AGAIN: Duration = Duration::from_secs(300);

/// A role of a JWT auth method, and what is read with it.
#[derive(Debug)]
pub struct Vault {
    /// Where it answers: `https://vault.example:8200/`.
    pub url: Url,
    /// Where the auth method is mounted.
    pub mount: Box<str>,
    /// The role.
    pub role: Box<str>,
    /// The namespace, where there are some.
    pub namespace: Option<Box<str>>,
    /// What is read: `database/creds/crm`, `secret/data/crm`.
    pub path: Box<str>,
    /// Which fields of it are the credential.
    pub fields: Fields,
    /// The gateway's own token.
    pub own: OwnToken,
}

/// Which fields of a secret are the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// One.
    Token(Box<str>),
    /// A name and its password.
    Basic {
        /// The field of the name.
        user: Box<str>,
        /// The field of the password.
        password: Box<str>,
    },
    /// Keys of AWS, in the fields that the AWS engine gives: `access_key`, `secret_key`, `security_token`.
    Aws,
}

impl Provider for Vault {
    fn kind(&self) -> &'static str {
        "vault"
    }
    fn per(&self) -> PerWhom {
        self.own.per()
    }
    fn narrows(&self) -> bool {
        false
    }
    fn distinguishes<'a>(&'a self, call: &Call<'a>) -> Vec<&'a str> {
        vec![call.server]
    }
    fn needs(&self) -> Needs {
        Needs { signature: true, ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let own = self.own.sign(order)?;
        let login = own.reveal(|token| json!({ "role": self.role, "jwt": token }).to_string());
        let ask = self.within(Request::json(self.at(&format!("auth/{}/login", self.mount)), Secret::new(login)));
        Ok(ask.then(move |answer| {
            let mut object = object(answer, "login")?;
            let auth = object.get_mut("auth").and_then(Value::as_object_mut);
            let auth = auth.ok_or_else(|| Failure::Unusable("the login gave no token".into()))?;
            let token =
                take(auth, "client_token").ok_or_else(|| Failure::Unusable("the login gave no token".into()))?;
            let ends = lease(auth).map(|life| order.now.plus(life));
            let read = self.with(Request::get(self.at(&self.path)), &token);
            Ok(read.then(move |answer| self.read(order, &token, ends, answer).map(Step::Have)))
        }))
    }
}

impl Vault {
    fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/v1/{}", path.trim_start_matches('/')));
        url
    }

    fn within(&self, request: Request) -> Request {
        match &self.namespace {
            Some(namespace) => request.header(NAMESPACE, Secret::new(namespace.to_string())),
            None => request,
        }
    }

    fn with(&self, request: Request, token: &Secret<String>) -> Request {
        self.within(request).header(TOKEN, token.reveal(|t| Secret::new(t.clone())))
    }

    fn read(
        &self,
        order: &Order<'_>,
        token: &Secret<String>,
        ends: Option<Timestamp>,
        answer: &Answer<'_>,
    ) -> Result<Issued, Failure> {
        if answer.status == StatusCode::NOT_FOUND {
            return Err(Failure::Misconfigured(format!("there is no secret at `{}`", self.path).into()));
        }
        let mut object = object(answer, "secret")?;
        let own = lease(&object).unwrap_or(AGAIN);
        let unusable = || Failure::Unusable("the answer holds no secret".into());
        let data = object.get_mut("data").and_then(Value::as_object_mut).ok_or_else(unusable)?;
        // A version of the second kind of key-value store lies one deeper, beside what is known about it.
        let data = match data.contains_key("metadata") && data.get("data").is_some_and(Value::is_object) {
            true => data.get_mut("data").and_then(Value::as_object_mut).ok_or_else(unusable)?,
            false => data,
        };
        let mut field = |name: &str| {
            let missing = || Failure::Misconfigured(format!("the secret has no text `{name}`").into());
            take(data, name).ok_or_else(missing)
        };
        let material = match &self.fields {
            Fields::Token(name) => Material::Token(field(name)?),
            Fields::Basic { user, password } => {
                Material::Basic { user: field(user)?.reveal(|u| u.as_str().into()), password: field(password)? }
            }
            Fields::Aws => Material::Aws {
                id: field("access_key")?.reveal(|id| id.as_str().into()),
                key: field("secret_key")?,
                // Keys of a user have none.
                session: field("security_token").or_else(|_| field("session_token")).ok(),
            },
        };
        // What was read ends with the login that read it.
        let expires = [Some(order.now.plus(own)), ends].into_iter().flatten().min();
        let end = self.with(Request::json(self.at("auth/token/revoke-self"), Secret::new("{}".to_owned())), token);
        Ok(Issued { expires, end: Some(Box::new(end)), ..Issued::new(material) })
    }
}

/// The object of a success. Refusals hold sentences alone, which may repeat what was sent.
fn object(answer: &Answer<'_>, what: &str) -> Result<Map<String, Value>, Failure> {
    if answer.status.is_client_error() && answer.status != StatusCode::TOO_MANY_REQUESTS {
        return Err(Failure::Refused(
            format!("the vault refuses the {what}: status {}", answer.status.as_u16()).into(),
        ));
    }
    answer.object()
}

fn take(object: &mut Map<String, Value>, name: &str) -> Option<Secret<String>> {
    match object.remove(name)? {
        Value::String(text) if !text.is_empty() => Some(Secret::new(text)),
        _ => None,
    }
}

fn lease(object: &Map<String, Value>) -> Option<Duration> {
    object.get("lease_duration").and_then(Value::as_u64).filter(|life| *life > 0).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Body,
        testing::{Scene, claims, now},
    };
    use doorward_vocab::Template;

    fn provider(path: &str, fields: Fields) -> Vault {
        Vault {
            url: "https://vault.example:8200".parse().unwrap(),
            mount: "jwt".into(),
            role: "mcp".into(),
            namespace: Some("team-a".into()),
            path: path.into(),
            fields,
            own: OwnToken {
                audience: "https://vault.example:8200".into(),
                subject: Template::parse("server:{server}", &Template::OF_CALLS).unwrap(),
                alg: crate::Alg::Es256,
            },
        }
    }

    const LOGIN: &str = r#"{"auth":{"client_token":"hvs.login","lease_duration":900,"renewable":true},"data":null}"#;
    const DATABASE: &str =
        r#"{"lease_id":"database/creds/crm/1","lease_duration":3600,"data":{"username":"v-crm-1","password":"pw-1"}}"#;
    const KV2: &str =
        r#"{"lease_id":"","lease_duration":0,"data":{"data":{"api_key":"k-1"},"metadata":{"version":3}}}"#;

    fn database() -> Fields {
        Fields::Basic { user: "username".into(), password: "password".into() }
    }

    /// The shapes are those of the documented HTTP API; nothing was tried at a vault.
    #[test]
    fn wire_shape_of_a_dynamic_secret() {
        let (scene, provider) = (Scene::default(), provider("database/creds/crm", database()));
        let order = scene.order(None);
        let mut talk = scene.talk(&provider, &order);
        let asked = talk.asked();
        assert_eq!(asked.url, "https://vault.example:8200/v1/auth/jwt/login");
        assert_eq!((asked.header("x-vault-namespace"), asked.header("x-vault-token")), (Some("team-a"), None));
        let json = asked.json();
        assert_eq!(json["role"], "mcp");
        assert_eq!(claims(json["jwt"].as_str().unwrap())["aud"], "https://vault.example:8200");
        let mut talk = talk.hear(200, LOGIN).unwrap();
        let asked = talk.asked();
        assert_eq!(asked.url, "https://vault.example:8200/v1/database/creds/crm");
        assert_eq!(
            (asked.header("x-vault-token"), asked.header("x-vault-namespace")),
            (Some("hvs.login"), Some("team-a"))
        );
        let issued = talk.hear(200, DATABASE).unwrap().issued();
        assert_eq!(issued.expires, Some(now().plus(Duration::from_secs(900))), "it ends with the login");
        let Material::Basic { user, password } = &issued.material else { panic!("{issued:?}") };
        assert_eq!((&**user, password.reveal(String::clone)), ("v-crm-1", "pw-1".to_owned()));
        let end = issued.end.unwrap();
        assert_eq!(end.url.path(), "/v1/auth/token/revoke-self");
        assert!(matches!(end.body, Body::Json(_)));
        assert!(end.headers.iter().any(|(name, value)| name == "x-vault-token" && value.reveal(|v| v == "hvs.login")));
    }

    #[test]
    fn wire_shapes_of_other_secrets() {
        let scene = Scene::default();
        let read = |provider: &Vault, body: &str| {
            let order = scene.order(None);
            scene.talk(provider, &order).hear(200, LOGIN).unwrap().hear(200, body).map(|talk| talk.issued())
        };
        let kv = provider("secret/data/crm", Fields::Token("api_key".into()));
        let issued = read(&kv, KV2).unwrap();
        assert!(matches!(&issued.material, Material::Token(token) if token.reveal(|t| t == "k-1")));
        assert_eq!(issued.expires, Some(now().plus(AGAIN)), "it is read again");
        // The first kind of key-value store, and one whose field happens to be called `data`.
        assert!(read(&kv, r#"{"lease_duration":60,"data":{"api_key":"k-1"}}"#).is_ok());
        assert!(read(&kv, r#"{"lease_duration":60,"data":{"api_key":"k-1","data":{}}}"#).is_ok());
        let aws = provider("aws/sts/crm", Fields::Aws);
        let keys = r#"{"lease_duration":900,"data":{"access_key":"ASIA1","secret_key":"s","security_token":"t"}}"#;
        assert!(matches!(read(&aws, keys).unwrap().material, Material::Aws { session: Some(_), .. }));
        let keys = r#"{"lease_duration":900,"data":{"access_key":"AKIA1","secret_key":"s","security_token":null}}"#;
        assert!(matches!(read(&aws, keys).unwrap().material, Material::Aws { session: None, .. }));
        for body in [r#"{"data":{"other":"k"}}"#, r#"{"data":{"api_key":7}}"#, r#"{"data":{"api_key":""}}"#] {
            assert!(matches!(read(&kv, body), Err(Failure::Misconfigured(_))), "{body}");
        }
        for body in ["{}", r#"{"data":null}"#, "[]", "<html>"] {
            assert!(matches!(read(&kv, body), Err(Failure::Unusable(_))), "{body}");
        }
    }

    #[test]
    fn wire_shapes_of_refusals() {
        let (scene, provider) = (Scene::default(), provider("database/creds/crm", database()));
        let order = scene.order(None);
        let login = |status, body: &str| scene.talk(&provider, &order).hear(status, body).unwrap_err();
        let errors = r#"{"errors":["error validating token: hvs.x"]}"#;
        for status in [400, 403] {
            let failure = login(status, errors);
            assert!(matches!(&failure, Failure::Refused(why) if !why.contains("hvs")), "{failure}");
        }
        assert!(login(503, errors).is_passing(), "sealed");
        for body in ["{}", r#"{"auth":null}"#, r#"{"auth":{"client_token":""}}"#] {
            assert!(matches!(login(200, body), Failure::Unusable(_)), "{body}");
        }
        let read = |status| scene.talk(&provider, &order).hear(200, LOGIN).unwrap().hear(status, errors).unwrap_err();
        assert!(matches!(read(404), Failure::Misconfigured(_)) && matches!(read(403), Failure::Refused(_)));
        assert!(read(500).is_passing());
    }
}
