use crate::{Detector, Findings, View, scanner::CONTENT};
use doorward_vocab::Channel;

/// To come.
pub(crate) struct Imperative;

impl Detector for Imperative {
    fn name(&self) -> &'static str {
        "imperative"
    }
    fn doc(&self) -> &'static str {
        ""
    }
    fn channels(&self) -> &'static [Channel] {
        CONTENT
    }
    fn scan(&self, _view: &View<'_>, _out: &mut Findings) {}
}
