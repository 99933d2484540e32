//! What is checked before any policy, and what no policy lifts: that every delegation of the chain covers what is asked,
//! and that the agent is proven as well as the operator asks for.

use crate::{Actor, Definition};
use doorward_identity::{
    Principal,
    delegation::{Outside, Wanted},
};
use doorward_policy::Action;
use doorward_vocab::{Assurance, Effect, Effects, Glob, Reason, ReasonCode, ServerName, Timestamp};
use std::collections::BTreeMap;

/// What is asked of delegations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) server: &'a ServerName,
    pub(crate) tool: Option<&'a Definition>,
    pub(crate) action: Action,
    /// The largest amount of money among the arguments, in hundredths.
    pub(crate) amount: i64,
}

/// Why a principal may not do what is asked, by the first delegation of its chain that does not cover it.
pub(crate) fn outside(actor: &Actor, asked: &Asked<'_>, now: Timestamp) -> Option<Reason> {
    let principal = actor.principal();
    let tool = asked.tool.map(|definition| &*definition.name);
    for hop in &*principal.delegations {
        // What reads or does something: its effects count. Others only say where they go.
        let effects = match (asked.action, asked.tool) {
            (Action::Call, Some(definition)) => Some(definition.effects),
            (Action::Read | Action::Prompt, _) => Some(Effects::just(Effect::Read)),
            _ => None,
        };
        let covered = match effects {
            Some(effects) => hop.covers(&Wanted { server: asked.server, tool, effects, amount: asked.amount }, now),
            None => hop.reaches(asked.server, tool, now),
        };
        if let Err(why) = covered {
            let what = tool.map_or_else(|| asked.server.to_string(), |tool| format!("{}/{tool}", asked.server));
            return Some(reason(principal, &hop.id, &what, why));
        }
    }
    None
}

/// Why a delegation does not cover something, in words that say which one and what.
pub fn reason(principal: &Principal, delegation: &str, what: &str, why: Outside) -> Reason {
    let agent = &principal.agent.name;
    Reason::new(ReasonCode::OutsideDelegation, format!("`{what}` by {agent}, delegation `{delegation}`: {why}"))
}

/// How well an agent must be proven for what a call does, and for which tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floors {
    /// By what a call does.
    pub effects: BTreeMap<Effect, Assurance>,
    /// By the name of the tool.
    pub tools: Vec<(Glob, Assurance)>,
}

impl Floors {
    /// Why `principal` is not proven well enough for a call of `tool`, where it is not. A tool of which nobody knows what
    /// it does may do anything.
    pub(crate) fn too_low(&self, principal: &Principal, tool: &Definition) -> Option<(Assurance, Reason)> {
        let unknown = tool.effects == Effects::NONE;
        let effects = self.effects.iter().filter(|(effect, _)| unknown || tool.effects.contains(**effect));
        let effects = effects.map(|(effect, floor)| (*floor, format!("`{effect}`")));
        let tools = self.tools.iter().filter(|(glob, _)| glob.matches(&tool.name));
        let tools = tools.map(|(_, floor)| (*floor, format!("`{}`", tool.name)));
        let (floor, what) = effects.chain(tools).max_by_key(|(floor, _)| *floor)?;
        let has = principal.assurance;
        (has < floor).then(|| {
            let (needs, has_number) = (u8::from(floor), u8::from(has));
            let reason = Reason::new(
                ReasonCode::AssuranceTooLow,
                format!(
                    "{what} needs assurance {needs}, and {} has {has_number} ({}): {} would be enough",
                    principal.agent.name,
                    has.as_str(),
                    floor.enough()
                ),
            );
            (floor, reason)
        })
    }
}
