//! What the operator says of where values come from and go.

use super::Surroundings;
use doorward_config::{FlowBudget, LabelRule, Settings};
use doorward_engine::{Budget, Flow, Labelling, Memories, Rule};
use doorward_vocab::{Digest, Owners};
use std::sync::Arc;

/// The rules of `settings`, with what conversations left before.
pub(super) fn of(settings: &Settings, around: &Surroundings, before: Option<&Flow>) -> Flow {
    let labelling = Labelling { rules: settings.labels.iter().map(rule).collect() };
    let memories = before.map_or_else(|| Arc::new(Memories::new(key(around))), |before| before.memories.clone());
    Flow { labelling, budgets: settings.budgets.iter().map(budget).collect(), memories }
}

fn rule(rule: &LabelRule) -> Rule {
    Rule {
        server: rule.server.clone(),
        tool: rule.tool.clone(),
        resource: rule.resource.clone(),
        class: rule.class,
        integrity: rule.integrity,
        confidentiality: rule.confidentiality,
        owners: rule.owners.iter().fold(Owners::NONE, |all, owner| all.join(&Owners::just(owner.as_str()))),
    }
}

fn budget(budget: &FlowBudget) -> Budget {
    Budget {
        class: budget.class,
        servers: budget.servers.as_slice().into(),
        records: budget.records,
        bytes: budget.bytes,
        within: budget.within,
    }
}

/// The key of the sums of what is left: the same after each start, and known to nobody else.
fn key(around: &Surroundings) -> [u8; 16] {
    let mut all = b"doorward flow: what conversations left\n".to_vec();
    let digest = around.mark.reveal(|mark| {
        all.extend(mark);
        let digest = Digest::of(&all);
        all.fill(0);
        digest
    });
    digest.as_bytes().first_chunk().copied().unwrap_or_default()
}
