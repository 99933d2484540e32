//! What is done about a finding in a message on its way to a client: the operator's rules, then those of the level.

use doorward_vocab::{Channel, Consequence, Finding, FindingKind, Glob, Level, ServerName, Severity};

/// One rule: which findings it is about, and what is done about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnFinding {
    /// The kinds; empty: all.
    pub kinds: Box<[FindingKind]>,
    /// The least severity.
    pub severity: Severity,
    /// Patterns of servers; empty: all.
    pub servers: Box<[Glob]>,
    /// The channels; empty: all.
    pub channels: Box<[Channel]>,
    /// What is done.
    pub then: Consequence,
}

impl OnFinding {
    fn fits(&self, server: &ServerName, finding: &Finding) -> bool {
        finding.severity >= self.severity
            && (self.kinds.is_empty() || self.kinds.contains(&finding.kind))
            && (self.channels.is_empty() || self.channels.contains(&finding.channel))
            && (self.servers.is_empty() || self.servers.iter().any(|glob| glob.matches(server.as_str())))
    }
}

/// The rules in force. The first that fits a finding speaks; where none of the operator's fits, the level does.
#[derive(Clone, Debug)]
pub struct Handling {
    own: Box<[OnFinding]>,
    level: Level,
}

impl Handling {
    /// The rules of the operator, before those of `level`.
    pub fn new(level: Level, own: impl Into<Box<[OnFinding]>>) -> Self {
        Self { own: own.into(), level }
    }

    /// What is done about `finding` in a message of `server`.
    pub(crate) fn of(&self, server: &ServerName, finding: &Finding) -> Consequence {
        let own = self.own.iter().find(|rule| rule.fits(server, finding)).map(|rule| rule.then);
        own.unwrap_or_else(|| by_level(self.level, finding))
    }
}

/// What a level does by itself. Secrets of the gateway, canaries and sources of icons are no matter of these rules: they
/// are taken out wherever rulings act.
fn by_level(level: Level, finding: &Finding) -> Consequence {
    if !matches!(finding.kind, FindingKind::Injection | FindingKind::HiddenText) {
        return Consequence::Record;
    }
    match (level, finding.severity) {
        (Level::Guard, Severity::High | Severity::Critical) => Consequence::Redact,
        (Level::Lockdown, Severity::High | Severity::Critical) => Consequence::Replace,
        (Level::Lockdown, Severity::Medium) => Consequence::Fence,
        _ => Consequence::Record,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: FindingKind, severity: Severity, channel: Channel) -> Finding {
        Finding { detector: "d".into(), kind, severity, confidence: 0.9, channel, span: 0..1, note: "n".into() }
    }

    #[test]
    fn the_first_that_fits_speaks() {
        let rule = |server: &str, channels: &[Channel], then| OnFinding {
            kinds: [FindingKind::Injection].into(),
            severity: Severity::Medium,
            servers: [Glob::new(server)].into(),
            channels: channels.into(),
            then,
        };
        let own =
            [rule("crm", &[Channel::Error], Consequence::Withhold), rule("c*", &[], Consequence::Annotate)].to_vec();
        let handling = Handling::new(Level::Guard, own);
        for (server, kind, severity, channel, then) in [
            ("crm", FindingKind::Injection, Severity::High, Channel::Error, Consequence::Withhold),
            ("crm", FindingKind::Injection, Severity::High, Channel::Result, Consequence::Annotate),
            ("crm", FindingKind::Injection, Severity::Low, Channel::Error, Consequence::Record),
            ("desk", FindingKind::Injection, Severity::High, Channel::Result, Consequence::Redact),
            ("crm", FindingKind::HiddenText, Severity::Critical, Channel::Result, Consequence::Redact),
            ("crm", FindingKind::SecretShape, Severity::Critical, Channel::Result, Consequence::Record),
        ] {
            assert_eq!(handling.of(&server.parse().unwrap(), &finding(kind, severity, channel)), then, "{server}");
        }
    }
}
