//! A badge on somebody else's page: another origin, no script, and a policy that lets pictures of the relay in and nothing else.

use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::{Options, eventually};
use serde_json::json;

use crate::site::Site;
use crate::stage::Stage;
use crate::tab::Tab;

impl Tab {
    /// The sizes that the first picture of the page has by itself; nothing while it is on its way or broken.
    async fn natural_size(&self) -> (u64, u64) {
        let ask = "[document.images[0]?.naturalWidth ?? 0, document.images[0]?.naturalHeight ?? 0]";
        let size = self.script(ask).await;
        let at = |at: usize| size[at].as_u64().unwrap_or_default();
        (at(0), at(1))
    }

    /// What the picture of the page is called by those who do not see it: read from where the page has it from.
    async fn titled(&self, stage: &Stage) -> (String, (u64, u64)) {
        let source = self.script("document.images[0]?.currentSrc ?? ''").await;
        let source = source.as_str().unwrap_or_default();
        let path = source.strip_prefix(&stage.relay.origin());
        let path = path.unwrap_or_else(|| panic!("{source} is not of the relay"));
        let svg = stage.relay.call(&Request::get(path)).await.text();
        let part = |before: &str, after: &str| {
            let rest = svg.split_once(before).map(|(_, rest)| rest);
            let part = rest.and_then(|rest| rest.split_once(after));
            part.map(|(part, _)| part.to_owned()).unwrap_or_default()
        };
        let side = |name: &str| {
            part(&format!("{name}=\""), "\"")
                .parse()
                .unwrap_or_default()
        };
        (
            part("<title id=\"t\">", "</title>"),
            (side("width"), side("height")),
        )
    }

    /// Reads the page anew until its picture is this one.
    async fn finds_badge(&self, stage: &Stage, site: &Site, title: &str) {
        eventually(title, || async {
            self.open(&site.url()).await;
            self.sees("image", "Presence of alice").await;
            let (found, drawn) = self.titled(stage).await;
            let is_there = eventually("a picture", || async {
                let size = self.natural_size().await;
                (size != (0, 0)).then_some(size)
            })
            .await;
            (found == title && is_there == drawn).then_some(())
        })
        .await;
    }

    /// The picture of the settings is drawn and is this one.
    async fn previews_badge(&self, stage: &Stage, word: &str, drawn: (u64, u64)) {
        self.sees("image", &format!("The picture now: {word}"))
            .await;
        eventually(word, || async {
            (self.natural_size().await == drawn).then_some(())
        })
        .await;
        stage.broke_no_policy().await;
    }
}

#[tokio::test]
async fn a_badge_on_another_site_says_nothing_until_it_is_switched_on_by_hand() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let relay = stage.relay.origin();
    let line = format!(
        "<img src=\"{relay}/v1/presence/alice@localhost.svg\" alt=\"Presence of alice\" height=\"20\">"
    );
    let policy = format!("default-src 'none'; img-src {relay}");
    let document =
        format!("<!doctype html><html lang=\"en\"><title>A shop</title><main>{line}</main></html>");
    let site = Site::open(&policy, &document, &[]).await;
    let alice = stage.person("alice").await;
    let reader = stage.browser.person("reader").await;
    stage.watch(&reader);
    // What a browser keeps for half a minute is not what this is about.
    let off = json!({ "cacheDisabled": true });
    reader.call("Network.enable", json!({})).await;
    reader.call("Network.setCacheDisabled", off).await;
    reader.finds_badge(&stage, &site, "alice: not shared").await;
    let (_, silent) = reader.titled(&stage).await;

    alice.chooses("Privacy and addresses").await;
    alice.turns_to("On other sites").await;
    alice.previews_badge(&stage, "not shared", silent).await;
    alice
        .click("checkbox", "Show there whether you are available")
        .await;
    alice.sees("image", "The picture now: available").await;
    alice.reads(&line).await;
    alice.sees("button", "Copy Markdown").await;
    alice.sees("button", "Copy live badge").await;
    let live = format!(
        "<script type=\"module\" src=\"{relay}/embed/v1/presence.js\"></script><presence-status for=\"alice@localhost\"></presence-status>"
    );
    alice.reads(&live).await;
    reader.finds_badge(&stage, &site, "alice: available").await;
    let (_, available) = reader.titled(&stage).await;
    assert_ne!(available, silent);
    alice.previews_badge(&stage, "available", available).await;

    // The rest by keyboard: so much more, and off again.
    alice
        .walks_to("checkbox", "Also whether you are busy or away")
        .await;
    alice.press(" ").await;
    alice.reads("The switch adds a rule to those").await;
    alice.press("Escape").await;
    alice.turns_to("What people see of you").await;
    alice
        .reads(
            "Anyone on the web who has not signed in sees a part of how you are (the picture on other sites)",
        )
        .await;
    alice.sets("Busy", "").await;
    reader.finds_badge(&stage, &site, "alice: busy").await;
    alice.chooses("Privacy and addresses").await;
    alice.turns_to("Who sees you").await;
    alice.reads("Visitors of shop.localhost").await;
    alice.chooses("Privacy and addresses").await;
    alice.turns_to("On other sites").await;
    alice
        .walks_to("checkbox", "Show there whether you are available")
        .await;
    alice.press(" ").await;
    alice.previews_badge(&stage, "not shared", silent).await;
    reader.finds_badge(&stage, &site, "alice: not shared").await;

    assert_eq!(site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}
