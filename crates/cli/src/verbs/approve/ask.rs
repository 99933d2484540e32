use std::io::{self, BufRead, IsTerminal, Write};

/// What a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    Quit,
}

/// Whether there is a person to ask.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal; no answer is no.
pub(crate) fn ask(question: &str) -> Answer {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question} [y/N/q] ").and_then(|()| err.flush());
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => Answer::Quit,
        Ok(_) => read(&line),
    }
}

fn read(line: &str) -> Answer {
    match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Answer::Yes,
        "q" | "quit" => Answer::Quit,
        _ => Answer::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (line, answer) in
            [("y\n", Answer::Yes), ("YES", Answer::Yes), ("", Answer::No), ("yeah", Answer::No), ("q", Answer::Quit)]
        {
            assert_eq!(read(line), answer, "{line}");
        }
    }
}
