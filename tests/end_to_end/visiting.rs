//! The line of a visitor: any page of another site opens one, by JSON as a small script would, and learns what visitors are shown.

use std::time::Duration;

use lamplight_core::ledger::WatcherName;
use lamplight_core::presence::Activity;
use lamplight_core::wire::Codec;
use lamplight_tests::outside::{Line, Options, Relay, within};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::badges::{public, publish, set_by_hand, watchers};

/// A page of another site, as its script sees the line.
struct Page(Line);

impl Page {
    async fn opens(relay: &Relay, origin: &str) -> Self {
        let headers = [("origin", origin)];
        let mut page = Self(Line::open_as(relay.address(), Codec::Json, &headers).await);
        let hello =
            json!({"frame": "hello", "version": 1, "credentials": "visitor", "device": "page"});
        page.says(&hello).await;
        let visiting = page.hears("visiting").await;
        assert_eq!(visiting["version"], 1);
        assert!(visiting["announced"]["quiet_ms"].as_u64() > Some(1_000));
        page
    }

    async fn says(&mut self, frame: &Value) {
        self.0.send_bytes(frame.to_string().into_bytes()).await;
    }

    /// The next frame of this kind, as it stands on the line.
    async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let text = self.0.next_text().await;
            let frame: Value = serde_json::from_str(&text).expect("JSON");
            if frame["frame"] == kind {
                return frame;
            }
        }
    }

    /// The next word about somebody.
    async fn reads(&mut self) -> String {
        let frame = self.hears("notify").await;
        let word = &frame["notifications"][0]["person"]["word"];
        word.as_str().expect("a word").to_owned()
    }

    async fn looks_at(&mut self, whom: &str) -> String {
        let subscribe = json!({"frame": "subscribe", "number": 1, "standing": "session", "contacts": [{"presentity": whom}]});
        self.says(&subscribe).await;
        self.reads().await
    }
}

#[tokio::test]
async fn a_page_of_any_site_is_told_at_once_and_counted_by_its_site() {
    let relay = Relay::start(Options::new()).await;
    let (_, mut alice) = public(&relay, "alice").await;
    let mut page = Page::opens(&relay, "https://shop.example").await;
    assert_eq!(page.looks_at("alice@localhost").await, "available");
    publish(&mut alice, set_by_hand(Activity::Busy)).await;
    assert_eq!(page.reads().await, "not_available");
    let nobody = page.looks_at("nobody@localhost").await;
    assert_eq!(nobody, "not_shared");
    // A page without an origin of its own is a visitor too.
    let mut opaque = Page::opens(&relay, "null").await;
    assert_eq!(opaque.looks_at("alice@localhost").await, "not_available");
    let alice = Mutex::new(alice);
    let counted = within(Duration::from_secs(40), "both are counted", || async {
        let found = watchers(&mut *alice.lock().await).await?;
        let count = |of: &WatcherName| found.named.iter().find(|row| row.watcher == *of);
        let site = count(&WatcherName::Site("shop.example".into()))?.count;
        Some((site, count(&WatcherName::Nobody)?.count))
    });
    assert_eq!(counted.await.0, (1, 1));
    let metrics = relay.get("/metrics").await.text();
    assert!(metrics.contains("visitors_total 2"), "{metrics}");
}

#[tokio::test]
async fn visitors_beyond_the_bound_are_told_when_to_come_again() {
    let relay = Relay::start(Options::new().set("limits.visitors", "1")).await;
    let page = Page::opens(&relay, "https://shop.example").await;
    let headers = [("origin", "https://shop.example")];
    let mut late = Page(Line::open_as(relay.address(), Codec::Json, &headers).await);
    let hello = json!({"frame": "hello", "version": 1, "credentials": "visitor", "device": "page"});
    late.says(&hello).await;
    let goodbye = late.hears("goodbye").await;
    assert_eq!(goodbye["refusal"]["code"], "too_many_requests");
    assert!(
        goodbye["refusal"]["retry"]["after_ms"].as_u64() >= Some(1_000),
        "{goodbye}"
    );
    drop(page);
}
