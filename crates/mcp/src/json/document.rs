use super::scan::{JsonError, Limits, Strictness, scan};
use bytes::Bytes;
use bytestring::ByteString;
use std::{borrow::Cow, cell::Cell, fmt, ops::Range};

/// What stands at a place of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `null`
    Null,
    /// `false`
    False,
    /// `true`
    True,
    /// A number, as it is written.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
    /// The key of an object's member; never the kind of a [`Value`].
    Key,
}

pub(super) const NODE_ESCAPED: u8 = 1;

/// A value or key on the tape: where its text stands, and the index of what follows its whole subtree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    kind: Kind,
    flags: u8,
    start: u32,
    end: u32,
    after: u32,
}

#[expect(clippy::cast_possible_truncation, reason = "scan refuses texts of 4 GiB and more, and a node needs a byte")]
impl Node {
    pub(super) const fn new(kind: Kind, flags: u8, start: usize, end: usize, after: usize) -> Self {
        Self { kind, flags, start: start as u32, end: end as u32, after: after as u32 }
    }
    pub(super) const fn close(&mut self, end: usize, after: usize) {
        self.end = end as u32;
        self.after = after as u32;
    }
}

impl Node {
    pub(super) const fn kind(self) -> Kind {
        self.kind
    }
    pub(super) const fn start(self) -> usize {
        self.start as usize
    }
    pub(super) const fn after(self) -> usize {
        self.after as usize
    }
    const fn span(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
    fn text(self, whole: &str) -> &str {
        // A span begins and ends at ASCII.
        whole.get(self.span()).unwrap_or_default()
    }
    /// The bytes between the quotes of a string or key, where they are the string as it is.
    pub(super) fn plain(self, whole: &str) -> Option<&[u8]> {
        if self.flags & NODE_ESCAPED != 0 {
            return None;
        }
        whole.as_bytes().get(self.start as usize + 1..(self.end as usize).saturating_sub(1))
    }
    fn is_key(self, key: &str, whole: &str) -> bool {
        match self.plain(whole) {
            Some(plain) => plain == key.as_bytes(),
            None => self.unescape(whole) == key,
        }
    }
    /// The string that a string or key node stands for.
    pub(super) fn unescape(self, whole: &str) -> Cow<'_, str> {
        let quoted = self.text(whole);
        let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        if self.flags & NODE_ESCAPED == 0 {
            Cow::Borrowed(inner)
        } else {
            Cow::Owned(serde_json::from_str(quoted).unwrap_or_default())
        }
    }
}

/// The most nodes for which a thread keeps room from one document to the next.
const KEPT: usize = 4096;

thread_local! {
    static TAPE: Cell<Vec<Node>> = const { Cell::new(Vec::new()) };
}

/// A JSON text with the tape of its values. Cheap to clone: the bytes are shared, the tape too.
#[derive(Clone)]
pub struct Document {
    text: ByteString,
    nodes: std::sync::Arc<[Node]>,
}

impl Document {
    /// Parses `bytes` strictly.
    ///
    /// # Errors
    /// [`JsonError`] for anything that is not JSON, or that parsers are known to disagree about.
    pub fn parse(bytes: Bytes, limits: &Limits, strictness: Strictness) -> Result<Self, JsonError> {
        let text = checked(bytes)?;
        let mut tape = TAPE.take();
        tape.clear();
        let nodes = scan(&text, limits, strictness, &mut tape).map(|()| tape.as_slice().into());
        // One large document must not keep its memory for ever.
        if tape.capacity() <= KEPT {
            TAPE.set(tape);
        }
        Ok(Self { text, nodes: nodes? })
    }
    /// The same on bytes of its own: what is kept for long must not hold on to the buffer that it was read into.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self { text: ByteString::from(&*self.text), nodes: self.nodes.clone() }
    }
    /// The original bytes.
    pub fn bytes(&self) -> &Bytes {
        self.text.as_bytes()
    }
    /// The outermost value.
    pub const fn root(&self) -> Value<'_> {
        Value { doc: self, at: 0 }
    }
}

/// `bytes` as text; it is looked at once, and known to be UTF-8 from then on.
fn checked(bytes: Bytes) -> Result<ByteString, JsonError> {
    ByteString::try_from(bytes).map_err(|e| JsonError::Utf8 { at: e.valid_up_to() })
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes, {} nodes)", self.text.len(), self.nodes.len())
    }
}

/// A cursor to a value of a document.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    doc: &'a Document,
    at: usize,
}

impl<'a> Value<'a> {
    const END: Node = Node::new(Kind::Null, 0, 0, 0, usize::MAX);

    fn node(self) -> Node {
        self.doc.nodes.get(self.at).copied().unwrap_or(Self::END)
    }
    /// What it is.
    pub fn kind(self) -> Kind {
        self.node().kind
    }
    /// The bytes of the document that it covers.
    pub fn span(self) -> Range<usize> {
        self.node().span()
    }
    /// Its text, as written.
    pub fn raw(self) -> &'a str {
        self.node().text(&self.doc.text)
    }
    /// Its text as shared bytes, without copying.
    pub fn raw_bytes(self) -> Bytes {
        let span = self.span();
        if span.end <= self.doc.text.len() { self.doc.bytes().slice(span) } else { Bytes::new() }
    }
    /// The string, if it is one.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let node = self.node();
        (node.kind == Kind::String).then(|| node.unescape(&self.doc.text))
    }
    /// The integer, if it is one that 64 bits hold.
    pub fn as_i64(self) -> Option<i64> {
        if self.kind() == Kind::Number { self.raw().parse().ok() } else { None }
    }
    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }
    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }
    /// The member `key` of an object.
    pub fn get(self, key: &str) -> Option<Self> {
        self.member_spans().find(|(node, _)| node.is_key(key, &self.doc.text)).map(|(_, value)| value)
    }
    /// The members of an object, in order; nothing for other kinds.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Self)> + Clone {
        self.member_spans().map(|(key, value)| (key.unescape(&value.doc.text), value))
    }
    /// The members of an object with the span of each key, quotes and all.
    pub fn keyed(self) -> impl Iterator<Item = (Cow<'a, str>, Range<usize>, Self)> + Clone {
        self.member_spans().map(|(key, value)| (key.unescape(&value.doc.text), key.span(), value))
    }
    /// The span of each member, key and value together, with its value.
    pub(super) fn member_ranges(self) -> impl Iterator<Item = (Cow<'a, str>, Range<usize>)> {
        self.member_spans().map(|(key, value)| (key.unescape(&value.doc.text), key.start()..value.span().end))
    }
    fn member_spans(self) -> impl Iterator<Item = (Node, Self)> + Clone {
        let node = self.node();
        let (mut at, end) = if node.kind == Kind::Object { (self.at + 1, node.after()) } else { (0, 0) };
        let doc = self.doc;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let key = *doc.nodes.get(at)?;
            let value = Value { doc, at: at + 1 };
            at = value.node().after();
            Some((key, value))
        })
    }
    /// The items of an array, in order; nothing for other kinds.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let node = self.node();
        let (mut at, end) = if node.kind == Kind::Array { (self.at + 1, node.after()) } else { (0, 0) };
        let doc = self.doc;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let value = Value { doc, at };
            at = value.node().after();
            Some(value)
        })
    }
    /// Every value inside (and this one), containers before their contents, without the keys.
    pub fn walk(self) -> impl Iterator<Item = Self> {
        let (doc, start, end) = (self.doc, self.at, self.node().after().min(self.doc.nodes.len()));
        (start..end).map(move |at| Value { doc, at }).filter(|v| v.kind() != Kind::Key)
    }
    /// Every key and every string inside, decoded, with its span. What a reader of this value may see as text.
    pub fn texts(self) -> impl Iterator<Item = (Cow<'a, str>, Range<usize>)> {
        let (doc, start, end) = (self.doc, self.at, self.node().after().min(self.doc.nodes.len()));
        doc.nodes
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .filter(|n| matches!(n.kind, Kind::Key | Kind::String))
            .map(move |n| (n.unescape(&doc.text), n.span()))
    }
    /// Every scalar inside with the path of keys and indexes to it, as `/a/0/b` (RFC 6901 without escapes).
    pub fn leaves(self, visit: &mut dyn FnMut(&str, Self)) {
        fn go<'a>(value: Value<'a>, path: &mut String, visit: &mut dyn FnMut(&str, Value<'a>)) {
            let keep = path.len();
            match value.kind() {
                Kind::Object => {
                    for (key, member) in value.members() {
                        path.push('/');
                        path.push_str(&key);
                        go(member, path, visit);
                        path.truncate(keep);
                    }
                }
                Kind::Array => {
                    for (i, item) in value.items().enumerate() {
                        use std::fmt::Write as _;
                        let _ = write!(path, "/{i}");
                        go(item, path, visit);
                        path.truncate(keep);
                    }
                }
                _ => visit(path, value),
            }
        }
        go(self, &mut String::new(), visit);
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.raw())
    }
}
