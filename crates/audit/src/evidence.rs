//! Evidence: some records of a trail with the proof that they stand in it, in one text that needs nothing else.
//!
//! The first line is the [`Head`]: what this is, the key, and a checkpoint that the key signed. Every other line is a record as
//! it stands in the trail, with its index and its audit path (RFC 6962 §2.1.1) to the root of that checkpoint. So whoever trusts
//! the key knows that each of these was recorded, unchanged. That no other record belongs to them is not proved.

use crate::{Checkpoint, NoteError, VerifierKey, merkle};
use doorward_vocab::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What the first line says that this is.
pub const EVIDENCE: &str = "doorward-evidence/1";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`EVIDENCE`].
    pub format: String,
    /// What it is about, in words.
    pub about: String,
    /// When it was made.
    pub made: Timestamp,
    /// How many records follow.
    pub records: u64,
    /// The key of the trail.
    pub key: String,
    /// The head of the trail that the proofs lead to, as a note.
    pub checkpoint: String,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    index: u64,
    proof: Vec<Digest>,
    #[serde(borrow)]
    record: &'a RawValue,
}

/// Why a text is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The first line is not one.
    #[error("it is no evidence: {0}")]
    Form(String),
    /// It is for another program.
    #[error("it is of the form `{0}`, which is not known; use a newer doorward to read it")]
    Format(String),
    /// The key or the checkpoint does not hold.
    #[error("its checkpoint does not hold: {0}")]
    Checkpoint(#[from] NoteError),
    /// It is signed by another key than the one that was kept elsewhere.
    #[error("it is signed by `{0}`, not by the key that was given")]
    OtherKey(String),
    /// A line is not a record with its proof.
    #[error("line {0} is no record with its proof")]
    Line(u64),
    /// A record is not in the trail.
    #[error("record {index} is not in the trail: {why}")]
    Proof {
        /// The index that it claims.
        index: u64,
        /// Why.
        why: merkle::ProofError,
    },
    /// Records are doubled or out of order.
    #[error("record {0} stands in the wrong place")]
    Order(u64),
    /// Lines are missing or were added.
    #[error("it should hold {wanted} records, and holds {found}")]
    Count {
        /// What its first line says.
        wanted: u64,
        /// How many there are.
        found: u64,
    },
}

/// The first line, with its line break.
///
/// # Errors
/// Never in practice: all of it is text.
pub fn head_line(head: &Head) -> serde_json::Result<String> {
    Ok(format!("{}\n", serde_json::to_string(head)?))
}

/// The line of a record, with its line break.
///
/// # Errors
/// When `record` is not JSON.
pub fn record_line(index: u64, record: &[u8], proof: Vec<Digest>) -> serde_json::Result<String> {
    let record: &RawValue = serde_json::from_slice(record)?;
    Ok(format!("{}\n", serde_json::to_string(&Line { index, proof, record })?))
}

/// What was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// The first line.
    pub head: Head,
    /// The head of the trail.
    pub checkpoint: Checkpoint,
    /// The indexes and texts of the records.
    pub records: Vec<(u64, Vec<u8>)>,
}

/// Proves all of it, with `key` where one was kept elsewhere.
///
/// # Errors
/// [`EvidenceError`], at the first thing that does not hold.
pub fn prove(text: &str, key: Option<&VerifierKey>) -> Result<Proved, EvidenceError> {
    let (first, rest) = text.split_once('\n').ok_or_else(|| EvidenceError::Form("it has no lines".to_owned()))?;
    let head: Head = serde_json::from_str(first).map_err(|e| EvidenceError::Form(e.to_string()))?;
    if head.format != EVIDENCE {
        return Err(EvidenceError::Format(head.format));
    }
    let own = VerifierKey::parse(&head.key)?;
    if key.is_some_and(|key| *key != own) {
        return Err(EvidenceError::OtherKey(own.name().to_owned()));
    }
    let checkpoint = Checkpoint::open(&head.checkpoint, &own)?;
    let (mut records, mut next) = (Vec::new(), 0);
    for (number, line) in (2..).zip(rest.lines()) {
        let line: Line<'_> = serde_json::from_str(line).map_err(|_| EvidenceError::Line(number))?;
        let (index, record) = (line.index, line.record.get().as_bytes());
        let proved =
            merkle::verify_inclusion(&merkle::leaf_hash(record), index, checkpoint.size, &checkpoint.root, &line.proof);
        proved.map_err(|why| EvidenceError::Proof { index, why })?;
        if index < next {
            return Err(EvidenceError::Order(index));
        }
        next = index + 1;
        records.push((index, record.to_vec()));
    }
    let found = records.len() as u64;
    if found != head.records {
        return Err(EvidenceError::Count { wanted: head.records, found });
    }
    Ok(Proved { head, checkpoint, records })
}
