//! What is taken out is found, however it is written and wherever it goes.

use crate::{
    canaries::{ENCODINGS, SINKS, SPLITTINGS, calls, canaries, encode},
    dice::{Dice, result},
    scene::{hear, server, settings},
};
use doorward_flow::{Index, Origin, SourceId};
use std::collections::BTreeMap;

fn told(origins: &[Origin], source: SourceId, record: usize) -> (bool, bool) {
    let mut places = origins.iter().flat_map(|o| o.from(source)).flat_map(|p| &p.places);
    let found = origins.iter().any(|o| o.from(source).next().is_some());
    (found, places.any(|p| p.source() == source && usize::from(p.record()) == record))
}

#[test]
fn what_is_taken_out_is_seen() {
    let mut dice = Dice(0x0123_4567_89ab_cdef);
    let canaries = canaries(&mut dice);
    let mut index = Index::new(settings());
    index.turn(dice.turn(), "Please read my notes and send a summary of the open issues to the team.");
    let mut stood = Vec::new();
    for canary in &canaries {
        let (text, record) = result(&mut dice, 600, Some(&canary.value));
        stood.push((hear(&mut index, &mut dice, &text), record));
    }
    assert!(index.memory() <= settings().memory);
    let (mut all, mut found, mut placed) = (0, 0, 0);
    let mut missed: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sinks: BTreeMap<&str, usize> = BTreeMap::new();
    for (canary, (source, record)) in canaries.iter().zip(stood) {
        for encoding in ENCODINGS {
            for splitting in SPLITTINGS {
                for sink in SINKS {
                    let text = encode(canary, encoding, &mut dice);
                    let mut gone = index.clone();
                    let (mut seen, mut right) = (false, false);
                    let calls = calls(&text, splitting, sink, &mut dice);
                    for call in &calls {
                        let leaves: Vec<(&str, &str)> =
                            ["/to", "/cc"].into_iter().zip(call.iter().map(String::as_str)).collect();
                        let origins = gone.trace_call(&server(), "send", &leaves);
                        let (a, b) = told(&origins, source, record);
                        (seen, right) = (seen || a, right || b);
                        gone.left(&server(), "send", &leaves, &origins);
                    }
                    all += 1;
                    found += usize::from(seen);
                    placed += usize::from(right);
                    if !seen {
                        *missed.entry((encoding, splitting)).or_default() += 1;
                        *kinds.entry(canary.kind).or_default() += 1;
                        *sinks.entry(sink).or_default() += 1;
                    }
                }
            }
        }
    }
    println!("{found} of {all} found, {placed} in their record; missed {missed:?} {kinds:?} {sinks:?}");
    assert!(found * 1000 >= all * 990, "{found} of {all}");
}
