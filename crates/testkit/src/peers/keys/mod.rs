//! Devices that hold keys, in software: what a gateway wraps its own keys with.
//!
//! | value | what really runs |
//! |---|---|
//! | [`SoftHsm`] | SoftHSM 2, a token behind PKCS#11 |
//! | [`TpmSocket`] | `swtpm` behind a Unix socket: a TPM 2.0 without a resource manager |

mod softhsm;
mod tpm;

pub use softhsm::SoftHsm;
pub use tpm::TpmSocket;
