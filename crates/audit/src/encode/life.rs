use super::{Envelope, Members, json::Object, parts};
use crate::record::{Access, Config, Credential, Definition, Delegated, Noticed, Recovered, Start, Stop, Turn};

impl Members for Start {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        o.digest("config", &self.config);
        o.text("durability", &self.durability);
        o.literal("kind", "start");
        o.literal("level", self.level.as_str());
        o.literal("mode", self.mode.as_str());
        o.digest("policy", &self.policy);
        envelope.time(o);
        envelope.trimmed(o);
        Envelope::v(o);
        o.text("version", &self.version);
    }
}

impl Members for Stop {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        o.literal("kind", "stop");
        o.text("reason", &self.reason);
        envelope.time(o);
        envelope.trimmed(o);
        Envelope::v(o);
    }
}

impl Members for Config {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        parts::party(o, "by", &self.by);
        if let Some(d) = &self.from {
            o.digest("from", d);
        }
        o.literal("kind", "config");
        envelope.time(o);
        o.digest("to", &self.to);
        envelope.trimmed(o);
        Envelope::v(o);
        o.text("what", &self.what);
    }
}

impl Members for Access {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        parts::party(o, "by", &self.by);
        o.literal("kind", "access");
        if let Some(of) = &self.of {
            o.text("of", of);
        }
        envelope.time(o);
        envelope.trimmed(o);
        Envelope::v(o);
        o.text("way", &self.way);
        o.text("what", &self.what);
    }
}

impl Members for Definition {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        if let Some(p) = &self.by {
            parts::party(o, "by", p);
        }
        o.word("change", &self.change);
        o.objects("findings", &self.findings, parts::finding);
        if let Some(d) = &self.from {
            o.digest("from", d);
        }
        o.literal("kind", "definition");
        o.text("name", &self.name);
        o.text("server", self.server.as_str());
        envelope.time(o);
        if let Some(d) = &self.to {
            o.digest("to", d);
        }
        envelope.trimmed(o);
        Envelope::v(o);
        o.word("what", &self.kind);
    }
}

impl Members for Delegated {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        if let Some(p) = &self.agent {
            parts::party(o, "agent", p);
        }
        if let Some(p) = &self.by {
            parts::party(o, "by", p);
        }
        o.word("change", &self.change);
        if let Some(d) = &self.consent {
            o.digest("consent", d);
        }
        if !self.groups.is_empty() {
            o.texts("groups", &self.groups);
        }
        if let Some(p) = &self.human {
            parts::party(o, "human", p);
        }
        o.text("id", &self.id);
        o.literal("kind", "delegation");
        if let Some(owner) = &self.owner {
            o.text("owner", owner);
        }
        if let Some(parent) = &self.parent {
            o.text("parent", parent);
        }
        if let Some(purpose) = &self.purpose {
            o.text("purpose", purpose);
        }
        envelope.time(o);
        envelope.trimmed(o);
        if let Some(until) = self.until {
            o.number("until", until.micros());
        }
        Envelope::v(o);
    }
}

impl Members for Credential {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        if let Some(account) = &self.account {
            o.text("account", account);
        }
        if let Some(p) = &self.agent {
            parts::party(o, "agent", p);
        }
        o.word("change", &self.change);
        if let Some(p) = &self.human {
            parts::party(o, "human", p);
        }
        o.literal("kind", "credential");
        o.text("name", &self.name);
        o.text("provider", &self.provider);
        o.texts("scopes", &self.scopes);
        if let Some(server) = &self.server {
            o.text("server", server.as_str());
        }
        envelope.time(o);
        envelope.trimmed(o);
        if let Some(until) = self.until {
            o.number("until", until.micros());
        }
        Envelope::v(o);
        if let Some(why) = &self.why {
            o.text("why", why);
        }
    }
}

impl Members for Turn {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        if let Some(p) = &self.agent {
            parts::party(o, "agent", p);
        }
        o.flag("attested", self.attested);
        parts::conversation(o, &self.conversation);
        o.text("host", &self.host);
        if let Some(p) = &self.human {
            parts::party(o, "human", p);
        }
        o.literal("kind", "turn");
        if let Some(m) = &self.mandate {
            o.text("mandate", m);
        }
        parts::payload(o, "text", &self.text);
        envelope.time(o);
        envelope.trimmed(o);
        o.id("turn", &self.turn);
        Envelope::v(o);
    }
}

impl Members for Noticed {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        if let Some(p) = &self.agent {
            parts::party(o, "agent", p);
        }
        if let Some(c) = &self.conversation {
            parts::conversation(o, c);
        }
        o.objects("findings", &self.findings, parts::finding);
        o.literal("kind", "finding");
        if let Some(s) = &self.server {
            o.text("server", s.as_str());
        }
        envelope.time(o);
        envelope.trimmed(o);
        Envelope::v(o);
    }
}

impl Members for Recovered {
    fn members(&self, o: &mut Object<'_>, envelope: &Envelope) {
        o.number("bytes", self.bytes);
        o.literal("kind", "recovered");
        o.number("size", self.size);
        envelope.time(o);
        envelope.trimmed(o);
        Envelope::v(o);
        o.text("what", &self.what);
    }
}
