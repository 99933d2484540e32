//! Puts the bridge into a host's settings, and takes it out again: what else stands there stays byte for byte.

mod edit;
mod places;
mod splice;

use super::{Args, Host};
use crate::{
    Done, Failure, Out,
    verbs::{approve::ask, file},
};
use edit::Settings;
use places::Place;
use serde_json::json;
use similar::TextDiff;
use std::{env, fs, path::Path};

pub(super) fn run(args: &Args, out: &Out) -> Done {
    let place = Place::of(args)?;
    let old = file::text(&place.file)?;
    let settings = Settings::read(&old).map_err(|why| {
        let what = format!("`{}` is not valid JSON: {why}", place.file.display());
        Failure::usage(what, "mend it first; comments are not JSON either")
    })?;
    let wanted = place.entries(&command(args)?, args.required);
    // A file that has nothing but what was installed goes as it came.
    let fresh = |command: String| {
        let entries = place.entries(&command, command.ends_with(" --required"));
        Settings::default().with(place.host, &entries).is_ok_and(|fresh| fresh.into_text() == old)
    };
    let gone = args.remove && settings.command(place.host).is_some_and(fresh);
    let new = if args.install { settings.with(place.host, &wanted) } else { settings.without(place.host) };
    let new = new.map_err(|why| {
        Failure::usage(
            format!("`{}`: {why}", place.file.display()),
            "hooks are put into settings of the host's own form",
        )
    })?;
    let new = if gone { String::new() } else { new.into_text() };
    decide(args, out, &place, &old, &new)
}

/// Shows what would change, asks, and writes.
fn decide(args: &Args, out: &Out, place: &Place, old: &str, new: &str) -> Done {
    let shown = place.file.display();
    if old == new {
        if out.is_json() {
            out.record(&json!({ "file": place.file, "changed": false }));
        } else {
            out.say(format!("{shown} is as it should be"));
        }
        return Ok(());
    }
    let diff = TextDiff::from_lines(old, new).unified_diff().context_radius(2).to_string();
    if !out.is_json() {
        out.say(format!("{shown}\n{}", diff.trim_end()));
    }
    if !args.yes {
        if !ask::can_ask() {
            return Err(Failure::usage("nobody can be asked: this is no terminal", "say `--yes` to change the file"));
        }
        if ask::ask(&format!("change {shown}?")) != ask::Answer::Yes {
            return Err(Failure::Broken("nothing was changed".into()));
        }
    }
    write(&place.file, new)?;
    if out.is_json() {
        out.record(&json!({ "file": place.file, "changed": true, "diff": diff }));
    } else {
        out.say(if args.install { "installed; hosts that run may have to be started again" } else { "removed" });
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Done {
    if text.is_empty() {
        return fs::remove_file(path).map_err(|e| Failure::file("remove", path, &e));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| Failure::file("create", folder, &e))?;
    }
    file::replace(path, text)
}

/// The command that the host is to run, for a shell.
fn command(args: &Args) -> Result<String, Failure> {
    let program = env::current_exe().map_err(|e| Failure::Broken(format!("cannot tell where this program is: {e}")))?;
    let word = |path: &Path| {
        let text = path.to_str().ok_or_else(|| Failure::Broken(format!("`{}` is not UTF-8", path.display())))?;
        Ok::<_, Failure>(quoted(text))
    };
    let mut words = vec![word(&program)?, "hook".to_owned(), args.host.word().to_owned()];
    // The host may not have our environment.
    let state = args.state.clone().or_else(|| env::var_os("DOORWARD_STATE").filter(|v| !v.is_empty()).map(Into::into));
    if let Some(state) = state {
        let whole = std::path::absolute(&state).map_err(|e| Failure::file("find", &state, &e))?;
        words.extend(["--state".to_owned(), word(&whole)?]);
    }
    if args.timeout != 2000 {
        words.push(format!("--timeout {}", args.timeout));
    }
    if args.required {
        words.push("--required".to_owned());
    }
    Ok(words.join(" "))
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | ':' | '@');
    if word.chars().all(plain) && !word.is_empty() {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

impl Host {
    /// How it is called on the command line.
    const fn word(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::Generic => "generic",
        }
    }
}
