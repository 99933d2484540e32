//! What an address over several servers shows: of all of them everything, or what a virtual server selects.

use super::names::{Declared, Rules};
use crate::{Live, server::Server, session::Endpoint};
use doorward_config::{Pattern, Virtual};
use doorward_mcp::Method;
use std::{collections::BTreeSet, sync::Arc};

/// What is looked up by a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Tool,
    Prompt,
    Resource,
}

impl Kind {
    /// What a list holds.
    pub(crate) const fn of(method: Method) -> Self {
        match method {
            Method::ToolsList | Method::ToolsCall => Self::Tool,
            Method::PromptsList | Method::PromptsGet | Method::Complete => Self::Prompt,
            _ => Self::Resource,
        }
    }
    /// The word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
        }
    }
}

/// One address over several servers, under one configuration.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) endpoint: Endpoint,
    pub(crate) live: Arc<Live>,
    /// The servers that it shows something of, in the order of the configuration.
    pub(crate) servers: Vec<Arc<Server>>,
}

impl View {
    pub(crate) fn of(live: &Arc<Live>, endpoint: &Endpoint) -> Self {
        let mut view = Self { endpoint: endpoint.clone(), live: live.clone(), servers: Vec::new() };
        let order = live.settings.servers.iter().filter_map(|s| live.servers.get(&s.name));
        view.servers = match (endpoint, view.selection()) {
            (Endpoint::All, _) => order.cloned().collect(),
            (_, Some(selection)) => order.filter(|s| selection.has(&s.profile.name)).cloned().collect(),
            (_, None) => Vec::new(),
        };
        view
    }

    /// What is selected; `None` at the address of all servers.
    pub(crate) fn selection(&self) -> Option<&Virtual> {
        let Endpoint::Virtual(name) = &self.endpoint else { return None };
        self.live.settings.virtuals.iter().find(|v| v.name == *name)
    }

    /// Whether `name`, or a URI, of `server` is shown.
    pub(crate) fn has(&self, kind: Kind, server: &Server, name: &str) -> bool {
        self.patterns(kind).is_none_or(|patterns| patterns.iter().any(|p| p.matches(&server.profile.name, name)))
    }

    /// Whether anything of this kind of `server` can be shown.
    pub(crate) fn asks(&self, kind: Kind, server: &Server) -> bool {
        let name = server.profile.name.as_str();
        self.patterns(kind).is_none_or(|patterns| patterns.iter().any(|p| p.server.matches(name)))
    }

    fn patterns(&self, kind: Kind) -> Option<&[Pattern]> {
        match &self.endpoint {
            Endpoint::All => None,
            _ => Some(self.selection().map_or(&[], |v| match kind {
                Kind::Tool => &v.tools,
                Kind::Prompt => &v.prompts,
                Kind::Resource => &v.resources,
            })),
        }
    }

    /// What the operator says about its names.
    pub(crate) fn rules(&self) -> Rules<'_> {
        let joined = &self.live.settings.joined;
        let selection = self.selection();
        Rules {
            prefix: selection.and_then(|v| v.prefix).unwrap_or(joined.prefix),
            limit: joined.name_limit,
            renamed: selection.map(|v| &v.rename).filter(|names| !names.is_empty()),
        }
    }

    /// The description that the operator wrote for something.
    pub(crate) fn description(&self, server: &Server, name: &str) -> Option<&str> {
        let texts = &self.selection()?.describe;
        if texts.is_empty() {
            return None;
        }
        texts.get(&format!("{}/{name}", server.profile.name)).map(String::as_str)
    }

    /// What its servers have declared so far.
    pub(crate) fn declared(&self, kind: Kind) -> Vec<Declared> {
        let of = |server: &Arc<Server>| {
            let names = server.catalog.declared(kind).names();
            let names: BTreeSet<_> = names.iter().filter(|name| self.has(kind, server, name)).cloned().collect();
            Declared { server: server.profile.name.clone(), names }
        };
        self.servers.iter().map(of).collect()
    }
}

impl Live {
    /// The endpoint that an address means: `/mcp/{name}` is that of a server or of a virtual one.
    pub(crate) fn settle(&self, endpoint: Endpoint) -> Endpoint {
        match endpoint {
            Endpoint::One(name) if self.settings.virtuals.iter().any(|v| v.name == name) => Endpoint::Virtual(name),
            endpoint => endpoint,
        }
    }
}
