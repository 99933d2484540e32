//! An access token of Databricks, for the gateway's own token (federation policy of an account or a service principal).

use crate::{
    Call, Failure, Issued, Needs, Order, OwnToken, PerWhom, Provider, Request, Step,
    wire::{Form, Token, grant, token_type},
};
use url::Url;

/// A workspace or account that trusts the gateway.
#[derive(Debug)]
pub struct Databricks {
    /// The token endpoint: `https://HOST/oidc/v1/token`.
    pub endpoint: Url,
    /// The service principal; none: the policy of the account says who it is.
    pub client: Option<Box<str>>,
    /// The gateway's own token.
    pub own: OwnToken,
}

impl Provider for Databricks {
    fn kind(&self) -> &'static str {
        "databricks"
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
        let mut form = Form::of(grant::EXCHANGE);
        form.secret("subject_token", &own).add("subject_token_type", token_type::JWT);
        form.maybe("client_id", self.client.as_deref());
        match order.call.scopes {
            [] => form.add("scope", "all-apis"),
            scopes => form.scopes(scopes),
        };
        Ok(Request::form(self.endpoint.clone(), form.done()).then(move |answer| {
            let token = Token::read(answer, order.now)?;
            token.bearer()?;
            let account = self.client.clone();
            Ok(Step::Have(Issued {
                expires: token.expires,
                scopes: token.scopes,
                account,
                ..Issued::token(token.access)
            }))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scene, now};
    use doorward_vocab::Template;

    /// The shape is that of the documented exchange; nothing was tried at the cloud.
    #[test]
    fn wire_shape_of_the_exchange() {
        let provider = Databricks {
            endpoint: "https://dbc-1.cloud.databricks.com/oidc/v1/token".parse().unwrap(),
            client: Some("sp-1".into()),
            own: OwnToken {
                audience: "databricks".into(),
                subject: Template::parse("server:{server}", &Template::OF_CALLS).unwrap(),
                alg: crate::Alg::Rs256,
            },
        };
        let scene = Scene::default();
        let order = scene.order(None);
        let mut talk = scene.talk(&provider, &order);
        let asked = talk.asked();
        for (name, value) in [
            ("grant_type", grant::EXCHANGE),
            ("subject_token_type", token_type::JWT),
            ("client_id", "sp-1"),
            ("scope", "all-apis"),
        ] {
            assert_eq!(asked.form(name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(asked.claims("subject_token")["sub"], "server:crm");
        let answer = r#"{"access_token":"eyJ.d","scope":"all-apis","token_type":"Bearer","expires_in":3600}"#;
        let (token, expires) = talk.hear(200, answer).unwrap().token();
        assert_eq!((&*token, expires.unwrap().since(now()).as_secs()), ("eyJ.d", 3600));
        for (status, body) in [
            (400, r#"{"error":"invalid_request","error_description":"no policy"}"#.to_owned()),
            (200, answer.replace("Bearer", "DPoP")),
            (200, answer.replace("3600", "0")),
            (200, "{}".to_owned()),
        ] {
            assert!(!scene.talk(&provider, &order).hear(status, &body).unwrap_err().is_passing(), "{body}");
        }
    }
}
