use crate::{Action, Agent, Context, Delegation, Human, Party, Target};
use doorward_vocab::{AuthorizedBy, Decision, Reason};
use std::{fmt, str::FromStr, sync::Arc};

/// What is asked: may this agent, for this person, under this delegation, do this to that, now?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The software that asks.
    pub agent: &'a Agent,
    /// The person for whom it acts. None in an autonomous run; then the delegation answers in the person's place,
    /// if it names an accountable owner, by those of its permits that carry `@autonomous`. On loopback the local
    /// user is the person.
    pub human: Option<&'a Human>,
    /// What binds the two: the chain of delegations, from the first to the one that the agent holds. Never none, and at
    /// most [`Question::HOPS`].
    pub delegations: &'a [Delegation],
    /// What is to be done.
    pub action: Action,
    /// What it is done to, and at which server.
    pub target: &'a Target,
    /// In which circumstances.
    pub context: &'a Context<'a>,
}

impl Question<'_> {
    /// The longest chain of delegations that is asked about.
    pub const HOPS: usize = 3;
}

/// What can turn a challenge into an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remedy {
    /// A person approves this very call.
    Approval,
    /// The person or the agent proves its identity better.
    StepUp,
}

impl Remedy {
    /// The word used in `@challenge` and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::StepUp => "step-up",
        }
    }
}

impl FromStr for Remedy {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "approval" => Ok(Self::Approval),
            "step-up" => Ok(Self::StepUp),
            _ => Err(format!("unknown challenge `{s}`; challenges are approval, step-up")),
        }
    }
}

/// What must be done for an allowance to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obligation {
    /// Remove what looks like a secret from arguments and result.
    RedactSecrets,
    /// Remove what a person does not see from the result.
    StripHiddenText,
    /// Remove links and images from the result.
    StripLinks,
}

impl Obligation {
    /// All obligations, in order of declaration.
    pub const ALL: [Self; 3] = [Self::RedactSecrets, Self::StripHiddenText, Self::StripLinks];
    /// The word used in `@oblige` and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RedactSecrets => "redact-secrets",
            Self::StripHiddenText => "strip-hidden-text",
            Self::StripLinks => "strip-links",
        }
    }
}

impl FromStr for Obligation {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|o| o.as_str() == s).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|o| o.as_str()).collect();
            format!("unknown obligation `{s}`; obligations are {}", all.join(", "))
        })
    }
}

/// What one party's policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Allow, Oblige, Challenge or Deny.
    pub decision: Decision,
    /// Why, one for each deciding policy, which it names.
    pub reasons: Vec<Reason>,
    /// What must be done for it to hold; sorted.
    pub obligations: Vec<Obligation>,
    /// What would turn a challenge into an allowance; sorted, all are needed.
    pub remedies: Vec<Remedy>,
    /// What it would be if the policies that only observe acted; None where that makes no difference.
    pub would_be: Option<WouldBe>,
    /// Whether a permit of the operator's own carries the allowance, and not only the base.
    pub(crate) own_permit: bool,
}

/// What a decision would be if the policies that only observe acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldBe {
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// The answer: the strictest of the rulings for each party, and for each delegation of the chain.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The strictest decision of all.
    pub decision: Decision,
    together: Arc<Together>,
    autonomous: bool,
}

/// The rulings for agent, human, each delegation, and server, in this order.
pub(crate) type Rulings = [Option<Arc<Ruling>>; SEATS];
/// How many there are at most.
pub(crate) const SEATS: usize = 3 + Question::HOPS;

/// What the rulings say together: worked out once, shared by every verdict that they make.
#[derive(Debug)]
pub(crate) struct Together {
    decision: Decision,
    agent: Arc<Ruling>,
    human: Arc<Ruling>,
    server: Arc<Ruling>,
    /// For each delegation of the chain.
    hops: Box<[Arc<Ruling>]>,
    /// The strictest of them.
    delegation: Arc<Ruling>,
    reasons: Arc<[Reason]>,
    would_be: Option<WouldBe>,
}

impl Together {
    /// None unless there is a ruling for each party.
    pub(crate) fn of(rulings: &Rulings) -> Option<Self> {
        let all: Vec<&Arc<Ruling>> = rulings.iter().flatten().collect();
        let [agent, human, hops @ .., server] = all.as_slice() else { return None };
        let delegation = hops.iter().max_by_key(|r| r.decision)?;
        let decision = all.iter().map(|r| r.decision).fold(Decision::Allow, Decision::join);
        let reasons = decisive(all.iter().map(|r| (r.decision, &r.reasons)), decision).into();
        let would_be = would_be(&all);
        Some(Self {
            decision,
            agent: Arc::clone(agent),
            human: Arc::clone(human),
            server: Arc::clone(server),
            delegation: Arc::clone(delegation),
            hops: hops.iter().map(|hop| Arc::clone(hop)).collect(),
            reasons,
            would_be,
        })
    }

    /// The same ruling for everybody.
    pub(crate) fn same(ruling: &Arc<Ruling>) -> Self {
        let each = || Arc::clone(ruling);
        Self {
            decision: ruling.decision,
            agent: each(),
            human: each(),
            server: each(),
            delegation: each(),
            hops: [each()].into(),
            reasons: ruling.reasons.clone().into(),
            would_be: None,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Ruling>> {
        [&self.agent, &self.human].into_iter().chain(&self.hops).chain([&self.server])
    }
}

impl Verdict {
    pub(crate) fn new(together: Arc<Together>, autonomous: bool) -> Self {
        Self { decision: together.decision, together, autonomous }
    }
    /// What the policies of one party say; of a chain of delegations, the strictest.
    pub fn ruling(&self, party: Party) -> &Ruling {
        match party {
            Party::Agent => &self.together.agent,
            Party::Human => &self.together.human,
            Party::Delegation => &self.together.delegation,
            Party::Server => &self.together.server,
        }
    }
    /// What the policies say of each delegation of the chain, in its order.
    pub fn hops(&self) -> &[Arc<Ruling>] {
        &self.together.hops
    }
    pub(crate) fn all(&self) -> impl Iterator<Item = &Ruling> {
        self.together.all().map(AsRef::as_ref)
    }
    /// Why it is so: who allows, where all do; else the reasons of those parties that are as strict as the whole.
    pub fn reasons(&self) -> &Arc<[Reason]> {
        &self.together.reasons
    }
    /// What must be done for an allowance to hold: all that any party asks for.
    pub fn obligations(&self) -> Vec<Obligation> {
        let mut all: Vec<_> = self.together.all().flat_map(|r| &r.obligations).copied().collect();
        all.sort();
        all.dedup();
        all
    }
    /// What would turn a challenge into an allowance: all are needed. Empty unless the decision is a challenge.
    pub fn remedies(&self) -> Vec<Remedy> {
        if self.decision != Decision::Challenge {
            return Vec::new();
        }
        let mut all: Vec<_> = self.together.all().flat_map(|r| &r.remedies).copied().collect();
        all.sort();
        all.dedup();
        all
    }
    /// What it would be if the policies that only observe acted; None where that makes no difference.
    pub fn would_be(&self) -> Option<&WouldBe> {
        self.together.would_be.as_ref()
    }
    /// Who stands behind an allowance, as far as policies know. Turns and approvals may tell more.
    pub fn authorized_by(&self) -> AuthorizedBy {
        if self.autonomous {
            AuthorizedBy::Autonomous
        } else if self.together.hops.iter().any(|hop| hop.own_permit) {
            AuthorizedBy::Delegation
        } else {
            AuthorizedBy::StandingPolicy
        }
    }
}

fn would_be(rulings: &[&Arc<Ruling>]) -> Option<WouldBe> {
    rulings.iter().find(|r| r.would_be.is_some())?;
    let each = || {
        rulings.iter().map(|r| match &r.would_be {
            Some(w) => (w.decision, &w.reasons),
            None => (r.decision, &r.reasons),
        })
    };
    let decision = each().map(|(d, _)| d).fold(Decision::Allow, Decision::join);
    Some(WouldBe { decision, reasons: decisive(each(), decision) })
}

fn decisive<'a>(each: impl Iterator<Item = (Decision, &'a Vec<Reason>)>, whole: Decision) -> Vec<Reason> {
    let mut out: Vec<Reason> = Vec::new();
    for reason in each.filter(|(decision, _)| whole <= Decision::Oblige || *decision == whole).flat_map(|(_, r)| r) {
        if !out.contains(reason) {
            out.push(reason.clone());
        }
    }
    out
}

impl fmt::Display for Obligation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
