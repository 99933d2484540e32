/// The candidate that was probably meant by `word`, where one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let near = (lower.chars().count() / 3).max(1);
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let by_letters = candidates
        .iter()
        .copied()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= near && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate);
    // `request_size` for `request`, `timeout` for `body_timeout`.
    let within = |c: &&str| c.len() >= 4 && lower.len() >= 4 && (lower.contains(*c) || c.contains(&lower));
    by_letters.or_else(|| candidates.iter().copied().filter(within).max_by_key(|c| c.len()))
}

/// `` did you mean `x`? ``, or all candidates where none is near.
pub(crate) fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(word, candidates.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("expected {}", list(candidates)),
    }
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        let words = ["level", "listen", "server"];
        assert_eq!(nearest("levle", words), Some("level"));
        assert_eq!(nearest("Servers", words), Some("server"));
        assert_eq!(nearest("postgres", words), None);
        assert_eq!(suggest("zzz", words), "expected `level`, `listen` or `server`");
    }
}
