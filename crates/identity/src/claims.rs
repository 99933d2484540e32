//! From the claims of a token whose signature holds to a principal.

use crate::{
    Agent, Attestation, AudienceRule, Delegation, EmailRule, Flaw, Human, IssuerSettings, KeyBinding, KeyRule, Login,
    PartyId, Principal, Refusal, SubjectIs, Via, attest::binding, json, token::Token,
};
use doorward_vocab::{Assurance, ConversationId, Digest, Timestamp};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The longest accepted actor chain.
const MAX_ACTORS: usize = 4;
/// The longest text that becomes an id, in bytes.
const MAX_ID: usize = 512;

/// What the claims say, if they say it to us and now.
pub(crate) fn judge(
    token: &Token<'_>,
    text: &str,
    settings: &IssuerSettings,
    skew: Duration,
    now: Timestamp,
) -> Result<Judged, Refusal> {
    token.check_type(settings.types).map_err(Refusal::Invalid)?;
    check_audience(&token.claims, settings).map_err(Refusal::Invalid)?;
    let times = check_times(&token.claims, skew, now)?;
    let key = binding(&token.claims).map_err(Refusal::Invalid)?;
    if key.is_none() && settings.key_rule == KeyRule::Required {
        return Err(Refusal::Invalid(Flaw::Unbound));
    }
    if !settings.required.iter().all(|r| r.holds(&token.claims)) {
        return Err(Refusal::Invalid(Flaw::Claim));
    }
    let scopes = scopes(&token.claims).map_err(Refusal::Invalid)?;
    if !settings.required_scopes.iter().all(|s| scopes.contains(s)) {
        return Err(Refusal::InsufficientScope { needed: settings.required_scopes.clone() });
    }
    let host = settings.host_scope.as_ref().is_some_and(|s| scopes.contains(s));
    let principal = principal(token, text, settings, Granted { scopes, times, host, key }).map_err(Refusal::Invalid)?;
    let actors = actors(&token.claims).map_err(Refusal::Invalid)?;
    let delegation = token.text("dlg").map(Arc::from);
    Ok(Judged { principal, actors, delegation })
}

/// What a token says, and of whom it says that it may act.
pub(crate) struct Judged {
    pub(crate) principal: Principal,
    /// The agents that it names as the ones who act: `act` and `may_act`.
    pub(crate) actors: Box<[PartyId]>,
    /// `dlg`.
    pub(crate) delegation: Option<Arc<str>>,
}

/// What was read before it is clear whom the token names.
struct Granted {
    scopes: Arc<[Arc<str>]>,
    times: Times,
    host: bool,
    key: Option<KeyBinding>,
}

/// RFC 9068 §4: `aud` must hold our name. By default it must hold nothing else: whoever else is named could replay it.
fn check_audience(claims: &Map<String, Value>, settings: &IssuerSettings) -> Result<(), Flaw> {
    let ours = |v: &Value| v.as_str().is_some_and(|a| settings.audiences.iter().any(|o| **o == *a));
    let good = match claims.get("aud") {
        Some(Value::Array(all)) => {
            all.iter().all(Value::is_string)
                && match settings.audience_rule {
                    AudienceRule::Only => all.len() == 1 && all.iter().all(ours),
                    AudienceRule::Among => all.iter().any(ours),
                }
        }
        Some(one) => ours(one),
        None => false,
    };
    if good { Ok(()) } else { Err(Flaw::Audience) }
}

/// When a token was issued, as far as it says so, and when it ends.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    issued: Timestamp,
    pub(crate) expires: Timestamp,
}

/// RFC 7519 §4.1.4 to §4.1.6: `exp` must be there; `nbf` and `iat`, where they are, must not lie ahead.
pub(crate) fn check_times(claims: &Map<String, Value>, skew: Duration, now: Timestamp) -> Result<Times, Refusal> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(v) => numeric_date(v).map(Some).ok_or(Refusal::Invalid(Flaw::Time)),
    };
    let exp = time("exp")?.ok_or(Refusal::Invalid(Flaw::Time))?;
    let issued = time("iat")?;
    for ahead in [time("nbf")?, issued].into_iter().flatten() {
        if ahead > now.plus(skew) {
            return Err(Refusal::Invalid(Flaw::NotYet));
        }
    }
    if exp.plus(skew) <= now {
        Err(Refusal::Expired)
    } else {
        Ok(Times { issued: issued.unwrap_or(now), expires: exp })
    }
}

/// A NumericDate: seconds since the epoch, with or without a fraction.
pub(crate) fn numeric_date(v: &Value) -> Option<Timestamp> {
    if let Some(secs) = v.as_u64() {
        return Some(Timestamp::from_micros(secs.saturating_mul(1_000_000)));
    }
    let secs = v.as_f64().filter(|s| s.is_finite() && (0.0..1e12).contains(s))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1e18, whole")]
    Some(Timestamp::from_micros((secs * 1e6).trunc() as u64))
}

/// `scope` (RFC 9068 §2.2.3), else `scp` as one string or an array.
fn scopes(claims: &Map<String, Value>) -> Result<Arc<[Arc<str>]>, Flaw> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        None => Ok(Arc::default()),
        Some(Value::String(s)) => Ok(s.split_ascii_whitespace().map(Arc::from).collect()),
        Some(Value::Array(all)) => all.iter().map(|v| v.as_str().map(Arc::from).ok_or(Flaw::Claim)).collect(),
        Some(_) => Err(Flaw::Claim),
    }
}

fn principal(
    token: &Token<'_>,
    text: &str,
    settings: &IssuerSettings,
    Granted { scopes, times: Times { issued, expires }, host, key }: Granted,
) -> Result<Principal, Flaw> {
    let claims = &token.claims;
    let actor = actor(claims)?;
    let client = match &settings.claims.agent {
        Some(path) if json::at(claims, path).is_some() => id(json::at(claims, path))?,
        _ => id(claims.get("azp").or_else(|| claims.get("client_id")))?,
    };
    let named = id(json::at(claims, &settings.claims.human))?;
    let subject = if settings.subject == SubjectIs::Agent { id(claims.get("sub"))? } else { named };
    let subject_is_agent = match settings.subject {
        SubjectIs::Agent => true,
        SubjectIs::Human => false,
        SubjectIs::Auto => actor.is_none() && acts_for_itself(claims, subject, client),
    };
    let agent_id = match (&actor, client) {
        (Some(actor), _) => actor.id,
        (None, Some(client)) if settings.subject != SubjectIs::Agent || settings.claims.agent.is_some() => client,
        (None, _) if subject_is_agent => subject.ok_or(Flaw::NoAgent)?,
        _ => return Err(Flaw::NoAgent),
    };
    let agent = Agent {
        id: agent_id.into(),
        name: agent_name(claims, &settings.claims.agent_name).unwrap_or_else(|| agent_id.into()),
        issuer: Some(
            actor
                .and_then(|a| a.issuer)
                .or(vouching(claims).filter(|_| settings.attests))
                .map_or_else(|| settings.issuer.clone(), Arc::from),
        ),
        class: word(json::at(claims, &settings.claims.class)).map(Arc::from),
        publisher: None,
        owner: None,
    };
    let human = match subject {
        Some(subject) if !subject_is_agent => Some(human(claims, subject, settings)?),
        _ => None,
    };
    let own_id = id(claims.get("dlg"))?;
    let jti = id(claims.get("jti"))?;
    let evidence = Digest::of(text.as_bytes());
    let name: Arc<str> = own_id.or(jti).map_or_else(|| evidence.to_string().into(), Arc::from);
    let delegation = Delegation {
        human: human.as_ref().map(|h| PartyId { issuer: Some(h.issuer.clone()), id: h.id.clone() }),
        // Who answers for a run without a human is the operator's word, and so only in the gateway's own tokens.
        owner: word(claims.get("owner")).filter(|_| settings.attests && human.is_none()).map(Arc::from),
        purpose: word(json::at(claims, &settings.claims.purpose)).map(Arc::from),
        scopes: scopes.iter().cloned().collect(),
        expires: Some(expires),
        key,
        ..Delegation::new(name, PartyId { issuer: agent.issuer.clone(), id: agent.id.clone() })
    };
    let attestation = Attestation {
        subject: agent.id.clone(),
        method: settings.method,
        assurance: if key.is_some() { Assurance::KeyBound } else { Assurance::PlatformToken },
        issuer: agent.issuer.clone(),
        evidence,
        measured: facts(claims, &settings.claims.measured),
        posture: facts(claims, &settings.claims.posture),
        key,
        at: issued,
        expires: Some(expires),
    };
    let attestation = if settings.attests { attested(claims, attestation)? } else { attestation };
    let hint = ["txn", "sid", "jti"].iter().find_map(|c| ConversationId::new(token.text(c)?).ok());
    Ok(Principal {
        key: Principal::key_of(Via::Jwt, &agent, human.as_ref(), own_id),
        agent,
        human,
        delegations: Arc::new([Arc::new(delegation)]),
        assurance: attestation.assurance,
        attestation: Arc::new(attestation),
        via: Via::Jwt,
        expires: Some(expires),
        conversation_hint: hint,
        audiences: audiences(claims, settings),
        host,
    })
}

/// The agent's name for people: what is there of `paths`, joined.
fn agent_name(claims: &Map<String, Value>, paths: &[Arc<str>]) -> Option<Arc<str>> {
    let parts: Vec<&str> = paths.iter().filter_map(|p| word(json::at(claims, p))).collect();
    if parts.is_empty() { None } else { Some(parts.join("/").into()) }
}

/// What is there of `paths`: short texts, numbers and truth values. The rest of a claim is not for policy.
fn facts(claims: &Map<String, Value>, paths: &[(Arc<str>, Arc<str>)]) -> BTreeMap<Arc<str>, Arc<str>> {
    let text = |v: &Value| match v {
        Value::Bool(_) | Value::Number(_) => Some(v.to_string().into()),
        v => word(Some(v)).map(Arc::from),
    };
    paths.iter().filter_map(|(name, path)| Some((name.clone(), text(json::at(claims, path)?)?))).collect()
}

/// What our own authorization server saw of the agent when it made the token.
fn attested(claims: &Map<String, Value>, attestation: Attestation) -> Result<Attestation, Flaw> {
    let att = claims.get("att").and_then(Value::as_object).ok_or(Flaw::Claim)?;
    let level = att.get("lvl").and_then(Value::as_u64).and_then(|n| u8::try_from(n).ok());
    let assurance = level.and_then(|n| Assurance::try_from(n).ok()).ok_or(Flaw::Claim)?;
    let method = att.get("m").cloned().and_then(|m| serde_json::from_value(m).ok()).ok_or(Flaw::Claim)?;
    let text = |name: &str| word(att.get(name)).map(Arc::from);
    let facts = |name: &str| {
        let all = att.get(name).and_then(Value::as_object).into_iter().flatten();
        all.filter_map(|(name, value)| Some((name.as_str().into(), word(Some(value))?.into()))).collect()
    };
    let evidence = match att.get("ev") {
        None => attestation.evidence,
        Some(digest) => digest.as_str().and_then(|d| d.parse().ok()).ok_or(Flaw::Claim)?,
    };
    Ok(Attestation {
        subject: text("sub").unwrap_or(attestation.subject),
        issuer: text("iss").or(attestation.issuer),
        evidence,
        measured: facts("measured"),
        posture: facts("posture"),
        method,
        assurance,
        ..attestation
    })
}

/// Which entry of the operator vouches for an agent that showed evidence of its own to our authorization server.
fn vouching(claims: &Map<String, Value>) -> Option<&str> {
    word(claims.get("att").and_then(|att| att.get("by")))
}

/// Those of our own names that stand in `aud`.
fn audiences(claims: &Map<String, Value>, settings: &IssuerSettings) -> Arc<[Arc<str>]> {
    let named = |ours: &&Arc<str>| match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(|a| a == &***ours),
        Some(one) => one == &***ours,
        None => false,
    };
    settings.audiences.iter().filter(named).cloned().collect()
}

struct Actor<'a> {
    id: &'a str,
    issuer: Option<&'a str>,
}

/// RFC 8693 §4.1: the outermost `act` is the current actor, the only one that may decide anything; the others are
/// history, checked for form and length only.
fn actor(claims: &Map<String, Value>) -> Result<Option<Actor<'_>>, Flaw> {
    let mut current = None;
    let mut link = claims.get("act");
    for depth in 0.. {
        let Some(act) = link else { break };
        let act = act.as_object().filter(|_| depth < MAX_ACTORS).ok_or(Flaw::ActorChain)?;
        let sub = id(act.get("sub")).ok().flatten().ok_or(Flaw::ActorChain)?;
        let issuer = id(act.get("iss")).map_err(|_| Flaw::ActorChain)?;
        if depth == 0 {
            current = Some(Actor { id: sub, issuer });
        }
        link = act.get("act");
    }
    Ok(current)
}

/// Who may act by the token, where it says so: the current actor (RFC 8693 §4.1) and who may become it (§4.4).
fn actors(claims: &Map<String, Value>) -> Result<Box<[PartyId]>, Flaw> {
    let current = actor(claims)?.map(|a| PartyId { issuer: a.issuer.map(Arc::from), id: a.id.into() });
    let may = match claims.get("may_act") {
        None => None,
        Some(may) => {
            let sub = id(may.get("sub"))?.ok_or(Flaw::ActorChain)?;
            Some(PartyId { issuer: id(may.get("iss"))?.map(Arc::from), id: sub.into() })
        }
    };
    Ok(current.into_iter().chain(may).collect())
}

/// Whether the token was issued to a client for itself: RFC 9068 §2.2 says `sub` is then the client; some providers
/// say it in other ways.
fn acts_for_itself(claims: &Map<String, Value>, subject: Option<&str>, client: Option<&str>) -> bool {
    let Some(client) = client else { return false };
    let is = |claim: &str, value: &str| claims.get(claim).and_then(Value::as_str) == Some(value);
    let known = [claims.get("client_id"), claims.get("azp")].into_iter().flatten().filter_map(Value::as_str);
    subject
        .is_some_and(|s| s == client || s.strip_suffix("@clients") == Some(client) || known.into_iter().any(|k| k == s))
        || is("gty", "client-credentials")
        || is("idtyp", "app")
        || is("preferred_username", &format!("service-account-{}", client.to_lowercase()))
}

pub(crate) fn human(claims: &Map<String, Value>, subject: &str, settings: &IssuerSettings) -> Result<Human, Flaw> {
    let map = &settings.claims;
    let verified = settings.email == EmailRule::Always || claims.get("email_verified") == Some(&Value::Bool(true));
    let by = map.human_issuer.as_ref().map(|path| id(json::at(claims, path))).transpose()?.flatten();
    let issuer = by.map_or_else(|| settings.issuer.clone(), Arc::from);
    let email = word(json::at(claims, &map.email)).filter(|_| verified);
    let name = word(json::at(claims, &map.name)).or(word(claims.get("preferred_username"))).or(email);
    Ok(Human {
        id: subject.into(),
        name: name.map_or_else(|| unnamed(subject, &issuer), Arc::from),
        email: email.map(Arc::from),
        groups: names(json::at(claims, &map.groups))?,
        issuer,
        entitlements: names(claims.get("entitlements"))?,
        login: login(claims, map.risk.as_deref())?,
    })
}

/// What people call somebody of whom only an id is known: an id alone says nothing to them, and may be somebody else's
/// elsewhere.
fn unnamed(subject: &str, issuer: &str) -> Arc<str> {
    let host = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || subject.contains('@') { subject.into() } else { format!("{subject} at {host}").into() }
}

/// How the person signed in, where the token says anything of it.
fn login(claims: &Map<String, Value>, risk_at: Option<&str>) -> Result<Option<Login>, Flaw> {
    let login = Login {
        methods: names(claims.get("amr"))?,
        class: word(claims.get("acr")).map(Arc::from),
        at: claims.get("auth_time").and_then(numeric_date),
        risk: risk_at.and_then(|path| json::at(claims, path)).map(risk).transpose()?,
    };
    Ok((login != Login::default()).then_some(login))
}

/// A risk: a number up to 100, or a word that identity providers use. One that cannot be read is no low one.
fn risk(claim: &Value) -> Result<u8, Flaw> {
    match claim {
        Value::Number(n) => n.as_u64().and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= 100).ok_or(Flaw::Claim),
        Value::String(s) => match s.to_ascii_lowercase().as_str() {
            "none" => Ok(0),
            "low" => Ok(25),
            "medium" => Ok(50),
            "high" => Ok(100),
            _ => Err(Flaw::Claim),
        },
        _ => Err(Flaw::Claim),
    }
}

/// Names that decide something: an array of strings, or one string. A name that is not a text could be read as another
/// name elsewhere.
fn names(claim: Option<&Value>) -> Result<Arc<[Arc<str>]>, Flaw> {
    match claim {
        None | Some(Value::Null) => Ok(Arc::default()),
        Some(Value::String(one)) => Ok([Arc::from(one.as_str())].into()),
        Some(Value::Array(all)) => all.iter().map(|g| g.as_str().map(Arc::from).ok_or(Flaw::Claim)).collect(),
        Some(_) => Err(Flaw::Claim),
    }
}

/// A claim that names somebody: absent, or a text that is not empty, not long and holds no control characters.
pub(crate) fn id(claim: Option<&Value>) -> Result<Option<&str>, Flaw> {
    match claim {
        None => Ok(None),
        Some(Value::String(s)) if !s.is_empty() && s.len() <= MAX_ID && !s.chars().any(char::is_control) => Ok(Some(s)),
        Some(_) => Err(Flaw::Claim),
    }
}

/// A claim that only people read: whatever is not a short plain text is as good as absent.
fn word(claim: Option<&Value>) -> Option<&str> {
    id(claim).ok().flatten()
}
