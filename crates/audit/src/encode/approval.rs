use super::{Envelope, Members, json::Object, parts};
use crate::record::Approval;

impl Members for Approval {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        if let Some(ms) = self.after_ms {
            o.number("after_ms", ms);
        }
        parts::party(o, "agent", &self.agent);
        if let Some(p) = &self.by {
            parts::party(o, "by", p);
        }
        o.id("call", &self.call);
        o.word("change", &self.change);
        parts::conversation(o, &self.conversation);
        o.digest("covers", &self.covers);
        if let Some(p) = &self.human {
            parts::party(o, "human", p);
        }
        o.text("id", &self.id);
        o.literal("kind", "approval");
        o.text("server", self.server.as_str());
        o.digest("shown", &self.shown);
        o.text("target", &self.target);
        envelope.time(o);
        envelope.trimmed(o);
        o.number("until", self.until.micros());
        Envelope::v(o);
        o.text("way", &self.way);
    }
}
