//! What people see. Plain pages: no scripts, nothing from elsewhere, and no other page can show them in a frame.

use crate::{approval::Question, live::Provider};
use base64::{Engine, engine::general_purpose::STANDARD};
use doorward_oauth::{Fault, Origin, Shown, metadata::path};
use doorward_transport::serve::Body;
use doorward_vocab::Digest;
use http::{HeaderValue, Response, StatusCode, header};
use std::fmt::Write as _;
use url::{Url, form_urlencoded};

const STYLE: &str = include_str!("page.css");

/// The question. Everything that can differ is in `shown`, whose digest goes along with the answer.
pub(super) fn consent(shown: &Shown, ticket: &str, redirect: &str) -> Response<Body> {
    let name = shown.name.as_deref().unwrap_or("A program without a name");
    let mut main = format!("<h1>Let {} act for you?</h1>", bold(name));
    if !shown.known {
        let _ = write!(
            main,
            "<p class=\"note\">Nothing proves who this program is. It will be sent back to {}. Go on only if you \
             started this yourself, just now.</p>",
            bold(&shown.goes_to)
        );
    }
    main += "<dl>";
    for (what, value) in facts(shown) {
        let _ = write!(main, "<dt>{what}</dt><dd>{}</dd>", escape(&value));
    }
    main += "</dl>";
    let _ = write!(main, "<form method=\"post\" action=\"{}\">", action(path::CONSENT));
    for (hidden, value) in [("ticket", ticket), ("seen", &shown.digest().to_string())] {
        let _ = write!(main, "<input type=\"hidden\" name=\"{hidden}\" value=\"{}\">", escape(value));
    }
    main += "<fieldset><legend>It may use</legend>";
    for server in &shown.servers {
        let server = escape(server.as_str());
        let _ = write!(
            main,
            "<label><input type=\"checkbox\" name=\"server\" value=\"{server}\" checked><span>{server}</span></label>"
        );
    }
    main += "</fieldset><fieldset><legend>For</legend><div class=\"hours\">";
    for (at, hours) in shown.hours.iter().enumerate() {
        let checked = if at == 0 { " checked" } else { "" };
        let text = time(*hours);
        let _ = write!(
            main,
            "<label><input type=\"radio\" name=\"hours\" value=\"{hours}\"{checked}><span>{text}</span></label>"
        );
    }
    main += "</div></fieldset><div class=\"acts\">\
             <button class=\"go\" name=\"answer\" value=\"allow\">Allow</button>\
             <button name=\"answer\" value=\"deny\">Do not allow</button></div></form>\
             <p class=\"small\">It never sees your password or the secrets of these servers. The rules of this gateway \
             hold for everything that it does.</p>";
    page(StatusCode::OK, "Let a program act for you?", &main, &["'self'", &source(redirect)])
}

/// The question about a call. What was drawn goes along with the answer, and what was shown.
pub(super) fn approval(question: &Question, (name, drawn): (&str, &str)) -> Response<Body> {
    let mut main = format!("<h1>Approve one call?</h1><pre>{}</pre>", escape(&question.shown));
    let _ = write!(main, "<form method=\"post\" action=\"{}\">", escape(&question.record.id));
    for (hidden, value) in [(name, drawn), ("seen", &question.record.shown.to_string())] {
        let _ = write!(main, "<input type=\"hidden\" name=\"{hidden}\" value=\"{}\">", escape(value));
    }
    main += "<div class=\"acts\"><button class=\"go\" name=\"answer\" value=\"approve\">Approve</button>\
             <button name=\"answer\" value=\"decline\">Do not approve</button></div></form>\
             <p class=\"small\">Your answer is for this call alone, once. The rules of this gateway hold for it all the same.</p>";
    page(StatusCode::OK, "Approve one call?", &main, &["'self'"])
}

/// A question about a call was answered.
pub(super) fn answered(approved: bool) -> Response<Body> {
    let main = match approved {
        true => "<h1>Approved</h1><p>The call may be made now, once. You can close this page.</p>",
        false => "<h1>Not approved</h1><p>The call is not made. You can close this page.</p>",
    };
    notice(StatusCode::OK, main)
}

fn facts(shown: &Shown) -> Vec<(&'static str, String)> {
    let known = match shown.origin {
        Origin::Configured => "written down by the operator of this gateway".to_owned(),
        Origin::Document => format!("described at {}", shown.client),
        Origin::Dynamic => "registered itself".to_owned(),
    };
    let mut facts = vec![
        ("You", shown.human.clone()),
        ("Signed in at", shown.provider.to_string()),
        ("The program", known),
        ("Goes back to", shown.goes_to.clone()),
        ("Works at", shown.resource.to_string()),
        ("Scopes", shown.scopes.iter().map(|s| &**s).collect::<Vec<_>>().join(", ")),
    ];
    if shown.hand_overs > 0 {
        facts.push(("Other programs", format!("it may hand this on, {} deep", shown.hand_overs)));
    }
    facts
}

/// Where to sign in. The links repeat the request, which is checked again.
pub(super) fn choice(providers: &[Provider], query: &str) -> Response<Body> {
    let mut main = "<h1>Where do you want to sign in?</h1><div class=\"ways\">".to_owned();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "provider").collect();
    for provider in providers {
        let mut to = form_urlencoded::Serializer::new(String::new());
        to.extend_pairs(&pairs).append_pair("provider", &provider.name);
        let (to, name) = (escape(&to.finish()), escape(&provider.name));
        let _ = write!(main, "<a class=\"way\" href=\"?{to}\">{name}</a>");
    }
    main += "</div>";
    page(StatusCode::OK, "Sign in", &main, &["'none'"])
}

/// The request cannot be answered, and its sender cannot be told.
pub(super) fn wrong(fault: &Fault) -> Response<Body> {
    let main = format!(
        "<h1>This cannot go on</h1><p>The program that sent you here asked for something that cannot be given.</p>\
         <p class=\"small\">{}: {}</p>",
        fault.code.as_str(),
        escape(&fault.why)
    );
    notice(StatusCode::BAD_REQUEST, &main)
}

/// A login that is over, or was never begun.
pub(super) fn over() -> Response<Body> {
    notice(
        StatusCode::BAD_REQUEST,
        "<h1>This page is over</h1><p>It was answered already, or it waited for too long. Start again from your program.</p>",
    )
}

/// A sign-in that had to be for just this, and was an earlier one.
pub(super) fn stale() -> Response<Body> {
    notice(
        StatusCode::FORBIDDEN,
        "<h1>Sign in anew</h1><p>For this you have to sign in just now, and your provider did not say that you did. Nothing was \
         approved.</p>",
    )
}

/// A sign-in that is not strong enough.
pub(super) fn weak() -> Response<Body> {
    notice(
        StatusCode::FORBIDDEN,
        "<h1>A stronger sign-in is needed</h1><p>For this a password is not enough, or not every second factor. Open the page \
         again and sign in with a stronger one. Nothing was approved.</p>",
    )
}

/// A login of another browser.
pub(super) fn elsewhere() -> Response<Body> {
    notice(
        StatusCode::FORBIDDEN,
        "<h1>This began in another browser</h1><p>If you did not start it yourself, close this page. If you did, start \
         again and stay in one browser.</p>",
    )
}

/// Something behind the gateway fails.
pub(super) fn broken() -> Response<Body> {
    notice(StatusCode::SERVICE_UNAVAILABLE, "<h1>This does not work now</h1><p>Try again in a minute.</p>")
}

/// An account at a server is connected.
pub(super) fn connected(server: &str, account: Option<&str>) -> Response<Body> {
    let account = account.map(|account| format!(" You act there as {}.", bold(account))).unwrap_or_default();
    let main = format!(
        "<h1>Connected</h1><p>Your account at {} is connected.{account}</p><p>You can close this page and go on where you were: \
         the call that asked for it works now.</p>",
        bold(server)
    );
    notice(StatusCode::OK, &main)
}

/// An account at a server is not connected.
pub(super) fn unconnected(server: &str, why: &str) -> Response<Body> {
    let main = format!(
        "<h1>Not connected</h1><p>Your account at {} is not connected. Try again from where you were.</p>\
         <p class=\"small\">{}</p>",
        bold(server),
        escape(why)
    );
    notice(StatusCode::BAD_GATEWAY, &main)
}

pub(super) fn notice(status: StatusCode, main: &str) -> Response<Body> {
    page(status, "Doorward", main, &["'none'"])
}

fn page(status: StatusCode, title: &str, main: &str, forms: &[&str]) -> Response<Body> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{main}</main></body></html>"
    );
    let style = STANDARD.encode(Digest::of(STYLE.as_bytes()).as_bytes());
    // A form's target holds for where its answer leads, too: to the program's own address.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action {}; frame-ancestors 'none'; base-uri 'none'",
        forms.join(" ")
    );
    let mut response = super::private(Response::new(Body::full(html)));
    *response.status_mut() = status;
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: the form would be sent with `Origin: null`, which is nobody's.
        (header::REFERRER_POLICY, "same-origin"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The last step of a path: forms go to where they came from, whatever a proxy puts before it.
fn action(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// An address as a source of a content security policy.
fn source(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url.origin().ascii_serialization(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => "'none'".to_owned(),
    }
}

fn time(hours: u64) -> String {
    match hours {
        1 => "1 hour".to_owned(),
        24 => "1 day".to_owned(),
        h if h % 24 == 0 => format!("{} days", h / 24),
        h => format!("{h} hours"),
    }
}

fn bold(text: &str) -> String {
    format!("<strong>{}</strong>", escape(text))
}

/// Text that is text wherever it stands in a page.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("<a href='x' b=\"c\">&"), "&lt;a href=&#39;x&#39; b=&quot;c&quot;&gt;&amp;");
        assert_eq!(source("http://127.0.0.1:7/cb?x"), "http://127.0.0.1:7");
        assert_eq!(source("cursor://x/y"), "cursor:");
        assert_eq!(
            (time(1), time(8), time(24), time(168)),
            ("1 hour".into(), "8 hours".into(), "1 day".into(), "7 days".into())
        );
    }

    #[test]
    fn a_page_can_not_be_framed_and_runs_nothing() {
        let response = broken();
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("frame-ancestors 'none'")
        );
        assert_eq!(response.headers()["x-frame-options"], "DENY");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}
