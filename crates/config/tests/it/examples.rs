use doorward_config::{Known, Settings};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every ```` ```toml ```` block of the documentation is a configuration that loads, without warnings.
#[test]
fn every_example_of_the_documentation_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages = vec![root.join("README.md")];
    collect(&root.join("docs"), &mut pages);
    let mut seen = 0;
    for page in pages {
        let Ok(text) = fs::read_to_string(&page) else { continue };
        for (line, block) in blocks(&text) {
            let name = format!("{}:{line}", page.display());
            seen += 1;
            if let Err(report) = Settings::parse(&name, &block, &Known::default()) {
                panic!("an example does not load\n{report}");
            }
        }
    }
    assert!(seen >= 10, "only {seen} examples were found");
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|e| e == "md") {
            pages.push(path);
        }
    }
}

/// The fenced blocks that say they are TOML, with the line on which each begins.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let (mut blocks, mut open) = (Vec::new(), None::<(usize, String)>);
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            None if line.trim() == "```toml" => open = Some((number + 2, String::new())),
            Some(_) if line.trim() == "```" => blocks.extend(open.take()),
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
            None => {}
        }
    }
    blocks
}
