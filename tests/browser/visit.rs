//! A conversation in a frame on another site's page: the visitor of a shop, and those who answer in the chat page.

use lamplight_tests::outside::Options;

use crate::site::{File, Site};
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::starts;

const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; margin: 2rem; background: #fff; color: #222; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
";

/// A shop whose page has a button to write to the support, under a policy that allows what the documents say and no more.
async fn shop(stage: &Stage, more: &str) -> Site {
    let relay = stage.relay.origin();
    let line = relay.replacen("http", "ws", 1);
    let policy = format!(
        "default-src 'none'; script-src {relay}; style-src 'self'; connect-src 'self' {relay} {line}; frame-src {relay}; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let document = format!(
        "<!doctype html><html lang=\"en\"><head><title>A shop</title><link rel=\"stylesheet\" href=\"/shop.css\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <script type=\"module\" src=\"{relay}/embed/v1/presence.js\"></script></head>\
         <body><main><h1>A shop</h1><p><presence-chat to=\"support@localhost\" name=\"Our support\" {more}>\
         <a href=\"mailto:support@localhost\">Write to us</a></presence-chat></p></main></body></html>"
    );
    let files: [File; 1] = [("/shop.css", "text/css", STYLE)];
    Site::open(&policy, &document, &files).await
}

/// Somebody who reads a page of the shop.
async fn reader(stage: &Stage, site: &Site) -> Tab {
    let reader = stage.browser.person("maria").await;
    stage.watch(&reader);
    reader.open(&site.url()).await;
    reader
}

impl Tab {
    /// Makes the group of those who answer, and opens its desk.
    async fn makes_support(&self, stage: &Stage) -> Tab {
        self.chooses("Privacy and addresses").await;
        self.turns_to("Groups").await;
        self.click("DisclosureTriangle", "Make a group").await;
        self.fill("textbox", "Name", "support").await;
        self.click("button", "Make a group").await;
        self.sees("heading", "support@localhost").await;
        self.answers_as_support(stage).await
    }

    /// A desk where one answers as the group.
    async fn answers_as_support(&self, stage: &Stage) -> Tab {
        let desk = stage.browser.tab("support", self.context.clone()).await;
        stage.watch(&desk);
        desk.open(&[&stage.relay.origin(), "/?as=support@localhost"].concat())
            .await;
        desk.is_in().await;
        desk
    }
}

#[tokio::test]
async fn a_visitor_of_a_shop_talks_with_whoever_answers_and_is_the_same_after_a_reload() {
    let stage = Stage::set(Options::new()).await;
    let alice = stage.person("alice").await;
    let desk = alice.makes_support(&stage).await;
    let site = shop(&stage, "").await;
    let maria = reader(&stage, &site).await;
    maria.click("button", starts("Our support")).await;
    maria.reads_in_frame("Write to Our support").await;
    maria.picture("visit-start").await;
    maria.click_in_frame("textbox", "Your name").await;
    maria.types("Maria").await;
    maria.press("Enter").await;
    maria.reads_in_frame("You write as Maria.").await;
    maria.types("Do you have this in blue?").await;
    maria.press("Enter").await;
    maria.reads_in_frame("Do you have this in blue?").await;
    maria.picture("visit-wide").await;
    desk.picture("visit-desk").await;
    maria.size(360, 640).await;
    maria.picture("visit-narrow").await;
    maria.prefers(&[("prefers-color-scheme", "dark")]).await;
    maria.picture("visit-dark").await;
    assert_eq!(site.reports(), 0, "broken policies");
    stage.ends_clean().await;
}
