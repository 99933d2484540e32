use super::Seal;
use crate::{Mistake, section::Section, value::Item};
use serde::Serialize;

/// Where state is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Store {
    /// The database.
    pub engine: Engine,
    /// When a decision counts as recorded.
    pub durability: Durability,
    /// Where the key is that the keys of sealed state are wrapped under; absent: `seal.key` in the state folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
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

impl Store {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let default = Self::default();
        let durability = |item: &Item<'_>| item.choice(&[("sinks", Durability::Sinks), ("strict", Durability::Strict)]);
        let read = Self {
            engine: section.get("url", engine).unwrap_or(default.engine),
            durability: section.get("durability", durability).unwrap_or(default.durability),
            seal: section.table("seal").and_then(Seal::read),
        };
        let later = "a cache is shared between replicas, which arrive later";
        let _: Option<()> = section.get("cache", |item| Err(item.wrong("is not available yet").hide().label(later)));
        section.finish();
        read
    }
}

fn engine(item: &Item<'_>) -> Result<Engine, Mistake> {
    let text = item.text()?;
    match text.split(':').next().unwrap_or(text) {
        "sqlite" if text == "sqlite" => Ok(Engine::Sqlite),
        "sqlite" => {
            let help = "set `DOORWARD_STATE` to keep the state in another folder";
            Err(item.wrong("is just `sqlite`").label("take away what follows").help(help))
        }
        "postgres" | "postgresql" => {
            Err(item.wrong("names PostgreSQL, which arrives later").hide().label("use `\"sqlite\"` for now"))
        }
        "redis" | "rediss" | "valkey" => Err(item.wrong("names a cache, not a store").hide().label("use `\"sqlite\"`")),
        _ => Err(item.wrong("names no store that is known").hide().label("use `\"sqlite\"`")),
    }
}
