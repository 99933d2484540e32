//! Whatever agents, servers, people and texts say, a page holds it as text.

use crate::kit::*;
use doorward_admin::*;
use scraper::{ElementRef, Html};
use std::collections::BTreeSet;

/// What leaves a place of a page.
const BREAKS: [&str; 17] = [
    "",
    "\">",
    "'>",
    "\"",
    "'",
    "</a>",
    "</td></tr></table>",
    "</title>",
    "</script>",
    "</style>",
    "</pre>",
    "</text></svg>",
    "-->",
    "]]>",
    "`>",
    "</q></p>",
    "\u{0}>",
];

/// What would do something where it stood.
const BODIES: [&str; 13] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    " onmouseover=alert(1) x=",
    "<a href=javascript:alert(1)>x</a>",
    "<form action=/level/change method=post><input name=level value=watch>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<math><mtext></table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/><link rel=stylesheet href=//evil.example>",
    "javascript:alert(1)",
    "{{7*7}}{% raw %}${alert(1)}<%= 1 %>&lt;script&gt;&#60;script&#62;",
    "<style>*{display:none}</style><noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
];

fn payloads() -> Vec<String> {
    let mut all: Vec<String> =
        BREAKS.iter().flat_map(|b| BODIES.iter().map(move |body| format!("{b}{body}"))).collect();
    all.extend(
        ["\u{202e}\u{2066}gnp.exe\u{2069}", "a\u{200b}b\u{e0041}\u{feff}", "\u{1b}[2J\u{7}\u{8}"].map(str::to_owned),
    );
    all
}

fn paths(story: &Story, text: &str) -> Vec<String> {
    let q = |path: &str, pairs: &[(&str, &str)]| {
        format!("{path}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
    };
    let (read, sent) = (story.read.to_string(), story.sent.to_string());
    let (ann, agent) = (format!("ann {text}"), format!("a-1 {text}"));
    vec![
        "/".into(),
        "/conversations".into(),
        q("/conversations", &[("agent", text), ("human", text)]),
        q("/conversation", &[("name", &story.conversation), ("whose", &ann)]),
        // Before what looking adds.
        "/records?before=15".into(),
        "/findings?before=15".into(),
        q(
            "/records",
            &[("text", text), ("agent", text), ("server", text), ("tool", text), ("since", "1h"), ("before", "0")],
        ),
        q("/call", &[("id", &read)]),
        q("/call", &[("id", &sent)]),
        q("/chain", &[("id", &sent)]),
        "/agents".into(),
        q("/agent", &[("id", &agent)]),
        "/humans".into(),
        q("/human", &[("id", &ann)]),
        "/servers".into(),
        "/server?name=mail".into(),
        "/definitions".into(),
        q("/definition", &[("server", "mail"), ("kind", "tool"), ("name", text)]),
        "/delegations".into(),
        "/approvals".into(),
        "/sources".into(),
        "/integrity".into(),
        "/level".into(),
        // What is not there, and what cannot be meant, is said again.
        q("/call", &[("id", text)]),
        q("/records", &[("since", text)]),
        q("/sign-in", &[("to", text)]),
    ]
}

/// What a page is made of, without its texts: elements in order with the names of their attributes.
fn skeleton(page: &str) -> (Vec<String>, Html) {
    let html = Html::parse_document(page);
    let element = |e: ElementRef<'_>| {
        let names: BTreeSet<&str> = e.value().attrs().map(|(name, _)| name).collect();
        format!("{} {}", e.value().name(), names.into_iter().collect::<Vec<_>>().join(" "))
    };
    let all = html.tree.nodes().filter_map(ElementRef::wrap).map(element).collect();
    (all, html)
}

fn inert(html: &Html, at: &str) {
    for element in html.tree.nodes().filter_map(ElementRef::wrap) {
        for (name, value) in element.value().attrs() {
            assert!(
                !name.starts_with("on") && !matches!(name, "style" | "srcdoc" | "formaction"),
                "{at}: {name}={value}"
            );
            let goes = matches!(name, "href" | "src" | "action");
            assert!(
                !goes || (value.starts_with('/') && !value.starts_with("//")) || value.starts_with('#'),
                "{at}: {name}={value}"
            );
        }
        let name = element.value().name();
        assert!(
            !matches!(name, "iframe" | "object" | "embed" | "base" | "img" | "math" | "template" | "style"),
            "{at}: <{name}>"
        );
    }
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
    };
    let text: String = html.root_element().text().collect();
    assert!(!text.contains(hidden), "{at}: a character that nobody sees");
}

/// Every field of every record and of every port holds the same text, and every page is made of the same elements with the
/// same attributes as where the text is harmless.
#[tokio::test]
async fn what_others_say_is_text_on_every_page() {
    let harmless = Console::start("plain").await;
    let browser = harmless.browser(&[Role::Admin]).await;
    let mut expected = Vec::new();
    for path in paths(&harmless.story, "plain") {
        expected.push(skeleton(&browser.get(&path).await.text).0);
    }
    assert!(expected.iter().take(23).all(|page| page.len() > 60), "pages are empty");
    let payloads = payloads();
    assert!(payloads.len() >= 200, "{}", payloads.len());
    // Several in each text, so that the test takes seconds.
    for several in payloads.chunks(4) {
        let payload = several.join(" ");
        let console = Console::start(&payload).await;
        let browser = console.browser(&[Role::Admin]).await;
        for (path, expected) in paths(&console.story, &payload).into_iter().zip(&expected) {
            let page = browser.get(&path).await.text;
            let (made_of, html) = skeleton(&page);
            let at = format!("{payload:?} at {path}");
            inert(&html, &at);
            let differs = made_of.iter().zip(expected).position(|(a, b)| a != b);
            assert!(
                made_of == *expected,
                "{at}: {differs:?} {:?} not {:?}",
                differs.map(|n| &made_of[n]),
                differs.map(|n| &expected[n])
            );
        }
        // It is there, and whole.
        if payload.chars().all(|c| c.is_ascii() && !c.is_ascii_control()) {
            let page = browser.get(&format!("/call?id={}", console.story.sent)).await.text;
            let text: String = Html::parse_document(&page).root_element().text().collect();
            assert!(text.contains(&payload), "{payload:?} is lost");
        }
    }
}
