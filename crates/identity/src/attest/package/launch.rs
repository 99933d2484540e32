use std::path::Path;

/// The first line of a script, as the kernel reads it (execve(2), "Interpreter scripts").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shebang {
    /// The interpreter, a path.
    pub interpreter: String,
    /// What it is given before the script; the kernel gives at most one argument.
    pub argument: Option<String>,
}

/// How many bytes of a file the kernel looks at.
const HEAD: usize = 256;

/// The interpreter that the beginning of a file names.
pub fn shebang(head: &[u8]) -> Option<Shebang> {
    let line = head.get(..head.len().min(HEAD))?.strip_prefix(b"#!")?;
    let end = line.iter().position(|b| *b == b'\n')?;
    let line = std::str::from_utf8(line.get(..end)?).ok()?.trim_matches([' ', '\t', '\r']);
    let (interpreter, argument) = match line.split_once([' ', '\t']) {
        Some((interpreter, argument)) => (interpreter, Some(argument.trim_start_matches([' ', '\t']).to_owned())),
        None => (line, None),
    };
    (!interpreter.is_empty()).then(|| Shebang { interpreter: interpreter.to_owned(), argument })
}

/// What kind of program it is, as far as that says what else it loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// It is the server.
    Native,
    /// Node.js, or another program that loads packages as it does.
    Node,
    /// Python.
    Python,
    /// It runs a package of the npm registry, and fetches it where it is not there.
    Npx,
    /// It runs an image of a container.
    Container,
    /// It starts something else, that nobody knows before it runs.
    Launcher,
}

impl Runtime {
    /// By the name of the program.
    pub fn of(program: &str) -> Self {
        let name = Path::new(program).file_name().and_then(|n| n.to_str()).unwrap_or(program);
        let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        match plain {
            "node" | "nodejs" | "bun" => Self::Node,
            "python" | "pypy" => Self::Python,
            "npx" => Self::Npx,
            "docker" | "podman" | "nerdctl" => Self::Container,
            "npm" | "pnpm" | "yarn" | "bunx" | "pnpx" | "uv" | "uvx" | "pipx" | "poetry" | "deno" | "env" | "sh"
            | "bash" | "dash" | "zsh" | "fish" | "ruby" | "perl" | "php" | "java" | "dotnet" | "go" | "cargo" => {
                Self::Launcher
            }
            _ => Self::Native,
        }
    }
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Main {
    /// The program itself.
    Program,
    /// A file among the arguments.
    File(String),
    /// A module of Python.
    Module(String),
    /// A package of the npm registry, by what names it.
    Package(String),
    /// An image, pinned by its digest.
    PinnedImage,
    /// Code on the command line.
    Inline,
    /// Nobody knows.
    Unknown,
}

/// A command line, read as its program reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// What kind of program it is.
    pub runtime: Runtime,
    /// What is run.
    pub main: Main,
    /// Files that are loaded before it.
    pub preloaded: Vec<String>,
}

impl Launch {
    /// Reads the arguments of `program`.
    pub fn read(program: &str, arguments: &[String]) -> Self {
        let runtime = Runtime::of(program);
        let mut preloaded = Vec::new();
        let main = match runtime {
            Runtime::Native => Main::Program,
            Runtime::Node => node(arguments, &mut preloaded),
            Runtime::Python => python(arguments),
            Runtime::Npx => npx(arguments),
            Runtime::Container => container(arguments),
            Runtime::Launcher => Main::Unknown,
        };
        Self { runtime, main, preloaded }
    }
}

/// Options of Node.js that take the next argument (`node --help`).
const NODE_VALUES: [&str; 8] = [
    "-C",
    "--conditions",
    "--title",
    "--env-file",
    "--icu-data-dir",
    "--openssl-config",
    "--input-type",
    "--stack-trace-limit",
];
const NODE_LOADS: [&str; 5] = ["-r", "--require", "--import", "--loader", "--experimental-loader"];
const NODE_INLINE: [&str; 5] = ["-e", "--eval", "-p", "--print", "-pe"];

fn node(arguments: &[String], preloaded: &mut Vec<String>) -> Main {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, value) = argument.split_once('=').map_or((argument.as_str(), None), |(n, v)| (n, Some(v)));
        match name {
            _ if NODE_INLINE.contains(&name) => return Main::Inline,
            _ if NODE_LOADS.contains(&name) => {
                preloaded.extend(value.map(str::to_owned).or_else(|| rest.next().cloned()));
            }
            _ if NODE_VALUES.contains(&name) && value.is_none() => drop(rest.next()),
            "--" => return rest.next().map_or(Main::Unknown, |file| Main::File(file.clone())),
            // The word of bun for what comes next.
            "run" => {}
            _ if argument.starts_with('-') && argument.len() > 1 => {}
            "-" => return Main::Unknown,
            _ => return Main::File(argument.clone()),
        }
    }
    Main::Unknown
}

fn python(arguments: &[String]) -> Main {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(flags) = argument.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            return if argument == "-" { Main::Unknown } else { Main::File(argument.clone()) };
        };
        if let Some(long) = argument.strip_prefix("--") {
            if long == "check-hash-based-pycs" {
                rest.next();
            }
            continue;
        }
        for (at, flag) in flags.char_indices() {
            let glued = flags.get(at + 1..).filter(|rest| !rest.is_empty());
            match flag {
                'c' => return Main::Inline,
                'm' => {
                    let module = glued.map(str::to_owned).or_else(|| rest.next().cloned());
                    return module.map_or(Main::Unknown, Main::Module);
                }
                'W' | 'X' => {
                    if glued.is_none() {
                        rest.next();
                    }
                    break;
                }
                _ => {}
            }
        }
    }
    Main::Unknown
}

/// One package, run by its own name: `npx [-y] PACKAGE …`, `npx -p PACKAGE …`.
fn npx(arguments: &[String]) -> Main {
    let mut rest = arguments.iter();
    let mut named: Vec<String> = Vec::new();
    while let Some(argument) = rest.next() {
        let (name, value) = argument.split_once('=').map_or((argument.as_str(), None), |(n, v)| (n, Some(v)));
        match name {
            "-p" | "--package" => named.extend(value.map(str::to_owned).or_else(|| rest.next().cloned())),
            "-c" | "--call" => return Main::Unknown,
            "-y" | "--yes" | "-q" | "--quiet" | "--no" | "--offline" | "--prefer-offline" | "--prefer-online"
            | "--" => {}
            _ if argument.starts_with('-') => return Main::Unknown,
            _ => {
                return match <[String; 1]>::try_from(named) {
                    Ok([package]) => Main::Package(package),
                    Err(named) if named.is_empty() => Main::Package(argument.clone()),
                    Err(_) => Main::Unknown,
                };
            }
        }
    }
    Main::Unknown
}

/// An image whose name ends in its digest (OCI distribution, "Pulling manifests"): the engine checks it.
fn container(arguments: &[String]) -> Main {
    let pinned = |word: &String| {
        word.split_once("@sha256:").is_some_and(|(image, hex)| {
            !image.is_empty()
                && !image.starts_with('-')
                && hex.len() == 64
                && hex.bytes().all(|b| b.is_ascii_hexdigit())
        })
    };
    if arguments.iter().any(pinned) { Main::PinnedImage } else { Main::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_first_line_as_the_kernel_does() {
        let read = |text: &str| shebang(text.as_bytes()).map(|s| (s.interpreter, s.argument));
        let some = |i: &str, a: Option<&str>| Some((i.to_owned(), a.map(str::to_owned)));
        assert_eq!(read("#!/bin/sh\nexit"), some("/bin/sh", None));
        assert_eq!(read("#! /usr/bin/env  node \n"), some("/usr/bin/env", Some("node")));
        assert_eq!(
            read("#!/usr/bin/env -S node --no-warnings\r\n"),
            some("/usr/bin/env", Some("-S node --no-warnings"))
        );
        for bad in ["", "#!", "#!\n", "#!/bin/sh", "\u{7f}ELF", &format!("#!/{}\n", "a".repeat(300))] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn finds_what_is_run() {
        let check = |line: &str, main: Main| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(Launch::read(&words[0], &words[1..]).main, main, "{line}");
        };
        let file = |f: &str| Main::File(f.into());
        check("/opt/mcp-files /data", Main::Program);
        check("node /srv/index.js --port 1", file("/srv/index.js"));
        check("node -r ./hook.js --title x --no-warnings index.js", file("index.js"));
        check("node --import=./hook.mjs -- index.js", file("index.js"));
        check("node -e 1", Main::Inline);
        check("node", Main::Unknown);
        check("python3.12 -u -W ignore -X utf8 server.py", file("server.py"));
        check("/venv/bin/python -um mcp_server_fetch --x", Main::Module("mcp_server_fetch".into()));
        check("python3 -mmcp", Main::Module("mcp".into()));
        check("python -c pass", Main::Inline);
        check("npx -y @scope/server@1.2.3 /data", Main::Package("@scope/server@1.2.3".into()));
        check("npx -p one@1 -p two@2 one", Main::Unknown);
        check("npx --package=one@1 run-one", Main::Package("one@1".into()));
        check("npx -c echo", Main::Unknown);
        check("uvx mcp-server-fetch", Main::Unknown);
        check("docker run -i image:latest", Main::Unknown);
        check(&format!("docker run -i image@sha256:{}", "a".repeat(64)), Main::PinnedImage);
        check("docker run -i image@sha256:abc", Main::Unknown);
        let hook = Launch::read("node", &["-r".into(), "./hook.js".into(), "index.js".into()]);
        assert_eq!(hook.preloaded, ["./hook.js"]);
    }
}
