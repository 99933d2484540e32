use serde::Serialize;
use std::fmt;

/// A pattern of names: `*` is any run of characters, `?` is any one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Glob(String);

impl Glob {
    /// The pattern that `text` writes; every text is one.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// How much of a name the pattern fixes: its plain characters, and all of it where it has no wildcard.
    pub fn specificity(&self) -> usize {
        if self.is_plain() { usize::MAX } else { self.0.chars().filter(|c| !matches!(c, '*' | '?')).count() }
    }
    /// Whether the pattern is just a name.
    pub fn is_plain(&self) -> bool {
        !self.0.contains(['*', '?'])
    }
    /// Whether the whole of `name` fits. Takes time in proportion to pattern × name at worst.
    pub fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut name) = (self.0.chars(), name.chars());
        // Where to go on when the last `*` has to take one character more.
        let mut back: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
        loop {
            let (p, n) = (pattern.clone().next(), name.clone().next());
            match (p, n) {
                (Some('*'), _) => {
                    pattern.next();
                    back = Some((pattern.clone(), name.clone()));
                }
                (Some(p), Some(n)) if p == '?' || p == n => {
                    pattern.next();
                    name.next();
                }
                (None, None) => return true,
                _ => {
                    let Some((after, rest)) = back.as_mut() else { return false };
                    if rest.next().is_none() {
                        return false;
                    }
                    (pattern, name) = (after.clone(), rest.clone());
                }
            }
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn wildcards() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("delete_*", "delete_all", true),
            ("delete_*", "undelete_all", false),
            ("*_file", "read_file", true),
            ("*a*b", "xaybab", true),
            ("*a*b", "xaybac", false),
            ("r?ad", "read", true),
            ("r?ad", "rad", false),
            ("?", "é", true),
            ("plain", "plain", true),
            ("plain", "plainer", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(name), fits, "{pattern} on {name}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        assert!(!Glob::new("*a".repeat(40) + "b").matches(&"a".repeat(2_000)));
    }
}
