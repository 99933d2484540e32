//! The test server and the peers, against each other and without a gateway: what a gateway test may rely on.

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod peers;
