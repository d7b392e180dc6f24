//! The elements among the styles, colours and scripts of a page that knows nothing of them: they stay readable and in their place,
//! look as the page wants them to, and go on as they are when it moves them about.

use std::path::PathBuf;

use lamplight_tests::outside::{Options, eventually};
use serde_json::json;

use crate::site::{File, Site};
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::{Name, starts};

const CALM: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; margin: 2rem; background: #fff; color: #222; }
a { color: #0645ad; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } a { color: #9ecbff; } }
";
/// What takes everything from every element that a page can reach.
const UNSET: &str = "\
* { all: unset !important }
html, body, main, p { display: block !important; font: 18px serif !important; }
title, head, script, style { display: none !important; }
";
/// Beside Bootstrap: what keeps other frames inside, and what lies over everything that a page can put anywhere.
const TIGHT: &str = "\
.card { transform: translateZ(0); overflow: hidden; contain: paint; }
.over { position: fixed; inset: auto 0 0 auto; width: 60%; height: 60%; z-index: 2147483647; }
";

/// Where Bootstrap's own style lies, as npm has it.
fn bootstrap() -> &'static str {
    let Some(file) = std::env::var_os("LAMPLIGHT_BOOTSTRAP").map(PathBuf::from) else {
        panic!("LAMPLIGHT_BOOTSTRAP names no bootstrap.min.css: run `cargo xtask test browser`")
    };
    let style = std::fs::read_to_string(file).expect("bootstrap.min.css");
    // Files of a site live as long as the tests.
    format!("{style}\n{TIGHT}").leak()
}

/// A page with a badge, and a button that opens a chat.
fn page(relay: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>A shop</title><meta name=\"viewport\" content=\"width=device-width\">\
         <link rel=\"stylesheet\" href=\"/shop.css\"><script type=\"module\" src=\"{relay}/embed/v1/presence.js\"></script>\
         <script type=\"module\" src=\"/shop.js\"></script></head>{body}</html>"
    )
}

const PLAIN: &str = "<body><main><h1>A shop</h1>\
    <p><a href=\"#ask\">Ask <presence-status for=\"alice@localhost\" name=\"Alice\">our Alice</presence-status></a></p>\
    <p><presence-chat to=\"alice@localhost\" name=\"Our shop\">Write to us</presence-chat></p></main></body>";

/// As a shop with Bootstrap looks: a bar that stays, a card that keeps what is in it, and something that lies over all of it.
fn with_bootstrap(theme: &str) -> String {
    format!(
        "<body data-bs-theme=\"{theme}\" class=\"bg-body text-body\">\
         <nav class=\"navbar fixed-top bg-body-tertiary\"><div class=\"container\"><span class=\"navbar-brand\">A shop</span>\
         <a class=\"nav-link\" href=\"#ask\">Ask <presence-status for=\"alice@localhost\" name=\"Alice\">our Alice</presence-status></a></div></nav>\
         <main class=\"container py-5 mt-5\"><div class=\"card w-50\"><div class=\"card-body\"><p class=\"card-text\">Tea</p>\
         <presence-chat to=\"alice@localhost\" name=\"Our shop\">Write to us</presence-chat></div></div></main>\
         <div class=\"over bg-danger-subtle\"></div></body>"
    )
}

async fn shop(stage: &Stage, style: &'static str, script: &'static str, body: &str) -> Site {
    let files: [File; 2] = [
        ("/shop.css", "text/css", style),
        ("/shop.js", "text/javascript", script),
    ];
    Site::open("", &page(&stage.relay.origin(), body), &files).await
}

async fn reader(stage: &Stage, site: &Site) -> Tab {
    let reader = stage.browser.person("reader").await;
    stage.watch(&reader);
    reader.open(&site.url()).await;
    reader
}

/// Everything about badges, the button and an open panel that a person could not read or reach.
const POOR: &str = r"(() => {
    const faults = [];
    const must = (holds, what) => holds || faults.push(what);
    const numbers = (text) => (text.match(/-?[\d.]+(e-?\d+)?/g) ?? []).map((one, at) => one * (text.startsWith('color(') && at < 3 ? 255 : 1));
    const around = (one) => one.assignedSlot ?? one.parentElement ?? one.getRootNode().host;
    const ground = (one) => {
        for (let at = one; at; at = around(at)) {
            const [r, g, b, a = 1] = numbers(getComputedStyle(at).backgroundColor);
            if (a > .9) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((one) => one / 255).map((one) => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const contrast = (one, of = 'color') => {
        const pair = [numbers(getComputedStyle(one)[of]).slice(0, 3), ground(one)].map(light).sort((a, b) => b - a);
        return (pair[0] + .05) / (pair[1] + .05);
    };
    const box = (one) => one.getBoundingClientRect();
    const size = (one) => `${Math.round(box(one).width)} x ${Math.round(box(one).height)}`;
    const reads = (one, what) => {
        must(parseFloat(getComputedStyle(one).fontSize) >= 10, `${what} is written too small`);
        must(contrast(one) >= 4.5, `${what} has a contrast of ${contrast(one)}`);
    };
    const part = (one, name) => one.shadowRoot.querySelector(`[part=${name}]`);
    const badge = (one, what) => {
        const [dot, label] = ['dot', 'label'].map((name) => part(one, name));
        must(box(dot).width >= 8 && box(dot).height >= 8, `the shape of ${what} is ${size(dot)}`);
        must(contrast(dot) >= 3, `the shape of ${what} has a contrast of ${contrast(dot)}`);
        must(box(label).width >= 20 && box(label).height >= 8, `the word of ${what} is ${size(label)}`);
        must(box(dot).right <= box(part(one, 'text')).left, `the shape of ${what} lies over its words`);
        const [line] = part(one, 'text').getClientRects();
        must(box(dot).top < line.bottom && line.top < box(dot).bottom, `the shape of ${what} is on another line`);
        reads(label, what);
    };
    document.querySelectorAll('presence-status').forEach((one) => badge(one, 'the badge'));
    for (const chat of document.querySelectorAll('presence-chat')) {
        const [launcher, panel, close, frame] = ['launcher', 'panel', 'close', 'frame'].map((name) => part(chat, name));
        badge(chat.shadowRoot.querySelector('presence-status'), 'the button');
        must(box(launcher).width >= 60 && box(launcher).height >= 24, `the button is ${size(launcher)}`);
        must(box(launcher).height <= (innerWidth > 480 ? 60 : 90), `the button is on several lines: ${size(launcher)}`);
        must(parseFloat(getComputedStyle(launcher).borderTopWidth) >= 1 && contrast(launcher, 'borderTopColor') >= 3, 'the button has no edge');
        if (!chat.opened) continue;
        const { left, top, right, bottom, width, height } = box(panel);
        const narrow = innerWidth <= 480;
        must(left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight, `the panel reaches out of the window: ${[left, top, right, bottom]}`);
        must(innerWidth - right <= 32 && innerHeight - bottom <= 32, `the panel is not in the corner: ${[right, bottom]}`);
        must(narrow ? width >= innerWidth - 1 && height >= innerHeight - 1 : width >= 300 && height >= 400, `the panel is ${size(panel)}`);
        must(document.elementFromPoint((left + right) / 2, (top + bottom) / 2) === chat, 'something lies over the panel');
        must(box(frame).width >= width - 4 && box(frame).height >= height - 4, `the frame is ${size(frame)}`);
        must(box(close).width >= 24 && box(close).height >= 24 && box(close).right <= right, `the button to close is ${size(close)}`);
        reads(close, 'the button to close');
    }
    return faults;
})()";

impl Tab {
    async fn finds_nothing_poor(&self, where_: &str) {
        let poor = self.script(POOR).await;
        if poor != json!([]) {
            self.fail(&format!("in {where_}: {poor:#}")).await;
        }
    }

    async fn sees_alice_available(&self) {
        self.sees("link", "Ask Alice: available").await;
        self.sees("button", "Our shop: available").await;
    }

    /// Opens the chat, and is in.
    async fn opens_the_chat(&self) {
        self.click("button", "Our shop: available").await;
        self.sees("dialog", "Our shop").await;
        self.click_in_frame("button", "Start").await;
        self.reads_in_frame("You write as a guest.").await;
    }
}

fn quick() -> Options {
    Options::new().set("bounds.settle", "1 s")
}

#[tokio::test]
async fn whatever_a_page_says_of_all_elements_badge_button_and_panel_stay_readable() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let [light, dark] = ["light", "dark"].map(with_bootstrap);
    for (name, style, body) in [
        ("unset", UNSET, PLAIN),
        ("bootstrap-light", bootstrap(), light.as_str()),
        ("bootstrap-dark", bootstrap(), dark.as_str()),
    ] {
        let site = shop(&stage, style, "", body).await;
        let reader = reader(&stage, &site).await;
        reader.sees_alice_available().await;
        reader.finds_nothing_poor(name).await;
        reader.opens_the_chat().await;
        reader.finds_nothing_poor(name).await;
        reader.picture(&format!("foreign-{name}")).await;
        reader.size(360, 640).await;
        reader.finds_nothing_poor(&format!("{name}, narrow")).await;
        reader.picture(&format!("foreign-{name}-narrow")).await;
        // Where the keyboard is, in the frame, it still leads out.
        reader.press("Escape").await;
        reader.sees_no("dialog", "Our shop").await;
    }
    stage.ends_clean().await;
}

/// What the shapes of badges are filled and drawn with.
const INK: &str = "[...document.querySelectorAll('presence-status')].map((one) => { \
    const dot = one.shadowRoot.querySelector('[part=dot]'); const { fill, stroke } = getComputedStyle(dot.firstChild); \
    return [dot.dataset.word, fill, stroke]; })";

#[tokio::test]
async fn with_colours_of_the_readers_own_the_shapes_are_drawn_in_them() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let body = PLAIN.replace(
        "</main>",
        "<p><presence-status for=\"nobody@localhost\" name=\"Nobody\">Nobody</presence-status></p></main>",
    );
    let site = shop(&stage, CALM, "", &body).await;
    let reader = reader(&stage, &site).await;
    reader.sees_alice_available().await;
    reader.opens_the_chat().await;
    for (scheme, ink) in [("light", "rgb(0, 0, 0)"), ("dark", "rgb(255, 255, 255)")] {
        reader
            .prefers(&[
                ("forced-colors", "active"),
                ("prefers-color-scheme", scheme),
            ])
            .await;
        let inks = reader.script(INK).await;
        let name = format!("forced-{scheme}");
        reader.picture(&format!("foreign-{name}")).await;
        // Of someone available the shape is filled, of whoever shows nothing it is drawn alone.
        assert_eq!(inks[0][0], "available");
        assert_eq!(inks[1], json!(["not_shared", "none", ink]), "{name}");
        let link = inks[0][1].as_str().unwrap_or_default();
        assert!(link.starts_with("rgb"), "{name}: {inks}");
        reader.finds_nothing_poor(&name).await;
    }
    stage.ends_clean().await;
}

/// Colours of shapes and letters, and of the panel's ground.
const COLOURS: &str = "(() => { const chat = document.querySelector('presence-chat').shadowRoot; \
    const of = (one, what) => getComputedStyle(one)[what]; \
    return [of(document.querySelector('presence-status').shadowRoot.querySelector('[part=dot]'), 'color'), \
    of(chat.querySelector('[part=launcher]'), 'color'), of(chat.querySelector('[part=panel]'), 'backgroundColor')]; })()";

#[tokio::test]
async fn colours_follow_the_reader_and_the_page_while_it_is_open() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let site = shop(&stage, CALM, "", PLAIN).await;
    let reader = reader(&stage, &site).await;
    reader.sees_alice_available().await;
    reader.opens_the_chat().await;
    let mut colours = Vec::new();
    for scheme in ["light", "dark", "light"] {
        reader.prefers(&[("prefers-color-scheme", scheme)]).await;
        reader.finds_nothing_poor(scheme).await;
        colours.push(reader.script(COLOURS).await);
        reader.picture(&format!("foreign-{scheme}")).await;
    }
    assert_eq!(colours[0], colours[2]);
    for at in 0..3 {
        assert_ne!(colours[0][at], colours[1][at], "{colours:?}");
    }
    // A page that is light whatever the reader prefers says so with an attribute, and takes it back.
    let theme = "document.querySelectorAll('presence-status, presence-chat').forEach((one) => (one.theme = 'dark'))";
    reader.script(&format!("{theme}; 0")).await;
    let dark = reader.script(COLOURS).await;
    assert_eq!((&dark[0], &dark[2]), (&colours[1][0], &colours[1][2]));
    let theme = theme.replace("'dark'", "null");
    reader.script(&format!("{theme}; 0")).await;
    assert_eq!(reader.script(COLOURS).await, colours[0]);
    stage.ends_clean().await;
}

/// A page that wants them its own way.
const STYLED: &str = "\
body { font: 16px/1.5 sans-serif; background: #fff; color: #222; }
presence-status { --presence-available: #c2185b; --presence-size: 20px; --presence-gap: 10px; }
presence-status::part(label) { text-transform: uppercase; }
presence-status::part(name) { display: none; }
presence-status:state(open) { border-bottom: 3px solid #c2185b; }
presence-status:state(not-available) { border-bottom: 3px dotted #555; }
presence-chat { --presence-ground: #222; --presence-ink: #fff; }
presence-chat::part(launcher) { border-radius: 0; }
presence-chat::part(panel) { width: 320px; }
presence-chat::part(dot) { display: none; }
";
/// What became of it, as it is laid out.
const LOOK: &str = "(() => { const status = document.querySelector('presence-status'), chat = document.querySelector('presence-chat'); \
    const part = (one, name) => one.shadowRoot.querySelector(`[part=${name}]`); \
    const style = getComputedStyle; const dot = part(status, 'dot'); const text = part(status, 'text'); \
    return { dot: [dot.getBoundingClientRect().width, style(dot).color], gap: text.getBoundingClientRect().left - dot.getBoundingClientRect().right, \
    line: style(status).borderBottomStyle, launcher: [style(part(chat, 'launcher')).backgroundColor, style(part(chat, 'launcher')).color, \
    style(part(chat, 'launcher')).borderRadius], panel: part(chat, 'panel').getBoundingClientRect().width, \
    inside: part(part(chat, 'launcher').firstChild, 'dot').getBoundingClientRect().width }; })()";

#[tokio::test]
async fn a_page_styles_them_by_parts_states_and_properties() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let site = shop(&stage, STYLED, "", PLAIN).await;
    let reader = reader(&stage, &site).await;
    reader.sees("link", starts("Ask")).await;
    reader.opens_the_chat().await;
    let mut expected = json!({
        "dot": [20, "rgb(194, 24, 91)"], "gap": 10, "line": "solid", "launcher": ["rgb(34, 34, 34)", "rgb(255, 255, 255)", "0px"],
        "panel": 320, "inside": 0,
    });
    assert_eq!(reader.script(LOOK).await, expected);
    let link = reader.sees("link", Name::Any).await;
    assert_eq!(reader.shown(&link).await.trim(), "Ask");
    reader.picture("foreign-styled").await;
    alice.sets("Busy", "").await;
    reader.sees("button", "Our shop: not available").await;
    // The state has changed with the word, and the colour is that of another word.
    expected["line"] = "dotted".into();
    expected["dot"][1] = "rgb(87, 96, 106)".into();
    assert_eq!(reader.script(LOOK).await, expected);
    stage.ends_clean().await;
}

/// A page that moves what it shows: as it is, by taking it out and putting it in, and by putting others in its place.
const MOVES: &str = "\
const footer = document.querySelector('footer');
const heard = document.querySelector('output');
addEventListener('presence-ready', ({ detail }) => heard.append(`[ready ${detail.word}]`));
const all = (does) => document.querySelectorAll('presence-status, presence-chat').forEach(does);
document.getElementById('move').onclick = () => all((one) => footer.moveBefore(one, null));
document.getElementById('put').onclick = () => all((one) => document.querySelector('main').append(one));
document.getElementById('swap').onclick = () => {
  const next = document.createElement('main');
  next.append('Another page of the shop');
  all((one) => next.append(one.cloneNode()));
  document.querySelector('main').replaceWith(next);
};
";
/// Something lies over whatever the page has.
const COVERED: &str = "\
body { font: 16px/1.5 sans-serif; margin: 2rem; background: #fff; color: #222; }
.over { position: fixed; inset: auto 0 0 auto; width: 60%; height: 60%; z-index: 2147483647; background: #fdd; }
";
const MOVING: &str = "<body><p><button id=\"move\">Move</button> <button id=\"put\">Put</button> <button id=\"swap\">Go on</button></p>\
    <main><p><presence-status for=\"alice@localhost\" name=\"Alice\">our Alice</presence-status></p>\
    <p><presence-chat to=\"alice@localhost\" name=\"Our shop\">Write to us</presence-chat></p></main><footer></footer><p><output></output></p>\
    <div class=\"over\"></div></body>";

#[tokio::test]
async fn what_a_page_moves_about_keeps_its_line_and_what_it_moves_as_it_is_its_chat_too() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let site = shop(&stage, COVERED, MOVES, MOVING).await;
    let reader = reader(&stage, &site).await;
    reader.reads("Alice:  available").await;
    reader.opens_the_chat().await;
    reader.click_in_frame("textbox", "Message").await;
    reader.types("Half a sent").await;
    // What is moved as it is stays open, and half a sentence stays in its field.
    reader.walks_to("button", "Move").await;
    reader.press("Enter").await;
    reader.sees("contentinfo", Name::Any).await;
    reader
        .until("the chat in the footer", |tree| {
            let launcher = tree.one("button", starts("Our shop"));
            launcher
                .filter(|one| one.within("contentinfo", ""))
                .map(|_| ())
        })
        .await;
    reader.sees("dialog", "Our shop").await;
    reader.reads_in_frame("Half a sent").await;
    reader.click_in_frame("textbox", "Message").await;
    reader.types("ence").await;
    reader.press("Enter").await;
    reader.reads_in_frame("Half a sentence").await;
    // What is taken out and put in elsewhere stays open, over everything, while its frame begins anew: as the same guest.
    reader.walks_to("button", "Put").await;
    reader.press("Enter").await;
    reader
        .until("the chat in the page", |tree| {
            let launcher = tree.one("button", "Our shop: available".into());
            launcher.filter(|one| one.within("main", "")).map(|_| ())
        })
        .await;
    reader.sees("dialog", "Our shop").await;
    reader.reads_in_frame("Half a sentence").await;
    reader.finds_nothing_poor("what was put elsewhere").await;
    reader.click("button", "Close").await;
    reader.sees_no("dialog", "Our shop").await;
    // A page whose script puts others in their place.
    reader.click("button", "Go on").await;
    reader.reads("Another page of the shop").await;
    reader.reads("Alice:  available").await;
    reader.sees("button", "Our shop: available").await;
    alice.sets("Busy", "").await;
    reader.reads("Alice:  not available").await;
    reader.sees("button", "Our shop: not available").await;
    let opened = || async { stage.relay.metric("lamplight_visitors_total").await };
    eventually("one line", || async {
        (opened().await == Some(1.0)).then_some(())
    })
    .await;
    assert_eq!(opened().await, Some(1.0), "lines of visitors");
    stage.ends_clean().await;
}
