//! The tables of methods against the list made of the official schemas.

use doorward_mcp::{Era, Method, Notice, Revision, Side};
use std::collections::BTreeSet;

const LIST: &str = include_str!("../methods.txt");

type Line = (Revision, &'static str, &'static str, String);

fn listed() -> BTreeSet<String> {
    LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn line((revision, side, kind, name): Line) -> String {
    format!("{revision} {side} {kind} {name}")
}

/// What the tables allow, in the form of the list.
fn allowed() -> BTreeSet<String> {
    let within = |(first, last): (Revision, Revision), revision: Revision| first <= revision && revision <= last;
    let mut all = BTreeSet::new();
    for revision in Revision::ALL {
        for (side, word) in [(Side::Client, "client"), (Side::Server, "server")] {
            for m in Method::ALL {
                if within(m.revisions(), revision) && m.allowed(side, revision.era()) {
                    all.insert(line((revision, word, "request", m.as_str().to_owned())));
                }
            }
            for n in Notice::ALL {
                if within(n.revisions(), revision) && n.allowed(side, revision.era()) {
                    all.insert(line((revision, word, "notification", n.as_str().to_owned())));
                }
            }
        }
    }
    all
}

#[test]
fn the_tables_and_the_schemas_say_the_same() {
    let (listed, allowed) = (listed(), allowed());
    let missing: Vec<_> = listed.difference(&allowed).collect();
    let more: Vec<_> = allowed.difference(&listed).collect();
    assert!(missing.is_empty() && more.is_empty(), "not in the tables: {missing:#?}\nnot in the schemas: {more:#?}");
    assert!(listed.len() > 140);
}

#[test]
fn servers_of_2026_ask_nothing() {
    assert!(Method::ALL.iter().all(|m| !m.allowed(Side::Server, Era::Modern)));
}
