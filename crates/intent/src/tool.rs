//! A tool, as a mandate is compared with it.

use crate::{
    clause::Clause,
    lexicon::{ENGLISH, Lexicon},
    words::{of_name, stem, words},
};
use doorward_vocab::{Effect, Effects};
use std::sync::{Arc, LazyLock};

/// What a tool is for, by the words of its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name at its server.
    pub name: Arc<str>,
    /// What a call does.
    pub effects: Effects,
    /// The effects that the verbs of its name stand for.
    named: Effects,
    /// The stems of the verbs of its name, and of its first word.
    verbs: Vec<Box<str>>,
    head: Box<str>,
    /// The stems of its name, its arguments and the first sentence of its description.
    objects: Vec<Box<str>>,
    /// The stems of its name.
    pub(crate) sort: Vec<Box<str>>,
    /// The kinds of thing that it is about.
    pub(crate) kinds: u32,
}

impl Tool {
    /// A tool by its definition: name, effects, description and names of its arguments.
    pub fn new<'a>(name: &str, effects: Effects, description: &str, arguments: impl Iterator<Item = &'a str>) -> Self {
        let lexicon: &Lexicon = &ENGLISH;
        let stems = |words: Vec<String>| words.iter().map(|w| stem(w).into()).collect::<Vec<Box<str>>>();
        let verbs = stems(of_name(name));
        let sort = verbs.clone();
        // Behind a verb, a word that may be one is what it is done to: `delete_email` sends nothing, nor does `email_delete`.
        let thing = |v: &str| lexicon.kinds(v) != 0;
        let does: Vec<&Box<str>> = verbs.iter().filter(|v| lexicon.verb(v).is_some()).collect();
        let clear = verbs.first().is_some_and(|v| lexicon.verb(v).is_some() && !thing(v));
        let sure = does.iter().any(|v| !thing(v));
        let does = does.into_iter().filter(|v| !sure || !thing(v)).take(if clear { 1 } else { usize::MAX });
        let does: Vec<Box<str>> = does.cloned().collect();
        // `add_comment` comments.
        let made =
            does.first().is_some_and(|v| ["add", "creat", "make", "post", "submit", "write", "leav"].contains(&&**v));
        let made = sort.iter().filter(|v| made && lexicon.has("made", v));
        let named = does.iter().chain(made).filter_map(|v| lexicon.verb(v)).fold(Effects::NONE, union);
        let first = description.split_inclusive(". ").next().unwrap_or_default();
        let first = words(first).into_iter().filter(|w| !lexicon.is_common(&w.text)).map(|w| w.text.into_owned());
        let kinds = |of: &[Box<str>]| of.iter().fold(0, |all, o| all | lexicon.kinds(o));
        let mut objects = verbs.clone();
        objects.extend(stems(first.collect()));
        // A name that does not say what it is about may have arguments that do.
        let mut own = kinds(&verbs);
        if own == 0 {
            objects.extend(stems(arguments.flat_map(of_name).collect()));
            own = kinds(&objects);
        }
        let money = own & lexicon.kinds(&stem("money")) != 0;
        let moves = money && [Effect::Send, Effect::Create].iter().any(|e| effects.contains(*e));
        let named = if moves { named.with(Effect::Pay) } else { named };
        objects.sort_unstable();
        objects.dedup();
        let head = verbs.first().cloned().unwrap_or_default();
        Self { name: name.into(), effects, named, verbs: does, head, objects, sort, kinds: own }
    }

    /// Whether all that a call does is among these, or changes nothing. What is not known may be anything.
    pub(crate) fn does_only(&self, these: &[Effect]) -> bool {
        self.effects != Effects::NONE && self.effects.iter().all(|e| these.contains(&e) || !e.is_sink())
    }

    /// Whether a call makes something new.
    pub(crate) fn makes(&self) -> bool {
        self.effects.contains(Effect::Create) || self.named.contains(Effect::Create)
    }

    /// Whether a change by it puts something to what is there.
    fn extends(&self) -> bool {
        let own = [
            "add", "append", "insert", "updat", "edit", "set", "attach", "tag", "label", "write", "put", "upsert",
            "fill", "modifi", "chang",
        ];
        self.verbs.is_empty() || self.verbs.iter().any(|v| own.contains(&&**v))
    }

    /// Whether its name is a thing and a verb of reading: `order_list` orders nothing. What nobody knows is not taken for a read.
    pub(crate) fn gives(&self) -> bool {
        let reads = [Effect::Read, Effect::Search].iter().any(|e| self.effects.contains(*e));
        let [thing, verb] = self.sort.as_slice() else { return false };
        reads && ENGLISH.kinds(thing) != 0 && GIVES.contains(&&**verb)
    }

    /// The tool that a call is of, where an argument says what is to be done: `service: turn_off`.
    pub(crate) fn doing(&self, arguments: &[(&str, &str)]) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' ' | '.');
        let says = |pointer: &str| {
            of_name(pointer.rsplit('/').next().unwrap_or_default()).last().is_some_and(|w| DOES.contains(&w.as_str()))
        };
        let (_, action) =
            arguments.iter().find(|(pointer, value)| says(pointer) && value.chars().all(plain) && value.len() < 40)?;
        let stems: Vec<Box<str>> = of_name(action).iter().map(|w| stem(w).into()).collect();
        let named = stems.iter().filter_map(|v| ENGLISH.verb(v)).fold(self.named, union);
        let verbs: Vec<Box<str>> = stems.iter().filter(|v| ENGLISH.verb(v).is_some()).cloned().collect();
        // `light.kitchen` says of what; a text says anything.
        let ids = arguments.iter().filter(|(_, value)| value.len() <= 64 && !value.contains(char::is_whitespace));
        let others = ids.flat_map(|(_, value)| of_name(value)).take(24);
        let mut objects: Vec<Box<str>> = self.objects.iter().cloned().chain(others.map(|w| stem(&w).into())).collect();
        objects.sort_unstable();
        objects.dedup();
        let kinds = objects.iter().fold(0, |all, o| all | ENGLISH.kinds(o));
        (!verbs.is_empty()).then(|| Self { named, verbs, objects, kinds, ..self.clone() })
    }

    /// Whether others see what a call does: of a channel, an issue, a page of the web.
    pub(crate) fn is_seen(&self) -> bool {
        self.kinds & *SEEN != 0 || self.verbs.iter().any(|v| ["comment", "post", "publish"].contains(&&**v))
    }

    /// Whether a call gives what is there, whatever it does besides that can be undone.
    pub(crate) fn reads(&self) -> bool {
        let gives = self.effects.contains(Effect::Read) || self.effects.contains(Effect::Search);
        gives && self.effects.iter().all(|e| matches!(e, Effect::Read | Effect::Search | Effect::Update))
    }

    /// How well a clause asks for a call of it.
    pub(crate) fn fits(&self, clause: &Clause) -> Fit {
        // A verb that nobody knows asks for a tool that is called so, and of which nobody knows more.
        if clause.effects == Effects::NONE {
            let named = self.effects == Effects::NONE && self.head == clause.verb;
            return if named { Fit::Full } else { Fit::None };
        }
        // `Review it` asks to create a review.
        let of_it = self.makes() && self.sort.contains(&clause.verb);
        let same_verb = self.verbs.contains(&clause.verb) || of_it;
        let does = |e| self.effects.contains(e) || self.named.contains(e);
        // What a tool that reads does besides comes with it.
        let reads = self.reads() && [Effect::Read, Effect::Search].iter().any(|e| clause.effects.contains(*e));
        // To add something is no other change of it.
        let adds = matches!(&*clause.verb, "add" | "put" | "write" | "make");
        let by = |e: &Effect| does(*e) && !(adds && *e == Effect::Update && !self.extends());
        let shared = reads || sinks(clause.effects).any(|e| by(&e));
        if !same_verb && !shared {
            return Fit::None;
        }
        // Who may do something is asked for by itself.
        let grants = self.effects.contains(Effect::Grant) || self.sort.iter().any(|w| GRANTS.contains(&&**w));
        if grants && !same_verb && ![Effect::Grant, Effect::Share].iter().any(|e| clause.effects.contains(*e)) {
            return Fit::None;
        }
        let object = clause.kinds & self.kinds != 0
            || clause.objects.iter().any(|o| *o != clause.verb && self.objects.binary_search(o).is_ok());
        // Some verbs say what they are about.
        let telling =
            [Effect::Pay, Effect::Execute].iter().any(|e| clause.effects.contains(*e) && self.effects.contains(*e));
        // Who asks to write asks for no money.
        if does(Effect::Pay) && !object && !telling && !same_verb && !clause.effects.contains(Effect::Pay) {
            return Fit::None;
        }
        // A file is no mail.
        let other = clause.kinds != 0 && self.kinds != 0;
        if other && !object && !telling {
            return if does(Effect::Pay) { Fit::None } else { Fit::Verb };
        }
        let rare = same_verb && clause.effects.iter().count() == 1 && !clause.effects.contains(Effect::Send);
        match (object || telling || rare, clause.kinds == 0) {
            (true, _) => Fit::Full,
            (false, true) => Fit::Open,
            (false, false) => Fit::Verb,
        }
    }
}

/// Names of arguments that say what is to be done.
const DOES: [&str; 7] = ["service", "action", "operation", "method", "op", "function", "decision"];

/// Words of the names of tools that say who may do something.
const GRANTS: [&str; 8] = ["collabor", "permiss", "role", "access", "admin", "member", "owner", "privileg"];

/// Last words of the names of tools that give what is there: `order_list`.
const GIVES: [&str; 12] =
    ["list", "get", "search", "find", "read", "fetch", "show", "view", "count", "status", "histori", "track"];

/// The kinds of thing that others see.
static SEEN: LazyLock<u32> = LazyLock::new(|| {
    ["channel", "issue", "webpage", "repository"].iter().fold(0, |all, w| all | ENGLISH.kinds(&stem(w)))
});

fn union(all: Effects, more: Effects) -> Effects {
    more.iter().fold(all, Effects::with)
}

fn sinks(effects: Effects) -> impl Iterator<Item = Effect> {
    effects.iter().filter(|e| e.is_sink())
}

/// How well a clause asks for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    None,
    /// The verb may mean it, of something else.
    Verb,
    /// The verb may mean it, and nothing is said of what: `write to Ann`.
    Open,
    Full,
}
