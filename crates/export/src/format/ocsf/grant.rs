use super::{Class, OTHER, Shape, gateway, user};
use doorward_audit::{Approval, ApprovalChange, Credential, CredentialChange, Delegated, DelegationChange};
use serde_json::{Value, json};

pub(super) fn approval(a: &Approval) -> Shape {
    let granted = matches!(a.change, ApprovalChange::Approved | ApprovalChange::Used);
    let refused = matches!(a.change, ApprovalChange::Declined | ApprovalChange::Expired);
    let members = json!({
        "activity_name": format!("Approval {}", a.change.as_str()),
        "user": a.by.as_ref().or(a.human.as_ref()).map_or_else(nobody, user),
        "privileges": [format!("{}/{}", a.server, a.target.as_str())],
        "session": { "uid": a.conversation.id.as_str(), "expiration_time": a.until.micros() / 1000 },
        "actor": { "app_uid": &*a.agent.id, "app_name": &*a.agent.name },
        "status_id": if refused { 2 } else { 1 },
        "status_detail": a.change.as_str(),
        "duration": a.after_ms,
    });
    let activity = if granted { 1 } else { OTHER };
    Shape { class: Class::AuthorizeSession, activity, severity: 1, members: named(members, activity) }
}

pub(super) fn delegation(d: &Delegated) -> Shape {
    let whose = d.human.as_ref().or(d.by.as_ref()).map(user);
    let owner = || d.owner.as_ref().map(|owner| json!({ "name": &**owner }));
    let activity = match d.change {
        DelegationChange::Granted => 1,
        DelegationChange::Revoked | DelegationChange::Ended => 2,
    };
    let members = json!({
        "user": whose.or_else(owner).unwrap_or_else(nobody),
        "privileges": [d.purpose.as_ref().map_or_else(|| format!("delegation {}", d.id.as_str()), |p| p.to_string())],
        "actor": d.agent.as_ref().map_or_else(gateway, |a| json!({ "app_uid": &*a.id, "app_name": &*a.name })),
        "resource": { "uid": &*d.id, "type": "delegation" },
        "status_id": 1,
    });
    Shape { class: Class::UserAccess, activity, severity: 1, members }
}

pub(super) fn credential(c: &Credential) -> Shape {
    let (activity, status, name) = match c.change {
        CredentialChange::Granted => (1, 1, None),
        CredentialChange::Revoked => (2, 1, None),
        CredentialChange::Fetched => (OTHER, 1, Some("Credential fetched")),
        CredentialChange::Refused => (OTHER, 2, Some("Credential refused")),
    };
    let scopes: Vec<&str> = c.scopes.iter().map(|scope| &**scope).collect();
    let account = || c.account.as_ref().map(|account| json!({ "name": &**account }));
    let members = json!({
        "activity_name": name,
        "user": c.human.as_ref().map(user).or_else(account).unwrap_or_else(nobody),
        "privileges": if scopes.is_empty() { vec![c.name.as_str()] } else { scopes },
        "actor": c.agent.as_ref().map_or_else(gateway, |a| json!({ "app_uid": &*a.id, "app_name": &*a.name })),
        "resource": { "name": &*c.name, "type": "credential" },
        "status_id": status,
        "status_detail": c.why.as_ref().map(|why| why.to_string()),
    });
    Shape { class: Class::UserAccess, activity, severity: if status == 2 { 2 } else { 1 }, members }
}

/// An activity with a number of its own has the name of the schema.
fn named(mut members: Value, activity: u32) -> Value {
    if let (true, Value::Object(members)) = (activity != OTHER, &mut members) {
        members.remove("activity_name");
    }
    members
}

/// An autonomous run has no human.
fn nobody() -> Value {
    json!({ "name": "nobody", "type_id": 0 })
}
