use super::{
    super::{CredentialKind, OwnToken, by_tool::by_tool},
    endpoint, json,
};
use crate::{Mistake, section::Section, value::Item};
use doorward_vocab::ByName;
use serde::Serialize;
use std::time::Duration;
use url::Url;

/// Keys of an AWS role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AwsSts {
    /// Where STS answers.
    pub endpoint: Url,
    /// The role.
    pub role_arn: String,
    /// How long keys last.
    pub duration: Duration,
    /// Policies that the role's own is narrowed to, by tool.
    pub session_policy: ByName<String>,
    /// Managed policies that narrow it too.
    pub policy_arns: Vec<String>,
    /// The gateway's own token.
    pub own: OwnToken,
}

const MINUTE: u64 = 60;
/// What AWS allows (`AssumeRoleWithWebIdentity`, `DurationSeconds`).
const SHORTEST: Duration = Duration::from_secs(15 * MINUTE);
const LONGEST: Duration = Duration::from_secs(12 * 60 * MINUTE);
/// The longest policy of a session, in characters.
const POLICY: usize = 2048;
/// Managed policies of a session.
const POLICIES: usize = 10;

pub(in super::super) fn read(section: &Section<'_>) -> Option<CredentialKind> {
    let role_arn = section.need("role_arn", "role_arn = \"arn:aws:iam::123456789012:role/crm\"", role);
    let region = section.need("region", "region = \"eu-central-1\"", region);
    let duration = section.get("duration", duration).unwrap_or(SHORTEST);
    let session_policy = by_tool(section, "session_policy", policy);
    let policy_arns = section.get("policy_arns", arns).unwrap_or_default();
    let stated = section.get("endpoint", endpoint);
    let own = OwnToken::read(section, "agent:{agent}:server:{server}");
    let endpoint = match stated {
        Some(stated) => stated,
        None => sts(&region?)?,
    };
    let (role_arn, own) = (role_arn?, own?);
    Some(CredentialKind::AwsSts(AwsSts { endpoint, role_arn, duration, session_policy, policy_arns, own }))
}

/// STS of a region, in its own partition.
fn sts(region: &str) -> Option<Url> {
    let tail = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://sts.{region}.{tail}/").parse().ok()
}

/// The name of a region.
pub(in super::super) fn region(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain { Ok(text.to_owned()) } else { Err(item.wrong("is not a region").label("as in `eu-central-1`")) }
}

fn role(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|b| b.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(item.wrong("is not the ARN of a role").label("as in `arn:aws:iam::123456789012:role/crm`")),
    }
}

fn duration(item: &Item<'_>) -> Result<Duration, Mistake> {
    let duration = item.duration()?;
    let within = (SHORTEST..=LONGEST).contains(&duration);
    if within { Ok(duration) } else { Err(item.wrong("is out of range").label("from 15 minutes to 12 hours")) }
}

fn policy(item: &Item<'_>) -> Result<String, Mistake> {
    let text = json(item)?;
    match text.chars().count() {
        0..=POLICY => Ok(text),
        long => Err(item.wrong("is too long").label(format!("{long} characters, at most {POLICY}"))),
    }
}

fn arns(item: &Item<'_>) -> Result<Vec<String>, Mistake> {
    let arns = item.texts()?;
    match arns.iter().find(|arn| !arn.starts_with("arn:")) {
        Some(other) => Err(item.wrong("holds what is no ARN").label(format!("`{other}`"))),
        None if arns.len() > POLICIES => Err(item.wrong("holds too many").label(format!("at most {POLICIES}"))),
        None => Ok(arns),
    }
}
