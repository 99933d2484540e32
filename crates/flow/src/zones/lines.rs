//! Records of a text of lines: lists of `key: value`, mails with their headers, tables. Another record begins with the next
//! item of a list, the next row, a line of dashes, or a key that the record has already.
//!
//! What stands further in than the keys of a record belongs to the field before it, as YAML has it: the items of a list
//! under a key, a map, or the lines of a long text. So nobody who writes a text that is given as a field begins a field by it.

use super::Field;

/// The longest key, in bytes, and the most words of one.
const KEY: (usize, usize) = (40, 4);
/// The most keys of one record that are remembered to see one again.
const KEYS: usize = 32;

pub(super) fn split(pointer: &str, text: &str, first: usize, each: &mut dyn FnMut(Field<'_>)) -> usize {
    let (field, keys, header) = (pointer.to_owned(), Vec::new(), Vec::new());
    let (column, body, open) = (None, false, false);
    let mut state = State { pointer, record: first, next: first + 1, field, keys, column, body, open, header, each };
    let (mut from, mut at) = (0, 0);
    // A field goes on over the lines that begin nothing.
    for line in text.split_inclusive('\n') {
        if let Some(begins) = state.begins(line) {
            state.tell(text.get(from..at).unwrap_or_default());
            from = at + state.begin(line, begins);
        }
        at += line.len();
    }
    state.tell(text.get(from..).unwrap_or_default());
    state.next - first
}

/// What begins with a line.
#[derive(Clone, Copy)]
enum Begins<'a> {
    /// A record, and nothing of it yet.
    Record,
    /// An item of a list at a column; behind the mark, perhaps a key.
    Item { column: usize, mark: usize, key: Option<(&'a str, usize)> },
    /// Something of the field before: the item of a list or the key of a map under it, and where its text begins.
    Part(usize),
    /// A field at a column, and where its value begins.
    Field { column: usize, key: &'a str, value: usize },
    /// A row of a table.
    Row,
    /// What comes after the headers of a mail.
    Body,
}

struct State<'a> {
    pointer: &'a str,
    record: usize,
    next: usize,
    field: String,
    keys: Vec<String>,
    /// The column of the keys of this record.
    column: Option<usize>,
    /// Whether the headers of a mail are over.
    body: bool,
    /// Whether the last key had nothing behind it, so that what is further in are its parts.
    open: bool,
    /// The columns of the table that is being read.
    header: Vec<String>,
    each: &'a mut dyn FnMut(Field<'_>),
}

impl State<'_> {
    fn begins<'l>(&self, line: &'l str) -> Option<Begins<'l>> {
        let bare = line.trim();
        if bare.is_empty() {
            let in_header = !self.keys.is_empty() && !self.body;
            return (in_header && self.keys.iter().any(|k| matches!(k.as_str(), "subject" | "from" | "to")))
                .then_some(Begins::Body);
        }
        if bare.len() >= 3 && bare.bytes().all(|b| matches!(b, b'-' | b'=' | b'*' | b'_' | b'#')) {
            return Some(Begins::Record);
        }
        if bare.starts_with('|') && bare.len() > 2 {
            return Some(Begins::Row);
        }
        let indent = line.len() - line.trim_start().len();
        let mark = bare.len() - unmarked(bare).len();
        let within = self.column.is_some_and(|column| indent > column);
        if mark > 0 {
            let key = key(unmarked(bare));
            // A list under a key may stand at its column.
            let under = self.open && self.column == Some(indent) && (indent > 0 || key.is_none());
            return match within || under {
                true => self.open.then_some(Begins::Part(indent + mark)),
                false => (indent < 4).then_some(Begins::Item { column: indent, mark, key }),
            };
        }
        if within {
            return self.open.then_some(Begins::Part(indent));
        }
        // The body of a mail has no fields.
        let body = self.body && !bare.get(..5).is_some_and(|b| b.eq_ignore_ascii_case("from:"));
        key(bare).filter(|_| !body && indent < 12).map(|(key, value)| Begins::Field {
            column: indent,
            key,
            value: indent + value,
        })
    }

    /// Begins it; tells where in the line the text of the next field does.
    fn begin(&mut self, line: &str, begins: Begins<'_>) -> usize {
        if !matches!(begins, Begins::Row) {
            self.header.clear();
        }
        match begins {
            Begins::Record => {
                self.record();
                self.name("");
                line.len()
            }
            Begins::Item { column, mark, key } => {
                self.record();
                self.name("");
                key.map_or(column + mark, |(name, value)| {
                    let value = column + mark + value;
                    self.key(name, column + mark, line.get(value..).unwrap_or_default());
                    value
                })
            }
            Begins::Part(text) => text,
            Begins::Field { column, key, value } => {
                if self.keys.iter().any(|k| k.eq_ignore_ascii_case(key)) {
                    self.record();
                }
                self.key(key, column, line.get(value..).unwrap_or_default());
                value
            }
            Begins::Row => {
                self.row(line);
                line.len()
            }
            Begins::Body => {
                self.name("body");
                self.body = true;
                0
            }
        }
    }

    fn record(&mut self) {
        self.record = self.next;
        self.next += 1;
        self.keys.clear();
        (self.column, self.body, self.open) = (None, false, false);
    }

    fn key(&mut self, name: &str, column: usize, value: &str) {
        self.name(name);
        (self.column, self.body, self.open) = (Some(column), false, value.trim().is_empty());
        if self.keys.len() < KEYS {
            self.keys.push(name.to_ascii_lowercase());
        }
    }

    fn name(&mut self, name: &str) {
        self.field.clear();
        self.field.push_str(self.pointer);
        if !name.is_empty() {
            self.field.push('/');
            self.field.push_str(name);
        }
    }

    /// The cells of a row, under the names of the first one.
    fn row(&mut self, line: &str) {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if cells.iter().all(|c| c.bytes().all(|b| matches!(b, b'-' | b':'))) {
            return;
        }
        if self.header.is_empty() {
            self.header = cells.iter().map(|c| (*c).to_owned()).collect();
            return;
        }
        self.record();
        for (at, cell) in cells.into_iter().enumerate() {
            let name = self.header.get(at).cloned().unwrap_or_default();
            self.name(&name);
            self.tell(cell);
        }
        self.name("");
    }

    fn tell(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            (self.each)(Field { record: self.record, name: &self.field, text });
        }
    }
}

/// A line without the mark of an item of a list.
fn unmarked(line: &str) -> &str {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match line.as_bytes().get(digits..) {
        Some([b'.' | b')', b' ', ..]) if (1..4).contains(&digits) => digits + 2,
        Some([b'-' | b'*' | b'+', b' ', ..]) if digits == 0 => 2,
        _ => 0,
    };
    line.get(mark..).map_or(line, str::trim_start)
}

/// The key of `key: value`, and where the value begins.
fn key(line: &str) -> Option<(&str, usize)> {
    let colon = line.get(..line.floor_char_boundary(KEY.0 + 2))?.find(':')?;
    let (name, rest) =
        (line.get(..colon)?.trim_matches(|c| matches!(c, '*' | '"' | '\'' | '`')), line.get(colon + 1..)?);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '/' | '.' | '(' | ')' | '*');
    let good = (1..=KEY.0).contains(&name.len())
        && name.starts_with(char::is_alphabetic)
        && name.chars().all(plain)
        && name.split(' ').count() <= KEY.1
        && (rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r', '*']));
    good.then_some((name, colon + 1))
}

#[cfg(test)]
mod tests {
    use super::super::split;

    fn fields(text: &str) -> Vec<(usize, String, String)> {
        let mut all = Vec::new();
        split("", text, 0, &mut |f| all.push((f.record, f.name.to_owned(), f.text.to_owned())));
        all
    }

    fn check(text: &str, expected: &[(usize, &str, &str)]) {
        let all = fields(text);
        let all: Vec<_> = all.iter().map(|(r, n, t)| (*r, n.as_str(), t.as_str())).collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn items_of_lists_are_records() {
        check(
            r#"{"total":2,"items":[{"id":"a-1","tags":["x","y"]},{"id":"b-2"}]}"#,
            &[
                (0, "/total", "2"),
                (1, "/items/*/id", "a-1"),
                (1, "/items/*/tags/*", "x"),
                (1, "/items/*/tags/*", "y"),
                (2, "/items/*/id", "b-2"),
            ],
        );
        check(
            r#"{"u 1":{"mail":"a@x.io"},"u 2":{"mail":"b@x.io"}}"#,
            &[(1, "/*", "u 1"), (1, "/*/mail", "a@x.io"), (2, "/*", "u 2"), (2, "/*/mail", "b@x.io")],
        );
    }

    #[test]
    fn yaml_has_records() {
        check(
            "- id: 1\n  sender: ann@x.io\n  body: 'Hello\n    there'\n- id: 2\n  sender: bob@x.io\n",
            &[
                (1, "/id", "1"),
                (1, "/sender", "ann@x.io"),
                (1, "/body", "'Hello\n    there'"),
                (2, "/id", "2"),
                (2, "/sender", "bob@x.io"),
            ],
        );
    }

    #[test]
    fn what_stands_further_in_is_part_of_the_field() {
        check(
            "- id: 1\n  people:\n  - ann@x.io\n  - bob@x.io\n  shared:\n    cid@x.io: rw\n  body: 'Hello\n    iban: DE1\n\n    - one\n    two'\n  size: 3\n- id: 2\n",
            &[
                (1, "/id", "1"),
                (1, "/people", "ann@x.io"),
                (1, "/people", "bob@x.io"),
                (1, "/shared", "cid@x.io: rw"),
                (1, "/body", "'Hello\n    iban: DE1\n\n    - one\n    two'"),
                (1, "/size", "3"),
                (2, "/id", "2"),
            ],
        );
        check("people:\n- ann@x.io\nsize: 3", &[(0, "/people", "ann@x.io"), (0, "/size", "3")]);
        check("tasks:\n- id: 1\n- id: 2", &[(1, "/id", "1"), (2, "/id", "2")]);
    }

    #[test]
    fn mails_have_headers_and_a_body() {
        check(
            "From: ann@x.io\nSubject: The bill\n\nDear Bob,\nPS: pay soon.\nFrom: eve@y.io\nSubject: Hi\n\nNo.",
            &[
                (0, "/From", "ann@x.io"),
                (0, "/Subject", "The bill"),
                (0, "/body", "Dear Bob,\nPS: pay soon."),
                (1, "/From", "eve@y.io"),
                (1, "/Subject", "Hi"),
                (1, "/body", "No."),
            ],
        );
    }

    #[test]
    fn rows_of_tables_are_records() {
        check(
            "| name | iban |\n|---|---|\n| Ann | DE1 |\n| Bob | DE2 |\nend",
            &[(1, "/name", "Ann"), (1, "/iban", "DE1"), (2, "/name", "Bob"), (2, "/iban", "DE2"), (2, "", "end")],
        );
    }

    #[test]
    fn plain_text_is_one_record() {
        check("Nothing to see.\nAt 10:30 we go: all of us.", &[(0, "", "Nothing to see.\nAt 10:30 we go: all of us.")]);
    }
}
