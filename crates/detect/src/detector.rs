use crate::{Findings, View};
use doorward_vocab::Channel;

/// Which readings of a text a detector looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The text as it came.
    Itself,
    /// It, and what comes out where something in it is undone.
    All,
}

/// Looks for one kind of thing in texts. It is pure, and its work is linear in the length of the text.
pub trait Detector: Sync {
    /// The name used in configuration and log, kebab-case.
    fn name(&self) -> &'static str;
    /// The manual: what it does, why that is bad, an example.
    fn doc(&self) -> &'static str;
    /// The channels it looks at.
    fn channels(&self) -> &'static [Channel];
    /// The texts without which it sees nothing, matched without regard to the case of ASCII letters; one pass over the
    /// text finds those of all detectors. A detector without literals looks at every text itself.
    fn literals(&self) -> &'static [&'static str] {
        &[]
    }
    /// The readings it looks at.
    fn reads(&self) -> Reads {
        Reads::All
    }
    /// Looks at one reading of one text of one of its channels. Where the detector has literals, at least one occurs.
    fn scan(&self, view: &View<'_>, out: &mut Findings);
}
