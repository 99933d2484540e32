//! The question at a sink: did the human ask for this, and did they choose what it is about?

use crate::{
    Clause, Intent, Tool,
    basis::{Basis, Of},
    roles::Role,
    said::sum_of,
    tool::Fit,
};
use doorward_vocab::{AuthorizedBy, Effect, Effects};

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

/// Whether a clause asks for something to be changed or sent.
fn acts(clause: &Clause) -> bool {
    clause.effects.iter().any(Effect::is_sink)
}

/// What stands behind the arguments of a call, together.
struct Behind {
    /// What must not decide it.
    refused: Vec<String>,
    /// What a person has to say.
    asks: Vec<String>,
    /// Whether the human said all of it.
    said: bool,
    /// Whether the human said what it is about, word for word.
    anchored: bool,
    /// Whether somebody gets something.
    someone: bool,
    /// Whether it is done to something that was said or chosen.
    related: bool,
}

impl Intent {
    /// Judges a call that can change something or move data out: `arguments` are its leaves with their pointers.
    pub fn judge(&self, tool: &Tool, arguments: &[(&str, &str)]) -> Verdict {
        match tool.doing(arguments) {
            Some(doing) => self.judged(&doing, arguments),
            None => self.judged(tool, arguments),
        }
    }

    fn judged(&self, tool: &Tool, arguments: &[(&str, &str)]) -> Verdict {
        let (asked, handed) = (best(tool, &self.clauses, false), best(tool, &self.handed, false));
        let clause = || asked.or(handed).map(|(_, clause)| clause.clone());
        let verdict = |stance, by, why| Verdict { stance, by, why, clause: clause() };
        let unasked = || format!("nothing that the user said asks for `{}`", tool.name);
        // What an operator rules out is ruled out as far as its words go; a person may think of something else by then.
        let out = |(fit, not): &(Fit, &Clause)| *fit == Fit::Full || not.standing;
        if let Some((_, not)) = best(tool, &self.clauses, true).filter(out) {
            let why = format!("{} asked not to, {}", not.asker(), not.place());
            return verdict(Stance::Outside, AuthorizedBy::Autonomous, vec![why]);
        }
        let of = Of { tool, sentences: about(tool, &self.clauses), arguments };
        let Behind { refused, asks, said, anchored, someone, related } = self.behind(&of);
        let shared = arguments.iter().any(|(pointer, value)| Role::of(pointer, value) == Role::Container);
        if tool.gives() {
            let stance = if refused.is_empty() && asks.is_empty() { Stance::Harmless } else { Stance::Ask };
            return verdict(stance, AuthorizedBy::Autonomous, refused.into_iter().chain(asks).collect());
        }
        let harmless = tool.does_only(&HARMLESS) && !tool.is_seen() && !shared;
        // What a command does is not known, and it may be what was asked for.
        let may_do_it = tool.effects == Effects::just(Effect::Execute) && self.wanted().any(acts);
        if asked.is_none() && handed.is_none() && !harmless && !may_do_it && tool.effects != Effects::NONE {
            return verdict(Stance::Outside, AuthorizedBy::Autonomous, vec![unasked()]);
        }
        if !refused.is_empty() {
            return verdict(Stance::Misled, AuthorizedBy::Autonomous, refused);
        }
        // A verb that may mean it does, where what was said is what it is done to.
        let meant = (someone && said) || (anchored && tool.does_only(&HARMLESS));
        // So does one that says nothing of what, where whoever gets it was named.
        let open = matches!(asked, Some((Fit::Open, _))) && someone && tool.does_only(&HANDED);
        let within = matches!(asked, Some((Fit::Full, _))) || (asked.is_some() && meant) || open;
        let handed_over = matches!(handed, Some((Fit::Full, _)));
        if within || handed_over {
            let mut asks = asks;
            if !within && !tool.does_only(&HANDED) {
                asks.push(format!("whether `{}` is meant: a text that the user pointed to asks for it", tool.name));
            }
            return match asks.is_empty() {
                true if within && said => {
                    let standing = asked.is_some_and(|(_, clause)| clause.standing && self.stands(clause, arguments));
                    let by = if standing { AuthorizedBy::StandingPolicy } else { AuthorizedBy::HumanLiteral };
                    verdict(Stance::Within, by, asks)
                }
                true => verdict(Stance::Delegated, AuthorizedBy::Delegation, asks),
                false => verdict(Stance::Ask, AuthorizedBy::HumanApproval, asks),
            };
        }
        // A verb may mean it, and whoever gets something was named: `write to Ann` may mean a mail.
        let may_be_meant = asked.is_some() && (someone || related);
        let unknown = tool.effects == Effects::NONE || may_do_it;
        let related = related || matches!(asked, Some((Fit::Open, _)));
        let stance = match harmless && !someone {
            true => self.aside(&of, related, asks.is_empty()),
            false if unknown || may_be_meant => Stance::Ask,
            false => Stance::Outside,
        };
        verdict(stance, AuthorizedBy::Autonomous, asks.into_iter().chain([unasked()]).collect())
    }

    /// Whether all that a call is about was said where its clause was, by the operator.
    fn stands(&self, clause: &Clause, arguments: &[(&str, &str)]) -> bool {
        let said = |value: &str| self.said.has_sum(sum_of(&self.sums, value), clause.sentences);
        arguments.iter().all(|(_, value)| value.len() < 4 || said(value))
    }

    fn wanted(&self) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(|c| !c.denied)
    }

    fn behind(&self, of: &Of<'_>) -> Behind {
        let (refused, asks) = (Vec::new(), Vec::new());
        let mut all = Behind { refused, asks, said: true, anchored: false, someone: false, related: false };
        for (pointer, value) in of.arguments.iter().filter(|(_, value)| !value.is_empty()) {
            let role = Role::of(pointer, value);
            let basis = self.basis(of, role, pointer, value);
            all.said &= basis == Basis::Said;
            all.someone |= role.is_recipient();
            let word = value.len() > 3 && value.chars().any(char::is_alphabetic) && self.said.has(&self.sums, value);
            all.anchored |= word;
            all.related |= word || (role.is_object() && matches!(basis, Basis::Chosen | Basis::Said));
            match basis {
                Basis::Refuse(why) => all.refused.push(why),
                Basis::Ask(why) => all.asks.push(why),
                Basis::Said | Basis::Chosen => {}
            }
        }
        all
    }

    /// How a call stands that nobody asked for, that can be undone and reaches nobody: it may be a step on the way to something
    /// that was asked for, where it is about such things or about what was chosen. Not where a text of a stranger says what.
    fn aside(&self, of: &Of<'_>, related: bool, is_sure: bool) -> Stance {
        let acts = self.wanted().any(acts);
        let related = related || self.wanted().any(|c| c.kinds & of.tool.kinds != 0);
        let planted = || of.arguments.iter().any(|(_, value)| self.is_planted(value, of.sentences));
        match related {
            true if acts && is_sure && !planted() => Stance::Harmless,
            false if self.clauses.iter().any(|c| c.effects != Effects::NONE) => Stance::Outside,
            _ => Stance::Ask,
        }
    }
}
