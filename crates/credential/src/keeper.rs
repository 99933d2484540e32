use crate::Failure;
use doorward_vocab::Secret;
use std::fmt;

/// Where a secret lies that is kept for longer than one exchange. How it lies there is the keeper's.
pub trait Keeper: fmt::Debug + Send + Sync {
    /// The secret, for one exchange.
    ///
    /// # Errors
    /// [`Failure::Misconfigured`] where it cannot be shown.
    fn show(&self) -> Result<Secret<String>, Failure>;
}

impl Keeper for Secret<String> {
    fn show(&self) -> Result<Secret<String>, Failure> {
        Ok(self.reveal(|text| Secret::new(text.clone())))
    }
}
