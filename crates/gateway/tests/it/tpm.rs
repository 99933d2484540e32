//! Quotes of a TPM in software, asked for with the tools that everyone uses.

use doorward_identity::attest::tpm::{AttestationKey, Challenge, Registers, TpmError, endorsement, verify};
use doorward_testkit::peers::identity::SwTpm;
use doorward_vocab::{Assurance, Clock as _, Digest, Timestamp};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use std::fs;

const NONCE: &[u8] = b"0123456789abcdef0123456789abcdef";

fn key(tpm: &SwTpm) -> AttestationKey {
    tpm.tool(&["tpm2_readpublic", "-c", "ak.ctx", "-o", "ak.tss", "-f", "tss"]).unwrap();
    AttestationKey::read(&fs::read(tpm.file("ak.tss")).unwrap()).unwrap()
}

fn extended(with: &[u8; 32]) -> Digest {
    Digest::of(&[&[0; 32], &with[..]].concat())
}

#[test]
fn a_quote_says_what_a_machine_measured() {
    if !SwTpm::installed("a quote").unwrap() {
        return;
    }
    let (tpm, other) = (SwTpm::start().unwrap(), SwTpm::start().unwrap());
    let ak = key(&tpm);
    assert_eq!(ak.name, tpm.attestation_key().unwrap().name);
    let registers: Registers = [(0, Digest::from_bytes([0; 32])), (7, Digest::from_bytes([0; 32]))].into();
    let check = |message: &[u8], signature: &[u8], nonce: &[u8], registers: &Registers| {
        verify(&ak, message, signature, nonce, registers, Timestamp::default())
    };
    let quote = tpm.quote(NONCE, &[0, 7]).unwrap();
    let good = check(&quote.message, &quote.signature, NONCE, &registers).unwrap();
    assert_eq!((good.assurance, good.measured.len()), (Assurance::Hardware, 2));
    // Another question; one that anybody could have asked before.
    let old = b"fedcba9876543210fedcba9876543210";
    assert_eq!(check(&quote.message, &quote.signature, old, &registers), Err(TpmError::Nonce));
    let short = tpm.quote(b"short", &[0, 7]).unwrap();
    assert_eq!(check(&short.message, &short.signature, b"short", &registers), Err(TpmError::Nonce));
    // Fewer registers than asked for, none, or other values.
    let fewer = tpm.quote(NONCE, &[0]).unwrap();
    assert_eq!(check(&fewer.message, &fewer.signature, NONCE, &registers), Err(TpmError::Registers));
    assert_eq!(check(&quote.message, &quote.signature, NONCE, &Registers::new()), Err(TpmError::Registers));
    tpm.extend(7, &[9; 32]).unwrap();
    let changed = tpm.quote(NONCE, &[0, 7]).unwrap();
    assert_eq!(check(&changed.message, &changed.signature, NONCE, &registers), Err(TpmError::Registers));
    let now: Registers = [(0, Digest::from_bytes([0; 32])), (7, extended(&[9; 32]))].into();
    assert!(check(&changed.message, &changed.signature, NONCE, &now).is_ok());
    // Every single bit of what was signed, and the quote of another machine.
    for at in 0..quote.message.len() {
        let mut edited = quote.message.clone();
        edited[at] ^= 1;
        assert_eq!(check(&edited, &quote.signature, NONCE, &registers), Err(TpmError::Signature));
    }
    let foreign = other.quote(NONCE, &[0, 7]).unwrap();
    assert_eq!(check(&foreign.message, &foreign.signature, NONCE, &registers), Err(TpmError::Signature));
    // A key that may sign anything, or may leave its TPM, proves nothing.
    let public = fs::read(tpm.file("ak.tss")).unwrap();
    for (at, bit) in [(7, 1 << 0), (9, 1 << 1), (9, 1 << 4)] {
        let mut weak = public.clone();
        weak[at] ^= bit;
        assert_eq!(AttestationKey::read(&weak), Err(TpmError::Key), "byte {at}");
    }
    for end in 0..public.len() {
        assert!(AttestationKey::read(&public[..end]).is_err());
    }
}

#[test]
fn only_the_tpm_that_holds_the_key_reads_the_challenge() {
    if !SwTpm::installed("a challenge").unwrap() {
        return;
    }
    let (tpm, other) = (SwTpm::start().unwrap(), SwTpm::start().unwrap());
    let ak = key(&tpm);
    let now = doorward_store::SystemClock.now();
    let certificate = tpm.endorsement_certificate().unwrap();
    let authorities = |tpm: &SwTpm| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(tpm.authority().unwrap().as_bytes()).map(Result::unwrap).collect()
    };
    let ours = authorities(&tpm);
    let public = endorsement(&certificate, &ours[1..], &ours[..1], now).unwrap();
    let theirs = authorities(&other);
    assert_eq!(endorsement(&certificate, &theirs[1..], &theirs[..1], now), Err(TpmError::Endorsement));

    let secret = [7; 32];
    let challenge = Challenge::new(&public, &ak.name, &secret, &[3; 32]).unwrap();
    assert_eq!(tpm.answer(&challenge.to_file()).unwrap(), secret);
    // For another TPM, and for a key that this one does not hold.
    assert!(other.answer(&challenge.to_file()).is_err());
    let foreign = Challenge::new(&public, &key(&other).name, &secret, &[3; 32]).unwrap();
    assert!(tpm.answer(&foreign.to_file()).is_err());
    assert_eq!(Challenge::new(&public[1..], &ak.name, &secret, &[3; 32]), Err(TpmError::Endorsement));
}
