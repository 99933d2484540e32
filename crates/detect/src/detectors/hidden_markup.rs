use crate::{Detector, Findings, View, scanner::CONTENT};
use doorward_vocab::Channel;

/// To come.
pub(crate) struct HiddenMarkup;

impl Detector for HiddenMarkup {
    fn name(&self) -> &'static str {
        "hidden-markup"
    }
    fn doc(&self) -> &'static str {
        ""
    }
    fn channels(&self) -> &'static [Channel] {
        CONTENT
    }
    fn scan(&self, _view: &View<'_>, _out: &mut Findings) {}
}
