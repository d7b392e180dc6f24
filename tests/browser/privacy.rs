//! Who sees what, who looked, how one looks oneself, and what becomes of what strangers write: settled on the page, in plain
//! words, and true on the other's page.

use std::time::Duration;

use lamplight_tests::outside::Options;

use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::{Name, Tree, starts};

fn quick() -> Options {
    Options::new().set("bounds.settle", "1 s")
}

const EVERYTHING: &str = "Everything";
const AVAILABILITY: &str = "Only whether you are available";
const BLOCKED: &str = "Nothing, and they are not told (blocked)";

impl Tab {
    /// Everything there is to settle with this one.
    async fn settles_with(&self, name: &str) {
        self.opens(name).await;
        self.click("button", starts(&format!("More about {name}")))
            .await;
        self.click("menuitem", &format!("About {name}")).await;
        self.sees("heading", &format!("About {name}")).await;
    }

    async fn lets_see(&self, name: &str, what: &str) {
        self.settles_with(name).await;
        self.click("radio", what).await;
        self.reads("Because you decided so about them.").await;
    }

    /// A page of the settings, by its name in the list of them.
    async fn goes_to(&self, page: &str) {
        self.chooses("Privacy and addresses").await;
        self.sees("heading", "Privacy and addresses").await;
        self.turns_to(page).await;
    }

    /// How the preview reads: the line under the name.
    async fn previews(&self) -> String {
        self.until("the preview", |tree| {
            let texts = tree.texts_in("group", "What they get");
            texts.get(1).cloned()
        })
        .await
    }

    /// How the open conversation's head says that the other is.
    async fn reads_head(&self, words: &str) {
        let what = format!("the head {words:?}");
        self.until(&what, |tree| {
            let all = tree.all("StaticText", words.into());
            all.iter()
                .any(|text| text.within("region", ""))
                .then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn each_sees_what_was_decided_and_view_as_shows_exactly_that() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let bob = stage.person("bob").await;
    let carol = stage.person("carol").await;
    let dave = stage.person("dave").await;
    for other in [&bob, &carol, &dave] {
        other.asks_to_see("alice@localhost").await;
        alice.answers(&other.address(), "Allow").await;
        alice.sees("option", starts(&other.name)).await;
    }
    alice.sets("Busy", "in a meeting").await;
    alice.lets_see("bob", EVERYTHING).await;
    let for_bob = alice.previews().await;
    alice.lets_see("carol", AVAILABILITY).await;
    carol.sees("option", starts("alice, not available")).await;
    let for_carol = alice.previews().await;
    alice.lets_see("dave", BLOCKED).await;
    dave.sees("option", starts("alice, offline")).await;
    let for_dave = alice.previews().await;
    // Eve asks and gets no answer: to her it goes on like that.
    let eve = stage.person("eve").await;
    eve.asks_to_see("alice@localhost").await;
    alice.asks_to_see("eve@localhost").await;
    alice.lets_see("eve", BLOCKED).await;
    let unanswered = "Nothing: it looks as if you had not answered yet.";
    assert_eq!(alice.previews().await, unanswered);
    let for_eve = "Not shared yet · waiting for their answer".to_owned();

    bob.sees_row("alice, busy: in a meeting").await;
    for (other, preview) in [
        (&bob, for_bob),
        (&carol, for_carol),
        (&dave, for_dave),
        (&eve, for_eve),
    ] {
        other.opens("alice").await;
        other.reads_head(&preview).await;
        println!("{} reads {preview:?}", other.name);
    }
    // The other page of the same: everyone in one list, and a choice of whose eyes.
    alice.goes_to("What people see of you").await;
    alice.reads("sees only whether you are available").await;
    alice.reads("is blocked without being told").await;
    alice.goes_to("View as …").await;
    alice.reads("you are asked first").await;
    let unanswered = "Nothing yet: you have not answered.";
    assert_eq!(alice.previews().await, unanswered);
    stage.ends_clean().await;
}

#[tokio::test]
async fn rules_are_sentences_and_each_decision_names_the_one_it_follows_from() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let carol = stage.person("carol").await;
    carol.asks_to_see("alice@localhost").await;
    carol.sees_row("alice, not shared yet").await;
    alice.goes_to("What people see of you").await;
    alice.click("DisclosureTriangle", "Add a rule").await;
    alice.click("combobox", "Who").await;
    alice.types("Every guest").await;
    alice.press("Enter").await;
    alice.click("button", "Add a rule").await;
    alice
        .reads("Every guest sees only whether you are available")
        .await;
    alice.click("DisclosureTriangle", "Add a rule").await;
    alice.click("combobox", "Who").await;
    alice.types("Everyone at a").await;
    alice.press("Enter").await;
    alice.fill("textbox", "Which", "localhost").await;
    alice.click("button", "Add a rule").await;
    let rule = "Everyone at localhost sees only whether you are available";
    alice.reads(rule).await;
    carol.sees_row("alice, available").await;
    alice.goes_to("View as …").await;
    alice.reads("Because of rule 2").await;
    alice.goes_to("What people see of you").await;
    alice.click("button", &format!("Move up: {rule}")).await;
    alice.goes_to("View as …").await;
    alice.reads("Because of rule 1").await;
    alice.goes_to("What people see of you").await;
    alice.click("button", &format!("Remove: {rule}")).await;
    carol.sees("option", starts("alice, not shared")).await;
    // What is chosen is read to its end also where there is little room.
    alice.size(360, 640).await;
    alice.click("DisclosureTriangle", "Add a rule").await;
    picks(&alice, "Who", "Everyone under").await;
    assert_eq!(alice.script(CUT).await, serde_json::json!([]));
    stage.ends_clean().await;
}

/// The choices that do not fit into their field, beside the arrow that stands there as well.
const CUT: &str = r"(() => {
    const ARROW = 20, canvas = document.createElement('canvas').getContext('2d');
    const room = (one, style) => one.clientWidth - ARROW - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return [...document.querySelectorAll('select')].filter(one => one.checkVisibility()).flatMap(one => {
        const style = getComputedStyle(one), words = one.selectedOptions[0].text;
        canvas.font = style.font;
        const wide = canvas.measureText(words).width;
        return wide > room(one, style) ? [`${words}: ${wide} in ${room(one, style)}`] : [];
    });
})()";

#[tokio::test]
async fn who_sees_me_names_watchers_attempts_and_ended_ones_and_ends_it_from_there() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    let dave = stage.person("dave").await;
    dave.asks_to_see("alice@localhost").await;
    alice.answers("dave@localhost", "Deny").await;
    alice.goes_to("Who sees you").await;
    alice.sees("heading", "Watching").await;
    alice.reads("follows you, and is there now").await;
    alice.sees("heading", "Asked and got nothing").await;
    alice.sees("link", "dave@localhost").await;
    alice.reads("got nothing · ").await;
    // The same to the other's eyes, at once.
    bob.opens("alice").await;
    bob.click("button", "More about alice").await;
    bob.click("menuitem", "Remove contact").await;
    bob.click_in("dialog", "Remove contact", "button", "Remove contact")
        .await;
    alice.sees("heading", "Not watching any more").await;
    bob.asks_to_see("alice@localhost").await;
    bob.sees_row("alice, available").await;
    alice.sees("heading", "Watching").await;
    alice
        .click("button", "Show nothing (they are told): bob@localhost")
        .await;
    bob.sees("option", starts("alice, not shared")).await;
    alice
        .reads("bob@localhost sees nothing of you now, and is told so.")
        .await;
    alice.click("button", "Undo").await;
    bob.sees_row("alice, available").await;
    alice.sees_no("button", "Undo").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn whom_one_blocks_is_marked_and_it_is_undone_where_it_was_done_or_in_the_conversation() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.settles_with("bob").await;
    let less = alice.sees("radio", AVAILABILITY).await;
    assert!(
        less.description.contains("no note, no devices, no times"),
        "{less:?}"
    );
    alice.click("radio", BLOCKED).await;
    alice
        .reads("bob@localhost is blocked now, and is not told.")
        .await;
    bob.sees("option", starts("alice, offline")).await;
    let row = alice.sees("option", "bob, available, blocked").await;
    let shown = alice.shown(&row).await;
    // Once for ears, in the row's name, and once for eyes.
    assert_eq!(shown.matches("blocked").count(), 2, "{shown}");
    alice.click("button", "Undo").await;
    bob.sees_row("alice, available").await;
    alice.sees_row("bob, available").await;

    alice.click("radio", BLOCKED).await;
    alice.sees("button", "Undo").await;
    alice.click("button", "Back").await;
    alice.reads(" is blocked. They are not told").await;
    alice.click("button", "Unblock").await;
    alice.sees_row("bob, available").await;
    let is_over = |tree: &Tree| {
        let offers = ["Undo", "Unblock"].map(|name| tree.one("button", name.into()));
        offers.iter().all(Option::is_none).then_some(())
    };
    // What is not so any more is not offered to be undone; by itself it would be for eight seconds.
    let bound = Duration::from_secs(4);
    alice.within(bound, "nothing to undo", is_over).await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_conversation_says_who_has_yet_to_ask_and_who_to_answer() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let bob = stage.person("bob").await;
    let talk_with = async |tab: &Tab, name: &str| {
        let page = format!("{}/?talk#/{name}@localhost", stage.relay.origin());
        tab.open(&page).await;
        tab.sees("heading", name).await;
    };
    talk_with(&alice, "bob").await;
    alice.sees("button", "Has not asked to see you").await;
    bob.asks_to_see("alice@localhost").await;
    bob.sees("button", "Has not asked to see you").await;
    alice.sees("button", "Waits for your answer").await;
    alice.asks_to_see("bob@localhost").await;
    alice.sees("button", "Waits for your answer").await;
    bob.sees("button", "Waits for your answer").await;
    alice.answers("bob@localhost", "Deny").await;
    alice.sees("button", "Does not see you").await;
    bob.answers("alice@localhost", "Allow").await;
    bob.sees("button", "Sees you").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn what_is_said_of_a_request_goes_when_another_tab_has_answered_it() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let again = stage.browser.tab("alice", alice.context.clone()).await;
    stage.watch(&again);
    again.open(&stage.relay.origin()).await;
    again.is_in().await;
    let carol = stage.person("carol").await;
    carol.asks_to_see("alice@localhost").await;
    let asks = "carol@localhost asks to see when you are there.".to_owned();
    let said = |tree: &Tree| tree.texts_in("status", "Notices").contains(&asks);
    alice.until(&asks, |tree| said(tree).then_some(())).await;
    again.answers("carol@localhost", "Allow").await;
    // By itself it would stay for eight seconds.
    let bound = Duration::from_secs(3);
    alice
        .within(bound, "nothing said of it", |tree| {
            (!said(tree)).then_some(())
        })
        .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_watcher_shows_a_name_a_number_or_nothing_and_may_be_asked_for_the_name() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let eve = stage.person("eve").await;
    eve.asks_to_see("alice@localhost").await;
    alice.answers("eve@localhost", "Allow").await;
    alice.goes_to("Who sees you").await;
    alice.sees("link", starts("eve")).await;
    eve.goes_to("How you look at others").await;
    eve.click("radio", "Only as one of a number").await;
    alice.reads("1 more who does not show their name.").await;
    alice.sees_no("link", starts("eve")).await;
    eve.click("radio", "Not at all").await;
    alice.reads("Nobody has looked.").await;
    alice.goes_to("What people see of you").await;
    alice
        .click("checkbox", "Only people who show their name may see you")
        .await;
    eve.sees("option", starts("alice, not shared")).await;
    eve.opens("alice").await;
    eve.reads("They want to know who watches them.").await;
    eve.click("button", "Show them my name").await;
    eve.sees_row("alice, available").await;
    alice.goes_to("Who sees you").await;
    alice.sees("link", starts("eve")).await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn what_a_stranger_writes_waits_in_silence_and_one_click_refuses_it() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let mallory = stage.person("mallory").await;
    let trudy = stage.person("trudy").await;
    mallory.click("button", "Add contact").await;
    mallory.fill("textbox", "Address", "alice@localhost").await;
    mallory.click("button", "Send request").await;
    alice.answers("mallory@localhost", "Deny").await;
    for number in 1..=5 {
        mallory
            .says(&format!("Win {number} at https://win.example/{number}"))
            .await;
    }
    trudy.asks_to_see("alice@localhost").await;
    alice.answers("trudy@localhost", "Deny").await;
    trudy.says("Hello dear").await;
    alice.sees("link", "Messages from strangers 2").await;
    alice.sees_no("option", Name::Any).await;
    alice.sees("RootWebArea", "Lamplight").await;
    alice.click("link", "Messages from strangers 2").await;
    alice.reads("5 messages").await;
    alice.click("link", "mallory@localhost").await;
    alice.reads("Win 5 at https://win.example/5").await;
    alice.sees_no("link", starts("https://win.example")).await;
    // Read, and yet nobody is told so.
    let sent: Vec<String> = (1..=5)
        .map(|number| format!("Win {number} at https://win.example/{number}"))
        .collect();
    let said: Vec<_> = sent
        .iter()
        .map(|text| ("You", text.as_str(), "Sent"))
        .collect();
    mallory.reads_messages(&said).await;
    alice.click("link", "Messages from strangers 2").await;
    alice.click("button", "Refuse all").await;
    alice.reads("Nothing waits here.").await;
    alice
        .sees_no("link", starts("Messages from strangers"))
        .await;
    mallory.says("Are you there?").await;
    assert!(
        !alice
            .comes_to(|tree| tree
                .one("link", starts("Messages from strangers"))
                .is_some())
            .await
    );
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_stranger_who_is_accepted_is_one_to_talk_with() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let bob = stage.person("bob").await;
    bob.asks_to_see("alice@localhost").await;
    bob.says("It is me, Bob").await;
    alice.click("link", "Messages from strangers 1").await;
    alice.click("button", "Accept: bob@localhost").await;
    alice.sees("option", starts("bob, ")).await;
    alice.opens("bob").await;
    alice.reads_messages(&[("bob", "It is me, Bob", "")]).await;
    alice.says("Hello Bob").await;
    bob.reads_messages(&[
        // Who may not see her yet does not see what she has taken either.
        ("You", "It is me, Bob", "Sent"),
        ("alice", "Hello Bob", ""),
    ])
    .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_closed_inbox_says_so_before_one_writes() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    bob.opens("alice").await;
    bob.sees("textbox", "Message").await;
    alice.goes_to("Who may write to you").await;
    alice.click("DisclosureTriangle", "Change").await;
    alice.click("combobox", "Messages").await;
    alice.types("Your inbox is closed").await;
    alice.press("Enter").await;
    alice
        .fill(
            "textbox",
            "What people read when it is closed",
            "Back on Monday",
        )
        .await;
    alice.click("button", "Save").await;
    alice.reads("Your inbox is closed · Back on Monday").await;
    bob.reads("This inbox does not accept messages at the moment: Back on Monday")
        .await;
    bob.until("a composer that takes nothing", |tree| {
        let field = tree.one("textbox", "Message".into())?;
        field.is("disabled").then_some(())
    })
    .await;
    // Nor does its being there say anything to those who may not know why.
    alice.click("DisclosureTriangle", "Change").await;
    alice
        .click("checkbox", "Show this address only while it is open")
        .await;
    alice.click("button", "Save").await;
    bob.reads("This inbox does not accept messages at the moment.")
        .await;
    alice.click("DisclosureTriangle", "Change").await;
    alice.click("combobox", "Messages").await;
    alice.types("Your inbox takes").await;
    alice.press("Enter").await;
    alice.click("button", "Save").await;
    bob.until("a composer that takes messages", |tree| {
        let field = tree.one("textbox", "Message".into())?;
        (!field.is("disabled")).then_some(())
    })
    .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn one_is_told_once_when_somebody_is_available_and_sees_that_they_write() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.sets("Busy", "").await;
    bob.sees_row("alice, busy").await;
    bob.opens("alice").await;
    bob.click("button", "More about alice").await;
    bob.click("menuitem", "Tell me when they are available")
        .await;
    alice.sets("Available", "").await;
    bob.until("the notice", |tree| {
        let status = tree.text();
        status
            .contains("alice@localhost is available now.")
            .then_some(())
    })
    .await;
    alice.opens("bob").await;
    alice.fill("textbox", "Message", "I am").await;
    bob.reads("alice is writing …").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn who_has_to_be_surely_themselves_says_the_password_and_it_goes_on() {
    let mut stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let bob = stage.person("bob").await;
    bob.asks_to_see("alice@localhost").await;
    alice.goes_to("What people see of you").await;
    alice.click("DisclosureTriangle", "Add a rule").await;
    alice.click("combobox", "What they see").await;
    alice.types("everything").await;
    alice.press("Enter").await;
    alice.click("combobox", "Condition").await;
    alice.types("right after").await;
    alice.press("Enter").await;
    alice.click("button", "Add a rule").await;
    alice
        .reads("Anyone at all sees everything, right after saying their password")
        .await;
    // A login of long ago.
    stage.relay.stop().await;
    let database = stage.relay.folder().join("lamplight.sqlite");
    let database = rusqlite::Connection::open(database).expect("the relay's database");
    database
        .execute("UPDATE logins SET confirmed = 1", [])
        .expect("logins are older");
    drop(database);
    stage.relay.start_again().await;
    bob.reads("They ask that you sign in again first.").await;
    bob.click("button", "Enter my password").await;
    bob.fill("textbox", "Password", "not my password").await;
    bob.click("button", "Go on").await;
    bob.reads("That is not your password.").await;
    bob.fill("textbox", "Password", lamplight_tests::outside::PASSWORD)
        .await;
    bob.click("button", "Go on").await;
    bob.sees_no("dialog", Name::Any).await;
    bob.sees_row("alice, available").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn an_address_to_give_away_is_made_used_and_taken_back() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let shop = stage.person("shop").await;
    alice.goes_to("Addresses to give away").await;
    alice.click("DisclosureTriangle", "New address").await;
    alice.fill("textbox", "Word in the address", "parcel").await;
    alice.fill("textbox", "What it is for", "The parcel").await;
    alice.click("button", "Make it").await;
    alice.reads("alice+parcel@localhost").await;
    shop.asks_to_see("alice+parcel@localhost").await;
    shop.says("It is at the door").await;
    alice.sees("link", starts("Messages from strangers")).await;
    // Counts are told with everything else when the page is opened.
    alice.reload().await;
    alice.reads("The parcel · 0 delivered · 1 waited").await;
    alice
        .click("button", "Revoke: alice+parcel@localhost")
        .await;
    alice
        .until("the address is gone", |tree| {
            (!tree.text().contains("alice+parcel@localhost")).then_some(())
        })
        .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn another_way_to_reach_somebody_is_a_link_and_another_face_has_a_status_of_its_own() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    alice.goes_to("Other ways to reach you").await;
    alice.click("DisclosureTriangle", "Add a way").await;
    alice
        .fill("textbox", "Number or address", "+15550100")
        .await;
    alice.fill("textbox", "What to call it", "Office").await;
    alice.click("button", "Add a way").await;
    alice.reads("Telephone: +15550100").await;
    bob.settles_with("alice").await;
    bob.sees("link", "+15550100").await;
    bob.reads("open · Office").await;
    alice.click("button", "Close: +15550100").await;
    bob.reads("closed · Office").await;

    alice.goes_to("Work and private, apart").await;
    alice.click("DisclosureTriangle", "Add an address").await;
    alice.fill("textbox", "Word in the address", "work").await;
    alice.fill("textbox", "What it is for", "Work").await;
    alice.click("button", "Make it").await;
    alice.reads("alice+work@localhost").await;
    alice.click("button", "Status: Work").await;
    alice.click("radio", "Busy").await;
    alice.click("button", "Save").await;
    alice.reads("alice+work@localhost · busy").await;
    alice.sees("button", "Your status: available").await;
    bob.asks_to_see("alice+work@localhost").await;
    alice.reads("(alice+work@localhost)").await;
    alice.answers("bob@localhost", "Allow").await;
    bob.sees("option", starts("alice+work, busy")).await;
    bob.sees_row("alice, available").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_member_answers_in_the_groups_name_and_a_token_is_shown_once() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let bob = stage.person("bob").await;
    alice.goes_to("Groups").await;
    alice.click("DisclosureTriangle", "Make a group").await;
    alice.fill("textbox", "Name", "support").await;
    alice.click("button", "Make a group").await;
    alice.sees("heading", "support@localhost").await;
    alice.sees("link", "Answer as support").await;

    let desk = stage.browser.tab("support", alice.context.clone()).await;
    stage.watch(&desk);
    let page = [&stage.relay.origin(), "/?as=support@localhost"].concat();
    desk.open(&page).await;
    desk.is_in().await;
    desk.reads("You answer as support.").await;
    bob.asks_to_see("support@localhost").await;
    bob.says("Is anybody there?").await;
    desk.sees("option", starts("bob, ")).await;
    desk.opens("bob").await;
    desk.says("Yes, how can I help?").await;
    bob.reads_messages(&[
        ("You", "Is anybody there?", "Sent"),
        ("support", "Yes, how can I help?", ""),
    ])
    .await;
    desk.reads("answered by alice").await;

    alice.goes_to("Programs").await;
    alice.click("DisclosureTriangle", "Make a token").await;
    alice.fill("textbox", "Name", "doorbell").await;
    alice.click("checkbox", "see people").await;
    alice.click("button", "Make a token").await;
    alice
        .reads("Copy this token now. It is not shown again.")
        .await;
    alice.click("button", "Back").await;
    alice.click("link", starts("Programs")).await;
    alice.reads("never used").await;
    alice.sees_no("button", "Copy token").await;
    alice.click("button", "Revoke: doorbell").await;
    alice.reads("No tokens.").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn what_a_relay_does_not_offer_is_not_shown() {
    let stage = Stage::set(quick().set("messages", "false")).await;
    let (alice, _bob) = stage.friends("alice", "bob").await;
    alice.opens("bob").await;
    alice.sees("button", "More about bob").await;
    alice.sees_no("textbox", "Message").await;
    alice.chooses("Privacy and addresses").await;
    alice.sees("link", starts("Who sees you")).await;
    alice.sees_no("link", starts("Who may write to you")).await;
    alice
        .sees_no("link", starts("Addresses to give away"))
        .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn whoever_asks_may_be_shown_only_whether_one_is_available_from_the_start() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let carol = stage.person("carol").await;
    carol.asks_to_see("alice@localhost").await;
    alice
        .click("checkbox", "Show them only whether you are available")
        .await;
    alice.answers("carol@localhost", "Allow").await;
    alice.sets("Away", "at the lake").await;
    carol.sees_row("alice, not available").await;
    alice.opens("carol").await;
    alice
        .click("button", "Sees only whether you are available")
        .await;
    alice.sees("heading", "About carol").await;
    stage.ends_clean().await;
}

/// Chooses the option that begins so from a list.
async fn picks(tab: &Tab, list: &str, option: &str) {
    tab.click("combobox", list).await;
    tab.types(option).await;
    tab.press("Enter").await;
}

#[tokio::test]
async fn one_says_how_surely_ones_own_devices_must_have_signed_in() {
    let stage = Stage::set(quick()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    let again = stage.browser.tab("alice", alice.context.clone()).await;
    stage.watch(&again);
    again.open(&stage.relay.origin()).await;
    again.is_in().await;
    let is_chosen = async |tab: &Tab, choice: &str| {
        let question = "To be seen, a device of yours must have signed in";
        tab.until(choice, |tree| {
            let radio = tree.one("radio", choice.into())?;
            (radio.is("checked") && radio.within("group", question)).then_some(())
        })
        .await;
    };
    for tab in [&alice, &again] {
        tab.goes_to("What people see of you").await;
        is_chosen(tab, "in whatever way").await;
    }
    // What is chosen on one device stands on the other when the relay has it.
    for choice in [
        "with your password, in the last 15 minutes",
        "with your password",
    ] {
        alice.click("radio", choice).await;
        is_chosen(&again, choice).await;
    }
    // She has said her password, so she is seen as before, also with another status.
    alice.sets("Busy", "").await;
    bob.sees_row("alice, busy").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_rule_speaks_of_single_days_and_of_those_who_are_not_sure_enough() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    alice.goes_to("Who may write to you").await;
    alice.click("DisclosureTriangle", "Add a rule").await;
    alice.sees_no("checkbox", "Tue").await;
    picks(&alice, "Condition", "unless they have signed in with").await;
    picks(&alice, "When", "on single").await;
    alice.click("button", "Add a rule").await;
    alice.reads("Please choose days and hours.").await;
    for day in ["Tue", "Thu"] {
        let inside = "on single days";
        alice.click_in("group", inside, "checkbox", day).await;
    }
    alice.click("button", "Add a rule").await;
    alice
        .reads(
            "Anyone at all may write, and it waits among the messages from strangers, \
             unless they have signed in with a password, on Tue, Thu, 09:00–17:00",
        )
        .await;

    // What was chosen for the inbox stands in its form again.
    alice.click("DisclosureTriangle", "Change").await;
    picks(&alice, "When", "on single").await;
    alice.click("checkbox", "Sun").await;
    alice.click("button", "Save").await;
    alice.reads(", on Sun, 09:00–17:00").await;
    alice.click("DisclosureTriangle", "Change").await;
    let sunday = alice.sees("checkbox", "Sun").await;
    assert!(sunday.is("checked"), "{sunday:?}");
    stage.ends_clean().await;
}

#[tokio::test]
async fn an_owner_makes_another_member_an_owner_and_takes_it_back() {
    let stage = Stage::set(quick()).await;
    let alice = stage.person("alice").await;
    let bob = stage.person("bob").await;
    alice.goes_to("Groups").await;
    alice.click("DisclosureTriangle", "Make a group").await;
    alice.fill("textbox", "Name", "support").await;
    alice.click("button", "Make a group").await;
    alice.sees("heading", "support@localhost").await;
    alice.click("DisclosureTriangle", "Add a member").await;
    alice.fill("textbox", "Address", "bob").await;
    alice.click("button", "Add a member").await;
    let end = "End the group: support@localhost";
    let owns = async |may: bool| {
        bob.goes_to("Groups").await;
        bob.sees("button", "Leave: bob@localhost").await;
        let tree = bob.tree().await;
        assert_eq!(tree.one("button", end.into()).is_some(), may);
        bob.click("button", "Back").await;
    };
    alice.sees("button", "Make owner: bob@localhost").await;
    alice.sees_no("button", "Make owner: alice@localhost").await;
    owns(false).await;
    alice.click("button", "Make owner: bob@localhost").await;
    alice.sees("button", "Owner no more: bob@localhost").await;
    owns(true).await;
    alice.click("button", "Owner no more: bob@localhost").await;
    alice.sees("button", "Make owner: bob@localhost").await;
    owns(false).await;
    stage.ends_clean().await;
}
