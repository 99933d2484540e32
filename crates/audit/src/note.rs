use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;

/// The signature type of Ed25519 in keys and key ids (C2SP signed-note).
const ED25519_TYPE: u8 = 1;
/// The longest note that is read, in bytes.
const MAX_NOTE: usize = 64 * 1024;

/// Why a note or a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note.
    #[error("not a signed note: {0}")]
    Form(&'static str),
    /// Not a key.
    #[error("not a {0}")]
    Key(&'static str),
    /// No signature by the key.
    #[error("no signature by `{0}`")]
    Unsigned(String),
    /// The signature does not hold.
    #[error("the signature by `{0}` does not hold")]
    Signature(String),
    /// The text is not a checkpoint.
    #[error("not a checkpoint: {0}")]
    Checkpoint(&'static str),
    /// A checkpoint of another log.
    #[error("a checkpoint of the log `{0}`, not of `{1}`")]
    Origin(String, String),
}

/// A key that signs notes: a name and an Ed25519 seed.
pub struct SigningKey {
    name: String,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// The key of `seed` under `name`.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the name is empty or holds white space, `+` or control characters.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, NoteError> {
        if !good_name(name) {
            return Err(NoteError::Key("key name: it must not be empty or hold spaces or `+`"));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| NoteError::Key("signing key"))?;
        Ok(Self { name: name.to_owned(), seed, pair })
    }
    /// Reads what [`Self::to_secret_text`] writes.
    ///
    /// # Errors
    /// [`NoteError::Key`].
    pub fn from_secret_text(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Key("signing key: it begins with `PRIVATE+KEY+`");
        let mut parts = text.trim_end().strip_prefix("PRIVATE+KEY+").ok_or(bad.clone())?.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(bad) };
        let key = STANDARD.decode(key).map_err(|_| bad.clone())?;
        let Some((&ED25519_TYPE, seed)) = key.split_first() else { return Err(bad) };
        let key = Self::from_seed(name, seed.try_into().map_err(|_| bad.clone())?)?;
        if format!("{:08x}", key.verifier().id) == id { Ok(key) } else { Err(bad) }
    }
    /// The secret as text: keep it where only the gateway reads it.
    pub fn to_secret_text(&self) -> String {
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.seed);
        format!("PRIVATE+KEY+{}+{:08x}+{}\n", self.name, self.verifier().id, STANDARD.encode(key))
    }
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The key that checks its signatures.
    pub fn verifier(&self) -> VerifierKey {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        VerifierKey::new(self.name.clone(), public)
    }
    /// Signs `text`, which must end in a newline, as a note.
    pub fn sign(&self, text: &str) -> String {
        let mut signature = self.verifier().id.to_be_bytes().to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n— {} {}\n", self.name, STANDARD.encode(signature))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.name)
    }
}

/// A key that checks notes; its text is a C2SP `vkey`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    public: [u8; 32],
}

impl VerifierKey {
    fn new(name: String, public: [u8; 32]) -> Self {
        let mut text = name.clone().into_bytes();
        text.extend_from_slice(&[b'\n', ED25519_TYPE]);
        text.extend_from_slice(&public);
        let digest = doorward_vocab::Digest::of(&text);
        let [a, b, c, d, ..] = *digest.as_bytes();
        Self { name, id: u32::from_be_bytes([a, b, c, d]), public }
    }
    /// The name of the key: the origin of the log.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Reads `<name>+<id>+<key>`.
    ///
    /// # Errors
    /// [`NoteError::Key`], also when the id is not that of the name and key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let bad = NoteError::Key("verifier key: write it as <name>+<id>+<base64>");
        let mut parts = text.strip_suffix('\n').unwrap_or(text).splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(bad) };
        let key = STANDARD.decode(key).map_err(|_| bad.clone())?;
        let Some((&ED25519_TYPE, public)) = key.split_first() else { return Err(bad) };
        let key = Self::new(name.to_owned(), public.try_into().map_err(|_| bad.clone())?);
        if good_name(name) && format!("{:08x}", key.id) == id { Ok(key) } else { Err(bad) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(key))
    }
}

/// Checks that `note` is signed by `key` and gives its text, which ends in a newline. Signatures of other keys are
/// passed over (C2SP signed-note).
///
/// # Errors
/// [`NoteError::Form`], [`NoteError::Unsigned`], [`NoteError::Signature`].
pub fn open_note<'n>(note: &'n str, key: &VerifierKey) -> Result<&'n str, NoteError> {
    if note.len() > MAX_NOTE {
        return Err(NoteError::Form("it is too long"));
    }
    if note.bytes().any(|b| b < 0x20 && b != b'\n') {
        return Err(NoteError::Form("it holds control characters"));
    }
    let split = note.rfind("\n\n").ok_or(NoteError::Form("it has no signatures"))?;
    let (text, signatures) = (note.get(..=split).unwrap_or_default(), note.get(split + 2..).unwrap_or_default());
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Form("the last line does not end"))?;
    let mut signed = false;
    for line in lines.split('\n') {
        let bad = NoteError::Form("a signature line is not `— <name> <base64>`");
        let (name, signature) = line.strip_prefix("— ").and_then(|l| l.split_once(' ')).ok_or(bad.clone())?;
        let signature = STANDARD.decode(signature).map_err(|_| bad.clone())?;
        let (id, signature) = signature.split_first_chunk::<4>().ok_or(bad.clone())?;
        if !good_name(name) || signature.is_empty() {
            return Err(bad);
        }
        if name != key.name || u32::from_be_bytes(*id) != key.id {
            continue;
        }
        UnparsedPublicKey::new(&ED25519, &key.public)
            .verify(text.as_bytes(), signature)
            .map_err(|_| NoteError::Signature(name.to_owned()))?;
        signed = true;
    }
    if signed { Ok(text) } else { Err(NoteError::Unsigned(key.name.clone())) }
}

fn good_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and the note of the Go implementation's documentation, which the specification grew from.
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_signed_elsewhere() {
        let key = VerifierKey::parse(VKEY).unwrap();
        assert_eq!(key.to_string(), VKEY);
        assert!(open_note(NOTE, &key).unwrap().ends_with("problem is.\n"));
        assert_eq!(
            open_note(&NOTE.replace("answer", "Answer"), &key),
            Err(NoteError::Signature("PeterNeumann".into()))
        );
        assert_eq!(open_note(&NOTE.replace("x08go", "y08go"), &key), Err(NoteError::Unsigned("PeterNeumann".into())));
        assert!(VerifierKey::parse(&VKEY.replace("c74f", "c74e")).is_err());
    }

    #[test]
    fn sign_and_open() {
        let key = SigningKey::from_seed("log.example/a", [7; 32]).unwrap();
        let again = SigningKey::from_secret_text(&key.to_secret_text()).unwrap();
        assert_eq!(again.verifier(), key.verifier());
        let note = key.sign("one\n\ntwo\n");
        assert_eq!(open_note(&note, &again.verifier()), Ok("one\n\ntwo\n"));
        let other = SigningKey::from_seed("log.example/a", [8; 32]).unwrap();
        assert_eq!(open_note(&note, &other.verifier()), Err(NoteError::Unsigned("log.example/a".into())));
        assert!(SigningKey::from_seed("a b", [0; 32]).is_err());
        assert_eq!(format!("{key:?}"), "SigningKey(log.example/a)");
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let key = SigningKey::from_seed("log", [7; 32]).unwrap();
        let note = key.sign("one\n").into_bytes();
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut bad = note.clone();
                bad[at] ^= 1 << bit;
                let refused = std::str::from_utf8(&bad).map_or(true, |n| open_note(n, &key.verifier()).is_err());
                assert!(refused, "byte {at} bit {bit}");
            }
        }
    }
}
