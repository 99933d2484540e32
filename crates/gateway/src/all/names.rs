//! Under which names the tools or prompts of several servers are shown, and what each shown name stands for. A pure
//! function of what the servers declared: the same catalogs give the same names, and no name stands for two things.

use doorward_config::Prefix;
use doorward_vocab::{Digest, ServerName};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// What one server declared.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) server: ServerName,
    pub(crate) names: BTreeSet<Arc<str>>,
}

/// A tool or prompt as its server calls it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) server: ServerName,
    pub(crate) name: Arc<str>,
}

/// What the operator says about names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    pub(crate) prefix: Prefix,
    pub(crate) limit: usize,
    /// Names chosen by the operator, by `server/name`.
    pub(crate) renamed: Option<&'a BTreeMap<String, String>>,
}

/// Both directions.
#[derive(Debug, Default)]
pub(crate) struct Names {
    shown: HashMap<Arc<str>, Origin>,
    of: HashMap<Origin, Arc<str>>,
    /// The server of each name that one alone has; `None` where several have it.
    bare: HashMap<Arc<str>, Option<ServerName>>,
    /// What is not shown, since its name stands for something else.
    pub(crate) left_out: Vec<Origin>,
}

/// Hex digits of a short form: enough that honest names do not meet. Where they do, the later one is not shown.
const DIGITS: usize = 12;

impl Names {
    /// The names of what `declared` says, in the order of the configuration. `holders` are the servers that offered a
    /// name until now: while one still has it, the name does not go over to another (`never`).
    pub(crate) fn derive(declared: &[Declared], rules: Rules<'_>, holders: &HashMap<Arc<str>, ServerName>) -> Self {
        let mut names = Self::default();
        for one in declared {
            for name in &one.names {
                let server = Some(one.server.clone());
                names.bare.entry(name.clone()).and_modify(|holder| *holder = None).or_insert(server);
            }
        }
        let everything = || {
            declared
                .iter()
                .flat_map(|one| one.names.iter().map(|name| Origin { server: one.server.clone(), name: name.clone() }))
        };
        // What the operator chose comes first: nothing that a server declares can take it.
        for origin in everything() {
            if let Some(chosen) = rules.renamed.and_then(|r| r.get(&format!("{}/{}", origin.server, origin.name))) {
                names.claim(chosen.as_str().into(), origin);
            }
        }
        for origin in everything() {
            if names.of.contains_key(&origin) {
                continue;
            }
            let joined = fit(&origin.server.join(&origin.name), rules.limit);
            let bare = fit(&origin.name, rules.limit);
            let sole = names.bare.get(&origin.name).is_some_and(Option::is_some);
            let taken = match rules.prefix {
                Prefix::Always => names.claim(joined, origin),
                // What looks like a joined name is joined, so that it is not taken for another server's.
                Prefix::Conflict if sole && !looks_joined(&bare, declared) => {
                    names.claim(bare, origin.clone()).and_then(|_| names.claim(joined, origin))
                }
                Prefix::Conflict => names.claim(joined, origin),
                Prefix::Never => {
                    let other = holders.get(&bare).filter(|holder| **holder != origin.server);
                    let held = other.is_some_and(|holder| {
                        declared.iter().any(|one| one.server == *holder && one.names.contains(&origin.name))
                    });
                    if held { Some(origin) } else { names.claim(bare, origin) }
                }
            };
            names.left_out.extend(taken);
        }
        names
    }

    /// Shows `origin` as `name`; gives it back where the name stands for something else.
    fn claim(&mut self, name: Arc<str>, origin: Origin) -> Option<Origin> {
        if self.shown.contains_key(&name) {
            return Some(origin);
        }
        self.shown.insert(name.clone(), origin.clone());
        self.of.insert(origin, name);
        None
    }

    /// The name under which something is shown; `None` where it is not.
    pub(crate) fn of(&self, server: &ServerName, name: &str) -> Option<&Arc<str>> {
        self.of.get(&Origin { server: server.clone(), name: name.into() })
    }

    /// What a client means by `name`: what is shown under it, or what one server alone calls so. Pages of MCP Apps call
    /// the tools of their server by their own names, whatever is shown.
    pub(crate) fn resolve(&self, name: &str) -> Option<Origin> {
        self.shown.get(name).cloned().or_else(|| {
            let (name, server) = self.bare.get_key_value(name)?;
            Some(Origin { server: server.clone()?, name: name.clone() })
        })
    }

    /// Every shown name with its server.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&Arc<str>, &Origin)> {
        self.shown.iter()
    }
}

/// `full` as hosts accept it (2026-07-28, tools: `[A-Za-z0-9_.-]`), at most `limit` long: itself, or a short form with
/// a digest. What looks like a short form gets one, so that none can be declared.
pub(crate) fn fit(full: &str, limit: usize) -> Arc<str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if !full.is_empty() && full.len() <= limit && full.chars().all(plain) && !is_short(full) {
        return full.into();
    }
    let digest = Digest::of(format!("doorward/name/{full}").as_bytes());
    let hex: String = digest.as_bytes().iter().take(DIGITS / 2).map(|b| format!("{b:02x}")).collect();
    let kept = full.chars().map(|c| if plain(c) { c } else { '_' }).take(limit.saturating_sub(DIGITS + 1));
    format!("{}_{hex}", kept.collect::<String>()).into()
}

/// Whether a name ends like a short form.
fn is_short(name: &str) -> bool {
    name.rsplit_once('_')
        .is_some_and(|(_, end)| end.len() == DIGITS && end.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

fn looks_joined(name: &str, declared: &[Declared]) -> bool {
    ServerName::split(name).is_some_and(|(server, _)| declared.iter().any(|one| one.server.as_str() == server))
}

#[cfg(test)]
mod laws {
    use super::*;
    use proptest::{collection, prelude::*, sample};

    fn name() -> impl Strategy<Value = String> {
        let odd = prop_oneof![
            // Few of them, so that servers meet; some that imitate joined names and short forms.
            "[ab]{1,2}",
            "(a|b|a_b)__[ab]{1,2}",
            "[ab]{1,2}_[0-9a-f]{12}",
            "(a|b)__[ab]_[0-9a-f]{12}",
            "[a-b]{40,90}",
            "[a-bé /_.-]{0,6}",
        ];
        odd.prop_filter("texts have an end", |s| s.len() < 400)
    }

    fn declared() -> impl Strategy<Value = Vec<Declared>> {
        let names = collection::btree_set(name().prop_map(Arc::<str>::from), 0..8);
        let servers = sample::subsequence(vec!["a", "b", "a_b", "c"], 1..=4).prop_shuffle();
        (servers, collection::vec(names, 4)).prop_map(|(servers, names)| {
            let server = |s: &str| s.parse().unwrap();
            servers.into_iter().zip(names).map(|(s, names)| Declared { server: server(s), names }).collect()
        })
    }

    /// With names that look like what the others are shown as.
    fn imitated(mut declared: Vec<Declared>, limit: usize) -> Vec<Declared> {
        for one in &mut declared {
            let own = format!("{}{}", one.server, ServerName::SEPARATOR);
            let joined = |name: &Arc<str>| fit(&one.server.join(name), limit).strip_prefix(&own).map(Arc::from);
            let shown: Vec<Arc<str>> = one.names.iter().filter_map(joined).collect();
            let bare: Vec<Arc<str>> = one.names.iter().map(|name| fit(name, limit)).collect();
            one.names.extend(shown.into_iter().chain(bare));
        }
        declared
    }

    fn prefix() -> impl Strategy<Value = Prefix> {
        sample::select(vec![Prefix::Always, Prefix::Conflict, Prefix::Never])
    }

    fn derive(declared: &[Declared], prefix: Prefix, limit: usize) -> Names {
        Names::derive(declared, Rules { prefix, limit, renamed: None }, &HashMap::new())
    }

    fn all(declared: &[Declared]) -> Vec<Origin> {
        let origin = |one: &Declared, name: &Arc<str>| Origin { server: one.server.clone(), name: name.clone() };
        declared.iter().flat_map(|one| one.names.iter().map(move |name| origin(one, name))).collect()
    }

    proptest! {
        /// Whatever servers declare, a shown name stands for one thing, that thing is shown under it, and hosts accept it.
        #[test]
        fn names_are_injective_and_round_trip(declared in declared(), prefix in prefix(), limit in 48_usize..=128) {
            let declared = imitated(declared, limit);
            let names = derive(&declared, prefix, limit);
            let mut seen = BTreeSet::new();
            for origin in all(&declared) {
                let Some(shown) = names.of(&origin.server, &origin.name) else {
                    prop_assert!(names.left_out.contains(&origin), "{origin:?} is nowhere");
                    continue;
                };
                prop_assert!(seen.insert(shown.clone()), "{shown} stands for two things");
                prop_assert_eq!(names.resolve(shown), Some(origin));
                prop_assert!((1..=limit).contains(&shown.len()), "{shown}");
                prop_assert!(shown.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)), "{shown}");
            }
            // Nothing is left out but what another server has, and that only without prefixes.
            prop_assert!(prefix == Prefix::Never || names.left_out.is_empty(), "{:?}", names.left_out);
        }

        /// With prefixes a name depends on nothing but its own server and itself, whoever else comes and goes.
        #[test]
        fn prefixed_names_are_stable(declared in declared(), limit in 48_usize..=128) {
            let whole = derive(&declared, Prefix::Always, limit);
            for one in &declared {
                let alone = derive(std::slice::from_ref(one), Prefix::Always, limit);
                for name in &one.names {
                    prop_assert_eq!(alone.of(&one.server, name), whole.of(&one.server, name));
                }
            }
        }

        /// A server that comes later never gets what was said to another: each name still means the same, or nothing.
        #[test]
        fn nothing_is_rerouted(declared in declared(), prefix in prefix(), known in 0_usize..4) {
            // The servers that answer late may stand first in the configuration.
            let mut early = declared.clone();
            early.iter_mut().take(known).for_each(|one| one.names.clear());
            let before = derive(&early, prefix, 64);
            let holders = before.shown().map(|(name, origin)| (name.clone(), origin.server.clone())).collect();
            let rules = Rules { prefix, limit: 64, renamed: None };
            let after = Names::derive(&declared, rules, &holders);
            for (name, origin) in before.shown() {
                if let Some(now) = after.resolve(name) {
                    prop_assert!(now == *origin, "{name} was {origin:?} and is {now:?}");
                }
            }
        }

        /// A name that one server alone has can be called by it, unless that name is shown for something else.
        #[test]
        fn bare_names_work_where_they_are_unique(declared in declared(), prefix in prefix()) {
            let names = derive(&declared, prefix, 64);
            for origin in all(&declared) {
                let sole = declared.iter().filter(|one| one.names.contains(&origin.name)).count() == 1;
                let resolved = names.resolve(&origin.name);
                match names.shown.get(&origin.name) {
                    Some(shown) => prop_assert_eq!(resolved.as_ref(), Some(shown)),
                    None => prop_assert_eq!(resolved, sole.then_some(origin)),
                }
            }
        }
    }

    fn of(server: &str, names: &[&str]) -> Declared {
        Declared { server: server.parse().unwrap(), names: names.iter().map(|n| Arc::from(*n)).collect() }
    }

    fn shown(names: &Names) -> BTreeMap<String, String> {
        names.shown().map(|(n, o)| (n.to_string(), format!("{}/{}", o.server, o.name))).collect()
    }

    #[test]
    fn prefixes() {
        let declared = [of("crm", &["search", "get"]), of("web", &["search", "crm__get"])];
        let show = |prefix| shown(&derive(&declared, prefix, 64)).into_keys().collect::<Vec<_>>();
        assert_eq!(show(Prefix::Always), ["crm__get", "crm__search", "web__crm__get", "web__search"]);
        assert_eq!(show(Prefix::Conflict), ["crm__search", "get", "web__crm__get", "web__search"]);
        assert_eq!(show(Prefix::Never), ["crm__get", "get", "search"]);
        let never = derive(&declared, Prefix::Never, 64);
        assert_eq!(never.resolve("search").unwrap().server.as_str(), "crm");
        assert_eq!(never.left_out, [Origin { server: "web".parse().unwrap(), name: "search".into() }]);
        let always = derive(&declared, Prefix::Always, 64);
        // By its own name, where one server has it; by a name that two have, neither.
        assert_eq!(always.resolve("get").unwrap().server.as_str(), "crm");
        assert_eq!(always.resolve("search"), None);
        // What is shown comes before what a server calls its own.
        assert_eq!(always.resolve("crm__get").unwrap().server.as_str(), "crm");
    }

    #[test]
    fn names_that_hosts_do_not_accept_get_a_short_form() {
        let long = "x".repeat(70);
        let declared = [of("crm", &[&long, "über alles", "a_0123456789ab"])];
        let names = derive(&declared, Prefix::Always, 64);
        let short = names.of(&declared[0].server, &long).unwrap();
        assert_eq!(short.len(), 64);
        assert!(short.starts_with("crm__xxx") && is_short(short), "{short}");
        let odd = names.of(&declared[0].server, "über alles").unwrap();
        assert!(odd.starts_with("crm___ber_alles_") && is_short(odd), "{odd}");
        // What is declared in the form of a short one is not taken for one.
        assert_ne!(&**names.of(&declared[0].server, "a_0123456789ab").unwrap(), "crm__a_0123456789ab");
    }

    #[test]
    fn the_operators_names_come_first() {
        let renamed = BTreeMap::from([("crm/get".to_owned(), "search".to_owned())]);
        let declared = [of("web", &["search"]), of("crm", &["get"])];
        let rules = Rules { prefix: Prefix::Conflict, limit: 64, renamed: Some(&renamed) };
        let names = Names::derive(&declared, rules, &HashMap::new());
        assert_eq!(
            shown(&names),
            BTreeMap::from([("search".into(), "crm/get".into()), ("web__search".into(), "web/search".into())])
        );
    }
}
