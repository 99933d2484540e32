//! Sessions of browsers: known by the digest of a random name, over after a while and after a while of quiet.

use crate::role::Person;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_vocab::{Digest, Entropy, Timestamp};
use http::{HeaderMap, header};
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};

/// How long sessions last, and how cookies are sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Without a request.
    pub idle: Duration,
    /// At most.
    pub whole: Duration,
    /// Whether browsers reach the console over TLS alone.
    pub secure: bool,
    /// Whether links that are good once sign in: on loopback alone.
    pub links: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self { idle: hours(2), whole: hours(12), secure: false, links: true }
    }
}

/// The cookie of a session.
pub(crate) const COOKIE: &str = "doorward_console";
/// The cookie of a sign-in that has begun.
pub(crate) const BEGUN: &str = "doorward_sign_in";
/// Sessions that are known at once; the one that was quiet for longest makes room.
const MOST: usize = 1_000;

/// Somebody's session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) person: Person,
    /// Goes along with what changes something.
    pub(crate) token: String,
    begun: Timestamp,
    used: Timestamp,
    /// What is told on the next page.
    flash: Option<String>,
}

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Digest, Session>>);

/// A random name that nobody guesses.
pub(crate) fn random(entropy: &dyn Entropy) -> String {
    let bytes = [entropy.draw(), entropy.draw()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Sessions {
    /// A new session; gives its name, which only the browser keeps.
    pub(crate) fn open(&self, person: Person, settings: &Settings, entropy: &dyn Entropy, now: Timestamp) -> String {
        let (name, token) = (random(entropy), random(entropy));
        let mut all = self.0.lock();
        all.retain(|_, session| session.lives(settings, now));
        if all.len() >= MOST
            && let Some(quiet) = all.iter().min_by_key(|(_, session)| session.used).map(|(name, _)| *name)
        {
            all.remove(&quiet);
        }
        all.insert(Digest::of(name.as_bytes()), Session { person, token, begun: now, used: now, flash: None });
        name
    }

    /// The session of a request; it is used now, unless a page merely looks again by itself.
    pub(crate) fn of(
        &self,
        headers: &HeaderMap,
        settings: &Settings,
        now: Timestamp,
        by_itself: bool,
    ) -> Option<(Digest, Session)> {
        let name = Digest::of(cookie(headers, COOKIE)?.as_bytes());
        let mut all = self.0.lock();
        let session = all.get_mut(&name)?;
        if !session.lives(settings, now) {
            all.remove(&name);
            return None;
        }
        if !by_itself {
            session.used = now;
        }
        Some((name, session.clone()))
    }

    /// Whether a session goes on.
    pub(crate) fn lives(&self, name: &Digest, settings: &Settings, now: Timestamp) -> bool {
        self.0.lock().get(name).is_some_and(|session| session.lives(settings, now))
    }

    pub(crate) fn close(&self, name: &Digest) {
        self.0.lock().remove(name);
    }

    /// Says something on the next page.
    pub(crate) fn tell(&self, name: &Digest, text: String) {
        if let Some(session) = self.0.lock().get_mut(name) {
            session.flash = Some(text);
        }
    }

    /// What is to be told, once.
    pub(crate) fn told(&self, name: &Digest) -> Option<String> {
        self.0.lock().get_mut(name)?.flash.take()
    }
}

impl Session {
    fn lives(&self, settings: &Settings, now: Timestamp) -> bool {
        now.since(self.begun) < settings.whole && now.since(self.used) < settings.idle
    }

    /// Whether this is its token.
    pub(crate) fn is_its_token(&self, token: &str) -> bool {
        verify_slices_are_equal(self.token.as_bytes(), token.as_bytes()).is_ok()
    }
}

/// The value of a cookie; none where it is sent twice, since then somebody else set one of them.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    let mut found = all.filter_map(|pair| pair.trim().split_once('=')).filter(|(n, _)| *n == name).map(|(_, v)| v);
    found.next().filter(|_| found.next().is_none())
}

/// A cookie that scripts do not see. The one of a sign-in goes along when the provider sends the browser back.
pub(crate) fn set(name: &str, value: &str, settings: &Settings, lasts: Duration) -> String {
    let same = if name == BEGUN { "Lax" } else { "Strict" };
    let secure = if settings.secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite={same}; Max-Age={}{secure}", lasts.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::{Roles, Way};
    use doorward_audit::Party;

    struct Count(std::sync::atomic::AtomicU8);
    impl Entropy for Count {
        fn draw(&self) -> [u8; 16] {
            [self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed); 16]
        }
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000 + secs * 1_000_000)
    }
    fn with(cookies: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, cookies.parse().unwrap())])
    }
    fn ann() -> Person {
        Person { party: Party::new("ann", "Ann"), roles: Roles::default(), way: Way::Link }
    }

    #[test]
    fn a_session_is_over_after_quiet_and_after_its_time() {
        let (settings, entropy) = (Settings::default(), Count(0.into()));
        let (idle, whole) = (settings.idle.as_secs(), settings.whole.as_secs());
        let lives = |uses: &[u64], asked: u64| {
            let sessions = Sessions::default();
            let name = sessions.open(ann(), &settings, &entropy, at(0));
            let headers = with(&format!("x=y; {COOKIE}={name}"));
            uses.iter().for_each(|t| assert!(sessions.of(&headers, &settings, at(*t), false).is_some(), "{t}"));
            sessions.of(&headers, &settings, at(asked), false).is_some()
        };
        assert!(lives(&[], idle - 1) && !lives(&[], idle));
        assert!(lives(&[idle - 1], 2 * idle - 2));
        let often: Vec<u64> = (0..whole).step_by(usize::try_from(idle).unwrap() / 2).collect();
        assert!(!lives(&often, whole), "not longer than its time, however busy");
    }

    #[test]
    fn looking_by_itself_keeps_no_session() {
        let (settings, entropy, sessions) = (Settings::default(), Count(0.into()), Sessions::default());
        let name = sessions.open(ann(), &settings, &entropy, at(0));
        let headers = with(&format!("{COOKIE}={name}"));
        let idle = settings.idle.as_secs();
        assert!(sessions.of(&headers, &settings, at(idle - 1), true).is_some());
        assert!(sessions.of(&headers, &settings, at(idle), true).is_none());
    }

    #[test]
    fn names_are_random_kept_as_digests_and_bounded() {
        let (settings, entropy, sessions) =
            (Settings::default(), doorward_store::OsEntropy::default(), Sessions::default());
        let first = sessions.open(ann(), &settings, &entropy, at(0));
        assert_eq!(first.len(), 43);
        assert!(!format!("{sessions:?}").contains(&first));
        for n in 0..MOST as u64 {
            sessions.open(ann(), &settings, &entropy, at(1 + n % 5));
        }
        assert_eq!(sessions.0.lock().len(), MOST);
        assert!(
            sessions.of(&with(&format!("{COOKIE}={first}")), &settings, at(6), false).is_none(),
            "the quietest went"
        );
    }

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        assert_eq!(cookie(&with("a=1; b=2"), "b"), Some("2"));
        assert_eq!(cookie(&with("b=1; b=2"), "b"), None);
        assert_eq!(cookie(&with("bb=1"), "b"), None);
    }
}
