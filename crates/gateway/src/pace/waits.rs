//! Tools that are meant to be called again and again until something happens: the operator says so, their name does, or it
//! was seen that the same call got another answer after some that were equal. Nothing but loops looks at it, so whoever
//! names a tool well gains repetitions of that tool alone; they are used up like all others.

use crate::passage::Passage;
use doorward_behave::Sum;
use moka::sync::Cache;

/// Words of names of tools that wait.
const WORDS: [&str; 7] = ["status", "poll", "wait", "progress", "watch", "await", "tail"];
/// Tools that are remembered.
const MOST: u64 = 4_096;

/// Tools that were seen to be worth asking again.
#[derive(Debug)]
pub(super) struct Waits(Cache<Sum, ()>);

impl Default for Waits {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl Waits {
    pub(super) fn learn(&self, tool: Sum) {
        self.0.insert(tool, ());
    }

    pub(super) fn are_meant_for(&self, passage: &Passage, tool: Sum) -> bool {
        let name = passage.subject().target.name().unwrap_or_default().to_owned();
        self.0.contains_key(&tool)
            || passage.server.settings.polling.iter().any(|pattern| pattern.matches(&name))
            || says_so(&name)
    }
}

fn says_so(name: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_ascii_alphabetic()).flat_map(humps);
    words.any(|word| WORDS.iter().any(|w| w.eq_ignore_ascii_case(word)))
}

/// The words of `getJobStatus`.
fn humps(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.char_indices().skip(1).find(|(_, c)| c.is_ascii_uppercase()).map_or(rest.len(), |(at, _)| at);
        let (word, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(word).filter(|word| !word.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::says_so;

    #[test]
    fn names_say_so() {
        assert!(["get_job_status", "getJobStatus", "wait-for-build", "poll", "awaitResult"].iter().all(|n| says_so(n)));
        assert!(!["waiter_list", "read_file", "statuses", "send_mail", ""].iter().any(|n| says_so(n)));
    }
}
