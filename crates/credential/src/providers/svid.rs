//! A JWT-SVID of the gateway, from the SPIFFE Workload API of its machine.

use crate::{Call, Failure, Issued, Order, PerWhom, Provider, Step, Svid, wire::jwt};
use doorward_vocab::{Secret, Timestamp};
use std::{path::PathBuf, time::Duration};

/// Where the Workload API is, and what is asked of it.
#[derive(Debug)]
pub struct WorkloadSvid {
    /// Its socket.
    pub socket: PathBuf,
    /// The SPIFFE id, where the gateway has several.
    pub id: Option<Box<str>>,
    /// The audience; none: the server, by its resource identifier.
    pub audience: Option<Box<str>>,
}

impl WorkloadSvid {
    fn audience<'a>(&'a self, call: &Call<'a>) -> &'a str {
        self.audience.as_deref().unwrap_or(call.resource)
    }
}

impl Provider for WorkloadSvid {
    fn kind(&self) -> &'static str {
        "jwt-svid"
    }
    fn per(&self) -> PerWhom {
        PerWhom::Everybody
    }
    fn narrows(&self) -> bool {
        false
    }
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let audience = self.audience(&order.call);
        let svid = Svid { socket: self.socket.clone(), audience: audience.into(), id: self.id.clone() };
        Ok(Step::Svid(
            Box::new(svid),
            Box::new(move |answer| {
                let unusable = |why: &str| Failure::Unusable(why.into());
                let text = std::str::from_utf8(answer.body).map_err(|_| unusable("the SVID is no text"))?;
                let token = Secret::new(text.to_owned());
                let claims = jwt::claims(&token).ok_or_else(|| unusable("the SVID cannot be read"))?;
                // JWT-SVID §3: the id, the audience and the end are there.
                let id = claims.get("sub").and_then(|s| s.as_str()).filter(|id| id.starts_with("spiffe://"));
                let id = id.ok_or_else(|| unusable("the SVID names no SPIFFE id"))?;
                if self.id.as_deref().is_some_and(|wanted| wanted != id) {
                    return Err(unusable("the SVID is of another SPIFFE id"));
                }
                let aud = claims.get("aud");
                let ours = aud.is_some_and(|aud| match aud.as_array() {
                    Some(all) => all.iter().any(|one| one.as_str() == Some(audience)),
                    None => aud.as_str() == Some(audience),
                });
                if !ours {
                    return Err(unusable("the SVID is for another audience"));
                }
                let end = claims.get("exp").and_then(serde_json::Value::as_u64);
                let end = end.map(|end| Timestamp::from_micros(0).plus(Duration::from_secs(end)));
                let expires = Some(crate::time::end(end, order.now)?);
                let account = Some(id.into());
                Ok(Step::Have(Issued { expires, account, ..Issued::token(token) }))
            }),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Answer, Signer,
        testing::{Scene, now},
    };
    use serde_json::{Value, json};

    #[test]
    fn what_is_no_svid_for_this_server_is_not_used() {
        let scene = Scene::default();
        let provider = |id: Option<&str>| WorkloadSvid { socket: "/s".into(), id: id.map(Into::into), audience: None };
        let hear = |provider: &WorkloadSvid, claims: &Value| {
            let order = scene.order(None);
            let Ok(Step::Svid(svid, then)) = provider.begin(&order) else { panic!("it does not ask") };
            assert_eq!(&*svid.audience, "https://crm.example/mcp");
            let token = scene.sign(crate::Alg::Es256, "JWT", claims).unwrap().reveal(String::clone);
            match then(&Answer { status: http::StatusCode::OK, body: token.as_bytes() })? {
                Step::Have(issued) => Ok(issued),
                other => panic!("{other:?}"),
            }
        };
        let end = now().secs() + 300;
        let good = json!({ "sub": "spiffe://corp.example/gw", "aud": ["https://crm.example/mcp"], "exp": end });
        let issued = hear(&provider(None), &good).unwrap();
        assert_eq!(
            (issued.account.as_deref(), issued.expires.unwrap().secs()),
            (Some("spiffe://corp.example/gw"), end)
        );
        assert!(hear(&provider(Some("spiffe://corp.example/gw")), &good).is_ok());
        assert!(hear(&provider(Some("spiffe://corp.example/other")), &good).is_err());
        for (name, value) in [
            ("sub", json!("gw")),
            ("aud", json!(["https://other.example"])),
            ("aud", json!("https://crm.example/mcp/2")),
            ("aud", Value::Null),
            ("exp", json!(now().secs())),
            ("exp", json!("soon")),
        ] {
            let mut claims = good.clone();
            claims[name] = value;
            assert!(matches!(hear(&provider(None), &claims), Err(Failure::Unusable(_))), "{claims}");
        }
    }
}
