use crate::Out;
use doorward_config::{Mistake, Report};
use std::{io, path::Path, process::ExitCode};

/// What a verb comes to: everything there is to say was said, or why not.
pub(crate) type Done = Result<(), Failure>;

/// Why a verb did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The thing asked about failed, and the output says how. Exit code 1.
    Asked,
    /// Something could not be done; the sentence says what. Exit code 1.
    Broken(String),
    /// The command line or the configuration is wrong. Exit code 2.
    Mistaken(Report),
}

impl Failure {
    /// The command line asks for something that cannot be.
    pub(crate) fn usage(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Mistaken(Mistake::error(what).help(help).into())
    }

    /// A file could not be read or written.
    pub(crate) fn file(act: &str, path: &Path, error: &io::Error) -> Self {
        Self::Broken(format!("cannot {act} `{}`: {error}", path.display()))
    }

    /// Tells it on standard error, and gives the exit code.
    pub(crate) fn tell(&self, out: &Out) -> ExitCode {
        match self {
            Self::Asked => ExitCode::from(1),
            Self::Broken(what) => {
                out.report(&Mistake::error(what).into());
                ExitCode::from(1)
            }
            Self::Mistaken(report) => {
                out.report(report);
                ExitCode::from(2)
            }
        }
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Self::Mistaken(report)
    }
}
