//! The six shapes, what looks like them and is not, and the room that a watch takes.

use super::{Patience, Shape, Verdict, Watch};
use crate::{
    Key,
    event::{Answer, Arguments, Asked, Call, Gist, Outcome, Polling},
};
use doorward_mcp::json::{Document, Limits, Strictness};
use doorward_vocab::{Effect, Effects, Timestamp};

struct Scene {
    key: Key,
    watch: Watch,
    polling: Polling,
}

impl Scene {
    fn new() -> Self {
        Self { key: Key::new(&[1; 16]), watch: Watch::new(Patience::default()), polling: Polling::Never }
    }

    fn call(&self, tool: &str, arguments: String) -> Call {
        let document = Document::parse(arguments.into(), &Limits::default(), Strictness::Request).unwrap();
        let effect = if tool.starts_with("read") { Effect::Read } else { Effect::Update };
        Call {
            at: Timestamp::from_micros(1),
            server: self.key.sum("s"),
            tool: self.key.tool("s", tool),
            effects: Effects::just(effect),
            arguments: Arguments::of(&self.key, Some(document.root())),
            batch: 0,
            polling: self.polling,
            asked: Asked::Untold,
        }
    }

    /// Plays a call and its answer; the shape and the count if it is held.
    fn play(&mut self, tool: &str, arguments: String, answer: &str, outcome: Outcome) -> Option<(Shape, u16)> {
        let call = self.call(tool, arguments);
        if let Verdict::Pause(found) = self.watch.before(&call) {
            return Some((found.shape, found.times));
        }
        let answer = Answer { outcome, gist: Gist::of(&self.key, answer), ..Answer::default() };
        self.watch.after(call.step(), &answer);
        None
    }
}

/// How many of these calls went out before one was held, and as what.
fn held(calls: impl IntoIterator<Item = (&'static str, String, String, Outcome)>) -> Option<(usize, Shape)> {
    let mut scene = Scene::new();
    let found = |(n, (tool, arguments, answer, outcome)): (usize, (&str, String, String, Outcome))| {
        scene.play(tool, arguments, &answer, outcome).map(|(shape, _)| (n, shape))
    };
    calls.into_iter().enumerate().find_map(found)
}

const OK: Outcome = Outcome::Success;

#[test]
fn the_same_call_goes_out_five_times() {
    let calls = (0..50).map(|_| ("read_status", r#"{"id":1}"#.into(), "still nothing".into(), OK));
    assert_eq!(held(calls), Some((5, Shape::Repeat)));
}

#[test]
fn a_cycle_goes_round_four_times() {
    let words = ["amber", "birch", "cedar", "delta", "ember", "flint", "grove", "heath"];
    for period in [2, 3, 8] {
        let word = |n: usize| words[n % period];
        let calls =
            (0..100).map(|n| ("read_page", format!(r#"{{"p":"{}"}}"#, word(n)), format!("page of {}", word(n)), OK));
        let (count, shape) = held(calls).unwrap();
        // Nothing in a short cycle is new, which is seen before the rounds are counted.
        assert!(
            count <= 4 * period && matches!(shape, Shape::Cycle { .. } | Shape::Stale),
            "{period}: {count} {shape:?}"
        );
    }
}

#[test]
fn five_errors_are_a_storm_whatever_is_tried() {
    let calls =
        (0..50).map(|n| ("write_note", format!(r#"{{"try":"{n}"}}"#), format!("error {n}: no"), Outcome::Invalid));
    assert_eq!(held(calls), Some((5, Shape::Storm)));
}

#[test]
fn two_tools_that_feed_each_other_take_turns_five_times() {
    let word = |n: usize| format!("thanks, message {n}, over to you then");
    let calls = (0..50)
        .map(|n| (if n % 2 == 0 { "write_a" } else { "write_b" }, format!(r#"{{"m":"{}"}}"#, word(n)), word(n), OK));
    let (count, shape) = held(calls).unwrap();
    assert_eq!(shape, Shape::Volley);
    assert!(count <= 12, "{count}: the first two answers are new, then five rounds");
}

#[test]
fn a_counter_brings_nothing_new_five_times() {
    let calls = (0..50).map(|n| ("read_feed", format!(r#"{{"attempt":{n}}}"#), format!("12:0{n} no news today"), OK));
    let (count, shape) = held(calls).unwrap();
    assert_eq!(shape, Shape::Stale);
    assert!(count <= 6, "{count}: the first answer is new, then five repeats");
}

#[test]
fn other_words_for_the_same_question_end_after_ten() {
    let calls = (0..50_u8).map(|n| {
        ("read_search", format!(r#"{{"q":"{}"}}"#, char::from(b'a' + n % 26)), "no such thing here".into(), OK)
    });
    let (count, shape) = held(calls).unwrap();
    assert!(matches!(shape, Shape::Stale) && count <= 11, "{count} {shape:?}");
}

#[test]
fn sixteen_may_be_open_and_ten_begun() {
    let mut scene = Scene::new();
    let open = (0..50).map(|n| scene.call("read_page", format!(r#"{{"p":{n}}}"#))).collect::<Vec<_>>();
    let first = open.iter().position(|call| matches!(scene.watch.before(call), Verdict::Pause(_)));
    assert_eq!(first, Some(16));
    let mut watch = Watch::default();
    assert_eq!((0..50).position(|_| matches!(watch.child(0), Verdict::Pause(_))), Some(10));
    assert!(matches!(watch.child(3), Verdict::Pause(_)));
}

#[test]
fn honest_work_goes_on() {
    // Pages whose answers differ, deletions by number, a search that is read result by result.
    let words =
        ["amber", "birch", "cedar", "delta", "ember", "flint", "grove", "heath", "inlet", "jetty", "knoll", "ledge"];
    let pages = words
        .iter()
        .enumerate()
        .map(|(n, w)| ("read_page", format!(r#"{{"p":{n}}}"#), format!("{w} {w}ing {w}ed"), OK));
    assert_eq!(held(pages), None);
    let deletions = (0..40).map(|n| ("delete_mail", format!(r#"{{"id":{n}}}"#), "deleted".into(), OK));
    assert_eq!(held(deletions), None);
    let search = words.iter().flat_map(|w| {
        [
            ("read_search", format!(r#"{{"q":"{w}"}}"#), format!("found {w} in {w}"), OK),
            ("read_item", format!(r#"{{"n":"{w}"}}"#), format!("the {w} is a thing of {w}ness"), OK),
        ]
    });
    assert_eq!(held(search), None);
}

#[test]
fn polling_is_no_loop_and_a_person_lifts_a_pause() {
    let mut scene = Scene { polling: Polling::Expected, ..Scene::new() };
    assert!((0..50).all(|_| scene.play("read_job", "{}".into(), "running", OK).is_none()));
    let mut scene = Scene::new();
    let rounds =
        |scene: &mut Scene| (0..9).filter(|_| scene.play("read_job", "{}".into(), "running", OK).is_none()).count();
    assert_eq!(rounds(&mut scene), 5);
    scene.watch.resume();
    assert_eq!(rounds(&mut scene), 5);
}

#[test]
fn another_call_passes_and_a_tool_that_works_ends_a_storm() {
    let mut scene = Scene::new();
    for n in 0..9 {
        scene.play("write_note", format!(r#"{{"try":"{n}"}}"#), "no", Outcome::Failed);
    }
    assert!(scene.play("write_note", "{}".into(), "no", OK).is_some());
    assert_eq!(scene.play("read_help", "{}".into(), "how to write notes", OK), None);
}

#[test]
fn a_conversation_takes_less_than_two_kib() {
    assert!(size_of::<crate::Conversation>() <= 2048, "{}", size_of::<crate::Conversation>());
}

#[test]
fn who_rests_between_calls_waits() {
    let mut scene = Scene::new();
    let mut at = 0;
    let mut again = |scene: &mut Scene, rest: u64| {
        at += rest;
        let call = Call { at: Timestamp::from_micros(at * 1_000_000), ..scene.call("read_job", "{}".into()) };
        let went = !matches!(scene.watch.before(&call), Verdict::Pause(_));
        let answer = Answer { at: call.at, gist: Gist::of(&scene.key, "running"), ..Answer::default() };
        if went {
            scene.watch.after(call.step(), &answer);
        }
        went
    };
    assert!((0..50).all(|_| again(&mut scene, 20)));
    assert!(!again(&mut scene, 19));
}

#[test]
fn a_tool_that_was_worth_asking_again_is_told() {
    let mut scene = Scene::new();
    let answered = |text: &str| {
        let call = scene.call("read_job", "{}".into());
        let answer = Answer { gist: Gist::of(&scene.key, text), ..Answer::default() };
        let _ = scene.watch.before(&call);
        scene.watch.after(call.step(), &answer)
    };
    let came: Vec<Polling> = ["a", "b", "c", "c", "c", "d"].into_iter().map(answered).collect();
    let (no, yes) = (Polling::Never, Polling::Expected);
    assert_eq!(came, [no, no, no, no, no, yes]);
}
