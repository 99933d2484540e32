use super::super::attest::digest;
use crate::{Mistake, section::Section, value::Item};
use doorward_vocab::Digest;
use serde::Serialize;

/// Processes of this machine, over the socket of the listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// The programs that are known.
    pub executables: Vec<Executable>,
    /// The users that they may run as; none: the gateway's own.
    pub uids: Vec<u32>,
    /// Whether they act for the user that they run as.
    pub human: bool,
}

/// A program that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Executable {
    /// The id of the agent.
    pub name: String,
    /// The digest of the program.
    pub sha256: Option<Digest>,
    /// Where it is.
    pub path: Option<String>,
    /// The digest of the script that an interpreter is given.
    pub script: Option<Digest>,
}

impl Process {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        if !section.has("executables") {
            section.missing("executables", "executables = [{ name = \"claude\", sha256 = \"…\" }]");
        }
        let executables: Vec<_> = section.tables("executables").into_iter().filter_map(Executable::read).collect();
        let uids = section.get("uids", |item| item.all("a list of numbers of users", number)).unwrap_or_default();
        let human = section.get("human", Item::flag).unwrap_or(false);
        (!executables.is_empty()).then_some(Self { executables, uids, human })
    }
}

impl Executable {
    fn read(section: Section<'_>) -> Option<Self> {
        let name = section.need("name", "name = \"claude\"", Item::owned);
        let sha256 = section.get("sha256", digest);
        let path = section.get("path", Item::owned);
        let script = section.get("script", digest);
        if !section.has("sha256") && !section.has("path") {
            section.missing("sha256", "sha256 = \"…\"");
        }
        section.finish();
        Some(Self { name: name?, sha256, path, script })
    }
}

fn number(item: &Item<'_>) -> Result<u32, Mistake> {
    let number = item.value.as_integer().and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
    number.ok_or_else(|| item.wants("the number of a user"))
}
