//! Texts of our own wording, from templates with slots.

use crate::draw::Draw;

const SLOTS: &str = include_str!("phrases/slots.txt");
pub(crate) const ATTACK_OUTPUT: &str = include_str!("phrases/attack_output.txt");
pub(crate) const ATTACK_DEFINITION: &str = include_str!("phrases/attack_definition.txt");
pub(crate) const BENIGN_OUTPUT: &str = include_str!("phrases/benign_output.txt");
pub(crate) const BENIGN_DEFINITION: &str = include_str!("phrases/benign_definition.txt");
pub(crate) const ATTACK_TURN: &str = include_str!("phrases/attack_turn.txt");
pub(crate) const BENIGN_TURN: &str = include_str!("phrases/benign_turn.txt");

pub(crate) struct Phrases {
    slots: Vec<(&'static str, Vec<&'static str>)>,
}

impl Phrases {
    pub(crate) fn new() -> Self {
        let mut slots: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, filling) in SLOTS.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')) {
            match slots.iter_mut().find(|(n, _)| *n == name) {
                Some((_, all)) => all.push(filling),
                None => slots.push((name, vec![filling])),
            }
        }
        Self { slots }
    }

    /// `template` with its slots filled; `{name:C}` begins with a capital, `{name:U}` is in capitals.
    pub(crate) fn fill(&self, template: &str, draw: &mut Draw) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let (before, tail) = rest.split_at(open);
            out.push_str(before);
            let slot = tail.find('}').and_then(|close| {
                let (name, form) = tail[1..close].split_once(':').unwrap_or((&tail[1..close], ""));
                let (_, all) = self.slots.iter().find(|(n, _)| *n == name)?;
                Some((close, form, all))
            });
            match slot {
                Some((close, form, all)) => {
                    let filled = self.fill(draw.pick(all), draw);
                    match form {
                        "C" => out
                            .extend(filled.chars().take(1).flat_map(char::to_uppercase).chain(filled.chars().skip(1))),
                        "U" => out.push_str(&filled.to_uppercase()),
                        _ => out.push_str(&filled),
                    }
                    rest = &tail[close + 1..];
                }
                None => {
                    out.push('{');
                    rest = &tail[1..];
                }
            }
        }
        out.push_str(rest);
        out.replace("\\n", "\n")
    }
}

/// The templates of a list. A line that begins with `#:` says what follows.
pub(crate) fn templates(list: &'static str) -> Vec<&'static str> {
    list.lines().filter(|l| !l.is_empty() && !l.starts_with("#:")).collect()
}
