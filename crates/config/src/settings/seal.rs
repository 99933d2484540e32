use crate::{Mistake, SecretRef, section::Section, value::Item};
use serde::Serialize;
use std::path::PathBuf;

/// Where the key is that the keys of sealed state are wrapped under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Seal {
    /// A file of 32 bytes that only its owner may read.
    File(PathBuf),
    /// A descriptor that whoever starts the gateway leaves open.
    Fd(u32),
    /// An AES key in a device behind PKCS#11, which it never leaves.
    Pkcs11 {
        /// The library of the device's maker.
        module: PathBuf,
        /// The label of the token.
        token: String,
        /// The label of the key.
        label: String,
        /// Where the PIN of the token's user is.
        pin: SecretRef,
    },
    /// A TPM 2.0.
    Tpm {
        /// Its device.
        device: PathBuf,
        /// The registers of the SHA-256 bank that must hold what they hold when a key is sealed.
        pcrs: Vec<u8>,
    },
}

/// A device with the kernel's resource manager.
const TPM: &str = "/dev/tpmrm0";
const LABEL: &str = "doorward";

impl Seal {
    pub(crate) fn read(section: Section<'_>) -> Option<Self> {
        let file = section.get("file", Item::path).map(Self::File);
        let fd = section.get("fd", descriptor).map(Self::Fd);
        let pkcs11 = section.table("pkcs11").and_then(read_token);
        let tpm = section.table("tpm").and_then(read_tpm);
        let named: Vec<_> = ["file", "fd", "pkcs11", "tpm"].into_iter().filter(|key| section.has(key)).collect();
        let (reading, span) = (section.reading, section.span.clone());
        section.finish();
        if let [_] = named.as_slice() {
            return file.or(fd).or(pkcs11).or(tpm);
        }
        let mistake = Mistake::error("`store.seal` must name exactly one place").help(PLACES);
        reading.tell(span, mistake);
        None
    }
}

const PLACES: &str = "write `{ file = \"/path/to/seal.key\" }`, `{ fd = 3 }`, `{ pkcs11 = { … } }` or `{ tpm = {} }`";

fn descriptor(item: &Item<'_>) -> Result<u32, Mistake> {
    let number = item.count()?;
    let number = u32::try_from(number).ok().filter(|n| (3..=1024).contains(n));
    number.ok_or_else(|| item.wrong("is no descriptor that can be handed over").label("from 3 to 1024"))
}

fn read_token(table: Section<'_>) -> Option<Seal> {
    let module = table.need("module", "module = \"/usr/lib/softhsm/libsofthsm2.so\"", Item::path);
    let token = table.need("token", "token = \"doorward\"", Item::owned);
    let label = table.get("label", Item::owned).unwrap_or_else(|| LABEL.to_owned());
    let pin = table.need("pin", "pin = { file = \"/run/secrets/pin\" }", Item::secret);
    table.finish();
    Some(Seal::Pkcs11 { module: module?, token: token?, label, pin: pin? })
}

fn read_tpm(table: Section<'_>) -> Option<Seal> {
    let device = table.get("device", Item::path).unwrap_or_else(|| TPM.into());
    let register = |item: &Item<'_>| {
        let number = item.value.as_integer().and_then(|n| u8::from_str_radix(n.as_str(), n.radix()).ok());
        number.filter(|n| *n < 24).ok_or_else(|| item.wrong("is not a register").label("from 0 to 23"))
    };
    let pcrs = table.get("pcrs", |item| item.all("a list of numbers of registers", register)).unwrap_or_default();
    table.finish();
    Some(Seal::Tpm { device, pcrs })
}
