use crate::{Mistake, section::Section, value::Item};
use doorward_vocab::Glob;
use serde::Serialize;
use url::Url;

/// Roles of AWS accounts, by requests that agents sign with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AwsRoles {
    /// The STS that is asked who signed.
    pub sts: Url,
    /// What agents sign as their audience; absent: the address of this gateway.
    pub audience: Option<String>,
    /// The roles that are known.
    pub roles: Vec<AwsRole>,
}

/// A role that is an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AwsRole {
    /// The id of the agent.
    pub agent: String,
    /// The number of the account.
    pub account: String,
    /// The name of the role, without its path.
    pub role: Glob,
    /// The name of the session.
    pub session: Option<Glob>,
}

impl AwsRoles {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let region = section.get("region", region);
        let sts = section.get("sts", |item| item.url(|_| false));
        if section.has("region") == section.has("sts") {
            let mistake = Mistake::error("roles of AWS need the STS that is asked who signed");
            let help = "write `region = \"eu-west-1\"`, or the address of another STS as `sts`";
            section.reading.tell(section.span.clone(), mistake.help(help));
        }
        let audience = section.get("audience", Item::owned);
        if !section.has("roles") {
            section.missing("roles", "roles = [{ agent = \"etl\", account = \"123456789012\", role = \"etl\" }]");
        }
        let roles: Vec<_> = section.tables("roles").into_iter().filter_map(AwsRole::read).collect();
        (!roles.is_empty()).then_some(Self { sts: sts.or(region)?, audience, roles })
    }
}

impl AwsRole {
    fn read(section: Section<'_>) -> Option<Self> {
        let agent = section.need("agent", "agent = \"etl\"", Item::owned);
        let account = section.need("account", "account = \"123456789012\"", account);
        let glob = |item: &Item<'_>| item.owned().map(Glob::new);
        let role = section.need("role", "role = \"etl\"", glob);
        let session = section.get("session", glob);
        section.finish();
        Some(Self { agent: agent?, account: account?, role: role?, session })
    }
}

fn region(item: &Item<'_>) -> Result<Url, Mistake> {
    let text = item.text()?;
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') && text.contains('-');
    let wrong = || item.wrong("is not a region").label("such as `eu-west-1`");
    if !plain || text.starts_with("cn-") {
        return Err(wrong().help("an STS with another address is named by `sts`"));
    }
    Url::parse(&format!("https://sts.{text}.amazonaws.com/")).map_err(|_| wrong())
}

fn account(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    match text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err(item.wrong("is not the number of an account").label("12 digits, as a text")),
    }
}
