use crate::{Failure, verbs::ConfigFile};
use doorward_config::{PolicyBase, Settings, expand};
use doorward_policy::{Base, Diagnostic, Policies, Source, cases};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Which policies to work on: those of the configuration, or others.
#[derive(clap::Args)]
#[group(skip)]
pub(super) struct SetArgs {
    #[command(flatten)]
    config: ConfigFile,
    /// Policy files instead of the configuration's; `*`, `?` and `**` stand for parts of the path. May be repeated
    #[arg(long, value_name = "GLOB", conflicts_with = "named")]
    policies: Vec<String>,
    /// What holds before them: none, watch, guard or lockdown [default: the configuration's, else guard]
    #[arg(long, value_name = "LEVEL")]
    base: Option<Base>,
}

impl SetArgs {
    /// Reads and checks the policies. Warnings are told on the way.
    pub(super) fn compile(&self) -> Result<Policies, Failure> {
        let (files, base) = self.files()?;
        let mut sources = Vec::new();
        for file in files {
            sources.push(Source { name: file.display().to_string(), text: read(&file)? });
        }
        let policies = Policies::compile(&sources, base).map_err(|errors| wrong(&errors))?;
        tell(policies.warnings());
        Ok(policies)
    }

    fn files(&self) -> Result<(Vec<PathBuf>, Base), Failure> {
        let guard = Base::Level(doorward_vocab::Level::Guard);
        if self.policies.is_empty() {
            let (path, loaded) = self.config.load()?;
            let settings = loaded.settings;
            let base = match settings.policy.base {
                _ if path.is_none() => guard,
                PolicyBase::Level => Base::Level(settings.level),
                PolicyBase::None => Base::None,
            };
            return Ok((settings.policy.files, self.base.unwrap_or(base)));
        }
        let mut files = Vec::new();
        for pattern in &self.policies {
            let found =
                expand(Path::new("."), pattern).map_err(|e| Failure::file("look for", Path::new(pattern), &e))?;
            if found.is_empty() {
                return Err(Failure::usage(
                    format!("no file fits `{pattern}`"),
                    "name the policy files, as in `policies/*.cedar`",
                ));
            }
            files.extend(found.iter().map(|file| file.strip_prefix(".").unwrap_or(file).to_owned()));
        }
        files.sort();
        files.dedup();
        Ok((files, self.base.unwrap_or(guard)))
    }
}

/// The cases of a file.
pub(super) fn cases(file: &Path) -> Result<Vec<cases::Case>, Failure> {
    cases::read(&file.display().to_string(), &read(file)?).map_err(|errors| wrong(&errors))
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|e| Failure::file("read", file, &e))
}

/// The policies of a configuration, with its base.
pub(crate) fn of(settings: &Settings) -> Result<Policies, Failure> {
    let base = match settings.policy.base {
        PolicyBase::Level => Base::Level(settings.level),
        PolicyBase::None => Base::None,
    };
    let mut sources = Vec::new();
    for file in &settings.policy.files {
        sources.push(Source { name: file.display().to_string(), text: read(file)? });
    }
    Policies::compile(&sources, base).map_err(|errors| wrong(&errors))
}

/// Tells mistakes in policies or cases as Cedar draws them, with file, line and caret; what is left is the exit code.
pub(crate) fn wrong(diagnostics: &[Diagnostic]) -> Failure {
    tell(diagnostics);
    Failure::Mistaken(doorward_config::Report::default())
}

fn tell(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let report = miette::Report::new(diagnostic.clone());
        // A closed standard error is nobody who reads.
        let _ = writeln!(std::io::stderr().lock(), "{report:?}");
    }
}
