//! Kinds of the cloud: from what is configured to their providers.

use doorward_config as config;
use doorward_credential::{Alg, OwnToken, providers};
use std::convert::Infallible;

/// The gateway's own token; `usual` is for whom it is where the operator does not say.
fn own(own: &config::OwnToken, usual: &str) -> OwnToken {
    OwnToken {
        audience: own.audience.as_deref().unwrap_or(usual).into(),
        subject: own.subject.clone(),
        alg: match own.algorithm {
            config::TokenAlgorithm::RS256 => Alg::Rs256,
            config::TokenAlgorithm::ES256 => Alg::Es256,
        },
    }
}

pub(super) fn aws_sts(aws: &config::AwsSts) -> providers::AwsSts {
    let Ok(session_policy) = aws.session_policy.try_map(|policy| Ok::<_, Infallible>(policy.as_str().into()));
    providers::AwsSts {
        endpoint: aws.endpoint.clone(),
        role_arn: aws.role_arn.as_str().into(),
        duration: aws.duration,
        session_policy,
        policy_arns: aws.policy_arns.iter().map(|arn| arn.as_str().into()).collect(),
        own: own(&aws.own, "sts.amazonaws.com"),
    }
}
