use doorward_audit::Party;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What somebody may do on the console. Who has any role may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Takes back what was granted, and proves the trail.
    Responder,
    /// Answers for calls and definitions that wait for a person.
    Approver,
    /// Decides by what is judged: forgets sources that were found to be poisoned.
    PolicyAuthor,
    /// Everything, also the level.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Responder, Self::Approver, Self::PolicyAuthor, Self::Admin];

    /// The word used in configuration, pages and log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Approver => "approver",
            Self::PolicyAuthor => "policy-author",
            Self::Admin => "admin",
        }
    }

    /// Whether who has this role may do what `needed` may.
    pub fn includes(self, needed: Self) -> bool {
        self == needed || self == Self::Admin || needed == Self::Viewer
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| format!("unknown role `{word}`; roles are {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// The roles of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(Vec<Role>);

impl Roles {
    /// These.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Self {
        let mut roles: Vec<Role> = roles.into_iter().collect();
        roles.sort();
        roles.dedup();
        Self(roles)
    }
    /// Whether one of them may do what `needed` may.
    pub fn allow(&self, needed: Role) -> bool {
        self.0.iter().any(|role| role.includes(needed))
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Role> {
        self.0.iter().copied()
    }
    /// Their words.
    pub fn words(&self) -> Vec<&'static str> {
        self.iter().map(Role::as_str).collect()
    }
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// With a link that the operator of this machine was shown.
    Link,
    /// At the identity provider.
    Provider,
    /// With a token for programs.
    Token,
}

/// Somebody who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who, as the trail calls them.
    pub party: Party,
    /// What they may do.
    pub roles: Roles,
    /// How they signed in.
    pub way: Way,
}
