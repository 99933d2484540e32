//! The question at a sink: did the human ask for this, and did they choose what it is about?

use crate::{
    Clause, Intent, Tool,
    basis::{Basis, Of},
    roles::Role,
    tool::Fit,
};
use doorward_vocab::{AuthorizedBy, Effect};

/// How a call stands to what the human asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// It was asked for, of what was named.
    Within,
    /// It was asked for by a text that the human handed the choice over to, or of what stood in one.
    Delegated,
    /// Nobody asked for it, and it can be undone and reaches nobody.
    Harmless,
    /// A person has to say whether it is meant.
    Ask,
    /// It was not asked for.
    Outside,
    /// What decides it came from where it must not come from.
    Misled,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How the call stands.
    pub stance: Stance,
    /// Who stands behind it, where it may go on.
    pub by: AuthorizedBy,
    /// Why: sentences for people.
    pub why: Vec<String>,
    /// What was asked for.
    pub clause: Option<Clause>,
}

/// Effects that a text which the choice was handed over to may ask for.
const HANDED: [Effect; 3] = [Effect::Create, Effect::Update, Effect::Send];
/// Effects that can be undone and reach nobody by themselves.
const HARMLESS: [Effect; 4] = [Effect::Read, Effect::Search, Effect::Create, Effect::Update];

/// The clause that asks for a call of `tool`, or asks not to, best.
fn best<'c>(tool: &Tool, clauses: &'c [Clause], denied: bool) -> Option<(Fit, &'c Clause)> {
    let wanted = clauses.iter().filter(|c| c.denied == denied).map(|c| (tool.fits(c), c));
    wanted.max_by_key(|(fit, _)| *fit).filter(|(fit, _)| *fit > Fit::None)
}

/// The sentences whose words say what a call of `tool` is about: those that ask for it, and those that ask for nothing.
fn about(tool: &Tool, clauses: &[Clause]) -> u32 {
    let asks = |c: &&Clause| !c.denied && (c.hands_over || tool.fits(c) > Fit::None);
    let (these, others): (Vec<&Clause>, Vec<&Clause>) = clauses.iter().partition(asks);
    let all = |of: &[&Clause]| of.iter().fold(0, |all, c| all | c.sentences);
    all(&these) | !all(&others)
}

impl Intent {
    /// Judges a call that can change something or move data out: `arguments` are its leaves with their pointers.
    pub fn judge(&self, tool: &Tool, arguments: &[(&str, &str)]) -> Verdict {
        let (asked, handed) = (best(tool, &self.clauses, false), best(tool, &self.handed, false));
        let verdict = |stance, by, why: Vec<String>| Verdict {
            stance,
            by,
            why,
            clause: asked.as_ref().or(handed.as_ref()).map(|(_, c)| Clause::clone(c)),
        };
        if let Some((Fit::Full, not)) = best(tool, &self.clauses, true) {
            let why = format!("the user asked not to, {}", not.place());
            return verdict(Stance::Outside, AuthorizedBy::Autonomous, vec![why]);
        }
        let sentences = about(tool, &self.clauses);
        let of = Of { tool, sentences, arguments };
        let only = |of: &[Effect]| {
            tool.effects.iter().count() > 0 && tool.effects.iter().all(|e| of.contains(&e) || !e.is_sink())
        };
        let bases: Vec<(Role, Basis)> = arguments
            .iter()
            .map(|(pointer, value)| (Self::role(pointer, value), *pointer, *value))
            .filter(|(_, _, value)| !value.is_empty())
            .map(|(role, pointer, value)| (role, self.basis(&of, role, pointer, value)))
            .collect();
        let refused: Vec<String> = bases
            .iter()
            .filter_map(|(_, b)| if let Basis::Refuse(why) = b { Some(why.clone()) } else { None })
            .collect();
        let unasked = format!("nothing that the user said asks for `{}`", tool.name);
        if asked.is_none() && handed.is_none() && !only(&HARMLESS) {
            return verdict(Stance::Outside, AuthorizedBy::Autonomous, vec![unasked]);
        }
        if !refused.is_empty() {
            return verdict(Stance::Misled, AuthorizedBy::Autonomous, refused);
        }
        let recipients = bases.iter().filter(|(role, _)| *role == Role::Recipient);
        let all_said = bases.iter().all(|(_, b)| *b == Basis::Said);
        let someone = recipients.count() > 0;
        let asks: Vec<String> =
            bases.iter().filter_map(|(_, b)| if let Basis::Ask(why) = b { Some(why.clone()) } else { None }).collect();
        let within = match asked.as_ref().map(|(fit, _)| *fit) {
            Some(Fit::Full) => true,
            Some(Fit::Verb) => someone && all_said,
            _ => false,
        };
        if within {
            return match asks.is_empty() {
                true if all_said => verdict(Stance::Within, AuthorizedBy::HumanLiteral, Vec::new()),
                true => verdict(Stance::Delegated, AuthorizedBy::Delegation, Vec::new()),
                false => verdict(Stance::Ask, AuthorizedBy::HumanApproval, asks),
            };
        }
        if handed.as_ref().is_some_and(|(fit, _)| *fit == Fit::Full) {
            let why = if only(&HANDED) {
                asks
            } else {
                vec![format!("`{}` was asked for by a text that the user pointed to, and cannot be undone", tool.name)]
            };
            return match why.is_empty() {
                true => verdict(Stance::Delegated, AuthorizedBy::Delegation, why),
                false => verdict(Stance::Ask, AuthorizedBy::HumanApproval, why),
            };
        }
        if only(&HARMLESS) && !someone {
            // A step on the way to something that was asked for: it is about such things, or about what was chosen. Not where
            // a text of a stranger says what.
            let acts = self.clauses.iter().any(|c| !c.denied && c.effects.iter().any(Effect::is_sink));
            let alike = self.clauses.iter().any(|c| !c.denied && c.kinds & tool.kinds != 0);
            let related = alike
                || bases.iter().any(|(role, b)| *role == Role::Object && matches!(b, Basis::Chosen | Basis::Said));
            let planted = || arguments.iter().any(|(_, value)| self.is_planted(value, sentences));
            let stance = match related {
                true if acts && asks.is_empty() && !planted() => Stance::Harmless,
                false if !self.clauses.is_empty() => Stance::Outside,
                _ => Stance::Ask,
            };
            return verdict(stance, AuthorizedBy::Autonomous, asks.into_iter().chain([unasked]).collect());
        }
        verdict(Stance::Outside, AuthorizedBy::Autonomous, vec![unasked])
    }
}
