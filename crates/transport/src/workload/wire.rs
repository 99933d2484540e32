//! As much of Protocol Buffers and DER as bundles and tokens take.

/// The entries of the field `number`, a map from text to bytes, in `message`. Nothing where the message is not well formed;
/// other fields are passed over.
pub(super) fn map(message: &[u8], number: u64) -> Option<Vec<(String, Vec<u8>)>> {
    let mut entries = Vec::new();
    for field in Fields(message) {
        let (found, value) = field?;
        if found != number {
            continue;
        }
        let (mut key, mut bytes) = (String::new(), Vec::new());
        for part in Fields(value) {
            match part? {
                (1, text) => key = String::from_utf8(text.to_vec()).ok()?,
                (2, value) => bytes = value.to_vec(),
                _ => {}
            }
        }
        entries.push((key, bytes));
    }
    Some(entries)
}

/// A field of text.
pub(super) fn field(number: u8, text: &str) -> Vec<u8> {
    let (mut bytes, mut length) = (vec![number << 3 | 2], text.len());
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap_or_default());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// The token of the first SVID in a `JWTSVIDResponse`.
pub(super) fn svid(message: &[u8]) -> Option<String> {
    for part in Fields(message) {
        let (1, svid) = part? else { continue };
        for part in Fields(svid) {
            if let (2, token) = part? {
                return String::from_utf8(token.to_vec()).ok();
            }
        }
    }
    None
}

/// The certificates that stand behind each other in `ders`.
pub(super) fn certificates(ders: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    let mut rest = ders;
    while let Some((tag, length)) = rest.split_first() {
        let (&short, long) = length.split_first()?;
        // X.690 §8.1.3: one byte up to 127, or so many bytes of length.
        let (content, header) = match short {
            0..=127 => (usize::from(short), 2),
            129..=131 => {
                let count = usize::from(short - 128);
                let number = long.get(..count)?.iter().fold(0_usize, |n, byte| n << 8 | usize::from(*byte));
                (number, 2 + count)
            }
            _ => return None,
        };
        if *tag != 0x30 {
            return None;
        }
        let (one, after) = rest.split_at_checked(header + content)?;
        all.push(one.to_vec());
        rest = after;
    }
    Some(all)
}

/// The fields of a message: numbers with the bytes of those that have a length; the others have none here.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, &'a [u8])>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, &'a [u8])> {
        let tag = self.varint()?;
        let length = match tag & 7 {
            0 => {
                self.varint()?;
                0
            }
            1 => 8,
            2 => usize::try_from(self.varint()?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (value, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some((tag >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(number: u8, value: &[u8]) -> Vec<u8> {
        let length = u8::try_from(value.len()).unwrap();
        assert!(length < 128);
        [&[number << 3 | 2, length], value].concat()
    }

    #[test]
    fn the_token_of_the_first_svid() {
        let long = "x".repeat(300);
        let svid = |token: &str| [super::field(1, "spiffe://a/b"), super::field(2, token)].concat();
        let message = |svid: &[u8]| super::field(1, std::str::from_utf8(svid).unwrap());
        let short = message(&svid("e30.e30.x"));
        assert_eq!(super::svid(&[short, message(&svid("other"))].concat()).as_deref(), Some("e30.e30.x"));
        assert_eq!(Fields(&super::field(2, &long)).next(), Some(Some((2, long.as_bytes()))));
        for nothing in [&[][..], &super::field(2, "x"), &super::field(1, ""), &[0x0a, 9, 1]] {
            assert_eq!(super::svid(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_map_among_other_fields() {
        let entry = |k: &str, v: &[u8]| [field(1, k.as_bytes()), field(2, v)].concat();
        let message = [
            field(1, b"a list of revoked ones"),
            vec![3 << 3, 0x96, 0x01],
            field(2, &entry("spiffe://a", b"xy")),
            vec![4 << 3 | 5, 1, 2, 3, 4],
            field(2, &entry("spiffe://b", b"")),
        ]
        .concat();
        let wanted = vec![("spiffe://a".to_owned(), b"xy".to_vec()), ("spiffe://b".to_owned(), Vec::new())];
        assert_eq!(map(&message, 2), Some(wanted));
        assert_eq!(map(&[], 2), Some(Vec::new()));
        for bad in [&[0x12][..], &[0x12, 5, 1], &[0x13], &[0xff; 11], &field(2, &field(1, &[0xff]))] {
            assert_eq!(map(bad, 2), None, "{bad:?}");
        }
    }

    #[test]
    fn certificates_behind_each_other() {
        let long = [vec![0x30, 0x82, 0x01, 0x00], vec![7; 256]].concat();
        let both = [vec![0x30, 2, 1, 2], long.clone()].concat();
        assert_eq!(certificates(&both), Some(vec![vec![0x30, 2, 1, 2], long]));
        assert_eq!(certificates(&[]), Some(Vec::new()));
        for bad in
            [&[0x30][..], &[0x30, 2, 1], &[0x31, 0], &[0x30, 0x80, 0], &[0x30, 0x84, 0, 0, 0, 1, 7], &[0x30, 0x81]]
        {
            assert_eq!(certificates(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_comes_in_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            map(&bytes, 2);
            if let Some(all) = certificates(&bytes) {
                prop_assert_eq!(all.concat(), bytes);
            }
        }
    }
}
