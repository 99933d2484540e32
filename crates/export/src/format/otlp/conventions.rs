//! The names of OpenTelemetry that are used, in one table. The conventions for MCP and GenAI are in development, so they are
//! pinned: `open-telemetry/semantic-conventions-genai`, `model/mcp/common.yaml` as of 0e5e6a8, `spans.yaml` as of 5c50d34,
//! `metrics.yaml` as of 14567fa, `registry.yaml` as of 4172e39. When they move, this file moves.
//!
//! What a gateway does not know, or does not tell, is not there: `gen_ai.tool.call.arguments` and `.result` (the trail holds
//! no text), `mcp.session.id` (the trail holds its digest), `jsonrpc.request.id`, `network.*`, `client.*`.

pub(super) const METHOD: &str = "mcp.method.name";
pub(super) const PROTOCOL: &str = "mcp.protocol.version";
/// The URI of a resource; not in the name of a span, as there are many of them.
pub(super) const RESOURCE: &str = "mcp.resource.uri";
/// `execute_tool` for `tools/call`, else absent.
pub(super) const OPERATION: &str = "gen_ai.operation.name";
pub(super) const EXECUTE_TOOL: &str = "execute_tool";
pub(super) const TOOL: &str = "gen_ai.tool.name";
pub(super) const PROMPT: &str = "gen_ai.prompt.name";
pub(super) const CONVERSATION: &str = "gen_ai.conversation.id";
pub(super) const AGENT_ID: &str = "gen_ai.agent.id";
pub(super) const AGENT_NAME: &str = "gen_ai.agent.name";
/// How a call failed; absent where it did not. The words of outcomes, and `denied` for what the gateway refused.
pub(super) const ERROR: &str = "error.type";
/// The human, `enduser` of the general conventions.
pub(super) const HUMAN: &str = "enduser.id";

/// From the first byte of the agent's request to the last of the answer.
pub(super) const SERVER_DURATION: &str = "mcp.server.operation.duration";
/// The part of it spent waiting for the server behind the gateway.
pub(super) const CLIENT_DURATION: &str = "mcp.client.operation.duration";
/// Upper bounds in seconds, as the convention advises for both.
pub(super) const BOUNDS: [f64; 14] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

// What no convention has a name for.
pub(super) const INDEX: &str = "doorward.index";
pub(super) const KIND: &str = "doorward.kind";
pub(super) const CALL: &str = "doorward.call";
pub(super) const DECISION: &str = "doorward.decision";
pub(super) const ENFORCED: &str = "doorward.enforced";
pub(super) const AUTHORIZED_BY: &str = "doorward.authorized_by";
pub(super) const SERVER: &str = "doorward.server";
pub(super) const OUTCOME: &str = "doorward.outcome";
pub(super) const REASONS: &str = "doorward.reasons";
pub(super) const REDACTIONS: &str = "doorward.redactions";
pub(super) const FINDING: &str = "doorward.finding";
pub(super) const SEVERITY: &str = "doorward.severity";
pub(super) const DETECTOR: &str = "doorward.detector";
pub(super) const DURATION_US: &str = "doorward.duration_us";
pub(super) const UPSTREAM_US: &str = "doorward.upstream_us";
pub(super) const RULINGS: &str = "doorward.rulings";
pub(super) const FINDINGS: &str = "doorward.findings";
