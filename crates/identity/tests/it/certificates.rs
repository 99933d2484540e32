//! Agents by client certificate, alone and beside a human's token.

use crate::{chains::*, forge::*};
use doorward_identity::{
    CertificateFlaw, CertificateRule, Flaw, IssuerSettings, KeyBinding, KeySource, Method, NameKind, Pattern,
    Principal, Refusal, Via,
};
use doorward_vocab::{Assurance, Digest};
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType, date_time_ymd};
use rustls_pki_types::CertificateDer;
use serde_json::json;

#[test]
fn an_svid_is_an_agent_bound_to_its_key() {
    let (ca, other) = (Ca::new("corp"), Ca::new("other"));
    let below = ca.below("corp, below");
    let door = door_of(vec![
        domain("corp.example", bundle(&[&ca], &[]), &[]),
        domain("other.example", bundle(&[&other], &[]), &[]),
    ]);
    for (leaf, chain) in [(ca.agent(), vec![]), (below.agent(), vec![below.der()])] {
        let connection = Connection::of(&std::iter::once(&leaf).chain(&chain).collect::<Vec<_>>());
        let p: Principal = connection.ask(&door, None, now()).unwrap().get().clone();
        assert_eq!((&*p.agent.id, &*p.agent.name), (AGENT, "agent/triage"));
        assert_eq!(p.agent.issuer.as_deref(), Some("spiffe://corp.example"));
        assert_eq!((p.via, p.assurance, p.human.is_none()), (Via::Certificate, Assurance::KeyBound, true));
        assert_eq!(
            (p.attestation.method, p.attestation.key),
            (Method::X509Svid, Some(KeyBinding::X5t(connection.leaf)))
        );
        assert_eq!(p.expires, Some(at(END)));
        // The same connection later: its end is looked at for each request.
        assert!(connection.ask(&door, None, at(END - 1)).is_ok());
        let over = connection.ask(&door, None, at(END + 1)).unwrap_err();
        assert_eq!(over, Refusal::Certificate(CertificateFlaw::Time));
    }
    assert!(door.issuers().is_empty(), "nobody can ask a trust domain for a token");
}

type Row = (&'static str, Vec<CertificateDer<'static>>, CertificateFlaw);

/// What must not be an agent of `corp.example`, each with why.
fn rows(ca: &Ca, other: &Ca) -> Vec<Row> {
    use CertificateFlaw::*;
    let leaf = |uris: &[&str]| vec![ca.leaf(uris, |_| {})];
    let foreign = Ca::new("corp");
    let below_other = other.below("below");
    let mut good = ca.agent().to_vec();
    let flip = good.len() - 5;
    good[flip] ^= 1;
    let mut tail = ca.agent().to_vec();
    tail.push(0);
    vec![
        ("an authority of another domain", vec![other.agent()], Path),
        ("another domain's authority between", vec![below_other.agent(), below_other.der()], Path),
        ("a stranger's authority", vec![foreign.agent()], Path),
        ("a stranger's authority, shown", vec![foreign.agent(), foreign.der()], Path),
        ("a stranger's authority, and ours shown", vec![foreign.agent(), ca.der()], Path),
        ("two names", leaf(&[AGENT, "spiffe://corp.example/agent/admin"]), Names),
        ("the same name twice", leaf(&[AGENT, AGENT]), Names),
        ("a name of another kind beside it", leaf(&[AGENT, "https://corp.example"]), Names),
        ("no name", leaf(&[]), Names),
        ("a name that is no id", leaf(&["https://corp.example/agent/triage"]), Names),
        ("an id in another case", leaf(&["spiffe://Corp.example/agent/triage"]), Names),
        ("an id with a port", leaf(&["spiffe://corp.example:443/agent/triage"]), Names),
        ("an id with a user", leaf(&["spiffe://corp.example@evil.example/agent/triage"]), Names),
        ("an id that climbs", leaf(&["spiffe://corp.example/agent/../admin"]), Names),
        ("an id with a query", leaf(&["spiffe://corp.example/agent/triage?admin"]), Names),
        ("an id with an escape", leaf(&["spiffe://corp.example/agent/%74riage"]), Names),
        ("the id of the domain", leaf(&["spiffe://corp.example"]), Names),
        ("an id that ends in a slash", leaf(&["spiffe://corp.example/"]), Names),
        ("a domain that nobody trusts", leaf(&["spiffe://evil.example/agent/triage"]), Domain),
        ("a domain below ours", leaf(&["spiffe://a.corp.example/agent/triage"]), Domain),
        ("another domain that is trusted, signed by us", leaf(&["spiffe://other.example/agent/triage"]), Path),
        (
            "an authority as a leaf",
            vec![ca.leaf(&[AGENT], |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))],
            Authority,
        ),
        ("the authority itself", vec![ca.der()], Authority),
        (
            "a key that signs certificates",
            vec![ca.leaf(&[AGENT], |p| p.key_usages.push(KeyUsagePurpose::KeyCertSign))],
            KeyUsage,
        ),
        (
            "a key that signs lists of revoked ones",
            vec![ca.leaf(&[AGENT], |p| p.key_usages.push(KeyUsagePurpose::CrlSign))],
            KeyUsage,
        ),
        (
            "a key that may not sign",
            vec![ca.leaf(&[AGENT], |p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment])],
            KeyUsage,
        ),
        (
            "for servers alone",
            vec![ca.leaf(&[AGENT], |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])],
            Path,
        ),
        (
            "for signing code",
            vec![ca.leaf(&[AGENT], |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning])],
            Path,
        ),
        (
            "over",
            vec![ca.leaf(&[AGENT], |p| {
                p.not_before = date_time_ymd(2027, 1, 1);
                p.not_after = date_time_ymd(2027, 1, 14);
            })],
            Time,
        ),
        (
            "not yet",
            vec![ca.leaf(&[AGENT], |p| {
                p.not_before = date_time_ymd(2027, 1, 16);
                p.not_after = date_time_ymd(2027, 1, 17);
            })],
            Time,
        ),
        ("a changed signature", vec![good.into()], Path),
        ("a tail", vec![tail.into()], Form),
        ("no certificate", vec![vec![0x30, 0x03, 0x02, 0x01, 0x01].into()], Form),
        ("nothing", vec![Vec::new().into()], Form),
    ]
}

#[test]
fn certificates_that_must_not_do() {
    let (ca, other) = (Ca::new("corp"), Ca::new("other"));
    let door = door_of(vec![
        domain("corp.example", bundle(&[&ca], &[]), &[]),
        domain("other.example", bundle(&[&other], &[]), &[]),
    ]);
    let good = Connection::of(&[&ca.agent()]);
    assert!(good.ask(&door, None, now()).is_ok(), "the base is good");
    for (name, chain, flaw) in rows(&ca, &other) {
        let connection = Connection::of(&chain.iter().collect::<Vec<_>>());
        for _ in 0..2 {
            let refusal = connection.ask(&door, None, now()).unwrap_err();
            assert_eq!(refusal, Refusal::Certificate(flaw), "{name}");
            assert_eq!(refusal.answer(None, None).status, 401, "{name}");
        }
    }
}

#[test]
fn names_may_be_fewer_than_the_domain_has() {
    let ca = Ca::new("corp");
    let names = [Pattern::Glob("spiffe://corp.example/agent/*".parse().unwrap())];
    let door = door_of(vec![domain("corp.example", bundle(&[&ca], &[]), &names)]);
    assert!(Connection::of(&[&ca.agent()]).ask(&door, None, now()).is_ok());
    for other in
        ["spiffe://corp.example/db/triage", "spiffe://corp.example/agent/triage/x", "spiffe://corp.example/agent"]
    {
        let connection = Connection::of(&[&ca.leaf(&[other], |_| {})]);
        assert_eq!(
            connection.ask(&door, None, now()).unwrap_err(),
            Refusal::Certificate(CertificateFlaw::Subject),
            "{other}"
        );
    }
}

#[test]
fn bundles_are_asked_for_and_turn() {
    let (old, new) = (Ca::new("old"), Ca::new("new"));
    let unpinned = IssuerSettings {
        audiences: Box::new([AUDIENCE.into()]),
        keys: KeySource::File(std::path::Path::new("/bundle.json").into()),
        ..IssuerSettings::trust_domain("corp.example", Box::default()).unwrap()
    };
    let door = door_of(vec![unpinned]);
    let name = "spiffe://corp.example";
    let (before, after) = (Connection::of(&[&old.agent()]), Connection::of(&[&new.agent()]));
    assert_eq!(before.ask(&door, None, at(0)).unwrap_err(), Refusal::KeysNeeded { issuer: name.into() });
    door.learn(name, &bundle(&[&old], &[]), at(0)).unwrap();
    assert!(before.ask(&door, None, at(1)).is_ok());
    assert_eq!(
        after.ask(&door, None, at(1)).unwrap_err(),
        Refusal::Certificate(CertificateFlaw::Path),
        "too early to ask"
    );
    assert_eq!(door.due(at(30)).len(), 0);
    assert_eq!(door.due(at(61)).len(), 1, "a file is looked at each minute");
    door.learn(name, &bundle(&[&old, &new], &[]), at(61)).unwrap();
    assert!(before.ask(&door, None, at(62)).is_ok() && after.ask(&door, None, at(62)).is_ok());
    door.learn(name, &bundle(&[&new], &[]), at(63)).unwrap();
    let gone = before.ask(&door, None, at(64)).unwrap_err();
    assert!(matches!(gone, Refusal::Certificate(CertificateFlaw::Path) | Refusal::KeysNeeded { .. }), "{gone}");
    assert!(after.ask(&door, None, at(64)).is_ok());
    door.missed(name);
    assert!(after.ask(&door, None, at(63 + 3600)).is_ok(), "an hour without its file");
    let stale = after.ask(&door, None, at(63 + 3661)).unwrap_err();
    assert_eq!(stale, Refusal::KeysNeeded { issuer: name.into() });
    for bad in [
        &b"{}"[..],
        b"",
        b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n",
        br#"{"keys":[{"use":"x509-svid"}]}"#,
    ] {
        assert!(door.learn(name, bad, at(5000)).is_err());
    }
    let pem = new.0.pem();
    door.learn(name, pem.as_bytes(), at(5000)).unwrap();
    assert!(after.ask(&door, None, at(5001)).is_ok());
}

#[test]
fn another_authority_names_agents_by_its_own_kind() {
    let (ca, mesh) = (Ca::new("devices"), Ca::new("mesh"));
    let rule = |kind| CertificateRule { kind, names: Box::new([Pattern::Exact("triage.agents.example".into())]) };
    let entry = |kind| IssuerSettings {
        keys: KeySource::Pinned(ca.0.pem().into_bytes().into()),
        ..IssuerSettings::authority("devices", rule(kind))
    };
    let door = door_of(vec![entry(NameKind::Dns), domain("corp.example", bundle(&[&mesh], &[]), &[])]);
    let dns = |name: &str| ca.leaf(&[], |p| p.subject_alt_names.push(SanType::DnsName(name.try_into().unwrap())));
    let p = Connection::of(&[&dns("triage.agents.example")]).ask(&door, None, now()).unwrap();
    assert_eq!((&*p.agent.id, p.agent.issuer.as_deref()), ("triage.agents.example", Some("devices")));
    assert_eq!(p.attestation.method, Method::Mtls);
    let refused = |leaf: CertificateDer<'static>| Connection::of(&[&leaf]).ask(&door, None, now()).unwrap_err();
    assert_eq!(refused(dns("other.agents.example")), Refusal::Certificate(CertificateFlaw::Subject));
    assert_eq!(refused(ca.agent()), Refusal::Certificate(CertificateFlaw::Path), "not for the names of a trust domain");
    assert!(Connection::of(&[&mesh.agent()]).ask(&door, None, now()).is_ok());
    let named = claiming(json!({"iss":"devices"}));
    assert_eq!(ask(&door, &named, now()).unwrap_err(), Refusal::Invalid(Flaw::Issuer), "it signs no tokens");
}

#[test]
fn a_certificate_and_a_token_are_an_agent_and_its_human() {
    let ca = Ca::new("corp");
    let door = door_of(vec![domain("corp.example", bundle(&[&ca], &[]), &[]), issuer()]);
    let connection = Connection::of(&[&ca.agent()]);
    let ask = |change| connection.ask(&door, Some(&claiming(change)), now());
    let p: Principal = ask(json!({"scope":"read","txn":"c-1"})).unwrap().get().clone();
    assert_eq!((&*p.agent.id, &*p.human.as_ref().unwrap().id), (AGENT, "u-1"));
    assert_eq!((p.via, p.assurance), (Via::CertificateAndToken, Assurance::PlatformToken), "the weaker of both");
    assert_eq!(p.attestation.assurance, Assurance::KeyBound);
    let delegation = p.delegation().unwrap();
    assert_eq!((&*delegation.agent.id, delegation.key), (AGENT, Some(KeyBinding::X5t(connection.leaf))));
    assert_eq!((p.expires, p.conversation_hint.unwrap().as_str()), (Some(at(300)), "c-1"));
    let alone = connection.ask(&door, None, now()).unwrap();
    assert!(alone.key != p.key && alone.delegations.is_empty());

    let x5t = |c: &Connection| json!({"cnf":{"x5t#S256":b64(c.leaf.as_bytes())}});
    let bound = ask(x5t(&connection)).unwrap();
    assert_eq!(bound.assurance, Assurance::KeyBound, "now both are bound");
    let other = Connection::of(&[&ca.agent()]);
    assert_eq!(ask(x5t(&other)).unwrap_err(), Refusal::Invalid(Flaw::ProofMissing), "stolen by another agent");
    assert!(ask(json!({"act":{"sub":AGENT}})).is_ok());
    assert!(ask(json!({"act":{"sub":AGENT,"iss":"spiffe://corp.example"}})).is_ok());
    assert!(ask(json!({"may_act":{"sub":AGENT}})).is_ok());
    for change in [
        json!({"act":{"sub":"spiffe://corp.example/agent/other"}}),
        json!({"act":{"sub":AGENT,"iss":"spiffe://other.example"}}),
        json!({"act":{"sub":"spiffe://corp.example/agent/other","act":{"sub":AGENT}}}),
        json!({"may_act":{"sub":"spiffe://corp.example/agent/other"}}),
        json!({"act":{"sub":AGENT},"may_act":{"sub":"x"}}),
        json!({"sub":"agent-1"}),
    ] {
        assert_eq!(ask(change.clone()).unwrap_err(), Refusal::Invalid(Flaw::OtherAgent), "{change}");
    }
    // A bad part spoils the whole.
    assert_eq!(ask(json!({"exp":NOW - 100})).unwrap_err(), Refusal::Expired);
    let bad = Connection::of(&[&Ca::new("corp").agent()]);
    let refusal = bad.ask(&door, Some(&claiming(json!({}))), now()).unwrap_err();
    assert_eq!(refusal, Refusal::Certificate(CertificateFlaw::Path));
    let key_alone = bad.ask(&door, Some(&claiming(x5t(&bad))), now()).unwrap();
    assert_eq!(
        (&*key_alone.agent.id, key_alone.assurance),
        ("agent-1", Assurance::KeyBound),
        "a key that names nobody"
    );
}

#[test]
fn a_token_is_bound_to_a_certificate_without_anybody_who_vouches() {
    let (door, leaf) = (own_door(issuer()), Ca::new("own").agent());
    let connection = Connection::of(&[&leaf]);
    let token = claiming(json!({"cnf":{"x5t#S256":b64(Digest::of(&leaf).as_bytes())}}));
    let who = connection.ask(&door, Some(&token), now()).unwrap();
    assert_eq!((who.assurance, &*who.agent.id), (Assurance::KeyBound, "agent-1"));
    assert_eq!(ask(&door, &token, now()).unwrap_err(), Refusal::Invalid(Flaw::ProofMissing));
    let other = Connection::of(&[&Ca::new("own").agent()]);
    assert_eq!(other.ask(&door, Some(&token), now()).unwrap_err(), Refusal::Invalid(Flaw::ProofMissing));
    assert!(
        other.ask(&door, Some(&claiming(json!({}))), now()).is_ok(),
        "where none are judged, one more says nothing"
    );
}
