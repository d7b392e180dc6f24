//! How quick the page is, measured: `cargo xtask bench page` prints what budgets promise beside what was seen here, the median of
//! several loads. Nothing is judged: a timing belongs to the machine that it was taken on.

mod crowd;
mod prompter;
mod table;

use std::time::Duration;

use lamplight_tests::outside::{Options, Relay};
use serde_json::json;
use tokio::time::sleep;

use crate::chromium::Chromium;
use crate::tab::Tab;
use crate::tree::starts;

use crowd::Crowd;
use prompter::Prompter;
use table::{Table, median};

/// Notes when the door can be typed into, when how many rows stand on the page, how long its tasks took, and what memory the
/// program has.
const GAUGES: &str = r"(() => {
    const gauges = window.lamplightGauges = { door: 0, rows: {}, tasks: [], memory: null };
    // After the frame in which it was painted.
    const painted = work => requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = work; port2.postMessage(0); });
    let seen = 0;
    new MutationObserver(() => {
        if (!gauges.door && document.querySelector('main form input')) { gauges.door = -1; painted(() => gauges.door = performance.now()); }
        const rows = document.querySelectorAll('[role=option]').length;
        if (rows > seen) { seen = rows; painted(() => gauges.rows[rows] = performance.now()); }
    }).observe(document, { childList: true, subtree: true });
    new PerformanceObserver(list => gauges.tasks.push(...list.getEntries().map(task => task.duration))).observe({ type: 'longtask', buffered: true });
    for (const way of ['instantiate', 'instantiateStreaming']) {
        const begin = WebAssembly[way].bind(WebAssembly);
        WebAssembly[way] = async (...all) => {
            const done = await begin(...all);
            gauges.memory ??= (done.instance ?? done).exports.memory;
            return done;
        };
    }
    gauges.typed = () => new Promise(done => addEventListener('keydown', () => {
        const begun = performance.now();
        painted(() => done(performance.now() - begun));
    }, { once: true, capture: true }));
    gauges.frames = ms => new Promise(done => {
        const begun = performance.now(), all = [];
        const next = now => { all.push(now); if (now - begun < ms) requestAnimationFrame(next); else done(all); };
        requestAnimationFrame(next);
    });
})()";

/// How often each is measured, where nobody says otherwise.
const ROUNDS: usize = 5;
/// Notifications that are on the line in one go.
const STEP: Duration = Duration::from_millis(10);

fn rounds() -> usize {
    let said = std::env::var("LAMPLIGHT_BENCH_ROUNDS").ok();
    said.and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo xtask bench page"]
async fn the_page_is_measured() {
    let mut table = Table::default();
    the_door(&mut table).await;
    for (contacts, paint, memory) in [
        (20, "320 ms", ""),
        (1_000, "320 ms", "20 MB"),
        (10_000, "400 ms", "40 MB"),
    ] {
        people(&mut table, contacts, paint, memory).await;
    }
    table.print();
    table.keep();
}

/// Somebody who was never here.
async fn the_door(table: &mut Table) {
    let relay = Relay::start(Options::new()).await;
    let browser = Chromium::launch().await;
    let mut seen = Vec::new();
    for _ in 0..rounds() {
        let tab = browser.person("newcomer").await;
        tab.on_every_page(GAUGES).await;
        tab.open(&relay.origin()).await;
        seen.push(gauge(&tab, "window.lamplightGauges?.door").await);
    }
    table.row(
        "navigation to a door that takes letters, nothing cached",
        "170 ms",
        ms(&seen),
    );
}

/// Somebody who knows so many.
async fn people(table: &mut Table, contacts: u32, paint: &str, memory: &str) {
    let crowd = Crowd(contacts);
    let prompter = Prompter::listen().await;
    let relay = crowd.relay(&prompter.origin()).await;
    prompter.aim(relay.address());
    let browser = Chromium::launch().await;
    let tab = browser.person("alice").await;
    tab.on_every_page(GAUGES).await;
    tab.open(&prompter.origin()).await;
    tab.signs_in("alice").await;
    tab.sees("option", starts("p0, ")).await;
    // What is kept for the next time is written a moment after it came.
    sleep(Duration::from_secs(2)).await;

    let shown = contacts.min(10);
    let rows = format!(
        "Object.entries(window.lamplightGauges?.rows ?? {{}}).filter(([rows]) => rows >= {shown}).map(([, at]) => at)[0]"
    );
    let (mut painted, mut heaps, mut programs, mut nodes, mut tasks) =
        (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rounds() {
        tab.reload().await;
        painted.push(gauge(&tab, &rows).await);
        tab.is_in().await;
        sleep(Duration::from_secs(1)).await;
        tab.call("HeapProfiler.collectGarbage", json!({})).await;
        heaps.push(metric(&tab, "JSHeapUsedSize").await / 1e6);
        nodes.push(
            tab.script("document.querySelectorAll('*').length")
                .await
                .as_f64()
                .unwrap_or(0.0),
        );
        programs.push(gauge(&tab, "window.lamplightGauges.memory.buffer.byteLength").await / 1e6);
        let longest = "Math.max(0, ...window.lamplightGauges.tasks)";
        tasks.push(tab.script(longest).await.as_f64().unwrap_or(0.0));
    }
    let of = |what: &str| format!("{contacts} contacts: {what}");
    table.row(&of("navigation to the list painted"), paint, ms(&painted));
    table.row(&of("longest task while it opens"), "50 ms", ms(&tasks));
    let both: Vec<f64> = heaps
        .iter()
        .zip(&programs)
        .map(|(heap, program)| heap + program)
        .collect();
    table.row(
        &of("memory: script's heap + program's"),
        memory,
        format!(
            "{:.1} MB ({:.1} + {:.1})",
            median(&both),
            median(&heaps),
            median(&programs)
        ),
    );
    table.row(&of("elements"), "2,000", format!("{:.0}", median(&nodes)));
    if contacts >= 1_000 {
        search(table, &tab, &of).await;
        updates(table, &tab, &prompter, crowd, &of).await;
    }
    drop((tab, browser, relay));
}

/// A letter into the search field, until what it finds is painted.
async fn search(table: &mut Table, tab: &Tab, of: &impl Fn(&str) -> String) {
    tab.click("textbox", "Search").await;
    let mut seen = Vec::new();
    for _ in 0..rounds() {
        for letter in ["9", "1", "Backspace", "Backspace"] {
            tab.script("void (window.lamplightTyped = window.lamplightGauges.typed())")
                .await;
            tab.press(letter).await;
            seen.push(gauge(tab, "window.lamplightTyped").await);
        }
    }
    table.row(
        &of("a letter in the search, until painted"),
        "16 ms",
        ms(&seen),
    );
}

/// Presence changes of people in and out of sight.
async fn updates(
    table: &mut Table,
    tab: &Tab,
    prompter: &Prompter,
    crowd: Crowd,
    of: &impl Fn(&str) -> String,
) {
    const FOR_MS: u32 = 4_000;
    let (mut scripts, mut rates, mut worst) = (vec![], vec![], vec![]);
    let mut round = 0;
    for _ in 0..rounds() {
        let mut frames = crowd.changes(&mut round);
        frames.extend(crowd.changes(&mut round));
        let each = (u128::from(crowd.0) * STEP.as_millis() / 1_000).max(1) as usize;
        let before = metric(tab, "ScriptDuration").await;
        tab.script(&format!(
            "void (window.lamplightFrames = window.lamplightGauges.frames({FOR_MS}))"
        ))
        .await;
        let steps = (u128::from(FOR_MS) / STEP.as_millis()) as usize;
        let mut next = frames.chunks(each).cycle();
        let mut clock = tokio::time::interval(STEP);
        for _ in 0..steps {
            clock.tick().await;
            prompter.say(next.next().expect("a cycle").concat()).await;
        }
        let times = tab.script("window.lamplightFrames").await;
        let times: Vec<f64> = times
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_f64)
            .collect();
        let gaps: Vec<f64> = times.windows(2).map(|two| two[1] - two[0]).collect();
        let spent = (metric(tab, "ScriptDuration").await - before) * 1_000.0;
        scripts.push(spent / gaps.len().max(1) as f64);
        rates.push(gaps.len() as f64 * 1_000.0 / f64::from(FOR_MS));
        worst.push(gaps.iter().copied().fold(0.0, f64::max));
    }
    table.row(
        &of("a change of each in a second: script for each frame"),
        "4 ms",
        ms(&scripts),
    );
    table.row(
        &of("a change of each in a second: frames"),
        "60/s",
        format!("{:.0}/s", median(&rates)),
    );
    table.row(
        &of("a change of each in a second: longest wait for a frame"),
        "",
        ms(&worst),
    );
    let mut longest = Vec::new();
    for _ in 0..rounds() {
        tab.script("window.lamplightGauges.tasks.length = 0").await;
        let mut burst = Vec::new();
        while burst.len() < 50_000 {
            burst.extend(crowd.changes(&mut round));
        }
        burst.truncate(50_000);
        prompter.say(burst.concat()).await;
        let longest_now = "window.lamplightGauges.frames(3000).then(() => Math.max(0, ...window.lamplightGauges.tasks))";
        longest.push(tab.script(longest_now).await.as_f64().unwrap_or(0.0));
    }
    table.row(
        &of("a burst of 50,000 changes: longest task"),
        "50 ms",
        ms(&longest),
    );
}

/// Waits until a gauge shows something.
async fn gauge(tab: &Tab, source: &str) -> f64 {
    lamplight_tests::outside::eventually(source, || async {
        tab.script(source)
            .await
            .as_f64()
            .filter(|value| *value > 0.0)
    })
    .await
}

/// A figure of the browser itself.
async fn metric(tab: &Tab, name: &str) -> f64 {
    tab.call("Performance.enable", json!({})).await;
    let all = tab.call("Performance.getMetrics", json!({})).await;
    let all = all["metrics"].as_array().cloned().unwrap_or_default();
    let found = all.iter().find(|metric| metric["name"] == name);
    found
        .and_then(|metric| metric["value"].as_f64())
        .unwrap_or_default()
}

fn ms(values: &[f64]) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("{:.1} ms (at most {most:.1})", median(values))
}
