//! What stands beside a value, so that a rule can ask whether the human chose the record that it stands in.

use crate::{Index, Place, sources::Zone};
use std::{collections::BTreeMap, sync::Arc};

/// A field of the record of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sibling {
    /// The keys that lead to it.
    pub field: Option<Arc<str>>,
    /// Whether something of it was also said in a turn.
    pub said: bool,
    /// Whether it is the field of the place itself.
    pub itself: bool,
}

impl Index {
    /// The fields of the record that a place is in, as far as something of them is remembered. Goes over the whole index: for
    /// rulings that hang on it, not for each argument.
    pub fn siblings(&self, place: &Place) -> Vec<Sibling> {
        let Some(source) = self.sources.number(place.source) else { return Vec::new() };
        let mut fields: BTreeMap<u16, bool> = BTreeMap::new();
        for entry in self.table.entries() {
            let zone = self.zone(entry.zone());
            if zone.source == source && zone.record == place.zone.record {
                let same = self.table.find(entry.sum());
                let turn = |at: usize| self.sources.is_turn(self.zone(self.table.zone(at)).source);
                *fields.entry(zone.field).or_default() |= same.clone().any(turn);
            }
        }
        let Zone { field: own, .. } = place.zone;
        let sibling =
            |(field, said)| Sibling { field: self.sources.fields.name(field).cloned(), said, itself: field == own };
        fields.into_iter().map(sibling).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Index, Settings, Source};
    use doorward_vocab::{CallId, Label, Standing, TurnId};

    #[test]
    fn the_human_chose_one_record() {
        let mut index = Index::new(Settings::new([3; 16]));
        index.turn(TurnId::from_bits(1), "Pay the bill of Halvorsen Shipping.");
        let server = "files".parse().unwrap();
        let source = Source::result(CallId::from_bits(2), &server, "bills", Standing::of(Label::OUTSIDE));
        let bills = r#"[{"from":"Halvorsen Shipping","iban":"DE89370400440532013000"},{"from":"Somebody Else","iban":"GB29NWBK60161331926819"}]"#;
        index.result(&source, [("", bills)]);
        let chosen = |iban: &str| {
            let place = index.trace(iban).parts[0].places[0];
            index.siblings(&place).iter().any(|s| s.said && !s.itself)
        };
        assert!(chosen("DE89370400440532013000"));
        assert!(!chosen("GB29NWBK60161331926819"));
    }
}
