use super::{
    layout::Layout,
    segment::{Broken, FRAME, Frame, HEADER, read_header},
};
use doorward_vocab::Digest;
use std::{
    fs,
    io::{self, Read, Seek},
    path::Path,
};

/// How much is read from a segment at once, in bytes.
const CHUNK: usize = 256 * 1024;

/// Where a record stands on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The first index of its segment.
    pub segment: u64,
    /// Where its frame begins in the segment, in bytes.
    pub offset: u64,
}

/// A record as it stands on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its index.
    pub index: u64,
    /// Its leaf hash, as written beside it.
    pub leaf: Digest,
    /// Its canonical text.
    pub record: Vec<u8>,
    /// Where it stands.
    pub place: Place,
}

/// Reads the records of a trail in order, also while a gateway writes it.
#[derive(Debug)]
pub struct Reader {
    layout: Layout,
    /// The open segment and its first index.
    open: Option<(fs::File, u64)>,
    /// Where in the segment `buffer` begins.
    offset: u64,
    buffer: Vec<u8>,
    /// How much of `buffer` is used up.
    used: usize,
    /// The index of the next record.
    next: u64,
}

/// What a reader found next.
#[derive(Debug)]
pub(super) enum Step {
    Record(Entry),
    /// The end, for now. The number of bytes of an unfinished record there.
    End(u64),
    /// The segment cannot be read on.
    Broken(String),
    /// The next segment begins further on.
    Gap(u64),
}

impl Reader {
    /// A reader from the first record of the trail in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self::from(dir, 0, Place { segment: 0, offset: HEADER as u64 })
    }

    /// A reader from the first record of the newest segment on, so that not all of a trail is read to find its end.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn of_newest_segment(dir: &Path) -> io::Result<Self> {
        Self::of_segment_with(dir, u64::MAX)
    }

    /// The same of the segment that holds record `index`, or would hold it.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn of_segment_with(dir: &Path, index: u64) -> io::Result<Self> {
        let segments = Layout::new(dir).list_segments()?;
        let first = segments.into_iter().rev().find(|first| *first <= index).unwrap_or(0);
        Ok(Self::from(dir, first, Place { segment: first, offset: HEADER as u64 }))
    }

    /// A reader from record `index` on, which stands at `place`, or will stand there when it is written.
    pub fn from(dir: &Path, index: u64, place: Place) -> Self {
        let layout = Layout::new(dir);
        let open = fs::File::open(layout.segment(place.segment)).ok().map(|f| (f, place.segment));
        let offset = if open.is_some() { place.offset } else { 0 };
        Self { layout, open, offset, buffer: Vec::new(), used: 0, next: index }
    }

    /// The record at `place`.
    ///
    /// # Errors
    /// When it cannot be read, or is no record.
    pub fn read(dir: &Path, index: u64, place: Place) -> io::Result<Entry> {
        let mut reader = Self::from(dir, index, place);
        reader.next()?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The next record; `None` at the end. More may follow later.
    ///
    /// # Errors
    /// When the file system refuses, or the trail is damaged there.
    #[expect(clippy::should_implement_trait, reason = "it goes on after the end, which an iterator may not")]
    pub fn next(&mut self) -> io::Result<Option<Entry>> {
        let damaged = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
        match self.step()? {
            Step::Record(entry) => Ok(Some(entry)),
            Step::End(_) => Ok(None),
            Step::Broken(why) => {
                Err(damaged(format!("the trail is damaged at record {}: {why}; run `doorward log verify`", self.next)))
            }
            Step::Gap(_) => Err(damaged(format!("the trail has no record {}; run `doorward log verify`", self.next))),
        }
    }

    /// The index of the next record.
    pub const fn index(&self) -> u64 {
        self.next
    }

    /// Where the next record stands, or will stand.
    pub fn place(&self) -> Place {
        Place {
            segment: self.open.as_ref().map_or(self.next, |(_, first)| *first),
            offset: (self.offset + self.used as u64).max(HEADER as u64),
        }
    }

    pub(super) fn step(&mut self) -> io::Result<Step> {
        loop {
            let Some((_, segment)) = &self.open else {
                match self.enter(self.next)? {
                    None => continue,
                    Some(step) => return Ok(step),
                }
            };
            let rest = self.buffer.get(self.used..).unwrap_or_default();
            let frame = match Frame::read_unchecked(rest) {
                Ok(frame) => frame,
                Err(Broken::Unfinished) => None,
                Err(broken) => return Ok(Step::Broken(broken.to_string())),
            };
            if let Some(frame) = frame {
                let place = Place { segment: *segment, offset: self.offset + self.used as u64 };
                let entry = Entry { index: frame.index, leaf: frame.leaf, record: frame.record.to_vec(), place };
                self.used += FRAME + entry.record.len();
                self.next += 1;
                return Ok(Step::Record(entry));
            }
            let left = rest.len() as u64;
            if self.fill()? {
                continue;
            }
            // The end of this segment; another may follow.
            match self.enter(self.next)? {
                None => {}
                Some(Step::End(_)) => return Ok(Step::End(left)),
                Some(Step::Broken(_)) if left > 0 => return Ok(Step::Broken(Broken::Unfinished.to_string())),
                Some(_) if left > 0 => return Ok(Step::Broken(Broken::Unfinished.to_string())),
                Some(step) => return Ok(step),
            }
            if left > 0 {
                return Ok(Step::Broken("the segment before it ends within a record".to_owned()));
            }
        }
    }

    /// Goes on with the next segment, whatever it begins with.
    pub(super) fn skip_to(&mut self, first: u64) -> io::Result<Option<Step>> {
        self.next = first;
        self.enter(first)
    }

    /// Reads more of the segment; `false` at its end.
    fn fill(&mut self) -> io::Result<bool> {
        let Some((file, _)) = &mut self.open else { return Ok(false) };
        self.buffer.drain(..self.used);
        self.offset += self.used as u64;
        self.used = 0;
        file.seek(io::SeekFrom::Start(self.offset + self.buffer.len() as u64))?;
        Ok(file.by_ref().take(CHUNK as u64).read_to_end(&mut self.buffer)? > 0)
    }

    /// Opens the segment that begins with record `first`; says why not where it is not there.
    fn enter(&mut self, first: u64) -> io::Result<Option<Step>> {
        let mut file = match fs::File::open(self.layout.segment(first)) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let later = self.layout.list_segments()?.into_iter().find(|f| *f > first);
                return Ok(Some(later.map_or(Step::End(0), Step::Gap)));
            }
            Err(e) => return Err(e),
        };
        // The current one, again: nothing was added.
        if self.open.as_ref().is_some_and(|(_, open)| *open == first) {
            return Ok(Some(Step::End(0)));
        }
        let mut header = Vec::new();
        file.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
        if header.len() < HEADER {
            return Ok(Some(Step::End(header.len() as u64)));
        }
        if read_header(&header) != Some(first) {
            return Ok(Some(Step::Broken("the header of the segment is damaged".to_owned())));
        }
        self.open = Some((file, first));
        self.offset = HEADER as u64;
        self.buffer.clear();
        self.used = 0;
        Ok(None)
    }
}
