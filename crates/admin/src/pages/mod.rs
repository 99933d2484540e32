//! Values as HTML. A page is a template that escapes whatever stands in it; what could not be seen in it is spelt out.

mod drawing;
mod frame;

pub(crate) use frame::Frame;

use crate::{
    answer::{self, Answer},
    views,
};
use askama::Template;
use doorward_vocab::Digest;
use drawing::{Bars, Drawing};
use http::StatusCode;
use std::{fmt::Write as _, sync::LazyLock};

const CSS: &str = include_str!("../../assets/console.css");
const JS: &str = include_str!("../../assets/console.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// The address of a file of ours, which changes with its text.
fn address(path: &str, text: &str) -> String {
    format!("{path}?{}", Digest::of(text.as_bytes()).short())
}
static CSS_AT: LazyLock<String> = LazyLock::new(|| address("/assets/console.css", CSS));
static JS_AT: LazyLock<String> = LazyLock::new(|| address("/assets/console.js", JS));

pub(crate) fn asset(path: &str) -> Answer {
    match path {
        "/assets/console.css" => answer::asset("text/css; charset=utf-8", CSS),
        "/assets/console.js" => answer::asset("text/javascript; charset=utf-8", JS),
        _ => answer::asset("image/svg+xml", ICON),
    }
}

macro_rules! pages {
    ($($page:ident { $($more:ident: $kind:ty)? } $view:ty, $path:literal;)*) => {
        $(
            #[derive(Template)]
            #[template(path = $path)]
            struct $page<'a> {
                f: &'a Frame<'a>,
                v: &'a $view,
                $($more: $kind,)?
            }
        )*
    };
}

pages! {
    OverviewPage { bars: Bars } views::Overview, "overview.html";
    ConversationsPage {} views::Conversations, "conversations.html";
    ConversationPage {} views::Conversation, "conversation.html";
    RecordsPage {} views::Records, "records.html";
    CallPage {} views::Call, "call.html";
    ChainPage { d: Drawing<'a> } views::Chain, "chain.html";
    PartiesPage {} views::Parties, "parties.html";
    PartyPage {} views::PartyView, "party.html";
    ServersPage {} views::Servers, "servers.html";
    ServerPage {} views::ServerView, "server.html";
    DefinitionsPage {} views::Definitions, "definitions.html";
    DefinitionPage {} views::DefinitionView, "definition.html";
    DelegationsPage {} views::Delegations, "delegations.html";
    ApprovalsPage {} views::Approvals, "approvals.html";
    SourcesPage {} views::Sources, "sources.html";
    IntegrityPage {} views::Integrity, "integrity.html";
    LevelPage {} views::LevelView, "level.html";
}

/// What is shown, as a page or as JSON.
pub(crate) enum Shown<'v> {
    Overview(&'v views::Overview),
    Conversations(&'v views::Conversations),
    Conversation(&'v views::Conversation),
    Records(&'v views::Records),
    Findings(&'v views::Records),
    Call(&'v views::Call),
    Chain(&'v views::Chain),
    Parties(&'v views::Parties),
    Party(&'v views::PartyView),
    Servers(&'v views::Servers),
    Server(&'v views::ServerView),
    Definitions(&'v views::Definitions),
    Definition(&'v views::DefinitionView),
    Delegations(&'v views::Delegations),
    Approvals(&'v views::Approvals),
    Sources(&'v views::Sources),
    Integrity(&'v views::Integrity),
    Level(&'v views::LevelView),
}

impl Shown<'_> {
    pub(crate) fn json(&self) -> Answer {
        let ok = StatusCode::OK;
        match self {
            Self::Overview(v) => answer::json(ok, v),
            Self::Conversations(v) => answer::json(ok, v),
            Self::Conversation(v) => answer::json(ok, v),
            Self::Records(v) | Self::Findings(v) => answer::json(ok, v),
            Self::Call(v) => answer::json(ok, v),
            Self::Chain(v) => answer::json(ok, v),
            Self::Parties(v) => answer::json(ok, v),
            Self::Party(v) => answer::json(ok, v),
            Self::Servers(v) => answer::json(ok, v),
            Self::Server(v) => answer::json(ok, v),
            Self::Definitions(v) => answer::json(ok, v),
            Self::Definition(v) => answer::json(ok, v),
            Self::Delegations(v) => answer::json(ok, v),
            Self::Approvals(v) => answer::json(ok, v),
            Self::Sources(v) => answer::json(ok, v),
            Self::Integrity(v) => answer::json(ok, v),
            Self::Level(v) => answer::json(ok, v),
        }
    }

    pub(crate) fn html(&self, f: &Frame<'_>) -> String {
        match self {
            Self::Overview(v) => page(&OverviewPage { f, v, bars: Bars::of(&v.hours) }),
            Self::Conversations(v) => page(&ConversationsPage { f, v }),
            Self::Conversation(v) => page(&ConversationPage { f, v }),
            Self::Records(v) | Self::Findings(v) => page(&RecordsPage { f, v }),
            Self::Call(v) => page(&CallPage { f, v }),
            Self::Chain(v) => page(&ChainPage { f, v, d: Drawing::of(v) }),
            Self::Parties(v) => page(&PartiesPage { f, v }),
            Self::Party(v) => page(&PartyPage { f, v }),
            Self::Servers(v) => page(&ServersPage { f, v }),
            Self::Server(v) => page(&ServerPage { f, v }),
            Self::Definitions(v) => page(&DefinitionsPage { f, v }),
            Self::Definition(v) => page(&DefinitionPage { f, v }),
            Self::Delegations(v) => page(&DelegationsPage { f, v }),
            Self::Approvals(v) => page(&ApprovalsPage { f, v }),
            Self::Sources(v) => page(&SourcesPage { f, v }),
            Self::Integrity(v) => page(&IntegrityPage { f, v }),
            Self::Level(v) => page(&LevelPage { f, v }),
        }
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    f: &'a Frame<'a>,
    why: &'a str,
}

pub(crate) fn refused(f: &Frame<'_>, why: &str) -> String {
    page(&RefusedPage { f, why })
}

/// A page for somebody who is not signed in.
#[derive(Template)]
#[template(path = "bare.html")]
struct BarePage<'a> {
    css: &'a str,
    title: &'a str,
    why: &'a str,
    next: Option<(&'a str, &'a str)>,
    providers: Vec<(&'a str, String)>,
    links: bool,
    moved: Option<&'a str>,
}

/// A page with a sentence and where to go on: a link, or a command where the address is empty.
pub(crate) fn bare(title: &str, why: &str, next: Option<(&str, &str)>) -> String {
    page(&BarePage { css: &CSS_AT, title, why, next, providers: Vec::new(), links: false, moved: None })
}

pub(crate) fn sign_in(provider: Option<&str>, links: bool, to: &str) -> String {
    let to = if to == "/" { "" } else { to };
    let providers =
        provider.map(|name| (name, crate::query::link("/sign-in/provider", &[("to", to)]))).into_iter().collect();
    page(&BarePage { css: &CSS_AT, title: "Sign in", why: "", next: None, providers, links, moved: None })
}

/// Goes on to an address of ours from a page of ours.
pub(crate) fn entered(to: &str) -> String {
    let next = Some(("Go on", to));
    page(&BarePage {
        css: &CSS_AT,
        title: "You are signed in",
        why: "",
        next,
        providers: Vec::new(),
        links: false,
        moved: Some(to),
    })
}

fn page(template: &impl Template) -> String {
    match template.render() {
        Ok(html) => visible(html),
        // Writing to memory does not fail.
        Err(_) => String::new(),
    }
}

/// Spells out what a person does not see, or sees in another order (Unicode UAX #9): our own templates hold none of it.
fn visible(html: String) -> String {
    if html.is_ascii() {
        return html;
    }
    let mut out = String::with_capacity(html.len());
    for c in html.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            c if is_hidden(c) => {
                let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_spelt_out() {
        assert_eq!(visible("a\u{202e}b\u{e0041}é\n".to_owned()), "a⟨U+202E⟩b⟨U+E0041⟩é\n");
    }
}
