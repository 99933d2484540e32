//! What a command is made of, read from disk before it is started. Blocking: it reads whole files.
//!
//! The program is opened once, hashed, and executed by that descriptor, so nobody can put another one in its place in
//! between. What an interpreter loads by name is looked at before the start, and looked at again right after it.

mod files;
mod node;
mod process;
mod python;
#[cfg(test)]
mod tests;

pub(crate) use files::Digests;
pub(crate) use process::process;

use doorward_identity::attest::package::{Launch, Main, Measurement, Part, Runtime, shebang};
use doorward_transport::stdio::{Command, Executable};
use files::{Files, Trees};
use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    path::{Path, PathBuf},
};

/// What was found, and what to execute.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) measurement: Measurement,
    pub(crate) executable: Executable,
    trees: Trees,
}

impl Measured {
    /// Whether everything is still on disk as it was measured.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.trees.are_unchanged()
    }
}

/// The variables and the folder that a program is started with.
pub(crate) struct Place<'a> {
    command: &'a Command,
    folder: PathBuf,
}

impl Place<'_> {
    /// A variable of the program.
    fn variable(&self, name: &str) -> Option<String> {
        Some(self.command.variable(name)?.reveal(String::clone)).filter(|v| !v.is_empty())
    }
    /// A path as the program would read it.
    fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }
    /// The file that `program` names: a path, or a name that is searched in the program's `PATH` (execvp(3)).
    fn program(&self, program: &str) -> io::Result<PathBuf> {
        if program.contains('/') {
            return Ok(self.path(program));
        }
        let search = self.variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        let found = search.split(':').map(|folder| self.path(folder).join(program)).find(|path| is_program(path));
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("`{program}` is not in its PATH")))
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// How deep scripts may interpret scripts (execve(2)).
const DEEPEST: usize = 4;

/// Variables with which something else is loaded.
const LOADERS: [&str; 7] =
    ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "NODE_OPTIONS", "NODE_PATH", "PYTHONHOME", "BUN_OPTIONS"];

/// Measures what `command` would start.
///
/// # Errors
/// Something cannot be found or read, or changes while it is read.
pub(crate) fn measure(command: &Command, digests: &dyn Digests) -> io::Result<Measured> {
    let folder = match &command.cwd {
        Some(folder) => std::path::absolute(folder)?,
        None => std::env::current_dir()?,
    };
    let place = Place { command, folder };
    let mut files = Files::new(digests);
    let mut argv = command.argv.clone();
    let word = argv.first().cloned().unwrap_or_default();
    let mut path = place.program(&word)?;
    let mut scripts: Vec<Part> = Vec::new();
    // The kernel would open interpreters by name: they are followed here, so that the last one is executed as measured.
    let program = loop {
        let mut program = File::open(&path)?;
        let Some(line) = shebang(&head(&mut program)?) else { break program };
        if scripts.len() == DEEPEST {
            return Err(io::Error::other(format!("`{}`: too many interpreters", path.display())));
        }
        scripts.push(files.part(&path)?);
        let (interpreter, mut words) = interpreter(&place, &line.interpreter, line.argument)?;
        words.push(path.to_string_lossy().into_owned());
        words.extend(argv.drain(..).skip(1));
        argv = words;
        path = interpreter;
    };
    let measured = files.held(&path, &program)?;
    let mut measurement = Measurement {
        program: measured,
        scripts: Vec::new(),
        packages: std::collections::BTreeMap::new(),
        unseen: Vec::new(),
        altered: Vec::new(),
        missing: None,
    };
    look(&place, &path, &argv, &word, &mut files, &mut measurement)?;
    // A script that names its interpreter is its first argument, and was looked at as that.
    scripts.retain(|script| !measurement.scripts.contains(script));
    measurement.scripts.splice(0..0, scripts);
    for name in LOADERS {
        if place.variable(name).is_some() {
            measurement.unseen.push(format!("`{name}` makes it load other code"));
        }
    }
    let mut env = Vec::new();
    if !measurement.packages.is_empty() && Runtime::of(&path.to_string_lossy()) == Runtime::Python {
        // Compiled files are measured: the server must not make new ones.
        env.push(("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()));
    }
    let executable = Executable { file: program, argv, env };
    Ok(Measured { measurement, executable, trees: files.trees })
}

fn is_script(argument: &str) -> bool {
    const ENDS: [&str; 14] =
        [".js", ".mjs", ".cjs", ".ts", ".py", ".pyz", ".rb", ".pl", ".php", ".sh", ".lua", ".jar", ".dll", ".wasm"];
    ENDS.iter().any(|end| argument.ends_with(end))
}

fn head(program: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(256);
    program.by_ref().take(256).read_to_end(&mut head)?;
    program.rewind()?;
    Ok(head)
}

/// The file of an interpreter and the words before the script. `env` is followed too, where it only looks up a name.
fn interpreter(place: &Place<'_>, named: &str, argument: Option<String>) -> io::Result<(PathBuf, Vec<String>)> {
    let is_env = Path::new(named).file_name().is_some_and(|n| n == "env");
    let words: Vec<String> = match &argument {
        Some(line) if is_env => {
            let line = line.strip_prefix("-S").unwrap_or(line);
            line.split_whitespace().map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    match words.first() {
        Some(program) if !program.starts_with('-') && !program.contains('=') => Ok((place.program(program)?, words)),
        _ => Ok((place.path(named), std::iter::once(named.to_owned()).chain(argument).collect())),
    }
}

/// Looks at what the program is given: its script and its packages.
fn look(
    place: &Place<'_>,
    path: &Path,
    argv: &[String],
    word: &str,
    files: &mut Files<'_>,
    found: &mut Measurement,
) -> io::Result<()> {
    let words = argv.get(1..).unwrap_or_default();
    let mut launch = Launch::read(&path.to_string_lossy(), words);
    if launch.runtime == Runtime::Native {
        // Another name may lead to an interpreter.
        launch = Launch::read(&std::fs::canonicalize(path)?.to_string_lossy(), words);
    }
    // `npx` is a script of Node.js: what it is asked to run is among the words of the command itself.
    let asked = Launch::read(word, place.command.argv.get(1..).unwrap_or_default());
    if matches!(asked.runtime, Runtime::Npx | Runtime::Launcher) {
        launch = Launch { preloaded: launch.preloaded, ..asked };
    }
    for preloaded in &launch.preloaded {
        match place.path(preloaded) {
            file if file.is_file() => found.scripts.push(files.part(&file)?),
            _ => found.unseen.push(format!("`{preloaded}` is loaded before it")),
        }
    }
    let known = matches!(launch.main, Main::File(_) | Main::Module(_) | Main::Package(_) | Main::PinnedImage);
    if !known {
        // What a program of another name is given may be its code.
        for argument in argv.iter().skip(1).filter(|a| is_script(a)) {
            let file = place.path(argument);
            if file.is_file() {
                found.scripts.push(files.part(&file)?);
            }
        }
    }
    match (launch.runtime, launch.main) {
        (Runtime::Native, _) | (_, Main::PinnedImage) => {}
        (Runtime::Node, Main::File(file)) => {
            let script = place.path(&file);
            found.scripts.push(files.part(&script)?);
            node::packages(&script, files, found)?;
        }
        (Runtime::Npx, Main::Package(package)) => {
            if let Main::File(script) = Launch::read("node", argv.get(1..).unwrap_or_default()).main {
                node::packages(&place.path(&script), files, found)?;
            }
            node::fetched(place, &package, files, found)?;
        }
        (Runtime::Python, Main::File(file)) => {
            let script = place.path(&file);
            found.scripts.push(files.part(&script)?);
            python::beside(&script, files, found)?;
            python::packages(place, path, argv, files, found)?;
        }
        (Runtime::Python, Main::Module(module)) => {
            python::module(place, &module, files, found)?;
            python::packages(place, path, argv, files, found)?;
        }
        (_, Main::Inline) => found.unseen.push("it runs code of its command line".into()),
        _ => {
            let name =
                Path::new(word).file_name().map_or_else(|| word.to_owned(), |n| n.to_string_lossy().into_owned());
            found.unseen.push(format!("what `{name}` starts"));
        }
    }
    Ok(())
}
