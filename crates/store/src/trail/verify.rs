use super::{
    layout::Layout,
    reader::{Reader, Step},
    tiles::Tiles,
};
use doorward_audit::{Checkpoint, Entry, ProblemKind, Report, Verifier, VerifierKey};
use std::{borrow::Cow, fs, io, path::Path};

/// What a verification is held against beside the trail itself: without it, somebody who can write the whole
/// directory, key and all, could put another trail in its place.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// A signed checkpoint that was kept elsewhere.
    pub checkpoint: Option<String>,
    /// The verifier key that was kept elsewhere.
    pub key: Option<VerifierKey>,
}

/// Verifies the trail in `dir` from its files alone, reading each record once; also while a gateway writes it.
/// `progress` is told now and then how many records were read.
///
/// # Errors
/// When there is no trail, or the file system refuses. What is wrong with the trail is in the report.
pub fn verify(dir: &Path, trust: &Trust, mut progress: impl FnMut(u64)) -> io::Result<Report> {
    let layout = Layout::new(dir);
    if !layout.segments().is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no trail in `{}`", dir.display())));
    }
    let mut heads = Heads::default();
    heads.gather(&layout, trust);
    let mut verifier = Verifier::new(heads.heads);
    for (kind, text) in heads.problems {
        verifier.add(kind, None, text);
    }
    // A tile must be there once a head that covers it is signed.
    let (tiles, awaited) = (Tiles::of(layout.clone()), verifier.awaited());
    let mut missing = Vec::new();
    let mut reader = Reader::new(dir);
    loop {
        match reader.step()? {
            Step::Record(entry) => {
                let record = Entry { index: entry.index, leaf: entry.leaf, record: &entry.record };
                verifier.entry(record, |tile| {
                    let end = (tile.index() + 1).checked_shl(8 * (u32::from(tile.level()) + 1)).unwrap_or(u64::MAX);
                    match tiles.read(tile) {
                        Ok(Some(hashes)) => return Some(hashes),
                        Ok(None) if end > awaited => {}
                        Ok(None) => missing.push(format!("`{}` is missing", tile.path())),
                        Err(e) => missing.push(format!("`{}` is not readable: {e}", tile.path())),
                    }
                    None
                });
                if verifier.records().is_multiple_of(4096) {
                    progress(verifier.records());
                }
            }
            Step::End(0) => break,
            Step::End(bytes) => {
                verifier.note(format!("{bytes} bytes of an unfinished record are at the end"));
                break;
            }
            Step::Broken(why) => {
                verifier.add(
                    ProblemKind::File,
                    Some(verifier.records()),
                    format!("record {} cannot be read: {why}", verifier.records()),
                );
                let Some(next) = layout.list_segments()?.into_iter().find(|f| *f > verifier.records()) else { break };
                leap(&mut verifier, &mut reader, next)?;
            }
            Step::Gap(next) => leap(&mut verifier, &mut reader, next)?,
        }
    }
    for text in missing {
        verifier.add(ProblemKind::Tile, None, text);
    }
    let records = verifier.records();
    if heads.unsigned && records > 0 {
        verifier.add(ProblemKind::File, Some(0), "`checkpoint` and `checkpoints` are missing: no record is signed");
    }
    let mut report = verifier.finish();
    let unsigned = records.saturating_sub(report.signed);
    if report.is_good() && unsigned > 0 {
        report.notes.push(format!("{unsigned} records are newer than the last checkpoint"));
    }
    Ok(report)
}

/// Goes on with the segment that begins with record `next`; what is between is missing.
fn leap(verifier: &mut Verifier, reader: &mut Reader, next: u64) -> io::Result<()> {
    verifier.gap(next);
    if let Some(Step::Broken(why)) = reader.skip_to(next)? {
        verifier.add(ProblemKind::File, Some(next), why);
    }
    Ok(())
}

/// The signed heads of a trail, and what is wrong with them.
#[derive(Default)]
struct Heads {
    heads: Vec<(Checkpoint, Cow<'static, str>)>,
    problems: Vec<(ProblemKind, String)>,
    /// There is neither a checkpoint nor a history.
    unsigned: bool,
}

impl Heads {
    fn gather(&mut self, layout: &Layout, trust: &Trust) {
        // The checkpoint is read before the history, which a running gateway writes first.
        let current = fs::read_to_string(layout.checkpoint());
        let history = fs::read(layout.history()).unwrap_or_default();
        // A trail that died before its first record has neither, and perhaps no key yet.
        let missing = current.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::NotFound);
        self.unsigned = missing && history.is_empty();
        let key = match layout.verifier_key() {
            Ok(key) => key,
            Err(_) if self.unsigned && trust.checkpoint.is_none() => return,
            Err(e) => {
                self.problems.push((ProblemKind::Signature, e.to_string()));
                let Some(key) = trust.key.clone() else { return };
                key
            }
        };
        if trust.key.as_ref().is_some_and(|k| *k != key) {
            self.problems.push((ProblemKind::Signature, "`key.pub` is not the key that you trust".into()));
        }
        let key = trust.key.clone().unwrap_or(key);
        match &current {
            Ok(note) => self.add(note, &key, "the checkpoint".into()),
            Err(_) if self.unsigned => {}
            Err(e) => self.problems.push((ProblemKind::File, format!("`checkpoint` cannot be read: {e}"))),
        }
        if let Some(note) = &trust.checkpoint {
            self.add(note, &key, "the trusted checkpoint".into());
        }
        self.add_history(&history, current.as_deref().unwrap_or_default(), &key);
    }

    fn add(&mut self, note: &str, key: &VerifierKey, place: Cow<'static, str>) {
        match Checkpoint::open(note, key) {
            Ok(checkpoint) => self.heads.push((checkpoint, place)),
            Err(e) => self.problems.push((ProblemKind::Signature, format!("{place}: {e}"))),
        }
    }

    fn add_history(&mut self, bytes: &[u8], current: &str, key: &VerifierKey) {
        let text = String::from_utf8_lossy(bytes);
        let (mut largest, mut known) = (0, false);
        for (n, (_, note)) in read_history(&text).enumerate() {
            let place = format!("checkpoint {} of the history", n + 1);
            let Some(note) = note else {
                self.problems.push((ProblemKind::Signature, format!("{place} is not a signed note")));
                continue;
            };
            known |= note == current;
            self.add(&note, key, place.clone().into());
            if let Some((head, _)) = self.heads.last().filter(|(_, p)| *p == place) {
                if head.size < largest {
                    let text = format!("{place} covers {} records, an earlier one {largest}", head.size);
                    self.problems.push((ProblemKind::RolledBack, text));
                }
                largest = largest.max(head.size);
            }
        }
        if !current.is_empty() && !known {
            self.problems.push((ProblemKind::RolledBack, "the checkpoint is not in the history".into()));
        }
    }
}

/// The notes of the history: each with the place where it ends, and `None` where it is not a note. An unfinished one
/// at the end is left out.
pub(super) fn read_history(text: &str) -> impl Iterator<Item = (usize, Option<String>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        // A note is a text, an empty line, and signature lines; an empty line follows it.
        let rest = text.get(at..)?;
        let body = rest.find("\n\n")?;
        let signatures = rest.get(body + 2..)?.find("\n\n")?;
        let end = body + 2 + signatures + 1;
        let note = rest.get(..end).filter(|n| n.get(body + 2..).is_some_and(|s| s.starts_with('—'))).map(str::to_owned);
        at += end + 1;
        Some((at, note))
    })
}
