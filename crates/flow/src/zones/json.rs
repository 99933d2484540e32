//! Records of a JSON text: the items of its outermost lists, or of an object whose keys are no names.

use super::Field;
use doorward_mcp::json::{Kind, Value};

pub(super) fn split(root: Value<'_>, pointer: &str, first: usize, each: &mut dyn FnMut(Field<'_>)) -> usize {
    let mut walk = Walk { path: pointer.to_owned(), next: first + 1, each };
    walk.go(root, first, false);
    walk.next - first
}

struct Walk<'a> {
    path: String,
    next: usize,
    each: &'a mut dyn FnMut(Field<'_>),
}

impl Walk<'_> {
    /// `inside` a record, lists begin no new ones.
    fn go(&mut self, value: Value<'_>, record: usize, inside: bool) {
        let keep = self.path.len();
        match value.kind() {
            Kind::Object => {
                for (key, member) in value.members() {
                    let named = is_name(&key);
                    self.path.push('/');
                    self.path.push_str(if named { &key } else { "*" });
                    let (record, inside) = if named { (record, inside) } else { self.begin(record, inside) };
                    if !named {
                        (self.each)(Field { record, name: &self.path, text: &key });
                    }
                    self.go(member, record, inside);
                    self.path.truncate(keep);
                }
            }
            Kind::Array => {
                self.path.push_str("/*");
                for item in value.items() {
                    let (record, inside) = self.begin(record, inside);
                    self.go(item, record, inside);
                }
            }
            Kind::String => {
                if let Some(text) = value.as_str() {
                    (self.each)(Field { record, name: &self.path, text: &text });
                }
            }
            Kind::Number => (self.each)(Field { record, name: &self.path, text: value.raw() }),
            Kind::Null | Kind::False | Kind::True | Kind::Key => {}
        }
        self.path.truncate(keep);
    }

    fn begin(&mut self, record: usize, inside: bool) -> (usize, bool) {
        if inside {
            return (record, true);
        }
        self.next += 1;
        (self.next - 1, true)
    }
}

/// Whether a key is a name that was given to a field, and not a value itself.
fn is_name(key: &str) -> bool {
    key.len() <= 40
        && key.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$') || b >= 0x80)
}
