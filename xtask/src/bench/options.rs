//! The words after `cargo xtask bench`.

use std::path::PathBuf;
use std::time::Duration;

use super::scenarios::Scenario;

pub(super) const USAGE: &str = "\
usage: cargo xtask bench [options]

Measures `direct`, `nginx` and `doorward` in one run with interleaved rounds.

  --rounds N      rounds of the main scenarios (default 5); the others have 3 at most
  --quick         2 rounds of short stretches: does it work, not how fast is it
  --only A,B      only these scenarios
  --bare          also a bare hyper proxy: the floor of our HTTP stack
  --policies      also doorward with a thousand policies
  --credential    also doorward with a credential for its servers
  --bin PATH      the gateway (default: the newest of target/dist/doorward and target/release/doorward)
  --build         build the gateway first, with profile `dist`
  --as-is         leave cores to halt and threads to wander (see the header of the report)
  --json FILE     also write every round as JSON
  --check         exit 1 when a target is missed

exit: 0 measured, 1 a call failed or a target was missed under --check, 2 the harness could not do its work";

/// What the run is to do.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) rounds: usize,
    pub(super) quick: bool,
    pub(super) only: Vec<String>,
    pub(super) bare: bool,
    pub(super) policies: bool,
    pub(super) credential: bool,
    pub(super) bin: Option<PathBuf>,
    pub(super) build: bool,
    pub(super) as_is: bool,
    pub(super) json: Option<PathBuf>,
    pub(super) check: bool,
    /// Nothing more is measured after it.
    pub(super) limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rounds: 5,
            quick: false,
            only: Vec::new(),
            bare: false,
            policies: false,
            credential: false,
            bin: None,
            build: false,
            as_is: false,
            json: None,
            check: false,
            limit: Duration::from_secs(140),
        }
    }
}

impl Options {
    /// `None` when only help was asked for.
    pub(super) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--rounds" => {
                    let given = value()?;
                    options.rounds = given
                        .parse()
                        .ok()
                        .filter(|rounds| (1..=100).contains(rounds))
                        .ok_or_else(|| format!("`--rounds {given}`: a number from 1 to 100"))?;
                    // Whoever asks for more rounds has the time for them.
                    options.limit =
                        options.limit.max(Duration::from_secs(28) * u32::try_from(options.rounds).unwrap_or(u32::MAX));
                }
                "--quick" => options.quick = true,
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--bare" => options.bare = true,
                "--policies" => options.policies = true,
                "--credential" => options.credential = true,
                "--bin" => options.bin = Some(value()?.into()),
                "--build" => options.build = true,
                "--as-is" => options.as_is = true,
                "--json" => options.json = Some(value()?.into()),
                "--check" => options.check = true,
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("unknown option `{word}`\n\n{USAGE}")),
            }
        }
        if options.quick {
            options.rounds = options.rounds.min(2);
        }
        for name in &options.only {
            if !super::scenarios::ALL.iter().any(|scenario| scenario.name == name) {
                let known: Vec<_> = super::scenarios::ALL.iter().map(|scenario| scenario.name).collect();
                return Err(format!("no scenario `{name}`; there are {}", known.join(", ")));
            }
        }
        Ok(Some(options))
    }

    pub(super) fn wants(&self, scenario: &Scenario) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == scenario.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_options() {
        let options = parse("--quick --rounds 9 --only c1,c32 --json out.json --check").unwrap().unwrap();
        assert!(options.quick && options.check && options.rounds == 2 && options.only == ["c1", "c32"]);
        assert_eq!(options.json, Some("out.json".into()));
        assert!(parse("--help").unwrap().is_none());
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in ["--rounds", "--rounds 0", "--rounds x", "--only c1,nothing", "fast", "--bin"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
