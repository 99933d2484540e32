//! The one place where outbound sockets are made.
//!
//! Whoever can make the gateway connect somewhere borrows its place in the network (server-side request forgery). So
//! every destination says [how far it is trusted](Trust), every address that its name resolves to is checked, and the
//! connection goes to a checked address: the name is not resolved again. Proxies named by the environment are ignored,
//! and redirects are never followed.

mod address;
mod connect;
mod origin;
mod peer;
mod resolve;
mod roots;

pub use address::{Reach, reach};
pub use connect::{Connection, Egress, EgressSettings};
pub use origin::{Origin, OriginError, Scheme};
pub use peer::{PeerRules, PeerShown, Vet};
pub use resolve::{Addresses, Fixed, Resolve, System};
pub use roots::{RootsError, TlsRoots};

use std::net::IpAddr;

/// How far a destination is trusted: who chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// The operator wrote it down. Plain HTTP is allowed. Loopback and private addresses are allowed only where the
    /// operator wrote the address itself, or `localhost`.
    Configured,
    /// The operator wrote it down and said that its name may resolve to private addresses.
    ConfiguredPrivate,
    /// It was found in somebody's metadata: HTTPS and public addresses only.
    Discovered,
    /// The same, on a gateway that serves loopback only, where the rest of the set-up may be on loopback too.
    DiscoveredOrLoopback,
}

/// Why a connection is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressRefusal {
    /// A discovered destination must be HTTPS.
    #[error("`{0}` was discovered, so it must be https")]
    PlainText(Box<str>),
    /// A name resolves to an address that it may not have.
    #[error("`{host}` resolves to {address}, which is {reach}; set `allow_private = true` if that is meant")]
    Private {
        /// The name.
        host: Box<str>,
        /// The address.
        address: IpAddr,
        /// What kind of address that is.
        reach: Reach,
    },
    /// A discovered destination is not public.
    #[error("`{host}` was discovered, and {address} is {reach}, not public")]
    NotPublic {
        /// The name.
        host: Box<str>,
        /// The address.
        address: IpAddr,
        /// What kind of address that is.
        reach: Reach,
    },
    /// An address at which no server may be: metadata services, multicast, reserved ranges.
    #[error("`{host}` is at {address}, where no server can be")]
    Never {
        /// The name.
        host: Box<str>,
        /// The address.
        address: IpAddr,
    },
}

/// Whether `origin` may be contacted at `address`.
pub fn admit(trust: Trust, origin: &Origin, address: IpAddr) -> Result<(), EgressRefusal> {
    let host = || origin.host().into();
    let reach = reach(address);
    match (trust, reach) {
        (_, Reach::Never) => Err(EgressRefusal::Never { host: host(), address }),
        (_, Reach::Public) | (Trust::ConfiguredPrivate, _) => Ok(()),
        (Trust::Configured, _) if origin.is_literal() => Ok(()),
        (Trust::Configured, _) => Err(EgressRefusal::Private { host: host(), address, reach }),
        (Trust::DiscoveredOrLoopback, Reach::Loopback) if origin.is_literal() => Ok(()),
        (Trust::Discovered | Trust::DiscoveredOrLoopback, _) => {
            Err(EgressRefusal::NotPublic { host: host(), address, reach })
        }
    }
}

/// Whether `origin` may be contacted by its scheme.
pub fn admit_scheme(trust: Trust, origin: &Origin) -> Result<(), EgressRefusal> {
    match (trust, origin.scheme()) {
        (Trust::Configured | Trust::ConfiguredPrivate, _) | (_, Scheme::Https) => Ok(()),
        (Trust::DiscoveredOrLoopback, Scheme::Http) if origin.is_loopback_literal() => Ok(()),
        (_, Scheme::Http) => Err(EgressRefusal::PlainText(origin.to_string().into())),
    }
}

#[cfg(test)]
mod tests;
