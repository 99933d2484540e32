//! What the gateway says as an issuer: who acts, and for whom.

use crate::{Alg, Failure, Order};
use doorward_vocab::Secret;
use serde_json::{Map, Value, json};

/// How long a statement may be used, in seconds.
const LIFE: u64 = 120;

/// That the agent of an order acts: an actor token for `audience` (RFC 8693 §2.1).
///
/// # Errors
/// [`Failure::Misconfigured`] where the gateway has no key.
pub fn of_agent(order: &Order<'_>, audience: &str) -> Result<Secret<String>, Failure> {
    let agent = &order.call.agent;
    let mut claims = usual(order, agent.id, audience, "actor");
    claims.insert("sub_profile".to_owned(), "ai_agent".into());
    claims.insert("agent_iss".to_owned(), agent.issuer.into());
    if let Some(inner) = chain(order.call.before) {
        claims.insert("act".to_owned(), inner);
    }
    sign(order, claims)
}

/// Who acts, as a claim of a statement about the human (RFC 8693 §4.1).
pub fn acting(order: &Order<'_>) -> Value {
    let agent = &order.call.agent;
    let mut act = json!({ "sub": agent.id, "iss": agent.issuer.unwrap_or_else(|| order.signer.issuer()) });
    if let (Some(inner), Value::Object(act)) = (chain(order.call.before), &mut act) {
        act.insert("act".to_owned(), inner);
    }
    act
}

/// That the human of an order is who the gateway says, for `audience`; with `more` claims.
///
/// # Errors
/// [`Failure::NoHuman`]; [`Failure::Misconfigured`] where the gateway has no key.
pub fn of_human(order: &Order<'_>, audience: &str, more: Map<String, Value>) -> Result<Secret<String>, Failure> {
    let human = order.call.human.ok_or(Failure::NoHuman)?;
    let mut claims = usual(order, human.id, audience, "human");
    claims.insert("idp".to_owned(), json!({ "iss": human.issuer, "sub": human.id }));
    if let Some(email) = human.email {
        claims.insert("email".to_owned(), email.into());
        claims.insert("email_verified".to_owned(), true.into());
    }
    claims.extend(more);
    sign(order, claims)
}

/// That the gateway is `subject`, for `audience`; with `more` claims.
///
/// # Errors
/// [`Failure::Misconfigured`] where the gateway has no key.
pub fn of_itself(
    order: &Order<'_>,
    subject: &str,
    audience: &str,
    more: Map<String, Value>,
) -> Result<Secret<String>, Failure> {
    let mut claims = usual(order, subject, audience, "itself");
    claims.extend(more);
    sign(order, claims)
}

/// RFC 7523 §3. Each statement of one order has a name of its own: servers take a name once.
fn usual(order: &Order<'_>, subject: &str, audience: &str, what: &str) -> Map<String, Value> {
    let now = order.now.secs();
    let claims = json!({
        "iss": order.signer.issuer(), "sub": subject, "aud": audience, "jti": format!("{}-{what}", order.fresh),
        "iat": now, "exp": now.saturating_add(LIFE),
    });
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

/// RFC 8693 §4.1: who acted before stands within.
fn chain(before: &[crate::Agent<'_>]) -> Option<Value> {
    before.iter().rev().fold(None, |inner, agent| {
        let mut act = json!({ "sub": agent.id, "iss": agent.issuer });
        if let (Some(inner), Value::Object(act)) = (inner, &mut act) {
            act.insert("act".to_owned(), inner);
        }
        Some(act)
    })
}

fn sign(order: &Order<'_>, claims: Map<String, Value>) -> Result<Secret<String>, Failure> {
    order.signer.sign(Alg::Es256, "JWT", &Value::Object(claims))
}
