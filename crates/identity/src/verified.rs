use std::ops::Deref;

/// The proof that this room checked `T`. There is no other way to make one: the field is private to this crate, and
/// only [`Authenticator::authenticate`](crate::Authenticator::authenticate) returns one.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Says that `value` was checked; called at the end of each check, and nowhere else.
    pub(crate) const fn attest(value: T) -> Self {
        Self(value)
    }
    /// What was verified.
    pub const fn get(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
