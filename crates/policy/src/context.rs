use crate::{ArgumentFacts, FlowFacts, flow, value::Value};
use doorward_mcp::Era;
use doorward_vocab::{Assurance, FindingKind, Level, Timestamp};
use std::time::Duration;

/// In which circumstances something is asked. The same for all four decisions.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The level of the deployment.
    pub level: Level,
    /// How well this connection is proven, by its weakest link.
    pub assurance: Assurance,
    /// How old the proof of the agent is; none where nothing was proved.
    pub attested: Option<Duration>,
    /// How long ago the person signed in; none where nobody says so.
    pub signed_in: Option<Duration>,
    /// Whether the agent speaks from this machine.
    pub loopback: bool,
    /// The family of protocol revisions.
    pub era: Era,
    /// The moment that the ruling is made for.
    pub now: Timestamp,
    /// What was done before in this conversation.
    pub conversation: Conversation,
    /// How its agent behaves in it.
    pub behaviour: Behaviour,
    /// Facts of the call's arguments; [`ArgumentFacts::none`] where there are none.
    pub arguments: &'a ArgumentFacts,
    /// Whether an address or host of this call came from untrusted content and from nowhere else.
    pub untrusted_recipient: bool,
    /// Where the values of the call came from; [`FlowFacts::none`] where no policy asks.
    pub flow: &'a FlowFacts,
    /// The name of the credential that the server is to be called with; empty where there is none.
    pub credential: &'a str,
    /// Kinds of findings in this message.
    pub findings: &'a [FindingKind],
}

/// What was done before in the conversation of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Whether it is only guessed which conversation the message belongs to.
    pub ambiguous: bool,
    /// Whether a person's turn opened it and a person can be asked.
    pub attended: bool,
    /// Turns of the person.
    pub turns: u64,
    /// Calls that were let through.
    pub calls: u64,
    /// Calls of sinks that were let through.
    pub sinks: u64,
    /// Whether something untrusted was read.
    pub untrusted: bool,
    /// Whether a text was seen that tries to give orders.
    pub injected: bool,
}

/// How the agent of a message behaves in its conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// How often a call had to wait, because it went in circles or something was used up.
    pub pauses: u64,
}

impl Context<'static> {
    /// Circumstances of which nothing is known but the level and the moment: nothing proven, nothing local.
    pub fn bare(level: Level, now: Timestamp) -> Self {
        Self {
            level,
            assurance: Assurance::Asserted,
            attested: None,
            signed_in: None,
            loopback: false,
            era: Era::Modern,
            now,
            conversation: Conversation::default(),
            behaviour: Behaviour::default(),
            arguments: ArgumentFacts::none(),
            untrusted_recipient: false,
            flow: FlowFacts::none(),
            credential: "",
            findings: &[],
        }
    }
}

/// The ages that policies see, in seconds: an age is the first of these that is not less. Few, so that an answer that
/// reads one is remembered for more than a moment; never less than it is, so that what is too old is never young enough.
const STEPS: [u64; 15] = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 604_800, 2_592_000];

/// The step of an age. What is older than all steps, or of no known age, is as old as can be.
fn step(age: Option<Duration>) -> u64 {
    let secs = |age: Duration| age.as_secs() + u64::from(age.subsec_nanos() > 0);
    age.and_then(|age| STEPS.into_iter().find(|step| secs(age) <= *step)).unwrap_or(u64::MAX)
}

/// One attribute of the context: its path in the schema, and where its value comes from.
pub(crate) struct Attribute {
    pub(crate) path: &'static str,
    pub(crate) of: for<'c> fn(&'c Context<'_>) -> Value<'c>,
}

macro_rules! attributes {
    ($($path:literal = |$c:ident| $value:expr,)*) => {
        /// Every attribute of the context, beside its line in `schema.cedarschema`.
        pub(crate) const ATTRIBUTES: &[Attribute] = &[
            $(Attribute { path: $path, of: |$c| $value },)*
        ];
    };
}

attributes! {
    "level" = |c| Value::Text(c.level.as_str().into()),
    "assurance" = |c| Value::Long(u8::from(c.assurance).into()),
    "attestAge" = |c| Value::count(step(c.attested)),
    "authAge" = |c| Value::count(step(c.signed_in)),
    "loopback" = |c| Value::Bool(c.loopback),
    "era" = |c| Value::Text(c.era.as_str().into()),
    "time.epoch" = |c| Value::count(c.now.secs()),
    "time.hour" = |c| Value::count(c.now.secs() / 3600 % 24),
    // The epoch began on a Thursday.
    "time.weekday" = |c| Value::count((c.now.secs() / 86_400 + 3) % 7 + 1),
    "conversation.ambiguous" = |c| Value::Bool(c.conversation.ambiguous),
    "conversation.attended" = |c| Value::Bool(c.conversation.attended),
    "conversation.turns" = |c| Value::count(c.conversation.turns),
    "conversation.calls" = |c| Value::count(c.conversation.calls),
    "conversation.sinks" = |c| Value::count(c.conversation.sinks),
    "conversation.untrusted" = |c| Value::Bool(c.conversation.untrusted),
    "conversation.injected" = |c| Value::Bool(c.conversation.injected),
    "behaviour.pauses" = |c| Value::count(c.behaviour.pauses),
    "args.paths" = |c| Value::Texts(c.arguments.paths().into()),
    "args.anyPathUnder" = |c| Value::Texts(c.arguments.any_path_under().into()),
    "args.allPathsUnder" = |c| Value::Texts(c.arguments.all_paths_under().into()),
    "args.hosts" = |c| Value::Texts(c.arguments.hosts().into()),
    "args.anyHostUnder" = |c| Value::Texts(c.arguments.any_host_under().into()),
    "args.allHostsUnder" = |c| Value::Texts(c.arguments.all_hosts_under().into()),
    "args.mentionedHosts" = |c| Value::Texts(c.arguments.mentioned_hosts().into()),
    "args.urls" = |c| Value::Texts(c.arguments.urls().into()),
    "args.emails" = |c| Value::Texts(c.arguments.emails().into()),
    "args.emailDomains" = |c| Value::Texts(c.arguments.email_domains().into()),
    "args.amounts" = |c| Value::Longs(c.arguments.amounts().into()),
    "args.maxAmount" = |c| Value::Long(c.arguments.max_amount()),
    "args.values" = |c| Value::Texts(c.arguments.values().into()),
    "args.sql" = |c| Value::Texts(c.arguments.sql().into()),
    "args.shell" = |c| Value::Bool(c.arguments.shell()),
    "args.privateHosts" = |c| Value::Bool(c.arguments.private_hosts()),
    "args.metadataHosts" = |c| Value::Bool(c.arguments.metadata_hosts()),
    "args.traversal" = |c| Value::Bool(c.arguments.traversal()),
    "args.disguised" = |c| Value::Bool(c.arguments.disguised()),
    "flow.untrustedRecipient" = |c| Value::Bool(c.untrusted_recipient),
    "flow.recipient" = |c| c.flow.recipient.value(),
    "flow.url" = |c| c.flow.url.value(),
    "flow.command" = |c| c.flow.command.value(),
    "flow.query" = |c| c.flow.query.value(),
    "flow.amount" = |c| c.flow.amount.value(),
    "flow.path" = |c| c.flow.path.value(),
    "flow.object" = |c| c.flow.object.value(),
    "flow.secret" = |c| c.flow.secret.value(),
    "flow.body" = |c| c.flow.body.value(),
    "flow.integrity" = |c| Value::Text(c.flow.all().integrity.as_str().into()),
    "flow.confidentiality" = |c| Value::Long(flow::rank(c.flow.all().confidentiality)),
    "flow.classes" = |c| flow::words(c.flow.all().classes.iter().map(|class| class.as_str())),
    "flow.servers" = |c| flow::texts(&c.flow.all().servers),
    "flow.foreign" = |c| c.flow.foreign(),
    "flow.encoded" = |c| Value::Bool(c.flow.all().encoded),
    "flow.split" = |c| Value::Bool(c.flow.all().split),
    "flow.planted" = |c| Value::Bool(c.flow.all().planted),
    "credential" = |c| Value::Text(c.credential.into()),
    "findings" = |c| Value::Texts(c.findings.iter().map(|f| f.as_str().to_owned()).collect::<Vec<_>>().into()),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_never_less_than_they_are() {
        let of = |millis| step(Some(Duration::from_millis(millis)));
        assert_eq!([of(0), of(10_000), of(10_001), of(3_600_000), of(3_600_001)], [10, 10, 30, 3600, 7200]);
        assert_eq!([of(2_592_000_001), step(None)], [u64::MAX; 2]);
        assert!(STEPS.is_sorted());
    }
}
