use super::{ConfigFile, file};
use crate::{Done, Out};
use doorward_config::{Gravity, Loaded, Report, Settings};
use serde_json::json;
use std::path::Path;

/// Check the configuration: every mistake at once, with its line and what would be right
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

pub(crate) fn run(args: Args, out: &Out) -> Done {
    let Some(path) = args.config.existing() else {
        if out.is_json() {
            out.record(&json!({ "file": null, "ok": true, "mistakes": [] }));
        } else {
            out.say("there is no doorward.toml, so the defaults are in force; `doorward add` writes one");
        }
        return Ok(());
    };
    match Settings::load_with(&path, &file::known()) {
        Ok(loaded) => {
            if let Err(mistakes) = crate::policy::set::of(&loaded.settings) {
                if out.is_json() {
                    out.record(&json!({ "file": path, "ok": false, "mistakes": ["the policies have mistakes"] }));
                }
                return Err(mistakes);
            }
            fine(&path, &loaded, out);
            Ok(())
        }
        Err(report) => {
            if out.is_json() {
                out.record(&json!({ "file": path, "ok": false, "mistakes": report }));
                return Err(Report::default().into());
            }
            let (errors, warnings) = (report.count(Gravity::Error), report.count(Gravity::Warning));
            out.warn(&report);
            out.say(format!("{}: {}", path.display(), tally(errors, warnings)));
            Err(Report::default().into())
        }
    }
}

fn fine(path: &Path, loaded: &Loaded, out: &Out) {
    let Loaded { settings, warnings, digest, variables: _ } = loaded;
    if out.is_json() {
        out.record(&json!({
            "file": path, "ok": true, "mistakes": warnings, "digest": digest, "settings": settings,
        }));
        return;
    }
    out.warn(warnings);
    let servers = count(settings.servers.len(), "server");
    let words = format!("level {}, {}, {servers}", settings.level, settings.mode.as_str());
    let doubts = warnings.count(Gravity::Warning);
    let doubts = if doubts == 0 { String::new() } else { format!(", {}", count(doubts, "warning")) };
    out.say(format!("{} {} ({words}{doubts})", path.display(), out.good("is fine")));
}

fn tally(errors: usize, warnings: usize) -> String {
    match warnings {
        0 => count(errors, "error"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

pub(super) fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
