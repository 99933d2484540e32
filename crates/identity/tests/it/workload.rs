//! Statements about workloads, brought for a token (RFC 7523 §2.1).

use crate::{chains::*, forge::*};
use doorward_identity::{
    Authenticator, Flaw, IssuerSettings, KeyRule, KeySource, Refusal, SubjectIs, TypeRule, Workload,
};
use serde_json::{Value, json};
use std::time::Duration;

const TOKEN: &str = "https://gw.example.com/oauth/token";
const HOUR: Duration = Duration::from_secs(3600);

fn platform() -> IssuerSettings {
    IssuerSettings { subject: SubjectIs::Agent, types: TypeRule::IdToken, ..issuer() }
}

fn stated(change: Value) -> String {
    let claims = json!({"iss":ISSUER,"aud":TOKEN,"sub":"job-1","iat":NOW - 10,"exp":NOW + 300,"jti":"j-1"});
    token(&keys().ec, &json!({"alg":"ES256","kid":"ec","typ":"JWT"}), &with(claims, change))
}

fn bring(door: &Authenticator, text: &str) -> Result<Workload, Refusal> {
    door.workload(text, &[OWN, TOKEN], HOUR, now())
}

#[test]
fn it_is_the_agent_that_it_would_be_with_the_statement_as_its_token() {
    let door = door(platform());
    let brought = bring(&door, &stated(json!({}))).unwrap();
    let shown = ask(&door, &stated(json!({"aud":AUDIENCE})), now()).unwrap();
    assert_eq!((&brought.agent, &brought.agent.id), (&shown.agent, &"job-1".into()));
    assert_eq!((&*brought.issuer, brought.id.as_deref(), brought.until), (ISSUER, Some("j-1"), at(330)));
    assert_eq!(brought.attestation.assurance, shown.attestation.assurance);
    assert!(bring(&door, &stated(json!({"jti":null,"aud":[OWN]}))).unwrap().id.is_none());
    // What opens an endpoint is no statement for a token, and the reverse.
    assert_eq!(bring(&door, &stated(json!({"aud":AUDIENCE}))).unwrap_err(), Refusal::Invalid(Flaw::Audience));
    assert_eq!(ask(&door, &stated(json!({})), now()).unwrap_err(), Refusal::Invalid(Flaw::Audience));
}

#[test]
fn how_long_it_may_be_good_has_an_end() {
    let door = door(platform());
    assert!(bring(&door, &stated(json!({"exp":NOW + 3600}))).is_ok());
    for (exp, refusal) in [
        (json!(NOW + 3700), Refusal::Invalid(Flaw::Time)),
        (json!(null), Refusal::Invalid(Flaw::Time)),
        (json!(NOW - 31), Refusal::Expired),
    ] {
        assert_eq!(bring(&door, &stated(json!({"exp":exp}))).unwrap_err(), refusal, "{exp}");
    }
}

#[test]
fn who_is_a_person_or_acts_for_another_is_no_workload() {
    let (people, usual) = (IssuerSettings { subject: SubjectIs::Human, ..issuer() }, issuer());
    for settings in [people, usual] {
        let door = door(settings);
        assert_eq!(bring(&door, &stated(json!({"azp":"app"}))).unwrap_err(), Refusal::Invalid(Flaw::Subject));
    }
    let door = door(platform());
    for (change, flaw) in [
        (json!({"act":{"sub":"admin"}}), Flaw::ActorChain),
        (json!({"may_act":{"sub":"admin"}}), Flaw::ActorChain),
        (json!({"scope":"read"}), Flaw::Type),
        (json!({"scp":["read"]}), Flaw::Type),
        (json!({"sub":null}), Flaw::NoAgent),
    ] {
        assert_eq!(bring(&door, &stated(change.clone())).unwrap_err(), Refusal::Invalid(flaw), "{change}");
    }
    let access = heading(json!({}));
    assert_eq!(bring(&door, &access).unwrap_err(), Refusal::Invalid(Flaw::Type));
}

#[test]
fn the_gateway_vouches_for_nobody_by_its_own_tokens() {
    let own = IssuerSettings { attests: true, ..platform() };
    assert_eq!(bring(&door(own), &stated(json!({}))).unwrap_err(), Refusal::Invalid(Flaw::Issuer));
    let bound = IssuerSettings { key_rule: KeyRule::Required, ..platform() };
    assert_eq!(bring(&door(bound), &stated(json!({}))).unwrap_err(), Refusal::Invalid(Flaw::Unbound));
    let strange = Key::es256();
    let foreign = json!({"keys":[strange.jwk("ec")]}).to_string().into_bytes();
    let foreign = IssuerSettings { keys: KeySource::Pinned(foreign.into()), ..platform() };
    assert_eq!(bring(&door(foreign), &stated(json!({}))).unwrap_err(), Refusal::Invalid(Flaw::Signature));
}

#[test]
fn a_trust_domain_vouches_by_its_own_tokens() {
    let (corp, other) = (Key::es256(), Key::es256());
    let door = door_of(vec![domain("corp.example", bundle(&[], &[(&corp, "jwt")]), &[])]);
    let svid = |key: &Key, change: Value| {
        let claims = with(json!({"sub":AGENT,"aud":[TOKEN],"exp":NOW + 300}), change);
        token(key, &json!({"alg":"ES256","kid":"jwt","typ":"JWT"}), &claims)
    };
    let brought = bring(&door, &svid(&corp, json!({}))).unwrap();
    assert_eq!((&*brought.agent.id, &*brought.issuer), (AGENT, "spiffe://corp.example"));
    for (text, flaw) in [
        (svid(&other, json!({})), Flaw::Signature),
        (svid(&corp, json!({"aud":[TOKEN,"https://other.example"]})), Flaw::Audience),
        (svid(&corp, json!({"sub":"spiffe://other.example/agent/triage"})), Flaw::Issuer),
    ] {
        assert_eq!(bring(&door, &text).unwrap_err(), Refusal::Invalid(flaw));
    }
}
