//! Picture, badge and chat under the policies that sites have: each does there what docs/EMBEDDING.md says, and breaks none of them.

use lamplight_tests::outside::Options;
use serde_json::json;

use crate::site::Site;
use crate::stage::Stage;
use crate::tab::Tab;

const STRICT: &str =
    "script-src 'self' RELAY; style-src 'self'; connect-src RELAY LINE; frame-src RELAY";

fn page(relay: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>A shop</title><script type=\"module\" src=\"{relay}/embed/v1/presence.js\"></script></head>\
         <body><main><h1>A shop</h1><p><img src=\"{relay}/v1/presence/alice@localhost.svg\" alt=\"Presence of alice\" height=\"20\"></p>\
         <p><a href=\"#ask\">Ask <presence-status for=\"alice@localhost\" name=\"Alice\">our Alice</presence-status></a></p>\
         <p><presence-chat to=\"alice@localhost\" name=\"Our shop\"><a href=\"mailto:alice@localhost\">Write to us</a></presence-chat></p>\
         </main></body></html>"
    )
}

async fn reader(stage: &Stage, policy: &str) -> (Site, Tab) {
    let relay = stage.relay.origin();
    let line = relay.replacen("http", "ws", 1);
    let policy = policy.replace("RELAY", &relay).replace("LINE", &line);
    let site = Site::open(&policy, &page(&relay), &[]).await;
    let reader = stage.browser.person("reader").await;
    reader.open(&site.url()).await;
    (site, reader)
}

/// The picture has come: it is no word in the place of one.
async fn sees_the_picture(reader: &Tab) {
    reader.sees("image", "Presence of alice").await;
    let size = "document.images[0].decode().then(() => [document.images[0].complete, document.images[0].naturalHeight])";
    assert_eq!(reader.script(size).await, json!([true, 20]));
}

#[tokio::test]
async fn picture_badge_and_chat_work_under_the_policies_of_sites_and_break_none() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let trusted = format!("{STRICT}; require-trusted-types-for 'script'; trusted-types 'none'");
    for policy in ["", STRICT, &trusted, "img-src RELAY"] {
        let (site, reader) = reader(&stage, policy).await;
        stage.watch(&reader);
        sees_the_picture(&reader).await;
        reader.sees("link", "Ask Alice: available").await;
        reader.click("button", "Our shop: available").await;
        reader.click_in_frame("button", "Start").await;
        reader.reads_in_frame("You write as a guest.").await;
        assert_eq!(site.reports(), 0, "{policy}");
    }
    stage.ends_clean().await;
}

/// Where a page takes nothing of others but pictures, the picture is there, and what the page wrote into the elements.
#[tokio::test]
async fn where_scripts_of_others_are_kept_out_picture_and_words_of_the_page_stay() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let (site, reader) = reader(&stage, "default-src 'none'; img-src RELAY").await;
    sees_the_picture(&reader).await;
    reader.sees("link", "Ask our Alice").await;
    reader.sees("link", "Write to us").await;
    assert!(reader.tree().await.names("button").is_empty());
    // The page names a script that it does not let in: that, and nothing else, is what its browser tells it.
    assert_eq!(site.reports(), 1);
    stage.broke_no_policy().await;
}
