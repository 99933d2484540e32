//! What a shell would take for more than words (POSIX.1-2024, XCU 2.2 and 2.10).

/// Whether `text` holds it: a command, or one word that a careless server may put into one. What stands in quotes of a
/// command counts too, for a second shell takes them off.
pub(super) fn is_more_than_words(text: &str, command: bool) -> bool {
    let word = !text.contains(char::is_whitespace);
    if !command && (!word || is_known(text)) {
        return false;
    }
    let within = |mark: &str| text.contains(mark);
    let always = within("`") || within("$(") || within("${") || within(";") || within("|") || within("&");
    always || command && (within(">") || within("<") || within("\n"))
}

/// Addresses, markup, and long texts without blanks have such characters too, and are no words.
fn is_known(text: &str) -> bool {
    text.len() > 256 || text.contains("://") || text.starts_with(['<', '{', '[', '?', '#']) || text.contains("&amp;")
}

#[cfg(test)]
mod tests {
    use super::is_more_than_words;

    #[test]
    fn words_and_more() {
        for (text, command, more) in [
            ("main;rm", false, true),
            ("$(id)", false, true),
            ("`id`", false, true),
            ("a|b", false, true),
            ("a&&b", false, true),
            ("feature/login", false, false),
            ("R&D is fine; really", false, false),
            ("https://example.com/?a=1&b=2;c", false, false),
            ("ls -la /tmp", true, false),
            ("ls > /tmp/x", true, true),
            ("ls\nid", true, true),
            ("<b>x;y</b>", false, false),
        ] {
            assert_eq!(is_more_than_words(text, command), more, "{text}");
        }
    }
}
