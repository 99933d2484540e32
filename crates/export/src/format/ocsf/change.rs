use super::{Class, OTHER, Shape, finding, gateway, user};
use doorward_admin::words::word;
use doorward_audit::{Config, Definition, DefinitionChange, Recovered, Start, Stop};
use serde_json::{Value, json};

pub(super) fn definition(d: &Definition) -> Shape {
    // 1 create, 3 update, 4 delete, 8 enable, 9 disable, 12 suspend.
    let (activity, severity) = match d.change {
        DefinitionChange::Seen | DefinitionChange::Pinned => (1, 1),
        DefinitionChange::Changed => (3, 3),
        DefinitionChange::Passed => (3, 1),
        DefinitionChange::Quarantined => (12, 3),
        DefinitionChange::Approved => (8, 1),
        DefinitionChange::Rejected => (9, 2),
        DefinitionChange::Removed => (4, 1),
    };
    let entity = |digest: Option<String>| {
        json!({
            "name": format!("{}/{}", d.server, d.name.as_str()),
            "type_id": OTHER,
            "type": word(&d.kind),
            "version": digest,
        })
    };
    let [from, to] = [&d.from, &d.to].map(|digest| digest.as_ref().map(ToString::to_string));
    let members = json!({
        "actor": d.by.as_ref().map_or_else(gateway, |by| json!({ "user": user(by) })),
        "entity": entity(from.or_else(|| to.clone())),
        "entity_result": to.is_some().then(|| entity(to.clone())),
        "status_id": 1,
        "status_detail": word(&d.change),
    });
    let severity = severity.max(finding::worst(&d.findings));
    Shape { class: Class::EntityManagement, activity, severity, members }
}

pub(super) fn config(c: &Config) -> Shape {
    let entity = |version: Option<String>| json!({ "name": "configuration", "type_id": 5, "version": version });
    let members = json!({
        "actor": { "user": user(&c.by) },
        "entity": entity(c.from.as_ref().map(ToString::to_string)),
        "entity_result": entity(Some(c.to.to_string())),
        "comment": &*c.what,
        "status_id": 1,
    });
    Shape { class: Class::EntityManagement, activity: 3, severity: 2, members }
}

pub(super) fn start(s: &Start) -> Shape {
    life(3, 1, &json!(null), Some(&s.version))
}

pub(super) fn stop(s: &Stop) -> Shape {
    life(4, 1, &json!(&*s.reason), None)
}

pub(super) fn recovered(r: &Recovered) -> Shape {
    let mut shape = life(OTHER, 3, &json!(&*r.what), None);
    if let Value::Object(members) = &mut shape.members {
        members.insert("activity_name".to_owned(), json!("Recovered"));
    }
    shape
}

fn life(activity: u32, severity: u32, detail: &Value, version: Option<&str>) -> Shape {
    let members = json!({
        "app": { "name": "doorward", "vendor_name": "Doorward", "version": version },
        "status_id": 1,
        "status_detail": detail,
    });
    Shape { class: Class::ApplicationLifecycle, activity, severity, members }
}
