use doorward_config::{Paint, Report};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where a verb prints: records and answers on standard output, mistakes on standard error.
pub(crate) struct Out {
    json: bool,
    paint: Paint,
    paint_errors: Paint,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, paint: paint(io::stdout().is_terminal()), paint_errors: paint(io::stderr().is_terminal()) }
    }

    /// Whether records go out as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A line or more for people. A reader that went away is no failure of ours.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        let _ = writeln!(io::stdout().lock(), "{}", text.as_ref());
    }

    /// One record as a line of JSON.
    pub(crate) fn record(&self, record: &impl Serialize) {
        let mut out = io::stdout().lock();
        let _ = serde_json::to_writer(&mut out, record).map_err(io::Error::from).and_then(|()| writeln!(out));
    }

    /// Mistakes and warnings, on standard error.
    pub(crate) fn report(&self, report: &Report) {
        let _ = io::stderr().lock().write_all(report.render(self.paint_errors).as_bytes());
    }

    /// Warnings before an answer, set off from it; nothing where there are none.
    pub(crate) fn warn(&self, warnings: &Report) {
        if !warnings.is_empty() {
            let _ = writeln!(io::stderr().lock(), "{}", warnings.render(self.paint_errors));
        }
    }

    /// The text, set off from the rest where colours are shown.
    pub(crate) fn strong(&self, text: &str) -> String {
        self.tint("\x1b[1m", text)
    }

    /// The text, less prominent where colours are shown.
    pub(crate) fn faint(&self, text: &str) -> String {
        self.tint("\x1b[2m", text)
    }

    /// The text as good news where colours are shown.
    pub(crate) fn good(&self, text: &str) -> String {
        self.tint("\x1b[32m", text)
    }

    /// The text as bad news where colours are shown.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.tint("\x1b[31m", text)
    }

    /// The text as something to think about where colours are shown.
    pub(crate) fn doubt(&self, text: &str) -> String {
        self.tint("\x1b[33m", text)
    }

    fn tint(&self, code: &str, text: &str) -> String {
        match self.paint {
            Paint::Colour => format!("{code}{text}\x1b[0m"),
            Paint::Plain => text.to_owned(),
        }
    }
}

/// Colours only on a terminal, and not where `NO_COLOR` (no-color.org) or a dumb terminal says otherwise.
fn paint(terminal: bool) -> Paint {
    let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if terminal && !set("NO_COLOR") && !dumb { Paint::Colour } else { Paint::Plain }
}
