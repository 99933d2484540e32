use crate::{Action, Party, entity::Prepared};
use cedar_policy::{ActionConstraint, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};

/// The head of a policy: for whom, for what and where it may apply at all.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) principal: Reach,
    /// None: whatever the action.
    pub(crate) actions: Option<Vec<EntityUid>>,
    pub(crate) resource: Reach,
}

/// What one position of a head asks of the entity that stands there.
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    Any,
    Is(String),
    Eq(EntityUid),
    In(EntityUid),
    IsIn(String, EntityUid),
}

impl Scope {
    pub(crate) fn of(policy: &Policy) -> Self {
        let principal = match policy.principal_constraint() {
            PrincipalConstraint::Any => Reach::Any,
            PrincipalConstraint::Is(t) => Reach::Is(t.to_string()),
            PrincipalConstraint::Eq(e) => Reach::Eq(e),
            PrincipalConstraint::In(e) => Reach::In(e),
            PrincipalConstraint::IsIn(t, e) => Reach::IsIn(t.to_string(), e),
        };
        let resource = match policy.resource_constraint() {
            ResourceConstraint::Any => Reach::Any,
            ResourceConstraint::Is(t) => Reach::Is(t.to_string()),
            ResourceConstraint::Eq(e) => Reach::Eq(e),
            ResourceConstraint::In(e) => Reach::In(e),
            ResourceConstraint::IsIn(t, e) => Reach::IsIn(t.to_string(), e),
        };
        let actions = match policy.action_constraint() {
            ActionConstraint::Any => None,
            ActionConstraint::Eq(e) => Some(vec![e]),
            // There are no groups of actions in the schema, so `in` is equality.
            ActionConstraint::In(es) => Some(es),
        };
        Self { principal, actions, resource }
    }

    pub(crate) fn matches(&self, principal: &Prepared, action: Action, resource: &Prepared) -> bool {
        self.acts_on(action) && self.principal.matches(principal) && self.resource.matches(resource)
    }

    pub(crate) fn acts_on(&self, action: Action) -> bool {
        self.actions.as_ref().is_none_or(|some| some.contains(action.uid()))
    }

    /// The party whose principals this is about. None: the principal is open, or of a type that is no party's.
    pub(crate) fn party(&self) -> Option<Party> {
        match &self.principal {
            Reach::Any => None,
            Reach::Is(kind) | Reach::IsIn(kind, _) => Party::of_type(kind),
            Reach::Eq(e) | Reach::In(e) => Party::of_type(&e.type_name().to_string()),
        }
    }

    /// The one entity without which the policy cannot apply, if there is one: policies are filed by it.
    pub(crate) fn anchor(&self) -> Option<&EntityUid> {
        self.resource.entity().or_else(|| self.principal.entity())
    }
}

impl Reach {
    pub(crate) fn matches(&self, who: &Prepared) -> bool {
        let is = |kind: &str| who.kind() == kind;
        let within = |e: &EntityUid| who.uid() == e || who.ancestors().contains(e);
        match self {
            Self::Any => true,
            Self::Is(kind) => is(kind),
            Self::Eq(e) => who.uid() == e,
            Self::In(e) => within(e),
            Self::IsIn(kind, e) => is(kind) && within(e),
        }
    }

    fn entity(&self) -> Option<&EntityUid> {
        match self {
            Self::Any | Self::Is(_) => None,
            Self::Eq(e) | Self::In(e) | Self::IsIn(_, e) => Some(e),
        }
    }
}
