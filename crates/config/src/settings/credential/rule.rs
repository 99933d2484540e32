use crate::{Glob, Mistake, section::Section, value::Item};
use serde::Serialize;

/// Which calls of a server a credential serves. The first rule that fits speaks; where none fits, the call is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CredentialRule {
    /// The name of the credential; `none`: the server is called without one.
    pub name: Option<String>,
    /// Tools; empty: all, and what is no call.
    pub tools: Vec<Glob>,
    /// Agents, by id; empty: all.
    pub agents: Vec<Glob>,
    /// People, by id or verified address; empty: all, and runs without a person.
    pub humans: Vec<Glob>,
    /// Groups whose people it serves; empty: as `humans` says.
    pub groups: Vec<String>,
}

impl CredentialRule {
    /// `credential = "crm"`, or `credentials = [{ use = "crm-admin", groups = ["ops"] }, { use = "crm" }]`.
    pub(crate) fn read_all(section: &Section<'_>) -> Vec<Self> {
        let one = section.get("credential", Item::owned);
        let many = section.tables("credentials").into_iter().filter_map(Self::read).collect();
        if section.has("credential") && section.has("credentials") {
            let mistake = Mistake::error("`credential` and `credentials` exclude each other");
            section.reading.tell(section.spot("credentials"), mistake.label("write one of them"));
        }
        match one {
            Some(name) => vec![Self { name: Some(name), ..Self::default() }],
            None => many,
        }
    }

    fn read(section: Section<'_>) -> Option<Self> {
        let globs = |key| section.get(key, Item::one_or_more).unwrap_or_default().into_iter().map(Glob::new).collect();
        let name = section.need("use", "use = \"crm\"", Item::owned);
        let rule = Self {
            tools: globs("tools"),
            agents: globs("agents"),
            humans: globs("humans"),
            groups: section.get("groups", Item::one_or_more).unwrap_or_default(),
            name: name.clone().filter(|name| name != "none"),
        };
        section.finish();
        name.map(|_| rule)
    }
}
