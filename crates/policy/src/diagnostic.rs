use miette::{LabeledSpan, NamedSource, Severity, SourceCode, SourceSpan};
use std::{fmt, sync::Arc};

/// A mistake in a policy file, or a warning about one; prints with file, line and caret where shown by `miette`.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// Whether it keeps the policies from loading.
    pub severity: Severity,
    /// The file.
    pub file: String,
    /// The line, from 1; 0 where the mistake has no place.
    pub line: usize,
    /// The column in characters, from 1; 0 where the mistake has no place.
    pub column: usize,
    labels: Vec<LabeledSpan>,
    source: Arc<NamedSource<Arc<str>>>,
}

/// The text of a file, shared by the diagnostics about it.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) text: Arc<str>,
    shown: Arc<NamedSource<Arc<str>>>,
}

impl File {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let text: Arc<str> = text.into();
        Self { name: name.to_owned(), shown: Arc::new(NamedSource::new(name, Arc::clone(&text))), text }
    }

    /// The line and column of a byte, both from 1.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }

    /// A mistake at `span`.
    pub(crate) fn error(
        &self,
        span: Option<SourceSpan>,
        message: String,
        help: impl Into<Option<String>>,
    ) -> Diagnostic {
        let labels = span.map(LabeledSpan::underline).into_iter().collect();
        self.diagnostic(message, help.into(), Severity::Error, labels)
    }

    /// A diagnostic of Cedar, as it is, under the name of this file.
    pub(crate) fn adopt(&self, cedar: &dyn miette::Diagnostic, severity: Severity) -> Diagnostic {
        let labels = cedar.labels().into_iter().flatten().collect();
        let mut message = cedar.to_string();
        let mut cause = std::error::Error::source(cedar);
        while let Some(c) = cause {
            message.push_str(": ");
            message.push_str(&c.to_string());
            cause = c.source();
        }
        self.diagnostic(message, cedar.help().map(|h| h.to_string()), severity, labels)
    }

    fn diagnostic(
        &self,
        message: String,
        help: Option<String>,
        severity: Severity,
        labels: Vec<LabeledSpan>,
    ) -> Diagnostic {
        let (line, column) = labels.first().map_or((0, 0), |label| self.position(label.offset()));
        let (file, source) = (self.name.clone(), Arc::clone(&self.shown));
        Diagnostic { message, help, severity, file, line, column, labels, source }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as _)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&*self.source)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
