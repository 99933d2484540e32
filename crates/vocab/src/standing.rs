use crate::{Confidentiality, Declassification, Integrity, Label};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

/// What a text is about, as far as it matters who gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Class {
    /// Says something of a person: addresses, telephone numbers, dates of birth.
    Personal,
    /// Opens something: keys, tokens, passwords.
    Secret,
    /// Accounts, cards, amounts.
    Financial,
    /// Source code and configuration of programs.
    Code,
}

impl Class {
    /// All classes, in order of declaration.
    pub const ALL: [Self; 4] = [Self::Personal, Self::Secret, Self::Financial, Self::Code];
    /// The word used in configuration, policy and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Secret => "secret",
            Self::Financial => "financial",
            Self::Code => "code",
        }
    }
}

impl FromStr for Class {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|c| c.as_str() == s).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|c| c.as_str()).collect();
            format!("unknown class `{s}`; classes are {}", all.join(", "))
        })
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Classes(u8);

impl Classes {
    /// Nothing was recognized.
    pub const NONE: Self = Self(0);
    /// These and `class`.
    #[must_use]
    pub const fn with(self, class: Class) -> Self {
        Self(self.0 | 1 << class as u8)
    }
    /// These but `class`.
    #[must_use]
    pub const fn without(self, class: Class) -> Self {
        Self(self.0 & !(1 << class as u8))
    }
    /// Whether `class` is among them.
    pub const fn contains(self, class: Class) -> bool {
        self.0 & (1 << class as u8) != 0
    }
    /// All that are in either.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// The classes of the set, in order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().filter(move |c| self.contains(*c))
    }
    /// One bit for each, from the lowest, in order of declaration.
    pub const fn bits(self) -> u8 {
        self.0
    }
    /// The set that [`Self::bits`] wrote; nothing for bits that mean no class.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits >> Class::ALL.len() == 0 { Some(Self(bits)) } else { None }
    }
}

impl Serialize for Classes {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Classes {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Vec::<Class>::deserialize(d).map(|v| v.into_iter().collect())
    }
}

impl FromIterator<Class> for Classes {
    fn from_iter<I: IntoIterator<Item = Class>>(iter: I) -> Self {
        iter.into_iter().fold(Self::NONE, Self::with)
    }
}

/// To whom a text belongs: people, tenants. The join is all of them; beyond [`Self::MAX`] they are just many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owners(Option<Vec<Arc<str>>>, bool);

impl Owners {
    /// As many are told apart.
    pub const MAX: usize = 8;
    /// Nobody's in particular: the bottom of the lattice.
    pub const NONE: Self = Self(None, false);
    /// More than are told apart: the top.
    pub const MANY: Self = Self(None, true);

    /// One owner.
    pub fn just(owner: impl Into<Arc<str>>) -> Self {
        Self(Some(vec![owner.into()]), false)
    }
    /// Everybody to whom either belongs.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        if self.1 || other.1 {
            return Self::MANY;
        }
        let mut all: Vec<Arc<str>> = self.iter().chain(other.iter()).cloned().collect();
        all.sort_unstable();
        all.dedup();
        match all.len() {
            0 => Self::NONE,
            n if n > Self::MAX => Self::MANY,
            _ => Self(Some(all), false),
        }
    }
    /// The owners, where they are few.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().flatten()
    }
    /// Whether there are more owners than are told apart.
    pub const fn is_many(&self) -> bool {
        self.1
    }
    /// Whether all of these are among `others`: what is shown to `others` goes to nobody else's.
    pub fn within(&self, others: &Self) -> bool {
        others.1 || (!self.1 && self.iter().all(|owner| others.iter().any(|o| o == owner)))
    }
}

/// Where a value stands in all orders: its [`Label`], whose it is and what it is about. Standings join; only a named act
/// lowers one, and tells what it did.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Whether it may be believed, and who may read it.
    pub label: Label,
    /// To whom it belongs.
    pub owners: Owners,
    /// What it is about.
    pub classes: Classes,
}

impl Standing {
    /// What the human said in public: the bottom of the lattice.
    pub const BOTTOM: Self = Self { label: Label::BOTTOM, owners: Owners::NONE, classes: Classes::NONE };

    /// A label of nobody's text about nothing in particular.
    pub const fn of(label: Label) -> Self {
        Self { label, owners: Owners::NONE, classes: Classes::NONE }
    }
    /// The least standing that is at least as strict as both.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        Self {
            label: self.label.join(other.label),
            owners: self.owners.join(&other.owners),
            classes: self.classes.join(other.classes),
        }
    }
    /// Whether this is at least as strict as `other`.
    pub fn covers(&self, other: &Self) -> bool {
        self.join(other) == *self
    }
    /// Lets more people read it, by a named act. Where it is no secret beyond `to`, nothing is done.
    pub fn declassify(&mut self, to: Confidentiality, by: &Declassification) -> Option<Lowered> {
        let lower = to < self.label.confidentiality;
        lower.then(|| self.lower(Label { confidentiality: to, ..self.label }, (by.by.clone(), by.reason.clone())))
    }
    /// Lets it be believed, by a named act. Where it is believed, nothing is done.
    pub fn endorse(&mut self, by: &Endorsement) -> Option<Lowered> {
        let lower = self.label.integrity == Integrity::Untrusted;
        lower.then(|| {
            self.lower(Label { integrity: Integrity::Trusted, ..self.label }, (by.by.clone(), by.reason.clone()))
        })
    }
    fn lower(&mut self, to: Label, (by, reason): (Cow<'static, str>, Cow<'static, str>)) -> Lowered {
        let from = std::mem::replace(&mut self.label, to);
        Lowered { from, to, by, reason }
    }
}

/// A named act that lets a value be believed. It goes into the trail with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endorsement {
    /// Who or what believes it: a human's approval, a rule of the mandate, a policy.
    pub by: Cow<'static, str>,
    /// Why that is right.
    pub reason: Cow<'static, str>,
}

/// What a named act did to a label: the record that goes into the trail.
#[must_use = "an act that lowers a label goes into the trail"]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowered {
    /// The label before.
    pub from: Label,
    /// The label after.
    pub to: Label,
    /// Who or what lowered it.
    pub by: Cow<'static, str>,
    /// Why that is right.
    pub reason: Cow<'static, str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn standing() -> impl Strategy<Value = Standing> {
        let owners = prop_oneof![
            9 => proptest::collection::vec("[a-f]", 0..6).prop_map(|names| {
                names.into_iter().fold(Owners::NONE, |all, n| all.join(&Owners::just(n)))
            }),
            1 => Just(Owners::MANY),
        ];
        let levels = [
            Confidentiality::Public,
            Confidentiality::Internal,
            Confidentiality::Confidential,
            Confidentiality::Secret,
        ];
        (any::<bool>(), proptest::sample::select(levels.to_vec()), owners, 0..16_u8).prop_map(
            |(trusted, c, owners, b)| {
                let integrity = if trusted { Integrity::Trusted } else { Integrity::Untrusted };
                Standing { label: Label::new(integrity, c), owners, classes: Classes::from_bits(b).unwrap() }
            },
        )
    }

    proptest! {
        #[test]
        fn join_is_a_semilattice(a in standing(), b in standing(), c in standing()) {
            prop_assert_eq!(a.join(&a), a.clone());
            prop_assert_eq!(a.join(&b), b.join(&a));
            prop_assert_eq!(a.join(&b).join(&c), a.join(&b.join(&c)));
            prop_assert_eq!(a.join(&Standing::BOTTOM), a.clone());
            let both = a.join(&b);
            prop_assert!(both.covers(&a) && both.covers(&b));
            prop_assert!(a.owners.within(&both.owners) && b.owners.within(&both.owners));
            prop_assert_eq!(a.covers(&b) && b.covers(&a), a == b);
        }

        #[test]
        fn only_the_order_that_is_named_is_lowered(a in standing()) {
            let mut now = a.clone();
            let act = now.endorse(&Endorsement { by: "a human".into(), reason: "read it".into() });
            prop_assert_eq!(act.is_some(), a.label.integrity == Integrity::Untrusted);
            prop_assert_eq!(now.label, Label::new(Integrity::Trusted, a.label.confidentiality));
            let by = Declassification { by: "a human".into(), reason: "read it".into() };
            let act = now.declassify(Confidentiality::Internal, &by);
            prop_assert_eq!(act.is_some(), a.label.confidentiality > Confidentiality::Internal);
            prop_assert_eq!(now.label.confidentiality, a.label.confidentiality.min(Confidentiality::Internal));
            prop_assert!(a.covers(&now) && now.owners == a.owners && now.classes == a.classes);
        }
    }

    #[test]
    fn beyond_eight_owners_there_are_many() {
        let all = (0..8).fold(Owners::NONE, |all, n| all.join(&Owners::just(n.to_string())));
        assert!(!all.is_many() && Owners::just("3").within(&all) && !all.within(&Owners::just("3")));
        assert_eq!(all.join(&Owners::just("8")), Owners::MANY);
        assert!(all.within(&Owners::MANY) && !Owners::MANY.within(&all));
    }
}
