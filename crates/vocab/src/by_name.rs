use crate::Glob;
use serde::Serialize;

/// What is said for patterns of names. The most specific pattern that fits a name speaks; for what has no name, only patterns
/// that fit everything do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ByName<T>(Vec<(Glob, T)>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ByName<T> {
    /// These patterns.
    pub const fn new(rules: Vec<(Glob, T)>) -> Self {
        Self(rules)
    }
    /// The same for every name.
    pub fn all(value: T) -> Self {
        Self(vec![(Glob::new("*"), value)])
    }
    /// What is said for a name.
    pub fn of(&self, name: Option<&str>) -> Option<&T> {
        let fits = self.0.iter().filter(|(glob, _)| glob.matches(name.unwrap_or_default()));
        fits.max_by_key(|(glob, _)| glob.specificity()).map(|(_, value)| value)
    }
    /// Whether nothing is said.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Everything that is said.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }
    /// The same, each made into something else.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn try_map<U, E>(&self, make: impl Fn(&T) -> Result<U, E>) -> Result<ByName<U>, E> {
        let made = self.0.iter().map(|(glob, value)| Ok((glob.clone(), make(value)?)));
        made.collect::<Result<_, E>>().map(ByName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_speaks() {
        let rules = [("*", 1), ("get_*", 2), ("get_all", 3), ("g*", 4)];
        let rules = ByName::new(rules.map(|(glob, value)| (Glob::new(glob), value)).to_vec());
        for (name, said) in [(Some("get_all"), 3), (Some("get_one"), 2), (Some("give"), 4), (Some("put"), 1), (None, 1)]
        {
            assert_eq!(rules.of(name), Some(&said), "{name:?}");
        }
        assert_eq!(ByName::new(vec![(Glob::new("get_*"), 2)]).of(None), None);
    }
}
