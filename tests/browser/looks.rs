//! How the page looks: for eyes and for axe, in light and dark, wide and as narrow as screens are.

use std::path::PathBuf;

use lamplight_tests::outside::Options;
use serde_json::Value;

use crate::stage::Stage;
use crate::tab::{Tab, pictures};
use crate::tree::starts;

/// Where the README's pictures go when somebody wants them made anew.
const WANTED: &str = "LAMPLIGHT_SCREENSHOTS";

const WIDE: (u32, u32) = (1280, 800);
const NARROW: (u32, u32) = (390, 844);
/// The narrowest screen the page is made for, and WCAG 1.4.10's.
const NARROWEST: (u32, u32) = (320, 568);

const LIGHT: &[(&str, &str)] = &[("prefers-color-scheme", "light")];
const DARK: &[(&str, &str)] = &[("prefers-color-scheme", "dark")];

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_view_in_light_and_dark() {
    let stage = Stage::set(Options::new()).await;
    let visitor = stage.visitor("erin").await;
    visitor.sees("button", "Create account").await;
    judge_both(&visitor, "the door").await;
    let alice = lively(&stage).await;
    judge_both(&alice, "a conversation").await;
    for (opener, title) in [
        ("Your status: ", "Your status"),
        ("Add contact", "Add contact"),
    ] {
        alice.click("button", starts(opener)).await;
        alice.sees("dialog", title).await;
        judge_both(&alice, title).await;
        alice.press("Escape").await;
        alice.sees_no("dialog", title).await;
    }
    alice.press("Escape").await;
    alice.press("?").await;
    alice.sees("dialog", "Help and shortcuts").await;
    judge_both(&alice, "help").await;
    alice.press("Escape").await;
    alice.sees_no("dialog", "Help and shortcuts").await;
    alice.size(NARROW.0, NARROW.1).await;
    judge_both(&alice, "a conversation, narrow").await;
    stage.is_clean().await;
}

#[tokio::test]
async fn at_320_pixels_nothing_has_to_be_scrolled_sideways() {
    let stage = Stage::set(Options::new()).await;
    let visitor = stage.visitor("erin").await;
    visitor.size(NARROWEST.0, NARROWEST.1).await;
    visitor.sees("button", "Create account").await;
    fits(&visitor, "the door").await;
    let alice = lively(&stage).await;
    alice.size(NARROWEST.0, NARROWEST.1).await;
    alice
        .says(&"Donaudampfschifffahrtsgesellschaftskapitän".repeat(4))
        .await;
    fits(&alice, "a conversation with a very long word").await;
    alice.click("button", "Back to the list").await;
    alice.sees("option", starts("bob, ")).await;
    fits(&alice, "the list").await;
    alice.click("button", starts("Your status: ")).await;
    alice.sees("dialog", "Your status").await;
    fits(&alice, "the status").await;
    alice.press("Escape").await;
    stage.is_clean().await;
}

/// The README's pictures, and the same views as they are on a phone and in the dark: what they show is asserted by its text.
#[tokio::test]
async fn the_main_views_as_pictures() {
    let stage = Stage::set(Options::new()).await;
    let alice = lively(&stage).await;
    alice.size(WIDE.0, WIDE.1).await;
    alice.prefers(LIGHT).await;
    alice.sees_row("bob, busy: in a meeting").await;
    alice.reads("Deal. I bring the cake").await;
    alice.picture_at(&place("wide")).await;
    alice.prefers(DARK).await;
    alice.picture_at(&place("dark")).await;
    alice.prefers(LIGHT).await;
    alice.size(NARROW.0, NARROW.1).await;
    alice.sees("textbox", "Message").await;
    alice.picture_at(&place("narrow")).await;
    alice.click("button", "Back to the list").await;
    alice.sees("option", starts("carol, ")).await;
    alice.picture_at(&place("narrow-list")).await;
    stage.is_clean().await;
}

fn place(name: &str) -> PathBuf {
    let folder = if std::env::var_os(WANTED).is_some() {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshots")
    } else {
        pictures()
    };
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder.join(format!("{name}.png"))
}

/// Alice's page on an ordinary day: three contacts in different moods, somebody new at the door, a conversation under way.
async fn lively(stage: &Stage) -> Tab {
    let alice = stage.person("alice").await;
    let bob = stage.person("bob").await;
    bob.befriends(&alice).await;
    let carol = stage.person("carol").await;
    carol.befriends(&alice).await;
    carol.sets("Away", "lunch, back at two").await;
    let dave = stage.person("dave").await;
    dave.asks_to_see("alice@localhost").await;
    alice.opens("bob").await;
    bob.opens("alice").await;
    let spoken = [
        (&bob, "Are you coming to the harbour tonight?"),
        (&alice, "Yes! The boat leaves at seven, doesn't it?"),
        (&bob, "Half past. I keep you a seat by the window."),
        (&alice, "Deal. I bring the cake 🎂"),
    ];
    for (who, text) in spoken {
        who.says(text).await;
        for reader in [&alice, &bob] {
            reader
                .until(text, |tree| {
                    tree.messages()
                        .iter()
                        .any(|said| said.text == text)
                        .then_some(())
                })
                .await;
        }
    }
    bob.sets("Busy", "in a meeting").await;
    carol.opens("alice").await;
    carol.says("The photos are in the shared folder.").await;
    alice.sees_row("bob, busy: in a meeting").await;
    alice
        .sees(
            "option",
            starts("carol, away: lunch, back at two, 1 unread"),
        )
        .await;
    alice
        .sees("group", starts("dave@localhost asks to see"))
        .await;
    alice
}

async fn judge_both(tab: &Tab, view: &str) {
    for scheme in [LIGHT, DARK] {
        tab.prefers(scheme).await;
        judge(tab, &format!("{view}, {}", scheme[0].1)).await;
    }
}

/// What axe says of the page as it is. The analysis is injected for this alone; nothing else of a test depends on it.
async fn judge(tab: &Tab, view: &str) {
    let axe = std::env::var_os("LAMPLIGHT_AXE")
        .expect("LAMPLIGHT_AXE names axe.min.js: `cargo xtask test browser`");
    let axe = std::fs::read_to_string(axe).expect("axe can be read");
    tab.script(&format!("window.axe || (() => {{ {axe}\n }})(); undefined"))
        .await;
    let found = tab.script(RUN_AXE).await;
    assert!(found.is_array(), "axe did not answer about {view}: {found}");
    let grave = found.as_array().is_none_or(|all| !all.is_empty());
    assert!(!grave, "axe about {view}: {found:#}");
}

const RUN_AXE: &str = r"
axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`) })))";

/// Nothing reaches over the right edge, and nothing one can press is narrower than a finger needs (WCAG 2.5.8).
async fn fits(tab: &Tab, view: &str) {
    let wide = tab.script("document.documentElement.scrollWidth").await;
    assert_eq!(wide, Value::from(NARROWEST.0), "width of {view}");
    let out = tab.script(OUT_OF_SIGHT).await;
    assert_eq!(out, Value::Array(Vec::new()), "out of {view}");
}

const OUT_OF_SIGHT: &str = r"
[...document.querySelectorAll('button, input, textarea, select, [role=option]')]
    .filter((one) => one.checkVisibility())
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([one, box]) => box.width > 1 && (box.left < -1 || box.right > innerWidth + 1))
    .map(([one]) => one.outerHTML.slice(0, 120))";
