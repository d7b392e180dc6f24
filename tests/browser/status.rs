//! What people set of themselves, and what others see of it.

use lamplight_tests::outside::Options;

use crate::stage::Stage;
use crate::tree::starts;

fn quick() -> Options {
    Options::new().set("bounds.settle", "1 s")
}

#[tokio::test]
async fn a_status_is_set_by_keyboard_with_its_end_and_cleared_again() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.walks_to("button", starts("Your status: ")).await;
    alice.press("Enter").await;
    alice.sees("dialog", "Your status").await;
    alice.walks_to("radio", "Available").await;
    alice.press("ArrowDown").await;
    alice.walks_to("textbox", "Note").await;
    alice.types("writing 🖋").await;
    alice.walks_to("combobox", "Until").await;
    alice.types("30").await;
    alice.walks_to("button", "Save").await;
    alice.press("Enter").await;
    bob.sees_row("alice, busy: writing 🖋").await;
    alice
        .sees("button", starts("Your status: busy: writing 🖋 · until "))
        .await;
    bob.opens("alice").await;
    bob.reads("Busy: writing 🖋 · until ").await;

    alice.click("button", starts("Your status: ")).await;
    alice.click("button", "Clear status").await;
    bob.sees_row("alice, available").await;
    alice.sees("button", "Your status: available").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn who_appears_offline_is_offline_to_others_and_still_reads_what_they_write() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.sets("Appear offline", "").await;
    alice
        .sees("button", starts("Your status: appearing offline"))
        .await;
    bob.sees("option", starts("alice, offline")).await;
    alice.sees_row("bob, available").await;
    bob.opens("alice").await;
    bob.says("Are you there?").await;
    alice.sees_row("bob, available, 1 unread").await;
    // That a device of hers has it would tell that she is there.
    bob.reads_messages(&[("You", "Are you there?", "Sent")])
        .await;
    alice.sets("Available", "").await;
    bob.sees_row("alice, available").await;
    bob.reads_messages(&[("You", "Are you there?", "Delivered")])
        .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn who_is_blocked_sees_somebody_who_is_never_there_and_is_not_told() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.opens("bob").await;
    alice.click("button", "More about bob").await;
    alice.click("menuitem", "Block").await;
    alice.sees("dialog", "Block").await;
    alice.click_in("dialog", "Block", "button", "Block").await;
    alice.reads("Blocked").await;
    bob.sees("option", starts("alice, offline")).await;
    bob.opens("alice").await;
    bob.says("Hello?").await;
    bob.reads_messages(&[("You", "Hello?", "Sent")]).await;
    alice.click("button", "More about bob").await;
    alice.click("menuitem", "Unblock").await;
    alice.click("button", "More about bob").await;
    alice.click("menuitem", "About bob").await;
    alice.click("radio", "Everything").await;
    bob.sees_row("alice, available").await;
    bob.says("And now?").await;
    alice.opens("bob").await;
    alice.reads_messages(&[("bob", "And now?", "")]).await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn five_idle_minutes_make_away_and_any_input_in_any_tab_ends_it() {
    let stage = Stage::set(quick()).await;
    let alice = stage.browser.person("alice").await;
    stage.watch(&alice);
    alice.gets_a_clock().await;
    alice.open(&stage.relay.origin()).await;
    alice.signs_up("alice").await;
    let bob = stage.person("bob").await;
    bob.befriends(&alice).await;

    alice.minutes_pass(6).await;
    alice
        .sees("button", starts("Your status: away · idle for "))
        .await;
    bob.sees_row("alice, away").await;
    alice.click_at(640.0, 780.0).await;
    alice.sees("button", "Your status: available").await;
    bob.sees_row("alice, available").await;

    let second = stage.browser.tab("alice", alice.context.clone()).await;
    stage.watch(&second);
    second.gets_a_clock().await;
    second.open(&stage.relay.origin()).await;
    second.is_in().await;
    for tab in [&alice, &second] {
        tab.minutes_pass(6).await;
    }
    bob.sees_row("alice, away").await;
    second.click_at(640.0, 780.0).await;
    bob.sees_row("alice, available").await;
    stage.ends_clean().await;
}
