use super::{Tokens, oidc::issuer};
use crate::{Mistake, section::Section, value::Item};
use serde::Serialize;

/// A platform that issues tokens to what runs on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Platform {
    /// Which one.
    pub which: PlatformKind,
    /// The `iss` of its tokens; Azure has two.
    pub issuers: Vec<String>,
    /// What holds for its tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
}

/// A platform whose tokens are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformKind {
    /// Service accounts of a Kubernetes cluster.
    Kubernetes,
    /// Workflows of GitHub Actions.
    GithubActions,
    /// Jobs of GitLab CI.
    Gitlab,
    /// Service accounts of Google Cloud.
    Gcp,
    /// Managed identities and applications of Microsoft Entra.
    Azure,
    /// Principals of an AWS account, by outbound identity federation.
    Aws,
    /// Runs of HCP Terraform.
    Terraform,
}

/// What a platform's entry needs.
struct Needs {
    /// The issuer, where all customers share one.
    shared: Option<&'static str>,
    /// An issuer, for an example.
    example: &'static str,
    /// The claims of which one must be required where the issuer is shared: without it, every customer of the platform would
    /// be an agent here.
    tenant: &'static [&'static str],
}

impl PlatformKind {
    const fn needs(self) -> Needs {
        match self {
            Self::Kubernetes => Needs { shared: None, example: "https://kubernetes.example.com", tenant: &[] },
            Self::GithubActions => Needs {
                shared: Some("https://token.actions.githubusercontent.com"),
                example: "https://github.example.com/_services/token",
                tenant: &[
                    "repository",
                    "repository_id",
                    "repository_owner",
                    "repository_owner_id",
                    "enterprise",
                    "enterprise_id",
                    "sub",
                ],
            },
            Self::Gitlab => Needs {
                shared: Some("https://gitlab.com"),
                example: "https://gitlab.example.com",
                tenant: &["project_id", "project_path", "namespace_id", "namespace_path", "sub"],
            },
            Self::Gcp => Needs {
                shared: Some("https://accounts.google.com"),
                example: "https://accounts.google.com",
                tenant: &["email", "sub", "project", "project_number", "google.compute_engine.project_id"],
            },
            Self::Azure => Needs {
                shared: None,
                example: "",
                tenant: &["sub", "oid", "appid", "azp", "identity", "roles", "groups"],
            },
            Self::Aws => Needs { shared: None, example: "https://ID.tokens.sts.global.api.aws", tenant: &[] },
            Self::Terraform => Needs {
                shared: Some("https://app.terraform.io"),
                example: "https://terraform.example.com",
                tenant: &[
                    "organization",
                    "organization_id",
                    "terraform_organization_name",
                    "terraform_organization_id",
                    "workspace_id",
                    "project_id",
                    "sub",
                ],
            },
        }
    }
}

impl Platform {
    pub(super) fn read(section: &Section<'_>, which: PlatformKind) -> Option<Self> {
        let Needs { shared, example, tenant } = which.needs();
        let issuers = match (which, shared) {
            (PlatformKind::Azure, _) => tenant_of(section).map(|t| azure(&t)),
            (_, Some(shared)) => Some(vec![section.get("issuer", issuer).unwrap_or_else(|| shared.to_owned())]),
            (_, None) => section.need("issuer", &format!("issuer = \"{example}\""), issuer).map(|i| vec![i]),
        };
        let tokens = Tokens::read(section);
        let everybody =
            shared.is_some_and(|s| issuers.iter().flatten().any(|i| i == s)) || which == PlatformKind::Azure;
        if everybody && !tokens.require.names_one_of(tenant) {
            let all: Vec<String> = tenant.iter().map(|t| format!("`{t}`")).collect();
            let mistake = Mistake::error("this issuer serves others too, and nothing here says which tokens are yours");
            let first = tenant.first().copied().unwrap_or_default();
            let help = format!("add `require = {{ {first} = \"…\" }}`; one of {} will do", all.join(", "));
            section.reading.tell(section.span.clone(), mistake.label("any of them would be an agent here").help(help));
        }
        Some(Self { which, issuers: issuers?, tokens })
    }
}

/// Entra signs tokens of one tenant as two issuers: which of them, the application that a token is for decides.
fn azure(tenant: &str) -> Vec<String> {
    vec![format!("https://login.microsoftonline.com/{tenant}/v2.0"), format!("https://sts.windows.net/{tenant}/")]
}

/// The id of a tenant. Its domain name would lead to the same keys, but tokens do not name it.
fn tenant_of(section: &Section<'_>) -> Option<String> {
    section.need("tenant", "tenant = \"72f988bf-86f1-41af-91ab-2d7cd011db47\"", |item: &Item<'_>| {
        let text = item.text()?;
        let parts: Vec<usize> = text.split('-').map(str::len).collect();
        let good = parts == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || matches!(c, '0'..='9' | 'a'..='f'));
        if good {
            Ok(text.to_owned())
        } else {
            let wrong = Mistake::error(format!("`{text}` is not the id of a tenant"));
            Err(wrong.label("32 lower-case hex digits in five groups").help("the portal shows it as `Tenant ID`"))
        }
    })
}
