//! A text whose characters, or groups of them, have the same mark between them.

use super::{View, Writer};
use crate::origin::Form;

/// The widest groups, and how many marks there must be.
const WIDEST: usize = 6;
const MARKS: usize = 3;

pub(super) fn undo(view: &View, each: &mut dyn FnMut(View)) {
    let bytes = view.text.as_bytes();
    for width in 1..=WIDEST {
        let (mut at, period) = (0, width + 1);
        while let Some(mark) = bytes.get(at + width) {
            let marks = bytes.iter().skip(at + width).step_by(period).take_while(|b| *b == mark).count();
            // Letters between letters must be many, or honest words have them.
            let least = if mark.is_ascii_alphanumeric() { if width == 1 { 6 } else { usize::MAX } } else { MARKS };
            let inner = bytes.get(at..at + width).unwrap_or_default();
            if marks < least || inner.contains(mark) || !mark.is_ascii() {
                at += 1;
                continue;
            }
            let end = (at + marks * period + width).min(bytes.len());
            let mut writer = Writer::default();
            for (n, byte) in bytes.get(at..end).unwrap_or_default().iter().enumerate() {
                if n % period != width {
                    writer.push(*byte, at + n..at + n + 1);
                }
            }
            each(writer.view(view, Form::Spread));
            at = end;
        }
    }
}
