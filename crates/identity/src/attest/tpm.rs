//! Quotes of a TPM 2.0: what a machine measured while it started, signed by a key that never leaves its chip (TPM 2.0
//! Library, Part 2, §10.12 and Part 3, `TPM2_Quote`).
//!
//! A quote alone proves nothing: its key must be shown to live in a TPM that somebody vouches for. That is the
//! [`Challenge`]: a secret that only the chip with this endorsement key can read, and only if it holds the key of this name.

use super::{Attestation, Method};
use aws_lc_rs::{
    cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey},
    hmac,
    iv::FixedLength,
    rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey},
    signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey},
};
use doorward_vocab::{Assurance, Digest, Timestamp};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use webpki::{EndEntityCert, KeyUsage};

/// Why a quote proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TpmError {
    /// A structure is not what it should be.
    #[error("a structure of the TPM cannot be read")]
    Form,
    /// The key may sign what did not come out of the TPM, or could have come from elsewhere.
    #[error("the key is not restricted to its TPM")]
    Key,
    /// The signature does not hold.
    #[error("the signature of the quote does not hold")]
    Signature,
    /// It answers another question.
    #[error("the quote is not about this nonce")]
    Nonce,
    /// The machine measured something else.
    #[error("the registers are not what they must be")]
    Registers,
    /// The endorsement key cannot be used.
    #[error("the endorsement key cannot be used")]
    Endorsement,
    /// Nobody enrolled the machine.
    #[error("this machine is not enrolled")]
    Unknown,
}

/// The public half of a key that signs quotes, as its TPM describes it (`TPMT_PUBLIC`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationKey {
    point: Vec<u8>,
    /// The name that the TPM knows it by: the algorithm and the digest of its description (Part 1, §16).
    pub name: Vec<u8>,
}

/// Reads big-endian structures; every step says whether there was enough.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], TpmError> {
        let (head, rest) = self.0.split_at_checked(n).ok_or(TpmError::Form)?;
        self.0 = rest;
        Ok(head)
    }
    fn number<const N: usize>(&mut self) -> Result<u64, TpmError> {
        Ok(self.take(N)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }
    /// Bytes with their length before them (`TPM2B_…`).
    fn sized(&mut self) -> Result<&'a [u8], TpmError> {
        let size = usize::try_from(self.number::<2>()?).map_err(|_| TpmError::Form)?;
        self.take(size)
    }
    fn end(&self) -> Result<(), TpmError> {
        if self.0.is_empty() { Ok(()) } else { Err(TpmError::Form) }
    }
}

const ECC: u64 = 0x0023;
const SHA256: u64 = 0x000b;
const NULL: u64 = 0x0010;
const ECDSA: u64 = 0x0018;
const NIST_P256: u64 = 0x0003;
/// `fixedTPM`, `fixedParent`, `sensitiveDataOrigin`, `restricted`, `sign` (Part 2, §8.3).
const MUST: u64 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 16 | 1 << 18;
/// `decrypt`.
const MUST_NOT: u64 = 1 << 17;

impl AttestationKey {
    /// Reads a description with its length before it (`TPM2B_PUBLIC`): ECDSA over P-256 with SHA-256, made in the TPM and
    /// never to leave it, that signs nothing but what the TPM itself says.
    ///
    /// # Errors
    /// [`TpmError::Form`] or [`TpmError::Key`].
    pub fn read(public: &[u8]) -> Result<Self, TpmError> {
        let mut outer = Reader(public);
        let described = outer.sized()?;
        outer.end()?;
        let mut r = Reader(described);
        if r.number::<2>()? != ECC || r.number::<2>()? != SHA256 {
            return Err(TpmError::Key);
        }
        let attributes = r.number::<4>()?;
        if attributes & MUST != MUST || attributes & MUST_NOT != 0 {
            return Err(TpmError::Key);
        }
        r.sized()?;
        let usual = [NULL, ECDSA, SHA256, NIST_P256, NULL];
        for expected in usual {
            if r.number::<2>()? != expected {
                return Err(TpmError::Key);
            }
        }
        let (x, y) = (r.sized()?, r.sized()?);
        r.end()?;
        if x.len() != 32 || y.len() != 32 {
            return Err(TpmError::Form);
        }
        let point = [&[4], x, y].concat();
        let name = [&[0, 0x0b][..], Digest::of(described).as_bytes()].concat();
        Ok(Self { point, name })
    }
}

/// What a quote says (`TPMS_ATTEST` of a `TPM2_Quote`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The question that it answers.
    pub nonce: Vec<u8>,
    /// The registers of the SHA-256 bank that it is about, in order.
    pub registers: Vec<u8>,
    /// The digest over their values.
    pub digest: Vec<u8>,
    /// How often the TPM was reset, and restarted since.
    pub resets: (u64, u64),
}

impl Quote {
    /// Reads what was signed. Nothing of it is believed yet.
    ///
    /// # Errors
    /// [`TpmError::Form`].
    pub fn read(message: &[u8]) -> Result<Self, TpmError> {
        let mut r = Reader(message);
        // TPM_GENERATED_VALUE: what others have signed by the key cannot begin like it; TPM_ST_ATTEST_QUOTE.
        if r.number::<4>()? != 0xff54_4347 || r.number::<2>()? != 0x8018 {
            return Err(TpmError::Form);
        }
        r.sized()?;
        let nonce = r.sized()?.to_vec();
        r.take(8)?;
        let resets = (r.number::<4>()?, r.number::<4>()?);
        r.take(1 + 8)?;
        if r.number::<4>()? != 1 || r.number::<2>()? != SHA256 {
            return Err(TpmError::Form);
        }
        let size = usize::try_from(r.number::<1>()?).map_err(|_| TpmError::Form)?;
        let bits = r.take(size)?;
        let of = |at: usize, byte: u8| (0..8u8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| (at, bit));
        let registers = bits.iter().enumerate().flat_map(|(at, byte)| of(at, *byte));
        let registers = registers.map(|(at, bit)| u8::try_from(at * 8).map(|at| at + bit).map_err(|_| TpmError::Form));
        let registers = registers.collect::<Result<_, _>>()?;
        let digest = r.sized()?.to_vec();
        r.end()?;
        Ok(Self { nonce, registers, digest, resets })
    }
}

/// What a machine must have measured: the registers and their values.
pub type Registers = BTreeMap<u8, Digest>;

/// Checks a quote: that `key` signed it, that it answers `nonce`, and that the registers are as they must be. That the key lives
/// in a known TPM must have been shown by a [`Challenge`] for its name.
///
/// # Errors
/// [`TpmError`].
pub fn verify(
    key: &AttestationKey,
    message: &[u8],
    signature: &[u8],
    nonce: &[u8],
    registers: &Registers,
    at: Timestamp,
) -> Result<Attestation, TpmError> {
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point);
    public.verify(message, signature).map_err(|_| TpmError::Signature)?;
    let quote = Quote::read(message)?;
    if nonce.len() < 16 || quote.nonce != nonce {
        return Err(TpmError::Nonce);
    }
    let values: Vec<u8> = registers.values().flat_map(|v| *v.as_bytes()).collect();
    let same = registers.keys().copied().eq(quote.registers.iter().copied());
    if registers.is_empty() || !same || quote.digest != Digest::of(&values).as_bytes() {
        return Err(TpmError::Registers);
    }
    let named = |(pcr, value): (&u8, &Digest)| (Arc::from(format!("pcr{pcr}")), Arc::from(value.to_string()));
    let name: String = key.name.iter().map(|b| format!("{b:02x}")).collect();
    Ok(Attestation {
        subject: name.into(),
        method: Method::Tpm,
        assurance: Assurance::Hardware,
        issuer: None,
        evidence: Digest::of(message),
        measured: registers.iter().map(named).collect(),
        posture: BTreeMap::from([("resets".into(), quote.resets.0.to_string().into())]),
        key: None,
        at,
        expires: None,
    })
}

/// The public key (`SubjectPublicKeyInfo`) in the certificate of an endorsement key, where one of `authorities` vouches for
/// it at `now`, directly or by `between` (TCG EK Credential Profile, §3.2). All are DER.
///
/// # Errors
/// [`TpmError::Endorsement`].
pub fn endorsement(
    certificate: &[u8],
    between: &[CertificateDer<'_>],
    authorities: &[CertificateDer<'_>],
    now: Timestamp,
) -> Result<Vec<u8>, TpmError> {
    let bad = |_| TpmError::Endorsement;
    // tcg-kp-EKCertificate, 2.23.133.8.1
    const USE: &[u8] = &[0x67, 0x81, 0x05, 0x08, 0x01];
    let certificate = CertificateDer::from(certificate);
    let leaf = EndEntityCert::try_from(&certificate).map_err(bad)?;
    let anchors: Vec<_> =
        authorities.iter().map(webpki::anchor_from_trusted_cert).collect::<Result<_, _>>().map_err(bad)?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now.secs()));
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        between,
        time,
        KeyUsage::required_if_present(USE),
        None,
        None,
    )
    .map_err(bad)?;
    Ok(leaf.subject_public_key_info().to_vec())
}

/// A secret for one TPM, which it reads only if it holds one key (`TPM2_MakeCredential`; Part 1, §24).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// `TPM2B_ID_OBJECT`.
    pub object: Vec<u8>,
    /// `TPM2B_ENCRYPTED_SECRET`.
    pub secret: Vec<u8>,
}

impl Challenge {
    /// Wraps `secret`, at most 32 random bytes, for the TPM whose endorsement key has this public half (RSA 2048,
    /// `SubjectPublicKeyInfo`), if it holds the key of this `name`. `seed` is random.
    ///
    /// # Errors
    /// [`TpmError::Endorsement`].
    pub fn new(endorsement: &[u8], name: &[u8], secret: &[u8], seed: &[u8; 32]) -> Result<Self, TpmError> {
        let bad = |_| TpmError::Endorsement;
        if secret.is_empty() || secret.len() > 32 {
            return Err(TpmError::Form);
        }
        let key = PublicEncryptingKey::from_der(endorsement).map_err(|_| TpmError::Endorsement)?;
        let key = OaepPublicEncryptingKey::new(key).map_err(bad)?;
        let mut wrapped = vec![0; key.ciphertext_size()];
        let wrapped = key.encrypt(&OAEP_SHA256_MGF1SHA256, seed, &mut wrapped, Some(b"IDENTITY\0")).map_err(bad)?;
        let storage = derived(seed, b"STORAGE", name, 128);
        let storage = UnboundCipherKey::new(&AES_128, storage.get(..16).unwrap_or_default()).map_err(bad)?;
        let mut identity = sized(secret);
        let zero = EncryptionContext::Iv128(FixedLength::from([0; 16]));
        EncryptingKey::cfb128(storage).and_then(|key| key.less_safe_encrypt(&mut identity, zero)).map_err(bad)?;
        let mut integrity =
            hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &derived(seed, b"INTEGRITY", b"", 256)));
        integrity.update(&identity);
        integrity.update(name);
        let object = [sized(integrity.sign().as_ref()), identity].concat();
        Ok(Self { object: sized(&object), secret: sized(wrapped) })
    }

    /// The file that `tpm2_activatecredential` reads.
    pub fn to_file(&self) -> Vec<u8> {
        [&0xbadc_c0de_u32.to_be_bytes()[..], &1_u32.to_be_bytes(), &self.object, &self.secret].concat()
    }
}

/// KDFa with SHA-256, up to one block (Part 1, §11.4.10.2).
fn derived(seed: &[u8], label: &[u8], context: &[u8], bits: u32) -> [u8; 32] {
    let mut hmac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, seed));
    for part in [&1_u32.to_be_bytes()[..], label, b"\0", context, &bits.to_be_bytes()] {
        hmac.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(hmac.sign().as_ref());
    out
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}
