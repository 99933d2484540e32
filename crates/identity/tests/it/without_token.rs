use crate::forge::*;
use doorward_identity::{Authenticator, Presented, Refusal, Settings, SettingsError, Via};
use doorward_vocab::{Assurance, Secret, ServerName};

const HOST: &str = "host-token-of-at-least-thirty-two-bytes";

fn settings() -> Settings {
    Settings {
        issuers: vec![issuer()],
        anonymous: vec!["docs".parse().unwrap()],
        local_user: Some("ada".into()),
        host_token: Some(Secret::new(HOST.to_owned())),
        ..Settings::default()
    }
}

#[test]
fn who_comes_without_a_credential() {
    let door = Authenticator::new(settings()).unwrap();
    let (docs, files): (ServerName, ServerName) = ("docs".parse().unwrap(), "files".parse().unwrap());
    let ask = |loopback, server| door.authenticate(Presented { loopback, server, ..Presented::default() }, now());

    let here = ask(true, None).unwrap();
    assert_eq!((here.via, here.assurance, &*here.agent.id), (Via::LocalUser, Assurance::LocalProcess, "local"));
    assert_eq!(&*here.human.as_ref().unwrap().id, "ada");
    assert!(!here.may_open_turns());

    let anybody = ask(false, Some(&docs)).unwrap();
    assert_eq!((anybody.via, anybody.assurance, &anybody.human), (Via::Anonymous, Assurance::Asserted, &None));
    assert_ne!(anybody.key, here.key);
    assert_eq!(ask(false, Some(&files)), Err(Refusal::Missing));
    assert_eq!(ask(false, None), Err(Refusal::Missing), "the endpoint of all servers is of no named server");
}

#[test]
fn only_the_host_opens_turns_and_only_from_here() {
    let door = Authenticator::new(settings()).unwrap();
    let ask = |token: &str, loopback| {
        let header = format!("Bearer {token}");
        door.authenticate(Presented { authorization: Some(&header), loopback, ..Presented::default() }, now())
    };
    let host = ask(HOST, true).unwrap();
    assert_eq!((host.via, host.may_open_turns()), (Via::HostToken, true));
    assert_eq!(&*host.human.as_ref().unwrap().id, "ada");
    for (token, loopback) in [(HOST, false), (&HOST[1..], true), ("", true), ("x", true)] {
        assert!(ask(token, loopback).is_err(), "{token} {loopback}");
    }
}

#[test]
fn a_bad_credential_is_not_forgiven() {
    let door = Authenticator::new(settings()).unwrap();
    let docs: ServerName = "docs".parse().unwrap();
    let bad =
        Presented { authorization: Some("Bearer x.y.z"), loopback: true, server: Some(&docs), ..Presented::default() };
    assert!(door.authenticate(bad, now()).is_err());
}

#[test]
fn a_short_host_token_is_refused() {
    let short = Settings { host_token: Some(Secret::new("short".to_owned())), ..settings() };
    assert_eq!(Authenticator::new(short).err(), Some(SettingsError::HostToken));
}
