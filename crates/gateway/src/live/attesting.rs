//! From the `[[trust]]` entries whose agents show evidence for a token to the rules that judge it.

use super::{Surroundings, authority::AuthorityError, trust::public};
use doorward_config::{self as config, Settings, TrustKind};
use doorward_identity::attest::{
    aws::{AwsRules, RoleRule},
    machine::{MachineRule, MachineRules, authorities},
};
use std::sync::Arc;
use url::Url;

/// Whose evidence is taken.
#[derive(Debug, Default)]
pub(crate) struct Attesting {
    /// Entries of kind `aws-role`.
    pub(crate) roles: Vec<Roles>,
    /// Entries of kind `tpm`.
    pub(crate) machines: Vec<Machines>,
}

/// Roles of AWS that are agents.
#[derive(Debug)]
pub(crate) struct Roles {
    /// What the operator calls the entry.
    pub(crate) trust: Arc<str>,
    /// The STS that is asked.
    pub(crate) sts: Url,
    /// Which roles, for which audience.
    pub(crate) rules: AwsRules,
}

/// Machines that are agents.
#[derive(Debug)]
pub(crate) struct Machines {
    /// What the operator calls the entry.
    pub(crate) trust: Arc<str>,
    /// Which machines, and what they must have measured.
    pub(crate) rules: MachineRules,
}

impl Attesting {
    pub(super) fn of(settings: &Settings, around: &Surroundings) -> Result<Self, AuthorityError> {
        let mut all = Self::default();
        for entry in &settings.trust {
            let trust = || entry.name.as_str().into();
            match &entry.kind {
                TrustKind::AwsRole(roles) => {
                    let audience = roles.audience.clone().unwrap_or_else(|| public(settings, around));
                    let rules = AwsRules { audience: audience.into(), roles: roles.roles.iter().map(role).collect() };
                    all.roles.push(Roles { trust: trust(), sts: roles.sts.clone(), rules });
                }
                TrustKind::Tpm(tpm) => {
                    all.machines.push(Machines { trust: trust(), rules: machines(&entry.name, tpm)? });
                }
                _ => {}
            }
        }
        Ok(all)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.machines.is_empty()
    }
}

fn role(role: &config::AwsRole) -> RoleRule {
    RoleRule {
        agent: role.agent.as_str().into(),
        account: role.account.as_str().into(),
        role: role.role.clone(),
        session: role.session.clone(),
    }
}

fn machines(name: &str, tpm: &config::Tpm) -> Result<MachineRules, AuthorityError> {
    let rule = |machine: &config::Machine| MachineRule {
        agent: machine.agent.as_str().into(),
        endorsement: machine.endorsement,
    };
    let bad = |why: String| AuthorityError::Endorsement(name.to_owned(), why);
    let authorities = match &tpm.authorities {
        None => Box::default(),
        Some(path) => {
            let pem = std::fs::read(path).map_err(|e| bad(e.to_string()))?;
            // An empty list would mean that nobody has to vouch.
            authorities(&pem).ok_or_else(|| bad("there is no certificate in it, or one cannot be read".to_owned()))?
        }
    };
    Ok(MachineRules {
        authorities,
        machines: tpm.machines.iter().map(rule).collect(),
        registers: tpm.registers.iter().map(|(at, values)| (*at, values.clone().into())).collect(),
    })
}
