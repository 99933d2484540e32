use crate::value::{Value, encode_text};
use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid};
use doorward_vocab::Digest;
use std::{collections::HashMap, sync::Arc};

/// One party or target, made ready for many questions: its Cedar entity, and a fingerprint of all that a policy can
/// see of it. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Prepared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    uid: EntityUid,
    kind: &'static str,
    ancestors: Vec<EntityUid>,
    entity: Entity,
    fingerprint: Digest,
}

impl Prepared {
    /// `kind` is a type name of the schema; `parents` are ids with the type they have.
    pub(crate) fn new(
        kind: &'static str,
        id: &str,
        parents: (&'static str, &[String]),
        attributes: &[(&'static str, Option<Value<'_>>)],
    ) -> Self {
        let uid = uid(kind, id);
        let mut names = parents.1.to_vec();
        names.sort();
        names.dedup();
        let ancestors: Vec<_> = names.iter().map(|name| self::uid(parents.0, name)).collect();

        let mut seen = Vec::with_capacity(256);
        for text in [kind, id, parents.0] {
            encode_text(text, &mut seen);
        }
        Value::Texts(names.into()).encode(&mut seen);
        let mut attrs = HashMap::new();
        for (name, value) in attributes.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?))) {
            encode_text(name, &mut seen);
            value.encode(&mut seen);
            attrs.insert(name.to_owned(), value.expression());
        }
        // Attributes are literals, whose evaluation does not fail. If it did, an entity without attributes makes
        // every policy that reads one fail, and that denies.
        let parents = ancestors.iter().cloned().collect();
        let entity = Entity::new(uid.clone(), attrs, parents)
            .unwrap_or_else(|_| Entity::new_no_attrs(uid.clone(), Default::default()));
        Self(Arc::new(Inner { uid, kind, ancestors, entity, fingerprint: Digest::of(&seen) }))
    }

    pub(crate) fn uid(&self) -> &EntityUid {
        &self.0.uid
    }
    pub(crate) fn kind(&self) -> &'static str {
        self.0.kind
    }
    pub(crate) fn id(&self) -> &str {
        self.0.uid.id().unescaped()
    }
    /// All that it is in, whether near or far.
    pub(crate) fn ancestors(&self) -> &[EntityUid] {
        &self.0.ancestors
    }
    pub(crate) fn entity(&self) -> &Entity {
        &self.0.entity
    }
    pub(crate) fn fingerprint(&self) -> Digest {
        self.0.fingerprint
    }
}

/// The entity `kind::"id"`. The kinds are those of the schema.
pub(crate) fn uid(kind: &'static str, id: &str) -> EntityUid {
    #[expect(clippy::expect_used, reason = "the kinds are our own constants, and each is an identifier")]
    let kind: EntityTypeName = kind.parse().expect("a type of the schema");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}
