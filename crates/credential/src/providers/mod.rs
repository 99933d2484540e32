//! The kinds of credentials, one file each.

mod authorization_code;
mod aws_sts;
mod azure;
mod client_credentials;
mod databricks;
mod fixed;
mod gcp_sts;
mod github_app;
mod id_jag;
mod jwt_bearer;
mod signed_jwt;
mod svid;
mod token_exchange;
mod vault;

pub use authorization_code::AuthorizationCode;
pub use aws_sts::AwsSts;
pub use azure::Azure;
pub use client_credentials::ClientCredentials;
pub use databricks::Databricks;
pub use fixed::Fixed;
pub use gcp_sts::GcpSts;
pub use github_app::GithubApp;
pub use id_jag::IdJag;
pub use jwt_bearer::{JwtBearer, Speaks};
pub use signed_jwt::{Audience, SignedJwt, SigningKey, snowflake};
pub use svid::WorkloadSvid;
pub use token_exchange::{Actor, TokenExchange};
pub use vault::{Fields, Vault};
