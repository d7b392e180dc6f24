//! How the page looks: narrow, large, dark, for fingers, and by the rules that a machine can check.

use std::path::{Path, PathBuf};

use lamplight_tests::outside::Options;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::starts;

const NARROW: u32 = 320;

fn quick() -> Options {
    Options::new().set("bounds.settle", "1 s")
}

/// Nothing reaches beyond the window to the side.
async fn fits(tab: &Tab, what: &str) {
    let widths = "[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]";
    let widths = tab.script(widths).await;
    let at = |place: usize| widths[place].as_u64().unwrap_or(u64::MAX);
    if at(0).max(at(1)) > at(2) {
        tab.fail(&format!("{what} is wider than its window: {widths}"))
            .await;
    }
}

/// Walks through the main views and looks at each.
async fn through_all_views<F: AsyncFn(&Tab, &str)>(stage: &Stage, look: F) {
    let visitor = stage.visitor("visitor").await;
    visitor.size(NARROW, 640).await;
    visitor.reads("@localhost").await;
    look(&visitor, "the door").await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    bob.opens("alice").await;
    bob.says("A message with a_very_long_word_that_has_no_place_to_break_and_goes_on_and_on_for_ever_and_a_day.").await;
    alice.sees_row("bob, available, 1 unread").await;
    alice.size(NARROW, 640).await;
    look(&alice, "the list").await;
    alice.opens("bob").await;
    alice.says("So it is.").await;
    look(&alice, "a conversation").await;
    alice.click("button", "More about bob").await;
    alice.click("menuitem", "About bob").await;
    alice.sees("heading", "About bob").await;
    look(&alice, "what there is to settle with somebody").await;
    alice.click("button", "Back").await;
    alice.click("button", "Back to the list").await;
    for (item, dialog) in [
        ("Help and shortcuts", "Help and shortcuts"),
        ("Diagnostics", "Diagnostics"),
    ] {
        alice.chooses(item).await;
        alice.sees("dialog", dialog).await;
        look(&alice, dialog).await;
        alice.press("Escape").await;
        alice.sees_no("dialog", dialog).await;
    }
    alice.click("button", starts("Your status: ")).await;
    alice.sees("dialog", "Your status").await;
    look(&alice, "the status").await;
    alice.press("Escape").await;
    alice.click("button", "Add contact").await;
    alice.sees("dialog", "Add contact").await;
    look(&alice, "adding a contact").await;
    alice.press("Escape").await;
    alice.sees_no("dialog", "Add contact").await;
    through_all_settings(stage, &alice, &look).await;
}

/// The pages of settings with their forms open, and the folder of what strangers wrote.
async fn through_all_settings<F: AsyncFn(&Tab, &str)>(stage: &Stage, alice: &Tab, look: &F) {
    let stranger = stage.person("stranger").await;
    stranger.asks_to_see("alice@localhost").await;
    stranger
        .says("Hello, is this Alice from https://example.org?")
        .await;
    alice.click("link", "Messages from strangers 1").await;
    alice.sees("heading", "Messages from strangers").await;
    look(alice, "the folder of strangers").await;
    alice.click("button", "Back").await;
    alice.chooses("Privacy and addresses").await;
    alice.sees("heading", "Privacy and addresses").await;
    look(alice, "all settings").await;
    for (page, form) in [
        ("Who sees you", None),
        ("What people see of you", Some("Add a rule")),
        ("On other sites", None),
        ("View as …", None),
        ("How you look at others", None),
        ("Who may write to you", Some("Add a rule")),
        ("Addresses to give away", Some("New address")),
        ("Work and private, apart", Some("Add an address")),
        ("Other ways to reach you", Some("Add a way")),
        ("Groups", Some("Make a group")),
        ("Programs", Some("Make a token")),
    ] {
        alice.turns_to(page).await;
        if let Some(form) = form {
            alice.click("DisclosureTriangle", form).await;
        }
        look(alice, page).await;
        alice.click("button", "Back").await;
    }
}

#[tokio::test]
async fn at_320_pixels_and_with_large_letters_nothing_reaches_beyond_the_window() {
    let stage = Stage::set(quick()).await;
    through_all_views(&stage, async |tab, what| {
        fits(tab, what).await;
        tab.script("document.documentElement.style.fontSize = '200%'")
            .await;
        fits(tab, &format!("{what} in large letters")).await;
        tab.script("document.documentElement.style.fontSize = ''")
            .await;
    })
    .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn axe_finds_nothing_serious_in_light_and_in_dark() {
    let stage = Stage::set(quick()).await;
    through_all_views(&stage, async |tab, what| {
        for scheme in ["light", "dark"] {
            tab.prefers(&[
                ("prefers-color-scheme", scheme),
                ("prefers-reduced-motion", "reduce"),
            ])
            .await;
            let faults = faults(tab).await;
            assert!(faults.is_empty(), "{what} in {scheme}: {faults:#?}");
        }
    })
    .await;
    stage.ends_clean().await;
}

/// Colours fade from one scheme into the other: what is judged is what they come to.
const AT_REST: &str = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))) \
    .then(() => Promise.allSettled(document.getAnimations().map(one => one.finished))).then(() => 0)";

/// What axe calls serious or critical. It reads one thing after the other; what changed its colours meanwhile is read again. A
/// fault stays one.
pub async fn faults(tab: &Tab) -> Vec<String> {
    faults_in(tab, None).await
}

/// The same inside the frame that the page shows.
pub async fn faults_in_frame(tab: &Tab) -> Vec<String> {
    let world = tab.world_in_frame().await;
    assert!(world.is_some(), "a frame");
    faults_in(tab, world).await
}

async fn faults_in(tab: &Tab, world: Option<i64>) -> Vec<String> {
    let mut faults = judge(tab, world).await;
    for _ in 0..2 {
        if !faults.is_empty() {
            faults = judge(tab, world).await;
        }
    }
    faults
}

async fn judge(tab: &Tab, world: Option<i64>) -> Vec<String> {
    tab.script_in(world, AT_REST).await;
    if tab.script_in(world, "typeof window.axe").await == "undefined" {
        let Some(script) = std::env::var_os("LAMPLIGHT_AXE").map(PathBuf::from) else {
            panic!("LAMPLIGHT_AXE names no axe.min.js: run `cargo xtask test browser`")
        };
        let axe = std::fs::read_to_string(script).expect("axe.min.js");
        tab.script_in(world, &format!("{axe}; 0")).await;
    }
    let run = "axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations \
        .filter(one => ['serious', 'critical'].includes(one.impact)) \
        .map(one => one.id + ': ' + one.nodes.map(node => node.html + ' ' + node.failureSummary).join(' / ')))";
    let found = tab.script_in(world, run).await;
    let found = found.as_array().cloned().unwrap_or_default();
    found
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn the_page_follows_the_system_at_once_and_rests_where_motion_is_unwanted() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let mut grounds = Vec::new();
    for scheme in ["light", "dark", "light"] {
        let wishes = [
            ("prefers-color-scheme", scheme),
            ("prefers-reduced-motion", "reduce"),
        ];
        alice.prefers(&wishes).await;
        alice.script(AT_REST).await;
        let ground = "getComputedStyle(document.body).backgroundColor";
        grounds.push(alice.script(ground).await);
    }
    assert_eq!(grounds[0], grounds[2]);
    assert_ne!(grounds[0], grounds[1], "dark is another ground");
    alice.click("button", "Add contact").await;
    alice.sees("dialog", "Add contact").await;
    // A few milliseconds are no motion.
    let moving = "document.getAnimations().filter(one => one.effect.getComputedTiming().duration > 20).length";
    assert_eq!(alice.script(moving).await, 0);
    stage.ends_clean().await;
}

/// What a finger is to hit and is smaller than 44 pixels.
const SMALL: &str = r"[...document.querySelectorAll('button, [role=option], input:not([type=radio]):not([type=checkbox]), textarea, select')]
    .filter(one => one.checkVisibility() && !one.disabled)
    .map(one => [one, one.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5))
    .map(([one, box]) => `${one.getAttribute('aria-label') ?? one.innerText} ${one.id}: ${box.width} x ${box.height}`)";

#[tokio::test]
async fn fingers_hit_what_they_aim_at_and_the_way_back_closes_a_conversation() {
    let stage = Stage::set(quick()).await;
    let (alice, _bob) = stage.friends("alice", "bob").await;
    let phone = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
    alice
        .call("Emulation.setDeviceMetricsOverride", phone)
        .await;
    alice
        .call(
            "Emulation.setTouchEmulationEnabled",
            json!({ "enabled": true, "maxTouchPoints": 5 }),
        )
        .await;
    alice.sees_row("bob, available").await;
    let viewport = "document.querySelector('meta[name=viewport]').content";
    let viewport = alice.script(viewport).await;
    let makes_room = viewport
        .as_str()
        .is_some_and(|it| it.contains("interactive-widget=resizes-content"));
    assert!(
        makes_room,
        "a keyboard on the screen makes the page smaller: {viewport}"
    );
    assert_eq!(alice.script(SMALL).await, json!([]), "in the list");
    alice.opens("bob").await;
    assert_eq!(alice.script(SMALL).await, json!([]), "in a conversation");
    alice.script("history.back()").await;
    alice.sees_no("textbox", "Message").await;
    alice.sees_row("bob, available").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn what_is_read_from_right_to_left_stands_so_and_fits() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    bob.opens("alice").await;
    bob.says("שלום").await;
    alice.opens("bob").await;
    alice.reads_messages(&[("bob", "שלום", "")]).await;
    alice.script("document.documentElement.dir = 'rtl'").await;
    alice.size(NARROW, 640).await;
    fits(&alice, "a conversation from right to left").await;
    let direction = "getComputedStyle(document.querySelector('.bubble-text')).direction";
    assert_eq!(alice.script(direction).await, "rtl");
    stage.ends_clean().await;
}

#[tokio::test]
async fn pictures_of_the_main_views_are_taken_when_asked_for() {
    if std::env::var_os("LAMPLIGHT_SCREENSHOTS").is_none() {
        return;
    }
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    for (name, status, note) in [
        ("carol", "Busy", "in a meeting until four"),
        ("dora", "Away", "walking the dog"),
        ("emil", "Available", ""),
    ] {
        let other = stage.person(name).await;
        other.befriends(&alice).await;
        other.sets(status, note).await;
        if name == "emil" {
            other.opens("alice").await;
            other.says("The boat is ready. Saturday?").await;
            other.says("Bring the lamp.").await;
        }
    }
    bob.opens("alice").await;
    bob.says("Tea at four?").await;
    alice.opens("bob").await;
    alice
        .says("At five, in the kitchen. I still have to water the plants.")
        .await;
    bob.says("Perfect. I bring the lemon cake.").await;
    alice.says("Then I hurry.").await;
    alice
        .until("everything has arrived", |tree| {
            let said = tree.messages();
            (said.len() == 4 && said[3].state == "Delivered").then_some(())
        })
        .await;
    alice.sees("option", starts("dora, away")).await;
    take(&alice, "wide").await;
    alice.prefers(&[("prefers-color-scheme", "dark")]).await;
    take(&alice, "dark").await;
    alice.prefers(&[("prefers-color-scheme", "light")]).await;
    alice.size(390, 780).await;
    take(&alice, "narrow").await;
    stage.ends_clean().await;
}

async fn take(tab: &Tab, name: &str) {
    // Notices of what has just happened are no part of the view.
    tab.until("no notices", |tree| {
        tree.one("button", "Dismiss".into()).is_none().then_some(())
    })
    .await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshots");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    tab.picture_at(&folder.join(format!("{name}.png"))).await;
}

/// What one reads or presses and lies under something that is said in passing, wholly or in part.
const COVERED: &str = r"(() => {
    const box = one => one.getBoundingClientRect();
    const pane = box(document.querySelector('.home'));
    const notices = [...document.querySelectorAll('.notice')].map(box);
    // What is scrolled beyond its pane is not seen there.
    const under = (one, over) => over.top < Math.min(one.bottom, pane.bottom) && Math.max(one.top, pane.top) < over.bottom
        && over.left < one.right && one.left < over.right;
    return [...document.querySelectorAll('button, a, textarea, input, summary, [role=option], article, h2, p')]
        .filter(one => !one.closest('.notice') && one.checkVisibility())
        .filter(one => notices.some(over => under(box(one), over)))
        .map(one => `${one.tagName} ${one.getAttribute('aria-label') ?? one.innerText}`);
})()";

/// Where one reads, writes and unfolds.
const PLACES: &str = "[...document.querySelectorAll('main :is(article, textarea, summary)')] \
    .map(one => one.getBoundingClientRect().top)";

#[tokio::test]
async fn what_is_said_in_passing_lies_over_nothing_on_a_narrow_screen() {
    let stage = Stage::set(quick()).await;
    let (alice, _bob) = stage.friends("alice", "bob").await;
    alice.opens("bob").await;
    alice.says("The boat is ready.").await;
    for (width, name) in [(320, "carol"), (360, "dora")] {
        alice.size(width, 640).await;
        let asks = async |name: &str| {
            let other = stage.person(name).await;
            let before = alice.script(PLACES).await;
            other.asks_to_see("alice@localhost").await;
            let words = format!("{name}@localhost asks to see when you are there.");
            alice
                .until(&words, |tree| {
                    let said = tree.texts_in("status", "Notices");
                    said.contains(&words).then_some(())
                })
                .await;
            alice.script(AT_REST).await;
            assert_eq!(alice.script(COVERED).await, json!([]), "{width} pixels");
            assert_eq!(alice.script(PLACES).await, before, "nothing has moved");
        };
        // In a conversation, on a page of settings, and in the list, where the request itself is seen.
        asks(name).await;
        alice.says("Nothing is in the way.").await;
        alice.click("button", "Back to the list").await;
        assert_eq!(alice.script(COVERED).await, json!([]), "{width} pixels");
        alice.chooses("Privacy and addresses").await;
        alice.turns_to("Who may write to you").await;
        asks(&format!("{name}-too")).await;
        alice.picture(&format!("passing-{width}")).await;
        alice.click("DisclosureTriangle", "Add a rule").await;
        alice.click("button", "Back").await;
        alice.sees("heading", "Privacy and addresses").await;
        alice.click("button", "Back").await;
        alice.opens("bob").await;
    }
    stage.ends_clean().await;
}
