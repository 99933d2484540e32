use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Who can be behind an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Anybody on the Internet.
    Public,
    /// This machine.
    Loopback,
    /// The network that the gateway is in.
    Private,
    /// No server: metadata services, link-local, multicast, reserved, and ranges that wrap another address.
    Never,
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Loopback => "this machine",
            Self::Private => "a private address",
            Self::Never => "reserved",
        })
    }
}

/// Who can be behind `address`. An IPv4 address inside an IPv6 one counts as that IPv4 address.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

/// The first range that holds the address wins. Ranges: the IANA special-purpose registries (RFC 6890 and updates), and
/// the addresses at which clouds serve instance credentials.
const V4: &[([u8; 4], u8, Reach)] = &[
    ([0, 0, 0, 0], 8, Reach::Never),
    ([100, 100, 100, 200], 32, Reach::Never),
    ([192, 0, 0, 0], 24, Reach::Never),
    ([192, 0, 2, 0], 24, Reach::Never),
    ([192, 88, 99, 0], 24, Reach::Never),
    ([198, 18, 0, 0], 15, Reach::Never),
    ([198, 51, 100, 0], 24, Reach::Never),
    ([203, 0, 113, 0], 24, Reach::Never),
    ([169, 254, 0, 0], 16, Reach::Never),
    ([168, 63, 129, 16], 32, Reach::Never),
    ([224, 0, 0, 0], 3, Reach::Never),
    ([127, 0, 0, 0], 8, Reach::Loopback),
    ([10, 0, 0, 0], 8, Reach::Private),
    ([100, 64, 0, 0], 10, Reach::Private),
    ([172, 16, 0, 0], 12, Reach::Private),
    ([192, 168, 0, 0], 16, Reach::Private),
];

const V6: &[([u16; 8], u8, Reach)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Reach::Loopback),
    ([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254], 128, Reach::Never),
    ([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254], 128, Reach::Never),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Reach::Private),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Reach::Never),
    ([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32, Reach::Never),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Reach::Never),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Reach::Never),
    // RFC 4291 §2.4: global unicast is given out of 2000::/3 only; everything else is special.
    ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, Reach::Public),
];

fn reach_v4(address: Ipv4Addr) -> Reach {
    let given = address.to_bits();
    let hit = V4.iter().find(|([a, b, c, d], bits, _)| {
        let base = Ipv4Addr::new(*a, *b, *c, *d).to_bits();
        (given ^ base).leading_zeros() >= u32::from(*bits)
    });
    hit.map_or(Reach::Public, |(_, _, reach)| *reach)
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    match address.segments() {
        // RFC 4291 §2.5.5.2: IPv4-mapped. The socket really talks IPv4.
        [0, 0, 0, 0, 0, 0xffff, high, low] => reach_v4(embedded(high, low)),
        // RFC 6052: the NAT64 prefix leads to the IPv4 Internet, so it is as public as what it wraps; a private address in
        // it is somebody's trick.
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => match reach_v4(embedded(high, low)) {
            Reach::Public => Reach::Public,
            _ => Reach::Never,
        },
        _ => {
            let given = address.to_bits();
            let hit = V6.iter().find(|(base, bits, _)| {
                let base = Ipv6Addr::from(*base).to_bits();
                (given ^ base).leading_zeros() >= u32::from(*bits)
            });
            hit.map_or(Reach::Never, |(_, _, reach)| *reach)
        }
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}
