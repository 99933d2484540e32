use crate::{
    Known, Mistake, Report, Settings, Source,
    cross::{self, Shape},
    section::{Reading, Section},
};
use doorward_vocab::Digest;
use std::{collections::BTreeSet, io, path::Path, sync::Arc};
use toml::de::DeTable;

/// A file of configuration is at most this many bytes.
const LARGEST: u64 = 1 << 20;

/// A configuration that may start.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub settings: Settings,
    /// What works and may not be what was meant.
    pub warnings: Report,
    /// The digest of the effective configuration.
    pub digest: Digest,
    /// The variables of the environment that hold secrets.
    pub variables: BTreeSet<String>,
}

impl Settings {
    /// Reads and checks a file. Nothing is known about names from other rooms: see [`Settings::load_with`].
    ///
    /// # Errors
    /// Every mistake of the file, in one report.
    pub fn load(path: &Path) -> Result<Loaded, Report> {
        Self::load_with(path, &Known::default())
    }

    /// Reads and checks a file, with the names that other rooms know.
    ///
    /// # Errors
    /// Every mistake of the file, in one report.
    pub fn load_with(path: &Path, known: &Known) -> Result<Loaded, Report> {
        let source = Source::read(path)?;
        Self::parse(path, &source.text, known)
    }

    /// Checks a text as if it stood in the file `path`, which is not read.
    ///
    /// # Errors
    /// Every mistake of the text, in one report.
    pub fn parse(path: impl AsRef<Path>, text: &str, known: &Known) -> Result<Loaded, Report> {
        let path = path.as_ref();
        let source = Source { name: path.display().to_string(), text: text.to_owned() };
        read(Arc::new(source), path.parent().unwrap_or(Path::new("")), known)
    }
}

impl Source {
    /// Reads a text file of at most 1 MiB.
    ///
    /// # Errors
    /// Where it cannot be read, is too large or is not UTF-8; the report says which.
    pub fn read(path: &Path) -> Result<Self, Report> {
        let name = path.display().to_string();
        let unreadable = |what: &str| Mistake::error(format!("cannot read `{name}`: {what}"));
        let size = std::fs::metadata(path).map_err(|e| unreadable(&said(&e)))?.len();
        if size > LARGEST {
            return Err(unreadable("it is larger than 1 MiB").into());
        }
        let bytes = std::fs::read(path).map_err(|e| unreadable(&said(&e)))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let valid = e.utf8_error().valid_up_to();
            let line = 1 + e.as_bytes().iter().take(valid).filter(|b| **b == b'\n').count();
            unreadable(&format!("line {line} is not UTF-8 text"))
        })?;
        Ok(Self { name, text })
    }
}

fn read(source: Arc<Source>, folder: &Path, known: &Known) -> Result<Loaded, Report> {
    let (table, broken) = DeTable::parse_recoverable(&source.text);
    let reading = Reading::new(Arc::clone(&source), folder, known);
    for error in &broken {
        let span = error.span().unwrap_or(0..0);
        reading.tell(span, Mistake::error(format!("{NOT_TOML}: {}", lower(error.message()))));
    }
    let file = Section::new(&reading, String::new(), 0..0, table.get_ref());
    let shape = Shape::read(file);
    // What the parser skipped is missing for everybody who looks for it, so cross-checks would accuse the innocent.
    if broken.is_empty() {
        cross::check(&shape, &reading);
    }
    let lines: Vec<usize> = broken.iter().filter_map(|e| e.span()).map(|s| source.line(&s).number).collect();
    let variables = reading.variables();
    let report = reading.into_report();
    let report = if broken.is_empty() { report } else { without_echoes(&report, &lines) };
    if report.has_errors() {
        return Err(report);
    }
    let digest = shape.settings.digest();
    Ok(Loaded { settings: shape.settings, warnings: report, digest, variables })
}

/// On a line that is not TOML only that is told, and nothing is missing that may stand in what was skipped.
fn without_echoes(report: &Report, lines: &[usize]) -> Report {
    let on_broken_line = |m: &Mistake| m.line_number().is_some_and(|line| lines.contains(&line));
    let echo = |m: &&Mistake| !m.message().starts_with(NOT_TOML) && (m.is_absent() || on_broken_line(m));
    Report::new(report.mistakes().iter().filter(|m| !echo(m)).cloned().collect())
}

const NOT_TOML: &str = "this is not TOML";

/// What the system said about a file, in our words where it is common.
pub(crate) fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        _ => lower(&error.to_string()),
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
