use crate::splice::object;
use doorward_mcp::{
    Notice,
    json::{Value, quote},
};

/// What a stream of changes is to tell (2026-07-28, `basic/utilities/subscriptions`, `SubscriptionFilter`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Changes of the list of tools.
    pub tools: bool,
    /// Changes of the list of prompts.
    pub prompts: bool,
    /// Changes of the list of resources.
    pub resources: bool,
    /// Resources whose updates are wanted; each once.
    pub uris: Vec<Box<str>>,
}

impl Filter {
    /// The filter that a `notifications` member holds.
    pub fn read(value: Option<Value<'_>>) -> Self {
        let is = |key: &str| value.and_then(|v| v.get(key)).and_then(Value::as_bool) == Some(true);
        let mut uris: Vec<Box<str>> = Vec::new();
        for uri in value.and_then(|v| v.get("resourceSubscriptions")).into_iter().flat_map(Value::items) {
            if let Some(uri) = uri.as_str()
                && !uris.iter().any(|u| **u == *uri)
            {
                uris.push(uri.into());
            }
        }
        Self {
            tools: is("toolsListChanged"),
            prompts: is("promptsListChanged"),
            resources: is("resourcesListChanged"),
            uris,
        }
    }
    /// Its JSON text; what is not wanted is left out.
    pub fn json(&self) -> String {
        let flags = [
            ("toolsListChanged", self.tools),
            ("promptsListChanged", self.prompts),
            ("resourcesListChanged", self.resources),
        ];
        let mut all: Vec<_> = flags.iter().filter(|(_, on)| *on).map(|(key, _)| (*key, "true".to_owned())).collect();
        if !self.uris.is_empty() {
            let uris: Vec<_> = self.uris.iter().map(|u| quote(u)).collect();
            all.push(("resourceSubscriptions", format!("[{}]", uris.join(","))));
        }
        object(&all)
    }
    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
    /// What either wants.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut uris = self.uris.clone();
        uris.extend(other.uris.iter().filter(|u| !self.uris.contains(u)).cloned());
        Self {
            tools: self.tools || other.tools,
            prompts: self.prompts || other.prompts,
            resources: self.resources || other.resources,
            uris,
        }
    }
    /// What both want.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            tools: self.tools && other.tools,
            prompts: self.prompts && other.prompts,
            resources: self.resources && other.resources,
            uris: self.uris.iter().filter(|u| other.uris.contains(u)).cloned().collect(),
        }
    }
    /// Whether it wants to hear `notice`, which may be about the resource `uri`.
    pub fn wants(&self, notice: Notice, uri: Option<&str>) -> bool {
        match notice {
            Notice::ToolsChanged => self.tools,
            Notice::PromptsChanged => self.prompts,
            Notice::ResourcesChanged => self.resources,
            Notice::ResourceUpdated => uri.is_some_and(|uri| self.uris.iter().any(|known| covers(known, uri))),
            _ => false,
        }
    }
}

/// Whether `uri` is the resource that was subscribed to or one inside it: servers may tell about sub-resources
/// (`server/resources`, all revisions).
fn covers(known: &str, uri: &str) -> bool {
    uri.strip_prefix(known)
        .is_some_and(|rest| rest.is_empty() || known.ends_with('/') || rest.starts_with(['/', '?', '#']))
}
