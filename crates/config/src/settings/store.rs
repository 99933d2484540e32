use serde::Serialize;

/// Where state is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Store {
    /// The database.
    pub engine: Engine,
    /// When a decision counts as recorded.
    pub durability: Durability,
}

/// The database that holds state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Embedded, in the state folder.
    #[default]
    Sqlite,
}

/// When a decision counts as recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The decision about a sink call is on the disk before the call leaves; other records follow in groups.
    #[default]
    Sinks,
    /// Every decision is on the disk before its call leaves.
    Strict,
}
