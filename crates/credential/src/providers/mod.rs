//! The kinds of credentials, one file each.

mod aws_sts;
mod authorization_code;
mod client_credentials;
mod fixed;
mod id_jag;
mod jwt_bearer;
mod token_exchange;

pub use aws_sts::AwsSts;
pub use authorization_code::AuthorizationCode;
pub use client_credentials::ClientCredentials;
pub use fixed::Fixed;
pub use id_jag::IdJag;
pub use jwt_bearer::{JwtBearer, Speaks};
pub use token_exchange::{Actor, TokenExchange};
