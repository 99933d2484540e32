//! What a server declares: its tools, each judged and pinned.

mod faces;
mod judge;

use crate::{Live, all::Kind, declared::Settled, pins::Pins, server::Server};
use arc_swap::ArcSwap;
use doorward_audit::Definition as DefinitionRecord;
use doorward_detect::definition::canonical;
use doorward_engine::{Definition, ServerProfile};
use doorward_identity::PrincipalKey;
use doorward_mcp::json::Value;
use doorward_policy::DefinitionState;
use doorward_vocab::{Digest, Timestamp};
use faces::Faces;
use judge::Judge;
use parking_lot::Mutex;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

type Tools = HashMap<Arc<str>, Arc<Definition>>;

/// The tools of one server, as last seen.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    tools: ArcSwap<Tools>,
    /// When the whole list was last seen, in microseconds; 0 where it must be looked at again.
    seen: AtomicU64,
    /// What of the other servers the tools were judged beside.
    beside: AtomicU64,
    tool_names: Declared,
    prompt_names: Declared,
    /// Who was shown what.
    faces: Mutex<Faces>,
    /// What was concluded of everything that is no tool.
    pub(crate) settled: Settled,
}

/// The names that a server has declared since it is reached as it is. They only grow: a name that clients were shown
/// must not come to mean something of another server because its own stopped listing it.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    names: ArcSwap<BTreeSet<Arc<str>>>,
    version: AtomicU64,
    /// When they were last listed as a whole, in microseconds; 0 where they never were.
    seen: AtomicU64,
}

/// The most names of one server that are shown; what a server declares beyond is not.
const MOST: usize = 10_000;

impl Declared {
    pub(crate) fn names(&self) -> Arc<BTreeSet<Arc<str>>> {
        self.names.load_full()
    }
    /// Grows with the names.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Relaxed)
    }
    /// When they were last listed as a whole.
    pub(crate) fn seen(&self) -> Option<Timestamp> {
        Some(self.seen.load(Relaxed)).filter(|at| *at != 0).map(Timestamp::from_micros)
    }
    /// The whole list was seen.
    pub(crate) fn whole(&self, now: Timestamp) {
        self.seen.store(now.micros().max(1), Relaxed);
    }
    /// A list named these.
    pub(crate) fn saw(&self, seen: impl Iterator<Item = Arc<str>> + Clone) {
        let known = self.names.load();
        if seen.clone().all(|name| known.contains(&name)) {
            return;
        }
        self.names.rcu(|known| {
            let mut names = BTreeSet::clone(known);
            for name in seen.clone() {
                if names.len() < MOST {
                    names.insert(name);
                }
            }
            names
        });
        self.version.fetch_add(1, Relaxed);
    }
}

/// How long a list is believed of a server that says nothing.
const FRESH: Duration = Duration::from_secs(60);

/// What a list brought.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// The definition of each item of the list, in order; `None` where an item is not a tool at all.
    pub(crate) items: Vec<Option<Arc<Definition>>>,
    /// What the trail should know.
    pub(crate) changes: Vec<DefinitionRecord>,
}

impl Catalog {
    /// The tool of this name.
    pub(crate) fn tool(&self, name: &str) -> Option<Arc<Definition>> {
        self.tools.load().get(name).cloned()
    }
    /// The names of all tools.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        self.tools.load().keys().cloned().collect()
    }
    /// The names that it declared of one kind.
    pub(crate) const fn declared(&self, kind: Kind) -> &Declared {
        match kind {
            Kind::Tool => &self.tool_names,
            Kind::Prompt | Kind::Resource => &self.prompt_names,
        }
    }
    /// Whether the list was seen, lately, and the server said nothing new since. A server need not say: it is asked again
    /// now and then.
    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        let seen = self.seen.load(Relaxed);
        seen != 0 && now.since(Timestamp::from_micros(seen)) < FRESH
    }
    /// The server says that its list changed: what is known of it must be looked at again before it is used.
    pub(crate) fn outdated(&self) {
        self.seen.store(0, Relaxed);
    }
    /// Somebody decided about definitions: each must be judged again before it is used.
    pub(crate) fn forget(&self) {
        self.outdated();
        self.tools.store(Arc::default());
        self.faces.lock().forget();
        self.settled.lock().clear();
    }
    /// The whole list was seen.
    pub(crate) fn complete(&self, now: Timestamp) {
        self.seen.store(now.micros().max(1), Relaxed);
        self.tool_names.whole(now);
    }

    /// Looks at `tools`, an array of definitions that `server` sent to `to`, and keeps what was concluded.
    pub(crate) fn observe(
        &self,
        live: &Live,
        server: &ServerProfile,
        to: PrincipalKey,
        tools: Value<'_>,
        pins: &Pins,
        now: Timestamp,
    ) -> Observed {
        let others = others(live, server);
        let beside = digest_of(&others);
        // What imitates another server's tool may have been seen before that tool was.
        let same_surroundings = self.beside.swap(beside, Relaxed) == beside;
        let known = self.tools.load_full();
        let mut next = Tools::clone(&known);
        let mut observed = Observed::default();
        let listed: HashSet<String> =
            tools.items().filter_map(|item| Some(item.get("name")?.as_str()?.into_owned())).collect();
        let judge = Judge { live, server, others: &others, listed: &listed, pins, now };
        for item in tools.items() {
            let form = canonical(item.raw().as_bytes()).ok();
            let Some((name, form)) = item.get("name").and_then(Value::as_str).zip(form) else {
                observed.items.push(None);
                continue;
            };
            let seen = Digest::of(form.as_bytes());
            let before = known.get(&*name);
            let two_faced = self.faces.lock().shows(&name, to, seen);
            let settled = before.filter(|d| {
                same_surroundings && !two_faced && d.digest == seen && d.state == DefinitionState::Approved
            });
            let definition = match settled {
                Some(definition) => definition.clone(),
                None => {
                    let (definition, change) =
                        judge.tool(item, &judge::Form { name: &name, text: &form, digest: seen, two_faced }, before);
                    observed.changes.extend(change);
                    Arc::new(definition)
                }
            };
            next.insert(definition.name.clone(), definition.clone());
            observed.items.push(Some(definition));
        }
        self.tool_names.saw(observed.items.iter().flatten().map(|definition| definition.name.clone()));
        let grown = next.keys().any(|name| !known.contains_key(name));
        self.tools.store(Arc::new(next));
        if grown {
            for later in later(live, server) {
                later.catalog.outdated();
            }
        }
        observed
    }
}

/// The tools of the servers before this one in the configuration. Of two that look alike the first is the one that is
/// imitated: the operator's order decides, not who answered first.
fn others(live: &Live, server: &ServerProfile) -> Vec<(String, Arc<str>)> {
    let order = live.settings.servers.iter().take_while(|s| s.name != server.name);
    let before = order.filter_map(|s| live.servers.get(&s.name));
    let tools = |s: &Arc<Server>| {
        let name = s.profile.name.to_string();
        s.catalog.names().into_iter().map(move |tool| (name.clone(), tool))
    };
    let mut all: Vec<_> = before.flat_map(tools).collect();
    all.sort();
    all
}

/// The servers after this one in the configuration.
fn later<'l>(live: &'l Live, server: &ServerProfile) -> impl Iterator<Item = &'l Arc<Server>> {
    let order = live.settings.servers.iter().skip_while(|s| s.name != server.name).skip(1);
    order.filter_map(|s| live.servers.get(&s.name)).collect::<Vec<_>>().into_iter()
}

fn digest_of(others: &[(String, Arc<str>)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    others.hash(&mut hasher);
    hasher.finish()
}
