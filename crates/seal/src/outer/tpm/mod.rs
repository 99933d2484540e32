//! Data keys sealed to a TPM 2.0: objects that only this TPM unseals, below a primary key of its owner hierarchy, and where
//! registers are named, only while those hold what they held. Seven commands of TPM 2.0 part 3 are spoken, over the device
//! itself: a library for all of them would be the largest dependency of this crate.

mod device;
mod wire;

use super::{OuterError, OuterId};
use device::Device;
use doorward_vocab::Secret;
use std::path::PathBuf;
use wire::{Authorization, Sealed};

/// Which TPM, and what must hold for it to unseal.
#[derive(Debug)]
pub struct Tpm {
    /// A device with a resource manager, such as `/dev/tpmrm0`, or the socket of a TPM in software.
    pub device: PathBuf,
    /// Registers of the SHA-256 bank, 0 to 23, that must hold what they held when a key was sealed.
    pub pcrs: Vec<u8>,
}

impl Tpm {
    /// Seals `key` under the primary key that is derived from the TPM's own seed and `id`.
    pub(super) fn wrap(&self, id: OuterId, key: &Secret<[u8; 32]>) -> Result<Vec<u8>, OuterError> {
        let mut device = self.open()?;
        let sealed = device.with_primary(id.bytes(), |device, primary| {
            let policy = if self.pcrs.is_empty() { None } else { Some(device.policy_digest(&self.pcrs)?) };
            key.reveal(|key| device.create(primary, key, policy.as_deref()))
        });
        Ok(sealed.map_err(|error| self.failed(&error))?.encode(&self.pcrs))
    }

    pub(super) fn unwrap(&self, id: OuterId, wrapped: &[u8]) -> Result<Secret<[u8; 32]>, OuterError> {
        let changed = || OuterError::Changed(format!("the TPM at `{}`", self.device.display()));
        // The registers are those of the time when it was sealed, whatever is asked for now.
        let (pcrs, sealed) = Sealed::decode(wrapped).ok_or_else(changed)?;
        let mut device = self.open()?;
        let opened = device.with_primary(id.bytes(), |device, primary| {
            let item = device.load(primary, &sealed)?;
            let unsealed = if pcrs.is_empty() {
                device.unseal(item, Authorization::Empty)
            } else {
                device.policy(&pcrs).and_then(|session| device.unseal(item, Authorization::Policy(session)))
            };
            device.flush(item)?;
            unsealed
        });
        let plain = opened.map_err(|error| self.failed(&error))?;
        <[u8; 32]>::try_from(plain.as_slice()).map(Secret::new).map_err(|_| changed())
    }

    fn open(&self) -> Result<Device, OuterError> {
        Device::open(&self.device).map_err(|error| self.failed(&error.into()))
    }

    fn failed(&self, error: &wire::TpmError) -> OuterError {
        OuterError::Tpm { device: self.device.clone(), why: error.to_string() }
    }
}

/// Whether this was sealed by a TPM.
pub(super) fn is_sealed(wrapped: &[u8]) -> bool {
    Sealed::decode(wrapped).is_some()
}
