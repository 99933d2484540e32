//! Whether alarms come as often as was promised: a million synthetic conversations, whose calls depend on each other and whose
//! scores are often equal.

use crate::figure::{Bar, Dice, tell};
use doorward_behave::{
    Sum,
    alarm::{Adwin, Capital, Discoveries, Reservoir},
};

const CONVERSATIONS: usize = 1_000_000;
/// Conversations of one agent, over which its capital is bet.
const OF_AN_AGENT: usize = 200;

pub fn score() -> bool {
    println!("\nAlarms over {CONVERSATIONS} synthetic conversations");
    let mut dice = Dice(7);
    let mut reservoir = Reservoir::default();
    (0..Reservoir::KEPT).for_each(|_| reservoir.take(conversation(&mut dice)));
    let alphas = [1e-2, 1e-3];
    let (mut alarms, mut capitals) = ([0_u32; 2], [0_u32; 2]);
    let (mut capital, mut lost, mut window, mut drifts) = (Capital::default(), [false; 2], Adwin::new(0.002), 0);
    for n in 0..CONVERSATIONS {
        let score = conversation(&mut dice);
        let share = reservoir.share(score, Sum::from_bits(n as u64).and(1));
        reservoir.take(score);
        capital.bet(share);
        drifts += u32::from(n % 16 == 0 && window.take(share));
        for (at, alpha) in alphas.into_iter().enumerate() {
            alarms[at] += u32::from(share <= alpha);
            lost[at] |= capital.alarms(alpha);
        }
        if (n + 1) % OF_AN_AGENT == 0 {
            (0..2).for_each(|at| capitals[at] += u32::from(lost[at]));
            (capital, lost) = (Capital::default(), [false; 2]);
        }
    }
    let rate = |count: u32, of: usize, alpha: f64| f64::from(count) / (of as f64 * alpha);
    let mut met = true;
    for (at, alpha) in alphas.into_iter().enumerate() {
        met &= tell(
            &format!("conversations: observed ÷ promised at {alpha}"),
            rate(alarms[at], CONVERSATIONS, alpha),
            "",
            Bar::Within(0.5, 1.2),
        );
    }
    let agents = CONVERSATIONS / OF_AN_AGENT;
    for (at, alpha) in alphas.into_iter().enumerate() {
        met &= tell(
            &format!("agents, by betting: observed ÷ promised at {alpha}"),
            rate(capitals[at], agents, alpha),
            "",
            Bar::AtMost(1.2),
        );
    }
    tell("false alarms of drift in 62,500 looks", f64::from(drifts), "", Bar::None);
    met & found(&mut dice)
}

/// Calls of one conversation have something in common; the strangest is its score, in steps of half a bit.
fn conversation(dice: &mut Dice) -> f32 {
    let common = -dice.fraction().max(1e-9).ln();
    let calls = 2 + dice.below(10);
    let highest = (0..calls).map(|_| -2.0 * dice.fraction().max(1e-9).ln() + common).fold(0.0, f64::max);
    ((highest * 2.0).round() / 2.0) as f32
}

/// A thousand agents, of which a hundred behave strangely in one conversation of five.
fn found(dice: &mut Dice) -> bool {
    let mut discoveries = Discoveries::new(0.05);
    let (mut right, mut wrong) = (0_u32, 0_u32);
    for agent in 0..1_000 {
        let strange = agent % 10 == 3;
        let mut capital = Capital::default();
        for _ in 0..OF_AN_AGENT {
            let share = dice.fraction();
            capital.bet(if strange && dice.below(5) == 0 { share * 0.01 } else { share });
        }
        let raised = discoveries.raise(capital.value());
        right += u32::from(raised && strange);
        wrong += u32::from(raised && !strange);
    }
    tell("of 100 strange agents among 1,000, found", f64::from(right), "", Bar::None);
    tell(
        "share of false ones among those found",
        f64::from(wrong) / f64::from((right + wrong).max(1)),
        "",
        Bar::AtMost(0.05),
    )
}
