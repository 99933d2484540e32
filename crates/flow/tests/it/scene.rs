//! An index, and what it hears.

use super::dice::Dice;
use doorward_flow::{Index, Settings, Source, SourceId};
use doorward_vocab::{Label, ServerName, Standing};

pub(crate) fn server() -> ServerName {
    "notes".parse().unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings::new([0x5a; 16])
}

/// Takes in a result; gives its source.
pub(crate) fn hear(index: &mut Index, dice: &mut Dice, text: &str) -> SourceId {
    let source = Source::result(dice.call(), &server(), "list", Standing::of(Label::OUTSIDE));
    index.result(&source, [("", text)])
}
