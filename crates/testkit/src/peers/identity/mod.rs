//! Identity counterparts that nobody here wrote: providers, authorities and devices, each a process of its own on
//! loopback which is killed when its value goes.
//!
//! | value | what really runs |
//! |---|---|
//! | [`OidcProvider`] | the npm package `oidc-provider`, a certified OpenID provider |
//! | [`Moto`] | the Python package `moto`: AWS with real signatures and policies |
//! | [`SwTpm`] | `swtpm` and `tpm2-tools`: a TPM 2.0 with an endorsement certificate |
//! | [`ZitadelOp`] | the example provider of `zitadel/oidc`, a second certified provider |
//! | [`StepCa`] | `step-ca`, an authority that gives certificates for ID tokens |
//! | [`WorkloadApi`] | the SPIFFE Workload API of `go-spiffe`, and its client |
//!
//! Ask [`super::installed`] before the first two, `SwTpm::installed` before the third, [`go_installed`] before the rest.
//!
//! [`Browser`] is the human's side: it follows redirects, keeps cookies and fills forms. [`CodeFlow`] is a client that
//! logs a human in and gets tokens. [`joserfc`] reads and makes tokens with a library that is not ours.
//!
//! ```no_run
//! use doorward_testkit::peers::identity::{Browser, CodeFlow, OidcProvider};
//! use serde_json::json;
//!
//! # async fn login() -> std::io::Result<()> {
//! let back = "http://127.0.0.1:1/callback";
//! let client = json!({ "client_id": "gw", "client_secret": "s3cret", "redirect_uris": [back] });
//! let provider = OidcProvider::start(&json!({ "clients": [client] }))?;
//! let flow = CodeFlow {
//!     issuer: provider.issuer(),
//!     client_id: "gw",
//!     client_secret: Some("s3cret"),
//!     redirect_uri: back,
//!     scope: "openid email groups files:read",
//!     resource: Some("https://mcp.example/mcp"),
//! };
//! let tokens = flow.tokens(&mut Browser::of("alice", "correct horse")).await?;
//!
//! // Where the product is the client, the browser starts at its door and stops where the agent waits.
//! let mut human = Browser::of("alice", "correct horse");
//! let landed = human.travel("http://127.0.0.1:8080/authorize?…", "http://127.0.0.1:1/agent").await?.redirected()?;
//!
//! // A token as a platform makes it, from an issuer with discovery and keys of its own.
//! let claims = json!({ "sub": "system:serviceaccount:prod:agent", "aud": "https://gw.example" });
//! let token = provider.mint(&json!({ "issuer": "cluster", "claims": claims })).await?;
//! let trusted = provider.workload_issuer("cluster");
//! # drop((tokens, landed, token, trusted));
//! # Ok(())
//! # }
//! ```

mod browser;
mod flow;
pub mod joserfc;
mod moto;
mod oidc;
mod page;
mod step_ca;
mod swtpm;
mod workload_api;
mod zitadel;

pub use browser::{Browser, Landed};
pub use flow::CodeFlow;
pub use moto::{AwsKeys, Moto, SignedRequest};
pub use oidc::{OidcProvider, OldKeys};
pub use step_ca::{StepCa, StepCaOptions};
pub use swtpm::{AttestationKey, Quote, SwTpm};
pub use workload_api::{Svids, WorkloadApi};
pub use zitadel::{ZitadelOp, go_installed};
