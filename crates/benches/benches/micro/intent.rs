//! What the human asked for: what it costs to take in a turn and an answer, and to judge a call of a long conversation.

use crate::texts;
use doorward_benches::Suite;
use doorward_flow::Settings;
use doorward_intent::{Brought, Intent, Tool, understood};
use doorward_vocab::{CallId, Effect, Effects, Label, ServerName, Standing, TurnId};

const TURN: &str = "Please read the mail 'Team outing', pay the bill in 'bill-may.txt', and write to ann.miller@example.org that it is done.";

pub(crate) fn benches(suite: &mut Suite) {
    let server: ServerName = "desk".parse().expect("a good name");
    let read = Tool::new("read_mail", Effects::just(Effect::Read), "Reads a mail.", ["id"].into_iter());
    let send = Tool::new("send_mail", Effects::just(Effect::Send), "Sends a mail.", ["to", "body"].into_iter());
    let heard = |intent: &mut Intent, n: u128, text: &str| {
        let (call, standing) = (CallId::from_bits(n), Standing::of(Label::OUTSIDE));
        let arguments = [("/id", "17")];
        let brought = Brought {
            call,
            server: &server,
            tool: &read,
            arguments: &arguments,
            standing,
            asked_for: false,
            left: false,
        };
        intent.heard(brought, &[("", text)]);
    };
    suite.bench("understand a turn", || understood(TURN));
    let mut fresh = Intent::new(Settings::new([7; 16]));
    fresh.turn(TurnId::from_bits(1), TURN);
    let small = "- id: 17\n  sender: walter.brandt@harbour.example\n  subject: Team outing\n  body: We meet at nine.\n";
    let mut full = fresh.clone();
    for (n, text) in (0..200_u128).zip([texts::lines(8), texts::prose(8), texts::result(8)].iter().cycle()) {
        heard(&mut full, n + 2, &text.replace('a', &format!("o{n}")));
    }
    heard(&mut full, 1000, small);
    for (name, intent) in [("the first", &fresh), ("after 200 results", &full)] {
        let mut intent = intent.clone();
        let mut n = 2000;
        suite.bench_bytes(&format!("take in a small answer, {name}"), small.len(), || {
            n += 1;
            heard(&mut intent, n, small);
        });
    }
    let said = [("/to/0", "ann.miller@example.org"), ("/body", "It is done.")];
    let chosen = [("/to/0", "walter.brandt@harbour.example"), ("/body", "I come along.")];
    let planted = [("/to/0", "drop-4711@evil.example"), ("/body", "Here it is.")];
    for (name, arguments) in [("said", said), ("chosen", chosen), ("nowhere", planted)] {
        suite.bench(&format!("judge a call after 200 results, its recipient {name}"), || full.judge(&send, &arguments));
    }
    suite.bench("judge the first call, its recipient said", || fresh.judge(&send, &said));
}
