//! What holds of all of it: the room that it takes.

use crate::{
    Conversation, Sum,
    alarm::Capital,
    baseline::{Baseline, Facts},
    course::Course,
    event::Agent,
    fingerprint::{Fingerprints, Habit, HabitKind, Identity, Settings, Style},
};
use doorward_vocab::Timestamp;

#[test]
fn a_live_conversation_takes_less_than_two_kib() {
    let all = size_of::<(Conversation, Style, Identity, Course, Facts, Capital)>();
    assert!(all <= 2048, "{all} bytes");
}

#[test]
fn a_kind_of_agent_takes_less_than_a_mib() {
    // What a profile has on the heap is of one size; a baseline's is its snapshot and the order of its scores.
    let baseline = Baseline::new(Timestamp::default()).snapshot().len() + 12 * 1024;
    let all = Fingerprints::ROOM + 8 * baseline;
    assert!(all <= 1 << 20, "{all} bytes");
}

#[test]
fn of_more_agents_than_there_is_room_for_nothing_is_learned() {
    let mut known = Fingerprints::new(Settings { agents: 3, ..Settings::default() });
    let habit = Habit { kind: HabitKind::Tool, about: Sum::from_bits(1), way: 0 };
    for n in 0..10 {
        known.learn(Agent { kind: Sum::from_bits(n), ..Agent::default() }, &[habit]);
    }
    assert_eq!(known.agents().count(), 3);
    let stranger = Agent { kind: Sum::from_bits(9), ..Agent::default() };
    assert_eq!(known.fit(stranger, &Identity::default()), None);
}
