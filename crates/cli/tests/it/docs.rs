//! The documentation says what the binary does.

use crate::place::Place;
use doorward_policy::{Base, Policies, Source, cases};
use std::{collections::BTreeSet, fs, path::Path};

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)).unwrap()
}

/// The words that begin with `--` and a letter.
fn flags(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|w| w.starts_with("--") && w.len() > 2).map(str::to_owned).collect()
}

#[test]
fn the_reference_has_every_verb_and_flag() {
    let (place, text) = (Place::new(), page("reference/cli.md"));
    let sections: Vec<(&str, &str)> =
        text.split("\n## ").skip(1).filter_map(|s| s.split_once('\n')).map(|(t, body)| (t.trim(), body)).collect();
    // The first cell of each row holds the flags; what the others say is prose.
    let rows = |body: &str| {
        let cells = body.lines().filter(|l| l.starts_with("| `-")).filter_map(|l| l.split('|').nth(1));
        flags(&cells.collect::<String>())
    };
    let filters = sections.iter().find(|(title, _)| *title == "Filters").map(|(_, body)| rows(body)).unwrap();
    let verbs: Vec<(&str, &str)> = sections
        .iter()
        .filter_map(|(title, body)| Some((title.strip_prefix("`doorward ")?.strip_suffix('`')?, *body)))
        .collect();
    for (verb, body) in &verbs {
        let help = place.run(&format!("{verb} --help"));
        assert_eq!(help.code, 0, "{verb}");
        let options = help.out.lines().map(str::trim_start).filter(|l| l.starts_with('-'));
        let mut real = flags(&options.map(|l| l.split("  ").next().unwrap_or_default()).collect::<Vec<_>>().join(" "));
        real.retain(|flag| !["--help", "--json"].contains(&flag.as_str()));
        let mut told = rows(body);
        if body.contains("(#filters)") {
            told.extend(filters.iter().cloned());
        }
        assert_eq!(told, real, "`{verb}`");
    }
    let documented = |verb: &str| verbs.iter().any(|(v, _)| *v == verb || v.starts_with(&format!("{verb} ")));
    for verb in names(&place.run("--help").out).into_iter().filter(|v| v != "help") {
        assert!(documented(&verb), "`doorward {verb}` has no section");
    }
}

/// Every test that is named as evidence is there.
#[test]
fn evidence_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = page("reference/evidence.md");
    let named: Vec<_> = page.split('`').filter_map(|word| word.split_once(".rs: ")).collect();
    assert!(named.len() > 50, "{}", named.len());
    for (file, test) in named {
        let path = root.join(format!("{file}.rs"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(text.contains(&format!("fn {test}(")), "{file}.rs has no `{test}`");
    }
}

/// Links to files and headings of this repository lead somewhere.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages: Vec<_> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(|p| root.join(p)).into();
    for folder in ["docs", "docs/reference"] {
        let files = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(files.filter(|p| p.extension().is_some_and(|e| e == "md")));
    }
    for page in pages {
        for link in fs::read_to_string(&page).unwrap().split("](").skip(1).filter_map(|l| l.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').map_or((link, None), |(f, h)| (f, Some(h)));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: `{link}` is not there", page.display());
            if let Some(heading) = heading {
                let text = fs::read_to_string(&target).unwrap();
                let found = text.lines().filter(|l| l.starts_with('#')).any(|l| anchor(l) == heading);
                assert!(found, "{}: no heading for `{link}`", page.display());
            }
        }
    }
}

/// The anchor of a heading, as renderers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>().replace(' ', "-")
}

/// The commands that a help text lists.
fn names(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    // A continued description stands further to the right.
    let firsts = list.filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    firsts.filter_map(|l| l.split_whitespace().next()).map(str::to_owned).collect()
}

/// Every `cedar` block is a set of policies on the base that it names (`guard` where it names none), and every block of
/// cases after it is answered as it expects.
#[test]
fn policies_of_the_documentation_do_what_they_say() {
    let (mut policies, mut sets, mut ran) = (None::<Policies>, 0, 0);
    for name in ["policies.md", "detection.md", "reference/policy-schema.md"] {
        for (line, kind, text) in blocks(&page(name)) {
            let place = format!("{name}:{line}");
            match kind.as_slice() {
                ["cedar", base @ ..] => {
                    let base: Base = base.first().unwrap_or(&"guard").parse().unwrap();
                    let compiled = Policies::compile(&[Source { name: place.clone(), text }], base);
                    let compiled = compiled.unwrap_or_else(|wrong| panic!("{place}: {wrong:?}"));
                    assert!(compiled.warnings().is_empty(), "{place}: {:?}", compiled.warnings());
                    policies = Some(compiled);
                    sets += 1;
                }
                ["toml", "case"] => {
                    for case in cases::read(&place, &text).unwrap() {
                        let result = case.run(policies.as_ref().unwrap());
                        assert!(result.passed(), "{place}\n{result}");
                        ran += 1;
                    }
                }
                _ => {}
            }
        }
    }
    assert!(sets >= 3 && ran >= 6, "{sets} sets and {ran} cases were found");
}

/// The fenced blocks: line, words after the fence, text.
fn blocks(text: &str) -> Vec<(usize, Vec<&str>, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Vec<&str>, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((number + 1, kind.split_whitespace().collect(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, _, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}
