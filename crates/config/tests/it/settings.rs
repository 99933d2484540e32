use doorward_config::{Durability, Keys, Known, Network, Seal, SecretRef, Settings, Slot, TrustKind, Upstream};
use doorward_vocab::{Effect, Effects, Integrity, Mode};
use std::time::Duration;

fn settings(text: &str) -> Settings {
    Settings::parse("doorward.toml", text, &Known::default()).map_err(|report| report.to_string()).unwrap().settings
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(settings(""), Settings::default_for_loopback());
    assert_eq!(settings("# only this\n").digest(), Settings::default_for_loopback().digest());
}

#[test]
fn the_digest_is_of_what_is_meant() {
    let short = settings("[limits]\nheader_timeout = \"2m\"");
    assert_eq!(short.digest(), settings("level='guard'\n[limits]\nheader_timeout='120s' # the same").digest());
    assert_ne!(short.digest(), settings("").digest());
}

#[test]
fn a_byte_order_mark_and_windows_line_breaks_are_no_mistake() {
    assert_eq!(settings("\u{feff}level = 'watch'\r\n[limits]\r\ndepth = 3\r\n").limits.depth, 3);
}

#[test]
fn modes_follow_level_file_and_server() {
    assert_eq!(settings("level = 'watch'").mode, Mode::Observe);
    let s = settings(
        "mode = 'observe'\n[[server]]\nname='a'\ncommand=['x']\n[[server]]\nname='b'\ncommand=['x']\nmode='enforce'",
    );
    let modes: Vec<_> = s.servers.iter().map(|server| s.mode_of(server)).collect();
    assert_eq!(modes, [Mode::Observe, Mode::Enforce]);
}

#[test]
fn the_most_specific_effect_speaks() {
    let s = settings(
        "[[server]]\nname='a'\ncommand=['x']\neffects={ '*'='read', 'delete_*'='delete', 'delete_draft'=['update','send'] }",
    );
    let effects = |tool| s.servers[0].effects_of(tool);
    assert_eq!(effects("list"), Some(Effects::just(Effect::Read)));
    assert_eq!(effects("delete_all"), Some(Effects::just(Effect::Delete)));
    assert_eq!(effects("delete_draft"), Some(Effects::just(Effect::Update).with(Effect::Send)));
}

#[test]
fn names_that_anybody_may_own_are_public() {
    for (url, network) in [
        ("https://mcp.example.com/mcp", Network::Public),
        ("https://crm.internal/mcp", Network::Private),
        ("http://localhost:3000/mcp", Network::Private),
        ("http://10.0.0.7/mcp", Network::Private),
        ("https://8.8.8.8/mcp", Network::Public),
        ("http://[::1]:80/mcp", Network::Private),
        ("http://sidecar:8080/mcp", Network::Private),
    ] {
        let s = settings(&format!("[[server]]\nname='a'\nurl='{url}'"));
        let Upstream::Http { network: found, .. } = &s.servers[0].upstream else { panic!("{url}") };
        assert_eq!(*found, network, "{url}");
    }
}

#[test]
fn a_whole_deployment() {
    let s = settings(include_str!("whole.toml"));
    assert_eq!(s.store.durability, Durability::Strict);
    assert_eq!(s.limits.upstream_timeout, Duration::from_secs(300));
    assert_eq!(s.servers[1].label.integrity, Integrity::Trusted);
    assert!(matches!(&s.credentials[0].slot, Slot::Header { name, scheme: None } if name == "x-api-key"));
    let TrustKind::Oidc(oidc) = &s.trust[0].kind else { panic!() };
    assert_eq!((oidc.issuer.as_str(), &oidc.tokens.keys), ("https://idp.example.com", &Keys::Discover));
    assert_eq!(oidc.claims.agent, ["azp"]);
    let held = &s.delegations[0];
    assert_eq!((held.amount, held.sinks, held.depth), (Some(10_000), Some(5), 1));
    assert_eq!(held.expires.unwrap().to_string(), "2027-01-31T00:00:00.000000Z");
    assert_eq!(held.tools[0].1, "read_file");
    assert_eq!(s.assurance.values().copied().map(u8::from).collect::<Vec<_>>(), [3]);
    assert_eq!(u8::from(s.servers[1].assurance[0].floor), 4);
}

#[test]
fn the_outer_key_is_in_one_place() {
    let seal = |text: &str| settings(&format!("[store]\nseal = {text}")).store.seal.unwrap();
    assert_eq!(seal("{ file = '/x/seal.key' }"), Seal::File("/x/seal.key".into()));
    assert_eq!(seal("{ fd = 3 }"), Seal::Fd(3));
    assert_eq!(seal("{ tpm = {} }"), Seal::Tpm { device: "/dev/tpmrm0".into(), pcrs: vec![] });
    assert_eq!(
        seal("{ tpm = { device = '/x', pcrs = [0, 23] } }"),
        Seal::Tpm { device: "/x".into(), pcrs: vec![0, 23] }
    );
    let pin = SecretRef::Env("PIN".into());
    let token = Seal::Pkcs11 { module: "/m.so".into(), token: "t".into(), label: "doorward".into(), pin };
    assert_eq!(seal("{ pkcs11 = { module = '/m.so', token = 't', pin = { env = 'PIN' } } }"), token);
    assert_eq!(settings("").store.seal, None);
    for wrong in [
        "{}",
        "3",
        "{ fd = 2 }",
        "{ fd = 3, file = 'x' }",
        "{ vault = 'x' }",
        "{ tpm = { pcrs = [24] } }",
        "{ tpm = { pcrs = ['7'] } }",
        "{ pkcs11 = { module = '/m.so', token = 't', pin = '1234' } }",
        "{ pkcs11 = { token = 't', pin = { env = 'PIN' } } }",
    ] {
        let text = format!("[store]\nseal = {wrong}");
        assert!(Settings::parse("doorward.toml", &text, &Known::default()).is_err(), "{wrong}");
    }
}

#[test]
fn variables_that_hold_secrets_are_known() {
    let text = "
        [[server]]
        name = 'a'
        command = ['x']
        env = { A = { env = 'FIRST' }, B = 'plain', C = { file = '/x' } }
        inherit_env = ['GITHUB_TOKEN', 'LANG', 'PATH', 'TERM']
        [store]
        seal = { pkcs11 = { module = '/m.so', token = 't', pin = { env = 'PIN' } } }";
    let loaded = Settings::parse("doorward.toml", text, &Known::default()).unwrap();
    assert_eq!(loaded.variables.into_iter().collect::<Vec<_>>(), ["FIRST", "GITHUB_TOKEN", "PIN"]);
}
