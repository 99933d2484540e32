//! Each identity counterpart does the real thing, as another library sees it.

mod go;
mod moto;
mod oidc;
mod swtpm;
