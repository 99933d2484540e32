use crate::{
    nearest,
    report::{Mistake, Report},
    source::Source,
    value::Item,
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};
use toml::de::{DeTable, DeValue};

/// What goes along with the reading of one file: the text, what is known from elsewhere, and what was found.
pub(crate) struct Reading<'a> {
    pub(crate) source: Arc<Source>,
    /// Relative paths of the file start here.
    pub(crate) folder: PathBuf,
    pub(crate) known: &'a Known,
    mistakes: RefCell<Vec<Mistake>>,
    spots: RefCell<BTreeMap<String, Range<usize>>>,
    keys: RefCell<BTreeSet<(String, &'static str)>>,
    variables: RefCell<BTreeSet<String>>,
}

/// Names from other rooms that a configuration may use.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The names of the detectors; none: every name is accepted.
    pub detectors: Option<Vec<&'static str>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(source: Arc<Source>, folder: &Path, known: &'a Known) -> Self {
        let (mistakes, spots, keys, variables) = Default::default();
        Self { source, folder: folder.to_owned(), known, mistakes, spots, keys, variables }
    }
    /// Notes a mistake that has its place already, or has none.
    pub(crate) fn note(&self, mistake: Mistake) {
        self.mistakes.borrow_mut().push(mistake);
    }
    /// Notes a mistake at `span`.
    pub(crate) fn tell(&self, span: Range<usize>, mistake: Mistake) {
        self.note(mistake.at(&self.source, span));
    }
    /// Notes a mistake at the value of `path`, as in `server[2].url`; at the top of the file where it is absent.
    pub(crate) fn tell_at(&self, path: &str, mistake: Mistake) {
        self.tell(self.spot(path).unwrap_or(0..0), mistake);
    }
    /// Notes that a variable of the environment is a secret.
    pub(crate) fn holds_secret(&self, variable: &str) {
        self.variables.borrow_mut().insert(variable.to_owned());
    }
    /// The variables of the environment that are secrets.
    pub(crate) fn variables(&self) -> BTreeSet<String> {
        self.variables.borrow().clone()
    }
    /// Remembers where something stands that `path` names.
    pub(crate) fn keep(&self, path: &str, span: Range<usize>) {
        self.spots.borrow_mut().insert(path.to_owned(), span);
    }
    /// Where the value of `path` stands, if it was there and asked for.
    pub(crate) fn spot(&self, path: &str) -> Option<Range<usize>> {
        self.spots.borrow().get(path).cloned()
    }
    /// The keys that were asked for, each with its section: what a file may say. The reference is held against it.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> BTreeSet<(String, &'static str)> {
        self.keys.borrow().clone()
    }
    pub(crate) fn into_report(self) -> Report {
        Report::new(self.mistakes.into_inner())
    }
}

/// One table of the file. Every key that is read is asked for by name; [`Section::finish`] refuses the others.
pub(crate) struct Section<'a> {
    pub(crate) reading: &'a Reading<'a>,
    /// As people write it: `listen.tls`; empty for the file itself.
    pub(crate) path: String,
    pub(crate) span: Range<usize>,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(reading: &'a Reading<'a>, path: String, span: Range<usize>, table: &'a DeTable<'a>) -> Self {
        reading.spots.borrow_mut().insert(path.clone(), span.clone());
        Self { reading, path, span, table, asked: RefCell::default() }
    }

    /// The value of `key`, read by `leaf`; what is wrong with it is noted.
    pub(crate) fn get<T>(&self, key: &'static str, leaf: impl FnOnce(&Item<'a>) -> Result<T, Mistake>) -> Option<T> {
        let item = self.item(key)?;
        leaf(&item).map_err(|mistake| self.reading.tell(item.span, mistake)).ok()
    }

    /// The same for a key that must be there; `example` is a line that would be right.
    pub(crate) fn need<T>(
        &self,
        key: &'static str,
        example: &str,
        leaf: impl FnOnce(&Item<'a>) -> Result<T, Mistake>,
    ) -> Option<T> {
        if !self.has(key) {
            self.asked.borrow_mut().push(key);
            self.missing(key, example);
        }
        self.get(key, leaf)
    }

    /// Notes that `key` is not there.
    pub(crate) fn missing(&self, key: &str, example: &str) {
        let mistake = Mistake::error(format!("`{key}` is missing")).help(format!("add `{example}`"));
        self.reading.tell(self.span.clone(), mistake.label(format!("this needs `{key}`")).absent());
    }

    /// Whether the file says anything about `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.keys().any(|k| k.get_ref() == key)
    }

    /// Whether `key` holds a table.
    pub(crate) fn is_table(&self, key: &str) -> bool {
        self.table.iter().any(|(k, value)| k.get_ref() == key && matches!(value.get_ref(), DeValue::Table(_)))
    }

    /// The text of `name`, right or wrong.
    pub(crate) fn name(&self) -> Option<&'a str> {
        self.table.iter().find(|(k, _)| k.get_ref() == "name").and_then(|(_, v)| v.get_ref().as_str())
    }

    /// Where the value of `key` stands; the section itself where it is absent.
    pub(crate) fn spot(&self, key: &str) -> Range<usize> {
        self.reading.spot(&self.child(key)).unwrap_or_else(|| self.span.clone())
    }

    /// The table called `key`.
    pub(crate) fn table(&self, key: &'static str) -> Option<Section<'a>> {
        let item = self.item(key)?;
        match item.value {
            DeValue::Table(table) => Some(Section::new(self.reading, item.path, item.span, table)),
            DeValue::Array(_) => {
                let help = format!("write `[{}]` with single brackets, once", item.path);
                let mistake = Mistake::error(format!("`{}` is one table, not a list", item.path)).help(help);
                self.reading.tell(item.span, mistake);
                None
            }
            _ => {
                self.reading.tell(item.span.clone(), item.wants("a table"));
                None
            }
        }
    }

    /// The tables of the list called `key`, as in `[[server]]`.
    pub(crate) fn tables(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(item) = self.item(key) else { return Vec::new() };
        let DeValue::Array(list) = item.value else {
            let help = format!("write `[[{key}]]` with double brackets, once for each {key}");
            let mistake = Mistake::error(format!("`{key}` is a list of tables")).help(help);
            self.reading.tell(item.span, mistake);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (at, element) in list.iter().enumerate() {
            let path = format!("{}[{at}]", item.path);
            match element.get_ref() {
                DeValue::Table(table) => sections.push(Section::new(self.reading, path, element.span(), table)),
                value => {
                    let element =
                        Item { path, key: key.to_owned(), value, span: element.span(), reading: self.reading };
                    self.reading.tell(element.span.clone(), element.wants("a table"));
                }
            }
        }
        sections
    }

    /// Every key of this table with its value: for tables whose keys the operator chooses.
    pub(crate) fn entries(&self) -> Vec<(Range<usize>, Item<'a>)> {
        let mut items: Vec<_> = self.table.iter().map(|(k, v)| (k.span(), self.wrap(k.get_ref(), v))).collect();
        items.sort_by_key(|(span, _)| span.start);
        items
    }

    /// Refuses the keys that nobody asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.borrow();
        self.reading.keys.borrow_mut().extend(asked.iter().map(|key| (plain(&self.path), *key)));
        for (key, value) in self.table.iter().filter(|(k, _)| !asked.contains(&k.get_ref().as_ref())) {
            let word = key.get_ref().as_ref();
            let at = if self.path.is_empty() { String::new() } else { format!(" in `{}`", plain(&self.path)) };
            let mut mistake = Mistake::error(format!("unknown key `{word}`{at}"));
            mistake = mistake.label(nearest::suggest(word, asked.iter().copied()));
            if let Some((_, help)) = FOREIGN.iter().find(|(foreign, _)| *foreign == word) {
                mistake = mistake.label("not a key of this file").help(*help);
            }
            let span = if key.span().is_empty() { value.span() } else { key.span() };
            self.reading.tell(span, mistake);
        }
    }

    fn item(&self, key: &'static str) -> Option<Item<'a>> {
        if !self.asked.borrow().contains(&key) {
            self.asked.borrow_mut().push(key);
        }
        let (_, value) = self.table.iter().find(|(k, _)| k.get_ref() == key)?;
        self.reading.spots.borrow_mut().insert(self.child(key), value.span());
        Some(self.wrap(key, value))
    }

    fn wrap(&self, key: &str, value: &'a toml::Spanned<DeValue<'a>>) -> Item<'a> {
        let (span, value) = (value.span(), value.get_ref());
        Item { path: self.child(key), key: key.to_owned(), value, span, reading: self.reading }
    }

    fn child(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// `server[2].env` as people say it: `server.env`.
pub(crate) fn plain(path: &str) -> String {
    path.split('.').map(|word| word.split('[').next().unwrap_or(word)).collect::<Vec<_>>().join(".")
}

/// Keys that people know from other tools, and what is written here.
const FOREIGN: [(&str, &str); 6] = [
    ("args", "arguments stand in `command`: `command = [\"program\", \"argument\"]`"),
    ("mcpServers", "servers are `[[server]]` tables; `doorward add NAME -- CMD ARGS…` writes one"),
    ("type", "the kind of a server follows from `command` or `url`; other entries say `kind`"),
    ("endpoint", "the address of a server is its `url`"),
    ("token", "write a `[[credential]]` with `secret = { env = \"NAME\" }`"),
    ("password", "write a `[[credential]]` with `secret = { env = \"NAME\" }`"),
];
