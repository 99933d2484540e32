//! Text of a stranger on the operator's terminal: what cannot be seen, or would move the cursor, is spelt out.

use std::fmt::Write;

/// The text with every invisible or steering character as `⟨U+200B⟩`. Line breaks stay.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            c if is_hidden(c) => {
                let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a person would not see `c`: controls, formats, direction marks, tags, fillers, variation selectors.
pub(super) fn is_hidden(c: char) -> bool {
    let harmless = matches!(c, '\n' | '\u{fe0f}');
    let formats = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    !harmless && (c.is_control() || formats)
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_steers_or_hides_is_spelt_out() {
        assert_eq!(visible("a\u{1b}[2Jb\u{200b}c\r\u{202e}"), "a⟨U+001B⟩[2Jb⟨U+200B⟩c⟨U+000D⟩⟨U+202E⟩");
        assert_eq!(visible("two\nlines, é, 漢, ❤\u{fe0f}"), "two\nlines, é, 漢, ❤\u{fe0f}");
        assert_eq!(visible("\u{e0041}"), "⟨U+E0041⟩");
    }
}
