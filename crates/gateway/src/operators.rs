//! What operators ask of a running gateway beside the road: the console is a door for it.

use crate::{Gateway, LiveError, OpenQuestion, approval::Said};
use doorward_audit::{Event, Party};
use doorward_config::Settings;
use doorward_store::Trail;
use doorward_vocab::{CallId, Digest, Level, Mode};

/// What is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The level.
    pub level: Level,
    /// The mode.
    pub mode: Mode,
    /// The digest of the configuration.
    pub config: Digest,
    /// The digest of the policies.
    pub policy: Digest,
}

impl Gateway {
    /// What is in force.
    pub fn in_force(&self) -> InForce {
        let live = self.live.load();
        InForce {
            level: live.settings.level,
            mode: live.settings.mode,
            config: live.snapshot.version,
            policy: live.snapshot.policies.version(),
        }
    }

    /// The trail.
    pub const fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Writes a record of something that an operator did.
    pub fn record_event(&self, event: Event) {
        self.note(event);
    }

    /// The questions that wait for a person, oldest first, each with its call.
    pub fn open_questions(&self) -> Vec<(OpenQuestion, CallId)> {
        let all = self.approvals.all_open(self.clock.now());
        all.iter()
            .filter(|question| question.is_for_operators())
            .map(|question| (question.on_the_desk(None), question.record.call))
            .collect()
    }

    /// An operator answers a question, once; `false` where it is not open any more.
    pub fn answer_question(&self, id: &str, yes: bool, by: Party) -> bool {
        let question = self.approvals.named(id, self.clock.now()).filter(|question| question.is_for_operators());
        let Some(question) = question else { return false };
        let said = if yes { Said::Yes } else { Said::No };
        self.settle_approval(&question.number, said, (by, None), "console").is_some()
    }

    /// Puts new settings in force as [`Self::reload`] does, for a person who says why.
    ///
    /// # Errors
    /// [`LiveError`]; the old settings stay in force.
    pub fn reload_for(&self, settings: Settings, by: Party, why: &str) -> Result<(), LiveError> {
        self.replace(settings, by, Some(why))
    }
}
