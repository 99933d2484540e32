use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Whether what a text says may be believed. The join is the lower trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Integrity {
    /// Written by the human or a system that the operator trusts.
    Trusted,
    /// Anybody may have written it.
    Untrusted,
}

/// Who may read a text. The join is the narrower audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidentiality {
    /// Anybody.
    Public,
    /// People of the organization.
    Internal,
    /// People who need it.
    Confidential,
    /// Nobody but the system that uses it.
    Secret,
}

/// Where a value stands in both orders. Labels join; only a named act lowers one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Label {
    /// Whether it may be believed.
    pub integrity: Integrity,
    /// Who may read it.
    pub confidentiality: Confidentiality,
}

impl Label {
    /// The label of what the human said in public: the bottom of the lattice.
    pub const BOTTOM: Self = Self::new(Integrity::Trusted, Confidentiality::Public);
    /// What comes from outside and was not looked at: untrusted, internal.
    pub const OUTSIDE: Self = Self::new(Integrity::Untrusted, Confidentiality::Internal);

    /// A label.
    pub const fn new(integrity: Integrity, confidentiality: Confidentiality) -> Self {
        Self { integrity, confidentiality }
    }
    /// The least label that is at least as strict as both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            integrity: self.integrity.max(other.integrity),
            confidentiality: self.confidentiality.max(other.confidentiality),
        }
    }
}

/// A named act that lowers a label. It goes into the trail with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declassification {
    /// Who or what lowers it: `ruling`, a human's approval, a sanitizer, a policy.
    pub by: Cow<'static, str>,
    /// Why that is right.
    pub reason: Cow<'static, str>,
}

/// A value from outside with its label. The label survives every transformation; the only way out is a named act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tainted<T> {
    value: T,
    label: Label,
}

impl<T> Tainted<T> {
    /// A value that came from outside under `label`.
    pub const fn new(value: T, label: Label) -> Self {
        Self { value, label }
    }
    /// Its label.
    pub const fn label(&self) -> Label {
        self.label
    }
    /// Looks at the value, to judge it. What is learned stays as tainted as the value.
    pub const fn inspect(&self) -> &T {
        &self.value
    }
    /// The same label on what `f` makes of the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Tainted<U> {
        Tainted { value: f(self.value), label: self.label }
    }
    /// The value under a label that is at least as strict.
    #[must_use]
    pub fn raise(self, label: Label) -> Self {
        Self { label: self.label.join(label), ..self }
    }
    /// Takes the value out, by a named act.
    pub fn declassify(self, _by: &Declassification) -> T {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label() -> impl Strategy<Value = Label> {
        let integrity = prop_oneof![Just(Integrity::Trusted), Just(Integrity::Untrusted)];
        let confidentiality = prop_oneof![
            Just(Confidentiality::Public),
            Just(Confidentiality::Internal),
            Just(Confidentiality::Confidential),
            Just(Confidentiality::Secret)
        ];
        (integrity, confidentiality).prop_map(|(i, c)| Label::new(i, c))
    }

    proptest! {
        #[test]
        fn join_is_a_semilattice(a in label(), b in label(), c in label()) {
            prop_assert_eq!(a.join(a), a);
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(Label::BOTTOM), a);
            let j = a.join(b);
            prop_assert!(j.integrity >= a.integrity && j.confidentiality >= a.confidentiality);
        }

        #[test]
        fn taint_survives_map_and_never_falls(a in label(), b in label()) {
            let t = Tainted::new(7, a).map(|n| n + 1).raise(b);
            prop_assert_eq!(t.label(), a.join(b));
            prop_assert_eq!(*t.inspect(), 8);
        }
    }
}
