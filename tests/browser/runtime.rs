//! Pages of other sites that draw their own interface by the runtime: in a page and in a worker, under the policies that the documents
//! name, for visitors whom the site vouches for and for guests.

use std::sync::{Arc, Mutex};

use lamplight_tests::outside::{Backend, Options};
use serde_json::json;

use crate::site::{File, Plot, Site};
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::starts;

/// What the documents say that a policy has to allow, and no more.
const POLICY: &str = "default-src 'none'; script-src 'self' RELAY 'wasm-unsafe-eval'; style-src 'self'; \
     connect-src 'self' RELAY LINE; worker-src 'self'";
/// What a page may demand beside it, unless it starts workers by their address.
const TRUSTED: &str = "; require-trusted-types-for 'script'; trusted-types 'none'";

/// A page that draws how somebody is, and a conversation.
const PAGE: &str = "\
const { relay, to, here } = document.querySelector('main').dataset;
const [list, says, worker] = ['ul', '#says', '#worker'].map((one) => document.querySelector(one));
const draw = (talk) => list.replaceChildren(...talk.messages.map(({ mine, text, state }) => {
  const item = document.createElement('li');
  item.textContent = `${mine ? 'You' : talk.name}: ${text} (${state})`;
  return item;
}));
try {
  const { connect } = await import(`${relay}/embed/v1/runtime.js`);
  const tokenProvider = async () => (await fetch('/chat-token', { method: 'POST' })).json();
  const lamp = await connect({ relay, site: { to }, ...(here === 'vouched' ? { tokenProvider } : {}) });
  lamp.watch(to, ({ word, code }) => { says.textContent = `Alice is ${word}${code ? `, ${code}` : ''}`; });
  lamp.on('statechange', (state) => { document.querySelector('#line').textContent = state; });
  const talk = lamp.open(to);
  talk.on('change', () => { draw(talk); talk.markRead(); });
  draw(talk);
  document.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    const field = document.querySelector('input');
    talk.send(field.value);
    field.value = '';
  });
  if (here === 'vouched') {
    const other = new Worker('/worker.js', { type: 'module' });
    other.onmessage = ({ data }) => { worker.textContent = data; };
    other.postMessage({ relay, to });
  }
} catch (error) {
  says.textContent = `${error.name}: ${error.code}`;
}
";

const WORKER: &str = "\
onmessage = async ({ data: { relay, to } }) => {
  try {
    const { connect } = await import(`${relay}/embed/v1/runtime.js`);
    const lamp = await connect({ relay, site: { to } });
    lamp.watch(to, ({ word }) => postMessage(`In a worker ${lamp.me.class} reads ${word}`));
  } catch (error) {
    postMessage(`In a worker ${error.code}`);
  }
};
";

fn document(relay: &str, here: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>A shop</title></head>\
         <body><main data-relay=\"{relay}\" data-to=\"alice@localhost\" data-here=\"{here}\"><h1>A shop</h1>\
         <p id=\"says\">Nothing yet</p><p id=\"worker\"></p><p id=\"line\"></p><ul></ul>\
         <form><label>Message <input></label><button>Send</button></form></main>\
         <script type=\"module\" src=\"/shop.js\"></script></body></html>"
    )
}

const FILES: [File; 2] = [
    ("/shop.js", "text/javascript", PAGE),
    ("/worker.js", "text/javascript", WORKER),
];

/// A shop under this policy whose page shows a chat with alice, and whose backend vouches for Maria.
async fn shop(stage: &Stage, policy: &str, here: &str) -> Site {
    let plot = Plot::claim().await;
    let relay = stage.relay.origin();
    let backend = Backend::registers(
        &stage.relay,
        &plot.origin(),
        "alice@localhost",
        &["--guests"],
    );
    let backend = Arc::new(Mutex::new(backend));
    let policy = policy
        .replace("RELAY", &relay)
        .replace("LINE", &relay.replacen("http", "ws", 1));
    plot.build(
        &policy,
        &document(&relay, here),
        &FILES,
        Box::new(move |line| {
            let backend = backend.lock().expect("no holder panics");
            line.starts_with("POST /chat-token ")
                .then(|| json!({ "token": backend.vouches("customer 17", "Maria") }).to_string())
        }),
    )
}

async fn reader(stage: &Stage, site: &Site) -> Tab {
    let reader = stage.browser.person("maria").await;
    stage.watch(&reader);
    reader.open(&site.url()).await;
    reader
}

impl Tab {
    async fn sends(&self, text: &str) {
        self.fill("textbox", "Message", text).await;
        self.click("button", "Send").await;
    }
}

#[tokio::test]
async fn a_page_draws_for_itself_whom_it_watches_and_what_is_said() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    let site = shop(&stage, POLICY, "vouched").await;
    let maria = reader(&stage, &site).await;
    maria.reads("Alice is not_shared, pending").await;
    maria.reads("In a worker guest reads not_shared").await;
    alice.answers("Maria · shop.example", "Allow").await;
    maria.reads("Alice is available").await;
    alice.sets("Busy", "").await;
    maria.reads("Alice is busy").await;

    maria.sends("Is it in stock?").await;
    // Accepted for a moment: alice is there, and her page takes it.
    maria.reads("You: Is it in stock? (delivered)").await;
    alice.opens("Maria · shop.example").await;
    alice.says("It is").await;
    maria.reads("alice: It is (received)").await;

    // Whom the site vouches for is the same after a reload, and finds what was said.
    maria.reload().await;
    maria.reads("Alice is busy").await;
    maria.reads("alice: It is (received)").await;
    maria.reads("You: Is it in stock? (delivered)").await;
    assert_eq!(site.reports(), 0, "reports of the site's policy");
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_page_with_the_strictest_policy_or_none_goes_on_after_a_way_back() {
    for policy in [String::new(), [POLICY, TRUSTED].concat()] {
        let stage = Stage::set(Options::new()).await;
        let alice = stage.person("alice").await;
        let site = shop(&stage, &policy, "as a guest").await;
        let maria = reader(&stage, &site).await;
        maria.reads("Alice is not_shared, pending").await;
        alice.sees("group", starts("guest-")).await;
        // The page goes into the browser's store for the way back, with its line closed, and comes back with a new one.
        maria.open(&stage.relay.origin()).await;
        maria.sees("button", "Enter as guest").await;
        maria.script("history.back()").await;
        maria.reads("connected").await;
        maria.sends("Are you there?").await;
        maria.reads("You: Are you there? (accepted)").await;
        assert_eq!(site.reports(), 0, "reports of the site's policy");
        stage.ends_clean().await;
    }
}

#[tokio::test]
async fn where_a_policy_forbids_the_module_or_the_line_the_page_hears_which() {
    for (policy, says) in [
        (POLICY.replace(" 'wasm-unsafe-eval'", ""), "no_wasm"),
        (POLICY.replace("RELAY LINE", "RELAY"), "unreachable"),
    ] {
        let stage = Stage::set(Options::new()).await;
        let _alice = stage.person("alice").await;
        let site = shop(&stage, &policy, "as a guest").await;
        // What its console says of the policy is what is wanted here.
        let maria = stage.browser.person("maria").await;
        maria.open(&site.url()).await;
        maria.reads(&format!("LamplightError: {says}")).await;
        assert!(site.reports() > 0, "{says}: the browser reports why");
        stage.ends_clean().await;
    }
}
