use crate::verbs::approve::{
    review::{Review, weight},
    visible::visible,
};
use doorward_admin::{Change, Definition, Fault, Meaning};
use doorward_audit::DefinitionKind;
use doorward_store::{Pin, PinKey, Pins as _, State, StateError};
use doorward_vocab::{Digest, Timestamp};

/// A definition as it stands, with what a person must know to decide about it.
pub(super) fn view(pin: &Pin) -> Definition {
    let review = Review::of(pin);
    let shown = |text: &Option<String>| text.as_deref().map(visible);
    let meant = review.meant.iter().map(|c| Change {
        place: visible(&c.place),
        meaning: Some(Meaning {
            word: c.meaning.as_str().to_owned(),
            severity: weight(c.severity).to_owned(),
            why: visible(&c.why),
        }),
        before: shown(&c.before),
        after: shown(&c.after),
    });
    let plain = review.changes.iter().map(|c| Change {
        place: visible(if c.path.is_empty() { "text" } else { &c.path }),
        meaning: None,
        before: shown(&c.old),
        after: shown(&c.new),
    });
    let changes = if review.meant.is_empty() { plain.collect() } else { meant.collect() };
    Definition {
        server: pin.key.server.to_string(),
        kind: pin.key.kind,
        name: pin.key.name.clone(),
        state: pin.state.as_str().to_owned(),
        risk: review.risk.as_str().to_owned(),
        does: review.does(),
        reasons: review.reasons,
        changes,
        approved: pin.approved_digest(),
        pending: pin.pending_digest(),
        text: whole(pin),
        first_seen: pin.first_seen,
        changed_at: pin.changed_at,
        by: pin.by.clone(),
    }
}

/// What it declares now, over several lines.
fn whole(pin: &Pin) -> String {
    let bytes = pin.pending.as_deref().or(pin.approved.as_deref()).unwrap_or_default();
    let pretty = serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let pretty = pretty.and_then(|value| serde_json::to_string_pretty(&value).ok());
    visible(&pretty.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned()))
}

/// A person decides about the bytes with this digest.
pub(super) fn decide(
    state: &State,
    (server, kind, name): (&str, DefinitionKind, &str),
    digest: Digest,
    approve: bool,
    by: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let server = server.parse().map_err(|_| Fault::Missing("there is no such server".into()))?;
    let key = PinKey { server, kind, name: name.to_owned() };
    let decided = match approve {
        true => state.approve(&key, digest, by, now),
        false => state.reject(&key, digest, by, now),
    };
    decided.map(drop).map_err(|error| match error {
        StateError::Changed { .. } => Fault::Changed(error.to_string()),
        StateError::Unknown { .. } => Fault::Missing(error.to_string()),
        other => Fault::Broken(other.to_string()),
    })
}
