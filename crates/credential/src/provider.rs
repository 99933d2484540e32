use crate::{Call, Failure, Order, Step};
use doorward_vocab::Template;
use std::fmt;

/// A kind of credential: an order becomes requests, and their answers a credential. One file in `providers` for each.
pub trait Provider: fmt::Debug + Send + Sync {
    /// The word for it in the configuration.
    fn kind(&self) -> &'static str;

    /// On whom the result depends: what is kept for one is given to nobody else.
    fn per(&self) -> PerWhom;

    /// The first step. The order lives until the last one.
    ///
    /// # Errors
    /// [`Failure`], before anything was sent.
    fn begin<'a>(&'a self, order: &'a Order<'a>) -> Result<Step<'a>, Failure>;

    /// Whether the result goes by the scopes of the order, so that it is kept for these alone.
    fn narrows(&self) -> bool {
        true
    }

    /// What else of the call the result goes by, so that it is kept for that alone: the name of the server where the result
    /// names it, what is said of the tool where that narrows it.
    fn distinguishes<'a>(&'a self, call: &Call<'a>) -> Vec<&'a str> {
        let _ = call;
        Vec::new()
    }

    /// Whether it is fetched. What the operator keeps is read from there each time, and kept nowhere else.
    fn is_fetched(&self) -> bool {
        true
    }

    /// What a token about the human is (RFC 8693 §3), where it needs one.
    fn subject_type(&self) -> &'static str {
        crate::wire::token_type::ACCESS
    }

    /// What else an order must hold.
    fn needs(&self) -> Needs {
        Needs::default()
    }
}

/// What a provider needs of the gateway beside the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The gateway's signature.
    pub signature: bool,
    /// A token about the human.
    pub subject: Option<Source>,
    /// What the human granted there before.
    pub grant: bool,
}

/// Where a token about the human comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The agent presented it.
    Presented,
    /// The provider gave it at which the human signed in.
    Login,
}

/// On whom a credential depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PerWhom {
    /// On nobody: it is the gateway's own account, shared by all that it serves.
    Everybody,
    /// On the agent: an autonomous run has one too.
    Agent,
    /// On the human. Without one there is none.
    Human,
    /// On both. Without a human there is none.
    Both,
}

impl PerWhom {
    /// On those whom texts name: what names a person or an agent is theirs alone.
    pub(crate) fn named_in<'t>(texts: impl Iterator<Item = &'t Template> + Clone) -> Self {
        let any = |places: &[&str]| texts.clone().any(|text| places.iter().any(|place| text.has(place)));
        match (any(&["human", "human_issuer", "email"]), any(&["agent", "agent_issuer", "delegation"])) {
            (true, true) => Self::Both,
            (true, false) => Self::Human,
            (false, true) => Self::Agent,
            (false, false) => Self::Everybody,
        }
    }
}
