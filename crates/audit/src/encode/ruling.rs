use super::{Envelope, Members, json::Object, parts};
use crate::record::{OutcomeRecord, Ruling};
use doorward_vocab::Effect;

impl Members for Ruling {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        parts::party(o, "agent", &self.agent);
        if let Some(p) = &self.arguments {
            parts::payload(o, "arguments", p);
        }
        o.number("assurance", u64::from(u8::from(self.assurance)));
        if let Some(p) = &self.attestation {
            parts::proof(o, "attestation", p);
        }
        o.word("authorized_by", &self.authorized_by);
        o.id("call", &self.call);
        parts::conversation(o, &self.conversation);
        o.literal("decision", self.decision.as_str());
        if let Some(d) = &self.definition {
            o.digest("definition", d);
        }
        o.texts("delegations", &self.delegations);
        o.word("direction", &self.direction);
        o.words("effects", self.effects.iter().map(Effect::as_str));
        o.flag("enforced", self.enforced);
        o.objects("findings", &self.findings, parts::finding);
        if let Some(h) = &self.human {
            parts::party(o, "human", h);
        }
        o.literal("kind", "ruling");
        o.object("labels", |o| {
            parts::label(o, "arguments", self.labels.arguments);
            parts::label(o, "conversation", self.labels.conversation);
        });
        o.literal("level", self.level.as_str());
        o.text("method", &self.method);
        o.literal("mode", self.mode.as_str());
        if let Some(p) = &self.parent {
            o.id("parent", p);
        }
        o.digest("policy", &self.policy);
        if let Some(r) = &self.rationale {
            o.text("rationale", r);
        }
        o.objects("reasons", &self.reasons, parts::reason);
        o.text("revision", &self.revision);
        if let Some(s) = &self.server {
            o.text("server", s.as_str());
        }
        if let Some(d) = &self.session {
            o.digest("session", d);
        }
        if let Some(s) = &self.span {
            o.text("span", s);
        }
        if let Some(t) = &self.target {
            o.text("target", t);
        }
        envelope.time(o);
        if let Some(t) = &self.trace {
            o.text("trace", t);
        }
        envelope.trimmed(o);
        if let Some(t) = &self.turn {
            o.id("turn", t);
        }
        Envelope::v(o);
        o.objects("values", &self.values, parts::value);
    }
}

impl Members for OutcomeRecord {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        o.id("call", &self.call);
        if let Some(worn) = &self.credential {
            parts::worn(o, "credential", worn);
        }
        o.literal("decision", self.decision.as_str());
        o.number("duration_us", self.duration_us);
        o.objects("findings", &self.findings, parts::finding);
        o.literal("kind", "outcome");
        if let Some(l) = self.label {
            parts::label(o, "label", l);
        }
        o.word("outcome", &self.outcome);
        o.objects("reasons", &self.reasons, parts::reason);
        o.number("redactions", u64::from(self.redactions));
        if let Some(p) = &self.result {
            parts::payload(o, "result", p);
        }
        envelope.time(o);
        envelope.trimmed(o);
        o.number("upstream_us", self.upstream_us);
        Envelope::v(o);
    }
}
