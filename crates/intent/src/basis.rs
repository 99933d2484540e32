//! What stands behind one argument of a call: the human said it, or chose the record that it stood in, or neither.

use crate::{
    Intent, Tool,
    intent::Chosen,
    records::Choice,
    roles::{Role, is_address},
    said::ANYWHERE,
    tool::Fit,
    words::of_name,
};
use doorward_flow::From;
use doorward_vocab::Effect;

/// What stands behind an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The human said it, or it decides nothing.
    Said,
    /// It stood in something that was chosen.
    Chosen,
    /// A person has to say.
    Ask(String),
    /// It must not decide this.
    Refuse(String),
}

/// The call that an argument belongs to.
pub(crate) struct Of<'a> {
    pub(crate) tool: &'a Tool,
    /// The sentences that say what it is about.
    pub(crate) sentences: u32,
    pub(crate) arguments: &'a [(&'a str, &'a str)],
}

impl Of<'_> {
    fn does(&self, effect: Effect) -> bool {
        self.tool.effects.contains(effect)
    }
}

impl Intent {
    pub(crate) fn basis(&self, of: &Of<'_>, role: Role, pointer: &str, value: &str) -> Basis {
        match role {
            Role::Recipient | Role::Url => self.recipient(of, pointer, value),
            Role::Object | Role::Path => self.object(of, role, pointer, value),
            Role::Container => self.container(of, pointer, value),
            Role::Command if links(value).any(|link| !self.said.has(&self.sums, link)) => {
                Basis::Ask(format!("whether `{pointer}` is meant: it has an address that the user did not say"))
            }
            Role::Body if self.is_strange_state(pointer, value, of.sentences) => {
                Basis::Ask(format!("whether `{pointer}` is meant: it stood in something that the user did not choose"))
            }
            Role::Secret if self.said.has(&self.sums, value) => Basis::Said,
            Role::Secret => Basis::Refuse(format!("`{pointer}` is a secret that the user did not say")),
            Role::Body | Role::Command | Role::Query | Role::File
                if of.does(Effect::Send) || of.does(Effect::Share) =>
            {
                // An image is fetched by whoever looks at the text.
                let shown = |link: &str| value.contains(&format!("]({link}")) && value.contains("![");
                let bad = |link: &&str| match shown(link) {
                    true => !self.said.has(&self.sums, link),
                    false => !self.is_chosen_text(link, of.sentences),
                };
                let link = links(value).find(bad);
                match link {
                    Some(_) => Basis::Refuse(format!("`{pointer}` has a link that the user did not choose")),
                    None if is_prose(value) && self.is_planted(value, of.sentences) => Basis::Ask(format!(
                        "whether `{pointer}` is meant: it stood in something that the user did not choose"
                    )),
                    None => Basis::Said,
                }
            }
            Role::Amount | Role::Body | Role::Command | Role::Query | Role::File => Basis::Said,
        }
    }

    /// Who or what gets something: said, or in a field of a record that the human named. No text that anybody wrote says it.
    fn recipient(&self, of: &Of<'_>, pointer: &str, value: &str) -> Basis {
        if self.said.has(&self.sums, value) {
            return Basis::Said;
        }
        let found = self.chosen(value, of.sentences, |_, _| true);
        // Who is to do something is told of it by nobody else.
        let inside = of.tool.does_only(&[Effect::Create, Effect::Update])
            && !is_address(value)
            && last_word(pointer).is_some_and(|w| matches!(&*w, "assignee" | "assignees" | "reviewer" | "reviewers"));
        let no = |why: String| if inside { Basis::Ask(why) } else { Basis::Refuse(why) };
        let Some(Chosen { choice, tool: from, .. }) = found else {
            return no(self.nowhere(pointer, value));
        };
        let many = self.many_are_meant(of);
        let kept = || (of.does(Effect::Update) || many) && self.is_kept(of, value);
        if choice >= Choice::Named || kept() {
            return Basis::Chosen;
        }
        if choice == Choice::Counted || choice == Choice::Mentioned {
            return Basis::Ask(format!("whether `{pointer}` is the one that is meant: `{from}` gave it"));
        }
        if self.records.is_usual(&self.sums, value) {
            return Basis::Ask(format!(
                "whether `{pointer}` is the user's own: it stands in most of what `{from}` gave"
            ));
        }
        no(format!("`{pointer}` stood in what `{from}` gave, in something that the user did not choose"))
    }

    /// Which existing thing is meant: said, or a record that something the human said touches; of what cannot be undone,
    /// that the human named. What is made may have a new name.
    fn object(&self, of: &Of<'_>, role: Role, pointer: &str, value: &str) -> Basis {
        // A short number may have been said of anything.
        let telling = value.len() > 3 || value.chars().any(char::is_alphabetic);
        let number = last_word(pointer).is_some_and(|w| w == "number");
        if (telling || number) && self.said.has(&self.sums, value) {
            return Basis::Said;
        }
        let gone = of.does(Effect::Delete);
        if !gone && (self.is_named_after(value) || (role == Role::Path && self.is_in_named_folder(of, value))) {
            return Basis::Said;
        }
        let (sentences, least) = if gone { (of.sentences, Choice::Handed) } else { (ANYWHERE, Choice::Touched) };
        let same = |source: &crate::records::Source| source.own || source.kinds & of.tool.kinds != 0;
        let own = of_name(pointer.rsplit('/').find(|s| s.contains(char::is_alphabetic)).unwrap_or_default());
        let names = |field: &str| is_name(field) || last_word(field).is_some_and(|last| own.contains(&last));
        let same_kind = self.chosen(value, sentences, |field, source| names(field) && same(source));
        match same_kind.or_else(|| self.chosen(value, sentences, |field, _| names(field))) {
            // Of several that are spoken of alike a person has to say which; where it is one, only that one can be lost.
            Some(Chosen { choice, only, .. }) if choice >= least || only => Basis::Chosen,
            Some(Chosen { choice: Choice::Other, .. }) if !gone => {
                Basis::Ask(format!("whether `{pointer}` is meant: it is another one than the user described"))
            }
            Some(Chosen { choice: Choice::Other, .. }) => {
                Basis::Refuse(format!("`{pointer}` is another one than the user described"))
            }
            Some(Chosen { listed, .. }) if !gone && (self.all_are_meant(of) || (listed && self.many_are_meant(of))) => {
                Basis::Chosen
            }
            Some(Chosen { tool: from, .. }) => {
                Basis::Ask(format!("which one is meant by `{pointer}`: it is one of what `{from}` gave"))
            }
            None if gone && !self.records.has_forgotten() => Basis::Refuse(self.nowhere(pointer, value)),
            None if of.tool.makes() && role == Role::Path && self.read_of(value) == 0 => Basis::Said,
            None => Basis::Ask(self.nowhere(pointer, value)),
        }
    }

    /// Where something is kept that many see: said, or in a record that was spoken of. No text that anybody wrote says it.
    fn container(&self, of: &Of<'_>, pointer: &str, value: &str) -> Basis {
        if self.said.has(&self.sums, value) {
            return Basis::Said;
        }
        let choice = self.chosen(value, ANYWHERE, |_, _| true).map(|c| c.choice);
        match choice {
            Some(choice) if choice >= Choice::Touched => Basis::Chosen,
            _ if self.read_of(value) > 0 && of.tool.is_seen() => Basis::Refuse(self.nowhere(pointer, value)),
            _ if of.tool.is_seen() => Basis::Ask(self.nowhere(pointer, value)),
            _ => Basis::Said,
        }
    }

    /// Whether the human asked for it to be done to all of them: of what can be undone, and reaches nobody.
    fn all_are_meant(&self, of: &Of<'_>) -> bool {
        let quiet = of.tool.does_only(&[Effect::Create, Effect::Update, Effect::Configure]) && !of.tool.is_seen();
        quiet && self.clauses.iter().any(|c| !c.denied && c.many && of.tool.fits(c) > Fit::None)
    }

    /// Whether the human asked for it to be done to all of something.
    fn many_are_meant(&self, of: &Of<'_>) -> bool {
        self.clauses.iter().any(|c| !c.denied && c.many && of.tool.fits(c) > Fit::Verb)
    }

    /// Whether a path is one into a folder that the human named: to something that stood in a list, or that is called what
    /// another path of the call is called.
    fn is_in_named_folder(&self, of: &Of<'_>, path: &str) -> bool {
        let Some((folder, name)) = path.rsplit_once(['/', '\\']).filter(|(folder, _)| folder.len() > 1) else {
            return false;
        };
        let same = |other: &str| other != path && other.rsplit(['/', '\\']).next() == Some(name);
        let listed = || self.chosen(name, ANYWHERE, |_, _| true).is_some();
        self.said.has(&self.sums, folder) && (listed() || of.arguments.iter().any(|(_, other)| same(other)))
    }

    /// Whether a path is one to something that is called what the human called it.
    fn is_named_after(&self, path: &str) -> bool {
        let last = path.rsplit(['/', '\\']).next().filter(|last| last.len() < path.len()).unwrap_or_default();
        let bare = last.rsplit_once('.').map_or(last, |(bare, _)| bare);
        self.stems.has_all(&self.sums, bare)
    }

    /// Whether a value stands in the record that another argument names.
    fn is_kept(&self, of: &Of<'_>, value: &str) -> bool {
        let objects = of.arguments.iter().filter(|(pointer, value)| Role::of(pointer, value).is_object());
        objects.into_iter().any(|(_, id)| self.records.together(&self.sums, id, is_name, value))
    }

    /// Whether a text was said, or stood in something that the human chose.
    fn is_chosen_text(&self, text: &str, sentences: u32) -> bool {
        if self.said.has(&self.sums, text) {
            return true;
        }
        let chooser = self.chooser(sentences);
        self.index.trace(text).parts.iter().flat_map(|p| &p.places).any(|place| {
            let Some(From::Result(call)) = self.index.source(place.source()).map(|s| s.from) else { return false };
            self.records.chosen(call, place.record(), &chooser) >= Choice::Handed
        })
    }

    /// Whether most of a value stood in the middle of a text that the human did not choose.
    pub(crate) fn is_planted(&self, value: &str, sentences: u32) -> bool {
        let telling = value.len() > 5 && !self.said.has(&self.sums, value);
        let whole = || self.chosen(value, sentences, |_, _| true).is_some();
        telling && !whole() && self.read_of(value) * 2 > value.len() && !self.is_chosen_text(value, sentences)
    }

    /// Whether a state that something gets was only told of in the middle of a text.
    fn is_strange_state(&self, pointer: &str, value: &str, sentences: u32) -> bool {
        let state = last_word(pointer).is_some_and(|w| STATES.contains(&w.as_str()));
        let told = || self.chosen(value, sentences, |_, _| true).is_none() && self.read_of(value) * 2 > value.len();
        state && value.len() > 3 && !self.said.has(&self.sums, value) && told()
    }

    /// How many bytes of a value stood in something that was read.
    fn read_of(&self, value: &str) -> usize {
        let is_turn =
            |p: &doorward_flow::Place| self.index.source(p.source()).is_some_and(|s| matches!(s.from, From::Turn(_)));
        let parts = self.index.trace(value).parts;
        parts.iter().filter(|p| !p.places.iter().all(is_turn)).map(|p| p.span.len()).sum()
    }

    /// Where a value came from that stood in no field.
    fn nowhere(&self, pointer: &str, value: &str) -> String {
        let origin = self.index.trace(value);
        let from = origin.parts.iter().flat_map(|p| &p.places).find_map(|p| self.index.source(p.source()));
        let what = if is_address(value) { "an address" } else { "a value" };
        match from {
            Some(source) if matches!(source.from, From::Result(_)) => {
                let tool = source.tool.as_deref().unwrap_or("a server");
                format!("`{pointer}` is {what} out of a text that `{tool}` gave, not out of what the user said")
            }
            _ => format!("`{pointer}` is {what} that neither the user nor anything that was read named"),
        }
    }
}

/// Whether a text is longer than a title.
fn is_prose(text: &str) -> bool {
    text.split_whitespace().nth(7).is_some()
}

/// The addresses of the web in a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, ')' | '>' | '"' | '\'' | ']' | '<');
    text.split(ends).filter_map(|word| word.find("http").and_then(|at| word.get(at..)).filter(|w| w.contains("://")))
}

/// The last word of the name of a field or an argument.
fn last_word(pointer: &str) -> Option<String> {
    let step = pointer.rsplit('/').find(|s| !s.is_empty() && *s != "*" && !s.bytes().all(|b| b.is_ascii_digit()))?;
    of_name(step).pop()
}

/// Whether a field says which thing its record is.
fn is_name(field: &str) -> bool {
    let words = of_name(field.rsplit('/').find(|s| !s.is_empty() && *s != "*").unwrap_or_default());
    words.is_empty() || words.iter().any(|w| OBJECTS.contains(&w.as_str()))
}

/// Names of arguments that say in which state something is to be.
const STATES: [&str; 8] = ["stage", "status", "state", "role", "permission", "access", "visibility", "level"];

/// Words of the names of fields that say which thing a record is.
const OBJECTS: [&str; 14] =
    ["id", "uid", "uuid", "key", "number", "no", "ref", "name", "file", "filename", "path", "url", "uri", "slug"];
