//! A conversation in a frame on another site's page: the visitors of a shop, and those who answer in the chat page.

use std::sync::{Arc, Mutex};

use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::{Backend, Options};
use serde_json::json;

use crate::looks::{faults, faults_in_frame};
use crate::site::{self, File, Plot, Site};
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::starts;

const SUPPORT: &str = "support@localhost";
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; margin: 2rem; background: #fff; color: #222; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
";

/// What the policy of a page with a chat has to allow, as the documents say, and no more.
fn policy(relay: &str, frames: &str) -> String {
    let line = relay.replacen("http", "ws", 1);
    format!(
        "default-src 'none'; script-src 'self' {relay}; style-src 'self'; connect-src 'self' {relay} {line}; frame-src {relay} {frames}; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

fn page(relay: &str, more: &str, beside: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>A shop</title><link rel=\"stylesheet\" href=\"/shop.css\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <script type=\"module\" src=\"{relay}/embed/v1/presence.js\"></script></head>\
         <body><main><h1>A shop</h1><p><presence-chat to=\"support@localhost\" name=\"Our support\" {more}>\
         <a href=\"mailto:support@localhost\">Write to us</a></presence-chat></p>{beside}</main></body></html>"
    )
}

/// A registered shop that vouches for nobody and lets guests in.
async fn shop(stage: &Stage) -> Site {
    let plot = Plot::claim().await;
    Backend::registers(&stage.relay, &plot.origin(), SUPPORT, &["--guests"]);
    let relay = stage.relay.origin();
    let files: [File; 1] = [("/shop.css", "text/css", STYLE)];
    let (policy, document) = (policy(&relay, ""), page(&relay, "", ""));
    plot.build(&policy, &document, &files, Box::new(|_| None))
}

/// Somebody who reads a page of the shop.
async fn reader(stage: &Stage, site: &Site) -> Tab {
    let reader = stage.browser.person("maria").await;
    stage.watch(&reader);
    reader.open(&site.url()).await;
    reader
}

impl Tab {
    /// Makes the group of those who answer, with another member.
    async fn makes_support(&self, member: &str) {
        self.chooses("Privacy and addresses").await;
        self.turns_to("Groups").await;
        self.click("DisclosureTriangle", "Make a group").await;
        self.fill("textbox", "Name", "support").await;
        self.click("button", "Make a group").await;
        self.sees("heading", "support@localhost").await;
        self.click("DisclosureTriangle", "Add a member").await;
        self.fill("textbox", "Address", member).await;
        self.click("button", "Add a member").await;
        self.reads(&format!("{member}@localhost")).await;
    }

    /// A desk where one answers as the group.
    async fn answers_as_support(&self, stage: &Stage) -> Tab {
        let name = format!("{} as support", self.name);
        let desk = stage.browser.tab(&name, self.context.clone()).await;
        stage.watch(&desk);
        desk.opens_desk(stage).await;
        desk
    }

    async fn opens_desk(&self, stage: &Stage) {
        self.open(&[&stage.relay.origin(), "/?as=support@localhost"].concat())
            .await;
        self.is_in().await;
    }

    /// Presses the button on the shop's page and writes into what opens, as a guest.
    async fn comes_as(&self, name: &str) {
        self.click("button", starts("Our support")).await;
        self.reads_in_frame("Your name").await;
        self.click_in_frame("textbox", "Your name").await;
        self.types(name).await;
        self.press("Enter").await;
        self.reads_in_frame(&format!("You write as {name}.")).await;
    }

    /// Writes where the keyboard is.
    async fn writes(&self, text: &str) {
        self.types(text).await;
        self.press("Enter").await;
        self.reads_in_frame(text).await;
    }
}

#[tokio::test]
async fn a_visitor_talks_with_whichever_member_answers_and_is_the_same_after_a_reload() {
    let stage = Stage::set(Options::new()).await;
    let (alice, bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let (one, other) = (
        alice.answers_as_support(&stage).await,
        bob.answers_as_support(&stage).await,
    );
    one.shows_herself().await;
    let site = shop(&stage).await;
    let maria = reader(&stage, &site).await;
    maria.sees("button", "Our support: available").await;
    maria.click("button", starts("Our support")).await;
    maria.reads_in_frame("Your name").await;
    let start = faults_in_frame(&maria).await;
    assert!(start.is_empty(), "at the start: {start:#?}");
    maria.reload().await;
    maria.comes_as("Maria").await;
    maria.reads_in_frame("Available").await;
    maria.writes("Do you have this in blue?").await;
    for scheme in ["light", "dark"] {
        maria.prefers(&[("prefers-color-scheme", scheme)]).await;
        for faults in [faults(&maria).await, faults_in_frame(&maria).await] {
            assert!(faults.is_empty(), "in {scheme}: {faults:#?}");
        }
        maria.picture(&format!("visit-{scheme}")).await;
    }

    other
        .sees("option", starts("“Maria” · shop.example, "))
        .await;
    other.opens("“Maria” · shop.example").await;
    other.says("Yes, and in green too.").await;
    maria.reads_in_frame("Yes, and in green too.").await;
    one.opens("“Maria” · shop.example").await;
    one.reads("answered by bob").await;
    one.picture("visit-desk").await;
    one.sets("Busy", "").await;
    maria.reads_in_frame("Not available").await;
    one.sets("Available", "").await;
    maria.sees_no_in_frame("Nobody is here right now.").await;

    // The panel is closed from within; what comes is counted on the button.
    maria.press("Escape").await;
    maria.sees_no("dialog", "Our support").await;
    one.says("We have two of them here.").await;
    maria
        .sees("button", "Our support: available, 1 unread")
        .await;
    // Nothing is read that nobody could see: it stays, and the next one is counted with it.
    one.says("Which one shall it be?").await;
    maria
        .sees("button", "Our support: available, 2 unread")
        .await;
    maria.picture("visit-unread").await;
    maria.press("Enter").await;
    maria.reads_in_frame("We have two of them here.").await;
    maria.sees("button", "Our support: available").await;

    maria.reload().await;
    maria.click("button", "Our support: available").await;
    maria.reads_in_frame("We have two of them here.").await;
    maria.reads_in_frame("You write as Maria.").await;
    maria.writes("I take the green one.").await;
    one.reads("I take the green one.").await;
    maria.size(360, 640).await;
    maria.picture("visit-narrow").await;
    assert_eq!(site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}

#[tokio::test]
async fn when_nobody_is_there_the_button_says_so_and_a_message_waits() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let (alice, bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let desk = alice.answers_as_support(&stage).await;
    desk.shows_herself().await;
    let site = shop(&stage).await;
    let maria = reader(&stage, &site).await;
    maria.sees("button", "Our support: available").await;
    for gone in [&desk, &alice, &bob] {
        gone.open("about:blank").await;
    }
    maria.sees("button", "Our support: not available").await;
    maria.comes_as("Maria").await;
    maria
        .reads_in_frame("Nobody is here right now. Leave a message")
        .await;
    maria.writes("Please call me back.").await;
    maria.reads_in_frame("Sent").await;
    maria.picture("visit-away").await;
    maria.open("about:blank").await;

    desk.opens_desk(&stage).await;
    desk.opens("“Maria” · shop.example").await;
    desk.reads("Please call me back.").await;
    desk.says("We are back.").await;
    maria.open(&site.url()).await;
    maria.click("button", "Our support: available").await;
    maria.reads_in_frame("We are back.").await;
    stage.ends_clean().await;
}

/// Whom the site's backend vouches for, if anybody is signed in there.
type SignedIn = Arc<Mutex<Option<(&'static str, &'static str)>>>;

/// A registered shop whose backend vouches for whoever is signed in there: first for Maria.
async fn shop_that_vouches(stage: &Stage, more: &[&str]) -> (Site, Backend, SignedIn) {
    let plot = Plot::claim().await;
    let backend = Backend::registers(&stage.relay, &plot.origin(), SUPPORT, more);
    let signed_in: SignedIn = Arc::new(Mutex::new(Some(("customer 17", "Maria"))));
    let asked = Arc::clone(&signed_in);
    let mints = backend.clone();
    let answers: site::Backend = Box::new(move |line| {
        let who = *asked.lock().expect("no holder panics");
        line.starts_with("POST /chat-token").then(|| match who {
            Some((sub, name)) => format!("{{\"token\":\"{}\"}}", backend.vouches(sub, name)),
            None => "null".into(),
        })
    });
    let relay = stage.relay.origin();
    let document = page(&relay, "token-endpoint=\"/chat-token\"", "");
    let files: [File; 1] = [("/shop.css", "text/css", STYLE)];
    let site = plot.build(&policy(&relay, ""), &document, &files, answers);
    (site, mints, signed_in)
}

async fn comes_with_a_token(stage: &Stage, backend: &Backend, sub: &str) {
    let comes = json!({ "origin": backend.origin, "token": backend.vouches(sub, "Maria") });
    let request = Request::page_post(&stage.relay.origin(), "/v1/visitors", &comes);
    assert_eq!(stage.relay.call(&request).await.status, 201);
}

#[tokio::test]
async fn whom_the_shop_vouches_for_needs_no_name_and_is_the_same_in_another_browser() {
    let stage = Stage::set(Options::new().set("sites.unregistered", "closed")).await;
    let (alice, _bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let desk = alice.answers_as_support(&stage).await;

    let (site, mints, signed_in) = shop_that_vouches(&stage, &[]).await;
    let maria = reader(&stage, &site).await;
    maria.click("button", "Our support").await;
    maria.reads_in_frame("You write as Maria.").await;
    maria.writes("Where is my parcel?").await;
    desk.sees("option", starts("Maria · shop.example, ")).await;
    desk.opens("Maria · shop.example").await;
    desk.says("On its way.").await;
    maria.reads_in_frame("On its way.").await;
    // Of eleven browsers the first one is signed out: there they go on as the same, for the asking.
    for _ in 0..10 {
        comes_with_a_token(&stage, &mints, "customer 17").await;
    }
    maria.reads_in_frame("Your visit here has ended.").await;
    maria.click_in_frame("button", "Start").await;
    maria.reads_in_frame("On its way.").await;
    maria.reads_in_frame("You write as Maria.").await;

    let phone = reader(&stage, &site).await;
    phone.click("button", "Our support").await;
    phone.reads_in_frame("On its way.").await;
    // Somebody else at the same browser is somebody else here, and reads nothing of it.
    *signed_in.lock().expect("no holder panics") = Some(("customer 18", "Paul"));
    phone.reload().await;
    phone.click("button", "Our support").await;
    phone.reads_in_frame("You write as Paul.").await;
    phone.reads_in_frame("Nothing has been said yet.").await;
    // Nobody in particular: this shop lets no guests in, and the frame says so.
    *signed_in.lock().expect("no holder panics") = None;
    phone.reload().await;
    phone.click("button", "Our support").await;
    phone.click_in_frame("button", "Start").await;
    phone.reads_in_frame("Guests are not let in here.").await;
    phone.picture("visit-closed").await;
    assert_eq!(site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_browser_has_one_login_for_a_site_and_no_customer_goes_on_as_the_one_before() {
    let stage = Stage::set(Options::new().set("sites.unregistered", "closed")).await;
    let (alice, _bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let (site, mints, signed_in) = shop_that_vouches(&stage, &["--guests"]).await;
    let set = |who| *signed_in.lock().expect("no holder panics") = who;
    let first = reader(&stage, &site).await;
    first.click("button", "Our support").await;
    first.reads_in_frame("You write as Maria.").await;
    first.writes("Where is my parcel?").await;
    // With nine other browsers of hers, one more login would be one too many.
    for _ in 0..9 {
        comes_with_a_token(&stage, &mints, "customer 17").await;
    }
    let second = stage.browser.tab("second", first.context.clone()).await;
    stage.watch(&second);
    second.open(&site.url()).await;
    second.click("button", "Our support").await;
    second.reads_in_frame("Where is my parcel?").await;
    second.writes("I forgot: number 4711.").await;
    // It comes to the first tab too, by the same login.
    first.reads_in_frame("I forgot: number 4711.").await;

    // Paul signs in at the shop with this browser. Maria's tab is over there, and becomes his when he begins.
    set(Some(("customer 18", "Paul")));
    second.reload().await;
    second.click("button", "Our support").await;
    second.reads_in_frame("You write as Paul.").await;
    second.reads_in_frame("Nothing has been said yet.").await;
    first.reads_in_frame("Your visit here has ended.").await;
    first.click_in_frame("button", "Start").await;
    first.reads_in_frame("You write as Paul.").await;
    first.reads_in_frame("Nothing has been said yet.").await;
    // He signs out: whoever comes next is nobody in particular, and he himself is out.
    set(None);
    second.reload().await;
    second.click("button", "Our support").await;
    second.reads_in_frame("Your name").await;
    first.reads_in_frame("Your visit here has ended.").await;
    assert_eq!(site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}

/// Speaks to every frame of the page as if it were the page.
const SIBLING: &str = "<!doctype html><html lang=\"en\"><head><title>An advertisement</title><script src=\"/ad.js\"></script></head><body>Buy now</body></html>";
const SIBLING_SCRIPT: &str = "\
setInterval(() => {
  for (let at = 0; at < parent.frames.length; at++) {
    const { port1, port2 } = new MessageChannel();
    parent.frames[at].postMessage({ type: 'lamplight:hello', to: 'support@localhost', name: 'Your bank', vouches: false }, '*', [port2]);
    port1.postMessage({ type: 'state', open: true, word: 'available' });
  }
}, 20);
";
/// A page that puts the frame where everyone can speak to it, as the document says how, beside somebody who does.
const SHOWS: &str = "\
const show = (title, src) => {
  const frame = document.createElement('iframe');
  Object.assign(frame, { title, src });
  document.querySelector('main').append(frame);
  return frame;
};
const { ad, chat } = document.getElementById('show').dataset;
document.getElementById('show').onclick = () => show('An advertisement', ad);
document.getElementById('talk').onclick = () => {
  const frame = show('Our support', chat + '&origin=' + location.origin);
  addEventListener('message', ({ source, origin, data }) => {
    if (source !== frame.contentWindow || data.type !== 'lamplight:ready') return;
    const { port1, port2 } = new MessageChannel();
    source.postMessage({ type: 'lamplight:hello', to: 'support@localhost', name: 'Our support', vouches: false }, origin, [port2]);
    port1.postMessage({ type: 'state', open: true, word: 'away' });
  });
};
";

#[tokio::test]
async fn a_frame_beside_it_cannot_pass_for_the_page() {
    let stage = Stage::set(Options::new()).await;
    let (alice, _bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let ad: [File; 1] = [("/ad.js", "text/javascript", SIBLING_SCRIPT)];
    let ad = Site::open("", SIBLING, &ad).await;
    let at = ad.origin("ads.localhost");
    let relay = stage.relay.origin();
    let document = format!(
        "<!doctype html><html lang=\"en\"><head><title>A shop</title><script type=\"module\" src=\"/shop.js\"></script></head><body><main>\
         <button id=\"show\" data-ad=\"{at}/\" data-chat=\"{relay}/embed/chat?to=support@localhost\">Show more</button>\
         <button id=\"talk\">Talk</button></main></body></html>"
    );
    let files: [File; 1] = [("/shop.js", "text/javascript", SHOWS)];
    let site = Site::open(&policy(&relay, &at), &document, &files).await;
    let maria = stage.browser.person("maria").await;
    stage.watch(&maria);
    maria.open(&site.url()).await;
    maria.click("button", "Show more").await;
    maria.reads_in_frame("Buy now").await;
    // While it comes and while it is there, the other speaks again and again.
    maria.click("button", "Talk").await;
    maria.click_in_frame("button", "Start").await;
    maria.reads_in_frame("You write as a guest.").await;
    maria.click_in_frame("textbox", "Message").await;
    maria.writes("Hello?").await;
    let frame = maria.tree_in_frame().await.text();
    assert!(!frame.contains("Your bank"), "{frame}");
    assert!(frame.contains("Our support Away"), "{frame}");
    assert_eq!(site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}

/// A page that says everything but what is in the document, and writes down what the frame tells it.
const SHOUTS: &str = "\
const heard = document.querySelector('output');
document.getElementById('talk').onclick = ({ target }) => {
  const frame = document.createElement('iframe');
  Object.assign(frame, { title: 'Our support', src: target.value + '&origin=' + location.origin });
  document.querySelector('main').append(frame);
  addEventListener('message', ({ source, origin, data }) => {
    heard.append(JSON.stringify(data));
    const odd = [null, undefined, 7, 'lamplight:hello', [], {}, { type: {} }, { type: 'lamplight:hello' }, { type: '__proto__' }, new Map()];
    for (const one of odd) source.postMessage(one, origin);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => heard.append(JSON.stringify(data));
    source.postMessage({ type: 'lamplight:hello', to: 7, name: { toString: 'x' }, vouches: 'yes' }, origin, [port2]);
    for (const one of odd) port1.postMessage(one);
    for (const word of [7, {}, 'constructor', '<b>']) port1.postMessage({ type: 'state', open: {}, word });
    port1.postMessage({ type: 'token', token: { token: 'x' } });
    for (const token of ['x'.repeat(200000), 'a.b.c', null]) port1.postMessage({ type: 'token', token });
  });
};
";

/// What a hostile page around it says is either one of a few words or nothing; and it is told nothing of what is written.
#[tokio::test]
async fn a_page_that_says_nonsense_neither_breaks_the_frame_nor_hears_what_is_written() {
    let stage = Stage::set(Options::new()).await;
    let (alice, _bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let relay = stage.relay.origin();
    let document = format!(
        "<!doctype html><html lang=\"en\"><head><title>A shop</title><script type=\"module\" src=\"/shop.js\"></script></head><body><main>\
         <button id=\"talk\" value=\"{relay}/embed/chat?to=support@localhost\">Talk</button><output></output></main></body></html>"
    );
    let files: [File; 1] = [("/shop.js", "text/javascript", SHOUTS)];
    let site = Site::open("", &document, &files).await;
    let maria = stage.browser.person("maria").await;
    stage.watch(&maria);
    maria.open(&site.url()).await;
    maria.click("button", "Talk").await;
    // What it says first of a token names nobody: the visitor begins as a guest.
    maria.click_in_frame("button", "Start").await;
    maria.reads_in_frame("You write as a guest.").await;
    maria.click_in_frame("textbox", "Message").await;
    maria.writes("Our secret canary").await;
    maria.reads_in_frame("Sent").await;
    maria.press("Escape").await;
    maria.reads("close").await;
    let heard = maria.tree().await.text();
    assert!(heard.contains("lamplight:ready"), "{heard}");
    for kept in ["canary", "lamp_", "guest-"] {
        assert!(!heard.contains(kept), "{heard}");
    }
    stage.ends_clean().await;
}

/// A backend that does not answer with a token keeps nobody out whom the site takes as a guest.
#[tokio::test]
async fn whom_the_site_cannot_vouch_for_just_now_may_go_on_as_a_guest() {
    let stage = Stage::set(Options::new().set("sites.unregistered", "closed")).await;
    let (alice, _bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let plot = Plot::claim().await;
    Backend::registers(&stage.relay, &plot.origin(), SUPPORT, &["--guests"]);
    let relay = stage.relay.origin();
    let document = page(&relay, "token-endpoint=\"/chat-token\"", "");
    let files: [File; 1] = [("/shop.css", "text/css", STYLE)];
    let broken: site::Backend = Box::new(|line| {
        line.starts_with("POST /chat-token")
            .then(|| "broken".into())
    });
    let site = plot.build(&policy(&relay, ""), &document, &files, broken);
    let maria = reader(&stage, &site).await;
    maria.comes_as("Maria").await;
    maria.writes("Do you have this in blue?").await;
    maria.reads_in_frame("Sent").await;
    assert_eq!(site.visits("POST /chat-token"), 1);
    stage.ends_clean().await;
}

/// A browser that keeps nothing for frames of other sites.
const FORGETFUL: &str = "\
if (location.pathname === '/embed/chat') Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });
";

#[tokio::test]
async fn a_browser_that_keeps_nothing_is_told_of() {
    let stage = Stage::set(Options::new()).await;
    let (alice, _bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let site = shop(&stage).await;
    let maria = stage.browser.person("maria").await;
    stage.watch(&maria);
    maria.on_every_page(FORGETFUL).await;
    maria.open(&site.url()).await;
    maria.comes_as("Maria").await;
    maria
        .reads_in_frame("When you leave it, this conversation is gone for you.")
        .await;
    maria.writes("Do you have this in blue?").await;
    maria.reload().await;
    maria.click("button", "Our support").await;
    maria.reads_in_frame("Your name").await;
    stage.ends_clean().await;
}

/// A page of another origin that says it is the shop's: what it frames, and whether that has come to an end.
const COPIES: &str = "\
document.getElementById('show').onclick = ({ target }) => {
  const chat = document.createElement('iframe');
  chat.title = 'Our support';
  chat.onload = () => document.querySelector('main').append('[it came to an end]');
  chat.src = target.value;
  document.querySelector('main').append(chat);
};
";

#[tokio::test]
async fn a_page_that_is_not_the_sites_shows_no_chat() {
    let stage = Stage::set(Options::new().set("sites.unregistered", "closed")).await;
    let (alice, _bob) = (stage.person("alice").await, stage.person("bob").await);
    alice.makes_support("bob").await;
    let shop = shop(&stage).await;
    let relay = stage.relay.origin();
    let mine = shop.origin("shop.localhost");
    let chat = format!("{relay}/embed/chat?to=support@localhost&origin={mine}");
    let document = format!(
        "<!doctype html><html lang=\"en\"><head><title>A copy</title><script type=\"module\" src=\"/copy.js\"></script></head>\
         <body><main><button id=\"show\" value=\"{chat}\">Talk with the shop</button></main></body></html>"
    );
    let files: [File; 1] = [("/copy.js", "text/javascript", COPIES)];
    let copy = Site::open("", &document, &files).await;
    let maria = stage.browser.person("maria").await;
    maria
        .open(&format!("{}/", copy.origin("copy.localhost")))
        .await;
    maria.click("button", "Talk with the shop").await;
    maria.reads("[it came to an end]").await;
    // Not even what a frame shows that waits for its page.
    let frame = maria.tree_in_frame().await.text();
    let begins = ["Opening", "One moment", "Our support"];
    assert!(!begins.iter().any(|word| frame.contains(word)), "{frame}");
    // The browser itself says why, and the relay is told of it.
    let complaints = maria.complaints();
    assert!(
        complaints.iter().any(|one| one.contains("frame-ancestors")),
        "{complaints:#?}"
    );
    // The shop itself shows it all the same.
    maria.open(&shop.url()).await;
    maria.click("button", starts("Our support")).await;
    maria.reads_in_frame("Your name").await;
}
