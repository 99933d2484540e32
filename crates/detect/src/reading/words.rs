//! Words that are known, to tell words from noise and to find them again where they were joined.

use super::excerpt::Undone;
use crate::text::spend;
use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hasher},
    ops::Range,
    sync::LazyLock,
};

/// Longer runs of joined words are not parted.
pub(super) const LONGEST: usize = 400;
/// The longest known word.
const WORD: usize = 14;

/// The commonest words, and those of orders.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "the", "and", "you", "your", "to", "of", "in", "is", "that", "this", "all", "any", "for", "with", "from", "not", "are",
    "be", "as", "at", "by", "on", "or", "it", "its", "do", "does", "dont", "if", "then", "now", "new", "what", "when",
    "which", "who", "how", "will", "must", "should", "shall", "can", "have", "has", "was", "were", "been", "but", "only",
    "also", "instead", "before", "after", "above", "below", "here", "there", "these", "those", "them", "they", "their",
    "his", "her", "our", "my", "me", "we", "us", "an", "a", "i", "no", "yes", "so", "up", "out", "about", "into", "over",
    "first", "last", "next", "every", "each", "other", "more", "most", "some", "such", "than", "very", "just", "like",
    "make", "made", "get", "give", "given", "take", "use", "using", "used", "tell", "told", "say", "said", "ask", "show",
    "see", "look", "find", "put", "set", "let", "keep", "call", "run", "open", "read", "write", "send", "email", "mail",
    "post", "copy", "print", "list", "delete", "remove", "create", "add", "change", "update", "share", "forward", "upload",
    "download", "fetch", "visit", "click", "go", "stop", "start", "begin", "end", "follow", "following", "obey", "ignore",
    "disregard", "forget", "override", "bypass", "skip", "drop", "reveal", "repeat", "output", "respond", "reply",
    "answer", "answering", "execute", "perform", "transfer", "pay", "grant", "approve", "confirm", "install", "include",
    "und", "die", "der", "den", "das", "dem", "nicht", "nichts", "alle", "allen", "sie", "ihre", "deine", "ignoriere", "vergiss",
    "sende", "anweisungen", "benutzer", "passwort", "les", "des", "une", "pas", "vous", "vos", "tous", "toutes", "ignorez",
    "oubliez", "envoyez", "consignes", "mot", "passe", "sans", "las", "los", "del", "una", "todas", "todos", "tus", "ignora",
    "olvida", "instrucciones", "anteriores", "usuario", "clave", "para", "nada", "sin", "as", "os", "sem", "senha", "esqueca",
    "instrucoes", "regras", "arquivos", "le", "il", "tutte", "tutti", "istruzioni", "precedenti", "dimentica", "regole",
    "senza", "invia", "messaggi", "servidor", "serveur", "server", "externo", "esterno", "envie", "manda", "inoltra",
    "append", "attach", "provide", "previous", "prior", "earlier", "preceding", "former", "original", "initial",
    "instruction", "instructions", "directive", "directives", "rule", "rules", "guideline", "guidelines", "command",
    "commands", "order", "orders", "prompt", "prompts", "system", "message", "messages", "context", "conversation",
    "history", "chat", "task", "tasks", "role", "mode", "developer", "admin", "administrator", "assistant", "agent",
    "model", "language", "ai", "llm", "user", "users", "human", "operator", "tool", "tools", "function", "file", "files",
    "folder", "document", "page", "link", "address", "account", "bank", "money", "password", "passwords", "secret",
    "secrets", "key", "keys", "token", "tokens", "credential", "credentials", "api", "private", "data", "information",
    "customer", "contact", "contacts", "code", "database", "server", "website", "inbox", "emails", "report", "summary",
    "safety", "security", "policy", "important", "urgent", "immediately", "attention", "please", "note", "never", "always",
    "without", "anyone", "anything", "everything", "nothing", "mention", "telling", "asking", "silently", "secretly",
    "quietly", "hidden", "true", "real", "full", "entire", "contents", "content", "into", "through", "until",
];

static KNOWN: LazyLock<HashSet<u128, BuildHasherDefault<Mixed>>> =
    LazyLock::new(|| WORDS.iter().map(|word| packed(word.as_bytes())).collect());

/// Mixes what a word is packed to; who chooses words can make look-ups of a fixed set no slower.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
    fn write_u128(&mut self, word: u128) {
        let [low, high] = [word, word >> 64].map(|half| u64::try_from(half & u128::from(u64::MAX)).unwrap_or(0));
        let mixed = (low ^ high.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}

fn packed(word: &[u8]) -> u128 {
    word.iter().fold(0, |all, b| all << 8 | u128::from(*b))
}

/// Whether a word is known, in lower case.
pub(super) fn known(word: &str) -> bool {
    word.len() <= WORD && KNOWN.contains(&packed(word.as_bytes()))
}

/// Whether a run may be an order whose words were joined: worth a look, since names in code are joined words too.
pub(super) fn joined(said: &[u8]) -> bool {
    const ORDERS: [&[u8]; 8] =
        [b"ignore", b"instruct", b"previous", b"disregard", b"forget", b"prompt", b"secret", b"password"];
    if said.len() > LONGEST || said.len() < 20 || !said.iter().all(u8::is_ascii_alphabetic) {
        return false;
    }
    let lower = said.to_ascii_lowercase();
    ORDERS.iter().any(|order| memchr::memmem::find(&lower, order).is_some())
}

/// How many known words of two letters or more `text` has.
pub(super) fn count(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| (2..=WORD).contains(&w.len()) && known(&w.to_ascii_lowercase()))
        .count()
}

/// Where joined words begin, but the first; empty where they are no known words.
pub(super) fn cuts(joined: &str) -> Vec<usize> {
    spend(joined.len() * WORD);
    let lower = joined.to_ascii_lowercase();
    let length = lower.len();
    if length > LONGEST || !joined.is_ascii() {
        return Vec::new();
    }
    // For each end the least cost of all before it, and the length of its last word: a letter that is in no word costs
    // more than a word.
    let mut best: Vec<(usize, usize)> = vec![(0, 0)];
    for end in 1..=length {
        let alone = best.get(end - 1).map_or(0, |b| b.0) + 4;
        let words = (1..=WORD.min(end)).filter(|n| lower.get(end - n..end).is_some_and(known));
        let words = words.map(|n| (best.get(end - n).map_or(0, |b| b.0) + 1 + 2 * usize::from(n < 3), n));
        best.push(words.chain([(alone, 0)]).min_by_key(|(cost, n)| (*cost, usize::MAX - n)).unwrap_or((alone, 0)));
    }
    let mut cuts = Vec::new();
    let (mut at, mut in_words) = (length, 0);
    while at > 0 {
        let n = best.get(at).map_or(0, |b| b.1);
        if n > 0 {
            in_words += n;
            cuts.push(at);
            cuts.push(at - n);
        }
        at -= n.max(1);
    }
    cuts.sort_unstable();
    cuts.dedup();
    cuts.retain(|cut| *cut > 0 && *cut < length);
    // Mostly words, or it is something else.
    if in_words * 4 >= length * 3 && cuts.len() >= 2 { cuts } else { Vec::new() }
}

/// Parts joined words.
pub(super) fn undo(text: &str, span: Range<usize>, out: &mut Undone) -> bool {
    let said = text.get(span.clone()).unwrap_or_default();
    let cuts = cuts(said);
    let mut next = cuts.iter().peekable();
    for (n, b) in said.bytes().enumerate() {
        if next.next_if_eq(&&n).is_some() {
            out.put(b" ");
        }
        out.push(&[b], span.start + n..span.start + n + 1);
    }
    !cuts.is_empty()
}
