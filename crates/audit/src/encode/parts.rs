use super::json::Object;
use crate::record::{Conversation, Party, Payload, Proof, ValueSource, Worn};
use doorward_vocab::{Finding, Label, Reason};

pub(super) fn payload(o: &mut Object<'_>, key: &'static str, p: &Payload) {
    o.object(key, |o| {
        o.number("bytes", p.bytes);
        o.digest("digest", &p.digest);
    });
}

pub(super) fn party(o: &mut Object<'_>, key: &'static str, p: &Party) {
    o.object(key, |o| {
        o.text("id", &p.id);
        o.text("name", &p.name);
    });
}

pub(super) fn worn(o: &mut Object<'_>, key: &'static str, worn: &Worn) {
    o.object(key, |o| {
        if let Some(account) = &worn.account {
            o.text("account", account);
        }
        o.text("name", &worn.name);
    });
}

pub(super) fn proof(o: &mut Object<'_>, key: &'static str, p: &Proof) {
    o.object(key, |o| {
        if let Some(age) = p.age_s {
            o.number("age_s", age);
        }
        o.digest("evidence", &p.evidence);
        o.text("method", &p.method);
    });
}

pub(super) fn conversation(o: &mut Object<'_>, c: &Conversation) {
    o.object("conversation", |o| {
        o.flag("ambiguous", c.ambiguous);
        o.word("basis", &c.basis);
        o.text("id", c.id.as_str());
    });
}

pub(super) fn label(o: &mut Object<'_>, key: &'static str, label: Label) {
    o.object(key, |o| {
        o.word("confidentiality", &label.confidentiality);
        o.word("integrity", &label.integrity);
    });
}

pub(super) fn reason(o: &mut Object<'_>, r: &Reason) {
    o.word("code", &r.code);
    if let Some(policy) = &r.policy {
        o.text("policy", policy);
    }
    o.text("text", &r.text);
}

pub(super) fn finding(o: &mut Object<'_>, f: &Finding) {
    o.word("channel", &f.channel);
    o.fraction("confidence", f.confidence);
    o.text("detector", &f.detector);
    o.word("kind", &f.kind);
    o.text("note", &f.note);
    o.word("severity", &f.severity);
    o.object("span", |o| {
        o.number("end", f.span.end as u64);
        o.number("start", f.span.start as u64);
    });
}

pub(super) fn value(o: &mut Object<'_>, v: &ValueSource) {
    o.text("at", &v.at);
    if let Some(call) = &v.call {
        o.id("call", call);
    }
    if let Some(encoding) = &v.encoding {
        o.text("encoding", encoding);
    }
    label(o, "label", v.label);
    o.text("source", &v.source);
}
