//! What badges cost the page that shows them.

use std::fmt::Write as _;

use lamplight_tests::outside::Options;
use serde_json::json;

use crate::site::Site;
use crate::stage::Stage;
use crate::tab::Tab;

/// Notes what a page was busy with for long, and when as many badges were ready as are expected.
const COUNT: &str = "(() => {
    const long = [];
    const note = (list) => { for (const task of list.getEntries()) long.push(Math.round(task.duration)); };
    new PerformanceObserver(note).observe({ type: 'longtask', buffered: true });
    let ready = 0;
    window.lamplightHundred = new Promise((done) => document.addEventListener('presence-ready', () => {
        if (++ready === 100) setTimeout(() => done([Math.round(performance.now()), long]), 200);
    }));
})()";
/// A machine that is busy with something else makes any task long; work that is the page's own does so each time.
const LOADS: u32 = 20;

/// A page of a hundred is one line to the relay, and the browser is at no moment busy with them for as long as a person notices.
#[tokio::test]
async fn a_hundred_badges_are_one_line_and_no_long_task() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let relay = stage.relay.origin();
    let mut lines = String::new();
    for at in 0..100 {
        let _ = write!(
            lines,
            "<p><presence-status for=\"someone-{at}@localhost\" name=\"{at}\">{at}</presence-status></p>"
        );
    }
    let document = format!(
        "<!doctype html><html lang=\"en\"><head><title>A shop</title><script type=\"module\" src=\"{relay}/embed/v1/presence.js\"></script></head>\
         <body><h1>A shop</h1>{lines}</body></html>"
    );
    let site = Site::open("", &document, &[]).await;
    let reader = stage.browser.person("reader").await;
    stage.watch(&reader);
    reader.on_every_page(COUNT).await;
    let mut costs = Vec::new();
    let calm = loop {
        reader.open(&site.url()).await;
        // Nobody reads the page meanwhile, which costs more than the page itself.
        reader.comes_to_the_page().await;
        let cost = reader.script("window.lamplightHundred").await;
        let long = cost[1].as_array().map_or(usize::MAX, Vec::len);
        costs.push(cost);
        if long == 0 || costs.len() == LOADS as usize {
            break long == 0;
        }
    };
    println!(
        "100 badges: ms until all are ready, and tasks of more than 50 ms, by load: {costs:?}"
    );
    assert!(calm, "a long task in each load: {costs:?}");
    let opened = stage.relay.metric("lamplight_visitors_total").await;
    assert_eq!(opened, Some(costs.len() as f64), "a line for each load");
    let all = reader
        .tree()
        .await
        .all("StaticText", "not shared".into())
        .len();
    assert_eq!(all, 100);
    stage.ends_clean().await;
}

/// What the page was busy with until it came to rest: the sum of what long tasks took beyond 50 ms (blocking time), how many there
/// were, and the longest, in ms.
const BLOCKED: &str = "new Promise((done) => {
    const long = [];
    const note = (list) => { for (const task of list.getEntries()) long.push(task.duration); };
    new PerformanceObserver(note).observe({ type: 'longtask', buffered: true });
    const rest = () => setTimeout(() => done([long.reduce((sum, one) => sum + one - 50, 0), long.length, Math.max(0, ...long)]), 1500);
    if (document.readyState === 'complete') rest(); else addEventListener('load', rest);
})";

impl Tab {
    /// The document is the one that was asked for last.
    async fn comes_to_the_page(&self) {
        let begun = std::time::Instant::now();
        while self
            .script("location.protocol.startsWith('http') && !!document.body")
            .await
            != true
        {
            assert!(begun.elapsed() < crate::tab::SOON, "no page comes");
        }
    }

    /// Figures of one load: blocking time, long tasks, the longest, and what the browser counts of scripts, tasks and layout, in ms.
    async fn load(&self, url: &str) -> [f64; 6] {
        self.open("about:blank").await;
        self.open(url).await;
        self.comes_to_the_page().await;
        let blocked = self.script(BLOCKED).await;
        let counted = self.call("Performance.getMetrics", json!({})).await;
        let counted = counted["metrics"].as_array().cloned().unwrap_or_default();
        let seconds = |name: &str| {
            let found = counted.iter().find(|one| one["name"] == name);
            found
                .and_then(|one| one["value"].as_f64())
                .unwrap_or(f64::NAN)
        };
        let at = |place: usize| blocked[place].as_f64().unwrap_or(f64::NAN);
        [
            at(0),
            at(1),
            at(2),
            1_000.0 * seconds("ScriptDuration"),
            1_000.0 * seconds("TaskDuration"),
            1_000.0 * seconds("LayoutDuration"),
        ]
    }
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// A figure, not a verdict, and only where it is asked for: the sample shop with and without the module, by turns.
/// `LAMPLIGHT_MEASURE=1 cargo xtask test browser -- what_the_module_costs --nocapture`
#[tokio::test]
async fn what_the_module_costs_the_sample_shop_is_measured_when_asked_for() {
    if std::env::var_os("LAMPLIGHT_MEASURE").is_none() {
        return;
    }
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = stage.person("alice").await;
    alice.shows_herself().await;
    let shop = format!("{}/embed/shop?of=alice@localhost", stage.relay.origin());
    let reader = stage.browser.person("reader").await;
    for method in ["Performance.enable", "Network.enable"] {
        reader.call(method, json!({})).await;
    }
    reader
        .call("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
        .await;
    let mut rows = [Vec::new(), Vec::new()];
    for _ in 0..11 {
        for (which, blocked) in [(0, json!(["*presence.js*"])), (1, json!([]))] {
            reader
                .call("Network.setBlockedURLs", json!({ "urls": blocked }))
                .await;
            rows[which].push(reader.load(&shop).await);
        }
    }
    println!("median of 11 loads   blocking  long tasks  longest  scripts   tasks  layout   (ms)");
    for (name, loads) in ["without the module", "with the module"].iter().zip(&rows) {
        let at = |place: usize| median(loads.iter().map(|load| load[place]).collect());
        println!(
            "{name:19}{:10.1}{:12}{:9.1}{:9.1}{:8.1}{:8.1}",
            at(0),
            at(1),
            at(2),
            at(3),
            at(4),
            at(5)
        );
    }
}
