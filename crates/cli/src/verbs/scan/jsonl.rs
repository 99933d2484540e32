//! Scores texts, so that anyone can measure the detectors: lines `{id, kind, text}` in, a line `{id, score, spans,
//! verdict, detectors}` out for each, in the same order.

use super::arguments;
use crate::{Done, Failure, Out};
use doorward_config::{Mistake, Report};
use doorward_detect::{Assessment, Scanner, Settings};
use doorward_vocab::Channel;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    ops::Range,
    path::Path,
};

#[derive(Deserialize)]
struct Line {
    /// Anything; it comes back as it was.
    id: serde_json::Value,
    kind: Kind,
    text: String,
}

/// What a text is.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    ToolOutput,
    ToolDescription,
    UserTurn,
    ToolArgs,
}

impl Kind {
    const fn channel(self) -> Channel {
        match self {
            Self::ToolOutput => Channel::Result,
            Self::ToolDescription => Channel::Definition,
            Self::UserTurn => Channel::Turn,
            Self::ToolArgs => Channel::Arguments,
        }
    }
}

#[derive(Serialize)]
struct Scored {
    id: serde_json::Value,
    score: f32,
    /// Characters of the text (Unicode scalar values): start inclusive, end exclusive.
    spans: Vec<[usize; 2]>,
    verdict: &'static str,
    detectors: Vec<String>,
}

/// Scores the lines of `path`. A line that is wrong is told and passed over, and the exit code says so in the end.
pub(super) fn run(path: &Path, out: &Out) -> Done {
    let scanner = Scanner::new(&Settings::default()).map_err(|error| Failure::Broken(error.to_string()))?;
    let from: Box<dyn BufRead> = match path.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(BufReader::new(File::open(path).map_err(|error| Failure::file("read", path, &error))?)),
    };
    let mut to = BufWriter::new(io::stdout().lock());
    let wrong = score(from, &scanner, &mut to, out).map_err(|error| Failure::file("read", path, &error))?;
    // A reader that went away is no failure of ours.
    let _ = to.flush();
    if wrong == 0 { Ok(()) } else { Err(Report::default().into()) }
}

/// How many lines were wrong.
fn score(mut from: impl BufRead, scanner: &Scanner, to: &mut impl Write, out: &Out) -> io::Result<usize> {
    let (mut line, mut wrong) = (Vec::new(), 0);
    for number in 1_usize.. {
        line.clear();
        if from.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Line>(&line) {
            Ok(Line { id, kind, text }) => {
                let mut seen = scanner.assess(&text, kind.channel());
                if let Kind::ToolArgs = kind {
                    arguments::weigh(&text, &mut seen);
                }
                let scored = scored(id, &text, seen);
                if serde_json::to_writer(&mut *to, &scored).is_err() || to.write_all(b"\n").is_err() {
                    break;
                }
            }
            Err(error) => {
                wrong += 1;
                out.report(&Mistake::error(format!("line {number}: {}", told(&error))).into());
            }
        }
    }
    Ok(wrong)
}

/// What the reader says is wrong, less its own line number, which is always 1.
fn told(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

fn scored(id: serde_json::Value, text: &str, seen: Assessment) -> Scored {
    let verdict = if seen.attack { "attack" } else { "benign" };
    Scored { id, score: seen.score, spans: in_characters(text, &seen.spans), verdict, detectors: seen.detectors }
}

/// Spans in bytes, ordered and apart, as spans in characters.
fn in_characters(text: &str, spans: &[Range<usize>]) -> Vec<[usize; 2]> {
    let (mut byte, mut character) = (0, 0);
    let mut reach = |to: usize| {
        character += text.get(byte..to).map_or(0, |part| part.chars().count());
        byte = to;
        character
    };
    spans.iter().map(|span| [reach(span.start), reach(span.end)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_in_characters() {
        let text = "é😀 ab";
        assert_eq!(in_characters(text, &[0..2, 2..6, 7..9]), [[0, 1], [1, 2], [3, 5]]);
    }
}
