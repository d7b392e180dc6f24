//! The live badge on somebody else's page: `<presence-status>`, under the policies that sites have, and whatever happens to page, line
//! and relay meanwhile.

use std::fmt::Write as _;

use lamplight_tests::outside::{CutProxy, Options, eventually};

use crate::looks::faults;
use crate::site::{File, Site};
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::{Node, Tree, starts};

/// What the shop's own page does with the badge: it may be listened to, and told when it may begin.
const SCRIPT: &str = "\
const heard = document.querySelector('output');
for (const kind of ['presence-ready', 'presence-change', 'presence-error'])
  document.addEventListener(kind, ({ type, detail }) => heard.append(`[${type} ${detail.for} ${detail.word ?? detail.code}]`));
for (const button of document.querySelectorAll('button'))
  button.addEventListener('click', () => {
    const badges = document.querySelectorAll('presence-status');
    if (button.id === 'agree') badges.forEach((badge) => badge.removeAttribute('consent'));
    if (button.id === 'move') badges.forEach((badge) => document.querySelector('footer').append(badge));
    if (button.id === 'other') badges.forEach((badge) => badge.for = 'bob@localhost');
    if (button.id === 'withdraw') badges.forEach((badge) => badge.setAttribute('consent', 'pending'));
  });
";
const CALM: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; margin: 2rem; background: #fff; color: #222; }
a { color: #0645ad; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } a { color: #9ecbff; } }
";
/// What is known to break what others put into a page.
const HOSTILE: &str = "\
* { all: unset !important }
html, body, main, p { display: block !important; font: 18px serif !important; }
title, head, script, style { display: none !important; }
";

const STRICT: &str =
    "script-src 'self' RELAY; style-src 'self'; connect-src RELAY LINE; frame-src RELAY";

struct Shop {
    site: Site,
}

impl Shop {
    async fn open(stage: &Stage, policy: &str, style: &'static str, lines: &str) -> Self {
        let relay = stage.relay.origin();
        let policy = policy
            .replace("RELAY", &relay)
            .replace("LINE", &relay.replacen("http", "ws", 1));
        let manifest = stage.relay.get("/embed/manifest.json").await.json();
        let module = |field: &str| {
            manifest["files"]["presence.js"][field]
                .as_str()
                .map(str::to_owned)
        };
        let module = |field: &str| module(field).expect("the manifest names it");
        // A site with a policy also holds the relay to what it gave before.
        let module = match policy.is_empty() {
            true => format!("src=\"{relay}{}\"", module("moving")),
            false => format!(
                "src=\"{relay}{}\" integrity=\"{}\" crossorigin=\"anonymous\"",
                module("pinned"),
                module("integrity")
            ),
        };
        let document = format!(
            "<!doctype html><html lang=\"en\"><head><title>A shop</title>\
             <link rel=\"stylesheet\" href=\"/shop.css\">\
             <script type=\"module\" {module}></script>\
             <script type=\"module\" src=\"/shop.js\"></script></head>\
             <body><main><h1>A shop</h1>{lines}<p><output></output></p></main><footer></footer></body></html>"
        );
        let files: [File; 2] = [
            ("/shop.css", "text/css", style),
            ("/shop.js", "text/javascript", SCRIPT),
        ];
        Self {
            site: Site::open(&policy, &document, &files).await,
        }
    }

    /// Somebody comes to read it.
    async fn reader(&self, stage: &Stage) -> Tab {
        let reader = stage.browser.person("reader").await;
        stage.watch(&reader);
        reader.open(&self.site.url()).await;
        reader
    }
}

/// One who is written about on a page, with what stands there before anything is known.
fn badge(more: &str) -> String {
    format!(
        "<p><a href=\"#ask\">Ask <presence-status for=\"alice@localhost\" name=\"Alice\" {more}>our Alice</presence-status></a></p>"
    )
}

impl Tab {
    /// Switches the badge of whoever sits there on.
    pub async fn shows_herself(&self) {
        self.chooses("Privacy and addresses").await;
        self.turns_to("On other sites").await;
        self.click("checkbox", "Show there whether you are available")
            .await;
        self.sees("image", "The picture now: available").await;
    }
}

/// W4, S6: live under each policy that a site may have, with nothing broken; where scripts of others are kept out, the words that
/// the page put there stay.
#[tokio::test]
async fn a_live_badge_follows_her_under_the_policies_that_sites_have() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let trusted = format!("{STRICT}; require-trusted-types-for 'script'; trusted-types 'none'");
    let mut readers = Vec::new();
    for (policy, style) in [
        ("", CALM),
        (STRICT, CALM),
        (&trusted, CALM),
        (STRICT, HOSTILE),
    ] {
        let shop = Shop::open(&stage, policy, style, &badge("")).await;
        let reader = shop.reader(&stage).await;
        reader.sees("link", "Ask Alice: not shared").await;
        readers.push((shop, reader));
    }
    let pictures = "img-src RELAY; script-src 'self'";
    let closed = Shop::open(&stage, pictures, CALM, &badge("")).await;
    let kept_out = stage.browser.person("kept out").await;
    kept_out.open(&closed.site.url()).await;
    kept_out.sees("link", "Ask our Alice").await;

    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    for (_, reader) in &readers {
        reader.sees("link", "Ask Alice: available").await;
    }
    alice.sets("Busy", "").await;
    for (_, reader) in &readers {
        reader.sees("link", "Ask Alice: not available").await;
    }
    alice
        .walks_to("checkbox", "Also whether you are busy or away")
        .await;
    alice.press(" ").await;
    for (shop, reader) in &readers {
        reader.sees("link", "Ask Alice: busy").await;
        reader
            .reads("[presence-change alice@localhost available] [presence-change alice@localhost not_available]")
            .await;
        assert_eq!(shop.site.reports(), 0, "broken policies");
    }
    for (at, (_, reader)) in readers.iter().enumerate() {
        reader.picture(&format!("embedded-{at}")).await;
    }
    alice.chooses("Privacy and addresses").await;
    alice.turns_to("Who sees you").await;
    alice.reads("Visitors of shop.localhost").await;
    kept_out.sees("link", "Ask our Alice").await;
    stage.ends_clean().await;
}

/// A page of a hundred is one line, whatever is moved about in it; who is not looked at any more is not asked for.
#[tokio::test]
async fn a_hundred_badges_are_one_line_and_may_be_moved_about() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let mut lines =
        String::from("<button id=\"move\">Move</button><button id=\"other\">Other</button>");
    for at in 0..100 {
        let _ = write!(
            lines,
            "<p><presence-status for=\"alice@localhost\" name=\"{at}\">{at}</presence-status></p>"
        );
    }
    let shop = Shop::open(&stage, "", CALM, &lines).await;
    let reader = shop.reader(&stage).await;
    let all = async |word: &'static str| {
        let count = |tree: &Tree| tree.all("StaticText", word.into()).len();
        reader
            .until(word, |tree| (count(tree) == 100).then_some(()))
            .await;
    };
    all("available").await;
    reader.click("button", "Move").await;
    alice.sets("Busy", "").await;
    all("not available").await;
    reader.click("button", "Other").await;
    all("not shared").await;
    // What was so of the one is at no moment said of the other.
    reader
        .reads("[presence-ready bob@localhost not_shared]")
        .await;
    let said = reader.tree().await.text();
    assert!(
        !said.contains("bob@localhost available") && !said.contains("bob@localhost not_available"),
        "{said}"
    );
    let opened = stage.relay.metric("lamplight_visitors_total").await;
    assert_eq!(opened, Some(1.0), "lines of visitors");
    stage.ends_clean().await;
}

/// Nothing goes over the network before the reader agrees.
#[tokio::test]
async fn a_badge_that_waits_for_consent_asks_nobody() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let lines = format!(
        "<button id=\"agree\">I agree</button><button id=\"withdraw\">I do not</button>{}",
        badge("consent=\"pending\"")
    );
    let shop = Shop::open(&stage, STRICT, CALM, &lines).await;
    let reader = shop.reader(&stage).await;
    reader.sees("link", "Ask our Alice").await;
    // What came later has been answered: had it asked, it would have been counted.
    let other = Shop::open(&stage, STRICT, CALM, &badge("")).await;
    other
        .reader(&stage)
        .await
        .sees("link", "Ask Alice: available")
        .await;
    let opened = stage.relay.metric("lamplight_visitors_total").await;
    assert_eq!(opened, Some(1.0), "lines of visitors");
    reader.click("button", "I agree").await;
    reader.sees("link", "Ask Alice: available").await;
    // Who changes their mind is not left with what was so then.
    reader.click("button", "I do not").await;
    reader.sees("link", "Ask our Alice").await;
    stage.ends_clean().await;
}

/// A page that the reader comes back to, and a relay that was away: what is shown is as it is now.
#[tokio::test]
async fn a_live_badge_is_current_after_the_way_back_and_after_a_restart() {
    let mut stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let shop = Shop::open(&stage, STRICT, CALM, &badge("")).await;
    let elsewhere = Shop::open(&stage, "", CALM, "<p>Something else</p>").await;
    let reader = shop.reader(&stage).await;
    reader.sees("link", "Ask Alice: available").await;
    reader.open(&elsewhere.site.url()).await;
    reader.reads("Something else").await;
    alice.sets("Busy", "").await;
    reader.script("history.back()").await;
    reader.sees("link", "Ask Alice: not available").await;

    stage.relay.kill();
    reader
        .reads("[presence-error alice@localhost unreachable]")
        .await;
    // What was known is not taken for gone.
    assert!(!reader.tree().await.text().contains("offline"));
    stage.relay.start_again().await;
    alice.sets("Available", "").await;
    reader.sees("link", "Ask Alice: available").await;
    let complaints = reader.complaints();
    assert!(
        complaints.iter().all(|text| text.contains("WebSocket")),
        "{complaints:?}"
    );
}

/// What is no address says so to the page, and keeps nobody else from being shown.
#[tokio::test]
async fn an_address_that_is_none_leaves_the_other_badges_as_they_are() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let long = "x".repeat(65);
    let mut lines = String::new();
    let wrong = [
        "alice",
        "@localhost",
        "two words@localhost",
        "alice@local host",
        "a\u{200b}b@localhost",
        "a\u{2102}@localhost",
        "\u{1f600}@localhost",
        &format!("{long}@localhost"),
    ];
    for one in wrong {
        let _ = write!(
            lines,
            "<p><presence-status for=\"{one}\">?</presence-status></p>"
        );
    }
    // Of these nobody knows, which is another thing.
    let unknown = [
        "änne@localhost",
        "ольга@localhost",
        "a+b-c@localhost",
        "ALICE@LOCALHOST",
    ];
    for one in unknown {
        let _ = write!(
            lines,
            "<p><presence-status for=\"{one}\" name=\"{one}\">!</presence-status></p>"
        );
    }
    let lines = format!("{lines}{}", badge(""));
    let shop = Shop::open(&stage, STRICT, CALM, &lines).await;
    let reader = shop.reader(&stage).await;
    reader.sees("link", "Ask Alice: available").await;
    reader.reads("ольга@localhost:  not shared").await;
    let text = reader.tree().await.text();
    for said in [
        "änne@localhost:  not shared",
        "a+b-c@localhost:  not shared",
        "ALICE@LOCALHOST:  available",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    assert_eq!(text.matches('?').count(), wrong.len(), "{text}");
    let opened = stage.relay.metric("lamplight_visitors_total").await;
    assert_eq!(opened, Some(1.0), "lines of visitors");
    stage.ends_clean().await;
}

/// A relay that stays away: what was known stands for a while and says that it is old, and then it is nobody's word.
#[tokio::test]
async fn what_was_known_grows_old_and_is_then_not_known() {
    let mut stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let shop = Shop::open(&stage, "", CALM, &badge("")).await;
    let reader = stage.browser.person("reader").await;
    reader.gets_a_clock().await;
    reader.open(&shop.site.url()).await;
    reader.sees("link", "Ask Alice: available").await;
    let old = |tree: &Tree| {
        let is_old =
            |node: &&Node| node.name == "not up to date" || node.description == "not up to date";
        tree.0.iter().find(is_old).map(|_| ())
    };
    assert!(old(&reader.tree().await).is_none());
    stage.relay.kill();
    reader.until("that it is old", old).await;
    reader.sees("link", "Ask Alice: available").await;
    reader.minutes_pass(1).await;
    reader.sees("link", "Ask Alice: unknown").await;
    stage.relay.start_again().await;
    // The wait between two tries has become long.
    reader.minutes_pass(2).await;
    reader.sees("link", "Ask Alice: available").await;
    assert!(old(&reader.tree().await).is_none());
}

/// A page that nobody looks at is not told; one that is looked at again knows at once.
#[tokio::test]
async fn a_hidden_page_is_told_nothing_until_it_is_seen() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let shop = Shop::open(&stage, "", CALM, &badge("")).await;
    let hidden = stage.browser.person("hidden").await;
    hidden.gets_a_clock().await;
    hidden.gets_a_shutter().await;
    hidden.open(&shop.site.url()).await;
    hidden.sees("link", "Ask Alice: available").await;
    let watching = shop.reader(&stage).await;
    watching.sees("link", "Ask Alice: available").await;
    hidden.is_hidden(true).await;
    hidden.minutes_pass(1).await;
    for (status, word) in [("Busy", "not available"), ("Available", "available")] {
        alice.sets(status, "").await;
        watching.sees("link", &format!("Ask Alice: {word}")).await;
    }
    alice.sets("Busy", "").await;
    watching.sees("link", "Ask Alice: not available").await;
    hidden.sees("link", "Ask Alice: available").await;
    assert!(!hidden.tree().await.text().contains("presence-change"));
    hidden.is_hidden(false).await;
    hidden.sees("link", "Ask Alice: not available").await;
    stage.ends_clean().await;
}

/// A network that swallows everything and tells nobody: the page asks, and finds another way in.
#[tokio::test]
async fn a_line_that_only_looks_open_is_found_out_and_opened_anew() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let proxy = CutProxy::before(stage.relay.address()).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let through = badge(&format!("relay=\"{}\"", proxy.origin()));
    let shop = Shop::open(&stage, "", CALM, &through).await;
    let reader = stage.browser.person("reader").await;
    stage.watch(&reader);
    reader.gets_a_clock().await;
    reader.open(&shop.site.url()).await;
    reader.sees("link", "Ask Alice: available").await;
    proxy.cut();
    // After some silence it asks, and that is swallowed too.
    reader.minutes_pass(1).await;
    reader.minutes_pass(1).await;
    alice.sets("Busy", "").await;
    let asked = || async {
        let opened = proxy.accepted();
        (opened > 1).then_some(())
    };
    eventually("a second try", asked).await;
    proxy.restore();
    reader.minutes_pass(1).await;
    reader.sees("link", "Ask Alice: not available").await;
    stage.ends_clean().await;
}

/// The sample of a site, as a person finds it who wants to know how their own would look.
#[tokio::test]
async fn the_sample_shop_shows_whom_one_asks_for() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let reader = stage.browser.person("reader").await;
    stage.watch(&reader);
    let shop = format!("{}/embed/shop", stage.relay.origin());
    reader.open(&shop).await;
    reader.reads("Say above whose.").await;
    for (whom, said, word) in [
        (
            "bob@localhost",
            "its badge is not switched on",
            "not shared",
        ),
        ("alice@localhost", "This is what visitors see.", "available"),
    ] {
        let field = "Whose presence shall it show?";
        reader.fill("textbox", field, whom).await;
        reader.press("Enter").await;
        reader.reads(said).await;
        let in_the_shop = |tree: &Tree| tree.all("StaticText", word.into()).len() >= 4;
        assert!(reader.comes_to(in_the_shop).await, "{whom} is not {word}");
        reader.sees("image", &format!("Presence of {whom}")).await;
    }
    for (scheme, width) in [("light", 1280), ("light", 360), ("dark", 1280)] {
        reader.prefers(&[("prefers-color-scheme", scheme)]).await;
        reader.size(width, 900).await;
        let faults = faults(&reader).await;
        assert!(faults.is_empty(), "in {scheme} at {width}: {faults:#?}");
        reader.picture(&format!("shop-{scheme}-{width}")).await;
    }
    alice.sets("Busy", "").await;
    reader.reads("Our tea person:  not available").await;
    let button = "Ask our tea person: not available";
    reader.click("button", button).await;
    reader.click_in_frame("button", "Start").await;
    reader.reads_in_frame("You write as a guest.").await;
    reader.types("Is the Assam here again?").await;
    reader.press("Enter").await;
    // A stranger to her, it waits with the other strangers.
    reader.reads_in_frame("Sent").await;
    alice.sees("link", starts("Messages from strangers")).await;
    reader.picture("shop-chat").await;
    // The same, drawn by the page itself.
    reader
        .script("document.querySelector('.own button').focus()")
        .await;
    reader.press("Enter").await;
    reader.reads("alice@localhost: not shared").await;
    // The keyboard is where one writes.
    reader.types("Any Sencha left?").await;
    reader.press("Enter").await;
    reader.reads("You: Any Sencha left? (accepted)").await;
    let faults = faults(&reader).await;
    assert!(faults.is_empty(), "what the page draws: {faults:#?}");
    reader.picture("shop-own").await;
    stage.ends_clean().await;
}

/// A badge in a page is no hindrance to anyone, by day and by night.
#[tokio::test]
async fn axe_finds_nothing_serious_in_a_page_with_badges() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let both = format!(
        "{}<p><presence-status for=\"bob@localhost\">Bob</presence-status></p>",
        badge("")
    );
    let shop = Shop::open(&stage, "", CALM, &both).await;
    let reader = shop.reader(&stage).await;
    reader.sees("link", "Ask Alice: available").await;
    for scheme in ["light", "dark"] {
        reader.prefers(&[("prefers-color-scheme", scheme)]).await;
        let faults = faults(&reader).await;
        assert!(faults.is_empty(), "in {scheme}: {faults:#?}");
        reader.picture(&format!("embedded-{scheme}")).await;
    }
    stage.ends_clean().await;
}
