use doorward_vocab::{Effect, Effects};

/// What a definition says of itself (`annotations` of a tool). Claims of the server, believed only where they make a
/// tool stricter or where its name agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// `readOnlyHint`.
    pub read_only: Option<bool>,
    /// `destructiveHint`.
    pub destructive: Option<bool>,
    /// `idempotentHint`.
    pub idempotent: Option<bool>,
    /// `openWorldHint`.
    pub open_world: Option<bool>,
}

/// An operator's word on what tools do: a pattern with `*` and `?`, and the effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectRule {
    pattern: String,
    effects: Effects,
}

/// A pattern that cannot match a tool name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a pattern for tool names: use the characters of names, `*` and `?`")]
pub struct EffectRuleError(pub String);

impl EffectRule {
    /// A rule: tools whose whole name matches `pattern` have `effects`.
    ///
    /// # Errors
    /// [`EffectRuleError`] when the pattern is empty, longer than 128 bytes or holds spaces or control characters.
    pub fn new(pattern: &str, effects: Effects) -> Result<Self, EffectRuleError> {
        let good = (1..=128).contains(&pattern.len()) && !pattern.chars().any(|c| c.is_control() || c.is_whitespace());
        if good { Ok(Self { pattern: pattern.to_owned(), effects }) } else { Err(EffectRuleError(pattern.to_owned())) }
    }

    fn literal_length(&self) -> usize {
        self.pattern.chars().filter(|c| !matches!(c, '*' | '?')).count()
    }
}

/// What the operator says that `name` does: of the rules that match, the one with the longest literal part; among
/// equals the first.
pub fn overridden(rules: &[EffectRule], name: &str) -> Option<Effects> {
    let matching = rules.iter().rev().filter(|r| matches(r.pattern.as_bytes(), name.as_bytes()));
    matching.max_by_key(|r| r.literal_length()).map(|r| r.effects)
}

/// Whether `*` and `?` of `pattern` can be filled to give `name`. Goes back to the last `*` only: at most
/// length × length steps.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == b'?' || name.get(n) == Some(c) => (p, n) = (p + 1, n + 1),
            _ => match &mut star {
                Some((at, from)) => {
                    *from += 1;
                    (p, n) = (*at + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == b'*')
}

/// The verbs of names, each with what it does. A verb that can mean more says all of it.
#[rustfmt::skip]
const VERBS: &[(&[&str], &[Effect])] = &[
    (&[
        "get", "read", "list", "fetch", "show", "view", "describe", "count", "check", "inspect", "retrieve",
        "load", "lookup", "resolve", "status", "stat", "head", "tail", "cat", "ls", "download", "explain",
        "validate", "verify", "analyze", "analyse", "compare", "diff", "preview", "ping", "whoami", "info",
        "export", "history", "log", "tree", "summarize", "extract", "parse", "convert", "calculate", "compute",
        "snapshot", "screenshot", "monitor", "watch", "wait", "poll", "trace", "dir", "introspect", "print",
        "navigate", "goto", "visit", "crawl", "scrape", "scroll", "hover",
    ], &[Effect::Read]),
    (
        &["search", "find", "query", "grep", "browse", "discover", "filter", "recommend", "suggest", "match", "rank"],
        &[Effect::Search],
    ),
    (&[
        "create", "add", "new", "make", "insert", "generate", "build", "copy", "clone", "duplicate", "fork",
        "init", "save", "store", "append", "record", "register", "schedule", "book", "reserve", "rent", "hire", "open", "start",
        "provision", "import", "enqueue", "draft", "mkdir", "upload", "allocate",
    ], &[Effect::Create]),
    (&[
        "write", "put", "edit", "update", "modify", "change", "set", "patch", "rename", "move", "mv", "replace",
        "upsert", "merge", "assign", "unassign", "mark", "label", "tag", "close", "reopen", "complete",
        "resolve_issue", "approve", "reject", "accept", "decline", "archive", "restore", "convert_to", "sync",
        "rebase", "commit", "push", "transition", "toggle", "increment", "attach", "detach", "link", "unlink",
        "fill", "type", "click", "select", "drag", "press", "reschedule", "pin", "format", "resize", "lock",
        "unlock", "touch", "ack", "acknowledge", "snooze", "mute", "follow", "unfollow", "like", "unlike",
    ], &[Effect::Update]),
    (&[
        "delete", "remove", "rm", "rmdir", "drop", "purge", "clear", "destroy", "erase", "truncate", "uninstall",
        "terminate", "kill", "cancel", "revoke_key", "wipe", "flush", "empty", "discard", "reset", "prune",
        "unregister", "deprovision",
    ], &[Effect::Delete]),
    (&[
        "send", "email", "mail", "post", "publish", "reply", "notify", "message", "tweet", "sms", "dm", "forward",
        "broadcast", "comment", "announce", "submit", "emit", "call", "dial", "react", "webhook", "transmit",
    ], &[Effect::Send]),
    (&[
        "pay", "transfer", "purchase", "buy", "order", "checkout", "charge", "refund", "withdraw", "deposit",
        "donate", "invoice", "payout", "sell", "trade", "swap", "wire", "subscribe_paid",
    ], &[Effect::Pay]),
    (&["share", "expose", "unshare"], &[Effect::Share]),
    (
        &["grant", "invite", "authorize", "permit", "promote", "impersonate", "elevate", "revoke", "enroll"],
        &[Effect::Grant],
    ),
    (&[
        "run", "exec", "execute", "shell", "bash", "sh", "cmd", "command", "eval", "evaluate", "invoke", "spawn",
        "launch", "script", "sql", "terminal", "python", "powershell", "deploy", "trigger", "dispatch", "install",
        "compile", "process", "scan_run",
    ], &[Effect::Execute]),
    (&[
        "configure", "config", "enable", "disable", "activate", "deactivate", "setup", "setting", "settings", "register_webhook", "rotate",
        "migrate", "restart", "reboot", "stop", "shutdown", "pause", "resume", "scale", "subscribe",
        "unsubscribe", "switch", "turn", "dim", "mount", "unmount", "login", "logout", "connect", "disconnect",
    ], &[Effect::Configure]),
    // A request of any method to any address.
    (&["request", "http", "curl", "api", "proxy"], &[Effect::Send, Effect::Execute]),
];

/// Verbs that are hardly ever nouns: where one stands first, the words after it are what it is about.
#[rustfmt::skip]
const CLEAR: &[&str] = &[
    "get", "read", "list", "fetch", "retrieve", "describe", "show", "search", "find", "lookup", "create", "add",
    "insert", "make", "write", "edit", "update", "modify", "set", "put", "patch", "rename", "move", "delete", "remove",
    "purge", "clear", "destroy", "drop", "kill", "cancel", "send", "publish", "execute", "exec", "run", "grant",
    "invite", "revoke", "upload", "pay", "transfer", "share", "install", "enable", "disable", "push",
];
/// Verbs that are as often nouns: `order_get` buys nothing.
#[rustfmt::skip]
const NOUNS: &[&str] = &[
    "order", "invoice", "email", "mail", "message", "comment", "label", "tag", "process", "command", "script",
    "record", "config", "settings", "setting", "register", "webhook", "schedule", "draft", "charge", "refund",
    "deposit", "trade", "sms", "request", "sql", "link", "format",
];

/// What a name without a verb gives, where it ends so: `cart_total`, `account_balance`.
#[rustfmt::skip]
const GIVEN: &[&str] = &[
    "total", "totals", "balance", "details", "summary", "overview", "statistics", "stats", "metrics", "usage", "weather",
    "forecast", "temperature", "time", "date", "day", "today", "version", "schema", "metadata", "health",
    "capabilities", "help", "price", "prices", "quote", "rates", "level", "levels", "logs", "reviews", "ratings",
    "availability", "profile",
];

/// What a tool does, judged by its words: the verbs of its name first, then annotations, description and schema.
/// Empty where nothing is known, and that counts as a sink.
///
/// A hint of the server makes a tool stricter whenever it can; it makes one harmless (`readOnlyHint`) only where no word
/// of the name speaks of a change.
pub fn infer_effects(name: &str, description: &str, annotations: Annotations, schema: &str) -> Effects {
    let words = split(name);
    let mut effects = of_name(&words, annotations.read_only == Some(true));
    if effects == Effects::NONE && annotations.read_only != Some(true) {
        effects = of_description(description);
        let given = words.len() > 1 && words.last().is_some_and(|w| GIVEN.contains(&w.as_str()));
        if effects == Effects::NONE && given {
            effects = Effects::just(Effect::Read);
        }
    }
    if annotations.read_only == Some(true) {
        // Nothing speaks against it: believed. A name, a text or parameters that speak of a change are believed instead.
        let against = of_description(description).iter().chain(of_schema(schema).iter()).fold(effects, Effects::with);
        let quiet = effects == Effects::NONE || !effects.is_sink();
        return match quiet {
            true if against == Effects::NONE => Effects::just(Effect::Read),
            true => against,
            false => effects,
        };
    }
    // Stricter: a server that calls its own tool destructive knows.
    if annotations.destructive == Some(true) && annotations.read_only == Some(false) {
        effects = effects.with(Effect::Delete);
    }
    let quiet = effects != Effects::NONE && !effects.is_sink();
    if annotations.read_only == Some(false) && quiet {
        effects = effects.with(Effect::Update);
    }
    // A read that takes a recipient, a command or a body moves data out.
    if quiet {
        effects = of_schema(schema).iter().chain(of_asides(description).iter()).fold(effects, Effects::with);
    }
    effects
}

/// What a tool that only reads says that it does besides: "the messages are marked as read after this", "the token is deleted
/// once it was shown".
fn of_asides(description: &str) -> Effects {
    let lower = description.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let asides = words.windows(2).enumerate().filter_map(|(at, pair)| {
        let [is, done] = pair else { return None };
        let passive = matches!(*is, "is" | "are" | "be" | "get" | "gets");
        let effect = match *done {
            "marked" if words.get(at + 2) == Some(&"as") => Effect::Update,
            "deleted" | "removed" | "cleared" | "erased" => Effect::Delete,
            "consumed" | "archived" => Effect::Update,
            _ => return None,
        };
        let then = |w: &&str| matches!(*w, "after" | "once" | "when" | "afterwards" | "upon");
        let by_it = *done == "marked" || words.iter().skip(at).take(8).any(then);
        (passive && by_it).then_some(effect)
    });
    asides.fold(Effects::NONE, Effects::with)
}

/// `getUserByID`, `get-user`, `get_user` and `files.get` as words, lower case.
pub(super) fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    let mut chars = name.chars().take(256).peekable();
    while let Some(c) = chars.next() {
        let next_lower = chars.peek().is_some_and(|n| n.is_lowercase());
        let starts = !last.is_alphanumeric()
            || (c.is_uppercase() && (last.is_lowercase() || (last.is_uppercase() && next_lower)));
        if c.is_alphanumeric() {
            match words.last_mut() {
                Some(word) if !starts => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
        }
        last = c;
    }
    words
}

pub(super) fn of_word(word: &str) -> Effects {
    let found = VERBS.iter().find(|(verbs, _)| verbs.contains(&word));
    found.map_or(Effects::NONE, |(_, effects)| effects.iter().copied().collect())
}

/// The first verb leads, and a verb linked to it adds to it: `get_order` reads an order, `read_and_delete` deletes.
/// Where the first may be a noun, the clear verbs after it add to it: `status_update`, `message_delete`. Only a hint of
/// the server makes such a name a read.
fn of_name(words: &[String], read_only: bool) -> Effects {
    let Some(at) = words.iter().position(|w| of_word(w) != Effects::NONE) else { return Effects::NONE };
    let (Some(first), rest) = (words.get(at), words.get(at + 1..).unwrap_or_default()) else { return Effects::NONE };
    let join = |a: Effects, b: Effects| b.iter().fold(a, Effects::with);
    if CLEAR.contains(&first.as_str()) {
        let links = rest.windows(2).filter_map(|pair| match pair {
            [link, verb] if matches!(link.as_str(), "and" | "or" | "then") => Some(of_word(verb)),
            _ => None,
        });
        return links.fold(of_word(first), join);
    }
    let others = rest.iter().filter(|w| CLEAR.contains(&w.as_str())).map(|w| of_word(w)).fold(Effects::NONE, join);
    let read = others != Effects::NONE && !others.is_sink();
    if read && read_only && NOUNS.contains(&first.as_str()) { others } else { join(of_word(first), others) }
}

/// The verb with which a description begins: `Deletes a file.`
fn of_description(description: &str) -> Effects {
    let Some(first) = description.split(|c: char| !c.is_alphanumeric()).find(|w| !w.is_empty()) else {
        return Effects::NONE;
    };
    let effects = verb(&first.to_lowercase()).map_or(Effects::NONE, of_word);
    // A description is free text of the server: it may make a tool stricter, never harmless.
    if effects.is_sink() { effects } else { Effects::NONE }
}

/// The verb of which `word` is a form: `send` of `sends` and `sending`.
pub(super) fn verb(word: &str) -> Option<&str> {
    let stems = [Some(word), word.strip_suffix('s'), word.strip_suffix("es"), word.strip_suffix("ing")];
    stems.into_iter().flatten().find(|stem| of_word(stem) != Effects::NONE)
}

/// What one of a list of allowed values does: `delete` beside `get` and `list`.
pub(super) fn of_value(value: &str) -> Effects {
    of_name(&split(value), false)
}

/// What parameters betray about a tool that calls itself a read.
fn of_schema(schema: &str) -> Effects {
    let has = |key: &str| schema.contains(&format!("\"{key}\""));
    let mut effects = Effects::NONE;
    if ["recipient", "recipients", "to_email", "bcc", "webhook_url", "callback_url"].iter().any(|k| has(k)) {
        effects = effects.with(Effect::Send);
    }
    if ["command", "cmd", "shell", "script"].iter().any(|k| has(k)) {
        effects = effects.with(Effect::Execute);
    }
    if has("method") && ["url", "uri", "endpoint"].iter().any(|k| has(k)) {
        effects = effects.with(Effect::Send);
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;
    use Effect::*;

    const NO_HINTS: Annotations =
        Annotations { read_only: None, destructive: None, idempotent: None, open_world: None };
    const READ_ONLY: Annotations = Annotations { read_only: Some(true), ..NO_HINTS };

    fn of(name: &str) -> Vec<Effect> {
        infer_effects(name, "", NO_HINTS, "").iter().collect()
    }

    #[test]
    fn names() {
        for (name, effects) in [
            ("get_user", &[Read][..]),
            ("getUserByID", &[Read]),
            ("list-issues", &[Read]),
            ("files.read", &[Read]),
            ("cart_total", &[Read]),
            ("total_acme", &[]),
            ("balance_transfer", &[Pay]),
            ("search_files", &[Search]),
            ("find_and_replace", &[Search, Update]),
            ("create_issue", &[Create]),
            ("add_user_to_channel", &[Create]),
            ("edit_file", &[Update]),
            ("set_config", &[Update]),
            ("move_file", &[Update]),
            ("delete_repo", &[Delete]),
            ("send_email", &[Send]),
            ("gmail_send_message", &[Send]),
            ("post_message", &[Send]),
            ("publish", &[Send]),
            ("pay_invoice", &[Pay]),
            ("transfer_money", &[Pay]),
            ("share_file", &[Share]),
            ("grant_access", &[Grant]),
            ("invite_user", &[Grant]),
            ("run_shell", &[Execute]),
            ("execute_sql", &[Execute]),
            ("read_and_execute", &[Read, Execute]),
            ("configure_server", &[Configure]),
            ("enable_feature", &[Configure]),
            ("http_request", &[Send, Execute]),
            ("get_update_status", &[Read]),
            ("status_update", &[Read, Update]),
            ("log_delete", &[Read, Delete]),
            ("message_list", &[Read, Send]),
            ("order_get", &[Read, Pay]),
            ("share_list", &[Share]),
            ("post_list", &[Read, Send]),
            ("echo", &[]),
            ("weather", &[]),
            ("", &[]),
        ] {
            assert_eq!(of(name), effects, "{name}");
        }
        assert!(infer_effects("weather", "", NO_HINTS, "").is_sink(), "unknown counts as a sink");
    }

    #[test]
    fn hints_make_stricter_or_agree() {
        let with = |name, hints| infer_effects(name, "", hints, "").iter().collect::<Vec<_>>();
        assert_eq!(with("echo", READ_ONLY), [Read]);
        assert_eq!(with("get-sum", READ_ONLY), [Read]);
        assert_eq!(with("message_list", READ_ONLY), [Read]);
        assert_eq!(with("post_list", READ_ONLY), [Read, Send]);
        let read_only = |name, description, schema| infer_effects(name, description, READ_ONLY, schema);
        assert_eq!(read_only("acme", "Deletes a record.", "{}").iter().collect::<Vec<_>>(), [Delete]);
        assert_eq!(read_only("get_page", "", r#"{"command":{}}"#).iter().collect::<Vec<_>>(), [Read, Execute]);
        assert!(read_only("get_page", "", r#"{"recipient":{}}"#).is_sink());
        assert!(!read_only("get_page", "Gets a page.", r#"{"url":{}}"#).is_sink());
        assert_eq!(with("delete_all", READ_ONLY), [Delete], "a name that speaks of a change is believed over the hint");
        let changes = Annotations { read_only: Some(false), ..NO_HINTS };
        assert_eq!(with("get_token", changes), [Read, Update]);
        let destroys = Annotations { destructive: Some(true), ..changes };
        assert_eq!(with("write_file", destroys), [Update, Delete]);
        assert_eq!(with("echo", Annotations { destructive: Some(false), ..NO_HINTS }), []);
    }

    #[test]
    fn descriptions_never_make_harmless() {
        let with = |description| infer_effects("acme", description, NO_HINTS, "").iter().collect::<Vec<_>>();
        assert_eq!(with("Deletes a record."), [Delete]);
        assert_eq!(with("Sending a message to a person"), [Send]);
        assert_eq!(with("Reads a record."), []);
    }

    #[test]
    fn parameters_betray() {
        let with = |name, schema| infer_effects(name, "", NO_HINTS, schema).iter().collect::<Vec<_>>();
        assert_eq!(with("get_page", r#"{"properties":{"url":{},"method":{}}}"#), [Read, Send]);
        assert_eq!(with("check_host", r#"{"properties":{"command":{}}}"#), [Read, Execute]);
        assert_eq!(with("get_page", r#"{"properties":{"url":{}}}"#), [Read]);
    }

    #[test]
    fn the_operator_has_the_last_word() {
        let rule = |p, e| EffectRule::new(p, Effects::just(e)).unwrap();
        let rules = [rule("*", Read), rule("delete_*", Delete), rule("delete_draft", Update), rule("d?lete_x", Pay)];
        let of = |name| overridden(&rules, name).map(|e| e.iter().collect::<Vec<_>>());
        assert_eq!(of("anything"), Some(vec![Read]));
        assert_eq!(of("delete_all"), Some(vec![Delete]));
        assert_eq!(of("delete_draft"), Some(vec![Update]));
        assert_eq!(of("delete_x"), Some(vec![Delete]), "equals: the first");
        assert_eq!(overridden(&rules[1..], "undelete_a"), None);
        assert!(EffectRule::new("a b", Effects::NONE).is_err());
        assert!(EffectRule::new("", Effects::NONE).is_err());
    }

    #[test]
    fn patterns() {
        for (pattern, name, holds) in [
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbY", false),
            ("*", "", true),
            ("?", "", false),
            ("**a", "bba", true),
            ("a*", "ba", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), holds, "{pattern} {name}");
        }
    }
}
