//! The page draws what the agent says. Rules of presence, the wire and sockets are named elsewhere; markup is never made
//! from a string; the frame of the page has nothing inline that the content security policy would refuse.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Complaints;
use crate::source::{self, Source};

/// Names whose appearance in `crates/web` means that a decision moved into the picture.
const RULES: &[(&str, &str)] = &[
    ("lamplight_core", "the page stands on embed alone"),
    // A person writes rules on the page, so it names them; whom they speak of and what follows is asked elsewhere.
    (
        "view(",
        "ACCESS RULES are asked in core, the agent hands a preview out",
    ),
    ("delivers(", "DELIVERY RULES are asked in core"),
    ("meets(", "VISIBILITY RULES are asked in core"),
    ("Onlooker", "rules are asked in core"),
    ("Sight", "what is seen is decided in core"),
    ("Letter", "DELIVERY RULES are asked in core"),
    (
        "Decision",
        "the page knows a decision by embed's word for it, and takes none",
    ),
    ("next_change", "what is open is decided in core"),
    (
        "Row::after",
        "WATCHER INFORMATION is written by the service",
    ),
    (
        "person(",
        "tuples are read into a word by core, the agent hands the word out",
    ),
    ("is_present", "whether someone is there is read by core"),
    ("TupleId", "tuples belong to the agent"),
    ("wire::", "frames belong to the agent"),
    ("ToService", "frames belong to the agent"),
    ("ToAgent", "frames belong to the agent"),
    ("WebSocket", "the socket belongs to embed's shell"),
    ("serde_json", "the page does not carry the JSON codec"),
];

/// Ways from a string to markup or code. Trusted Types would stop them in the browser; here they stop in review.
const SINKS: &[&str] = &[
    "innerHTML",
    "outerHTML",
    "set_inner_html",
    "set_outer_html",
    "insertAdjacentHTML",
    "insert_adjacent_html",
    "from_html_unchecked",
    "create_contextual_fragment",
    "document.write",
    "write_1",
    "js_sys::eval",
    "eval(",
    "new Function",
    "Function::new_no_args",
    "Function::new_with_args",
];

pub fn check(root: &Path) -> Result<Complaints> {
    let mut complaints = Complaints::new();
    let web = source::files(root, "crates/web/src", &["rs"])?;
    for source in &web {
        complaints.extend(named(source, RULES.iter().copied()));
    }
    let manifest = root.join("crates/web/Cargo.toml");
    if fs::read_to_string(manifest).is_ok_and(|text| depends_on_core(&text)) {
        complaints.push(
            "crates/web/Cargo.toml: depends on lamplight-core; the page stands on embed alone"
                .into(),
        );
    }
    let mut scripts = source::files(root, "crates/embed", &["rs", "js", "mjs"])?;
    scripts.extend(source::files(root, "www", &["js", "mjs"])?);
    for source in web.iter().chain(&scripts) {
        let sinks = SINKS
            .iter()
            .map(|token| (*token, "text becomes text nodes"));
        complaints.extend(named(source, sinks));
    }
    for page in source::files(root, "www", &["html"])? {
        complaints.extend(inline(&page));
    }
    Ok(complaints)
}

fn named<'a>(source: &Source, tokens: impl Iterator<Item = (&'a str, &'a str)>) -> Complaints {
    let mut complaints = Complaints::new();
    for (token, instead) in tokens {
        for line in source.lines_naming(token) {
            complaints.push(format!(
                "{}:{line}: names `{token}`; {instead}",
                source.path
            ));
        }
    }
    complaints
}

fn depends_on_core(manifest: &str) -> bool {
    manifest
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .any(|line| {
            line.trim_start().starts_with("lamplight-core") || line.contains(".lamplight-core]")
        })
}

/// What a strict policy would refuse in a file of HTML.
fn inline(page: &Source) -> Complaints {
    let text = page.text.to_ascii_lowercase();
    let mut complaints = Complaints::new();
    let mut complain = |at: usize, what: &str| {
        let line = text[..at].lines().count().max(1);
        complaints.push(format!(
            "{}:{line}: {what}; the policy allows files only",
            page.path
        ));
    };
    for (at, _) in text.match_indices('<') {
        let tag = &text[at..text[at..].find('>').map_or(text.len(), |end| at + end)];
        if tag.starts_with("<style") {
            complain(at, "an inline style sheet");
        }
        if tag.starts_with("<script") && !tag.contains(" src=") {
            complain(at, "an inline script");
        }
        for attribute in tag.split_whitespace().skip(1) {
            if attribute.starts_with("style=") {
                complain(at, "a style attribute");
            }
            if attribute.starts_with("on") && attribute.contains('=') {
                complain(at, "an event handler attribute");
            }
            if attribute.contains("javascript:") {
                complain(at, "a script as an address");
            }
        }
    }
    complaints
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_rule_of_presence_in_the_page_is_noticed() {
        for code in [
            "use lamplight_core::Agent;",
            "let word = person(&tuples);",
            "let seen = view(&watcher, None, &rules, status, at);",
            "match delivers(&letter, &rules, inbox) {}",
            "if meets(visibility, demand) {}",
            "let socket = web_sys::WebSocket::new(url);",
        ] {
            let source = Source::new("crates/web/src/a.rs", code);
            assert!(!named(&source, RULES.iter().copied()).is_empty(), "{code}");
        }
        let drawn = "let word = contact.person; html! { <Contact person={word} /> }";
        let source = Source::new("crates/web/src/a.rs", drawn);
        assert_eq!(named(&source, RULES.iter().copied()), Complaints::new());
    }

    #[test]
    fn the_page_may_depend_on_embed_only() {
        assert!(depends_on_core(
            "[dependencies]\nlamplight-core.workspace = true\n"
        ));
        assert!(depends_on_core(
            "[dependencies.lamplight-core]\nworkspace = true\n"
        ));
        assert!(!depends_on_core(
            "# not lamplight-core\nlamplight-embed.workspace = true\n"
        ));
    }

    #[test]
    fn everything_inline_is_noticed() {
        for html in [
            "<style>p{}</style>",
            "<script>go()</script>",
            "<p style=\"color:red\">",
            "<p\n STYLE='x'>",
            "<body onload=\"go()\">",
            "<a href=\"javascript:go()\">",
        ] {
            assert_eq!(inline(&Source::new("www/a.html", html)).len(), 1, "{html}");
        }
        let clean = "<link rel=stylesheet href=a.css><script type=module src=a.js></script><p class=style>on=off</p>";
        assert_eq!(inline(&Source::new("www/a.html", clean)), Complaints::new());
    }
}
