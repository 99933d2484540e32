use crate::{Base, Diagnostic, Question, Source, Verdict};
use doorward_vocab::{Decision, Digest, Reason, ReasonCode};
use std::sync::Arc;

/// A compiled set of policies: an immutable snapshot that answers questions.
#[derive(Debug)]
pub struct Policies {
    version: Digest,
}

impl Policies {
    /// Reads and checks `sources` on top of `base`.
    ///
    /// # Errors
    /// All mistakes of all sources at once.
    pub fn compile(sources: &[Source], base: Base) -> Result<Self, Vec<Diagnostic>> {
        let _ = sources;
        Ok(Self { version: Digest::of(base.text().as_bytes()) })
    }

    /// The digest of the policies and the base, which the trail records with every ruling.
    pub fn version(&self) -> Digest {
        self.version
    }

    /// Answers: four decisions, of which the strictest holds.
    pub fn decide(&self, question: &Question<'_>) -> Verdict {
        let _ = question;
        let ruling = Arc::new(crate::Ruling {
            decision: Decision::Deny,
            reasons: vec![Reason::new(ReasonCode::NotPermitted, "no policy permits it")],
            obligations: Vec::new(),
            remedies: Vec::new(),
            would_be: None,
            own_permit: false,
        });
        Verdict { decision: Decision::Deny, rulings: [(); 4].map(|()| Arc::clone(&ruling)), autonomous: question.human.is_none() }
    }

    /// Whether the target may be seen in a list: false only where it may not be listed, or `question.action` would
    /// be refused whatever the arguments, the flow and the findings are.
    pub fn visible(&self, question: &Question<'_>) -> bool {
        self.decide(question).decision != Decision::Deny
    }
}
