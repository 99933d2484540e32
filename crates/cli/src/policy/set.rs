use super::glob;
use doorward_policy::{Base, Diagnostic, Policies, Source};
use std::{fs, io::Write as _, path::PathBuf, process::ExitCode};

/// Which policies to work on.
#[derive(Debug, clap::Args)]
pub(super) struct SetArgs {
    /// Policy files; `*`, `?` and `**` stand for parts of the path. May be given several times
    #[arg(long, value_name = "GLOB")]
    policies: Vec<String>,
    /// What holds before them: none, watch, guard or lockdown
    #[arg(long, value_name = "LEVEL", default_value = "guard")]
    base: Base,
}

impl SetArgs {
    /// Reads and checks the policies; what is wrong has been shown where there is none.
    pub(super) fn compile(&self) -> Result<Policies, ExitCode> {
        let mut sources = Vec::new();
        for pattern in &self.policies {
            let files = glob::files(pattern);
            if files.is_empty() {
                return Err(wrong(&format!("no file matches `{pattern}`")));
            }
            for file in files {
                sources.push(Source { name: file.display().to_string(), text: read(&file)? });
            }
        }
        let policies = Policies::compile(&sources, self.base).map_err(|errors| show(&errors))?;
        show(policies.warnings());
        Ok(policies)
    }
}

/// A file's text; what is wrong has been shown where there is none.
pub(super) fn read(file: &PathBuf) -> Result<String, ExitCode> {
    fs::read_to_string(file).map_err(|e| wrong(&format!("cannot read `{}`: {e}", file.display())))
}

/// Shows diagnostics with file, line and caret, and gives the exit code of a wrong configuration.
pub(super) fn show(diagnostics: &[Diagnostic]) -> ExitCode {
    for diagnostic in diagnostics {
        let report = miette::Report::new(diagnostic.clone());
        // A closed standard error is nobody who reads.
        let _ = writeln!(std::io::stderr().lock(), "{report:?}");
    }
    ExitCode::from(2)
}

/// Shows one sentence, and gives the exit code of a wrong use.
pub(super) fn wrong(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "error: {message}");
    ExitCode::from(2)
}
