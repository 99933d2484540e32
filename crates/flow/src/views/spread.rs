//! A text whose characters, or groups of them, have the same mark between them; and one that was cut to the labels of a host.

use super::{View, Writer};
use crate::origin::Form;

/// The widest groups, and how many marks there must be.
const WIDEST: usize = 6;
const MARKS: usize = 3;
/// The longest label of a host (RFC 1035 §2.3.4).
const LABEL: usize = 63;

pub(super) fn undo(view: &View, each: &mut dyn FnMut(View)) {
    labels(view, each);
    (1..=WIDEST).for_each(|width| groups(view, width, each));
}

/// Groups of `width` characters.
fn groups(view: &View, width: usize, each: &mut dyn FnMut(View)) {
    let (bytes, period) = (view.text.as_bytes(), width + 1);
    let (mut at, mut all) = (0, Writer::default());
    while let (Some(mark), Some(next)) = (bytes.get(at + width), bytes.get(at + width + period)) {
        if mark != next || !mark.is_ascii() {
            at += 1;
            continue;
        }
        // Wider groups do not hold the mark; what stands alone may be one itself.
        let fits = |all: &[u8]| width == 1 || !all.contains(mark);
        let is_group = |group: &[u8]| group.split_last().is_some_and(|(last, all)| last == mark && fits(all));
        let marks = bytes.get(at..).unwrap_or_default().chunks_exact(period).take_while(|g| is_group(g)).count();
        // Letters between letters must be many, or honest words have them.
        let letters = mark.is_ascii_alphanumeric();
        if marks < if letters { 2 * MARKS } else { MARKS } || (letters && width > 1) {
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
        all.part(writer);
        at = end;
    }
    if !all.bytes.is_empty() {
        each(all.view(view, Form::Spread));
    }
}

/// The text without the dots behind labels that could not be longer.
fn labels(view: &View, each: &mut dyn FnMut(View)) {
    let (mut writer, mut label, mut any) = (Writer::default(), 0, false);
    for (at, byte) in view.text.bytes().enumerate() {
        let in_label = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if byte == b'.' && label == LABEL {
            any = true;
        } else {
            writer.push(byte, at..at + 1);
        }
        label = if in_label { label + 1 } else { 0 };
    }
    if any {
        each(writer.view(view, Form::Spread));
    }
}
