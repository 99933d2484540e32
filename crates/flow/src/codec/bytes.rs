//! Numbers of seven bits a byte, texts with their lengths, rows with their counts.

/// Writes.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    pub(super) fn all<T>(&mut self, all: impl ExactSizeIterator<Item = T>, each: impl Fn(&mut Self, T)) {
        self.number(all.len() as u64);
        all.for_each(|one| each(self, one));
    }

    pub(super) fn option<T>(&mut self, option: Option<T>, each: impl Fn(&mut Self, T)) {
        self.number(option.is_some().into());
        option.into_iter().for_each(|one| each(self, one));
    }
}

/// Reads what was written; nothing where it was something else.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = self.take(1)?.first().copied()?;
            let bits = u64::from(byte & 0x7f);
            (shift < 63 || bits <= 1).then_some(())?;
            number |= bits << shift;
            if byte < 0x80 {
                // One number is written in one way.
                return (byte != 0 || shift == 0).then_some(number);
            }
            shift += 7;
            (shift < 64).then_some(())?;
        }
    }

    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.number()?).ok()
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let len = self.small()?;
        String::from_utf8(self.take(len)?.to_vec()).ok()
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&[u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    pub(super) fn all<T>(&mut self, each: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        (0..count).map(|_| each(self)).collect()
    }

    pub(super) fn option<T>(&mut self, each: impl Fn(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.number()? {
            0 => Some(None),
            1 => Some(Some(each(self)?)),
            _ => None,
        }
    }
}
