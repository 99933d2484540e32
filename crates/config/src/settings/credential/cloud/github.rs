use super::{
    super::{CredentialKind, by_tool::by_tool},
    endpoint,
};
use crate::{Glob, Mistake, SecretRef, section::Section, value::Item};
use doorward_vocab::ByName;
use serde::Serialize;
use std::collections::BTreeMap;
use toml::de::DeValue;
use url::Url;

/// A token of an installation of a GitHub App.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GithubApp {
    /// The API.
    pub endpoint: Url,
    /// The app.
    pub app: String,
    /// The installation.
    pub installation: u64,
    /// Its key.
    pub key: SecretRef,
    /// Repositories, by tool.
    pub repositories: ByName<Vec<String>>,
    /// Permissions, by tool.
    pub permissions: ByName<BTreeMap<String, String>>,
}

pub(in super::super) fn read(section: &Section<'_>) -> Option<CredentialKind> {
    let app = section.need("app", "app = \"Iv23liABC\"", Item::owned);
    let installation = section.need("installation", "installation = 12345", Item::count);
    let key = section.need("key", "key = { file = \"/run/secrets/app.pem\" }", Item::secret);
    let repositories = by_tool(section, "repositories", |item| item.texts());
    let permissions = permissions(section);
    let base = section.get("endpoint", endpoint).or_else(|| "https://api.github.com/".parse().ok());
    Some(CredentialKind::GithubApp(GithubApp {
        endpoint: base?,
        app: app?,
        installation: u64::try_from(installation?).ok()?,
        key: key?,
        repositories,
        permissions,
    }))
}

/// `{ contents = "read" }`, or `{ "push_*" = { contents = "write" }, "*" = { contents = "read" } }`.
fn permissions(section: &Section<'_>) -> ByName<BTreeMap<String, String>> {
    let Some(table) = section.has("permissions").then(|| section.table("permissions")).flatten() else {
        section.get("permissions", |_| Ok(()));
        return ByName::default();
    };
    let (mut all, mut rules) = (BTreeMap::new(), Vec::new());
    for (_, item) in table.entries() {
        match item.value {
            DeValue::Table(inner) => {
                let inner = Section::new(table.reading, item.path.clone(), item.span.clone(), inner);
                let levels = inner.entries().into_iter().filter_map(|(_, item)| level(&item));
                rules.push((Glob::new(&item.key), levels.collect()));
            }
            _ => all.extend(level(&item)),
        }
    }
    if !all.is_empty() && !rules.is_empty() {
        let mistake = Mistake::error("`permissions` are either for all tools, or by patterns of tools");
        table.reading.tell(table.span.clone(), mistake);
    }
    if rules.is_empty() { ByName::all(all) } else { ByName::new(rules) }
}

fn level(item: &Item<'_>) -> Option<(String, String)> {
    let level = item.choice(&[("read", "read"), ("write", "write"), ("admin", "admin")]);
    level
        .map_err(|mistake| item.reading.tell(item.span.clone(), mistake))
        .ok()
        .map(|l| (item.key.clone(), l.to_owned()))
}
