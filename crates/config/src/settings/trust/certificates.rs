use super::{Keys, Tokens, Wanted, require::wanted};
use crate::{Mistake, section::Section, value::Item};
use serde::Serialize;
use std::path::PathBuf;
use url::Url;

/// A SPIFFE trust domain: its certificates and tokens name agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spiffe {
    /// Its name, without `spiffe://`.
    pub trust_domain: String,
    /// Where its bundle is.
    pub bundle: Bundle,
    /// The ids that may speak here; none: all of the trust domain.
    pub ids: Vec<Wanted>,
    /// What holds for its tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
}

/// Where the authorities of a trust domain are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bundle {
    /// In this file: a SPIFFE bundle, or certificates as PEM.
    File(PathBuf),
    /// At this address (`https_web` profile of SPIFFE Federation).
    Url(Url),
    /// At the Workload API on this socket.
    WorkloadApi(PathBuf),
}

/// Another authority that signs certificates of agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mtls {
    /// Its certificates, PEM.
    pub authorities: PathBuf,
    /// Which name of a certificate is the agent's.
    pub subject: CertificateName,
    /// The names that may speak here; none: all that it signs.
    pub names: Vec<Wanted>,
}

/// Which name of a certificate is the agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateName {
    /// The URI.
    Uri,
    /// The DNS name.
    Dns,
    /// The mail address.
    Email,
}

impl Spiffe {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let trust_domain = section.need("trust_domain", "trust_domain = \"corp.example\"", trust_domain);
        let file = section.get("bundle_file", Item::existing).map(Bundle::File);
        let url = section.get("bundle_url", |item| item.url(|_| false)).map(Bundle::Url);
        let socket = section.get("workload_api", Item::path).map(Bundle::WorkloadApi);
        let named = ["bundle_file", "bundle_url", "workload_api"].into_iter().filter(|key| section.has(key)).count();
        if named != 1 {
            let mistake =
                Mistake::error("a trust domain needs one source of its bundle").label("here are none, or several");
            let help = "write one of `bundle_file`, `bundle_url` and `workload_api`";
            section.reading.tell(section.span.clone(), mistake.help(help));
        }
        let ids = section.get("ids", |item| item.all("a list of ids", wanted)).unwrap_or_default();
        let tokens = Tokens::read_with(section, Keys::Discover);
        Some(Self { trust_domain: trust_domain?, bundle: file.or(url).or(socket)?, ids, tokens })
    }
}

impl Mtls {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let authorities = section.need("authorities", "authorities = \"/etc/doorward/agents.pem\"", Item::existing);
        let subject = section.get("subject", |item| item.choice(&NAMES)).unwrap_or(CertificateName::Uri);
        let names = section.get("names", |item| item.all("a list of names", wanted)).unwrap_or_default();
        Some(Self { authorities: authorities?, subject, names })
    }
}

const NAMES: [(&str, CertificateName); 3] =
    [("uri", CertificateName::Uri), ("dns", CertificateName::Dns), ("email", CertificateName::Email)];

/// SPIFFE-ID §2.1: lower-case letters, digits, dots, dashes and underscores.
fn trust_domain(item: &Item<'_>) -> Result<String, Mistake> {
    let text = item.text()?;
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    if text.len() <= 255 && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    let label = match text.strip_prefix("spiffe://") {
        Some(rest) => format!("did you mean `{}`?", rest.split('/').next().unwrap_or_default()),
        None => "lower-case letters, digits, `.`, `-` and `_`".to_owned(),
    };
    Err(Mistake::error(format!("`{text}` is not the name of a trust domain")).label(label))
}
