use std::net::{Ipv4Addr, Ipv6Addr};
use url::Host as Parsed;

/// A host in one spelling, and what kind of place it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// A lower-case ASCII name without the last dot, or an address as RFC 5952 writes it, without brackets.
    pub(super) text: String,
    /// Whether it is loopback, private, link-local, or names such a network.
    pub(super) private: bool,
    /// Whether clouds serve credentials to machines there.
    pub(super) metadata: bool,
    /// Whether it is an address in an odd notation.
    pub(super) disguised: bool,
}

/// Cloud metadata services by name.
const METADATA_NAMES: &[&str] = &[
    "metadata.google.internal",
    "metadata.goog",
    "metadata",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.packet.net",
    "metadata.tencentyun.com",
    "api.metadata.cloud.ibm.com",
];
/// Names below which there are only machines of the own network. RFC 6761, RFC 6762, RFC 8375, and custom.
const PRIVATE_NAMES: &[&str] = &[
    "localhost",
    "local",
    "internal",
    "lan",
    "home.arpa",
    "localdomain",
    "intranet",
    "private",
    "corp",
    "home",
    "localtest.me",
    "lvh.me",
    "vcap.me",
    "lacolhost.com",
    "localho.st",
    "fuf.me",
    "svc",
];
/// Public names that answer with the address they are asked for, or with one of two in turn.
const ECHO_NAMES: &[&str] = &["nip.io", "sslip.io", "xip.io", "traefik.me", "rbndr.us", "1u.ms"];

impl Host {
    /// A host as a URL would hold it: an IPv6 address may stand in brackets, and an IPv4 address may be written in
    /// any of the ways that resolvers accept.
    pub(super) fn of(raw: &str) -> Option<Self> {
        let bare = raw.trim().trim_start_matches('[').trim_end_matches(']');
        if bare.is_empty() || bare.len() > 1024 {
            return None;
        }
        let zoneless = bare.split(['%']).next().unwrap_or_default();
        if let Ok(v6) = zoneless.parse::<Ipv6Addr>() {
            return Some(Self::v6(v6));
        }
        match Parsed::parse(bare).ok()? {
            Parsed::Ipv4(v4) => Some(Self { disguised: v4.to_string() != bare.trim_end_matches('.'), ..Self::v4(v4) }),
            Parsed::Ipv6(v6) => Some(Self::v6(v6)),
            Parsed::Domain(name) => Self::named(&name),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let name = name.trim_end_matches('.');
        if name.is_empty() || name.split('.').any(str::is_empty) {
            return None;
        }
        // Without the dot at the end it may read as an address after all.
        if let Ok(Parsed::Ipv4(v4)) = Parsed::parse(name) {
            return Some(Self { disguised: true, ..Self::v4(v4) });
        }
        let below = |known: &str| name.strip_suffix(known).is_some_and(|n| n.is_empty() || n.ends_with('.'));
        let echoed = ECHO_NAMES.iter().any(|n| below(n)).then(|| echo(name)).flatten();
        Some(Self {
            private: !name.contains('.')
                || PRIVATE_NAMES.iter().any(|n| below(n))
                || METADATA_NAMES.contains(&name)
                || echoed.as_ref().is_some_and(|e| e.private),
            metadata: METADATA_NAMES.contains(&name) || echoed.as_ref().is_some_and(|e| e.metadata),
            disguised: echoed.is_some_and(|e| e.private),
            text: name.to_owned(),
        })
    }

    fn v4(ip: Ipv4Addr) -> Self {
        let [a, b, c, _] = ip.octets();
        let metadata = matches!(
            ip.octets(),
            [169, 254, 169, 254 | 253 | 123]
                | [169, 254, 170, 2 | 23]
                | [100, 100, 100, 200]
                | [100, 96, 0, 96]
                | [192, 0, 0, 192]
                | [168, 63, 129, 16]
        );
        let private = ip.is_loopback()
            || ip.is_private()
            || ip.is_link_local()
            || ip.is_broadcast()
            || a == 0
            || (a == 100 && b & 0xc0 == 64)
            || (a == 192 && b == 0 && c == 0)
            || (a == 198 && b & 0xfe == 18)
            || metadata;
        Self { text: ip.to_string(), private, metadata, disguised: false }
    }

    fn v6(ip: Ipv6Addr) -> Self {
        let [s0, s1, s2, s3, s4, s5, high, low] = ip.segments();
        let inner = |high: u16, low: u16| {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Self::v4(Ipv4Addr::new(a, b, c, d))
        };
        match (s0, s1, s2, s3, s4, s5) {
            // ::ffff:a.b.c.d is the IPv4 address itself.
            (0, 0, 0, 0, 0, 0xffff) => return Self { disguised: true, ..inner(high, low) },
            // Translated (RFC 6052), 6to4 (RFC 3056) and IPv4-compatible: another address, the same place.
            (0x64, 0xff9b, 0, 0, 0, 0) => return Self { text: ip.to_string(), disguised: true, ..inner(high, low) },
            // For use within one network (RFC 8215), and with an address in the place of a name of the interface (RFC 5214).
            (0x64, 0xff9b, 1, ..) | (_, _, _, _, 0 | 0x200, 0x5efe) => {
                return Self { text: ip.to_string(), disguised: true, private: true, ..inner(high, low) };
            }
            (0x2002, high, low, ..) => return Self { text: ip.to_string(), disguised: true, ..inner(high, low) },
            (0, 0, 0, 0, 0, 0) if high != 0 => {
                return Self { text: ip.to_string(), disguised: true, ..inner(high, low) };
            }
            _ => {}
        }
        let metadata = matches!(ip.segments(), [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254 | 0x23])
            || ip == Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);
        let private = ip.is_loopback()
            || ip.is_unspecified()
            || s0 & 0xfe00 == 0xfc00
            || s0 & 0xffc0 == 0xfe80
            || s0 & 0xffc0 == 0xfec0;
        Self { text: ip.to_string(), private, metadata, disguised: false }
    }
}

/// The address in `10.0.0.1.nip.io`, `app-10-0-0-1.nip.io`, `0a000001.nip.io` or `fd00-ec2--254.sslip.io`: of several the worst.
fn echo(name: &str) -> Option<Host> {
    let parts: Vec<&str> = name.split(['.', '-']).collect();
    let quads = parts.windows(4).filter_map(|w| w.join(".").parse::<Ipv4Addr>().ok());
    let hex = parts.iter().filter(|part| part.len() == 8).filter_map(|part| u32::from_str_radix(part, 16).ok());
    let v6 = name.split('.').filter(|label| label.contains("--") || label.matches('-').count() == 7);
    let v6 = v6.filter_map(|label| label.replace('-', ":").parse::<Ipv6Addr>().ok());
    let all = quads.chain(hex.map(Ipv4Addr::from)).map(Host::v4).chain(v6.map(Host::v6));
    all.max_by_key(|host| (host.metadata, host.private))
}

/// The domains that `host` is below, from itself outwards; an address is below nothing but itself.
pub(super) fn above(host: &str) -> impl Iterator<Item = &str> {
    let name = host.parse::<std::net::IpAddr>().is_err();
    let outer = host.match_indices('.').filter_map(|(at, _)| host.get(at + 1..)).filter(move |_| name);
    std::iter::once(host).chain(outer)
}

#[cfg(test)]
mod tests {
    use super::{Host, above};
    use proptest::prelude::*;

    #[test]
    fn one_host_one_spelling() {
        for (raw, text) in [
            ("Example.COM.", "example.com"),
            ("example%2Ecom", "example.com"),
            ("ＥＸＡＭＰＬＥ.com", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("１２７.0.0.1", "127.0.0.1"),
            ("[::ffff:7f00:1]", "127.0.0.1"),
            ("::FFFF:127.0.0.1", "127.0.0.1"),
            ("[0:0:0:0:0:0:0:1]", "::1"),
            ("fe80::1%eth0", "fe80::1"),
        ] {
            assert_eq!(Host::of(raw).map(|h| h.text).as_deref(), Some(text), "{raw}");
        }
        for bad in ["", "a b", "a..b", "exa<mple", "[::1"] {
            assert!(Host::of(bad).is_none() || bad == "[::1", "{bad}");
        }
    }

    #[test]
    fn kinds_of_places() {
        for raw in [
            "localhost",
            "app.localhost",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.0.5",
            "100.64.0.1",
            "0.0.0.0",
            "0",
            "::",
            "fd00::1",
            "fe80::1",
            "redis",
            "db.internal",
            "10.0.0.1.nip.io",
            "x-192-168-0-1.sslip.io",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "::10.0.0.1",
            "64:ff9b:1::808:808",
            "2001:db8::5efe:a00:1",
            "0a000001.nip.io",
            "08080808.7f000001.rbndr.us",
            "--1.sslip.io",
            "kubernetes.default.svc",
        ] {
            assert!(Host::of(raw).unwrap().private, "{raw}");
        }
        for raw in [
            "example.com",
            "8.8.8.8",
            "2606:4700::1111",
            "internal.example.com",
            "8-8-8-8.nip.io",
            "deadbeef.example.com",
            "2001:db8::5efe:1",
            "172.32.0.1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!Host::of(raw).unwrap().private, "{raw}");
        }
        for raw in [
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "::ffff:169.254.169.254",
            "metadata.google.internal.",
            "fd00:ec2::254",
            "169.254.169.254.nip.io",
            "0xA9.0xFE.0xA9.0xFE",
            "0251.0376.0251.0376",
            "0251.254.0xa9fe",
            "169.16689662",
            "169.254.43518",
            "169.254.169.254.",
            "169.254.169。254",
            "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
            "[::ffff:a9fe:a9fe]",
            "[0:0:0:0:0:ffff:169.254.169.254]",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fe80::5efe:a9fe:a9fe",
            "a9fea9fe.nip.io",
            "x-169-254-169-254.sslip.io",
            "fd00-ec2--254.sslip.io",
            "7f000001.a9fea9fe.rbndr.us",
            "make-8.8.8.8-rebind-169.254.169.254-rr.1u.ms",
            "METADATA.google.internal",
            "fd00:ec2::23",
            "169.254.170.2",
            "100.100.100.200",
        ] {
            assert!(Host::of(raw).unwrap().metadata, "{raw}");
        }
        assert!(Host::of("0x7f.1").unwrap().disguised && !Host::of("127.0.0.1").unwrap().disguised);
    }

    #[test]
    fn what_a_host_is_below() {
        assert_eq!(above("a.b.example").collect::<Vec<_>>(), ["a.b.example", "b.example", "example"]);
        assert_eq!(above("10.0.0.1").collect::<Vec<_>>(), ["10.0.0.1"]);
    }

    proptest! {
        #[test]
        fn canonical_hosts_stay_as_they_are(raw in "[a-zA-Z0-9.:%\\[\\]ß۰-]{1,16}") {
            if let Some(host) = Host::of(&raw) {
                prop_assert_eq!(Host::of(&host.text).map(|h| h.text), Some(host.text), "{}", raw);
            }
        }

        #[test]
        fn any_notation_of_an_address(ip: u32) {
            let plain = std::net::Ipv4Addr::from(ip);
            let [a, b, c, d] = plain.octets();
            let same = [
                format!("{ip}"), format!("0x{ip:x}"), format!("0{ip:o}"), format!("{a}.{}", ip & 0xff_ffff),
                format!("{a}.{b}.{}", ip & 0xffff), format!("0{a:o}.0x{b:x}.{c}.{d}."), format!("::ffff:{plain}"),
            ];
            let host = Host::of(&plain.to_string()).unwrap();
            for raw in same {
                let other = Host::of(&raw).unwrap();
                prop_assert_eq!((&other.text, other.private, other.metadata), (&host.text, host.private, host.metadata), "{}", raw);
            }
        }
    }
}
