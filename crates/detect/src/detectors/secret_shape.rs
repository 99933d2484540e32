use crate::{Detector, Findings, View, scanner::CONTENT};
use doorward_vocab::Channel;

/// To come.
pub(crate) struct SecretShape;

impl Detector for SecretShape {
    fn name(&self) -> &'static str {
        "secret-shape"
    }
    fn doc(&self) -> &'static str {
        ""
    }
    fn channels(&self) -> &'static [Channel] {
        CONTENT
    }
    fn scan(&self, _view: &View<'_>, _out: &mut Findings) {}
}
