//! How people come in: with a link that the operator of this machine was shown, or at the identity provider.

use crate::{
    answer::{self, Answer},
    door::{Shared, Visitor},
    pages,
    ports::Fault,
    query::Query,
    role::{Person, Way},
    route::Do,
    session::{self, BEGUN, COOKIE},
    ticket::{Purpose, Ticket},
};
use doorward_audit::Party;
use doorward_vocab::{Digest, Timestamp};
use http::{HeaderMap, StatusCode, request::Parts};
use std::{sync::Arc, time::Duration};

/// A sign-in that has begun at the provider.
#[derive(Debug)]
pub(crate) struct Begun {
    /// What the login remembers of it.
    remembered: String,
    /// The browser, by the digest of its cookie.
    browser: Digest,
    /// Where to go after it.
    to: String,
    until: Timestamp,
}

/// How long a sign-in may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Sign-ins that are under way at once.
const MOST: usize = 1_000;

/// Answers what is open to anybody.
pub(crate) async fn answer(shared: &Arc<Shared>, act: Do, head: &Parts) -> Answer {
    if act == Do::Asset {
        return pages::asset(head.uri.path());
    }
    let query = match Query::parse(head.uri.query().unwrap_or_default().as_bytes()) {
        Ok(query) => query,
        Err(fault) => return wrong(&fault),
    };
    match act {
        Do::Link => link(shared, &query),
        Do::Begin => begin(shared, &query).await,
        Do::Callback => back(shared, &query, head).await,
        _ => ask(shared, &query),
    }
}

fn ask(shared: &Shared, query: &Query) -> Answer {
    let provider = shared.ports.login.as_ref().map(|login| login.name());
    let to = local(query.get("to"));
    answer::html(StatusCode::OK, pages::sign_in(provider.as_deref(), shared.settings.links, to))
}

fn link(shared: &Shared, query: &Query) -> Answer {
    let now = shared.ports.clock.now();
    let open = |text: &str| Ticket::open(text, Purpose::Link, &shared.key, now);
    let ticket = query.get("ticket").filter(|_| shared.settings.links).and_then(open);
    match ticket.filter(|ticket| shared.used.take(ticket, now)) {
        Some(ticket) => {
            let party = Party::new("local", "operator of this machine");
            let person = Person { party, roles: ticket.roles, way: Way::Link };
            enter(shared, person, local(query.get("to")), now, false)
        }
        None => answer::html(
            StatusCode::FORBIDDEN,
            pages::bare(
                "This link is over",
                "It was used before, or it is older than a quarter of an hour. Make another one:",
                Some(("doorward console", "")),
            ),
        ),
    }
}

/// Opens a session and goes on. What another site sent here goes on with a page of ours: a cookie that is strict comes along
/// only then.
fn enter(shared: &Shared, person: Person, to: &str, now: Timestamp, from_elsewhere: bool) -> Answer {
    let settings = &shared.settings;
    let name = shared.sessions.open(person, settings, &*shared.ports.entropy, now);
    let answer = match from_elsewhere {
        true => answer::html(StatusCode::OK, pages::entered(to)),
        false => answer::go(to),
    };
    answer::with_cookie(answer, &session::set(COOKIE, &name, settings, settings.whole))
}

async fn begin(shared: &Arc<Shared>, query: &Query) -> Answer {
    let Some(login) = &shared.ports.login else { return missing() };
    let draw = || session::random(&*shared.ports.entropy);
    // Whoever takes browsers back for several knows by this whose they are.
    let (state, browser) = (format!("console-{}", draw()), draw());
    let (to, remembered) = match login.begin(&state).await {
        Ok(begun) => begun,
        Err(fault) => return wrong(&fault),
    };
    let now = shared.ports.clock.now();
    let begun = Begun {
        remembered,
        browser: Digest::of(browser.as_bytes()),
        to: local(query.get("to")).to_owned(),
        until: now.plus(PATIENCE),
    };
    {
        let mut all = shared.begun.lock();
        all.retain(|_, begun| now < begun.until);
        if all.len() >= MOST {
            return answer::plain(StatusCode::TOO_MANY_REQUESTS, "too many people sign in; try again in a minute");
        }
        all.insert(Digest::of(state.as_bytes()), begun);
    }
    answer::with_cookie(answer::go(&to), &session::set(BEGUN, &browser, &shared.settings, PATIENCE))
}

async fn back(shared: &Arc<Shared>, query: &Query, head: &Parts) -> Answer {
    let Some(login) = &shared.ports.login else { return missing() };
    let now = shared.ports.clock.now();
    let begun = query.get("state").and_then(|state| shared.begun.lock().remove(&Digest::of(state.as_bytes())));
    let Some(begun) = begun.filter(|begun| now < begun.until && is_browser(&head.headers, &begun.browser)) else {
        return wrong(&Fault::Wrong("this sign-in is over, or began in another browser: begin again".into()));
    };
    match login.finish(head.uri.query().unwrap_or_default(), &begun.remembered).await {
        Ok(person) if person.roles.is_empty() => answer::html(
            StatusCode::FORBIDDEN,
            pages::bare(
                "You have no role here",
                "You signed in, and the configuration gives you no role on this console. Whoever runs it can, under [console].",
                None,
            ),
        ),
        Ok(person) => enter(shared, person, &begun.to, now, true),
        Err(fault) => wrong(&fault),
    }
}

fn is_browser(headers: &HeaderMap, browser: &Digest) -> bool {
    session::cookie(headers, BEGUN).is_some_and(|cookie| Digest::of(cookie.as_bytes()) == *browser)
}

/// Ends the session.
pub(crate) fn out(shared: &Shared, visitor: &Visitor) -> Answer {
    if let Some((name, _)) = &visitor.session {
        shared.sessions.close(name);
    }
    answer::with_cookie(answer::go("/sign-in"), &session::set(COOKIE, "", &shared.settings, Duration::ZERO))
}

fn missing() -> Answer {
    wrong(&Fault::Missing("no identity provider is configured for this console".into()))
}

fn wrong(fault: &Fault) -> Answer {
    answer::html(
        fault.status(),
        pages::bare("You are not signed in", &fault.to_string(), Some(("Sign in", "/sign-in"))),
    )
}

/// An address of this console; the overview where it is none.
fn local(to: Option<&str>) -> &str {
    let is_ours = |to: &&str| {
        to.starts_with('/')
            && !to.starts_with("//")
            && to.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && !to.starts_with("/sign-in")
    };
    to.filter(is_ours).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn nobody_is_sent_elsewhere() {
        assert_eq!(local(Some("/call?id=call_1")), "/call?id=call_1");
        for other in ["https://a.example", "//a.example", "/\\a.example", "\\\\a", "a", "", "/x\r\ny", "/sign-in?to=/"]
        {
            assert_eq!(local(Some(other)), "/", "{other}");
        }
    }
}
