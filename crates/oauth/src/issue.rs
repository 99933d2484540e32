//! Access tokens.

use crate::{Actor, Granted, Realm, Ring, Signing, keys::KeyError};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_identity::{
    Delegation, Human, KeyBinding,
    delegation::{Reach, Tools},
};
use doorward_vocab::Timestamp;
use serde_json::{Map, Value, json};

/// What access tokens say of themselves in their header (RFC 9068 §2.1).
pub const TYPE: &str = "at+jwt";

/// The claim for the risk that the human's provider saw in the sign-in, 0 to 100.
pub const RISK: &str = "risk";

/// An access token and when it ends.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// Makes an access token of what was granted: RFC 9068, with the actor of RFC 8693, the authorization details of RFC 9396 and
/// the key of RFC 7800. It ends with the grant at the latest.
///
/// # Errors
/// [`KeyError`].
pub fn issue(
    granted: &Granted,
    delegation: &Delegation,
    realm: &Realm,
    ring: &Ring,
    id: &str,
    now: Timestamp,
) -> Result<Issued, KeyError> {
    let expires = [Some(granted.until), delegation.expires, granted.proved.until]
        .into_iter()
        .flatten()
        .fold(now.plus(realm.lifetimes.access), Timestamp::min);
    let mut claims = json!({
        "iss": realm.issuer,
        "aud": granted.resource,
        "iat": now.secs(),
        "nbf": now.secs(),
        "exp": expires.secs(),
        "jti": id,
        "client_id": granted.client,
        "scope": granted.scopes.iter().map(|s| &**s).collect::<Vec<_>>().join(" "),
        "dlg": granted.delegation,
        "txn": granted.work,
        "att": { "lvl": granted.proved.assurance, "m": granted.proved.method.as_str(), "exp": expires.secs() },
        "authorization_details": details(delegation, &granted.resource),
    });
    let Value::Object(map) = &mut claims else { return Err(KeyError) };
    if let Some(name) = &granted.client_name {
        map.insert("client_name".into(), json!(name));
    }
    match &granted.human {
        Some(human) => {
            of_human(map, human);
            map.insert("act".into(), chain(&granted.actors, realm));
        }
        // RFC 9068 §2.2: the client itself.
        None => {
            map.insert("sub".into(), json!(granted.client));
            if let Some(owner) = &delegation.owner {
                map.insert("owner".into(), json!(owner));
            }
        }
    }
    if let Some(key) = &granted.key {
        map.insert("cnf".into(), confirmation(key));
    }
    Ok(Issued { token: ring.sign(Signing::Es256, TYPE, &claims, now)?, expires })
}

/// Two providers may use one `sub` for two people, so the provider is a part of ours. What they said stands in `idp`.
fn of_human(map: &mut Map<String, Value>, human: &Human) {
    map.insert("sub".into(), json!(format!("{}|{}", human.issuer, human.id)));
    map.insert("idp".into(), json!({ "iss": human.issuer, "sub": human.id }));
    map.insert("name".into(), json!(human.name));
    if let Some(email) = &human.email {
        map.insert("email".into(), json!(email));
        map.insert("email_verified".into(), true.into());
    }
    for (claim, names) in [("groups", &human.groups), ("entitlements", &human.entitlements)] {
        if !names.is_empty() {
            map.insert(claim.into(), json!(names));
        }
    }
    if let Some(login) = &human.login {
        if !login.methods.is_empty() {
            map.insert("amr".into(), json!(login.methods));
        }
        if let Some(class) = &login.class {
            map.insert("acr".into(), json!(class));
        }
        if let Some(at) = login.at {
            map.insert("auth_time".into(), at.secs().into());
        }
        if let Some(risk) = login.risk {
            map.insert(RISK.into(), risk.into());
        }
    }
}

/// RFC 8693 §4.1: the outermost acts now, and those within acted before.
fn chain(actors: &[Actor], realm: &Realm) -> Value {
    actors.iter().rev().fold(Value::Null, |inner, actor| {
        let mut act = json!({
            "sub": actor.id,
            "iss": actor.issuer.as_ref().unwrap_or(&realm.issuer),
            "sub_profile": actor.class.as_deref().unwrap_or("ai_agent"),
        });
        if let (false, Value::Object(map)) = (inner.is_null(), &mut act) {
            map.insert("act".into(), inner);
        }
        act
    })
}

/// RFC 9396 §2: which tools of which servers.
fn details(delegation: &Delegation, resource: &str) -> Value {
    let detail = |mut of: Value| {
        if let (Some(amount), Value::Object(map)) = (delegation.limits.amount, &mut of) {
            map.insert("limits".into(), json!({ "amount": amount }));
        }
        of
    };
    match &delegation.reach {
        Reach::Everything => {
            json!([detail(json!({ "type": "mcp_tool", "locations": [resource], "actions": ["call"] }))])
        }
        Reach::Only(servers) => servers
            .iter()
            .map(|(server, tools)| {
                let mut of =
                    json!({ "type": "mcp_tool", "locations": [resource], "actions": ["call"], "server": server });
                if let (Tools::Only(tools), Value::Object(map)) = (tools, &mut of) {
                    map.insert("tools".into(), json!(tools));
                }
                detail(of)
            })
            .collect(),
    }
}

/// RFC 9449 §6.1, RFC 8705 §3.1.
pub(crate) fn confirmation(key: &KeyBinding) -> Value {
    let b64 = |digest: &doorward_vocab::Digest| URL_SAFE_NO_PAD.encode(digest.as_bytes());
    match key {
        KeyBinding::Jkt(digest) => json!({ "jkt": b64(digest) }),
        KeyBinding::X5t(digest) => json!({ "x5t#S256": b64(digest) }),
    }
}

/// The answer of the token endpoint (RFC 6749 §5.1).
pub fn answer(issued: &Issued, granted: &Granted, refresh: Option<&str>, now: Timestamp) -> String {
    let bound = matches!(granted.key, Some(KeyBinding::Jkt(_)));
    let mut answer = json!({
        "access_token": issued.token,
        "token_type": if bound { "DPoP" } else { "Bearer" },
        "expires_in": issued.expires.since(now).as_secs(),
        "scope": granted.scopes.iter().map(|s| &**s).collect::<Vec<_>>().join(" "),
    });
    if let (Some(refresh), Value::Object(map)) = (refresh, &mut answer) {
        map.insert("refresh_token".into(), refresh.into());
    }
    answer.to_string()
}
