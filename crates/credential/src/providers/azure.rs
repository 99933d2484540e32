//! An access token of Microsoft Entra ID, for the gateway's own token (federated identity credential of an application or
//! managed identity). For an agent identity there are two steps: the blueprint's token is the assertion of the agent's.

use crate::{
    Answer, Call, Failure, Issued, Needs, Order, OwnToken, PerWhom, Provider, Request, Step,
    wire::{Form, Token, grant},
};
use doorward_vocab::Secret;
use serde_json::Value;
use url::Url;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// What is asked for in the first of two steps.
const EXCHANGE: &str = "api://AzureADTokenExchange/.default";

/// An application of a tenant that trusts the gateway.
#[derive(Debug)]
pub struct Azure {
    /// The token endpoint of the tenant: `https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token`.
    pub endpoint: Url,
    /// The application (client) id; of an agent identity, that of its blueprint.
    pub client: Box<str>,
    /// The id of an agent identity, where one is used.
    pub agent_identity: Option<Box<str>>,
    /// The gateway's own token: RSA alone is taken.
    pub own: OwnToken,
}

impl Provider for Azure {
    fn kind(&self) -> &'static str {
        "azure"
    }
    fn per(&self) -> PerWhom {
        self.own.per()
    }
    fn distinguishes<'a>(&'a self, call: &Call<'a>) -> Vec<&'a str> {
        vec![call.server]
    }
    fn needs(&self) -> Needs {
        Needs { signature: true, ..Needs::default() }
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let own = self.own.sign(order)?;
        let Some(agent) = &self.agent_identity else {
            return Ok(self.ask(&self.client, &own, None, order.call.scopes, order, |token| Ok(have(token))));
        };
        let exchange = [EXCHANGE.into()];
        Ok(self.ask(&self.client, &own, Some(agent), &exchange, order, move |parent| {
            Ok(self.ask(agent, &parent.access, None, order.call.scopes, order, |token| Ok(have(token))))
        }))
    }
}

fn have<'a>(token: Token) -> Step<'a> {
    Step::Have(Issued { expires: token.expires, scopes: token.scopes, ..Issued::token(token.access) })
}

impl Azure {
    fn ask<'a>(
        &self,
        client: &str,
        assertion: &Secret<String>,
        agent: Option<&str>,
        scopes: &[Box<str>],
        order: &'a Order<'a>,
        then: impl FnOnce(Token) -> Result<Step<'a>, Failure> + Send + 'a,
    ) -> Step<'a> {
        let mut form = Form::of(grant::CLIENT);
        form.add("client_id", client).add("client_assertion_type", ASSERTION).secret("client_assertion", assertion);
        form.maybe("fmi_path", agent).scopes(scopes);
        Request::form(self.endpoint.clone(), form.done()).then(move |answer| {
            let token = Token::read(answer, order.now).map_err(|failure| told(failure, answer))?;
            token.bearer()?;
            then(token)
        })
    }
}

/// What the numbers mean that come with refusals of a federated credential.
fn told(failure: Failure, answer: &Answer<'_>) -> Failure {
    let body: Option<Value> = serde_json::from_slice(answer.body).ok();
    let codes = body.as_ref().and_then(|b| b.get("error_codes")?.as_array());
    let code = codes.and_then(|codes| codes.first()?.as_u64());
    let wrong = |what: &str| Failure::Misconfigured(format!("AADSTS{}: {what}", code.unwrap_or_default()).into());
    match code {
        Some(70021 | 700_211 | 700_212 | 700_213) => {
            wrong("the application has no federated credential for this issuer, subject and audience")
        }
        Some(700_016) => wrong("there is no such application in the tenant"),
        Some(90_002) => wrong("there is no such tenant"),
        Some(700_027 | 700_024) => wrong("it cannot verify the gateway's token"),
        Some(70_011) => wrong("`scopes` name no resource, as in `https://graph.microsoft.com/.default`"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, now};
    use doorward_vocab::Template;

    fn provider(agent: Option<&str>) -> Azure {
        Azure {
            endpoint: "https://login.microsoftonline.com/t/oauth2/v2.0/token".parse().unwrap(),
            client: "app-1".into(),
            agent_identity: agent.map(Into::into),
            own: OwnToken {
                audience: "api://AzureADTokenExchange".into(),
                subject: Template::parse("server:{server}", &Template::OF_CALLS).unwrap(),
                alg: crate::Alg::Rs256,
            },
        }
    }

    const TOKEN: &str = r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ.t"}"#;
    const SCOPE: &str = "https://graph.microsoft.com/.default";

    /// The shapes are those of the reference of the identity platform; nothing was tried at the cloud.
    #[test]
    fn wire_shape_of_a_federated_credential() {
        let (scene, provider) = (Scene::scoped(&[SCOPE]), provider(None));
        let order = scene.order(None);
        let mut talk = scene.talk(&provider, &order);
        let asked = talk.asked();
        for (name, value) in [
            ("grant_type", "client_credentials"),
            ("client_id", "app-1"),
            ("client_assertion_type", ASSERTION),
            ("scope", SCOPE),
        ] {
            assert_eq!(asked.form(name).as_deref(), Some(value), "{name}");
        }
        let claims = asked.claims("client_assertion");
        assert_eq!((&claims["alg"], &claims["aud"]), (&"RS256".into(), &"api://AzureADTokenExchange".into()));
        assert_eq!((&claims["iss"], &claims["sub"]), (&"https://gw.example".into(), &"server:crm".into()));
        assert_eq!(claims.get("agent"), None, "the subject names no agent");
        let (token, expires) = talk.hear(200, TOKEN).unwrap().token();
        assert_eq!((&*token, expires.unwrap().since(now()).as_secs()), ("eyJ.t", 3599));
    }

    #[test]
    fn wire_shape_of_an_agent_identity() {
        let (scene, provider) = (Scene::scoped(&[SCOPE]), provider(Some("agent-1")));
        let order = scene.order(None);
        let mut talk = scene.talk(&provider, &order);
        let asked = talk.asked();
        assert_eq!(
            (asked.form("fmi_path").as_deref(), asked.form("scope").as_deref()),
            (Some("agent-1"), Some(EXCHANGE))
        );
        let mut talk = talk.hear(200, &TOKEN.replace("eyJ.t", "eyJ.parent")).unwrap();
        let asked = talk.asked();
        assert_eq!(asked.form("client_assertion").as_deref(), Some("eyJ.parent"));
        assert_eq!((asked.form("client_id").as_deref(), asked.form("fmi_path")), (Some("agent-1"), None));
        assert_eq!(talk.hear(200, TOKEN).unwrap().token().0, "eyJ.t");
    }

    #[test]
    fn wire_shapes_that_must_not_do() {
        let (scene, provider) = (Scene::scoped(&[SCOPE]), provider(None));
        let order = scene.order(None);
        let hear = |status, body: &str| scene.talk(&provider, &order).hear(status, body).unwrap_err();
        let refused =
            |code: u32| format!(r#"{{"error":"invalid_request","error_description":"AADSTS","error_codes":[{code}]}}"#);
        for code in [70021, 700_211, 700_212, 700_213, 700_016, 90_002, 700_024, 700_027, 70_011] {
            let failure = hear(400, &refused(code));
            assert!(
                matches!(&failure, Failure::Misconfigured(why) if why.starts_with(&format!("AADSTS{code}"))),
                "{failure}"
            );
        }
        assert_eq!(hear(400, &refused(1)), Failure::Refused("400 invalid_request".into()));
        assert!(hear(503, "").is_passing());
        for body in [
            TOKEN.replace("Bearer", "pop"),
            TOKEN.replace("eyJ.t", ""),
            TOKEN.replace("3599,\"ext", "-1,\"ext"),
            "[]".into(),
        ] {
            assert!(matches!(hear(200, &body), Failure::Unusable(_)), "{body}");
        }
    }
}
