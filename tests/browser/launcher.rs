//! The button on somebody else's page that opens a chat: `<presence-chat>`. The frame that it opens is a stand-in here, which
//! speaks what docs/EMBEDDING.md says of the two sides, so that both the page and what it says to the frame can be seen.

use lamplight_tests::outside::{Options, eventually};

use crate::looks::faults;
use crate::site::{File, Site};
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::Node;

/// The stand-in: says what it was told, and does what its buttons say.
const FRAME: &str = "<!doctype html><html lang=\"en\"><head><title>A chat</title><script type=\"module\" src=\"/frame.js\"></script></head>\
    <body><main><h1>A chat</h1><button id=\"two\">Two unread</button><button id=\"none\">All read</button>\
    <button id=\"token\">Who am I?</button><button id=\"close\">Leave</button><p><output></output></p></main></body></html>";
const FRAME_SCRIPT: &str = "\
const asked = new URLSearchParams(location.search);
const page = asked.get('origin');
const said = document.querySelector('output');
let port;
addEventListener('message', ({ data, origin, source, ports }) => {
  if (source !== parent || origin !== page || data.type !== 'lamplight:hello') return;
  port = ports[0];
  said.append(`[with ${data.to}, who is ${data.name}, on a page that ${data.vouches ? 'vouches' : 'does not vouch'}]`);
  port.onmessage = ({ data }) => said.append(data.type === 'token' ? `[token ${data.token} ${data.code ?? 'is so'}]` : `[${data.type} ${data.open}]`);
});
for (const button of document.querySelectorAll('button'))
  button.onclick = () => port.postMessage({
    two: { type: 'unread', count: 2 }, none: { type: 'unread', count: 0 }, token: { type: 'token?' }, close: { type: 'close' },
  }[button.id]);
addEventListener('keydown', ({ key }) => key === 'Escape' && port.postMessage({ type: 'close' }));
parent.postMessage({ type: 'lamplight:ready' }, page);
";
/// A frame that goes elsewhere, and greets the page from there as the relay's would; says what it was answered.
const STRANGER: &str = "\
const said = document.querySelector('output');
if (location.hostname.startsWith('frame.')) location.hostname = location.hostname.replace('frame.', 'other.');
else {
  addEventListener('message', ({ data, ports }) => said.append(`[${data.type} and ${ports.length} ports]`));
  parent.postMessage({ type: 'lamplight:ready' }, '*');
}
";
/// The shop answers every greeting a little later, so that one which the launcher does not answer is seen to be unanswered.
const SHOP: &str = "\
const heard = document.querySelector('output');
const chat = document.querySelector('presence-chat');
chat.tokenProvider = {
  text: async () => 'signed-by-the-page',
  object: async () => ({ token: 'signed-by-the-page' }),
  nothing: async () => {},
  fails: async () => { throw new Error('nobody is signed in here'); },
  waits: () => new Promise(() => {}),
}[chat.dataset.gives];
document.addEventListener('unread-change', ({ detail }) => heard.append(`[${detail.unread} unread of ${detail.to}]`));
document.getElementById('agree').onclick = () => document.querySelectorAll('presence-chat').forEach((chat) => (chat.consent = null));
document.addEventListener('presence-error', ({ detail }) => heard.append(`[${detail.code}]`));
addEventListener('message', ({ source }) => setTimeout(() => source.postMessage({ type: 'shop:heard' }, '*'), 50));
";
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; margin: 2rem; background: #fff; color: #222; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
";

/// A site with a launcher, and the frame that stands for the relay's.
struct Shop {
    site: Site,
    frame: Site,
}

impl Shop {
    async fn open(stage: &Stage, frame_script: &'static str, more: &str, beside: &str) -> Self {
        let frame: [File; 1] = [("/frame.js", "text/javascript", frame_script)];
        let frame = Site::open("", FRAME, &frame).await;
        // Of the shop's own site, so that what stands in the frame can be read with it; its origin is another all the same.
        let at = frame.origin("frame.shop.localhost");
        let relay = stage.relay.origin();
        let other = frame.origin("other.shop.localhost");
        let lines = [&at, &relay]
            .map(|one| one.replacen("http", "ws", 1))
            .join(" ");
        let policy = format!(
            "default-src 'none'; script-src 'self' {relay}; style-src 'self'; connect-src 'self' {lines}; frame-src {at} {other}; \
             require-trusted-types-for 'script'; trusted-types 'none'"
        );
        let document = format!(
            "<!doctype html><html lang=\"en\"><head><title>A shop</title><link rel=\"stylesheet\" href=\"/shop.css\">\
             <script type=\"module\" src=\"{relay}/embed/v1/presence.js\"></script>\
             <script type=\"module\" src=\"/shop.js\"></script></head>\
             <body><main><h1>A shop</h1><p><presence-chat to=\"support@localhost\" name=\"Our support\" relay=\"{at}\" {more}>\
             <a href=\"mailto:support@localhost\">Write to us</a></presence-chat></p>\
             {beside}\
             <p><button id=\"agree\">Something else</button></p><p><output></output></p></main></body></html>"
        );
        let files: [File; 3] = [
            ("/shop.css", "text/css", STYLE),
            ("/shop.js", "text/javascript", SHOP),
            (
                "/chat-token",
                "application/json",
                "{\"token\":\"signed-for-maria\"}",
            ),
        ];
        let site = Site::open(&policy, &document, &files).await;
        Self { site, frame }
    }

    async fn reader(&self, stage: &Stage) -> Tab {
        let reader = stage.browser.person("reader").await;
        stage.watch(&reader);
        reader.open(&self.site.url()).await;
        reader
    }
}

fn is_open(node: &Node) -> bool {
    node.is("expanded")
}

#[tokio::test]
async fn a_chat_is_opened_from_the_keyboard_tells_what_is_unread_and_gives_the_keyboard_back() {
    let stage = Stage::set(Options::new()).await;
    let shop = Shop::open(&stage, FRAME_SCRIPT, "token-endpoint=\"/chat-token\"", "").await;
    let reader = shop.reader(&stage).await;
    reader.walks_to("button", "Our support").await;
    reader.press("Enter").await;
    reader.sees("dialog", "Our support").await;
    assert!(is_open(&reader.sees("button", "Our support").await));
    reader.sees("Iframe", "Our support").await;
    reader
        .reads_in_frame("[with support@localhost, who is Our support, on a page that vouches]")
        .await;
    reader.reads_in_frame("[state true]").await;

    reader.click_in_frame("button", "Two unread").await;
    reader.sees("button", "Our support, 2 unread").await;
    reader.reads("[2 unread of support@localhost]").await;
    reader.click_in_frame("button", "Who am I?").await;
    reader
        .reads_in_frame("[token signed-for-maria is so]")
        .await;
    for scheme in ["light", "dark"] {
        reader.prefers(&[("prefers-color-scheme", scheme)]).await;
        let faults = faults(&reader).await;
        assert!(faults.is_empty(), "in {scheme}: {faults:#?}");
        reader.picture(&format!("launcher-{scheme}")).await;
    }

    // From within the frame, where the keyboard is.
    reader.press("Escape").await;
    reader.sees_no("dialog", "Our support").await;
    let launcher = reader.sees("button", "Our support, 2 unread").await;
    assert!(
        launcher.is("focused") && !is_open(&launcher),
        "{launcher:?}"
    );
    // It goes on in the frame meanwhile, which is the same one when it is shown again.
    reader.press(" ").await;
    reader
        .reads_in_frame("[state true] [token signed-for-maria is so] [state false] [state true]")
        .await;
    reader.click_in_frame("button", "All read").await;
    reader.sees("button", "Our support").await;
    reader.click_in_frame("button", "Leave").await;
    reader.sees_no("dialog", "Our support").await;

    // The panel keeps nobody: whoever walks on comes to what is behind it in the page.
    reader.press("Enter").await;
    reader.sees("dialog", "Our support").await;
    reader.walks_to("button", "Something else").await;
    reader.walks_to("button", "Close").await;
    reader.size(360, 640).await;
    reader.picture("launcher-narrow").await;
    reader.press("Escape").await;
    reader.sees_no("dialog", "Our support").await;
    assert!(reader.sees("button", "Our support").await.is("focused"));
    assert_eq!(shop.site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}

/// The page's backend says nothing: the frame is told that, and the page too.
#[tokio::test]
async fn a_frame_is_told_when_nobody_vouches() {
    let stage = Stage::set(Options::new()).await;
    for (endpoint, said) in [
        ("", "does not vouch"),
        ("token-endpoint=\"/not-json\"", "vouches"),
        ("token-endpoint=\"http://127.0.0.1:1/elsewhere\"", "vouches"),
    ] {
        let shop = Shop::open(&stage, FRAME_SCRIPT, endpoint, "").await;
        let reader = shop.reader(&stage).await;
        reader.click("button", "Our support").await;
        reader
            .reads_in_frame(&format!("on a page that {said}]"))
            .await;
        reader.click_in_frame("button", "Who am I?").await;
        let answer = match endpoint {
            "" => "[token null is so]",
            _ => "[token null no_token]",
        };
        reader.reads_in_frame(answer).await;
        if !endpoint.is_empty() {
            reader.reads("[no_token]").await;
        }
    }
    stage.ends_clean().await;
}

/// A page that finds out by itself who the visitor is: what it gives goes before its backend's address. What it cannot find out
/// keeps nobody waiting.
#[tokio::test]
async fn a_page_may_vouch_by_a_function_of_its_own() {
    let stage = Stage::set(Options::new()).await;
    for (gives, answer, fault) in [
        ("text", "[token signed-by-the-page is so]", false),
        ("object", "[token signed-by-the-page is so]", false),
        ("nothing", "[token null is so]", false),
        ("fails", "[token null no_token]", true),
        ("waits", "[token null no_token]", true),
    ] {
        let more = format!("data-gives=\"{gives}\" token-endpoint=\"/chat-token\"");
        let shop = Shop::open(&stage, FRAME_SCRIPT, &more, "").await;
        let reader = stage.browser.person("reader").await;
        stage.watch(&reader);
        reader.gets_a_clock().await;
        reader.open(&shop.site.url()).await;
        reader.click("button", "Our support").await;
        reader.reads_in_frame("on a page that vouches]").await;
        reader.click_in_frame("button", "Who am I?").await;
        if gives == "waits" {
            let still = reader.tree_in_frame().await.text();
            assert!(!still.contains("[token"), "{still}");
            reader.minutes_pass(1).await;
        }
        reader.reads_in_frame(answer).await;
        if fault {
            reader.reads("[no_token]").await;
        }
        let heard = reader.tree().await.text();
        assert_eq!(heard.contains("[no_token]"), fault, "{gives}: {heard}");
        assert_eq!(shop.site.visits("POST /chat-token"), 0, "{gives}");
        assert_eq!(shop.site.reports(), 0, "broken policies");
    }
    stage.ends_clean().await;
}

/// Nothing is loaded before somebody means to open it; and nothing at all, not even a button, before the reader agrees.
#[tokio::test]
async fn nothing_of_a_chat_is_loaded_before_it_is_meant() {
    let stage = Stage::set(Options::new()).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let pending = "consent=\"pending\"";
    let beside = format!(
        "<p><presence-chat to=\"alice@localhost\" name=\"Alice\" {pending}>Alice of our shop</presence-chat></p>"
    );
    let shop = Shop::open(&stage, FRAME_SCRIPT, pending, &beside).await;
    let reader = shop.reader(&stage).await;
    reader.sees("link", "Write to us").await;
    reader.reads("Alice of our shop").await;
    assert_eq!(shop.frame.visits(""), 0);
    // From the keyboard, so that no button appears below the pointer.
    reader.walks_to("button", "Something else").await;
    reader.press("Enter").await;
    // Who is there says the relay; the other one's is a frame and no more.
    reader.sees("button", "Alice: available").await;
    reader.sees("button", "Our support").await;
    assert_eq!(shop.frame.visits("GET /embed/chat?"), 0);
    reader.walks_to("button", "Our support").await;
    let asked = "GET /embed/chat?to=support%40localhost&origin=http%3A%2F%2Fshop.localhost%3A";
    eventually("a frame that nobody sees yet", || async {
        (shop.frame.visits(asked) == 1).then_some(())
    })
    .await;
    assert!(
        reader
            .tree()
            .await
            .one("dialog", "Our support".into())
            .is_none()
    );
    reader.press("Enter").await;
    reader.reads_in_frame("[state true]").await;
    assert_eq!(shop.frame.visits("GET /embed/chat?"), 1);
    assert_eq!(shop.site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}

/// A frame of another origin than the relay's gets no channel, not even the one that was opened as the relay's.
#[tokio::test]
async fn a_frame_that_went_elsewhere_is_not_answered_and_the_reader_is_told() {
    let stage = Stage::set(Options::new()).await;
    let shop = Shop::open(&stage, STRANGER, "", "").await;
    let reader = stage.browser.person("reader").await;
    stage.watch(&reader);
    reader.gets_a_clock().await;
    reader.open(&shop.site.url()).await;
    reader.click("button", "Our support").await;
    reader.reads_in_frame("[shop:heard and 0 ports]").await;
    let frame = reader.tree_in_frame().await.text();
    assert!(!frame.contains("lamplight:hello"), "{frame}");
    reader.minutes_pass(1).await;
    reader
        .reads("The chat does not answer. Close it and try again.")
        .await;
    reader.reads("[no_frame]").await;
    reader.click("button", "Close").await;
    reader.sees_no("dialog", "Our support").await;
    assert_eq!(shop.site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}
