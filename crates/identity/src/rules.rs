//! What the claims of a token mean and must be, as the operator says.

use crate::json;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Where a claim stands: a name, or a JSON pointer (RFC 6901) where it begins with `/`.
pub type ClaimPath = Arc<str>;

/// Which claims say what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimMap {
    /// The human's stable id.
    pub human: ClaimPath,
    /// Who vouches for the human, where it is not the token's issuer.
    pub human_issuer: Option<ClaimPath>,
    /// The human's name.
    pub name: ClaimPath,
    /// The human's address.
    pub email: ClaimPath,
    /// The human's groups: an array of strings, or one string.
    pub groups: ClaimPath,
    /// The risk that the issuer sees in the sign-in: 0 to 100, or `none`, `low`, `medium`, `high`.
    pub risk: Option<ClaimPath>,
    /// The agent, where the token has no `act`; tried before `azp` and `client_id`.
    pub agent: Option<ClaimPath>,
    /// The agent's name for people: those that are there, joined by `/`.
    pub agent_name: Box<[ClaimPath]>,
    /// The agent's class.
    pub class: ClaimPath,
    /// What the delegation is for.
    pub purpose: ClaimPath,
    /// Facts of the agent's surroundings, by the name that policy uses.
    pub posture: Box<[(Arc<str>, ClaimPath)]>,
    /// Facts of the agent that its platform measured, by the name that policy uses.
    pub measured: Box<[(Arc<str>, ClaimPath)]>,
}

impl Default for ClaimMap {
    fn default() -> Self {
        Self {
            human: "sub".into(),
            human_issuer: None,
            name: "name".into(),
            email: "email".into(),
            groups: "groups".into(),
            risk: None,
            agent: None,
            agent_name: Box::new(["client_name".into()]),
            class: "/act/sub_profile".into(),
            purpose: "purpose".into(),
            posture: Box::default(),
            measured: Box::default(),
        }
    }
}

/// A claim that a token must carry, or must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    /// Where it stands.
    pub claim: ClaimPath,
    /// What it must be.
    pub must: Must,
}

/// What a claim must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Must {
    /// There.
    BePresent,
    /// Not there.
    BeAbsent,
    /// The string, number or boolean as text, or an array that holds one of these.
    Be(Box<[Pattern]>),
}

/// A text, or the shape of some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This text, byte for byte.
    Exact(Arc<str>),
    /// Texts of this shape.
    Glob(Glob),
}

/// The shape of a text of segments between `/` and `:`. `*` stands for one whole segment that is not empty, and crosses
/// neither sign; everything else stands for itself, and the whole text must fit.
///
/// ```
/// use doorward_identity::Glob;
/// let glob: Glob = "repo:acme/*:ref:refs/heads/main".parse()?;
/// assert!(glob.fits("repo:acme/site:ref:refs/heads/main"));
/// assert!(!glob.fits("repo:acme/site:environment:x:ref:refs/heads/main"));
/// assert!("repo:acme-*".parse::<Glob>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Arc<str>);

impl std::str::FromStr for Glob {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut segments = text.split(CUTS);
        if segments.clone().any(|s| s.contains('*') && s != "*") {
            return Err(format!("`*` in `{text}` is not a whole segment between `/` and `:`"));
        }
        if segments.all(|s| s == "*") {
            return Err(format!("`{text}` says nothing"));
        }
        Ok(Self(text.into()))
    }
}

/// The ends of segments.
const CUTS: [char; 2] = ['/', ':'];

impl Glob {
    /// Whether `text` has this shape.
    pub fn fits(&self, text: &str) -> bool {
        let (mut shape, mut text) = (&*self.0, text);
        loop {
            let (wanted, after_wanted) = segment(shape);
            let (found, after_found) = segment(text);
            if !(wanted == found || (wanted == "*" && !found.is_empty())) {
                return false;
            }
            // What follows begins with the sign that ended the segment, so the signs must be the same.
            match (after_wanted.chars().next(), after_found.chars().next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a == b => {
                    shape = after_wanted.get(1..).unwrap_or_default();
                    text = after_found.get(1..).unwrap_or_default();
                }
                _ => return false,
            }
        }
    }
}

/// The first segment, and the rest with the sign before it.
fn segment(text: &str) -> (&str, &str) {
    text.split_at(text.find(CUTS).unwrap_or(text.len()))
}

impl Pattern {
    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *text,
            Self::Glob(glob) => glob.fits(text),
        }
    }
}

impl ClaimRule {
    /// Whether `claims` are as this asks.
    pub(crate) fn holds(&self, claims: &Map<String, Value>) -> bool {
        let claim = json::at(claims, &self.claim).filter(|v| !v.is_null());
        match (&self.must, claim) {
            (Must::BePresent, claim) => claim.is_some(),
            (Must::BeAbsent, claim) => claim.is_none(),
            (Must::Be(_), None) => false,
            (Must::Be(patterns), Some(Value::Array(items))) => items.iter().any(|v| fits(patterns, v)),
            (Must::Be(patterns), Some(v)) => fits(patterns, v),
        }
    }
}

fn fits(patterns: &[Pattern], v: &Value) -> bool {
    match v {
        Value::String(s) => patterns.iter().any(|p| p.fits(s)),
        Value::Bool(_) | Value::Number(_) => {
            let text = v.to_string();
            patterns.iter().any(|p| p.fits(&text))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn globs() {
        let rows = [
            ("acme/*", "acme/site", true),
            ("acme/*", "acme/", false),
            ("acme/*", "acme/site/more", false),
            ("acme/*", "acme/site:x", false),
            ("acme/*", "acme-evil/site", false),
            ("acme/*", "x/acme/site", false),
            ("acme/*", "acme:site", false),
            ("*/site", "acme/site", true),
            ("repo:acme/*:environment:prod", "repo:acme/site:environment:prod", true),
            ("repo:acme/*:environment:prod", "repo:acme/site:pull_request", false),
            ("repo:acme/*:environment:prod", "repo:acme/a:environment:prod:environment:prod", false),
            ("repo:acme/site:*", "repo:acme/site:pull_request", true),
            ("repo:acme/site:*", "repo:acme/site-evil:pull_request", false),
            ("acme/ü", "acme/ü", true),
            ("refs/heads/*", "refs/heads/*", true),
        ];
        for (glob, text, fits) in rows {
            assert_eq!(glob.parse::<Glob>().unwrap().fits(text), fits, "{glob} and {text}");
        }
        for bad in ["*", "*/*", "acme*", "ac*me/x", "**", "acme/**", ""] {
            assert_eq!(bad.parse::<Glob>().is_err(), bad.contains('*'), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_glob_without_stars_is_its_text(a in "[a-b/:]{0,6}", b in "[a-b/:]{0,6}") {
            if let Ok(glob) = a.parse::<Glob>() {
                prop_assert_eq!(glob.fits(&b), a == b);
            }
        }

        #[test]
        fn a_star_never_takes_a_sign(parts in prop::collection::vec("[a-c]{0,2}", 2..5), text in "[a-c/:]{0,10}") {
            let shape = format!("x/{}/*", parts.join(":"));
            let glob: Glob = shape.parse().unwrap();
            if glob.fits(&text) {
                prop_assert_eq!(text.matches(CUTS).count(), shape.matches(CUTS).count());
            }
        }
    }
}
