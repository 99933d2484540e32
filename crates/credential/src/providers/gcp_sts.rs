//! An access token of Google Cloud, for the gateway's own token (workload identity federation). Three requests at most: a
//! federated token, the token of a service account for it, and that narrowed to some resources.

use crate::{
    Answer, Call, Failure, Issued, Needs, Order, OwnToken, PerWhom, Provider, Request, Step, time,
    wire::{Token, token_type},
};
use doorward_vocab::{ByName, Secret, Timestamp};
use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

/// The scope for everything that roles allow.
const EVERYTHING: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A workload identity pool that trusts the gateway.
#[derive(Debug)]
pub struct GcpSts {
    /// The token endpoint: `https://sts.googleapis.com/v1/token`.
    pub endpoint: Url,
    /// Where service accounts are impersonated: `https://iamcredentials.googleapis.com/`.
    pub impersonation: Url,
    /// The full name of the provider in the pool: `//iam.googleapis.com/projects/…/providers/…`.
    pub provider: Box<str>,
    /// The service account that is impersonated; none: the federated identity itself has the roles.
    pub service_account: Option<Box<str>>,
    /// How long the token of a service account lasts.
    pub lifetime: Duration,
    /// By tool, a Credential Access Boundary: an object of JSON that says which resources, and what may be done with them at
    /// most.
    pub boundary: ByName<Box<str>>,
    /// The gateway's own token.
    pub own: OwnToken,
}

impl Provider for GcpSts {
    fn kind(&self) -> &'static str {
        "gcp-sts"
    }
    fn per(&self) -> PerWhom {
        self.own.per()
    }
    fn distinguishes<'a>(&'a self, call: &Call<'a>) -> Vec<&'a str> {
        [call.server].into_iter().chain(self.boundary.of(call.tool).map(AsRef::as_ref)).collect()
    }
    fn needs(&self) -> Needs {
        Needs { signature: true, ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let token = self.own.sign(order)?;
        let scope = match &self.service_account {
            Some(_) => EVERYTHING.to_owned(),
            None => scopes(order).join(" "),
        };
        let exchange = token.reveal(|token| {
            json!({
                "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
                "audience": self.provider,
                "scope": scope,
                "requestedTokenType": token_type::ACCESS,
                "subjectToken": token,
                "subjectTokenType": token_type::JWT,
            })
        });
        // No `Authorization`: the token says who asks.
        let ask = Request::json(self.endpoint.clone(), Secret::new(exchange.to_string()));
        Ok(ask.then(move |answer| {
            let token = read(answer, order)?;
            match &self.service_account {
                Some(account) => self.impersonate(account, token.access, order),
                None => self.narrow(token.access, token.expires, order),
            }
        }))
    }
}

impl GcpSts {
    /// `projects.serviceAccounts.generateAccessToken`.
    fn impersonate<'a>(
        &'a self,
        account: &'a str,
        federated: Secret<String>,
        order: &'a Order<'a>,
    ) -> Result<Step<'a>, Failure> {
        let path = format!("/v1/projects/-/serviceAccounts/{account}:generateAccessToken");
        let mut url = self.impersonation.clone();
        url.set_path(&path);
        let body = json!({ "scope": scopes(order), "lifetime": format!("{}s", self.lifetime.as_secs()) });
        let bearer = federated.reveal(|token| Secret::new(format!("Bearer {token}")));
        let ask = Request::json(url, Secret::new(body.to_string())).header(AUTHORIZATION, bearer);
        Ok(ask.then(move |answer| {
            let object = answer.object()?;
            let text = |name: &str| object.get(name).and_then(Value::as_str);
            let token = text("accessToken").filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic()));
            let token = token.ok_or_else(|| Failure::Unusable("the answer has no accessToken".into()))?;
            let expires = time::end(text("expireTime").and_then(time::read), order.now)?;
            self.narrow(Secret::new(token.to_owned()), Some(expires), order)
        }))
    }

    /// Another exchange, where the tool has a boundary.
    fn narrow<'a>(
        &'a self,
        token: Secret<String>,
        expires: Option<Timestamp>,
        order: &'a Order<'a>,
    ) -> Result<Step<'a>, Failure> {
        let issued = move |token, expires| {
            let account = self.service_account.clone();
            Step::Have(Issued { expires, account, ..Issued::token(token) })
        };
        let Some(boundary) = self.boundary.of(order.call.tool) else { return Ok(issued(token, expires)) };
        let exchange = token.reveal(|token| {
            json!({
                "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
                "requestedTokenType": token_type::ACCESS,
                "subjectToken": token,
                "subjectTokenType": token_type::ACCESS,
                "options": format!(r#"{{"accessBoundary":{boundary}}}"#),
            })
        });
        let ask = Request::json(self.endpoint.clone(), Secret::new(exchange.to_string()));
        Ok(ask.then(move |answer| {
            let narrowed = read(answer, order)?;
            // The answer to a narrowed service account says nothing of its end: it is that of what was narrowed.
            let ends = [narrowed.expires, expires].into_iter().flatten().min();
            Ok(issued(narrowed.access, ends))
        }))
    }
}

fn scopes(order: &Order<'_>) -> Vec<String> {
    match order.call.scopes {
        [] => vec![EVERYTHING.to_owned()],
        all => all.iter().map(ToString::to_string).collect(),
    }
}

fn read(answer: &Answer<'_>, order: &Order<'_>) -> Result<Token, Failure> {
    let token = Token::read(answer, order.now)?;
    token.bearer()?;
    token.is_of(token_type::ACCESS)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, claims, now};
    use doorward_vocab::{Glob, Template};

    fn provider(account: Option<&str>) -> GcpSts {
        GcpSts {
            endpoint: "https://sts.googleapis.com/v1/token".parse().unwrap(),
            impersonation: "https://iamcredentials.googleapis.com/".parse().unwrap(),
            provider: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/gw".into(),
            service_account: account.map(Into::into),
            lifetime: Duration::from_secs(900),
            boundary: ByName::new(vec![(Glob::new("get_*"), r#"{"accessBoundaryRules":[]}"#.into())]),
            own: OwnToken {
                audience: "https://iam.googleapis.com/projects/1/x".into(),
                subject: Template::parse("agent:{agent}", &Template::OF_CALLS).unwrap(),
                alg: crate::Alg::Rs256,
            },
        }
    }

    const FEDERATED: &str = r#"{"access_token":"ya29.f","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3599}"#;
    const ACCOUNT: &str = r#"{"accessToken":"ya29.s","expireTime":"2026-11-21T20:15:00Z"}"#;

    /// The shapes are those of the reference of the APIs `sts` v1 and `iamcredentials` v1; nothing was tried at the cloud.
    #[test]
    fn wire_shape_of_three_requests() {
        let scene = Scene::scoped(&["https://www.googleapis.com/auth/devstorage.read_only"]);
        let (provider, order) = (provider(Some("mcp@p.iam.gserviceaccount.com")), scene.order(Some("get_object")));
        let mut talk = scene.talk(&provider, &order);
        let asked = talk.asked();
        assert_eq!((asked.url.as_str(), asked.header("authorization")), ("https://sts.googleapis.com/v1/token", None));
        let json = asked.json();
        assert_eq!(json["grantType"], "urn:ietf:params:oauth:grant-type:token-exchange");
        assert_eq!(json["audience"], &*provider.provider);
        assert_eq!(json["scope"], EVERYTHING);
        assert_eq!(claims(json["subjectToken"].as_str().unwrap())["sub"], "agent:etl");
        let mut talk = talk.hear(200, FEDERATED).unwrap();
        let asked = talk.asked();
        assert_eq!(
            asked.url,
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/mcp@p.iam.gserviceaccount.com:generateAccessToken"
        );
        assert_eq!(asked.header("authorization"), Some("Bearer ya29.f"));
        assert_eq!(
            asked.json(),
            json!({ "scope": ["https://www.googleapis.com/auth/devstorage.read_only"], "lifetime": "900s" })
        );
        let mut talk = talk.hear(200, ACCOUNT).unwrap();
        let json = talk.asked().json();
        assert_eq!((&json["subjectToken"], &json["subjectTokenType"]), (&json!("ya29.s"), &json!(token_type::ACCESS)));
        assert_eq!(json["options"], r#"{"accessBoundary":{"accessBoundaryRules":[]}}"#);
        let narrowed = FEDERATED.replace("ya29.f", "ya29.n").replace(",\"expires_in\":3599", "");
        let (token, expires) = talk.hear(200, &narrowed).unwrap().token();
        assert_eq!((&*token, expires), ("ya29.n", time::read("2026-11-21T20:15:00Z")));
    }

    #[test]
    fn wire_shape_without_a_service_account() {
        let (scene, provider) = (Scene::default(), provider(None));
        let order = scene.order(None);
        let mut talk = scene.talk(&provider, &order);
        let (token, expires) = talk.hear(200, FEDERATED).unwrap().token();
        assert_eq!((&*token, expires.unwrap().since(now()).as_secs()), ("ya29.f", 3599));
        assert_ne!(provider.distinguishes(&order.call), provider.distinguishes(&scene.order(Some("get_a")).call));
    }

    #[test]
    fn wire_shapes_that_must_not_do() {
        let (scene, provider) = (Scene::default(), provider(Some("a@b")));
        let order = scene.order(None);
        for (name, status, body) in [
            ("refused", 400, r#"{"error":"invalid_grant","error_description":"The audience…"}"#.to_owned()),
            ("another type", 200, FEDERATED.replace("token-type:access_token", "token-type:jwt")),
            ("no type", 200, FEDERATED.replace("issued_token_type", "type")),
            ("not a bearer token", 200, FEDERATED.replace("Bearer", "N_A")),
            ("over", 200, FEDERATED.replace("3599", "0")),
        ] {
            let failure = scene.talk(&provider, &order).hear(status, &body).unwrap_err();
            assert!(!failure.is_passing() && !failure.to_string().contains("ya29"), "{name}: {failure}");
        }
        let second = |status, body: &str| {
            scene.talk(&provider, &order).hear(200, FEDERATED).unwrap().hear(status, body).unwrap_err()
        };
        let denied =
            r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"iam.serviceAccounts.getAccessToken"}}"#;
        assert_eq!(second(403, denied), Failure::Refused("403 PERMISSION_DENIED".into()));
        for body in [
            ACCOUNT.replace("2026-11-21T20:15", "2026-11-21T19:15"),
            ACCOUNT.replace("expireTime", "expires"),
            ACCOUNT.replace("ya29.s", "ya29 s"),
            ACCOUNT.replace("accessToken", "token"),
        ] {
            assert!(matches!(second(200, &body), Failure::Unusable(_)), "{body}");
        }
        assert!(second(503, "").is_passing());
    }
}
