use doorward_audit::{DecodeError, Record};

/// A record with its place in the trail.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its index in the trail.
    pub index: u64,
    /// Its canonical text.
    pub bytes: Vec<u8>,
    /// What it says.
    pub record: Record,
}

impl Item {
    /// Reads the text of the record at `index`.
    ///
    /// # Errors
    /// When a newer gateway wrote it.
    pub fn read(index: u64, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        Ok(Self { index, record: Record::decode(&bytes)?, bytes })
    }
}
