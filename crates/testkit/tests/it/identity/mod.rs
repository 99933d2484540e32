//! Each identity counterpart does the real thing, as another library sees it.

mod moto;
mod oidc;
mod swtpm;
