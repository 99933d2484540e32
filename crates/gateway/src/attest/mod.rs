//! Whether a server is the one that was approved: looked at before it is started or used, and again while it is.

mod aws;
mod digests;
mod gate;
mod remote;
mod standing;

pub(crate) use aws::ask_sts;
pub(crate) use digests::Remembered;
pub(crate) use gate::Gate;
pub(crate) use standing::{Known, Standing};

use crate::{
    Gateway,
    measure::{Measured, measure},
    passage::Passage,
    pins::Approval,
    refusal::Refusal,
    server::Server,
};
use doorward_audit::{Definition, DefinitionChange, DefinitionKind, Event};
use doorward_config::First;
use doorward_identity::attest::package::Measurement;
use doorward_transport::LinkError;
use doorward_vocab::{Channel, Digest, Finding, FindingKind, Mode, Severity};
use std::{io, sync::Arc, time::Duration};

impl Gateway {
    /// Looks at a server that is about to be started; gives what to execute. What is found holds for all its sessions.
    pub(crate) async fn attest(&self, server: &Arc<Server>) -> Result<Option<Measured>, Refusal> {
        if server.http().is_some() {
            Box::pin(self.attest_remote(server)).await;
            return Ok(None);
        }
        let Some(command) = server.command() else { return Ok(None) };
        let attest = &server.settings.attest;
        if attest.first == First::Off && attest.sha256.is_none() {
            return Ok(None);
        }
        let _looking = server.standing.looking.lock().await;
        let digests = self.digests.clone();
        let looked = {
            let command = command.clone();
            tokio::task::spawn_blocking(move || measure(&command, &*digests)).await
        };
        let measured = match looked.map_err(io::Error::other).and_then(|m| m) {
            Ok(measured) => measured,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                let program = command.argv.first().map_or("", String::as_str).into();
                return Err(Refusal::Link(server.profile.name.as_str().into(), LinkError::Spawn { program, source }));
            }
            Err(error) => {
                self.stands(server, Known::Withheld(format!("it cannot be measured: {error}").into()));
                return Ok(None);
            }
        };
        let known = self.judge_measurement(server, &measured.measurement);
        self.stands(server, known);
        Ok(Some(measured))
    }

    /// What a measurement means, by what the operator stated or what is pinned. A change goes into the trail.
    fn judge_measurement(&self, server: &Server, found: &Measurement) -> Known {
        let attest = &server.settings.attest;
        let good = || match found.is_whole() {
            true => Known::Attested(Arc::new(found.attestation(self.clock.now()))),
            false => Known::Admitted,
        };
        if let Some(stated) = attest.sha256 {
            return match found.stated() == stated && found.altered.is_empty() {
                true => good(),
                false => Known::Withheld(
                    format!("it measures {}, and the configuration says {stated}", found.stated()).into(),
                ),
            };
        }
        let first = attest.first == First::FirstUse && found.altered.is_empty();
        let told = |before: Option<&[u8]>| {
            let before = before.and_then(Measurement::read);
            let differences = match &before {
                Some(before) => found.differences(before),
                None => found.altered.iter().map(|f| format!("`{f}` is not what its package installed")).collect(),
            };
            differences.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ")
        };
        if found.missing.is_some() && first && self.pins.is_unknown(&server.profile.name, &server.label()) {
            return Known::Admitted;
        }
        self.pinned(server, &found.canonical(), first, found.digest(), &told, good)
    }

    /// Compares with what is pinned, and pins what is seen first.
    fn pinned(
        &self,
        server: &Server,
        canonical: &[u8],
        first: bool,
        digest: Digest,
        told: &dyn Fn(Option<&[u8]>) -> String,
        good: impl FnOnce() -> Known,
    ) -> Known {
        let name = &server.profile.name;
        let now = self.clock.now();
        let approval = self.pins.saw_server(name, &server.label(), canonical, first, now);
        let record = |change, from, findings| {
            let label = server.label();
            let record = Definition {
                server: name.clone(),
                kind: DefinitionKind::Server,
                name: label.into(),
                change,
                from,
                to: Some(digest),
                by: None,
                findings,
            };
            self.note(Event::Definition(record));
        };
        match approval {
            Approval::Approved => good(),
            Approval::Pinned => {
                record(DefinitionChange::Pinned, None, Vec::new());
                good()
            }
            Approval::Waits { fresh, approved } => {
                let why = told(approved.as_deref());
                let why = match (&approved, why.is_empty()) {
                    (None, true) => "nobody has approved it yet".to_owned(),
                    (None, false) => why,
                    (Some(_), _) => format!("it is not what was approved: {why}"),
                };
                if fresh {
                    let change = if approved.is_some() { DefinitionChange::Changed } else { DefinitionChange::Seen };
                    tracing::warn!(server = %name, "{why}; see `doorward approve {name}`");
                    record(change, approved.as_deref().map(Digest::of), vec![finding(&why)]);
                }
                Known::Withheld(format!("{why}; `doorward approve {name}` shows it").into())
            }
            Approval::Unknown(error) => Known::Withheld(format!("cannot read what is approved: {error}").into()),
        }
    }

    fn stands(&self, server: &Server, known: Known) {
        match &known {
            Known::Nothing | Known::Admitted => {}
            Known::Attested(proof) => {
                tracing::debug!(server = %server.profile.name, evidence = %proof.evidence, "attested: {}", proof.subject);
            }
            Known::Withheld(why) => tracing::info!(server = %server.profile.name, "withheld: {why}"),
        }
        if server.standing.found(known, self.clock.now()) {
            // What policies know of the server is part of what is known of its tools.
            server.catalog.forget();
        }
    }

    /// Refuses what is asked of a server that is not what was approved, before anything of it is started. The refusal is a
    /// ruling like any other.
    pub(crate) async fn refuse_withheld(&self, server: &Server, asks: impl FnOnce() -> Passage) -> Result<(), Refusal> {
        if server.standing.is_withheld() && server.profile.mode == Mode::Enforce {
            self.permit(&asks()).await?;
        }
        Ok(())
    }

    /// Looks again at servers that are withheld: somebody may have approved them, or they are what they were.
    pub(crate) async fn heed_approvals(&self, servers: impl Iterator<Item = &Arc<Server>>) {
        for server in servers.filter(|s| s.standing.is_withheld()) {
            let _ = self.attest(server).await;
        }
    }

    /// Looks again at servers in use whose proof is old.
    pub(crate) async fn renew_attestations(&self, servers: impl Iterator<Item = &Arc<Server>>) {
        let now = self.clock.now();
        for server in servers {
            let (known, since) = (server.standing.known(), server.standing.since());
            let started = !matches!(known, Known::Nothing) || server.http().is_some();
            let after = match known {
                // Who waits for it should not wait long.
                Known::Withheld(_) => server.settings.attest.every.min(WAITING),
                _ => server.settings.attest.every,
            };
            if started && now.since(since) >= after {
                let _ = self.attest(server).await;
            }
        }
    }
}

/// How long until a server that is withheld is looked at again.
const WAITING: Duration = Duration::from_secs(15);

/// The most differences that are told.
const TOLD: usize = 3;

fn finding(why: &str) -> Finding {
    Finding {
        detector: "server-pin".into(),
        kind: FindingKind::ServerChanged,
        severity: Severity::High,
        confidence: 1.0,
        channel: Channel::Definition,
        span: 0..0,
        note: why.to_owned().into(),
    }
}
