use super::{CSS_AT, JS_AT};
use crate::{
    ports::Stance,
    query::{Query, link},
    role::{Person, Role},
    route::{Do, Route},
    views,
};

/// What stands around every page.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'static str,
    pub(crate) path: &'static str,
    pub(crate) name: &'a str,
    pub(crate) roles: String,
    /// Goes along with what changes something.
    pub(crate) token: &'a str,
    /// What was just done.
    pub(crate) told: Option<String>,
    pub(crate) level: String,
    pub(crate) mode: String,
    pub(crate) css: &'static str,
    pub(crate) js: &'static str,
    person: &'a Person,
    query: &'a Query,
}

/// A line of the menu: where, what, and the key that goes there after `g`.
pub(crate) struct Entry {
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
    pub(crate) key: &'static str,
}

pub(crate) struct Group {
    pub(crate) label: &'static str,
    pub(crate) entries: &'static [Entry],
}

const fn entry(href: &'static str, label: &'static str, key: &'static str) -> Entry {
    Entry { href, label, key }
}

const MENU: &[Group] = &[
    Group { label: "Now", entries: &[entry("/", "Overview", "o"), entry("/approvals", "Approvals", "a")] },
    Group {
        label: "Investigate",
        entries: &[
            entry("/conversations", "Conversations", "c"),
            entry("/records", "Records", "r"),
            entry("/findings", "Findings", "f"),
            entry("/sources", "Sources", "p"),
        ],
    },
    Group {
        label: "Who and what",
        entries: &[
            entry("/agents", "Agents", "g"),
            entry("/humans", "Humans", "h"),
            entry("/delegations", "Delegations", "d"),
            entry("/servers", "Servers", "s"),
            entry("/definitions", "Definitions", "n"),
        ],
    },
    Group { label: "Proof", entries: &[entry("/integrity", "Trail", "t"), entry("/level", "Level", "l")] },
];

impl<'a> Frame<'a> {
    pub(crate) fn new(
        person: &'a Person,
        route: &'static Route,
        query: &'a Query,
        token: &'a str,
        told: Option<String>,
        stance: &Stance,
    ) -> Self {
        Self {
            title: title(route.act),
            path: if route.act == Do::Overview { "/" } else { route.path },
            name: &person.party.name,
            roles: person.roles.words().join(", "),
            token,
            told,
            level: stance.level.as_str().to_owned(),
            mode: stance.mode.as_str().to_owned(),
            css: &CSS_AT,
            js: &JS_AT,
            person,
            query,
        }
    }

    pub(crate) fn menu(&self) -> &'static [Group] {
        MENU
    }
    /// Whether this entry of the menu is where we are.
    pub(crate) fn is_at(&self, href: &str) -> bool {
        let above = match self.path {
            "/conversation" => "/conversations",
            "/call" | "/chain" => "/records",
            "/agent" => "/agents",
            "/human" => "/humans",
            "/server" => "/servers",
            "/definition" => "/definitions",
            path => path,
        };
        above == href
    }
    pub(crate) fn may_respond(&self) -> bool {
        self.person.roles.allow(Role::Responder)
    }
    pub(crate) fn may_approve(&self) -> bool {
        self.person.roles.allow(Role::Approver)
    }
    pub(crate) fn may_author(&self) -> bool {
        self.person.roles.allow(Role::PolicyAuthor)
    }
    pub(crate) fn may_level(&self) -> bool {
        self.person.roles.allow(Role::Admin)
    }
    /// What was asked for under this name.
    pub(crate) fn asked(&self, name: &str) -> &str {
        self.query.get(name).unwrap_or_default()
    }
    /// Whether anything was looked for.
    pub(crate) fn is_filtered(&self) -> bool {
        self.query.told().is_some()
    }
    /// The next page.
    pub(crate) fn next(&self, before: &u64) -> String {
        format!(
            "{}?{}",
            if self.path == "/" { "/overview" } else { self.path },
            self.query.with("before", &before.to_string())
        )
    }
    /// Records of an agent, human, server, …
    pub(crate) fn records(&self, name: &str, value: &str) -> String {
        link("/records", &[(name, value)])
    }
    pub(crate) fn agent(&self, who: &views::Who) -> String {
        link("/agent", &[("id", &who.id)])
    }
    pub(crate) fn human(&self, who: &views::Who) -> String {
        link("/human", &[("id", &who.id)])
    }
    pub(crate) fn call(&self, id: &str) -> String {
        link("/call", &[("id", id)])
    }
    pub(crate) fn chain(&self, id: &str) -> String {
        link("/chain", &[("id", id)])
    }
    pub(crate) fn server(&self, name: &str) -> String {
        link("/server", &[("name", name)])
    }
}

const fn title(act: Do) -> &'static str {
    match act {
        Do::Overview => "Overview",
        Do::Conversations => "Conversations",
        Do::Conversation => "Conversation",
        Do::Records => "Records",
        Do::Findings => "Findings",
        Do::Call => "Call",
        Do::Chain => "Chain",
        Do::Agents => "Agents",
        Do::Agent => "Agent",
        Do::Humans => "Humans",
        Do::Human => "Human",
        Do::Servers => "Servers",
        Do::Server => "Server",
        Do::Definitions => "Definitions",
        Do::Definition | Do::DecideDefinition => "Definition",
        Do::Delegations | Do::Revoke => "Delegations",
        Do::Approvals | Do::DecideApproval => "Approvals",
        Do::Sources | Do::Forget => "Sources",
        Do::Integrity | Do::Verify => "Trail",
        Do::Level | Do::ChangeLevel => "Level",
        _ => "Doorward",
    }
}
