//! Dictionaries and lists as Python prints them, written as JSON: many servers answer with `str(result)`.

/// The same value as a JSON text; `None` where the text is no such literal. Only what stands outside of strings is changed:
/// quotes, `True`, `False`, `None`, and brackets of tuples.
pub(super) fn as_json(text: &str) -> Option<String> {
    let mut json = String::with_capacity(text.len() + 16);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' | '"' => {
                json.push('"');
                loop {
                    match chars.next()?.1 {
                        end if end == c => break,
                        '"' => json.push_str("\\\""),
                        '\\' => match chars.next()?.1 {
                            '\'' => json.push('\''),
                            'x' => {
                                json.push_str("\\u00");
                                json.push(chars.next()?.1);
                                json.push(chars.next()?.1);
                            }
                            other => {
                                json.push('\\');
                                json.push(other);
                            }
                        },
                        other if (other as u32) < 0x20 => return None,
                        other => json.push(other),
                    }
                }
                json.push('"');
            }
            '(' => json.push('['),
            ')' => json.push(']'),
            'T' | 'F' | 'N' => {
                let rest = text.get(at..)?;
                let (word, is) = [("True", "true"), ("False", "false"), ("None", "null")]
                    .into_iter()
                    .find(|(word, _)| rest.starts_with(word))?;
                json.push_str(is);
                for _ in 1..word.len() {
                    chars.next();
                }
            }
            _ => json.push(c),
        }
    }
    Some(json)
}

#[cfg(test)]
mod tests {
    use super::as_json;

    #[test]
    fn what_python_prints_is_json() {
        let check = |text: &str, json: &str| assert_eq!(as_json(text).as_deref(), Some(json));
        check("{'a': True, \"b's\": None, 'c': ('x', 1.5)}", r#"{"a": true, "b's": null, "c": ["x", 1.5]}"#);
        check(r#"['say "hi"', 'it\'s', '\x41\n']"#, r#"["say \"hi\"", "it's", "\u0041\n"]"#);
        assert_eq!(as_json("{'a: 1}"), None);
        assert_eq!(as_json("[Foo]"), None);
    }
}
