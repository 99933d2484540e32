use crate::{
    Detector, Findings, Reads, Sighting, View,
    reading::{Class, class, complex_script, right_to_left},
    scanner::CONTENT,
};
use doorward_vocab::{Channel, FindingKind, Severity};
use std::ops::Range;

/// # What it does
/// Finds characters that a person does not see and a model does: tag characters, runs of zero-width characters and of
/// variation selectors, bidirectional overrides, concealed terminal text. Emoji sequences, flags, joiners of Arabic and
/// Indic scripts, line-break hints of scripts without spaces, and marks in right-to-left text are as they should be.
///
/// # Why that is bad
/// What the reviewer read is not what the model reads: a whole instruction fits between two letters.
///
/// # Example
/// `Weather for a city.` followed by forty characters of U+E0000 to U+E007F that spell another sentence.
pub(crate) struct HiddenUnicode;

impl Detector for HiddenUnicode {
    fn name(&self) -> &'static str {
        "hidden-unicode"
    }
    fn doc(&self) -> &'static str {
        "Finds characters that a person does not see and a model does: tags, zero-width runs, bidirectional overrides, \
         runs of variation selectors, concealed terminal text."
    }
    fn channels(&self) -> &'static [Channel] {
        CONTENT
    }
    fn reads(&self) -> Reads {
        Reads::Itself
    }
    fn scan(&self, view: &View<'_>, out: &mut Findings) {
        let text = view.text.text;
        concealed(text, out);
        if !view.ascii && any_invisible(text) {
            invisible(text, out);
        }
    }
}

fn add(out: &mut Findings, severity: Severity, confidence: f32, span: Range<usize>, note: &'static str) {
    out.add(Sighting { kind: FindingKind::HiddenText, severity, confidence, span, note: note.into() });
}

/// Terminal sequences that hide what follows: "conceal", in any place of an SGR sequence.
fn concealed(text: &str, out: &mut Findings) {
    for at in memchr::memchr_iter(0x1b, text.as_bytes()) {
        let Some(sequence) = text.as_bytes().get(at + 1..).and_then(|rest| rest.strip_prefix(b"[")) else { continue };
        let length = sequence.iter().take(32).take_while(|b| b.is_ascii_digit() || **b == b';').count();
        let (parameters, rest) = sequence.split_at(length);
        if rest.first() == Some(&b'm') && parameters.split(|b| *b == b';').any(|p| p == b"8") {
            add(out, Severity::Medium, 0.8, at..at + length + 3, "a terminal sequence conceals the text after it");
        }
    }
}

/// Whether the walk over the characters is worth it: most text that is not ASCII holds nothing invisible. Looks at the
/// bytes with which the characters of [`class`] begin.
fn any_invisible(text: &str) -> bool {
    let lead = |b: u8| matches!(b, 0xc2 | 0xcd | 0xd8 | 0xe1 | 0xe2 | 0xe3 | 0xef | 0xf0 | 0xf3);
    (text.bytes().enumerate().filter(|(_, b)| *b >= 0xc2 && lead(*b)))
        .filter_map(|(at, _)| text.get(at..)?.chars().next())
        .any(|c| class(c) != Class::Plain)
}

fn emoji_like(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}' | '#' | '*' | '0'..='9' | '\u{a9}' | '\u{ae}')
}

/// A run of characters of one class.
struct Run {
    class: Class,
    span: Range<usize>,
    count: usize,
    before: Option<char>,
}

/// One pass over the characters: runs are judged where they end, sums where the text ends.
fn invisible(text: &str, out: &mut Findings) {
    let mut run: Option<Run> = None;
    let mut seen = Seen::default();
    let mut before = None;
    let all = text.char_indices().map(|(at, c)| (at, Some(c))).chain([(text.len(), None)]);
    for (at, c) in all {
        // Nearly all characters, and nothing is to be said about them.
        if let Some(c) = c.filter(char::is_ascii)
            && run.is_none()
        {
            before = Some(c);
            continue;
        }
        let class = c.map_or(Class::Plain, class);
        if let Some(r) = run.as_mut().filter(|r| r.class == class) {
            (r.span.end, r.count) = (at + c.map_or(0, char::len_utf8), r.count + 1);
            continue;
        }
        if let Some(run) = run.take() {
            seen.judge(text, &run, c, out);
        }
        match c {
            Some(c) if class == Class::Plain => {
                seen.right_to_left |= right_to_left(c);
                before = Some(c);
            }
            Some(c) => run = Some(Run { class, span: at..at + c.len_utf8(), count: 1, before }),
            None => {}
        }
    }
    seen.sum_up(out);
}

/// What adds up over a text.
#[derive(Default)]
struct Seen {
    right_to_left: bool,
    /// Zero-width characters within words of plain letters: how many, from where to where.
    splits: (usize, Range<usize>),
    overrides: (usize, Range<usize>),
    embeddings: (usize, Range<usize>),
}

fn count(sum: &mut (usize, Range<usize>), run: &Run) {
    let start = if sum.0 == 0 { run.span.start } else { sum.1.start };
    *sum = (sum.0 + run.count, start..run.span.end);
}

impl Seen {
    fn judge(&mut self, text: &str, run: &Run, after: Option<char>, out: &mut Findings) {
        let base = run.before.unwrap_or('\u{fffd}');
        match run.class {
            Class::Plain => {}
            Class::Tag => {
                if !flag(text, run) {
                    add(out, Severity::Critical, 0.98, run.span.clone(), "tag characters spell hidden text");
                }
            }
            Class::Joiner if run.count == 1 && (complex_script(base) || emoji_like(base) || base == '\u{fffd}') => {}
            Class::Joiner | Class::ZeroWidth => self.zero_width(run, base, after, out),
            Class::Override => count(&mut self.overrides, run),
            Class::Embedding => count(&mut self.embeddings, run),
            Class::Selector | Class::FarSelector if run.count >= 2 => {
                let note = "variation selectors in a row carry hidden data";
                add(out, Severity::High, if run.count >= 4 { 0.97 } else { 0.7 }, run.span.clone(), note);
            }
            Class::FarSelector
                if !('\u{3400}'..='\u{9fff}').contains(&base) && !('\u{20000}'..='\u{3ffff}').contains(&base) =>
            {
                add(
                    out,
                    Severity::Medium,
                    0.6,
                    run.span.clone(),
                    "a variation selector without an ideograph before it",
                );
            }
            Class::Selector | Class::FarSelector => {}
        }
    }

    fn zero_width(&mut self, run: &Run, base: char, after: Option<char>, out: &mut Findings) {
        let inside = base.is_alphanumeric() && after.is_some_and(char::is_alphanumeric);
        if run.count >= 8 {
            add(out, Severity::High, 0.95, run.span.clone(), "zero-width characters in a row carry hidden data");
        } else if run.count >= 4 {
            add(out, Severity::Medium, 0.6, run.span.clone(), "zero-width characters in a row");
        } else if inside && !complex_script(base) {
            count(&mut self.splits, run);
        }
    }

    fn sum_up(self, out: &mut Findings) {
        if self.splits.0 >= 3 {
            let confidence = if self.splits.0 >= 8 { 0.85 } else { 0.55 };
            add(out, Severity::Medium, confidence, self.splits.1, "zero-width characters split words");
        }
        if self.overrides.0 > 0 {
            let (severity, confidence) =
                if self.right_to_left { (Severity::Medium, 0.5) } else { (Severity::High, 0.9) };
            add(out, severity, confidence, self.overrides.1, "a bidirectional override shows text in another order");
        }
        if self.embeddings.0 >= 2 && !self.right_to_left {
            let note = "bidirectional embeddings in text that has no right-to-left letters";
            add(out, Severity::Medium, 0.7, self.embeddings.1, note);
        }
    }
}

/// Whether tag characters are the region of a flag: a black flag, up to six letters or digits, the end tag.
fn flag(text: &str, run: &Run) -> bool {
    let mut tags = text.get(run.span.clone()).unwrap_or_default().chars().rev();
    run.before == Some('\u{1f3f4}')
        && (4..=7).contains(&run.count)
        && tags.next() == Some('\u{e007f}')
        && tags.all(|c| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_invisible_character_hides_from_the_quick_look() {
        for c in '\0'..=char::MAX {
            let text = format!("aé{c}");
            assert_eq!(any_invisible(&text), class(c) != Class::Plain, "{:x}", u32::from(c));
        }
    }
}
