//! Agents on machines that somebody enrolled: which TPM it is, that the key which signs lives in it, and what the machine
//! measured, all by one quote.
//!
//! The gateway wraps a secret for the enrolled endorsement key and the name of the key that will sign
//! ([`Challenge`](super::tpm::Challenge)). Only that chip reads it, and only if it holds that key. What is then quoted is the
//! secret, so the quote shows both at once. A quote over the secret and the thumbprint of a key
//! ([`question`]) binds what is given for it to that key, so that nobody can pass on what a machine said.

use super::{
    Attestation, KeyBinding,
    tpm::{AttestationKey, Registers, TpmError, endorsement, verify},
};
use doorward_vocab::{Assurance, Digest, Timestamp};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use std::{collections::BTreeMap, sync::Arc};

/// Which machines are which agents, and what they must have measured.
#[derive(Clone, Debug, Default)]
pub struct MachineRules {
    /// Who must vouch for endorsement keys beside the operator; empty: nobody.
    pub authorities: Box<[CertificateDer<'static>]>,
    /// The enrolled machines.
    pub machines: Vec<MachineRule>,
    /// What each register may hold; all that are named must be quoted, and no others.
    pub registers: BTreeMap<u8, Box<[Digest]>>,
}

/// A machine that is an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineRule {
    /// The agent's id.
    pub agent: Arc<str>,
    /// The digest of the public half of its endorsement key (`SubjectPublicKeyInfo`).
    pub endorsement: Digest,
}

/// A machine that was enrolled; nothing is proved of it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The agent's id.
    pub agent: Arc<str>,
    /// The public half of its endorsement key.
    pub endorsement: Vec<u8>,
    /// The digest of that.
    pub enrolled: Digest,
}

/// What a machine shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// The description of the key that signed (`TPM2B_PUBLIC`).
    pub public: Vec<u8>,
    /// What was signed (`TPMS_ATTEST`).
    pub message: Vec<u8>,
    /// The signature (ECDSA, DER).
    pub signature: Vec<u8>,
    /// The registers as the machine says they are; the quote shows whether that is so.
    pub registers: Registers,
}

/// The certificates in a PEM file; `None` without any, or where one cannot be read.
pub fn authorities(pem: &[u8]) -> Option<Box<[CertificateDer<'static>]>> {
    let all: Box<[_]> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    let good = all.iter().all(|certificate| webpki::anchor_from_trusted_cert(certificate).is_ok());
    (good && !all.is_empty()).then_some(all)
}

/// What the quote must be about: `secret`, and the key that what is given for it is bound to.
pub fn question(secret: &[u8], key: Option<&KeyBinding>) -> Vec<u8> {
    match key {
        None => secret.to_vec(),
        Some(key) => Digest::of(&[secret, &key.digest().as_bytes()[..]].concat()).as_bytes().to_vec(),
    }
}

impl MachineRules {
    /// The machine with this endorsement key: its public half, or where authorities must vouch for it, its certificate.
    ///
    /// # Errors
    /// [`TpmError::Endorsement`], and [`TpmError::Unknown`] where nobody enrolled it.
    pub fn machine(&self, shown: &[u8], now: Timestamp) -> Result<Machine, TpmError> {
        let public = match self.authorities.is_empty() {
            true => shown.to_vec(),
            false => endorsement(shown, &[], &self.authorities, now)?,
        };
        let enrolled = Digest::of(&public);
        let rule = self.machines.iter().find(|rule| rule.endorsement == enrolled).ok_or(TpmError::Unknown)?;
        Ok(Machine { agent: rule.agent.clone(), endorsement: public, enrolled })
    }

    /// What `quoted` proves of a machine whose key of this `name` was given `secret`; with the agent's id. It is as strong as
    /// hardware where what is given for it is bound to a `key` that the quote is about, and else as a bearer's token.
    ///
    /// # Errors
    /// [`TpmError`].
    pub fn judge(
        &self,
        (enrolled, name, secret): (&Digest, &[u8], &[u8]),
        quoted: &Quoted,
        key: Option<KeyBinding>,
        at: Timestamp,
    ) -> Result<(Arc<str>, Attestation), TpmError> {
        let rule = self.machines.iter().find(|rule| rule.endorsement == *enrolled).ok_or(TpmError::Unknown)?;
        let signer = AttestationKey::read(&quoted.public)?;
        if signer.name != name {
            return Err(TpmError::Key);
        }
        let may = |(at, value): (&u8, &Digest)| self.registers.get(at).is_some_and(|values| values.contains(value));
        if !self.registers.keys().eq(quoted.registers.keys()) || !quoted.registers.iter().all(may) {
            return Err(TpmError::Registers);
        }
        let nonce = question(secret, key.as_ref());
        let proved = verify(&signer, &quoted.message, &quoted.signature, &nonce, &quoted.registers, at)?;
        let mut posture = proved.posture.clone();
        posture.insert("key".into(), proved.subject.clone());
        let assurance = if key.is_some() { Assurance::Hardware } else { Assurance::PlatformToken };
        let subject = format!("tpm:{enrolled}").into();
        Ok((rule.agent.clone(), Attestation { subject, assurance, posture, key, ..proved }))
    }
}
