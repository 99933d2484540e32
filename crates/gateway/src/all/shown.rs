//! The names in use: derived anew when a catalog or the configuration changed, kept until then.

use super::{
    names::{Names, Origin, fit},
    view::{Kind, View},
};
use crate::{Gateway, admit::Arrival, catalog::Catalog, session::Endpoint};
use doorward_config::Prefix;
use doorward_mcp::Method;
use doorward_vocab::{Digest, ServerName};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The names of each address over several servers.
#[derive(Debug, Default)]
pub(crate) struct Shown(Mutex<HashMap<(Endpoint, Kind), Derived>>);

#[derive(Debug, Default)]
struct Derived {
    /// What they were derived from.
    config: Option<Digest>,
    catalogs: Vec<(Arc<Catalog>, u64)>,
    names: Arc<Names>,
    /// Which server offered a bare name last.
    holders: HashMap<Arc<str>, ServerName>,
}

/// How long it is believed that no server has a name that none had a moment ago.
const MOMENT: Duration = Duration::from_secs(2);

impl Gateway {
    /// The names of what the servers of `view` have declared so far.
    pub(super) fn names(&self, view: &View, kind: Kind) -> Arc<Names> {
        let config = view.live.snapshot.version;
        let catalogs: Vec<_> =
            view.servers.iter().map(|s| (s.catalog.clone(), s.catalog.declared(kind).version())).collect();
        let mut shown = self.shown.0.lock();
        let derived = shown.entry((view.endpoint.clone(), kind)).or_default();
        let same = derived.config == Some(config)
            && derived.catalogs.len() == catalogs.len()
            && derived.catalogs.iter().zip(&catalogs).all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1);
        if !same {
            let rules = view.rules();
            let names = Names::derive(&view.declared(kind), rules, &derived.holders);
            for origin in names.left_out.iter().filter(|origin| !derived.names.left_out.contains(origin)) {
                let Origin { server, name } = origin;
                tracing::warn!(%server, "the {} `{name}` is not offered: another server has the name", kind.word());
            }
            if rules.prefix == Prefix::Never {
                derived.holders = names.shown().map(|(name, origin)| (name.clone(), origin.server.clone())).collect();
            }
            *derived = Derived {
                config: Some(config),
                catalogs,
                names: Arc::new(names),
                holders: std::mem::take(&mut derived.holders),
            };
        }
        derived.names.clone()
    }

    /// What a client means by `name`. Servers that were not asked yet are asked first.
    pub(super) async fn meaning(&self, arrival: &Arrival, view: &View, kind: Kind, name: &str) -> Option<Origin> {
        if let Some(origin) = self.prefixed(view, kind, name) {
            return Some(origin);
        }
        self.look(arrival, view, kind, None).await;
        let known = self.names(view, kind).resolve(name);
        if known.is_some() {
            return known;
        }
        self.look(arrival, view, kind, Some(MOMENT)).await;
        self.names(view, kind).resolve(name)
    }

    /// With prefixes a name says itself whose it is, so no list is needed.
    fn prefixed(&self, view: &View, kind: Kind, name: &str) -> Option<Origin> {
        let rules = view.rules();
        let (server, own) = ServerName::split(name).filter(|_| rules.prefix == Prefix::Always)?;
        let server = view.live.servers.get(server).filter(|s| view.has(kind, s, own))?;
        let renamed = rules.renamed.is_some_and(|r| r.contains_key(&format!("{}/{own}", server.profile.name)));
        let origin = Origin { server: server.profile.name.clone(), name: own.into() };
        (!renamed && &*fit(name, rules.limit) == name).then_some(origin)
    }

    /// Asks the servers whose names were not seen at all, or not within `age`.
    async fn look(&self, arrival: &Arrival, view: &View, kind: Kind, age: Option<Duration>) {
        let method = if kind == Kind::Tool { Method::ToolsList } else { Method::PromptsList };
        let now = self.clock.now();
        let stale = |server: &&Arc<crate::server::Server>| {
            let seen = server.catalog.declared(kind).seen();
            view.asks(kind, server) && seen.is_none_or(|at| age.is_some_and(|age| now.since(at) > age))
        };
        let servers: Vec<_> = view.servers.iter().filter(stale).cloned().collect();
        if !servers.is_empty() {
            self.drain(arrival, &servers, method).await;
        }
    }
}
