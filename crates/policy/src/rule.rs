use crate::{Obligation, Party, Remedy, footprint::Footprint, scope::Scope};
use cedar_policy::{Effect, Policy, PolicyId};
use doorward_vocab::ReasonCode;
use serde::Deserialize;

/// A policy with all that was learned about it at load.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// What reasons call it: its `@id`, or file and line.
    pub(crate) name: String,
    /// The policy under its number, by which an evaluation reports it.
    pub(crate) policy: Policy,
    pub(crate) effect: Effect,
    pub(crate) scope: Scope,
    pub(crate) footprint: Footprint,
    pub(crate) marks: Marks,
    /// Whether it is of the base, and not the operator's own.
    pub(crate) base: bool,
}

impl Rule {
    pub(crate) fn number(n: usize) -> PolicyId {
        PolicyId::new(n.to_string())
    }
    /// Whether it is asked when the right of `seat` is in question.
    pub(crate) fn sits(&self, seat: Seat) -> bool {
        let party = self.scope.party();
        match (seat, self.effect) {
            (_, Effect::Forbid) if party.is_none() => true,
            (Seat::Of(p), _) => party == Some(p),
            (Seat::Autonomous, Effect::Forbid) => party == Some(Party::Delegation),
            (Seat::Autonomous, Effect::Permit) => party == Some(Party::Delegation) && self.marks.autonomous,
        }
    }
}

/// A set of policies that decides on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Seat {
    /// The right of a party.
    Of(Party),
    /// The right of a person who is not there, for whom the owner of the delegation answers.
    Autonomous,
}

impl Seat {
    pub(crate) const ALL: [Self; 5] = [
        Self::Of(Party::Agent),
        Self::Of(Party::Human),
        Self::Of(Party::Delegation),
        Self::Of(Party::Server),
        Self::Autonomous,
    ];
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Of(party) => party as usize,
            Self::Autonomous => 4,
        }
    }
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Of(party) => party.as_str(),
            Self::Autonomous => "absent human",
        }
    }
}

/// The annotations of a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) id: Option<String>,
    pub(crate) observe: bool,
    pub(crate) challenge: Option<Remedy>,
    pub(crate) reason: Option<String>,
    pub(crate) code: Option<ReasonCode>,
    pub(crate) oblige: Vec<Obligation>,
    pub(crate) lifts: Option<String>,
    pub(crate) autonomous: bool,
}

impl Marks {
    /// Reads the annotations. Each mistake is a pair of the annotation's name and what is wrong with it.
    pub(crate) fn read(policy: &Policy, mistakes: &mut Vec<(String, String)>) -> Self {
        let mut marks = Self::default();
        for (name, value) in policy.annotations() {
            if let Err(wrong) = marks.set(name, value, policy.effect()) {
                mistakes.push((name.to_owned(), wrong));
            }
        }
        marks
    }

    fn set(&mut self, name: &str, value: &str, effect: Effect) -> Result<(), String> {
        let only = |wanted: Effect| {
            if effect == wanted {
                Ok(())
            } else {
                Err(format!("`@{name}` belongs on a {wanted} and this is a {effect}"))
            }
        };
        match name {
            "id" if value.trim().is_empty() => return Err("`@id` is empty; give the policy a name".to_owned()),
            "id" => self.id = Some(value.to_owned()),
            "mode" => match value {
                "observe" => self.observe = true,
                "enforce" => self.observe = false,
                _ => return Err(format!("unknown mode `{value}`; modes are observe, enforce")),
            },
            "challenge" => {
                only(Effect::Forbid)?;
                self.challenge = Some(value.parse()?);
            }
            "reason" => self.reason = Some(value.to_owned()),
            "code" => {
                let word = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(value);
                self.code = Some(ReasonCode::deserialize(word).map_err(|e| format!("`@code`: {e}"))?);
            }
            "oblige" => {
                only(Effect::Permit)?;
                self.oblige =
                    value.split([',', ' ']).filter(|w| !w.is_empty()).map(str::parse).collect::<Result<_, _>>()?;
            }
            "lifts" => {
                only(Effect::Permit)?;
                self.lifts = Some(value.to_owned());
            }
            "autonomous" => {
                only(Effect::Permit)?;
                self.autonomous = true;
            }
            "note" => {}
            _ => {
                return Err(format!(
                    "unknown annotation `@{name}`; annotations are @id, @reason, @note, @mode, @code, on a forbid @challenge, on a permit @oblige, @lifts, @autonomous"
                ));
            }
        }
        Ok(())
    }
}
