//! What SQL statements do, by their words alone: a statement may do less than is said, never more than a class that is
//! said, as far as its verb tells. What a function or procedure does that it calls, nobody can see.

use std::collections::BTreeSet;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// It settles programs, files or the server itself.
    Control,
    /// It changes tables, users or rights.
    Define,
    /// It reads rows.
    Read,
    /// Its verb says nothing.
    Unknown,
    /// It changes rows.
    Write,
}

impl Class {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Define => "define",
            Self::Read => "read",
            Self::Unknown => "unknown",
            Self::Write => "write",
        }
    }
    /// Of a verb in small letters.
    fn of(verb: &str) -> Option<Self> {
        Some(match verb {
            "select" | "show" | "describe" | "desc" | "values" | "table" | "explain" | "fetch" => Self::Read,
            "insert" | "update" | "delete" | "merge" | "replace" | "upsert" | "truncate" => Self::Write,
            "create" | "alter" | "drop" | "rename" | "grant" | "revoke" | "comment" | "reindex" => Self::Define,
            "copy" | "load" | "call" | "do" | "exec" | "execute" | "attach" | "detach" | "pragma" | "set" | "reset"
            | "vacuum" | "backup" | "restore" | "shutdown" | "kill" | "install" | "import" | "export" | "unload"
            | "use" | "handler" | "lock" | "listen" | "notify" | "prepare" | "declare" => Self::Control,
            _ => return None,
        })
    }
}

/// Words and marks that are looked at, in one text.
const WORDS: usize = 4_096;

/// Whether a text is a statement by its first words, whatever its argument is called.
pub(super) fn looks_like_it(text: &str) -> bool {
    // Most texts are none by their first letters, and cost no more than that.
    let begins = text.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let known = ["sel", "ins", "mer", "rep", "del", "upd", "dro", "alt", "tru", "cre", "wit"];
    if !begins.get(..3).is_some_and(|head| known.iter().any(|k| k.eq_ignore_ascii_case(head)))
        && !text.starts_with("/*")
    {
        return false;
    }
    let mut words = Words { rest: text };
    let second =
        |words: &mut Words<'_>, any: &[&str]| words.next().is_some_and(|word| any.contains(&lower(word).as_str()));
    match words.next().map(lower).as_deref() {
        Some("select") => words.take(WORDS).any(|word| word.eq_ignore_ascii_case("from")),
        Some("insert" | "merge" | "replace") => second(&mut words, &["into", "ignore", "or"]),
        Some("delete") => second(&mut words, &["from"]),
        Some("update") => words.take(8).any(|word| word.eq_ignore_ascii_case("set")),
        Some("drop" | "alter" | "truncate" | "create") => second(
            &mut words,
            &["table", "database", "schema", "view", "index", "user", "role", "function", "or", "temp", "temporary"],
        ),
        Some("with") => words.take(WORDS).any(|word| word.eq_ignore_ascii_case("as")) && text.contains('('),
        _ => false,
    }
}

/// The classes of all statements in `text`.
pub(super) fn classes(text: &str, into: &mut BTreeSet<Class>) {
    // Beside a parenthesis a statement may begin within another: `with x as (delete …) select …`.
    let mut beside = false;
    // The verb of the statement was seen; before it, other words may come: `with … as (…) delete`, `explain analyze delete`.
    let mut settled = false;
    let mut words = Words { rest: text };
    let mut seen = false;
    for (count, word) in words.by_ref().enumerate() {
        if count >= WORDS {
            into.insert(Class::Unknown);
            return;
        }
        match word {
            ";" => {
                if seen && !settled {
                    into.insert(Class::Unknown);
                }
                (beside, settled, seen) = (false, false, false);
                continue;
            }
            "(" | ")" => {
                beside = true;
                continue;
            }
            _ => {}
        }
        seen = true;
        let small = lower(word);
        match Class::of(&small) {
            Some(Class::Read) if small == "explain" => {
                into.insert(Class::Read);
            }
            Some(class) if !settled || beside && is_inner(&small) => {
                into.insert(class);
                settled = true;
            }
            _ => {}
        }
        // `select … into t` makes a table, `… into outfile` a file.
        if small == "into" && into.contains(&Class::Read) {
            into.insert(Class::Write);
        }
        if matches!(small.as_str(), "outfile" | "dumpfile" | "program") {
            into.insert(Class::Control);
        }
        beside = false;
    }
    if seen && !settled {
        into.insert(Class::Unknown);
    }
}

/// Whether a verb begins a statement within another. Others are names of columns there.
fn is_inner(verb: &str) -> bool {
    matches!(verb, "select" | "insert" | "update" | "delete" | "merge")
}

fn lower(word: &str) -> String {
    word.get(..word.floor_char_boundary(16)).unwrap_or_default().to_ascii_lowercase()
}

/// Words, `;` and parentheses, without comments, texts in quotes and all other marks. A comment that some databases run
/// (`/*! … */`) is read.
struct Words<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;
    fn next(&mut self) -> Option<&'t str> {
        loop {
            let rest = self.rest;
            let first = rest.chars().next()?;
            let skip = match first {
                '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
                '#' => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*!") => 3,
                '/' if rest.starts_with("/*") => rest.get(2..)?.find("*/").map_or(rest.len(), |end| end + 4),
                '\'' | '"' | '`' => quoted(rest, first),
                c if c.is_alphanumeric() || c == '_' => {
                    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                    self.rest = rest.get(end..)?;
                    return rest.get(..end);
                }
                ';' | '(' | ')' => {
                    self.rest = rest.get(1..)?;
                    return rest.get(..1);
                }
                c => c.len_utf8(),
            };
            self.rest = rest.get(skip..)?;
        }
    }
}

/// How long the text in quotes is that `rest` begins with. Whether `\` takes the next quote for itself is a setting of the
/// database; taken for nothing, more of the text is read as words.
fn quoted(rest: &str, quote: char) -> usize {
    rest.get(1..).and_then(|text| text.find(quote)).map_or(1, |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_say_what_they_do() {
        for (text, expect) in [
            ("SELECT a FROM t", "read"),
            ("select * from t; DELETE from t", "read write"),
            ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "read write"),
            ("with x as (select 1) update t set a = 1", "read write"),
            ("SELECT * INTO t2 FROM t", "read write"),
            ("SELECT 'drop table t; --' AS a, \"delete\" FROM t -- ; drop table t", "read"),
            ("/* fine */ DROP TABLE t", "define"),
            ("SELECT 1 /*! ; DROP TABLE t */", "define read"),
            ("EXPLAIN ANALYZE DELETE FROM t", "read write"),
            ("COPY t TO PROGRAM 'sh'", "control"),
            ("select a from t into outfile '/tmp/x'", "control read write"),
            ("INSERT INTO t (comment, \"use\") VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET a = 1", "write"),
            ("(select a from t) union (select b from t)", "read"),
            ("frobnicate t", "unknown"),
            ("", ""),
        ] {
            let mut found = BTreeSet::new();
            classes(text, &mut found);
            assert_eq!(found.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(" "), expect, "{text}");
        }
    }

    #[test]
    fn prose_is_no_statement() {
        for text in [
            "Select a room for the meeting.",
            "Update me on Monday, please.",
            "With regards (Ann)",
            "drop me a line",
            "",
        ] {
            assert!(!looks_like_it(text), "{text}");
        }
        for text in
            ["select name from users", "DELETE FROM t", "update t set a=1", "with a as (select 1) select * from a"]
        {
            assert!(looks_like_it(text), "{text}");
        }
    }
}
