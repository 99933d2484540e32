//! An AES key in a device behind PKCS#11 (v2.40), which wraps and unwraps there and is never seen here.

use super::{OuterError, OuterId};
use crate::Shielded;
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use doorward_vocab::Secret;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Which key of which device.
#[derive(Debug)]
pub struct Token {
    /// The library of the device's maker.
    pub module: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The label of the key. There may be several; a new one is made at each change of outer keys.
    pub label: String,
    /// The PIN of the user.
    pub pin: Secret<String>,
}

#[derive(Debug)]
pub(super) struct TokenKeys {
    module: Pkcs11,
    token: String,
    label: String,
    pin: Shielded,
}

const NONCE: usize = 12;
const TAG_BITS: u64 = 128;

impl TokenKeys {
    /// Loads the library and sees that the PIN is right.
    pub(super) fn open(token: Token) -> Result<Self, OuterError> {
        let Token { module, token, label, pin } = token;
        let failed = |why: String| OuterError::Token { token: token.clone(), why };
        let loaded = Pkcs11::new(&module).map_err(|e| failed(format!("cannot load `{}`: {e}", module.display())))?;
        match loaded.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another part of this process uses the same library.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(said(&error))),
        }
        let keys = Self { module: loaded, pin: Shielded::text(&pin)?, token, label };
        keys.session()?;
        Ok(keys)
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// A key that is there, or one that is made.
    pub(super) fn first(&self) -> Result<OuterId, OuterError> {
        match self.ids()?.first() {
            Some(id) => Ok(*id),
            None => self.make(),
        }
    }

    /// The names of the keys with our label.
    pub(super) fn ids(&self) -> Result<Vec<OuterId>, OuterError> {
        let session = self.session()?;
        let found = session.find_objects(&self.template()).map_err(|e| self.failed(&e))?;
        let mut ids = Vec::new();
        for key in found {
            let read = session.get_attributes(key, &[AttributeType::Id]).map_err(|e| self.failed(&e))?;
            ids.extend(read.iter().filter_map(|a| if let Attribute::Id(id) = a { name(id) } else { None }));
        }
        Ok(ids)
    }

    /// Makes a key that cannot be taken out of the device.
    pub(super) fn make(&self) -> Result<OuterId, OuterError> {
        let id = OuterId::draw()?;
        let mut template = self.template();
        template.extend([
            Attribute::Id(id.bytes().to_vec()),
            Attribute::ValueLen(32.into()),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
        ]);
        self.session()?.generate_key(&Mechanism::AesKeyGen, &template).map_err(|e| self.failed(&e))?;
        Ok(id)
    }

    pub(super) fn wrap(&self, id: OuterId, key: &Secret<[u8; 32]>, bound: &[u8]) -> Result<Vec<u8>, OuterError> {
        let session = self.session()?;
        let outer = self.find(&session, id)?;
        let mut nonce = [0; NONCE];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| OuterError::Crypto)?;
        let drawn = nonce;
        let params = GcmParams::new(&mut nonce, bound, TAG_BITS.into()).map_err(|e| self.failed(&e))?;
        let sealed = key.reveal(|key| session.encrypt(&Mechanism::AesGcm(params), outer, key));
        Ok([drawn.as_slice(), &sealed.map_err(|e| self.failed(&e))?].concat())
    }

    pub(super) fn unwrap(&self, id: OuterId, wrapped: &[u8], bound: &[u8]) -> Result<Secret<[u8; 32]>, OuterError> {
        let changed = || OuterError::Changed(format!("the key `{}` of the token `{}`", self.label, self.token));
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE>().ok_or_else(changed)?;
        let session = self.session()?;
        let outer = self.find(&session, id)?;
        let mut nonce = *nonce;
        let params = GcmParams::new(&mut nonce, bound, TAG_BITS.into()).map_err(|e| self.failed(&e))?;
        let plain = session.decrypt(&Mechanism::AesGcm(params), outer, sealed).map_err(|error| match error {
            Error::Pkcs11(RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange, _) => changed(),
            // What SoftHSM says of a tag that does not fit.
            Error::Pkcs11(RvError::GeneralError, _) => changed(),
            other => self.failed(&other),
        })?;
        let plain = Zeroizing::new(plain);
        <[u8; 32]>::try_from(plain.as_slice()).map(Secret::new).map_err(|_| changed())
    }

    fn template(&self) -> Vec<Attribute> {
        vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(self.label.clone().into_bytes()),
        ]
    }

    fn find(&self, session: &Session, id: OuterId) -> Result<ObjectHandle, OuterError> {
        for key in session.find_objects(&self.template()).map_err(|e| self.failed(&e))? {
            let read = session.get_attributes(key, &[AttributeType::Id]).map_err(|e| self.failed(&e))?;
            if read.iter().any(|a| matches!(a, Attribute::Id(bytes) if name(bytes) == Some(id))) {
                return Ok(key);
            }
        }
        Err(self.refused(format!("it has no key {id} with the label `{}`", self.label)))
    }

    /// A session of its own for each use: sessions are not shared between threads, and a device that was taken out and put
    /// back has forgotten the old ones.
    fn session(&self) -> Result<Session, OuterError> {
        let slot = self.slot()?;
        let session = self.module.open_rw_session(slot).map_err(|e| self.failed(&e))?;
        let pin = self.pin.reveal(|pin| String::from_utf8(pin.to_vec()))?;
        let pin = AuthPin::new(pin.map_err(|_| self.refused("its PIN is not text".into()))?.into());
        match session.login(UserType::User, Some(&pin)) {
            // Another session of this process is logged in: that counts for all of them.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn slot(&self) -> Result<Slot, OuterError> {
        for slot in self.module.get_slots_with_initialized_token().map_err(|e| self.failed(&e))? {
            let found = self.module.get_token_info(slot).map_err(|e| self.failed(&e))?;
            if found.label().trim_end() == self.token {
                return Ok(slot);
            }
        }
        Err(self.refused("no slot of the library has a token with this label".into()))
    }

    fn failed(&self, error: &Error) -> OuterError {
        self.refused(said(error))
    }

    fn refused(&self, why: String) -> OuterError {
        OuterError::Token { token: self.token.clone(), why }
    }
}

/// Keys that others made may have names of any length.
fn name(id: &[u8]) -> Option<OuterId> {
    if let Ok(exact) = <[u8; 8]>::try_from(id) {
        return Some(OuterId::of(exact));
    }
    let digest = doorward_vocab::Digest::of(id);
    digest.as_bytes().first_chunk::<8>().map(|bytes| OuterId::of(*bytes))
}

/// The word of the standard; the explanations of the library are paragraphs.
fn said(error: &Error) -> String {
    match error {
        Error::Pkcs11(RvError::PinIncorrect, _) => "the PIN is wrong".to_owned(),
        Error::Pkcs11(RvError::PinLocked, _) => "the PIN is locked".to_owned(),
        Error::Pkcs11(value, function) => format!("{function:?} gives {value:?}"),
        other => other.to_string(),
    }
}
