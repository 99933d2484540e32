use crate::{Mistake, section::Section, value::Item};
use serde::Serialize;
use std::collections::BTreeMap;
use url::Url;

/// Who may sign in to the console, beside whoever may read the state folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Console {
    /// The URL at which people reach it, where that is not the address it listens at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<Url>,
    /// The `[[trust]]` entry at which people sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Who has which role there, by role.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<ConsoleRole, Vec<Holder>>,
}

/// What somebody may do on the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsoleRole {
    /// Looks.
    Viewer,
    /// Takes back what was granted, and proves the trail.
    Responder,
    /// Answers for calls and definitions that wait.
    Approver,
    /// Decides by what is judged.
    PolicyAuthor,
    /// Everything.
    Admin,
}

/// Who has a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// Everybody in a group, as the provider names it.
    Group(String),
    /// One person, by the id at the provider or the verified address.
    Person(String),
}

impl ConsoleRole {
    /// All of them, with their words.
    pub const ALL: [(&str, Self); 5] = [
        ("viewer", Self::Viewer),
        ("responder", Self::Responder),
        ("approver", Self::Approver),
        ("policy-author", Self::PolicyAuthor),
        ("admin", Self::Admin),
    ];
}

impl Console {
    pub(crate) fn read(section: Section<'_>) -> Self {
        let public_url = section.get("public_url", |item| item.url(|_| false));
        let login = section.get("login", Item::owned);
        let roles = section.table("roles").map(roles).unwrap_or_default();
        let (reading, span) = (section.reading, section.span.clone());
        section.finish();
        if login.is_none() && !roles.is_empty() {
            let mistake = Mistake::error("there are roles for people, and no place where they sign in");
            reading.tell(span, mistake.help("write `login = \"…\"`, the name of a [[trust]] entry"));
        }
        Self { public_url, login, roles }
    }

    /// Whether somebody has a role: by id, by verified address, by group.
    pub fn roles_of(&self, id: &str, email: Option<&str>, groups: &[&str]) -> Vec<ConsoleRole> {
        let has = |holder: &Holder| match holder {
            Holder::Group(group) => groups.contains(&group.as_str()),
            Holder::Person(person) => person == id || email.is_some_and(|email| person.eq_ignore_ascii_case(email)),
        };
        self.roles.iter().filter(|(_, holders)| holders.iter().any(has)).map(|(role, _)| *role).collect()
    }
}

/// `{ admin = ["group:sec-admins"], approver = ["ann@example.com"] }`
fn roles(section: Section<'_>) -> BTreeMap<ConsoleRole, Vec<Holder>> {
    let mut roles = BTreeMap::new();
    for (word, role) in ConsoleRole::ALL {
        let holders = section.get(word, |list| list.all("a list of people and groups", holder));
        if let Some(holders) = holders {
            roles.insert(role, holders);
        }
    }
    section.finish();
    roles
}

fn holder(item: &Item<'_>) -> Result<Holder, Mistake> {
    let text = item.text()?;
    match text.strip_prefix("group:") {
        _ if text.trim().is_empty() => Err(item.wrong("is nobody").label("write a person, or `group:NAME`")),
        Some(group) => Ok(Holder::Group(group.to_owned())),
        None => Ok(Holder::Person(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_come_from_the_id_the_verified_address_and_groups() {
        let roles = BTreeMap::from([
            (ConsoleRole::Approver, vec![Holder::Person("ann@example.com".into())]),
            (ConsoleRole::Admin, vec![Holder::Group("sec".into()), Holder::Person("u-7".into())]),
        ]);
        let console = Console { roles, ..Console::default() };
        let of = |id, email, groups: &[&str]| console.roles_of(id, email, groups);
        assert_eq!(of("u-1", Some("Ann@Example.com"), &[]), [ConsoleRole::Approver]);
        assert_eq!(of("u-1", None, &["sec"]), [ConsoleRole::Admin]);
        assert_eq!(of("u-7", None, &["ann@example.com"]), [ConsoleRole::Admin]);
        assert_eq!(of("group:sec", Some("x@example.com"), &["group:sec"]), []);
    }
}
