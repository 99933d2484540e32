use crate::{Floors, Flow, Handling, Marks, Poisons};
use doorward_detect::{KnownSecrets, Scanner};
use doorward_policy::{Policies, Server, Target as PolicyTarget};
use doorward_vocab::{Digest, Label, Level, Mode, ServerName};
use std::sync::Arc;

/// Everything that rulings depend on and that the operator sets: read once per message, replaced as a whole.
pub struct Snapshot {
    /// Digest of the configuration it was made from.
    pub version: Digest,
    /// The level in force.
    pub level: Level,
    /// The compiled policies.
    pub policies: Arc<Policies>,
    /// The content detectors.
    pub scanner: Scanner,
    /// What is done about findings in what servers say.
    pub handling: Handling,
    /// What was found to be poisoned before.
    pub poisons: Arc<Poisons>,
    /// The secrets that the gateway handles.
    pub secrets: Arc<KnownSecrets>,
    /// Placeholders and canaries.
    pub marks: Marks,
    /// What is said of where values come from and go.
    pub flow: Flow,
}

/// A server as rulings see it.
#[derive(Clone, Debug)]
pub struct ServerProfile {
    /// The operator's name for it.
    pub name: ServerName,
    /// Whether rulings about it act or only observe.
    pub mode: Mode,
    /// What its content is labelled, before anything was found in it.
    pub label: Label,
    /// Whether arguments must fit the schemas that its tools declare.
    pub checks_arguments: bool,
    /// Whether calls that change something must serve what the human asked for, where that is known.
    pub checks_mandate: bool,
    /// Whether what reaches it is held to where it came from.
    pub checks_flow: bool,
    /// How often it may ask something of the client's model or person in one conversation.
    pub asks: u32,
    /// Why nothing goes to it: it is not what was approved. An operator's decision or its return to what it was ends that.
    pub withheld: Option<Arc<str>>,
    pub(crate) party: Server,
    pub(crate) whole: PolicyTarget,
    /// How well agents must be proven here.
    pub floors: Floors,
}

impl ServerProfile {
    /// How often a server may ask in one conversation, where nothing is said.
    pub const ASKS: u32 = 100;

    /// A server, prepared for policy.
    pub fn new(name: ServerName, mode: Mode, label: Label, party: Server) -> Self {
        let whole = PolicyTarget::server(&party);
        Self {
            name,
            mode,
            label,
            checks_arguments: true,
            checks_mandate: true,
            checks_flow: true,
            asks: Self::ASKS,
            withheld: None,
            party,
            whole,
            floors: Floors::default(),
        }
    }
    /// The same server, to which nothing goes for this reason.
    #[must_use]
    pub fn withhold(self, why: Arc<str>) -> Self {
        Self { withheld: Some(why), ..self }
    }
    /// The server as policies know it.
    pub const fn party(&self) -> &Server {
        &self.party
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({}, {})", self.level, self.version)
    }
}
