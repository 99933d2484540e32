//! As much HTML as a login page needs: its first form.

/// The first form of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// Where it goes; empty means the page itself.
    pub(super) action: String,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Sent as it is.
    Hidden,
    /// For the human to fill in.
    Input,
    /// Sent where it is the one that was pressed.
    Button,
}

/// The first form, if the page has one.
pub(super) fn form(page: &str) -> Option<Form> {
    let mut form = None;
    for tag in page.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        let name = tag.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        match (name.as_str(), &mut form) {
            ("form", None) => {
                form = Some(Form { action: attribute(tag, "action").unwrap_or_default(), fields: Vec::new() });
            }
            ("/form", Some(_)) => break,
            ("input" | "button", Some(open)) => open.fields.extend(field(&name, tag)),
            _ => {}
        }
    }
    form
}

fn field(element: &str, tag: &str) -> Option<Field> {
    let kind = match (element, attribute(tag, "type").as_deref()) {
        ("button", _) | (_, Some("submit")) => Kind::Button,
        (_, Some("hidden")) => Kind::Hidden,
        // What is chosen is sent as it is, and what is not is not sent.
        (_, Some("checkbox" | "radio")) if tag.split_whitespace().any(|word| word == "checked") => Kind::Hidden,
        (_, Some("checkbox" | "radio")) => return None,
        _ => Kind::Input,
    };
    Some(Field { name: attribute(tag, "name")?, value: attribute(tag, "value").unwrap_or_default(), kind })
}

/// The value of `name="…"`, with its entities resolved.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.match_indices(name).find_map(|(at, _)| {
        let stands_alone = tag.get(..at)?.ends_with(char::is_whitespace);
        tag.get(at + name.len()..)?.strip_prefix("=\"").filter(|_| stands_alone)
    })?;
    let (value, _) = start.split_once('"')?;
    let plain = [("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    Some(plain.iter().fold(value.to_owned(), |text, (entity, sign)| text.replace(entity, sign)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_what_stands_around_it_is_not() {
        let page = r#"<input name="out"><form method="post" action="/go?a=1&amp;b=2"><input type="hidden" name="id"
            value="7"><input name="login" data-name="x"><button type="submit" name="decision" value="allow">Yes</button>
            </form><input name="after">"#;
        let read = form(page).unwrap();
        assert_eq!(read.action, "/go?a=1&b=2");
        let fields: Vec<_> = read.fields.iter().map(|f| (f.name.as_str(), f.value.as_str(), f.kind)).collect();
        let expected = [("id", "7", Kind::Hidden), ("login", "", Kind::Input), ("decision", "allow", Kind::Button)];
        assert_eq!(fields, expected);
        assert_eq!(form("<p>no form</p>"), None);
        let choices = form(
            r#"<form><input type="radio" name="a" value="1"><input type="radio" name="a" value="2" checked></form>"#,
        );
        assert_eq!(choices.unwrap().fields, [Field { name: "a".into(), value: "2".into(), kind: Kind::Hidden }]);
    }
}
