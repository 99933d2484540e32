//! A token that is signed here, with a key of the operator or with the gateway's own, for servers that take signed statements
//! themselves: Snowflake's key pairs, a JWT-SVID of the gateway's own trust domain, and others.

use crate::{Alg, Call, Failure, Issued, Needs, Order, PerWhom, Provider, Step, own_token::subject, wire::PrivateKey};
use doorward_vocab::{Secret, Template};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What is signed, and by whom.
#[derive(Debug)]
pub struct SignedJwt {
    /// The word for it in the configuration: `signed-jwt` or `jwt-svid`.
    pub kind: &'static str,
    /// With what.
    pub key: SigningKey,
    /// Who says it; none: the gateway, or with a key of the operator nobody.
    pub issuer: Option<Template>,
    /// Of whom.
    pub subject: Template,
    /// For whom; none: nobody is named.
    pub audience: Audience,
    /// How long it is good.
    pub lifetime: Duration,
    /// Further claims.
    pub claims: Box<[(Box<str>, Template)]>,
}

/// With what a token is signed.
#[derive(Debug)]
pub enum SigningKey {
    /// With a key of the operator.
    Operator(PrivateKey),
    /// With the gateway's own, which is published.
    Gateway(Alg),
}

/// For whom a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// For the server, by its resource identifier.
    Server,
    /// For this one.
    Named(Box<str>),
    /// It does not say.
    Nobody,
}

impl SignedJwt {
    fn texts(&self) -> impl Iterator<Item = &Template> + Clone {
        self.issuer.iter().chain([&self.subject]).chain(self.claims.iter().map(|(_, text)| text))
    }
}

impl Provider for SignedJwt {
    fn kind(&self) -> &'static str {
        self.kind
    }
    fn per(&self) -> PerWhom {
        PerWhom::named_in(self.texts())
    }
    fn narrows(&self) -> bool {
        false
    }
    fn distinguishes<'a>(&'a self, call: &Call<'a>) -> Vec<&'a str> {
        vec![call.server]
    }
    fn needs(&self) -> Needs {
        Needs { signature: matches!(self.key, SigningKey::Gateway(_)), ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let now = order.now.secs();
        let mut claims = Map::new();
        for (name, text) in &self.claims {
            claims.insert(name.to_string(), subject(text, &order.call)?.into());
        }
        let mut add = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        match (&self.issuer, &self.key) {
            (Some(issuer), _) => add("iss", subject(issuer, &order.call)?.into()),
            (None, SigningKey::Gateway(_)) => add("iss", order.signer.issuer().into()),
            (None, SigningKey::Operator(_)) => None,
        };
        add("sub", subject(&self.subject, &order.call)?.into());
        match &self.audience {
            Audience::Server => add("aud", json!([order.call.resource])),
            Audience::Named(name) => add("aud", (&**name).into()),
            Audience::Nobody => None,
        };
        add("iat", now.into());
        add("exp", (now + self.lifetime.as_secs()).into());
        add("jti", order.fresh.into());
        let claims = Value::Object(claims);
        let token: Secret<String> = match &self.key {
            SigningKey::Operator(key) => key.sign("JWT", &claims)?,
            SigningKey::Gateway(alg) => order.signer.sign(*alg, "JWT", &claims)?,
        };
        let expires = Some(order.now.plus(self.lifetime));
        Ok(Step::Have(Issued { expires, ..Issued::token(token) }))
    }
}

/// Whose key pair a token is signed with, as Snowflake wants to be told: `ACCOUNT.USER.SHA256:fingerprint`, and the name
/// without it.
///
/// # Errors
/// [`Failure::Misconfigured`] where the key has no public part that can be written down.
pub fn snowflake(account: &str, user: &str, key: &PrivateKey) -> Result<(String, String), Failure> {
    // Names of organizations end at a point, global ones at a dash; what is behind is a region.
    let end = if account.contains(".global") { account.find('-') } else { account.find('.') };
    let account = account.get(..end.unwrap_or(account.len())).unwrap_or(account);
    let name = format!("{account}.{user}").to_uppercase();
    Ok((format!("{name}.SHA256:{}", key.fingerprint()?), name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, claims, now};

    fn text(text: &str) -> Template {
        Template::parse(text, &Template::OF_CALLS).unwrap()
    }

    fn key() -> PrivateKey {
        PrivateKey::read(&crate::testing::key(), None).unwrap()
    }

    fn of(provider: &SignedJwt) -> Value {
        let scene = Scene::default();
        let order = scene.order(Some("query"));
        let (token, expires) = scene.talk(provider, &order).token();
        assert_eq!(expires, Some(now().plus(provider.lifetime)));
        claims(&token)
    }

    #[test]
    fn wire_shape_of_snowflakes_key_pairs() {
        let key = key();
        let (issuer, name) = snowflake("myorg-acct.eu-central-1", "svc_mcp", &key).unwrap();
        assert_eq!(name, "MYORG-ACCT.SVC_MCP");
        let print = issuer.strip_prefix("MYORG-ACCT.SVC_MCP.SHA256:").unwrap();
        assert!(print.len() == 44 && print.ends_with('='), "{print}");
        assert_eq!(snowflake("xy-1.global", "u", &key).unwrap().1, "XY.U");
        let provider = SignedJwt {
            kind: "signed-jwt",
            key: SigningKey::Operator(key),
            issuer: Some(text(&issuer)),
            subject: text(&name),
            audience: Audience::Nobody,
            lifetime: Duration::from_secs(3600),
            claims: [].into(),
        };
        let claims = of(&provider);
        assert_eq!((&claims["alg"], &claims["iss"], &claims["sub"]), (&json!("RS256"), &json!(issuer), &json!(name)));
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);
        assert_eq!((claims.get("aud"), provider.per(), provider.needs().signature), (None, PerWhom::Everybody, false));
    }

    #[test]
    fn a_jwt_svid_of_our_own_trust_domain() {
        let provider = SignedJwt {
            kind: "jwt-svid",
            key: SigningKey::Gateway(Alg::Es256),
            issuer: None,
            subject: text("spiffe://corp.example/agent/{agent}"),
            audience: Audience::Server,
            lifetime: Duration::from_secs(300),
            claims: [("for".into(), text("{human}"))].into(),
        };
        let claims = of(&provider);
        assert_eq!(
            (&claims["sub"], &claims["aud"]),
            (&json!("spiffe://corp.example/agent/etl"), &json!(["https://crm.example/mcp"]))
        );
        assert_eq!((&claims["iss"], &claims["for"]), (&json!("https://gw.example"), &json!("alice")));
        assert_eq!(provider.per(), PerWhom::Both);
        // A claim of the operator stands for none of ours.
        let sly = SignedJwt { claims: [("sub".into(), text("root")), ("exp".into(), text("9"))].into(), ..provider };
        assert_eq!(of(&sly)["sub"], "spiffe://corp.example/agent/etl");
        let scene = Scene::default();
        let mut order = scene.order(None);
        order.call.human = None;
        let nobody = SignedJwt { subject: text("{human}"), ..sly };
        assert_eq!(nobody.begin(&order).unwrap_err(), Failure::NoHuman);
    }
}
