//! What the gateway itself wrote down about a step: the trail is asked, as an operator would.

use super::outcome::Outcome;
use crate::Failure;
use doorward_audit::{Event, OutcomeRecord, Ruling};
use doorward_store::{Filter, Index};
use doorward_vocab::{CallId, Decision, Finding, Reason, ReasonCode};
use serde::Serialize;
use std::{collections::HashMap, path::Path, time::Duration};

/// The trail, read as it grows.
pub(super) struct Recorder {
    index: Index,
    next: u64,
    /// What was found in definitions, by server and tool.
    definitions: HashMap<(String, String), Vec<Finding>>,
}

/// What was recorded about one step.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Recorded {
    /// The call.
    pub(super) call: Option<CallId>,
    /// Why, each reason with the policy that decided.
    pub(super) because: Vec<Because>,
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Because {
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<String>,
}

impl Because {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), policy: None }
    }
}

/// Records that nobody waits for are on disk after this many milliseconds at the latest, and some more on a slow disk.
const PATIENCE: u64 = 3000;

impl Recorder {
    pub(super) fn open(state: &Path) -> Result<Self, Failure> {
        let index = Index::open(&state.join("trail")).map_err(|e| Failure::Broken(e.to_string()))?;
        Ok(Self { index, next: 0, definitions: HashMap::new() })
    }

    /// What was recorded since the last step about the call of a tool that came to `outcome`.
    pub(super) async fn call(&mut self, outcome: Outcome) -> Result<Recorded, Failure> {
        self.about("tools/call", outcome).await
    }

    /// What was recorded since the last step about opening a session.
    pub(super) async fn session(&mut self, outcome: Outcome) -> Result<Vec<Because>, Failure> {
        self.about("initialize", outcome).await.map(|recorded| recorded.because)
    }

    async fn about(&mut self, method: &str, outcome: Outcome) -> Result<Recorded, Failure> {
        // A message that was not taken is not ruled; whether one that failed was depends on where.
        let patience = match outcome {
            Outcome::Refused => 0,
            Outcome::Failed => PATIENCE / 10,
            _ => PATIENCE,
        };
        let mut waited = 0;
        loop {
            let events = self.events()?;
            let ruling = events.iter().rev().find_map(|e| match e {
                Event::Ruling(r) if &*r.method == method => Some(&**r),
                _ => None,
            });
            let ending = ruling.and_then(|r| {
                events.iter().find_map(|e| match e {
                    Event::Outcome(o) if o.call == r.call => Some(&**o),
                    _ => None,
                })
            });
            let complete = match ruling {
                None => false,
                Some(_) => outcome.reaches() != Some(true) || ending.is_some(),
            };
            if complete || waited >= patience {
                let recorded = self.recorded(&events, ruling, ending);
                self.pass(events.len());
                return Ok(recorded);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            waited += 5;
        }
    }

    /// What was found in the definition of a tool.
    pub(super) async fn definition(&mut self, server: &str, tool: &str, hidden: bool) -> Result<Vec<Because>, Failure> {
        let key = (server.to_owned(), tool.to_owned());
        let mut waited = 0;
        loop {
            let events = self.events()?;
            self.learn(&events);
            let known = self.definitions.get(&key);
            // A definition that only waits for approval has no findings, and its record came with the list.
            let settled = known.is_some_and(|findings| !findings.is_empty() || waited >= 100);
            if !hidden || settled || waited >= PATIENCE {
                self.pass(events.len());
                return Ok(self.definitions.get(&key).map(|f| notes(f)).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            waited += 5;
        }
    }

    fn recorded(&mut self, events: &[Event], ruling: Option<&Ruling>, ending: Option<&OutcomeRecord>) -> Recorded {
        self.learn(events);
        let mut because = Vec::new();
        if let Some(r) = ruling {
            let refused = r.decision > Decision::Oblige;
            let said = r.reasons.iter().filter(|x| refused || x.code == ReasonCode::Observed);
            because.extend(said.map(|reason| told(reason, refused && !r.enforced)));
            because.extend(if refused { notes(&r.findings) } else { Vec::new() });
        }
        if let Some(o) = ending {
            because.extend(o.reasons.iter().map(|reason| told(reason, false)));
            because.extend(notes(&o.findings));
        }
        // What was found in a message of the server that ends nothing: a question, above all.
        for event in events.iter().filter(|_| ruling.is_some()) {
            if let Event::Finding(noticed) = event
                && noticed.server.is_some()
            {
                because.extend(notes(&noticed.findings));
            }
        }
        let mut seen = Vec::new();
        because.retain(|b| {
            let new = !seen.contains(b);
            seen.push(b.clone());
            new
        });
        Recorded { call: ruling.map(|r| r.call), because }
    }

    fn learn(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Definition(d) = event {
                self.definitions.insert((d.server.to_string(), d.name.to_string()), d.findings.clone());
            }
        }
    }

    fn events(&self) -> Result<Vec<Event>, Failure> {
        let filter = Filter { from: Some(self.next), ..Filter::default() };
        let hits = self.index.query(&filter).map_err(|e| Failure::Broken(e.to_string()))?;
        Ok(hits.iter().filter_map(|h| h.record().ok()).map(|r| r.event).collect())
    }

    fn pass(&mut self, events: usize) {
        self.next += events as u64;
    }
}

fn told(reason: &Reason, only_observed: bool) -> Because {
    let text = if only_observed { format!("only observed: {}", reason.text) } else { reason.text.to_string() };
    Because { text, policy: reason.policy.as_deref().map(str::to_owned) }
}

fn notes(findings: &[Finding]) -> Vec<Because> {
    findings.iter().map(|f| Because::text(format!("{} ({})", f.note, f.detector))).collect()
}
