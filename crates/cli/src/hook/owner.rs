//! Whose the port is. A gateway that was killed leaves its address behind, and any account of this machine may take the port:
//! the credential of hosts is shown to nobody but this user, and root.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Another account that listens at `address`, by its id; none where the kernel does not say.
pub(super) fn stranger(address: SocketAddr) -> Option<u32> {
    let own = rustix::process::getuid().as_raw();
    // proc_net_tcp: sockets of this network namespace.
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listeners(&table, address).find(|uid| *uid != own && *uid != 0))
}

/// Who listens at `address`, or at its port of all addresses.
fn listeners(table: &str, address: SocketAddr) -> impl Iterator<Item = u32> {
    table.lines().skip(1).filter_map(move |line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, state, uid) = (fields.next()?, fields.nth(1)?, fields.nth(3)?);
        let (ip, port) = local.split_once(':')?;
        let (ip, port) = (read(ip)?, u16::from_str_radix(port, 16).ok()?);
        let here = ip.is_unspecified() || ip.to_canonical() == address.ip().to_canonical();
        (state == LISTEN && port == address.port() && here).then(|| uid.parse().ok())?
    })
}

const LISTEN: &str = "0A";

/// An address as the kernel writes it: words of four bytes, each in the order of this machine.
fn read(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let bytes = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
            Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    #[cfg(target_endian = "little")]
    fn rows_of_the_kernel_are_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            \x20  0: 0100007F:2253 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 1 1 0 100 0\n\
            \x20  1: 0100007F:2253 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1002        0 2 1 0 100 0\n\
            \x20  2: 00000000:2254 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1003        0 3 1 0 100 0\n\
            \x20  3: 0200007F:2253 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1004        0 4 1 0 100 0\n";
        let of = |table: &str, address: &str| listeners(table, address.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(of(table, "127.0.0.1:8787"), [1001]);
        assert_eq!(of(table, "127.0.0.1:8788"), [1003]);
        assert_eq!(of(table, "127.0.0.1:8789"), [] as [u32; 0]);
        let six = "head\n 0: 00000000000000000000000001000000:2253 00000000000000000000000000000000:0000 0A \
            00000000:00000000 00:00000000 00000000  1005        0 5 1 0\n";
        assert_eq!(of(six, "[::1]:8787"), [1005]);
        assert_eq!(of(six, "127.0.0.1:8787"), [] as [u32; 0]);
        assert_eq!(of("head\nno row\n", "127.0.0.1:8787"), [] as [u32; 0]);
    }

    #[test]
    fn a_listener_of_ours_is_no_stranger() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        assert_eq!(listeners(&table, address).collect::<Vec<_>>(), [rustix::process::getuid().as_raw()]);
        assert_eq!(stranger(address), None);
    }
}
