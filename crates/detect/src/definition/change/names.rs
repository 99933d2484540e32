//! What the name of a parameter says about what it carries.

use crate::definition::effects::split;

/// What a parameter is for, as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It says where data goes.
    Destination,
    /// It says what is run.
    Command,
    /// It says which file.
    File,
    /// It carries a secret.
    Secret,
    /// It collects what only the agent knows.
    Collector,
    /// It switches off a safeguard, or makes the call do more.
    Switch,
    /// It chooses among what there is: a page, a language, a date.
    Selector,
    /// It says nothing about that.
    Plain,
}

#[rustfmt::skip]
const DESTINATION: &[&str] = &[
    "to", "cc", "bcc", "recipient", "recipients", "email", "emails", "mail", "mailto", "url", "urls", "uri", "link",
    "href", "webhook", "callback", "endpoint", "host", "hostname", "domain", "server", "proxy", "destination", "dest",
    "redirect", "phone", "iban", "account", "wallet", "payee", "beneficiary", "ip", "port", "address", "upload",
    "forward", "mirror", "remote", "bucket", "relay", "target", "exporter", "sink",
];
#[rustfmt::skip]
const COMMAND: &[&str] = &[
    "command", "commands", "cmd", "shell", "exec", "execute", "script", "code", "eval", "sql", "expression", "args",
    "argv", "bash", "powershell", "entrypoint", "binary", "program", "hook", "hooks", "env", "environment",
];
const FILE: &[&str] = &[
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "filepath",
    "dir",
    "directory",
    "folder",
    "cwd",
    "root",
    "attachment",
    "attachments",
];
#[rustfmt::skip]
const SECRET: &[&str] = &[
    "password", "passwd", "passphrase", "pwd", "secret", "secrets", "token", "apikey", "credential", "credentials",
    "auth", "authorization", "bearer", "cookie", "cookies", "otp", "pin", "cvv", "ssn", "mnemonic", "seed", "jwt",
    "session", "privatekey",
];
#[rustfmt::skip]
const COLLECTOR: &[&str] = &[
    "context", "conversation", "history", "transcript", "reasoning", "thought", "thoughts", "thinking", "prompt",
    "prompts", "sidenote", "note", "notes", "memory", "summary", "metadata", "telemetry", "feedback", "instructions",
    "intent", "rationale", "payload", "extra", "debug", "audit", "system", "tools", "justification", "background",
];
#[rustfmt::skip]
const SWITCH: &[&str] = &[
    "force", "unsafe", "sudo", "admin", "root", "bypass", "skip", "confirm", "confirmed", "confirmation", "approve",
    "approved", "auto", "overwrite", "disable", "insecure", "noverify", "verify", "permanent", "permanently", "delete",
    "remove", "public", "share", "purge", "execute", "send", "publish", "dry", "dryrun", "impersonate", "trust",
    "privileged", "allow", "grant", "everyone", "all", "safe", "hard", "ignore", "silent", "silently",
];
#[rustfmt::skip]
const SELECTOR: &[&str] = &[
    "limit", "offset", "page", "pages", "size", "cursor", "sort", "order", "orderby", "direction", "filter", "filters",
    "query", "q", "search", "keyword", "keywords", "format", "language", "lang", "locale", "timezone", "tz", "unit",
    "units", "currency", "country", "region", "city", "encoding", "charset", "type", "types", "kind", "category", "status",
    "state", "priority", "label", "labels", "tag", "tags", "title", "name", "names", "id", "ids", "uuid", "key", "version",
    "branch", "ref", "revision", "commit", "date", "time", "since", "until", "before", "after", "start", "end", "from",
    "year", "month", "day", "week", "color", "colour", "theme", "style", "width", "height", "depth", "count", "max", "min",
    "level", "mode", "field", "fields", "column", "columns", "columns", "group", "groupby", "scope", "owner", "author", "assignee",
    "repo", "repository", "project", "milestone", "workspace", "channel", "pattern", "prefix", "suffix", "delimiter",
    "separator", "locale", "index", "detail", "view", "range", "sheet", "tab", "model", "quality", "resolution",
];

/// What a parameter of this name is for. The last word leads: `output_format` is a format, `callback_url` an address.
pub(super) fn role(name: &str) -> Role {
    let words = split(name);
    let joined: String = words.concat();
    let any = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str())) || list.contains(&joined.as_str());
    let last = |list: &[&str]| words.last().is_some_and(|w| list.contains(&w.as_str()));
    let counted = last(&[
        "count", "limit", "size", "max", "min", "length", "type", "format", "id", "ids", "number", "encoding",
        "language",
    ]);
    match () {
        () if any(&["apikey"]) || joined.ends_with("apikey") || joined.ends_with("privatekey") => Role::Secret,
        () if counted => Role::Selector,
        () if any(SECRET) => Role::Secret,
        () if any(DESTINATION) => Role::Destination,
        () if any(COMMAND) => Role::Command,
        () if any(COLLECTOR) => Role::Collector,
        () if any(FILE) => Role::File,
        () if any(SWITCH) => Role::Switch,
        () if last(SELECTOR) => Role::Selector,
        () => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_carry() {
        for (name, expected) in [
            ("bcc", Role::Destination),
            ("callbackUrl", Role::Destination),
            ("webhook_url", Role::Destination),
            ("shellCommand", Role::Command),
            ("api_key", Role::Secret),
            ("apiKey", Role::Secret),
            ("max_tokens_count", Role::Selector),
            ("output_format", Role::Selector),
            ("file_path", Role::File),
            ("conversation_history", Role::Collector),
            ("sidenote", Role::Collector),
            ("skip_confirmation", Role::Switch),
            ("pageSize", Role::Selector),
            ("verbose", Role::Plain),
        ] {
            assert_eq!(role(name), expected, "{name}");
        }
    }
}
