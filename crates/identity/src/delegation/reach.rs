use doorward_vocab::ServerName;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Which tools of which servers. Exact names, so that two reaches can be intersected and compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// All of all servers.
    #[default]
    Everything,
    /// These servers, each with its tools.
    Only(BTreeMap<ServerName, Tools>),
}

/// Which tools of one server. Prompts and resources follow the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tools {
    /// All.
    #[default]
    All,
    /// These, by the names that the server gives them.
    Only(BTreeSet<Arc<str>>),
}

impl Reach {
    /// All tools of these servers.
    pub fn servers(names: impl IntoIterator<Item = ServerName>) -> Self {
        Self::Only(names.into_iter().map(|name| (name, Tools::All)).collect())
    }

    /// Whether `tool` of `server` is within it; without a tool, whether anything of the server is.
    pub fn covers(&self, server: &ServerName, tool: Option<&str>) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(servers) => servers.get(server).is_some_and(|tools| tool.is_none_or(|tool| tools.cover(tool))),
        }
    }

    /// What is within both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everything, reach) | (reach, Self::Everything) => reach.clone(),
            (Self::Only(ours), Self::Only(theirs)) => Self::Only(
                ours.iter().filter_map(|(name, tools)| Some((name.clone(), tools.meet(theirs.get(name)?)))).collect(),
            ),
        }
    }

    /// Whether all of it is within `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Everything) => true,
            (Self::Everything, Self::Only(_)) => false,
            (Self::Only(ours), Self::Only(theirs)) => {
                ours.iter().all(|(name, tools)| theirs.get(name).is_some_and(|t| tools.is_within(t)))
            }
        }
    }
}

impl Tools {
    /// Whether `tool` is one of them.
    pub fn cover(&self, tool: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(tools) => tools.contains(tool),
        }
    }
    fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, tools) | (tools, Self::All) => tools.clone(),
            (Self::Only(ours), Self::Only(theirs)) => Self::Only(ours.intersection(theirs).cloned().collect()),
        }
    }
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::All) => true,
            (Self::All, Self::Only(_)) => false,
            (Self::Only(ours), Self::Only(theirs)) => ours.is_subset(theirs),
        }
    }
}
