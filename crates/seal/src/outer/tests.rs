use super::*;
use crate::{Keyring, SealError, turn, turn_outer};
use doorward_testkit::peers::keys::TpmSocket;
use doorward_vocab::Timestamp;
use std::{
    io::Write,
    os::{fd::AsRawFd, unix::fs::PermissionsExt},
    path::Path,
};

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn tpm(device: &TpmSocket, pcrs: &[u8]) -> Outer {
    Outer::open(Source::Tpm(Tpm { device: device.path(), pcrs: pcrs.to_vec() })).unwrap()
}

fn key(state: &Path, outer: Outer) -> Result<Vec<u8>, SealError> {
    Keyring::open(state, outer, at(0))?.current(|_, key| key.to_vec())
}

#[test]
fn a_tpm_keeps_the_outer_key() {
    if !TpmSocket::installed("keys under a TPM").unwrap() {
        return;
    }
    let (device, other) = (TpmSocket::start().unwrap(), TpmSocket::start().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let made = key(dir.path(), tpm(&device, &[])).unwrap();
    assert_eq!(key(dir.path(), tpm(&device, &[])).unwrap(), made);
    let said = key(dir.path(), tpm(&other, &[])).unwrap_err().to_string();
    assert!(said.contains("another TPM"), "{said}");

    let outer = tpm(&device, &[]);
    turn(dir.path(), &outer, |_| 1, at(10)).unwrap();
    let current = key(dir.path(), tpm(&device, &[])).unwrap();
    assert_ne!(current, made);
    turn_outer(dir.path(), &outer, None).unwrap();
    assert_eq!(key(dir.path(), tpm(&device, &[])).unwrap(), current);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "a ring and a lock, and no key");
}

#[test]
fn a_key_that_is_bound_to_registers_opens_while_they_hold() {
    if !TpmSocket::installed("keys bound to registers of a TPM").unwrap() {
        return;
    }
    let device = TpmSocket::start().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let made = key(dir.path(), tpm(&device, &[7, 16])).unwrap();
    device.extend(15, &[1; 32]).unwrap();
    // The registers are those of the time of sealing, whatever the configuration says later.
    assert_eq!(key(dir.path(), tpm(&device, &[])).unwrap(), made);
    device.extend(16, &[1; 32]).unwrap();
    for pcrs in [&[7, 16][..], &[]] {
        let said = key(dir.path(), tpm(&device, pcrs)).unwrap_err().to_string();
        assert!(said.contains("registers"), "{said}");
    }
}

/// Twenty refusals leave no session and no object behind: a TPM without a resource manager has room for three.
#[test]
fn nothing_stays_in_the_tpm() {
    if !TpmSocket::installed("what stays in a TPM").unwrap() {
        return;
    }
    let device = TpmSocket::start().unwrap();
    let dir = tempfile::tempdir().unwrap();
    key(dir.path(), tpm(&device, &[16])).unwrap();
    device.extend(16, &[1; 32]).unwrap();
    for _ in 0..20 {
        let said = key(dir.path(), tpm(&device, &[16])).unwrap_err().to_string();
        assert!(said.contains("registers"), "{said}");
    }
}

/// A descriptor that an exec leaves open, with `bytes` to read. Whoever reads the key closes it.
fn handed_over(bytes: &[u8]) -> u32 {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(bytes).unwrap();
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty()).unwrap();
    u32::try_from(std::mem::ManuallyDrop::new(reader).as_raw_fd()).unwrap()
}

#[test]
fn a_descriptor_is_read_once_and_closed() {
    let dir = tempfile::tempdir().unwrap();
    let number = handed_over(&[5; 32]);
    let outer = Outer::open(Source::Descriptor(number)).unwrap();
    // The number may stand for something of our own by now, which is no key.
    assert!(matches!(Outer::open(Source::Descriptor(number)), Err(OuterError::Descriptor { .. })));
    let made = key(dir.path(), outer).unwrap();

    let path = dir.path().join("same.key");
    std::fs::write(&path, [5; 32]).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(key(dir.path(), Outer::open(Source::File(path)).unwrap()).unwrap(), made);
}

#[test]
fn what_is_no_key_is_refused() {
    for bytes in [&b""[..], &[1; 31], &[1; 33]] {
        assert!(matches!(Outer::open(Source::Descriptor(handed_over(bytes))), Err(OuterError::Length(_))));
    }
    assert!(Outer::open(Source::Descriptor(handed_over(&[1; 32]))).is_ok());
}
