use crate::secret::SecretError;
use doorward_vocab::Secret;
use std::sync::OnceLock;

/// Reads a variable that was taken out of the environment; `None` for one that was not.
type Reader = Box<dyn Fn(&str) -> Option<Secret<Vec<u8>>> + Send + Sync>;

static HELD: OnceLock<Reader> = OnceLock::new();

/// From now on `reader` has the variables that were secrets when the process started, and no other variable is believed to
/// be one: what is in the environment can be read by others for as long as the process lives. Said once; what is said later
/// does not count.
pub fn hold(reader: impl Fn(&str) -> Option<Secret<Vec<u8>>> + Send + Sync + 'static) {
    let _ = HELD.set(Box::new(reader));
}

/// The value of a variable as it was given to us.
///
/// # Errors
/// [`SecretError::Unset`], [`SecretError::Late`] and [`SecretError::NotText`].
pub fn variable(name: &str) -> Result<Secret<String>, SecretError> {
    let text = |bytes: &Vec<u8>| std::str::from_utf8(bytes).map(|text| Secret::new(text.to_owned()));
    let not_text = || SecretError::NotText(crate::SecretRef::Env(name.to_owned()));
    match (HELD.get(), HELD.get().and_then(|held| held(name))) {
        (_, Some(value)) => value.reveal(text).map_err(|_| not_text()),
        (Some(_), None) if std::env::var_os(name).is_some() => Err(SecretError::Late(name.to_owned())),
        _ => match std::env::var(name) {
            Ok(value) => Ok(Secret::new(value)),
            Err(std::env::VarError::NotPresent) => Err(SecretError::Unset(name.to_owned())),
            Err(std::env::VarError::NotUnicode(_)) => Err(not_text()),
        },
    }
}
