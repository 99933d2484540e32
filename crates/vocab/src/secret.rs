use std::fmt;
use zeroize::Zeroize;

/// A value that cannot be printed, serialized, compared or cloned, and is wiped when dropped.
///
/// It is read inside a closure at the edge that sends it.
///
/// ```compile_fail
/// println!("{}", doorward_vocab::Secret::new("hunter2".to_owned())); // no `Display`
/// ```
/// ```compile_fail
/// let secret = doorward_vocab::Secret::new("hunter2".to_owned());
/// let copy: doorward_vocab::Secret<String> = secret.clone(); // no `Clone`
/// ```
/// ```compile_fail
/// fn written(_: impl serde::Serialize) {}
/// written(doorward_vocab::Secret::new("hunter2".to_owned())); // no `Serialize`
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a secret in.
    pub const fn new(value: T) -> Self {
        Self(value)
    }
    /// Shows the secret to `edge`, and to nobody else.
    pub fn reveal<R>(&self, edge: impl FnOnce(&T) -> R) -> R {
        edge(&self.0)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_prints_nothing() {
        let s = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{s:?}"), "Secret(…)");
        assert_eq!(s.reveal(String::len), 7);
    }
}
