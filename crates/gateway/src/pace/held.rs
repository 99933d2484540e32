//! Why a call waits, in words.

use doorward_behave::{
    Held, Pause,
    limit::{Scope, Unit},
    loops::{Loop, Shape},
};
use doorward_mcp::json::quote;
use doorward_vocab::ReasonCode;

/// The stable word for it.
pub(super) const fn code(reason: &Held) -> ReasonCode {
    match reason {
        Held::Loop(_) => ReasonCode::Loop,
        Held::Exhausted(_) => ReasonCode::UsedUp,
    }
}

/// What programs are told beside the reason: a JSON object.
pub(super) fn told(pause: &Pause) -> String {
    match pause.reason {
        Held::Loop(found) => looped(found),
        Held::Exhausted(exhausted) => {
            let (of, unit, left) = (scope(exhausted.scope), unit(exhausted.unit), exhausted.left);
            // In whole seconds, and never too early.
            let wait = exhausted.wait.map(|wait| format!(",\"retryAfter\":{}", wait.as_secs().saturating_add(1)));
            format!("{{\"of\":\"{of}\",\"unit\":\"{unit}\",\"left\":{left}{}}}", wait.unwrap_or_default())
        }
    }
}

/// A loop for programs.
fn looped(found: Loop) -> String {
    format!("{{\"shape\":\"{}\",\"times\":{}}}", shape(found.shape), found.times)
}

/// What an agent is told with the answer of a call that begins to go in circles.
pub(super) fn notice(found: Loop) -> String {
    let told = format!("You seem to go in circles: {found}. Use what you have, or choose another way.");
    format!("{{\"shape\":\"{}\",\"times\":{},\"told\":{}}}", shape(found.shape), found.times, quote(&told))
}

const fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Repeat => "repeat",
        Shape::Cycle { .. } => "cycle",
        Shape::Volley => "volley",
        Shape::Storm => "storm",
        Shape::Stale => "stale",
        Shape::Fan => "fan",
        Shape::Children => "children",
        Shape::Depth => "depth",
    }
}

/// The words of the configuration.
const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Tenant => "tenant",
        Scope::Human => "human",
        Scope::Agent => "agent",
        Scope::Pair => "pair",
        Scope::Conversation => "conversation",
        Scope::Tool => "tool",
        Scope::Server => "server",
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Calls => "calls",
        Unit::Tokens => "tokens",
        Unit::Money => "money",
        Unit::Time => "busy",
    }
}
