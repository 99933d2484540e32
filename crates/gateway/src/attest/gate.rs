use super::Standing;
use doorward_config::{Attest, First};
use doorward_transport::egress::{PeerShown, Vet};
use doorward_vocab::{Digest, Mode};
use std::sync::Arc;

/// Looks at each new connection to one server. Whoever is not the one that was looked at before gets nothing, and the
/// server is withheld from then on.
pub(crate) struct Gate {
    stated: Vec<Digest>,
    spiffe: bool,
    pinned: bool,
    mode: Mode,
    standing: Arc<Standing>,
}

impl Gate {
    pub(crate) fn new(attest: &Attest, mode: Mode, standing: &Arc<Standing>) -> Self {
        let spiffe = attest.spiffe.is_some();
        let pinned = attest.first != First::Off && attest.spki.is_empty() && !spiffe;
        Self { stated: attest.spki.clone(), spiffe, pinned, mode, standing: standing.clone() }
    }

    fn fits(&self, shown: Option<&PeerShown>) -> Result<(), String> {
        let key = shown.map(|shown| shown.spki);
        let told = || key.map_or_else(|| "no key".to_owned(), |key| format!("the key {key}"));
        if !self.stated.is_empty() && !key.is_some_and(|key| self.stated.contains(&key)) {
            return Err(format!("its certificate has {}, which the configuration does not name", told()));
        }
        if self.spiffe && shown.is_none() {
            return Err("it shows no certificate".into());
        }
        match self.standing.key() {
            _ if !self.pinned => Ok(()),
            Some(expected) if expected == key => Ok(()),
            Some(_) => Err(format!("its certificate has {}, which is not the approved one", told())),
            None => Err("nobody has looked at it yet".into()),
        }
    }
}

impl Vet for Gate {
    fn vet(&self, shown: Option<&PeerShown>) -> Result<(), Box<str>> {
        let Err(why) = self.fits(shown) else { return Ok(()) };
        self.standing.doubt(&why);
        match self.mode {
            Mode::Enforce => Err(why.into()),
            Mode::Observe => Ok(()),
        }
    }
}
