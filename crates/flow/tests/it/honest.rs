//! Ten thousand calls whose arguments were made up beside the results, of words and numbers that everybody uses.

use crate::{
    dice::{Dice, WORDS, result},
    scene::{hear, server, settings},
};
use doorward_flow::Index;

fn argument(dice: &mut Dice) -> String {
    let number = dice.below(10_000);
    match dice.below(16) {
        0 => dice.of(&["yes", "no", "true", "main", "open", "all", "asc", "draft", "json", "public"]).to_owned(),
        1 => dice.below(100).to_string(),
        2 => number.to_string(),
        3 => (2019 + dice.below(9)).to_string(),
        4 => format!("{}-{:02}-{:02}", 2024 + dice.below(4), 1 + dice.below(12), 1 + dice.below(28)),
        5 => format!("{}.{:02}", dice.below(2000), dice.below(100)),
        6 => format!("src/{}/{}.rs", dice.of(WORDS), dice.of(WORDS)),
        7 => format!("https://www.example.com/{}/{}?page={}", dice.of(WORDS), dice.of(WORDS), dice.below(20)),
        8 => format!("{}-{}", dice.of(WORDS), dice.of(WORDS)),
        9 => format!("{}_{}_{}", dice.of(WORDS), dice.of(WORDS), dice.below(30)),
        10 => format!("{:02}:{:02}", dice.below(24), dice.below(60)),
        11 => format!(
            "{} {}",
            dice.of(&["John", "Mary", "Anna", "Peter"]),
            dice.of(&["Smith", "Jones", "Brown", "Miller"])
        ),
        12 => format!("Please {} the {} for {}.", dice.of(WORDS), dice.of(WORDS), dice.of(WORDS)),
        13 => format!("SELECT {} FROM {} LIMIT {}", dice.of(WORDS), dice.of(WORDS), dice.below(500)),
        14 => {
            let length = 5 + dice.below(9);
            dice.sentence(length)
        }
        _ => {
            let length = 40 + dice.below(30);
            dice.sentence(length)
        }
    }
}

#[test]
fn honest_calls_are_attributed_to_nothing() {
    let mut dice = Dice(0x0fed_cba9_8765_4321);
    let mut index = Index::new(settings());
    index.turn(dice.turn(), "Please look at the open issues and update the plan.");
    for _ in 0..40 {
        let (text, _) = result(&mut dice, 2048, None);
        hear(&mut index, &mut dice, &text);
    }
    let (mut wrong, mut shown) = (0, 0);
    for _ in 0..10_000 {
        let call: Vec<String> = (0..1 + dice.below(4)).map(|_| argument(&mut dice)).collect();
        let leaves: Vec<(&str, &str)> =
            ["/a", "/b", "/c", "/d"].into_iter().zip(call.iter().map(String::as_str)).collect();
        let origins = index.trace_call(&server(), "update", &leaves);
        if origins.iter().any(|o| !o.parts.is_empty()) {
            wrong += 1;
            if shown < 30 {
                shown += 1;
                for (o, (_, text)) in origins.iter().zip(&leaves).filter(|(o, _)| !o.parts.is_empty()) {
                    println!(
                        "{text:?}: {:?}",
                        o.parts.iter().map(|p| (&text[p.span.clone()], p.form, p.bits, p.split)).collect::<Vec<_>>()
                    );
                }
            }
        }
        index.left(&server(), "update", &leaves, &origins);
    }
    println!("{wrong} of 10000 calls attributed; {} bytes", index.memory());
    assert!(wrong * 1000 <= 10_000 * 5, "{wrong} of 10000");
}
