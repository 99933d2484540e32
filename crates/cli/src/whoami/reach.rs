//! Which servers and tools, by which policies, and what checks the context: the same questions that a call asks, put
//! without arguments.

use super::{Args, identity::Identity};
use crate::{Failure, verbs::approve};
use doorward_config::{DetectorMode, Server as ServerSettings, Settings, Upstream};
use doorward_detect::definition::{Annotations, infer_effects};
use doorward_identity::{Delegation, delegation::Wanted};
use doorward_policy::{
    Action, AgentFacts, ArgumentFacts, Context, DefinitionState, Delegation as Prepared, DelegationFacts, Explanation,
    HumanFacts, Policies, Question, ServerFacts, Target, ToolFacts, Transport,
};
use doorward_store::{Pin, PinState, Pins, SystemClock};
use doorward_vocab::{Assurance, Clock as _, Decision, Effects, Mode};
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// What an agent reaches of one server.
#[derive(Serialize)]
pub(super) struct Server {
    pub(super) server: String,
    /// Whether it may open a session there.
    pub(super) open: Decision,
    pub(super) tools: Vec<Tool>,
    /// The policies that decide, each with what it says.
    pub(super) decided_by: BTreeSet<String>,
    /// What is checked here beside.
    pub(super) controls: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Tool {
    pub(super) tool: String,
    pub(super) decision: Decision,
    pub(super) why: Vec<String>,
}

pub(super) fn servers(
    args: &Args,
    settings: &Settings,
    policies: &Policies,
    identity: &Identity,
) -> Result<Vec<Server>, Failure> {
    let pins = match approve::state()? {
        Some(state) => state.list(None).map_err(|e| Failure::Broken(e.to_string()))?,
        None => Vec::new(),
    };
    let asked = settings.servers.iter().filter(|s| args.server.as_ref().is_none_or(|name| s.name.as_str() == name));
    let servers: Vec<Server> = asked.map(|s| Asking { settings, policies, identity }.server(s, &pins)).collect();
    match (&args.server, servers.is_empty()) {
        (Some(name), true) => Err(Failure::usage(format!("there is no server `{name}`"), "see `doorward list`")),
        _ => Ok(servers),
    }
}

struct Asking<'a> {
    settings: &'a Settings,
    policies: &'a Policies,
    identity: &'a Identity,
}

impl Asking<'_> {
    fn server(&self, server: &ServerSettings, pins: &[Pin]) -> Server {
        let transport = match &server.upstream {
            Upstream::Command { .. } => Transport::Stdio,
            Upstream::Http { .. } => Transport::Http,
        };
        let party =
            ServerFacts { name: &server.name, transport, attested: false, assurance: Assurance::Asserted }.prepare();
        let whole = self.ask(Action::Session, &Target::server(&party));
        let mut decided_by = deciding(&whole);
        let chain = &self.identity.chain;
        let reached = chain.iter().all(|d| d.reaches(&server.name, None, SystemClock.now()).is_ok());
        let open = if reached { whole.decision } else { Decision::Deny };
        let mut tools = Vec::new();
        let known = pins.iter().filter(|p| p.key.server == server.name && p.state != PinState::Rejected);
        for (name, definition) in known.filter_map(definition) {
            let effects = effects(server, &name, &definition);
            let facts = ToolFacts {
                name: &name,
                effects,
                read_only: None,
                destructive: None,
                open_world: None,
                state: DefinitionState::Approved,
            };
            let explanation = self.ask(Action::Call, &Target::tool(&party, &facts));
            decided_by.extend(deciding(&explanation));
            tools.push(self.tool(server, name, effects, &explanation));
        }
        Server {
            server: server.name.to_string(),
            open,
            tools,
            decided_by,
            controls: controls_of(self.settings, server, pins),
        }
    }

    fn tool(&self, server: &ServerSettings, tool: String, effects: Effects, explained: &Explanation) -> Tool {
        let wanted = Wanted { server: &server.name, tool: Some(&tool), effects, amount: 0 };
        let covers = |d: &Delegation| {
            d.covers(&wanted, SystemClock.now()).err().map(|why| format!("delegation `{}`: {why}", d.id))
        };
        let why: Vec<String> = self.identity.chain.iter().filter_map(covers).collect();
        if !why.is_empty() {
            return Tool { tool, decision: Decision::Deny, why };
        }
        let mut why: Vec<String> = match explained.decision {
            Decision::Allow | Decision::Oblige => Vec::new(),
            decision => {
                explained.parts.iter().filter(|p| p.decision == decision).flat_map(|p| p.reasons.clone()).collect()
            }
        };
        why.dedup();
        let unknown = effects == Effects::NONE;
        let by_effect =
            self.settings.assurance.iter().filter(|(e, _)| unknown || effects.contains(**e)).map(|(_, f)| *f);
        let by_name = server.assurance.iter().filter(|rule| rule.tools.matches(&tool)).map(|rule| rule.floor);
        let floor = by_effect.chain(by_name).max().filter(|floor| self.identity.assurance < *floor);
        let mut decision = explained.decision;
        if let Some(floor) = floor {
            decision = decision.join(Decision::Challenge);
            why.push(format!("needs assurance {}: {}", u8::from(floor), floor.enough()));
        }
        Tool { tool, decision, why }
    }

    fn ask(&self, action: Action, target: &Target) -> Explanation {
        let identity = self.identity;
        let entry = identity.configured.as_ref();
        let groups: Vec<String> = entry.and_then(|e| e.class.clone()).into_iter().collect();
        let method = identity.methods.iter().next().map_or("oidc", String::as_str);
        let agent = AgentFacts {
            id: identity.ids.iter().next().unwrap_or(&identity.name),
            name: &identity.name,
            assurance: identity.assurance,
            via: "jwt",
            groups: &groups,
            publisher: entry.and_then(|e| e.publisher.as_deref()),
            owner: entry.and_then(|e| e.owner.as_deref()),
            method,
            ..AgentFacts::default()
        }
        .prepare();
        let human = identity.human.as_ref().map(|(id, name)| {
            HumanFacts { id, name, groups: &identity.human_groups, ..HumanFacts::default() }.prepare()
        });
        let context = Context {
            assurance: identity.assurance,
            attested: Some(Duration::ZERO),
            arguments: ArgumentFacts::none(),
            ..Context::bare(self.settings.level, SystemClock.now())
        };
        let delegations = prepared(identity);
        self.policies.explain(&Question {
            agent: &agent,
            human: human.as_ref(),
            delegations: &delegations,
            action,
            target,
            context: &context,
        })
    }
}

/// All delegations of the chain: each has to allow what is asked.
fn prepared(identity: &Identity) -> Vec<Prepared> {
    match identity.chain.as_slice() {
        [] => vec![DelegationFacts { id: "token", ..DelegationFacts::default() }.prepare()],
        chain => chain.iter().map(hop).collect(),
    }
}

fn hop(d: &Delegation) -> Prepared {
    let scopes: Vec<String> = d.scopes.iter().map(ToString::to_string).collect();
    DelegationFacts {
        id: &d.id,
        purpose: d.purpose.as_deref(),
        scopes: &scopes,
        expires: d.expires,
        owner: d.owner.as_deref(),
        depth: d.depth,
        autonomous: d.human.is_none(),
        ..DelegationFacts::default()
    }
    .prepare()
}

/// The policies whose conditions hold, and for whom they speak.
fn deciding(explanation: &Explanation) -> BTreeSet<String> {
    let of = |part: &doorward_policy::Part| {
        let holding = part.considered.iter().filter(|c| c.holds);
        holding.map(|c| format!("{} {} ({})", c.effect, c.policy, part.party)).collect::<Vec<_>>()
    };
    explanation.parts.iter().flat_map(of).collect()
}

fn definition(pin: &Pin) -> Option<(String, Value)> {
    (pin.key.kind == doorward_audit::DefinitionKind::Tool).then_some(())?;
    let bytes = pin.approved.as_ref().or(pin.pending.as_ref())?;
    Some((pin.key.name.clone(), serde_json::from_slice(bytes).ok()?))
}

fn effects(server: &ServerSettings, name: &str, definition: &Value) -> Effects {
    if let Some(set) = server.effects_of(name) {
        return set;
    }
    let hint = |key: &str| definition.pointer(&format!("/annotations/{key}")).and_then(Value::as_bool);
    let annotations = Annotations {
        read_only: hint("readOnlyHint"),
        destructive: hint("destructiveHint"),
        idempotent: hint("idempotentHint"),
        open_world: hint("openWorldHint"),
    };
    let description = definition.get("description").and_then(Value::as_str).unwrap_or_default();
    infer_effects(
        name,
        description,
        annotations,
        &definition.get("inputSchema").map_or_else(|| "{}".to_owned(), Value::to_string),
    )
}

/// What is checked at one server.
fn controls_of(settings: &Settings, server: &ServerSettings, pins: &[Pin]) -> Vec<String> {
    let mut controls = Vec::new();
    if settings.mode_of(server) == Mode::Observe {
        controls.push("only observed: nothing is stopped but what was not handed over".to_owned());
    }
    let count = |state| pins.iter().filter(|p| p.key.server == server.name && p.state == state).count();
    let (approved, held) = (count(PinState::Approved), count(PinState::Quarantined) + count(PinState::Pending));
    controls.push(format!("{approved} definitions are pinned, {held} wait for approval"));
    let label = server.label;
    controls.push(format!("what it returns is {:?} and {:?}", label.integrity, label.confidentiality).to_lowercase());
    for credential in server.credentials.iter().filter_map(|rule| rule.name.as_ref()) {
        controls
            .push(format!("the credential `{credential}` is added behind the agent, and looked for in every answer"));
    }
    controls.extend(
        server.assurance.iter().map(|rule| format!("`{}` needs assurance {}", rule.tools, u8::from(rule.floor))),
    );
    controls
}

/// What is checked whatever the server.
pub(super) fn controls(settings: &Settings, identity: &Identity) -> Vec<String> {
    let mut controls = vec![format!("level {}, mode {}", settings.level, settings.mode.as_str())];
    let of = |wanted: DetectorMode| {
        let detectors = doorward_detect::DETECTORS.iter().map(|d| d.name());
        detectors.filter(|d| settings.detect.mode_of(d, settings.mode) == wanted).collect::<Vec<_>>().join(", ")
    };
    for (mode, word) in
        [(DetectorMode::Enforce, "enforce"), (DetectorMode::Observe, "observe"), (DetectorMode::Off, "are off")]
    {
        let names = of(mode);
        if !names.is_empty() {
            controls.push(format!("detectors that {word}: {names}"));
        }
    }
    controls.extend(
        settings.assurance.iter().map(|(effect, floor)| format!("`{effect}` needs assurance {}", u8::from(*floor))),
    );
    for d in &identity.chain {
        let limits = &d.limits;
        let effects = limits
            .effects
            .as_ref()
            .map(|e| format!("only {}", e.iter().map(|e| e.as_str()).collect::<Vec<_>>().join(", ")));
        let amount = limits.amount.map(|a| format!("at most {}.{:02} in one call", a / 100, a % 100));
        let sinks = limits.sinks.map(|n| format!("at most {n} calls that can change something"));
        let until = d.expires.map(|end| format!("until {end}"));
        controls.extend(
            [effects, amount, sinks, until]
                .into_iter()
                .flatten()
                .map(|limit| format!("delegation `{}`: {limit}", d.id)),
        );
    }
    controls
}
