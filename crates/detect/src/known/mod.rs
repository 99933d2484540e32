//! The secrets that the gateway handles, found wherever they turn up.
//!
//! No secret is kept here, and no form of one: only sums under a key that is drawn at start. A text is read once as
//! [symbols]; of every eight of them a [filter] says whether they may be part of a secret, and only where they may, the
//! [index] and what is kept of the [shapes] of that secret are asked. Secrets that are short or look like words are
//! [looked for byte for byte](plain), if there are any. What stands in encodings within encodings is [undone], where
//! a text looks like one. The strings of a message are [joined].

mod book;
mod clean;
mod filter;
mod index;
mod joined;
mod key;
#[cfg(test)]
mod laws;
mod plain;
mod redact;
mod scan;
mod shapes;
mod symbols;
mod undo;

use arc_swap::ArcSwap;
use book::{Book, Drawn};
use clean::Clean;
use filter::Filter;
pub use joined::{Held, Holder};
use key::Key;
use parking_lot::{Mutex, RwLock};
pub use redact::REMOVED;
use scan::Odd;
use std::{
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

/// How a known secret was written where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is, whatever the case of its letters and whatever stands between them.
    Raw,
    /// Base64, standard or URL alphabet, at any alignment.
    Base64,
    /// Hexadecimal, either case, with or without escapes or separators.
    Hex,
    /// Percent-encoded.
    Url,
    /// With JSON escapes.
    Json,
    /// With HTML entities.
    Entities,
    /// As the numbers of its characters.
    Codes,
    /// Backwards.
    Reversed,
    /// With each letter moved by thirteen.
    Rotated,
    /// In an encoding within another, or compressed.
    Nested,
    /// With another character after each.
    Interleaved,
    /// In pieces that stand apart.
    Split,
}

/// A known secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reflection {
    /// The name of the secret.
    pub name: Arc<str>,
    /// How it was written.
    pub form: Form,
    /// The bytes to redact.
    pub span: Range<usize>,
}

/// A secret that cannot be looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret `{name}` has {len} bytes; fewer than {least} occur by chance, so it is not looked for", least = KnownSecrets::MIN)]
pub struct TooShort {
    /// The name of the secret.
    pub name: Arc<str>,
    /// Its length in bytes.
    pub len: usize,
}

/// Stands for a secret that is looked for; says nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

/// Finds the secrets that the gateway handles, in every common encoding, whole or in parts. Secrets come and go while
/// others look.
pub struct KnownSecrets {
    key: Key,
    /// What may be a window of a shape, and what the end of a spelling.
    windows: ArcSwap<Filter>,
    ends: ArcSwap<Filter>,
    book: RwLock<Book>,
    /// Held by who adds or forgets.
    changing: Mutex<()>,
    spelled: AtomicUsize,
    len: AtomicUsize,
    redacted: AtomicU64,
    clean: Clean,
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSecrets({})", self.len())
    }
}

impl KnownSecrets {
    /// The shortest secret that is looked for, in bytes.
    pub const MIN: usize = 8;

    /// Knows no secret yet. `key` is random, and of this value alone.
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            key: Key::new(key),
            windows: ArcSwap::from_pointee(Filter::with_room_for(0)),
            ends: ArcSwap::from_pointee(Filter::with_room_for(0)),
            book: RwLock::new(Book::new()),
            changing: Mutex::new(()),
            spelled: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            redacted: AtomicU64::new(0),
            clean: Clean::new(),
        }
    }

    /// Looks for `secret` from now on. Who adds it twice forgets it twice; it goes by the name that it got first.
    ///
    /// # Errors
    /// [`TooShort`] where it would be found by chance.
    pub fn add(&self, name: &str, secret: &[u8]) -> Result<Fingerprint, TooShort> {
        if secret.len() < Self::MIN {
            return Err(TooShort { name: name.into(), len: secret.len() });
        }
        let print = self.key.print(secret);
        let _changing = self.changing.lock();
        if self.book.write().again(&print) {
            return Ok(Fingerprint(print));
        }
        let drawn = Drawn::of(secret, &self.key);
        self.make_room(&drawn);
        let (windows, ends) = (self.windows.load(), self.ends.load());
        drawn.sums.iter().for_each(|(sum, ..)| windows.insert(*sum));
        drawn.ends.iter().for_each(|(sum, ..)| ends.insert(*sum));
        let mut book = self.book.write();
        book.add(print, name, drawn);
        self.count(&book);
        self.clean.renew();
        Ok(Fingerprint(print))
    }

    /// Looks for a secret no more, unless it was added more often than it was forgotten.
    pub fn forget(&self, print: &Fingerprint) {
        let _changing = self.changing.lock();
        let mut book = self.book.write();
        let stale = book.forget(&print.0);
        self.count(&book);
        drop(book);
        if stale {
            self.refill();
        }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many secrets are looked for.
    pub fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    /// Where the secrets occur in `bytes`: ordered, not overlapping. Redacting these spans leaves nothing of them.
    pub fn find(&self, bytes: &[u8]) -> Vec<Reflection> {
        if self.is_empty() {
            return Vec::new();
        }
        let (mut found, mut odd) = (Vec::new(), Odd::default());
        self.scan(bytes, &mut found, &mut odd);
        self.undo(bytes, odd, &mut found);
        merge(found)
    }

    /// Whether one of them occurs in `bytes`. That a text holds none is remembered for a while, since many come again.
    pub fn sees(&self, bytes: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        let sum = self.clean.sum(&self.key, bytes);
        if self.clean.has(sum) {
            return false;
        }
        let seen = !self.find(bytes).is_empty();
        if !seen {
            self.clean.keep(sum);
        }
        seen
    }

    fn count(&self, book: &Book) {
        self.len.store(book.len(), Relaxed);
        self.spelled.store(book.spelled(), Relaxed);
    }

    fn make_room(&self, drawn: &Drawn) {
        let book = self.book.read();
        let (windows, ends) = (book.windows() + drawn.sums.len(), book.ends() + drawn.ends.len());
        if self.windows.load().is_full_with(windows) {
            let filter = Filter::with_room_for(windows * 4);
            book.window_sums().for_each(|sum| filter.insert(sum));
            self.windows.store(Arc::new(filter));
        }
        if self.ends.load().is_full_with(ends) {
            let filter = Filter::with_room_for(ends * 4);
            book.end_sums().for_each(|sum| filter.insert(sum));
            self.ends.store(Arc::new(filter));
        }
    }

    /// Makes the filters anew, without what was forgotten.
    fn refill(&self) {
        let book = self.book.read();
        let (windows, ends) = (Filter::with_room_for(book.windows() * 2), Filter::with_room_for(book.ends() * 2));
        book.window_sums().for_each(|sum| windows.insert(sum));
        book.end_sums().for_each(|sum| ends.insert(sum));
        self.windows.store(Arc::new(windows));
        self.ends.store(Arc::new(ends));
    }
}

/// Overlapping reflections become one span, named after the first.
fn merge(mut found: Vec<Reflection>) -> Vec<Reflection> {
    found.sort_by_key(|r| (r.span.start, std::cmp::Reverse(r.span.end)));
    let mut out: Vec<Reflection> = Vec::with_capacity(found.len());
    for next in found {
        match out.last_mut() {
            Some(last) if next.span.start < last.span.end => last.span.end = last.span.end.max(next.span.end),
            _ => out.push(next),
        }
    }
    out
}
