//! Characters that are not seen, and the scripts in which some of them are as they should be.

/// How a character hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Plain,
    Tag,
    Joiner,
    ZeroWidth,
    Override,
    Embedding,
    Selector,
    FarSelector,
}

pub(crate) fn class(c: char) -> Class {
    match c {
        '\0'..='\u{ac}' => Class::Plain,
        '\u{e0000}'..='\u{e007f}' => Class::Tag,
        '\u{200c}' | '\u{200d}' => Class::Joiner,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' => Class::ZeroWidth,
        '\u{202d}' | '\u{202e}' => Class::Override,
        '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}' => Class::Embedding,
        '\u{fe00}'..='\u{fe0f}' => Class::Selector,
        '\u{e0100}'..='\u{e01ef}' => Class::FarSelector,
        _ => Class::Plain,
    }
}

/// Whether nobody sees `c`, wherever it stands. What makes pictures of characters (U+FE0F, U+200D) is seen.
pub(crate) fn is_invisible(c: char) -> bool {
    !matches!(c, '\u{fe0f}' | '\u{200d}') && class(c) != Class::Plain
}

/// Scripts that use joiners, or break lines where no space stands.
pub(crate) fn complex_script(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{7ff}' | '\u{860}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{1950}'..='\u{1aff}'
        | '\u{a840}'..='\u{abff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{3040}'..='\u{30ff}'
        | '\u{4e00}'..='\u{9fff}' | '\u{11000}'..='\u{11fff}')
}

/// Scripts that run from right to left.
pub(crate) fn right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}
