//! Scores texts: JSON lines `{"id","kind","text"}` in, `{"id","score","spans","verdict"}` out. The score is the highest
//! confidence of a finding other than a secret's shape, raised by the severities; the time per KiB goes to stderr.

use doorward_detect::{Scanner, Settings, Text};
use doorward_vocab::{Channel, FindingKind};
use serde::Deserialize;
use std::{
    error::Error,
    io::{BufRead, Write},
    time::{Duration, Instant},
};

#[derive(Deserialize)]
struct Line {
    id: serde_json::Value,
    kind: String,
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let scanner = Scanner::new(&Settings::default())?;
    let (mut out, mut bytes, mut spent) = (std::io::stdout().lock(), 0, Duration::ZERO);
    for line in std::io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let channel = match line.kind.as_str() {
            "tool_description" => Channel::Definition,
            "tool_args" => Channel::Arguments,
            _ => Channel::Result,
        };
        let start = Instant::now();
        let found = scanner.scan(&[Text { path: "/text", text: &line.text, channel }]);
        spent += start.elapsed();
        bytes += line.text.len();
        let told: Vec<_> = found.iter().map(|f| &f.finding).filter(|f| f.kind != FindingKind::SecretShape).collect();
        let score = told.iter().map(|f| f.confidence).fold(0.0_f32, f32::max);
        // Spans are in bytes here and in characters there.
        let chars = |at: usize| line.text.get(..at).map_or(0, |t| t.chars().count());
        let spans: Vec<_> = told.iter().map(|f| [chars(f.span.start), chars(f.span.end)]).collect();
        let verdict = if score >= 0.5 { "attack" } else { "benign" };
        let why: Vec<_> = told.iter().map(|f| &f.detector).collect();
        serde_json::to_writer(
            &mut out,
            &serde_json::json!({"id":line.id,"score":score,"spans":spans,"verdict":verdict,"why":why}),
        )?;
        out.write_all(b"\n")?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let per_kib = spent.as_secs_f64() * 1e6 / (bytes as f64 / 1024.0);
    #[expect(clippy::print_stderr, reason = "a workshop tool")]
    {
        eprintln!("{per_kib:.2} µs/KiB over {bytes} bytes");
    }
    Ok(())
}
