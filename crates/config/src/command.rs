use crate::{Mistake, nearest};

/// What is wrong with the words of a command, where that can be told without starting it.
pub(crate) fn mistake(words: &[String]) -> Option<Mistake> {
    let Some(program) = words.first().filter(|p| !p.is_empty()) else {
        return Some(Mistake::error("a command names a program").help("write `command = [\"program\", \"argument\"]`"));
    };
    if words.iter().any(|w| w.contains('\0')) {
        return Some(Mistake::error("a command holds a zero byte"));
    }
    if program.contains(char::is_whitespace) && !program.contains(['/', '\\']) {
        let help = format!("write `command = {}`", suggest(&words.join(" ")));
        let mistake = Mistake::error(format!("`{program}` is not one program, and no shell splits it"));
        return Some(mistake.label("one word for each element").help(help));
    }
    None
}

/// The words of a command line as a TOML list, for a suggestion; quotes hold words together.
pub(crate) fn suggest(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    toml_edit::Value::from_iter(words).to_string()
}

/// Whether a command hands a text to a shell: `sh -c "…"`, `cmd /c …`.
pub fn is_shell(words: &[String]) -> bool {
    const SHELLS: [&str; 9] = ["sh", "bash", "dash", "zsh", "fish", "ksh", "cmd", "powershell", "pwsh"];
    let Some((program, args)) = words.split_first() else { return false };
    let base = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let base = base.strip_suffix(".exe").unwrap_or(base);
    let hands_over = |arg: &String| matches!(arg.as_str(), "/c" | "/C" | "-Command") || is_c_flag(arg);
    SHELLS.contains(&base) && args.iter().any(hands_over)
}

/// `-c`, `-lc`, `-ec`: short flags of a shell with a `c` among them.
fn is_c_flag(arg: &str) -> bool {
    arg.strip_prefix('-').is_some_and(|flags| !flags.starts_with('-') && flags.contains('c') && flags.len() <= 4)
}

/// The package that a runner fetches anew at every start because no version is named: `npx -y some-server`.
pub fn unpinned(words: &[String]) -> Option<&str> {
    let (program, args) = words.split_first()?;
    let base = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let base = base.trim_end_matches(".cmd").trim_end_matches(".exe");
    let args = match (base, args) {
        ("npx" | "bunx" | "uvx" | "pnpx", args) => args,
        ("npm" | "pnpm" | "yarn" | "bun", [verb, args @ ..]) if matches!(verb.as_str(), "exec" | "dlx" | "x") => args,
        ("uv", [tool, run, args @ ..]) if tool == "tool" && run == "run" => args,
        ("pipx", [run, args @ ..]) if run == "run" => args,
        _ => return None,
    };
    let named =
        args.windows(2).find(|pair| matches!(pair.first().map(String::as_str), Some("-p" | "--package" | "--from")));
    let package = named.and_then(|pair| pair.get(1)).or_else(|| args.iter().find(|a| !a.starts_with('-')))?;
    let local = package.starts_with(['.', '/']);
    (!local && !is_pinned(package)).then_some(package)
}

/// `name@1.2.3`, `@scope/name@1.2.3`, `name==1.2.3`: a version that begins with a digit and is no range.
fn is_pinned(package: &str) -> bool {
    let version = package.split_once("==").or_else(|| package.rsplit_once('@').filter(|(name, _)| !name.is_empty()));
    version
        .is_some_and(|(_, v)| v.starts_with(|c: char| c.is_ascii_digit()) && v.contains('.') && !v.contains(['x', '*']))
}

/// The command line that `words` are, for people: quoted where a shell would need it.
pub fn show(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let quote = |w: &String| {
        if !w.is_empty() && w.chars().all(plain) { w.clone() } else { format!("'{}'", w.replace('\'', r"'\''")) }
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// `` `a`, `b` or `c` ``: for messages of other rooms.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    nearest::list(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn pinned_and_not() {
        for (line, package) in [
            ("npx -y @modelcontextprotocol/server-filesystem /data", Some("@modelcontextprotocol/server-filesystem")),
            ("npx -y @modelcontextprotocol/server-filesystem@2026.1.14 /data", None),
            ("npx -y tool@latest", Some("tool@latest")),
            ("npx -y tool@^1.2", Some("tool@^1.2")),
            ("npx -y tool@1.x", Some("tool@1.x")),
            ("uvx mcp-server-git", Some("mcp-server-git")),
            ("uvx mcp-server-git==2026.1.0", None),
            ("uvx --from git-tools==1.0 mcp-git", None),
            ("uv tool run mcp-server-git", Some("mcp-server-git")),
            ("pnpm dlx tool", Some("tool")),
            ("npx ./local", None),
            ("mcp-files /data", None),
            ("npx", None),
        ] {
            assert_eq!(unpinned(&words(line)), package, "{line}");
        }
    }

    #[test]
    fn shells() {
        for (line, shell) in [
            ("sh -c ls", true),
            ("/bin/bash -lc ls", true),
            ("cmd.exe /c dir", true),
            ("bash script.sh", false),
            ("bash --config x", false),
            ("node -c x", false),
        ] {
            assert_eq!(is_shell(&words(line)), shell, "{line}");
        }
    }

    #[test]
    fn suggestions_split_as_a_shell_would() {
        assert_eq!(suggest("npx -y 'a b' \"c\""), r#"["npx", "-y", "a b", "c"]"#);
        assert_eq!(show(&["a b".into(), "it's".into(), "-x".into()]), r"'a b' 'it'\''s' -x");
    }
}
