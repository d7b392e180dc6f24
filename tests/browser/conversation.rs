//! A conversation: how it is counted, read, walked and written.

use lamplight_tests::outside::Options;
use serde_json::json;

use crate::keys;
use crate::stage::Stage;
use crate::tree::{Name, Tree, starts};

fn quick() -> Options {
    Options::new().set("bounds.settle", "1 s")
}

#[tokio::test]
async fn unread_is_counted_in_row_title_and_icon_until_it_is_seen() {
    let stage = Stage::set(quick()).await;
    let alice = stage.browser.person("alice").await;
    stage.watch(&alice);
    alice.gets_a_shutter().await;
    alice.open(&stage.relay.origin()).await;
    alice.signs_up("alice").await;
    let bob = stage.person("bob").await;
    bob.befriends(&alice).await;
    alice.opens("bob").await;
    alice.is_hidden(true).await;
    bob.opens("alice").await;
    let icon = "document.querySelector('link[rel~=icon]').getAttribute('href')";
    let plain = alice.script(icon).await;
    for text in ["one", "two", "three"] {
        bob.says(text).await;
    }
    // The conversation is open, but nobody looks.
    alice.sees_row("bob, available, 3 unread").await;
    alice.sees("RootWebArea", "(3) Lamplight").await;
    assert_ne!(alice.script(icon).await, plain, "the icon shows it too");
    alice
        .reads_messages(&[("bob", "one", ""), ("bob", "two", ""), ("bob", "three", "")])
        .await;
    alice.is_hidden(false).await;
    alice.sees_row("bob, available").await;
    alice.sees("RootWebArea", "Lamplight").await;
    assert_eq!(alice.script(icon).await, plain);
    alice.reads("New").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn who_reads_further_up_is_not_moved_and_what_comes_below_stays_unread() {
    let stage = Stage::set(quick().set("limits.sends", "1000 then 1 per 1 ms")).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    bob.opens("alice").await;
    for number in 1..=12 {
        bob.says(&format!("number {number}")).await;
    }
    // Few messages are more than a low window holds.
    alice.size(1280, 420).await;
    alice.opens("bob").await;
    alice
        .until("all of them, read", |tree| {
            let row = tree.one("option", starts("bob, "))?;
            (tree.messages().len() == 12 && row.name == "bob, available").then_some(())
        })
        .await;
    let wheel = json!({ "type": "mouseWheel", "x": 800, "y": 200, "deltaX": 0, "deltaY": -300 });
    alice.call("Input.dispatchMouseEvent", wheel).await;
    alice.sees("button", "Latest").await;
    let place = "document.querySelector('[data-item]').getBoundingClientRect().top";
    let before = alice.script(place).await;
    bob.says("below").await;
    alice.sees_row("bob, available, 1 unread").await;
    alice.sees("button", starts("Latest")).await;
    let after = alice.script(place).await;
    let moved = before
        .as_f64()
        .zip(after.as_f64())
        .map(|(before, after)| after - before);
    assert!(
        moved.is_some_and(|by| by.abs() < 1.0),
        "{before} is {after} now"
    );
    alice.click("button", starts("Latest")).await;
    alice.sees_row("bob, available").await;
    alice.sees_no("button", starts("Latest")).await;
    stage.ends_clean().await;
}

fn focused(tree: &Tree) -> Option<String> {
    let at = tree
        .all("article", Name::Any)
        .iter()
        .position(|article| article.is("focused"))?;
    Some(tree.messages()[at].text.clone())
}

#[tokio::test]
async fn the_log_is_announced_and_walked_message_by_message() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.opens("bob").await;
    bob.opens("alice").await;
    for text in ["one", "two", "three"] {
        bob.says(text).await;
    }
    alice
        .reads_messages(&[("bob", "one", ""), ("bob", "two", ""), ("bob", "three", "")])
        .await;
    alice
        .until("a log that is read out", |tree| {
            let log = tree.one("log", "Conversation with bob".into())?;
            (log.states.get("live")? == "polite" && !log.is("busy")).then_some(())
        })
        .await;
    alice.walks_back_to_message().await;
    for (key, text) in [
        ("ArrowUp", "two"),
        ("Home", "one"),
        ("ArrowUp", "one"),
        ("ArrowDown", "two"),
        ("End", "three"),
    ] {
        alice.press(key).await;
        alice
            .until(&format!("{text} after {key}"), |tree| {
                (focused(tree)? == text).then_some(())
            })
            .await;
    }
    alice.press("Escape").await;
    alice
        .until("the composer", |tree| {
            let field = tree.one("textbox", "Message".into())?;
            field.is("focused").then_some(())
        })
        .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn enter_sends_shift_enter_breaks_the_line_and_a_composition_is_not_cut_off() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.opens("bob").await;
    alice.says("first line\nsecond line").await;
    alice
        .reads_messages(&[("You", "first line\nsecond line", "Delivered")])
        .await;
    let composition = json!({ "text": "こ", "selectionStart": 1, "selectionEnd": 1 });
    alice.call("Input.imeSetComposition", composition).await;
    let [mut down, up] = keys::press("Enter", 0);
    // What the browser sends while an input method is at work.
    down["type"] = "rawKeyDown".into();
    for event in [down, up] {
        alice.call("Input.dispatchKeyEvent", event).await;
    }
    let finished = json!({ "text": "今日は" });
    alice.call("Input.insertText", finished).await;
    alice
        .until("the text stays in the field", |tree| {
            let field = tree.one("textbox", "Message".into())?;
            (field.value.contains("今日は")).then_some(())
        })
        .await;
    assert_eq!(alice.tree().await.messages().len(), 1);
    alice.press("Enter").await;
    bob.opens("alice").await;
    bob.reads_messages(&[
        ("alice", "first line\nsecond line", ""),
        ("alice", "今日は", ""),
    ])
    .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn each_conversation_keeps_its_draft_also_over_a_reload() {
    let stage = Stage::set(quick()).await;
    let (alice, _bob) = stage.friends("alice", "bob").await;
    let carol = stage.person("carol").await;
    carol.befriends(&alice).await;
    alice.opens("bob").await;
    alice.fill("textbox", "Message", "Dear Bob").await;
    alice.opens("carol").await;
    alice.has_written("").await;
    alice.fill("textbox", "Message", "Dear Carol").await;
    alice.opens("bob").await;
    alice.has_written("Dear Bob").await;
    alice
        .sees("option", starts("carol, available, Draft"))
        .await;
    alice.reload().await;
    alice.is_in().await;
    alice.has_written("Dear Bob").await;
    alice.opens("carol").await;
    alice.has_written("Dear Carol").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_message_that_is_too_long_says_by_how_much_and_is_not_lost() {
    let stage = Stage::set(quick()).await;
    let (alice, _bob) = stage.friends("alice", "bob").await;
    alice.opens("bob").await;
    alice.click("textbox", "Message").await;
    let text = "x".repeat(16 * 1024 + 5);
    alice
        .call("Input.insertText", json!({ "text": text }))
        .await;
    alice.reads("This message is 5 bytes too long.").await;
    let send = alice.sees("button", "Send").await;
    assert!(send.is("disabled"), "{send:?}");
    for _ in 0..5 {
        alice.press("Backspace").await;
    }
    alice.click("button", "Send").await;
    alice
        .until("it went out", |tree| {
            let messages = tree.messages();
            let said = messages.last()?;
            (said.text.len() == 16 * 1024 && said.state == "Delivered").then_some(())
        })
        .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn three_people_talk_and_each_hears_only_what_is_for_them() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    let carol = stage.person("carol").await;
    carol.befriends(&alice).await;
    carol.opens("alice").await;
    carol.says("from Carol").await;
    bob.opens("alice").await;
    bob.says("from Bob").await;
    alice.sees_row("bob, available, 1 unread").await;
    alice.sees_row("carol, available, 1 unread").await;
    alice.sees("RootWebArea", "(2) Lamplight").await;
    alice.opens("carol").await;
    alice.reads_messages(&[("carol", "from Carol", "")]).await;
    alice.says("to Carol").await;
    carol
        .reads_messages(&[
            ("You", "from Carol", "Delivered"),
            ("alice", "to Carol", ""),
        ])
        .await;
    alice.opens("bob").await;
    alice.reads_messages(&[("bob", "from Bob", "")]).await;
    bob.reads_messages(&[("You", "from Bob", "Delivered")])
        .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_guest_writes_and_waits_among_the_strangers_until_somebody_sees_who_it_is() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let guest = stage.visitor("guest").await;
    guest.click("button", "Enter as guest").await;
    guest.is_in().await;
    guest.asks_to_see("alice@localhost").await;
    guest.says("Hello from the street").await;
    alice.sees("group", starts("guest-")).await;
    alice.click("link", "Messages from strangers 1").await;
    alice.sees("link", starts("guest-")).await;
    alice.reads("Hello from the street").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn who_answers_from_an_address_they_gave_away_is_seen_to_write_there() {
    let stage = Stage::set(quick()).await;
    let (alice, shop) = stage.friends("alice", "shop").await;
    alice.chooses("Privacy and addresses").await;
    alice.sees("heading", "Privacy and addresses").await;
    alice.turns_to("Addresses to give away").await;
    alice.click("DisclosureTriangle", "New address").await;
    alice.fill("textbox", "Word in the address", "parcel").await;
    alice.click("button", "Make it").await;
    alice.reads("alice+parcel@localhost").await;
    shop.asks_to_see("alice+parcel@localhost").await;
    shop.says("It is at the door.").await;
    alice.opens("shop").await;
    alice.reads("by way of your address +parcel").await;
    alice.fill("textbox", "Message", "I come").await;
    // In the conversation with the address that was written to, and in no other.
    shop.reads("alice+parcel is writing …").await;
    shop.sees("option", starts("alice+parcel, not shared"))
        .await;
    let tree = shop.tree().await;
    let writing: Vec<_> = tree
        .names("option")
        .into_iter()
        .filter(|name| name.contains("is writing"))
        .collect();
    assert!(
        writing.iter().all(|name| name.starts_with("alice+parcel")),
        "{writing:?}"
    );
    stage.ends_clean().await;
}
