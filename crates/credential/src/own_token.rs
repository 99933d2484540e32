//! The gateway's own token, for providers that trust it as an issuer.

use crate::{Alg, Call, Failure, Order, PerWhom};
use doorward_vocab::{Secret, Template};
use serde_json::{Map, Value, json};

/// How long it is good, in seconds: it is used at once.
const LIFE: u64 = 300;

/// What it says. Rules of a provider go by `iss`, `sub` and `aud`, so these stay what they are as long as the operator does
/// not write something else.
#[derive(Clone, Debug)]
pub struct OwnToken {
    /// For whom it is: one name, and another one for each provider, so that none can use it elsewhere.
    pub audience: Box<str>,
    /// Whom it is about.
    pub subject: Template,
    /// How it is signed.
    pub alg: Alg,
}

impl OwnToken {
    /// On whom it depends: on those whom its subject names.
    pub fn per(&self) -> PerWhom {
        PerWhom::named_in(std::iter::once(&self.subject))
    }

    /// The token of an order (RFC 7519 §4.1). Beside its subject it says whom that is about, for providers with rules of
    /// their own: `server`; `agent`, `agent_iss` and `delegation` where the subject names an agent; `human`, `human_iss` and
    /// `email` where it names a person.
    ///
    /// # Errors
    /// [`Failure::NoHuman`] for a subject that names a person where nobody is there; what the signer says.
    pub fn sign(&self, order: &Order<'_>) -> Result<Secret<String>, Failure> {
        let now = order.now.secs();
        let call = &order.call;
        let mut claims = Map::new();
        let mut add = |name: &str, value: Option<&str>| {
            value.map(|value| claims.insert(name.to_owned(), value.into()));
        };
        add("iss", Some(order.signer.issuer()));
        add("sub", Some(&subject(&self.subject, call)?));
        add("aud", Some(&self.audience));
        add("jti", Some(order.fresh));
        add("server", Some(call.server));
        let per = self.per();
        if matches!(per, PerWhom::Agent | PerWhom::Both) {
            add("agent", Some(call.agent.id));
            add("agent_iss", call.agent.issuer);
            add("delegation", call.delegation);
        }
        if matches!(per, PerWhom::Human | PerWhom::Both) {
            add("human", call.human.map(|h| h.id));
            add("human_iss", call.human.map(|h| h.issuer));
            add("email", call.human.and_then(|h| h.email));
        }
        claims.extend([("iat", now), ("nbf", now), ("exp", now + LIFE)].map(|(name, at)| (name.to_owned(), json!(at))));
        order.signer.sign(self.alg, "JWT", &Value::Object(claims))
    }
}

/// A template with the parties of a call.
///
/// # Errors
/// [`Failure::NoHuman`] where it names a person and nobody is there, [`Failure::Refused`] for another party that is not there.
pub(crate) fn subject(template: &Template, call: &Call<'_>) -> Result<String, Failure> {
    let filled = template.fill(|place| match place {
        "agent" => Some(call.agent.id),
        "agent_issuer" => call.agent.issuer,
        "human" => call.human.map(|h| h.id),
        "human_issuer" => call.human.map(|h| h.issuer),
        "email" => call.human?.email,
        "server" => Some(call.server),
        "delegation" => call.delegation,
        _ => None,
    });
    filled.map_err(|place| match place {
        "human" | "human_issuer" | "email" if call.human.is_none() => Failure::NoHuman,
        place => Failure::Refused(format!("there is no {} to name", place.replace('_', " ")).into()),
    })
}
