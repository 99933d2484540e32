//! What holds of every alarm.

use super::{Capital, Reservoir};
use crate::Sum;
use proptest::prelude::*;

fn scores() -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec((0_u8..40).prop_map(f32::from), 0..400)
}

proptest! {
    #[test]
    fn what_is_stranger_has_no_greater_share(scores in scores(), score in 0.0_f32..50.0, more in 0.0_f32..9.0, who in any::<u64>()) {
        let mut reservoir = Reservoir::default();
        scores.iter().for_each(|score| reservoir.take(*score));
        let who = Sum::from_bits(who);
        let (share, stranger) = (reservoir.share(score, who), reservoir.share(score + more, who));
        prop_assert!((0.0..=1.0).contains(&share) && stranger <= share, "{stranger} {share}");
    }

    #[test]
    fn the_order_in_which_scores_came_makes_no_difference_while_there_is_room(mut scores in scores(), score in 0.0_f32..50.0) {
        let of = |scores: &[f32]| {
            let mut reservoir = Reservoir::default();
            scores.iter().for_each(|score| reservoir.take(*score));
            reservoir.share(score, Sum::from_bits(3))
        };
        let share = of(&scores);
        scores.reverse();
        prop_assert_eq!(of(&scores), share);
    }

    #[test]
    fn a_smaller_share_wins_no_less(before in proptest::collection::vec(0.0_f64..1.0, 0..50), share in 0.001_f64..1.0, part in 0.0_f64..1.0) {
        let mut one = Capital::default();
        before.iter().for_each(|share| one.bet(*share));
        let mut other = one;
        one.bet(share);
        other.bet(share * part);
        prop_assert!(other.value() >= one.value() && one.value() > 0.0);
    }
}

#[test]
fn it_keeps_the_newest_and_no_more() {
    let mut reservoir = Reservoir::default();
    (0..5_000_u16).for_each(|n| reservoir.take(f32::from(n)));
    assert_eq!(reservoir.len(), Reservoir::KEPT);
    assert_eq!(reservoir.scores().next(), Some(5_000.0 - Reservoir::KEPT as f32));
    assert!(reservoir.share(4_000.0, Sum::default()) > 0.6);
}
