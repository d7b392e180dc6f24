//! The list of people: there before the relay has answered, walked by keys, told by shapes as well as by colours.

use lamplight_tests::outside::{Options, eventually};
use serde_json::json;

use crate::looks::faults;
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::{Name, Tree, starts};

fn quick() -> Options {
    Options::new().set("bounds.settle", "1 s")
}

/// Notes when the first row stood on the page, after the beginning of its loading.
const FIRST_ROW: &str = r"new MutationObserver(() => {
    if (window.lamplightRow === undefined && document.querySelector('[role=option]')) window.lamplightRow = performance.now();
}).observe(document, { childList: true, subtree: true })";

const NOBODY: &str = "Nobody has this address. Check how it is spelt.";

#[tokio::test]
async fn people_are_listed_before_the_relay_has_answered_and_nobody_is_called_offline() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    // What is kept for the next life is written at the latest when the page is left.
    bob.gets_no_line().await;
    bob.on_every_page(FIRST_ROW).await;
    bob.reload().await;
    bob.sees("option", starts("alice, unknown")).await;
    let after = bob.script("window.lamplightRow").await;
    println!("the first row stood there {after} ms after the reload began");
    // A second is the promise; a machine that runs all tests at once gets another.
    assert!(after.as_f64().is_some_and(|ms| ms < 2_000.0), "{after}");
    bob.gets_lines_again().await;
    bob.sees_row("alice, available").await;
    drop(alice);
    stage.ends_clean().await;
}

fn selected(tree: &Tree) -> Vec<String> {
    let rows = tree.all("option", Name::Any);
    let chosen = rows.into_iter().filter(|row| row.is("selected"));
    chosen.map(|row| row.name.clone()).collect()
}

#[tokio::test]
async fn the_list_is_one_stop_of_the_tab_key_and_is_walked_by_arrows_and_letters() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    let carol = stage.person("carol").await;
    carol.befriends(&alice).await;
    alice
        .until("two rows", |tree| {
            (tree.names("option").len() == 2).then_some(())
        })
        .await;
    alice.click("textbox", "Search").await;
    alice.press("ArrowDown").await;
    let roster = alice.sees("listbox", "Contacts").await;
    assert!(roster.is("focused"), "{roster:?}");
    for (keys, name) in [
        (["Home", "Enter"], "bob, available"),
        (["End", "Enter"], "carol, available"),
        (["ArrowUp", "Enter"], "bob, available"),
        (["c", "Enter"], "carol, available"),
        (["Home", "Enter"], "bob, available"),
        (["ArrowDown", "Enter"], "carol, available"),
    ] {
        // Opening a conversation gives the keyboard to its composer; Escape brings it back to the list.
        alice
            .until("the list has the keyboard", |tree| {
                let list = tree.one("listbox", "Contacts".into())?;
                list.is("focused").then_some(())
            })
            .await;
        for key in keys {
            alice.press(key).await;
        }
        alice
            .until(name, |tree| (selected(tree) == [name]).then_some(()))
            .await;
        alice
            .until("the composer has the keyboard", |tree| {
                let field = tree.one("textbox", "Message".into())?;
                field.is("focused").then_some(())
            })
            .await;
        alice.press("Escape").await;
    }
    drop(bob);
    stage.ends_clean().await;
}

/// Each sign of the help's legend: its geometry, and the contrast of its colour to what lies behind.
const SIGNS: &str = r"(() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = colour => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = colour => {
        const [r, g, b] = rgb(colour).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (rgb(colour)[3] === 255) return colour;
        }
        return 'white';
    };
    return [...document.querySelectorAll('.legend svg')].map(svg => {
        const part = svg.querySelector('.full, .line'), style = getComputedStyle(part);
        const colour = part.matches('.full') ? style.fill : style.stroke;
        const [one, other] = [light(colour), light(behind(svg))].sort((a, b) => b - a);
        const shape = [...svg.children].map(child => child.tagName + [...child.attributes]
            .map(a => a.name + '=' + a.value).join(' ')).join('|');
        return { shape, contrast: (one + 0.05) / (other + 0.05) };
    });
})()";

#[tokio::test]
async fn signs_differ_in_shape_and_stand_out_in_every_scheme_of_colours() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    alice.chooses("Help and shortcuts").await;
    alice.sees("dialog", "Help and shortcuts").await;
    for scheme in [
        ("prefers-color-scheme", "light"),
        ("prefers-color-scheme", "dark"),
        ("forced-colors", "active"),
    ] {
        alice.prefers(&[scheme]).await;
        let signs = alice.script(SIGNS).await;
        let signs = signs.as_array().cloned().unwrap_or_default();
        assert_eq!(signs.len(), 6, "{scheme:?}: {signs:?}");
        let mut shapes: Vec<_> = signs.iter().map(|sign| sign["shape"].to_string()).collect();
        shapes.sort();
        shapes.dedup();
        assert_eq!(shapes.len(), 6, "{scheme:?}: two signs share a shape");
        for sign in &signs {
            let contrast = sign["contrast"].as_f64().unwrap_or_default();
            assert!(contrast >= 3.0, "{scheme:?}: {sign}");
        }
    }
    stage.ends_clean().await;
}

/// The list as its groups are told: `Available (2): bob, carol`.
fn headed(tree: &Tree) -> Vec<String> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for row in tree.all("option", Name::Any) {
        let name = row.name.split(',').next().unwrap_or_default().to_owned();
        let around = row.inside.iter().rev().find(|(role, _)| role == "group");
        let heading = around.map_or("", |(_, heading)| heading).to_owned();
        match sections.last_mut() {
            Some((last, names)) if *last == heading => names.push(name),
            _ => sections.push((heading, vec![name])),
        }
    }
    let lines = sections.into_iter();
    lines
        .map(|(heading, names)| format!("{heading}: {}", names.join(", ")))
        .collect()
}

async fn is_headed(tab: &Tab, wanted: &[&str]) {
    tab.until(&format!("a list headed {wanted:?}"), |tree| {
        (headed(tree) == wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn people_stand_under_how_they_are_and_move_when_that_changes() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    let carol = stage.person("carol").await;
    carol.befriends(&alice).await;
    carol.sets("Busy", "").await;
    let dora = stage.person("dora").await;
    alice.asks_to_see("dora@localhost").await;
    let nothing_above = [": bob, carol, dora"];
    is_headed(&alice, &nothing_above).await;
    alice.chooses("Sort people by presence").await;
    let waits = "Not shared with you (1): dora";
    is_headed(&alice, &["Available (1): bob", "Busy (1): carol", waits]).await;

    // The choice is this browser's: there after a reload, at once.
    alice.reload().await;
    is_headed(&alice, &["Available (1): bob", "Busy (1): carol", waits]).await;
    carol.sets("Available", "").await;
    dora.answers("alice@localhost", "Allow").await;
    is_headed(&alice, &["Available (3): bob, carol, dora"]).await;
    bob.sets("Away", "").await;
    let moved = ["Available (2): carol, dora", "Away (1): bob"];
    is_headed(&alice, &moved).await;

    // Who writes stands above all until it is read.
    bob.opens("alice").await;
    bob.says("Back at four.").await;
    let unread = ["Unread (1): bob", "Available (2): carol, dora"];
    is_headed(&alice, &unread).await;
    // One list to the keyboard: over the headings, in the order of the rows.
    alice.click("textbox", "Search").await;
    alice.press("ArrowDown").await;
    alice
        .until("the list has the keyboard", |tree| {
            let list = tree.one("listbox", "Contacts".into())?;
            list.is("focused").then_some(())
        })
        .await;
    for key in ["Home", "ArrowDown", "ArrowDown", "Enter"] {
        alice.press(key).await;
    }
    alice.sees("heading", "dora").await;
    alice.opens("bob").await;
    is_headed(&alice, &moved).await;
    alice
        .chooses("Group people by your headings (Family, Work …)")
        .await;
    is_headed(&alice, &[": carol, dora, bob"]).await;
    alice.reload().await;
    is_headed(&alice, &[": carol, dora, bob"]).await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_row_says_that_somebody_is_writing_until_they_are_not() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    bob.opens("alice").await;
    bob.fill("textbox", "Message", "Y").await;
    let row = alice.sees("option", "bob, available, is writing …").await;
    let shown = alice.shown(&row).await;
    // Once for ears, in the row's name, and once for eyes.
    assert_eq!(shown.matches("is writing …").count(), 2, "{shown}");
    bob.press("Backspace").await;
    alice.sees_row("bob, available").await;
    bob.types("Yes.").await;
    bob.press("Enter").await;
    alice.sees_row("bob, available, 1 unread").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_mistyped_address_is_said_at_its_field_and_leaves_nobody_in_the_list() {
    let stage = Stage::set(quick()).await;
    let _alice = stage.person("alice").await;
    let bob = stage.person("bob").await;
    bob.click("button", "Add contact").await;
    bob.fill("textbox", "Address", "alcie@localhost").await;
    bob.click("button", "Send request").await;
    let field = bob
        .until(NOBODY, |tree| {
            let field = tree.one("textbox", "Address".into())?;
            (field.description == NOBODY).then(|| field.clone())
        })
        .await;
    assert_eq!(field.value, "alcie@localhost");
    assert!(field.is("focused"), "{field:?}");
    let tree = bob.tree().await;
    assert!(!tree.text().contains("on its way"), "{}", tree.print());
    // A press beside it does not throw away what was typed.
    bob.click_at(5.0, 5.0).await;
    let field = bob.sees("textbox", "Address").await;
    assert_eq!(field.value, "alcie@localhost");
    bob.fill("textbox", "Address", "alice").await;
    bob.click("button", "Send request").await;
    bob.sees("heading", "alice").await;
    bob.until("alice alone", |tree| {
        (tree.names("option") == ["alice, not shared yet"]).then_some(())
    })
    .await;
    bob.click("button", "Add contact").await;
    bob.sees("dialog", "Add contact").await;
    bob.click_at(5.0, 5.0).await;
    bob.sees_no("dialog", "Add contact").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn an_address_that_is_none_and_was_taken_without_a_line_leaves_the_list_when_wanted() {
    let stage = Stage::set(quick()).await;
    let bob = stage.person("bob").await;
    bob.gets_no_line().await;
    bob.reload().await;
    bob.reads("No connection.").await;
    bob.asks_to_see("alcie@localhost").await;
    bob.sees("heading", "alcie").await;
    bob.says("Are you there?").await;
    bob.sees("option", starts("alcie, ")).await;
    bob.gets_lines_again().await;
    bob.reads(" is not among your contacts.").await;
    bob.click("button", "Remove from list").await;
    bob.sees_no("option", starts("alcie, ")).await;
    bob.sees_no("heading", "alcie").await;
    stage.ends_clean().await;
}

/// G3: a buddy list is a PRESENCE USER AGENT and a WATCHER USER AGENT, and nothing else.
#[tokio::test]
async fn the_list_alone_has_ones_own_status_and_the_people_and_nothing_else() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice
        .open(&[&stage.relay.origin(), "/?list"].concat())
        .await;
    alice.sees_row("bob, available").await;
    let tree = alice.tree().await;
    assert_eq!(tree.all("button", starts("")).len(), 1, "{}", tree.print());
    for role in ["textbox", "link", "heading", "log"] {
        let found = tree.all(role, starts(""));
        let seen = found.iter().filter(|node| node.name != "Lamplight");
        assert_eq!(seen.count(), 0, "a {role} in {}", tree.print());
    }
    let faults = faults(&alice).await;
    assert!(faults.is_empty(), "{faults:#?}");
    alice.sets("Busy", "in a meeting").await;
    bob.sees_row("alice, busy: in a meeting").await;
    bob.sets("Away", "").await;
    alice.sees_row("bob, away").await;
    alice.size(320, 640).await;
    alice.picture("list-alone").await;
    // Who wants to talk does so in the whole page, beside the list.
    alice.click("option", starts("bob, ")).await;
    eventually("the whole page beside the list", || async {
        let targets = alice.call("Target.getTargets", json!({})).await;
        let targets = targets["targetInfos"].as_array().cloned();
        let urls = targets.unwrap_or_default().into_iter();
        let mut urls = urls.filter_map(|one| one["url"].as_str().map(str::to_owned));
        urls.any(|url| url.ends_with("/#/bob@localhost"))
            .then_some(())
    })
    .await;
    alice.sees_row("bob, away").await;
    stage.ends_clean().await;
}
