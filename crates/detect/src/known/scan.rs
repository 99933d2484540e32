//! One pass over a text.

use super::{
    Form, KnownSecrets, Reflection,
    book::Book,
    index::Anchor,
    plain::{STRIDE, window_sum},
    symbols::{BLOCK, Block, PIECE, leftward, rightward},
};
use std::sync::atomic::Ordering::Relaxed;

/// How many bytes may stand between two characters of a secret.
pub(super) const GAP: usize = 64;

/// Places of a text that are worth a second look.
#[derive(Default)]
pub(super) struct Odd {
    /// Where pieces of a text begin that may be in an encoding.
    pub(super) unbroken: Vec<usize>,
    /// Where every second character is the same.
    pub(super) interleaved: Vec<usize>,
}

impl KnownSecrets {
    /// What of the secrets stands in `text`.
    pub(super) fn scan(&self, text: &[u8], found: &mut Vec<Reflection>, odd: &mut Odd) {
        self.scan_shapes(text, found, odd);
        if self.spelled.load(Relaxed) > 0 {
            self.scan_spellings(text, found);
        }
    }

    fn scan_shapes(&self, text: &[u8], found: &mut Vec<Reflection>, odd: &mut Odd) {
        let filter = self.windows.load_full();
        let (filter, index) = (&*filter, self.key.indexer());
        let mut block = Block::new();
        let mut hits = Vec::new();
        let (mut start, mut covered) = (0, None);
        for bytes in text.chunks(BLOCK) {
            block.take(bytes, start > 0 && text.get(start - 1) == Some(&b'\\'));
            for (number, window) in block.windows().iter().enumerate() {
                let window = u64::from_le_bytes(*window);
                let sum = index(window);
                if filter.may_hold(sum) | alternates(window) {
                    hits.push((number, sum, window));
                }
            }
            let mut unbroken = block.unbroken;
            while unbroken != 0 {
                odd.unbroken.push(start + unbroken.trailing_zeros() as usize * PIECE);
                unbroken &= unbroken - 1;
            }
            if !hits.is_empty() {
                let book = self.book.read();
                for (number, sum, window) in hits.drain(..) {
                    if alternates(window) {
                        odd.interleaved.extend(block.place(text, start, number));
                    }
                    if book.anchors(sum).next().is_none() {
                        continue;
                    }
                    let Some(place) = block.place(text, start, number) else { continue };
                    if let Some((anchor, reflection)) = self.around(&book, text, (place, sum), covered) {
                        covered = Some((anchor, reflection.span.end));
                        found.push(reflection);
                    }
                }
            }
            start += bytes.len();
        }
    }

    /// The longest part of a secret around the window with `sum` that begins at `place`. What was `covered` by a form
    /// already is not looked at again for the same form.
    fn around(
        &self,
        book: &Book,
        text: &[u8],
        (place, sum): (usize, u32),
        covered: Option<(Anchor, usize)>,
    ) -> Option<(Anchor, Reflection)> {
        let known = |anchor: &Anchor| covered.is_some_and(|(by, end)| place < end && by.is_of_same_form(*anchor));
        let parts = book.anchors(sum).filter(|(.., anchor)| !known(anchor)).filter_map(|(entry, shape, anchor)| {
            let (right, left) = (rightward(text, place, GAP), leftward(text, place, GAP));
            Some((shape.part(&self.key, (anchor, sum), right, left)?, shape.form, entry, anchor))
        });
        let (part, form, entry, anchor) = parts.max_by_key(|(part, ..)| (part.whole, part.len))?;
        let span = match form {
            // The characters at both ends hold bits of the secret and of its neighbours.
            Form::Base64 => {
                let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|b| is_base64(*b));
                let start = if letter(part.first.checked_sub(1)) { part.first - 1 } else { part.first };
                start..part.last + 1 + usize::from(letter(Some(part.last + 1)))
            }
            _ => part.first..part.last + 1,
        };
        Some((anchor, Reflection { name: entry.name.clone(), form, span }))
    }

    fn scan_spellings(&self, text: &[u8], found: &mut Vec<Reflection>) {
        let filter = self.ends.load();
        let (windows, _) = text.as_chunks::<STRIDE>();
        for (number, window) in windows.iter().enumerate() {
            let sum = window_sum(&self.key, *window);
            if !filter.may_hold(sum) {
                continue;
            }
            let book = self.book.read();
            for (entry, spelling, after) in book.endings(sum) {
                if let Some(span) = spelling.at(&self.key, text, (number + 1) * STRIDE + after) {
                    found.push(Reflection { name: entry.name.clone(), form: spelling.form, span });
                }
            }
        }
    }
}

/// Whether every second symbol is the same, and the others are not.
#[inline]
const fn alternates(window: u64) -> bool {
    let next = window ^ (window >> 16);
    let (even, odd) = (next & 0x0000_00ff_00ff_00ff == 0, next & 0x0000_ff00_ff00_ff00 == 0);
    even != odd
}

const fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')
}
