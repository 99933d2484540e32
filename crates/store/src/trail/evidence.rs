use super::{Reader, Tiles, layout::Layout};
use doorward_audit::{
    Checkpoint, VerifierKey,
    evidence::{EVIDENCE, Head, head_line, record_line},
    merkle::{self, Nodes, inclusion_proof},
};
use doorward_vocab::{Digest, Timestamp};
use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// Writes these records of the trail in `dir`, in the order of their indexes, with the proof that they stand in it. Those that no
/// checkpoint covers yet are left out; gives how many these are.
///
/// # Errors
/// When the trail cannot be read, or has no tiles for what it holds: then `verify` says more.
pub fn write_evidence(
    dir: &Path,
    about: &str,
    made: Timestamp,
    records: &[(u64, Vec<u8>)],
    out: &mut dyn Write,
) -> io::Result<usize> {
    let layout = Layout::new(dir);
    let read = |path: std::path::PathBuf| {
        fs::read_to_string(&path)
            .map_err(|e| io::Error::new(e.kind(), format!("cannot read `{}`: {e}", path.display())))
    };
    let (key, checkpoint) = (read(layout.public_key())?, read(layout.checkpoint())?);
    let verifier = VerifierKey::parse(&key).map_err(io::Error::other)?;
    let signed = Checkpoint::open(&checkpoint, &verifier).map_err(io::Error::other)?;
    let covered: Vec<_> = records.iter().filter(|(index, _)| *index < signed.size).collect();
    let nodes = Covered::new(dir, signed.size)?;
    if merkle::root(&nodes, signed.size).map_err(io::Error::other)? != signed.root {
        return Err(io::Error::other("the trail is not what its checkpoint says; run `doorward log verify`"));
    }
    let head = Head {
        format: EVIDENCE.to_owned(),
        about: about.to_owned(),
        made,
        records: covered.len() as u64,
        key: key.trim_end().to_owned(),
        checkpoint,
    };
    out.write_all(head_line(&head)?.as_bytes())?;
    for (index, record) in &covered {
        let proof = inclusion_proof(&nodes, *index, signed.size).map_err(io::Error::other)?;
        out.write_all(record_line(*index, record, proof)?.as_bytes())?;
    }
    Ok(records.len() - covered.len())
}

/// The hashes under a checkpoint: those of full tiles from their files, those behind them from the records themselves.
struct Covered {
    tiles: Tiles,
    /// The first leaf that is in no full tile.
    from: u64,
    leaves: Vec<Digest>,
}

impl Covered {
    fn new(dir: &Path, size: u64) -> io::Result<Self> {
        let from = size & !255;
        let mut reader = Reader::of_segment_with(dir, from)?;
        let mut leaves = Vec::new();
        while reader.index() < size {
            let entry =
                reader.next()?.ok_or_else(|| io::Error::other("records are missing; run `doorward log verify`"))?;
            if entry.index >= from {
                leaves.push(merkle::leaf_hash(&entry.record));
            }
        }
        Ok(Self { tiles: Tiles::new(dir), from, leaves })
    }
}

impl Nodes for Covered {
    fn node(&self, level: u8, index: u64) -> Option<Digest> {
        let first = index.checked_shl(level.into())?;
        match first.checked_sub(self.from) {
            // What begins at or after a multiple of 256 and is no larger than the rest lies all within it.
            Some(within) => self.leaves.as_slice().node(level, within >> level),
            None => self.tiles.node(level, index),
        }
    }
}
