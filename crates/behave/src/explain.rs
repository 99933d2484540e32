//! Why a score is what it is: a sum of bits, each with its reason in words.

use crate::{
    Sum,
    baseline::{Fact, FactKind},
    course::Sign,
    event::Origin,
};
use std::fmt;

/// A score with its reasons, the greatest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The score: the sum of all terms, told and untold.
    pub bits: f32,
    /// The greatest terms, at most [`Explanation::MOST`].
    pub terms: Vec<Term>,
    /// The sum of those that are not told.
    pub rest: f32,
}

/// One reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// In words.
    pub words: String,
    /// How much it adds.
    pub bits: f32,
}

impl Explanation {
    /// How many terms are told.
    pub const MOST: usize = 5;

    /// Of terms in any order.
    pub fn of(mut terms: Vec<Term>) -> Self {
        let bits = terms.iter().map(|term| term.bits).sum();
        terms.sort_by(|a, b| b.bits.abs().total_cmp(&a.bits.abs()));
        let rest = terms.iter().skip(Self::MOST).map(|term| term.bits).sum();
        terms.truncate(Self::MOST);
        Self { bits, terms, rest }
    }
}

/// Why a fact is surprising. `names` tells the names of tools and arguments, which the call at hand has.
pub fn of_fact<'n>(fact: &Fact, bits: f32, names: impl Fn(Sum) -> Option<&'n str>) -> Term {
    let tool = names(fact.tool).unwrap_or("a tool");
    let origin = Origin::ALL.into_iter().find(|origin| Sum::default().and(*origin as u64) == fact.value);
    let words = match (fact.kind, origin) {
        (FactKind::Origin, Some(origin)) => {
            let argument = names(fact.argument).unwrap_or("an argument");
            format!("`{tool}.{argument}` {}, which is rare", origin.words())
        }
        (kind, _) => format!("`{tool}` {}", kind.words()),
    };
    Term { words, bits }
}

/// What a sign says.
pub fn of_sign<'n>(sign: &Sign, bits: f32, names: impl Fn(Sum) -> Option<&'n str>) -> Term {
    let words = match names(sign.about) {
        Some(name) => format!("{} (`{name}`)", sign.kind.words()),
        None => sign.kind.words().to_owned(),
    };
    Term { words, bits }
}

/// One line for each term.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} bits", self.bits)?;
        self.terms.iter().try_for_each(|term| write!(f, "\n  {:+.1}  {}", term.bits, term.words))?;
        if self.rest.abs() >= 0.05 { write!(f, "\n  {:+.1}  everything else", self.rest) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_sum_of_its_reasons() {
        let terms = (0..9_u8).map(|n| Term { words: format!("reason {n}"), bits: f32::from(n) - 3.0 }).collect();
        let all = Explanation::of(terms);
        assert_eq!(all.terms.len(), 5);
        assert!((all.bits - all.rest - all.terms.iter().map(|t| t.bits).sum::<f32>()).abs() < 1e-4);
        assert!(all.to_string().starts_with("9.0 bits\n  +5.0  reason 8\n"), "{all}");
    }

    #[test]
    fn an_origin_is_told_in_words() {
        let key = crate::Key::new(&[1; 16]);
        let (tool, argument) = (key.tool("bank", "send_money"), key.sum("recipient"));
        let names = |sum| if sum == tool { Some("send_money") } else { (sum == argument).then_some("recipient") };
        let value = Sum::default().and(Origin::Result as u64);
        let fact = Fact { kind: FactKind::Origin, place: tool, value, tool, argument };
        let said = "`send_money.recipient` came from a result, which is rare";
        assert_eq!(of_fact(&fact, 11.2, names).words, said);
    }
}
