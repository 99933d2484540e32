//! Commands and responses (TPM 2.0 part 3), big-endian, with the structures of part 2.

use super::device::Device;
use std::io;
use zeroize::{Zeroize, Zeroizing};

const NO_SESSIONS: u16 = 0x8001;
const SESSIONS: u16 = 0x8002;
const OWNER: u32 = 0x4000_0001;
const NULL: u32 = 0x4000_0007;
const PASSWORD: u32 = 0x4000_0009;

const ALG_KEYEDHASH: u16 = 0x0008;
const ALG_SHA256: u16 = 0x000B;
const ALG_NULL: u16 = 0x0010;
const ALG_ECC: u16 = 0x0023;
const ALG_AES: u16 = 0x0006;
const ALG_CFB: u16 = 0x0043;
const NIST_P256: u16 = 0x0003;

/// Attributes of objects (part 2 §8.3).
const FIXED_TPM: u32 = 1 << 1;
const FIXED_PARENT: u32 = 1 << 4;
const SENSITIVE_DATA_ORIGIN: u32 = 1 << 5;
const USER_WITH_AUTH: u32 = 1 << 6;
const NO_DA: u32 = 1 << 10;
const RESTRICTED: u32 = 1 << 16;
const DECRYPT: u32 = 1 << 17;

const CREATE_PRIMARY: u32 = 0x131;
const CREATE: u32 = 0x153;
const LOAD: u32 = 0x157;
const UNSEAL: u32 = 0x15E;
const FLUSH: u32 = 0x165;
const START_SESSION: u32 = 0x176;
const POLICY_PCR: u32 = 0x17F;
const POLICY_DIGEST: u32 = 0x189;

const POLICY: u8 = 0x01;
const TRIAL: u8 = 0x03;
/// `TPM_RC_RETRY`, `TPM_RC_YIELDED`, `TPM_RC_TESTING`: ask again.
const LATER: [u32; 3] = [0x922, 0x908, 0x90A];

/// Why a TPM does not do what it is asked to.
#[derive(Debug, thiserror::Error)]
pub(super) enum TpmError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("its registers do not hold what they held when the key was sealed")]
    Registers,
    #[error("the key was sealed by another TPM, or this one was cleared")]
    Another,
    #[error("command {command:#x} gives {code:#x}")]
    Refused { command: u32, code: u32 },
    #[error("command {0:#x} gives a response that cannot be read")]
    Garbled(u32),
}

type Said<T> = Result<T, TpmError>;

/// What allows an object to be used.
#[derive(Clone, Copy)]
pub(super) enum Authorization {
    /// The empty password.
    Empty,
    /// A policy session, which ends with its use.
    Policy(u32),
}

/// The two parts of an object outside of its TPM: nothing in them can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    private: Vec<u8>,
    public: Vec<u8>,
}

/// What sealed objects begin with in the ring.
const MAGIC: &[u8; 4] = b"tpm1";

impl Sealed {
    pub(super) fn encode(&self, pcrs: &[u8]) -> Vec<u8> {
        let mut out = Bytes::default();
        out.raw(MAGIC);
        [pcrs, &self.private, &self.public].into_iter().for_each(|part| out.sized(part));
        out.0.to_vec()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<(Vec<u8>, Self)> {
        let mut from = Reader(bytes.strip_prefix(MAGIC)?);
        let pcrs = from.sized()?.to_vec();
        let sealed = Self { private: from.sized()?.to_vec(), public: from.sized()?.to_vec() };
        from.0.is_empty().then_some((pcrs, sealed))
    }
}

impl Device {
    /// Makes the primary key of `seed`, the same each time, for the time of `work`.
    pub(super) fn with_primary<R>(&mut self, seed: [u8; 8], work: impl FnOnce(&mut Self, u32) -> Said<R>) -> Said<R> {
        let mut public = Bytes::default();
        public.u16(ALG_ECC);
        public.u16(ALG_SHA256);
        public.u32(FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN | USER_WITH_AUTH | NO_DA | RESTRICTED | DECRYPT);
        public.sized(&[]);
        for word in [ALG_AES, 128, ALG_CFB, ALG_NULL, NIST_P256, ALG_NULL] {
            public.u16(word);
        }
        // What makes it another key than the one of another seed, or of another program (part 1 §14.2).
        public.sized(
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &[b"doorward ".as_slice(), &seed].concat()).as_ref(),
        );
        public.sized(&[]);

        let mut rest = Bytes::default();
        // No password and no data of its own: two empty parts.
        rest.sized(&[0; 4]);
        rest.sized(&public.0);
        rest.sized(&[]);
        rest.u32(0);
        let response = self.call(CREATE_PRIMARY, &[OWNER], Some(Authorization::Empty), &rest.0)?;
        let primary = Reader(&response).u32().ok_or(TpmError::Garbled(CREATE_PRIMARY))?;
        let done = work(self, primary);
        self.flush(primary)?;
        done
    }

    /// A sealed object with `secret` in it below `parent`.
    pub(super) fn create(&mut self, parent: u32, secret: &[u8], policy: Option<&[u8]>) -> Said<Sealed> {
        let mut sensitive = Bytes::default();
        sensitive.sized(&[]);
        sensitive.sized(secret);
        let mut public = Bytes::default();
        public.u16(ALG_KEYEDHASH);
        public.u16(ALG_SHA256);
        public.u32(FIXED_TPM | FIXED_PARENT | NO_DA | if policy.is_none() { USER_WITH_AUTH } else { 0 });
        public.sized(policy.unwrap_or_default());
        public.u16(ALG_NULL);
        public.sized(&[]);

        let mut rest = Bytes::default();
        rest.sized(&sensitive.0);
        rest.sized(&public.0);
        rest.sized(&[]);
        rest.u32(0);
        let response = self.call(CREATE, &[parent], Some(Authorization::Empty), &rest.0)?;
        let sealed = |mut from: Reader<'_>| {
            from.u32()?;
            Some(Sealed { private: from.sized()?.to_vec(), public: from.sized()?.to_vec() })
        };
        sealed(Reader(&response)).ok_or(TpmError::Garbled(CREATE))
    }

    pub(super) fn load(&mut self, parent: u32, sealed: &Sealed) -> Said<u32> {
        let mut rest = Bytes::default();
        rest.sized(&sealed.private);
        rest.sized(&sealed.public);
        let loaded = self.call(LOAD, &[parent], Some(Authorization::Empty), &rest.0);
        let response = loaded.map_err(|error| match error {
            // TPM_RC_INTEGRITY at the first parameter: the primary key is not the one that it was made below.
            TpmError::Refused { code: 0x1DF, .. } => TpmError::Another,
            other => other,
        })?;
        Reader(&response).u32().ok_or(TpmError::Garbled(LOAD))
    }

    pub(super) fn unseal(&mut self, item: u32, by: Authorization) -> Said<Zeroizing<Vec<u8>>> {
        let unsealed = self.call(UNSEAL, &[item], Some(by), &[]);
        if let (Err(_), Authorization::Policy(session)) = (&unsealed, by) {
            self.flush(session)?;
        }
        let response = unsealed.map_err(|error| match error {
            // TPM_RC_POLICY_FAIL of the first session.
            TpmError::Refused { code: 0x99D, .. } => TpmError::Registers,
            other => other,
        })?;
        let data = |mut from: Reader<'_>| {
            from.u32()?;
            Some(Zeroizing::new(from.sized()?.to_vec()))
        };
        data(Reader(&response)).ok_or(TpmError::Garbled(UNSEAL))
    }

    /// A session that holds what these registers hold now.
    pub(super) fn policy(&mut self, pcrs: &[u8]) -> Said<u32> {
        self.session(POLICY, pcrs)
    }

    /// What such a session amounts to.
    pub(super) fn policy_digest(&mut self, pcrs: &[u8]) -> Said<Vec<u8>> {
        let session = self.session(TRIAL, pcrs)?;
        let response = self.call(POLICY_DIGEST, &[session], None, &[]);
        self.flush(session)?;
        let response = response?;
        Reader(&response).sized().map(<[u8]>::to_vec).ok_or(TpmError::Garbled(POLICY_DIGEST))
    }

    pub(super) fn flush(&mut self, handle: u32) -> Said<()> {
        self.call(FLUSH, &[handle], None, &[]).map(drop)
    }

    fn session(&mut self, kind: u8, pcrs: &[u8]) -> Said<u32> {
        let mut nonce = [0; 16];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| io::Error::other("no randomness"))?;
        let mut rest = Bytes::default();
        rest.sized(&nonce);
        rest.sized(&[]);
        rest.raw(&[kind]);
        rest.u16(ALG_NULL);
        rest.u16(ALG_SHA256);
        let response = self.call(START_SESSION, &[NULL, NULL], None, &rest.0)?;
        let session = Reader(&response).u32().ok_or(TpmError::Garbled(START_SESSION))?;

        let mut rest = Bytes::default();
        // No digest: whatever they hold now.
        rest.sized(&[]);
        rest.u32(1);
        rest.u16(ALG_SHA256);
        let mut select = [0_u8; 3];
        for pcr in pcrs {
            if let Some(byte) = select.get_mut(usize::from(pcr / 8)) {
                *byte |= 1 << (pcr % 8);
            }
        }
        rest.raw(&[3]);
        rest.raw(&select);
        if let Err(error) = self.call(POLICY_PCR, &[session], None, &rest.0) {
            self.flush(session)?;
            return Err(error);
        }
        Ok(session)
    }

    /// Sends one command; gives what follows the header of its response.
    fn call(&mut self, code: u32, handles: &[u32], by: Option<Authorization>, rest: &[u8]) -> Said<Zeroizing<Vec<u8>>> {
        let mut command = Bytes::default();
        command.u16(if by.is_some() { SESSIONS } else { NO_SESSIONS });
        command.u32(0);
        command.u32(code);
        handles.iter().for_each(|handle| command.u32(*handle));
        if let Some(by) = by {
            // One session: its handle, no nonce, no attributes, no HMAC (part 1 §19.4).
            command.u32(9);
            command.u32(match by {
                Authorization::Empty => PASSWORD,
                Authorization::Policy(session) => session,
            });
            command.raw(&[0; 5]);
        }
        command.raw(rest);
        let size = u32::try_from(command.0.len()).unwrap_or(u32::MAX).to_be_bytes();
        if let Some(place) = command.0.get_mut(2..6) {
            place.copy_from_slice(&size);
        }
        for _ in 0..10 {
            let response = self.exchange(&command.0)?;
            let code_of = |mut from: Reader<'_>| {
                from.take(6)?;
                from.u32()
            };
            match code_of(Reader(&response)).ok_or(TpmError::Garbled(code))? {
                0 => return Ok(Zeroizing::new(response.get(10..).unwrap_or_default().to_vec())),
                later if LATER.contains(&later) => std::thread::sleep(std::time::Duration::from_millis(50)),
                refused => return Err(TpmError::Refused { command: code, code: refused }),
            }
        }
        Err(TpmError::Refused { command: code, code: 0x922 })
    }
}

/// Bytes of a command. They may hold a key, so those that are left behind when it grows are wiped too.
#[derive(Default)]
struct Bytes(Zeroizing<Vec<u8>>);

impl Bytes {
    fn raw(&mut self, bytes: &[u8]) {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let mut larger = Vec::with_capacity((self.0.len() + bytes.len()).next_power_of_two().max(512));
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = Zeroizing::new(larger);
        }
        self.0.extend_from_slice(bytes);
    }
    fn u16(&mut self, number: u16) {
        self.raw(&number.to_be_bytes());
    }
    fn u32(&mut self, number: u32) {
        self.raw(&number.to_be_bytes());
    }
    /// `TPM2B_…`: its size, and it.
    fn sized(&mut self, bytes: &[u8]) {
        self.u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
        self.raw(bytes);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }
    fn sized(&mut self) -> Option<&'a [u8]> {
        let size = self.u16()?;
        self.take(usize::from(size))
    }
}
