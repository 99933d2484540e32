//! What the judgement of flows asks of a conversation's memory.

use crate::{Intent, records::Choice, said::ANYWHERE};
use doorward_flow::{Index, Leaf, Origin, Source};
use doorward_vocab::ServerName;

impl Intent {
    /// The values of the conversation, each with where it stood.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// Whether the human said anything: without that there is no mandate.
    pub const fn has_turns(&self) -> bool {
        self.turns > 0
    }

    /// Whether the human said just this.
    pub fn was_said(&self, text: &str) -> bool {
        self.said.has(&self.sums, text)
    }

    /// Whether two values stood in one record that was read, each as a whole field of its own.
    pub fn stood_together(&self, one: &str, other: &str) -> bool {
        one != other && self.records.together(&self.sums, one, |_| true, other)
    }

    /// Takes in values of one source beside what an answer is judged by.
    pub fn remember<'t>(&mut self, source: &Source, values: impl IntoIterator<Item = &'t str>) {
        self.index.result(source, values.into_iter().map(|value| ("", value)));
    }

    /// Remembers what left with a call, so that a value that leaves piece by piece is still seen.
    pub fn left(&mut self, server: &ServerName, tool: &str, leaves: &[Leaf<'_>], origins: &[Origin]) {
        self.index.left(server, tool, leaves, origins);
    }

    /// Whether the human neither said a value nor chose a record of which it is a field. Out of the middle of a text
    /// nobody chooses, whoever chose the text.
    pub fn is_strangers(&self, value: &str) -> bool {
        let chosen = || self.chosen(value, ANYWHERE, |_, _| true).is_some_and(|c| c.choice >= Choice::Mentioned);
        value.len() > 5 && !self.was_said(value) && !chosen()
    }
}
