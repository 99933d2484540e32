//! A software TPM: quotes judged by aws-lc, keys proved by the activation of a credential.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey},
};
use doorward_testkit::peers::identity::{AttestationKey, Quote, SwTpm};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, pem::PemObject};

/// The signature of a quote holds for this key, and the nonce and the digest of the registers are in it.
fn holds(quote: &Quote, key: &AttestationKey, nonce: &[u8], registers: &[u8]) -> bool {
    let spki = SubjectPublicKeyInfoDer::from_pem_slice(key.public.as_bytes()).unwrap();
    // The last 65 bytes of a P-256 SubjectPublicKeyInfo are the point.
    let point = &spki[spki.len() - 65..];
    let signed =
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&quote.message, &quote.signature).is_ok();
    let has = |bytes: &[u8]| quote.message.windows(bytes.len()).any(|window| window == bytes);
    // TPMS_ATTEST starts with TPM_GENERATED_VALUE, which the TPM puts under nothing that it did not make itself.
    signed && quote.message.starts_with(b"\xffTCG") && has(nonce) && has(digest(&SHA256, registers).as_ref())
}

#[test]
fn a_quote_is_signed_and_tells_a_changed_register_from_an_old_nonce() {
    if !SwTpm::installed("a TPM").unwrap() {
        return;
    }
    let tpm = SwTpm::start().unwrap();
    let key = tpm.attestation_key().unwrap();
    let zeros = [0; 64];
    let quote = tpm.quote(b"nonce-01", &[15, 16]).unwrap();
    assert!(holds(&quote, &key, b"nonce-01", &zeros));
    assert!(!holds(&quote, &key, b"nonce-02", &zeros));
    let broken = Quote { message: [&quote.message[..], b"x"].concat(), ..quote };
    assert!(!holds(&broken, &key, b"nonce-01", &zeros));

    tpm.extend(16, &[7; 32]).unwrap();
    let changed = tpm.quote(b"nonce-03", &[15, 16]).unwrap();
    assert!(!holds(&changed, &key, b"nonce-03", &zeros));
    let extended = digest(&SHA256, &[[0; 32], [7; 32]].concat());
    assert!(holds(&changed, &key, b"nonce-03", &[&[0; 32], extended.as_ref()].concat()));
}

#[test]
fn a_credential_opens_in_the_tpm_that_holds_the_key_and_in_no_other() {
    if !SwTpm::installed("a TPM").unwrap() {
        return;
    }
    let (tpm, other) = (SwTpm::start().unwrap(), SwTpm::start().unwrap());
    let name = tpm.attestation_key().unwrap().name;
    let challenge = tpm.challenge(&name, b"a secret").unwrap();
    assert_eq!(tpm.answer(&challenge).unwrap(), b"a secret");
    assert!(other.answer(&challenge).is_err());
    let for_other_key = tpm.challenge(&other.attestation_key().unwrap().name, b"a secret").unwrap();
    assert!(tpm.answer(&for_other_key).is_err());
    // Two machines come from two makers here.
    assert_ne!(tpm.authority().unwrap(), other.authority().unwrap());
    let roots = tpm.authority().unwrap();
    assert_eq!(CertificateDer::pem_slice_iter(roots.as_bytes()).count(), 2);
    // The certificate is for the key that opened the challenge: TPM2B_PUBLIC ends with the modulus.
    let key = std::fs::read(tpm.file("ek.pub")).unwrap();
    let modulus = &key[key.len() - 256..];
    let certificate = tpm.endorsement_certificate().unwrap();
    assert!(certificate.windows(256).any(|window| window == modulus));
}
