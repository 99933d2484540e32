use crate::source::{Line, Source};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::{error::Error, fmt, ops::Range, sync::Arc};

/// Everything that was found in one run. Shown with [`Report::render`]; `Display` is that without colours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    mistakes: Vec<Mistake>,
}

/// How much a mistake matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// Nothing starts with it.
    Error,
    /// It works, and may not be what was meant.
    Warning,
}

/// Whether a text for people carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Characters only.
    Plain,
    /// ANSI colours.
    Colour,
}

/// One thing that is wrong, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    gravity: Gravity,
    message: String,
    place: Option<(Arc<Source>, Range<usize>)>,
    label: String,
    help: Option<String>,
    hide: bool,
    absent: bool,
}

impl Mistake {
    /// Something that must be put right. The message is lower case and has no full stop.
    pub fn error(message: impl Into<String>) -> Self {
        let (label, help) = (String::new(), None);
        Self { gravity: Gravity::Error, message: message.into(), place: None, label, help, hide: false, absent: false }
    }
    /// Something that works, and may not be what was meant.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { gravity: Gravity::Warning, ..Self::error(message) }
    }
    /// Where it stands: bytes of `source`.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>) -> Self {
        self.place = Some((Arc::clone(source), span));
        self
    }
    /// A few words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }
    /// A sentence about what would be right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// The text at the place is not shown: it may be a secret.
    #[must_use]
    pub fn hide(mut self) -> Self {
        self.hide = true;
        self
    }
    /// How much it matters.
    pub fn gravity(&self) -> Gravity {
        self.gravity
    }
    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The line it stands on, from 1.
    pub fn line_number(&self) -> Option<usize> {
        self.line().map(|(_, line)| line.number)
    }
    /// The same mistake in other words.
    #[must_use]
    pub(crate) fn renamed(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// It is about something that is not there; where the text is broken, that may not be true.
    #[must_use]
    pub(crate) fn absent(mut self) -> Self {
        self.absent = true;
        self
    }
    pub(crate) fn is_absent(&self) -> bool {
        self.absent
    }

    fn line(&self) -> Option<(&Source, Line<'_>)> {
        self.place.as_ref().map(|(source, span)| (&**source, source.line(span)))
    }

    fn render(&self, out: &mut String, paint: Paint) {
        let c = |code: &'static str| if paint == Paint::Colour { code } else { "" };
        let (bold, blue, cyan, off) = (c("\x1b[1m"), c("\x1b[34m"), c("\x1b[36m"), c("\x1b[0m"));
        let (word, tint) = match self.gravity {
            Gravity::Error => ("error", c("\x1b[1;31m")),
            Gravity::Warning => ("warning", c("\x1b[1;33m")),
        };
        out.push_str(&format!("{tint}{word}{off}{bold}: {}{off}\n", self.message));
        let mut gutter = 1;
        if let Some((source, line)) = self.line() {
            gutter = line.number.to_string().len();
            let pad = " ".repeat(gutter);
            out.push_str(&format!("{pad}{blue}-->{off} {}:{}:{}\n", source.name, line.number, line.column()));
            let (text, start, length) = self.excerpt(&line);
            let caret = format!("{}{}", " ".repeat(start), "^".repeat(length));
            let label = if self.label.is_empty() { String::new() } else { format!(" {}", self.label) };
            out.push_str(&format!("{pad} {blue}|{off}\n{blue}{} |{off} {text}\n", line.number));
            out.push_str(&format!("{pad} {blue}|{off} {tint}{caret}{label}{off}\n"));
        }
        for help in self.help.iter().flat_map(|h| h.lines()) {
            out.push_str(&format!("{} {blue}={off} {cyan}help{off}: {help}\n", " ".repeat(gutter)));
        }
    }

    /// The line as it may be shown, and where the caret starts and how long it is, in characters.
    fn excerpt(&self, line: &Line<'_>) -> (String, usize, usize) {
        let mut secrets = crate::secretish::values(line.text);
        if self.hide {
            secrets.push(line.span.clone());
        }
        let cover = |(at, c): (usize, char)| match c {
            _ if secrets.iter().any(|s| s.contains(&at)) => '*',
            c if c.is_control() => ' ',
            c => c,
        };
        let text: String = line.text.char_indices().map(cover).collect();
        let length = line.text.get(line.span.clone()).map_or(1, |t| t.chars().count()).max(1);
        (text, line.column() - 1, length)
    }
}

impl Report {
    /// A report of these mistakes, in the order of the text.
    pub fn new(mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|m| m.place.as_ref().map(|(source, span)| (source.name.clone(), span.start)));
        mistakes.dedup();
        Self { mistakes }
    }
    /// The mistakes.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }
    /// Whether something must be put right.
    pub fn has_errors(&self) -> bool {
        self.count(Gravity::Error) > 0
    }
    /// How many mistakes are of `gravity`.
    pub fn count(&self, gravity: Gravity) -> usize {
        self.mistakes.iter().filter(|m| m.gravity == gravity).count()
    }
    /// The mistakes of both reports.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self::new(self.mistakes.into_iter().chain(other.mistakes).collect())
    }
    /// The text for people: every mistake with its line, a caret and what would be right.
    pub fn render(&self, paint: Paint) -> String {
        let mut out = String::new();
        for mistake in &self.mistakes {
            if !out.is_empty() {
                out.push('\n');
            }
            mistake.render(&mut out, paint);
        }
        out
    }
}

impl From<Mistake> for Report {
    fn from(mistake: Mistake) -> Self {
        Self::new(vec![mistake])
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Paint::Plain).trim_end())
    }
}

impl Error for Report {}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(&self.mistakes)
    }
}

/// `{severity, message, file, line, column, label, help}`; the last five are null where there is nothing to say.
impl Serialize for Mistake {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let place = self.line();
        let mut out = s.serialize_struct("Mistake", 7)?;
        out.serialize_field("severity", &self.gravity)?;
        out.serialize_field("message", &self.message)?;
        out.serialize_field("file", &place.as_ref().map(|(source, _)| &source.name))?;
        out.serialize_field("line", &place.as_ref().map(|(_, line)| line.number))?;
        out.serialize_field("column", &place.as_ref().map(|(_, line)| line.column()))?;
        out.serialize_field("label", &Some(&self.label).filter(|l| !l.is_empty()))?;
        out.serialize_field("help", &self.help)?;
        out.end()
    }
}
