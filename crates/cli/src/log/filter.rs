use super::LogError;
use clap::Args;
use doorward_store::Filter;
use doorward_vocab::{CallId, Decision, Timestamp};

/// Which records; all conditions must hold.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct FilterArgs {
    /// Not older than this: `30m`, `1h`, `7d`, or a moment like `2026-11-20T14:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Older than this
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The agent, by id or name
    #[arg(long)]
    agent: Option<String>,
    /// The human, by id or name
    #[arg(long)]
    human: Option<String>,
    /// The server
    #[arg(long)]
    server: Option<String>,
    /// The tool, prompt or URI; `server__tool` too
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// allow, oblige, challenge or deny
    #[arg(long, value_parser = decision)]
    decision: Option<Decision>,
    /// The conversation, by name
    #[arg(long, value_name = "NAME")]
    conversation: Option<String>,
    /// One call
    #[arg(long)]
    call: Option<CallId>,
    /// start, ruling, outcome, definition, delegation, turn, credential, approval, config, access, finding, recovered or stop
    #[arg(long)]
    kind: Option<String>,
    /// Words in names, reasons, findings and rationale
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
}

impl FilterArgs {
    /// The question, asked at `now`.
    pub(super) fn filter(&self, now: Timestamp) -> Result<Filter, LogError> {
        let moment = |t: &Option<String>| t.as_deref().map(|t| moment(t, now)).transpose();
        Ok(Filter {
            call: self.call,
            conversation: self.conversation.clone(),
            agent: self.agent.clone(),
            human: self.human.clone(),
            server: self.server.clone(),
            target: self.tool.clone(),
            decision: self.decision,
            kind: self.kind.clone(),
            since: moment(&self.since)?,
            until: moment(&self.until)?,
            text: self.text.clone(),
            ..Filter::default()
        })
    }
}

fn decision(word: &str) -> Result<Decision, String> {
    let all = [Decision::Allow, Decision::Oblige, Decision::Challenge, Decision::Deny];
    all.into_iter().find(|d| d.as_str() == word).ok_or_else(|| "write allow, oblige, challenge or deny".to_owned())
}

/// A moment: so long ago, or a date.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, LogError> {
    doorward_admin::words::moment(text, now).ok_or_else(|| {
        LogError::Usage(format!("`{text}` is no time: write `30m`, `1h`, `7d`, `2026-11-20` or `2026-11-20T14:00:00Z`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let now = Timestamp::from_micros(10_000_000_000_000);
        let secs = |t| moment(t, now).ok().map(Timestamp::secs);
        assert_eq!((secs("0s"), secs("1h"), secs("7d")), (Some(10_000_000), Some(9_996_400), Some(9_395_200)));
        assert_eq!(secs("1970-01-02"), Some(86_400));
        assert_eq!(secs("1970-01-01T00:00:01+00:00"), Some(1));
        for bad in ["", "h", "1", "1y", "99999999999999999999h", "yesterday"] {
            assert_eq!(secs(bad), None, "{bad}");
        }
    }
}
