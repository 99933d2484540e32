use super::{
    Egress, EgressRefusal, EgressSettings, Fixed, Origin,
    Reach::{self, Loopback, Never, Private, Public},
    TlsRoots,
    Trust::{self, Configured, ConfiguredPrivate, Discovered, DiscoveredOrLoopback},
    admit_scheme, reach,
};
use crate::LinkError;
use std::{collections::HashMap, sync::Arc};
use url::Url;

#[test]
fn every_address_has_its_reach() {
    let table: &[(&str, Reach)] = &[
        ("1.1.1.1", Public),
        ("8.8.8.8", Public),
        ("9.255.255.255", Public),
        ("11.0.0.0", Public),
        ("100.63.255.255", Public),
        ("100.128.0.0", Public),
        ("172.15.255.255", Public),
        ("172.32.0.0", Public),
        ("192.167.255.255", Public),
        ("223.255.255.255", Public),
        ("127.0.0.1", Loopback),
        ("127.255.255.254", Loopback),
        ("10.0.0.1", Private),
        ("10.255.255.255", Private),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("192.168.0.1", Private),
        ("100.64.0.1", Private),
        ("100.127.255.255", Private),
        ("0.0.0.0", Never),
        ("0.1.2.3", Never),
        ("169.254.169.254", Never),
        ("169.254.170.2", Never),
        ("169.254.0.1", Never),
        ("100.100.100.200", Never),
        ("168.63.129.16", Never),
        ("192.0.0.192", Never),
        ("192.0.2.1", Never),
        ("192.88.99.1", Never),
        ("198.18.0.1", Never),
        ("198.19.255.255", Never),
        ("198.51.100.1", Never),
        ("203.0.113.1", Never),
        ("224.0.0.1", Never),
        ("239.255.255.250", Never),
        ("240.0.0.1", Never),
        ("255.255.255.255", Never),
        ("2606:4700:4700::1111", Public),
        ("2a00:1450:4001:81b::200e", Public),
        ("::1", Loopback),
        ("::ffff:127.0.0.1", Loopback),
        ("::ffff:7f00:1", Loopback),
        ("::ffff:10.0.0.1", Private),
        ("::ffff:8.8.8.8", Public),
        ("::ffff:169.254.169.254", Never),
        ("::ffff:0.0.0.0", Never),
        ("fc00::1", Private),
        ("fd12:3456:789a::1", Private),
        ("fd00:ec2::254", Never),
        ("fd20:ce::254", Never),
        ("::", Never),
        ("::127.0.0.1", Never),
        ("::2", Never),
        ("::ffff:0:127.0.0.1", Never),
        ("fe80::1", Never),
        ("febf::1", Never),
        ("fec0::1", Never),
        ("ff02::1", Never),
        ("100::1", Never),
        ("64:ff9b::8.8.8.8", Public),
        ("64:ff9b::127.0.0.1", Never),
        ("64:ff9b::10.0.0.1", Never),
        ("64:ff9b::169.254.169.254", Never),
        ("64:ff9b:1::8.8.8.8", Never),
        ("2002:7f00:1::", Never),
        ("2002:a00:1::1", Never),
        ("2002:808:808::1", Never),
        ("2001::1", Never),
        ("2001:10::1", Never),
        ("2001:20::1", Never),
        ("2001:db8::1", Never),
        ("3fff::1", Never),
        ("5f00::1", Never),
        ("4000::1", Never),
    ];
    for (text, expected) in table {
        assert_eq!(reach(text.parse().unwrap()), *expected, "{text}");
    }
    assert!(table.len() >= 60);
}

/// What a name at `addresses` gives under `trust`: nothing where it may be contacted.
fn refusal(url: &str, trust: Trust, addresses: &[&str]) -> Option<EgressRefusal> {
    let origin = Origin::of(&Url::parse(url).unwrap()).unwrap();
    if let Err(refusal) = admit_scheme(trust, &origin) {
        return Some(refusal);
    }
    let table = HashMap::from([(origin.host().to_owned(), addresses.iter().map(|a| a.parse().unwrap()).collect())]);
    let egress = Egress::new(TlsRoots::none(), EgressSettings::default()).with_resolver(Arc::new(Fixed(table)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    match runtime.block_on(egress.addresses(&origin, trust)) {
        Ok(_) => None,
        Err(LinkError::Egress(refusal)) => Some(refusal),
        Err(other) => panic!("{url}: {other}"),
    }
}

#[test]
fn what_the_operator_wrote_is_reached_as_written() {
    for literal in [
        "http://127.0.0.1:9000/mcp",
        "http://localhost:9000/mcp",
        "http://[::1]:9000/mcp",
        "http://10.1.2.3/mcp",
        "https://192.168.1.9/mcp",
        "http://[fd12::9]/mcp",
    ] {
        assert_eq!(refusal(literal, Configured, &[]), None, "{literal}");
    }
    assert_eq!(refusal("https://crm.example.com/mcp", Configured, &["93.184.216.34"]), None);
    assert!(matches!(
        refusal("https://crm.internal/mcp", Configured, &["10.0.0.7"]),
        Some(EgressRefusal::Private { reach: Private, .. })
    ));
    assert!(matches!(
        refusal("https://rebound.example.com/mcp", Configured, &["127.0.0.1"]),
        Some(EgressRefusal::Private { reach: Loopback, .. })
    ));
    assert_eq!(refusal("https://crm.internal/mcp", ConfiguredPrivate, &["10.0.0.7"]), None);
}

#[test]
fn one_bad_address_condemns_a_name() {
    let both = ["93.184.216.34", "10.0.0.7"];
    assert!(refusal("https://mixed.example.com/", Configured, &both).is_some());
    assert!(refusal("https://mixed.example.com/", Discovered, &both).is_some());
}

#[test]
fn nobody_reaches_a_metadata_service() {
    for trust in [Configured, ConfiguredPrivate, Discovered, DiscoveredOrLoopback] {
        for url in ["https://169.254.169.254/latest", "https://[fd00:ec2::254]/", "https://[::ffff:a9fe:a9fe]/"] {
            assert!(matches!(refusal(url, trust, &[]), Some(EgressRefusal::Never { .. })), "{url} {trust:?}");
        }
        let bound = refusal("https://rebind.example.com/", trust, &["169.254.169.254"]);
        assert!(matches!(bound, Some(EgressRefusal::Never { .. })), "{trust:?}");
    }
}

#[test]
fn what_was_discovered_is_public_and_encrypted() {
    assert_eq!(refusal("https://idp.example.com/keys", Discovered, &["93.184.216.34"]), None);
    for (url, addresses) in [
        ("http://idp.example.com/keys", &["93.184.216.34"][..]),
        ("https://idp.example.com/keys", &["10.0.0.1"]),
        ("https://idp.example.com/keys", &["::ffff:127.0.0.1"]),
        ("https://idp.example.com/keys", &["fd12::1"]),
        ("https://localhost/keys", &[]),
        ("https://app.localhost/keys", &[]),
        ("https://127.0.0.1/keys", &[]),
        ("http://127.0.0.1/keys", &[]),
    ] {
        assert!(refusal(url, Discovered, addresses).is_some(), "{url} {addresses:?}");
    }
    assert_eq!(refusal("http://127.0.0.1:9000/keys", DiscoveredOrLoopback, &[]), None);
    assert_eq!(refusal("http://localhost:9000/keys", DiscoveredOrLoopback, &[]), None);
    assert!(refusal("https://idp.example.com/", DiscoveredOrLoopback, &["127.0.0.1"]).is_some());
    assert!(refusal("https://10.0.0.1/", DiscoveredOrLoopback, &[]).is_some());
}

/// Every way to write an address that a URL parser understands is that address.
#[test]
fn spellings_of_an_address_do_not_hide_it() {
    for spelled in [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://%31%32%37.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:7f00:1]/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://x.localhost/",
    ] {
        let refused = refusal(spelled, Discovered, &["93.184.216.34"]);
        assert!(matches!(refused, Some(EgressRefusal::NotPublic { reach: Loopback, .. })), "{spelled}: {refused:?}");
    }
}

#[test]
fn urls_without_an_origin_are_refused() {
    for url in
        ["ftp://x/", "file:///etc/passwd", "data:text/plain,x", "unix:/run/x", "https://user@x/", "https://:pw@x/"]
    {
        assert!(Origin::of(&Url::parse(url).unwrap()).is_err(), "{url}");
    }
    let origin = Origin::of(&Url::parse("https://[2001:DB8::1]:8443/x").unwrap()).unwrap();
    assert_eq!((origin.authority().as_str(), origin.port()), ("[2001:db8::1]:8443", 8443));
    assert_eq!(Origin::of(&Url::parse("http://Example.com:80/x").unwrap()).unwrap().to_string(), "http://example.com");
}
