use super::definitions;
use crate::verbs::{delegation, file, serve};
use doorward_admin::{
    Approvals, Definition, Definitions, Delegation, Delegations, Fault, Known, OpenApproval, Person, Posture, Stance,
    TrailDoor, Waited,
};
use doorward_audit::{DefinitionKind, Event, Report};
use doorward_config::{Settings, edit};
use doorward_gateway::Gateway;
use doorward_store::{Grants as _, GrantsDb, Pins as _, State, SystemClock, trail};
use doorward_vocab::{Clock as _, Digest, Level, Timestamp};
use std::{path::PathBuf, sync::Arc};

/// What the console asks of the gateway and its stores.
pub(super) struct Desk {
    pub(super) gateway: Arc<Gateway>,
    pub(super) state: Arc<State>,
    pub(super) grants: GrantsDb,
    pub(super) file: Option<PathBuf>,
}

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::Broken(error.to_string())
}

impl Approvals for Desk {
    fn open(&self) -> Result<Vec<OpenApproval>, Fault> {
        let open = |(q, call): (doorward_gateway::OpenQuestion, _)| OpenApproval {
            id: q.id.into(),
            call: Some(call),
            agent: q.agent.into(),
            human: q.human.map(Into::into),
            server: q.server.into(),
            tool: q.tool.into(),
            shown: q.shown.into(),
            asked: q.asked,
            until: q.until,
        };
        Ok(self.gateway.open_questions().into_iter().map(open).collect())
    }

    fn answer(&self, id: &str, yes: bool, by: &Person) -> Result<Waited, Fault> {
        let answered = self.gateway.answer_question(id, yes, by.party.clone());
        Ok(if answered { Waited::Answered } else { Waited::Over })
    }
}

impl Definitions for Desk {
    fn servers(&self) -> Vec<String> {
        self.gateway.settings().servers.iter().map(|s| s.name.to_string()).collect()
    }

    fn list(&self, server: Option<&str>) -> Result<Vec<Definition>, Fault> {
        let server = server.map(str::parse).transpose();
        let Ok(server) = server else { return Ok(Vec::new()) };
        Ok(self.state.list(server.as_ref()).map_err(broken)?.iter().map(definitions::view).collect())
    }

    fn decide(
        &self,
        which: (&str, DefinitionKind, &str),
        digest: Digest,
        approve: bool,
        by: &Person,
        now: Timestamp,
    ) -> Result<(), Fault> {
        definitions::decide(&self.state, which, digest, approve, &by.party.name, now)
    }
}

impl Delegations for Desk {
    fn list(&self) -> Result<Vec<Delegation>, Fault> {
        let now = SystemClock.now();
        let known = delegation::known_to(&self.gateway.settings(), Some(&self.grants));
        let known = known.map_err(|_| Fault::Broken("the store of delegations fails".into()))?;
        let view = |known: delegation::Known| {
            let state = known.state(now).to_owned();
            let d = known.delegation;
            Delegation {
                id: d.id.to_string(),
                state,
                agent: d.agent.id.to_string(),
                human: d.human.as_ref().map(|h| h.id.to_string()),
                owner: d.owner.as_ref().map(ToString::to_string),
                purpose: d.purpose.as_ref().map(ToString::to_string),
                reach: delegation::reach(&d.reach),
                parent: d.parent.as_ref().map(ToString::to_string),
                until: d.expires,
                revoked: known.revoked.map(|(at, by)| (at, by.into())),
            }
        };
        Ok(known.into_values().map(view).collect())
    }

    fn revoke(&self, id: &str, by: &Person, now: Timestamp) -> Result<Vec<String>, Fault> {
        let revoked = self.grants.revoke(id, &by.party.name, now).map_err(broken)?;
        Ok(revoked.into_iter().map(Into::into).collect())
    }
}

impl Posture for Desk {
    fn stance(&self) -> Stance {
        let in_force = self.gateway.in_force();
        Stance {
            level: in_force.level,
            mode: in_force.mode,
            config: in_force.config,
            policy: in_force.policy,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            file: self.file.as_ref().map(|file| file.display().to_string()),
        }
    }

    /// With a file it is changed there, so that what is in force is what the file says; the file is put back where the
    /// gateway does not take it.
    fn change(&self, level: Level, reason: &str, by: &Person) -> Result<(), Fault> {
        let Some(path) = &self.file else {
            let settings = Settings { level, mode: level.mode(), ..self.gateway.settings() };
            return self.put(settings, reason, by);
        };
        let told = |_| Fault::Broken(format!("`{}` cannot be read or written", path.display()));
        let before = file::text(path).map_err(told)?;
        let after = edit::set_level(&before, level).map_err(broken)?;
        file::replace(path, &after).map_err(told)?;
        let put = Settings::load_with(path, &file::known())
            .map_err(|report| broken(report.render(doorward_config::Paint::Plain)))
            .and_then(|loaded| self.put(loaded.settings, reason, by));
        if put.is_err() {
            file::replace(path, &before).map_err(told)?;
        }
        put
    }
}

impl Desk {
    fn put(&self, settings: Settings, reason: &str, by: &Person) -> Result<(), Fault> {
        let put = self.gateway.reload_for(settings, by.party.clone(), reason);
        put.map_err(|e| Fault::Broken(serve::explain(&e)))
    }
}

impl TrailDoor for Desk {
    fn known(&self) -> Known {
        let trail = self.gateway.trail();
        Known {
            size: trail.size(),
            checkpoint: trail.checkpoint().to_string(),
            key: trail.verifier_key().to_string(),
            failure: trail.failure().map(|why| why.to_string()),
        }
    }
    fn note(&self, event: Event) {
        self.gateway.record_event(event);
    }
    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Report, Fault> {
        trail::verify(self.gateway.trail().dir(), &trail::Trust::default(), progress).map_err(broken)
    }
}
