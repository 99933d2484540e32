//! Platforms that issue tokens to what runs on them: what their claims say of an agent.

use crate::{ClaimMap, ClaimPath, ClaimRule, IssuerSettings, Must, SubjectIs, TypeRule};
use std::sync::Arc;

/// A platform whose tokens are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Service accounts of a Kubernetes cluster (projected service account tokens).
    Kubernetes,
    /// Workflows of GitHub Actions (OpenID Connect in GitHub Actions).
    GithubActions,
    /// Jobs of GitLab CI (ID tokens).
    Gitlab,
    /// Service accounts of Google Cloud (identity tokens of the metadata server).
    Gcp,
    /// Managed identities and applications of Microsoft Entra (access tokens of version 1 and 2).
    Azure,
    /// Principals of an AWS account (outbound identity federation).
    Aws,
    /// Runs of HCP Terraform (workload identity tokens).
    Terraform,
}

/// A fact by the name that policy uses, and where the claim stands.
type Fact = (&'static str, &'static str);

/// What a platform's tokens say.
struct Words {
    /// The agent's name for people: what is there of these, joined.
    name: &'static [&'static str],
    /// Its surroundings.
    posture: &'static [Fact],
    /// What the platform measured of it.
    measured: &'static [Fact],
}

impl Platform {
    const fn words(self) -> Words {
        match self {
            Self::Kubernetes => Words {
                name: &["/kubernetes.io/namespace", "/kubernetes.io/serviceaccount/name"],
                posture: &[
                    ("namespace", "/kubernetes.io/namespace"),
                    ("service_account", "/kubernetes.io/serviceaccount/name"),
                    ("service_account_uid", "/kubernetes.io/serviceaccount/uid"),
                    ("pod", "/kubernetes.io/pod/name"),
                    ("pod_uid", "/kubernetes.io/pod/uid"),
                    ("node", "/kubernetes.io/node/name"),
                ],
                measured: &[],
            },
            Self::GithubActions => Words {
                name: &["repository", "workflow"],
                posture: &[
                    ("repository", "repository"),
                    ("repository_id", "repository_id"),
                    ("repository_owner", "repository_owner"),
                    ("repository_owner_id", "repository_owner_id"),
                    ("repository_visibility", "repository_visibility"),
                    ("ref", "ref"),
                    ("ref_type", "ref_type"),
                    ("ref_protected", "ref_protected"),
                    ("environment", "environment"),
                    ("event", "event_name"),
                    ("workflow", "job_workflow_ref"),
                    ("actor", "actor"),
                    ("run", "run_id"),
                    ("runner", "runner_environment"),
                ],
                measured: &[("commit", "sha"), ("workflow_commit", "job_workflow_sha")],
            },
            Self::Gitlab => Words {
                name: &["project_path", "environment"],
                posture: &[
                    ("namespace", "namespace_path"),
                    ("namespace_id", "namespace_id"),
                    ("project", "project_path"),
                    ("project_id", "project_id"),
                    ("ref", "ref"),
                    ("ref_type", "ref_type"),
                    ("ref_protected", "ref_protected"),
                    ("environment", "environment"),
                    ("environment_protected", "environment_protected"),
                    ("tier", "deployment_tier"),
                    ("event", "pipeline_source"),
                    ("user", "user_login"),
                    ("job", "job_id"),
                    ("runner", "runner_environment"),
                ],
                measured: &[("commit", "sha"), ("workflow_commit", "ci_config_sha")],
            },
            Self::Gcp => Words {
                name: &["email"],
                posture: &[
                    ("service_account", "email"),
                    ("project", "/google/compute_engine/project_id"),
                    ("project_number", "/google/compute_engine/project_number"),
                    ("zone", "/google/compute_engine/zone"),
                    ("instance", "/google/compute_engine/instance_name"),
                    ("instance_id", "/google/compute_engine/instance_id"),
                ],
                measured: &[("image", "/submods/container/image_digest")],
            },
            Self::Azure => Words {
                name: &["app_displayname"],
                posture: &[
                    ("tenant", "tid"),
                    ("application", "appid"),
                    ("application_v2", "azp"),
                    ("object", "oid"),
                    ("identity", "xms_mirid"),
                    ("resource", "xms_az_rid"),
                ],
                measured: &[],
            },
            Self::Aws => Words {
                name: &[],
                posture: &[
                    ("account", "/https:~1~1sts.amazonaws.com~1/aws_account"),
                    ("region", "/https:~1~1sts.amazonaws.com~1/source_region"),
                    ("organization", "/https:~1~1sts.amazonaws.com~1/org_id"),
                    ("unit", "/https:~1~1sts.amazonaws.com~1/ou_path"),
                    ("instance", "/https:~1~1sts.amazonaws.com~1/ec2_instance_source_arn"),
                    ("function", "/https:~1~1sts.amazonaws.com~1/lambda_source_function_arn"),
                ],
                measured: &[],
            },
            Self::Terraform => Words {
                name: &["terraform_organization_name", "terraform_workspace_name"],
                posture: &[
                    ("organization", "terraform_organization_name"),
                    ("organization_id", "terraform_organization_id"),
                    ("project", "terraform_project_name"),
                    ("project_id", "terraform_project_id"),
                    ("workspace", "terraform_workspace_name"),
                    ("workspace_id", "terraform_workspace_id"),
                    ("phase", "terraform_run_phase"),
                    ("run", "terraform_run_id"),
                ],
                measured: &[],
            },
        }
    }

    /// An issuer of this platform: `sub` names an agent, and its claims become facts.
    pub fn issuer(self, issuer: impl Into<Arc<str>>) -> IssuerSettings {
        let words = self.words();
        let facts = |facts: &[Fact]| facts.iter().map(|(name, claim)| ((*name).into(), (*claim).into())).collect();
        let mut settings = IssuerSettings::new(issuer, "");
        settings.subject = SubjectIs::Agent;
        // Platforms issue identity tokens to workloads.
        settings.types = TypeRule::IdToken;
        settings.claims = ClaimMap {
            agent_name: words.name.iter().map(|claim| (*claim).into()).collect(),
            posture: facts(words.posture),
            measured: facts(words.measured),
            ..ClaimMap::default()
        };
        if self == Self::Azure {
            // `scp` is in the tokens that an application got on behalf of a person; here `sub` would be the person.
            settings.required = Box::new([ClaimRule { claim: "scp".into(), must: Must::BeAbsent }]);
        }
        settings
    }

    /// Where the fact that policy calls `name` stands in a token.
    pub fn claim(self, name: &str) -> Option<ClaimPath> {
        let Words { posture, measured, .. } = self.words();
        posture.iter().chain(measured).find(|(fact, _)| *fact == name).map(|(_, claim)| (*claim).into())
    }
}
