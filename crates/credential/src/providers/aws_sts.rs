//! Keys of an AWS role, for the gateway's own token (`AssumeRoleWithWebIdentity` of AWS STS). They sign each request, so no
//! secret is on the wire.

use crate::{
    Answer, Call, Failure, Issued, Material, Needs, Order, OwnToken, PerWhom, Provider, Request, Step, time, xml::Texts,
};
use doorward_vocab::{ByName, Digest, Secret};
use http::header;
use std::time::Duration;
use url::{Url, form_urlencoded};

/// A role that trusts the gateway as an OpenID provider.
#[derive(Debug)]
pub struct AwsSts {
    /// Where STS answers: `https://sts.eu-central-1.amazonaws.com/`.
    pub endpoint: Url,
    /// The role.
    pub role_arn: Box<str>,
    /// How long the keys are asked to last.
    pub duration: Duration,
    /// By tool, a policy that the role's own is narrowed to: the keys may what both allow.
    pub session_policy: ByName<Box<str>>,
    /// Managed policies that narrow it in the same way.
    pub policy_arns: Box<[Box<str>]>,
    /// The gateway's own token.
    pub own: OwnToken,
}

impl Provider for AwsSts {
    fn kind(&self) -> &'static str {
        "aws-sts"
    }
    /// The name of the session says who acts, so keys are never shared by agents.
    fn per(&self) -> PerWhom {
        match self.own.per() {
            PerWhom::Everybody | PerWhom::Agent => PerWhom::Agent,
            PerWhom::Human | PerWhom::Both => PerWhom::Both,
        }
    }
    fn narrows(&self) -> bool {
        false
    }
    fn distinguishes<'a>(&'a self, call: &Call<'a>) -> Vec<&'a str> {
        [call.server].into_iter().chain(self.session_policy.of(call.tool).map(AsRef::as_ref)).collect()
    }
    fn needs(&self) -> Needs {
        Needs { signature: true, ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let token = self.own.sign(order)?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "AssumeRoleWithWebIdentity");
        form.append_pair("Version", "2011-06-15");
        form.append_pair("RoleArn", &self.role_arn);
        form.append_pair("RoleSessionName", &session_name(&order.call));
        form.append_pair("DurationSeconds", &self.duration.as_secs().to_string());
        if let Some(policy) = self.session_policy.of(order.call.tool) {
            form.append_pair("Policy", policy);
        }
        for (at, arn) in self.policy_arns.iter().enumerate() {
            form.append_pair(&format!("PolicyArns.member.{}.arn", at + 1), arn);
        }
        token.reveal(|token| form.append_pair("WebIdentityToken", token));
        let form = Secret::new(form.finish());
        // Asked for JSON, it answers in a form that is not documented.
        let ask = Request::form(self.endpoint.clone(), form).header(header::ACCEPT, Secret::new("text/xml".to_owned()));
        Ok(ask.then(|answer| self.read(order, answer).map(Step::Have)))
    }
}

impl AwsSts {
    fn read(&self, order: &Order<'_>, answer: &Answer<'_>) -> Result<Issued, Failure> {
        if !answer.status.is_success() {
            return Err(refused(answer));
        }
        const RESULT: &str = "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult";
        let texts = Texts::read(answer.body)?;
        let at = |path: &str| texts.at(&format!("{RESULT}/{path}"));
        let need = |path: &str| {
            let plain = at(path).filter(|text| text.bytes().all(|b| b.is_ascii_graphic()));
            plain.ok_or_else(|| Failure::Unusable(format!("the answer has no {path}").into()))
        };
        let expires = time::end(at("Credentials/Expiration").and_then(time::read), order.now)?;
        let material = Material::Aws {
            id: need("Credentials/AccessKeyId")?.into(),
            key: Secret::new(need("Credentials/SecretAccessKey")?.to_owned()),
            session: Some(Secret::new(need("Credentials/SessionToken")?.to_owned())),
        };
        let account = at("AssumedRoleUser/Arn").map(Into::into);
        Ok(Issued { expires: Some(expires), account, ..Issued::new(material) })
    }
}

/// What a refusal of STS means. Its words are left out: they repeat what was sent.
fn refused(answer: &Answer<'_>) -> Failure {
    let texts = Texts::read(answer.body).ok();
    let code = texts.as_ref().and_then(|t| t.at("ErrorResponse/Error/Code"));
    let plain = |code: &&str| code.len() <= 80 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    let Some(code) = code.filter(plain) else { return Failure::of_status(answer.status, b"") };
    let wrong = |what: &str| Failure::Misconfigured(format!("AWS STS: {code}: {what}").into());
    match code {
        "InvalidIdentityToken" => {
            wrong("the account does not know the gateway as an OpenID provider, or cannot read its keys")
        }
        "ExpiredToken" | "ExpiredTokenException" => wrong("the gateway's clock is behind"),
        "PackedPolicyTooLarge" => wrong("write a shorter `session_policy`, or use `policy_arns`"),
        "MalformedPolicyDocument" => wrong("`session_policy` is no policy"),
        "ValidationError" | "RegionDisabledException" | "InvalidClientTokenId" | "InvalidAction" => {
            wrong("it refuses what is asked")
        }
        // It could not read the gateway's keys just now.
        "IDPCommunicationError" | "Throttling" | "ThrottlingException" | "ServiceUnavailable" | "InternalFailure" => {
            Failure::Unavailable(code.into())
        }
        code if answer.status.is_server_error() => Failure::Unavailable(code.into()),
        // `AccessDenied`, `IDPRejectedClaim`: the trust policy of the role says no.
        code => Failure::Refused(code.into()),
    }
}

/// The longest name of a session.
const NAME: usize = 64;

/// The name of the session, which AWS writes into its own trail: `agent@delegation` in the alphabet that is allowed
/// (`\w+=,.@-`). Where the agent's id does not fit into it, a digest keeps apart what looks alike.
pub(crate) fn session_name(call: &Call<'_>) -> String {
    let plain = |text: &str, most: usize| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.-".contains(c);
        let mut name = String::new();
        for c in text.chars() {
            match allowed(c) {
                true => name.push(c),
                false if name.ends_with('-') => {}
                false => name.push('-'),
            }
        }
        if name != text || name.len() > most || name.len() < 2 {
            let digest = Digest::of(text.as_bytes()).short();
            name.truncate(most.saturating_sub(digest.len() + 1));
            name = format!("{name}.{digest}");
        }
        name
    };
    match call.delegation {
        Some(delegation) => {
            let delegation = plain(delegation, 24);
            format!("{}@{delegation}", plain(call.agent.id, NAME - 1 - delegation.len()))
        }
        None => plain(call.agent.id, NAME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, now};
    use doorward_vocab::Template;

    fn provider() -> AwsSts {
        AwsSts {
            endpoint: "https://sts.eu-central-1.amazonaws.com/".parse().unwrap(),
            role_arn: "arn:aws:iam::123456789012:role/mcp".into(),
            duration: Duration::from_secs(900),
            session_policy: ByName::new(vec![(
                doorward_vocab::Glob::new("get_*"),
                r#"{"Version":"2012-10-17"}"#.into(),
            )]),
            policy_arns: ["arn:aws:iam::aws:policy/ReadOnlyAccess".into()].into(),
            own: OwnToken {
                audience: "sts.amazonaws.com".into(),
                subject: Template::parse("agent:{agent}:server:{server}", &Template::OF_CALLS).unwrap(),
                alg: crate::Alg::Rs256,
            },
        }
    }

    fn answer(expiration: &str) -> String {
        format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>\
             <AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/mcp/etl</Arn></AssumedRoleUser>\
             <Credentials><SessionToken>tok/1==</SessionToken><SecretAccessKey>sec+1</SecretAccessKey>\
             <Expiration>{expiration}</Expiration><AccessKeyId>ASIA1</AccessKeyId></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )
    }

    #[test]
    fn what_is_asked_and_what_comes_of_it() {
        let (scene, provider) = (Scene::default(), provider());
        let order = scene.order(Some("get_object"));
        let mut talk = scene.talk(&provider, &order);
        let asked = talk.asked();
        assert_eq!(asked.url, "https://sts.eu-central-1.amazonaws.com/");
        for (name, value) in [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleSessionName", "etl@d-81"),
            ("DurationSeconds", "900"),
            ("Policy", r#"{"Version":"2012-10-17"}"#),
            ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ] {
            assert_eq!(asked.form(name).as_deref(), Some(value), "{name}");
        }
        let claims = asked.claims("WebIdentityToken");
        assert_eq!((&claims["alg"], &claims["typ"]), (&"RS256".into(), &"JWT".into()));
        assert_eq!(claims["sub"], "agent:etl:server:crm");
        assert_eq!(claims["aud"], "sts.amazonaws.com");
        assert_eq!(claims["exp"], now().secs() + 300);
        assert_eq!(claims.get("human"), None, "the subject names no human");
        let issued = talk.hear(200, &answer("2026-11-21T21:00:00Z")).unwrap().issued();
        assert_eq!(issued.account.as_deref(), Some("arn:aws:sts::1:assumed-role/mcp/etl"));
        assert_eq!(issued.expires, time::read("2026-11-21T21:00:00Z"));
        let Material::Aws { id, key, session } = issued.material else { panic!("{issued:?}") };
        assert_eq!(
            (&*id, key.reveal(String::clone), session.unwrap().reveal(String::clone)),
            ("ASIA1", "sec+1".into(), "tok/1==".into())
        );
        // Without a pattern that fits there is no policy of the session.
        let order = scene.order(Some("put_object"));
        assert_eq!(scene.talk(&provider, &order).asked().form("Policy"), None);
    }

    #[test]
    fn answers_that_must_not_do() {
        let (scene, provider) = (Scene::default(), provider());
        let order = scene.order(None);
        let hear = |status, body: &str| scene.talk(&provider, &order).hear(status, body).unwrap_err();
        let good = answer("2026-11-21T21:00:00Z");
        for (name, body) in [
            ("over", answer("2026-11-21T19:59:59Z")),
            ("no end", good.replace("Expiration", "Expires")),
            ("no moment", answer("soon")),
            ("no key", good.replace("SecretAccessKey", "Secret")),
            ("no session", good.replace("SessionToken", "Session")),
            ("a key with a line break", good.replace("sec+1", "sec&#10;1")),
            ("another result", good.replace("WithWebIdentity", "WithSAML")),
            ("two keys", good.replace("</Credentials>", "<AccessKeyId>ASIA2</AccessKeyId></Credentials>")),
            ("an entity", good.replace("ASIA1", "&x;")),
            ("json", r#"{"AssumeRoleWithWebIdentityResponse":{}}"#.to_owned()),
            ("cut", good[..good.len() / 2].to_owned()),
        ] {
            assert!(matches!(hear(200, &body), Failure::Unusable(_)), "{name}");
        }
        let error = |status, code: &str| {
            hear(
                status,
                &format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>tok-1</Message></Error></ErrorResponse>"
                ),
            )
        };
        for (status, code, passing, configured) in [
            (400, "InvalidIdentityToken", false, true),
            (400, "ExpiredTokenException", false, true),
            (400, "IDPCommunicationError", true, false),
            (403, "AccessDenied", false, false),
            (403, "IDPRejectedClaim", false, false),
            (400, "PackedPolicyTooLarge", false, true),
            (400, "MalformedPolicyDocument", false, true),
            (400, "Throttling", true, false),
            (503, "Anything", true, false),
        ] {
            let failure = error(status, code);
            assert_eq!(failure.is_passing(), passing, "{code}");
            assert_eq!(matches!(failure, Failure::Misconfigured(_)), configured, "{code}: {failure}");
            assert!(!failure.to_string().contains("tok-1"), "{failure}");
        }
        assert_eq!(hear(403, "<html>"), Failure::Refused("status 403".into()));
        assert_eq!(error(403, "see token tok-1"), Failure::Refused("status 403".into()));
    }

    #[test]
    fn names_of_sessions() {
        let scene = Scene::default();
        let named = |agent: &str, delegation: Option<&str>| {
            let mut call = scene.order(None).call;
            (call.agent.id, call.delegation) = (agent, delegation);
            session_name(&call)
        };
        assert_eq!(named("etl", None), "etl");
        assert_eq!(named("etl", Some("d-81")), "etl@d-81");
        let spiffe = named("spiffe://corp.example/agent/claude", Some("d-81"));
        assert!(spiffe.starts_with("spiffe-corp.example-agent-claude.") && spiffe.ends_with("@d-81"), "{spiffe}");
        assert_ne!(named("a/b", None), named("a:b", None), "what looks alike stays apart");
        let long = "x".repeat(100);
        for (agent, delegation) in [(&*long, Some(&*long)), (&*long, None), ("ä", None), ("", None), ("a", Some("b"))]
        {
            let name = named(agent, delegation);
            assert!((2..=64).contains(&name.len()), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)), "{name}");
        }
    }
}
