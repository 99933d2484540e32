use super::super::attest::digest;
use crate::{Mistake, section::Section, value::Item};
use doorward_vocab::Digest;
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};
use toml::de::DeValue;

/// Machines that are known by their TPM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tpm {
    /// Who must vouch for endorsement keys beside the operator, PEM; absent: nobody.
    pub authorities: Option<PathBuf>,
    /// The enrolled machines.
    pub machines: Vec<Machine>,
    /// What each register may hold.
    pub registers: BTreeMap<u8, Vec<Digest>>,
}

/// A machine that is an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The id of the agent.
    pub agent: String,
    /// The digest of the public half of its endorsement key.
    pub endorsement: Digest,
}

/// The registers of a TPM for a PC (TCG PC Client Platform TPM Profile §4.6).
const REGISTERS: u8 = 24;

impl Tpm {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let authorities = section.get("authorities", Item::existing);
        if !section.has("machines") {
            section.missing("machines", "machines = [{ agent = \"builder\", endorsement = \"sha256:…\" }]");
        }
        let machines: Vec<_> = section.tables("machines").into_iter().filter_map(Machine::read).collect();
        let registers = match section.has("registers") {
            true => section.get("registers", registers),
            false => {
                section.missing("registers", "registers = { 7 = \"sha256:…\" }");
                None
            }
        };
        (!machines.is_empty()).then_some(Self { authorities, machines, registers: registers? })
    }
}

impl Machine {
    fn read(section: Section<'_>) -> Option<Self> {
        let agent = section.need("agent", "agent = \"builder\"", Item::owned);
        let endorsement = section.need("endorsement", "endorsement = \"sha256:…\"", digest);
        section.finish();
        Some(Self { agent: agent?, endorsement: endorsement? })
    }
}

/// `{ 7 = "sha256:…", 11 = ["sha256:…", "sha256:…"] }`
fn registers(item: &Item<'_>) -> Result<BTreeMap<u8, Vec<Digest>>, Mistake> {
    let DeValue::Table(table) = item.value else { return Err(item.wants("registers with their values")) };
    let section = Section::new(item.reading, item.path.clone(), item.span.clone(), table);
    let mut registers = BTreeMap::new();
    for (span, value) in section.entries() {
        let number = value.key.parse::<u8>().ok().filter(|number| *number < REGISTERS);
        let Some(number) = number else {
            let mistake = Mistake::error(format!("`{}` is not the number of a register", value.key));
            section.reading.tell(span, mistake.label("0 to 23"));
            continue;
        };
        let values = match value.value {
            DeValue::Array(_) => value.all("a list of digests", digest)?,
            _ => vec![digest(&value)?],
        };
        if values.is_empty() {
            return Err(value.wrong("is empty").label("no machine would be let in"));
        }
        registers.insert(number, values);
    }
    match registers.is_empty() {
        true => Err(item.wrong("names no register").label("a quote of nothing says nothing of the machine")),
        false => Ok(registers),
    }
}
