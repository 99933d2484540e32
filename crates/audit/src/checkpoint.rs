use crate::note::{NoteError, SigningKey, VerifierKey, open_note};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_vocab::Digest;
use std::fmt;

/// The head of a log at one size, which its key signs (C2SP tlog-checkpoint).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is: also the name of its key.
    pub origin: String,
    /// How many records the log has.
    pub size: u64,
    /// The root of the Merkle tree over them.
    pub root: Digest,
}

impl Checkpoint {
    /// The head signed by `key`, as a note.
    pub fn sign(size: u64, root: Digest, key: &SigningKey) -> String {
        let checkpoint = Self { origin: key.name().to_owned(), size, root };
        key.sign(&checkpoint.to_string())
    }
    /// Checks the signature of `key` on a note and reads the checkpoint in it.
    ///
    /// # Errors
    /// What [`open_note`] refuses; [`NoteError::Checkpoint`] for another text; [`NoteError::Origin`] for another log.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        let checkpoint = Self::parse(open_note(note, key)?)?;
        if checkpoint.origin == key.name() {
            return Ok(checkpoint);
        }
        Err(NoteError::Origin(checkpoint.origin, key.name().to_owned()))
    }
    /// Reads the text of a note. Extension lines are passed over.
    ///
    /// # Errors
    /// [`NoteError::Checkpoint`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines =
            text.strip_suffix('\n').ok_or(NoteError::Checkpoint("it does not end in a newline"))?.split('\n');
        let origin = lines.next().filter(|o| !o.is_empty()).ok_or(NoteError::Checkpoint("the origin is missing"))?;
        let bad_size = NoteError::Checkpoint("the size is not a plain number");
        let text = lines.next().ok_or(bad_size.clone())?;
        let size: u64 = text.parse().map_err(|_| bad_size.clone())?;
        if size.to_string() != text {
            return Err(bad_size);
        }
        let bad_root = NoteError::Checkpoint("the root is not the base64 of 32 bytes");
        let root = lines.next().and_then(|r| STANDARD.decode(r).ok()).ok_or(bad_root.clone())?;
        let root = Digest::from_bytes(root.try_into().map_err(|_| bad_root)?);
        if lines.any(str::is_empty) {
            return Err(NoteError::Checkpoint("an extension line is empty"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let key = SigningKey::from_seed("log.example/a", [1; 32]).unwrap();
        let note = Checkpoint::sign(12, Digest::of(b""), &key);
        let checkpoint = Checkpoint::open(&note, &key.verifier()).unwrap();
        assert_eq!(checkpoint.to_string(), "log.example/a\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
        let foreign = key.sign("log.example/b\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
        assert!(matches!(Checkpoint::open(&foreign, &key.verifier()), Err(NoteError::Origin(..))));
    }

    #[test]
    fn bad_texts() {
        for bad in [
            "",
            "a\n",
            "a\n01\nx\n",
            "a\n+1\nx\n",
            "a\n1\nAAAA\n",
            "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        ] {
            assert!(Checkpoint::parse(bad).is_err(), "{bad:?}");
        }
    }
}
