//! Everything by keyboard alone: from the door to a conversation, and the shortcuts that hold everywhere.

use lamplight_tests::outside::{Options, PASSWORD};

use crate::keys::{ALT, CONTROL, SHIFT};
use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::{Tree, starts};

/// So many stops of the Tab key are enough for any place of the page.
const STOPS: usize = 40;

impl Tab {
    /// Presses Tab until the keyboard is there.
    pub async fn walks_to<'a>(&self, role: &str, name: impl Into<crate::tree::Name<'a>>) {
        let name = name.into();
        self.sees(role, name).await;
        for _ in 0..STOPS {
            let tree = self.tree().await;
            let all = tree.all(role, name);
            if all.iter().any(|node| node.is("focused")) {
                return;
            }
            self.press("Tab").await;
        }
        self.fail(&format!("no Tab leads to {role} {name:?}")).await;
    }

    /// From the composer back to the newest message.
    pub async fn walks_back_to_message(&self) {
        self.click("textbox", "Message").await;
        for _ in 0..5 {
            self.chord(SHIFT, "Tab").await;
            let tree = self.tree().await;
            let articles = tree.all("article", crate::tree::Name::Any);
            if articles.iter().any(|node| node.is("focused")) {
                return;
            }
        }
        self.fail("no Tab leads back to a message").await;
    }

    /// Waits until the composer holds this text.
    pub async fn has_written(&self, text: &str) {
        self.until(&format!("{text:?} in the composer"), |tree| {
            let field = tree.one("textbox", "Message".into())?;
            (field.value == text).then_some(())
        })
        .await;
    }

    /// Presses a shortcut, and once more if that does nothing: a dialog has left the screen, or a conversation come to it, a
    /// moment before the page listens accordingly.
    async fn shortcut(&self, modifiers: u32, key: &str, does: impl Fn(&Tree) -> bool) {
        for _ in 0..2 {
            self.chord(modifiers, key).await;
            if self.comes_to(&does).await {
                return;
            }
        }
        self.fail(&format!(
            "{key} with modifiers {modifiers} does not do its work"
        ))
        .await;
    }

    async fn has_keyboard(&self, role: &str, name: &str) {
        self.until(&format!("the keyboard in {role} {name:?}"), |tree| {
            tree.one(role, name.into())?.is("focused").then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn two_people_meet_and_talk_without_a_pointer() {
    let stage = Stage::set(Options::new()).await;
    let people = [stage.visitor("alice").await, stage.visitor("bob").await];
    for tab in &people {
        tab.reads("@localhost").await;
        tab.walks_to("textbox", "Name").await;
        tab.types(&tab.name.clone()).await;
        tab.walks_to("textbox", "Password").await;
        tab.types(PASSWORD).await;
        tab.press("Enter").await;
        tab.is_in().await;
    }
    let [alice, bob] = &people;
    bob.walks_to("button", "Add contact").await;
    bob.press("Enter").await;
    bob.has_keyboard("textbox", "Address").await;
    bob.types("alice").await;
    bob.press("Enter").await;
    bob.sees_row("alice, not shared yet").await;
    alice.walks_to("button", "Allow").await;
    alice.press("Enter").await;
    bob.walks_to("button", "Allow").await;
    bob.press("Enter").await;
    bob.sees("option", starts("alice, available")).await;
    bob.walks_to("listbox", "Contacts").await;
    bob.press("Home").await;
    bob.press("Enter").await;
    bob.walks_to("textbox", "Message").await;
    bob.types("No mouse here.").await;
    bob.press("Enter").await;
    alice
        .sees("option", starts("bob, available, 1 unread"))
        .await;
    alice.walks_to("listbox", "Contacts").await;
    alice.press("Enter").await;
    alice.reads_messages(&[("bob", "No mouse here.", "")]).await;
    bob.reads_messages(&[("You", "No mouse here.", "Delivered")])
        .await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn shortcuts_hold_everywhere_and_the_help_lists_them() {
    let stage = Stage::set(Options::new()).await;
    let (alice, bob) = stage.friends("alice", "bob").await;
    let carol = stage.person("carol").await;
    carol.befriends(&alice).await;
    alice.chooses("Help and shortcuts").await;
    let dialog = alice.sees("dialog", "Help and shortcuts").await;
    let shown = alice.shown(&dialog).await;
    for words in [
        "This help",
        "Search people",
        "Conversation above",
        "Conversation below",
        "Next unread conversation",
        "New line",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    alice.press("Escape").await;
    alice.sees_no("dialog", "Help and shortcuts").await;
    alice.press("?").await;
    alice.sees("dialog", "Help and shortcuts").await;
    alice.press("Escape").await;
    alice.sees_no("dialog", "Help and shortcuts").await;

    let searches = |tree: &Tree| {
        let field = tree.one("textbox", "Search".into());
        field.is_some_and(|field| field.is("focused"))
    };
    alice.shortcut(CONTROL, "k", searches).await;
    alice.types("car").await;
    alice.press("Enter").await;
    alice.sees("heading", "carol").await;
    let reads = |name: &'static str| move |tree: &Tree| tree.one("heading", name.into()).is_some();
    alice.shortcut(ALT, "ArrowUp", reads("bob")).await;
    alice.shortcut(ALT, "ArrowDown", reads("carol")).await;
    bob.opens("alice").await;
    bob.says("psst").await;
    alice.sees_row("bob, available, 1 unread").await;
    alice.shortcut(ALT | SHIFT, "ArrowDown", reads("bob")).await;
    alice.reads_messages(&[("bob", "psst", "")]).await;
    // A question mark in a text is a question mark.
    alice.fill("textbox", "Message", "really?").await;
    alice.has_written("really?").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn escape_and_back_lead_from_a_page_to_what_led_there_and_to_what_was_pressed() {
    let stage = Stage::set(Options::new()).await;
    let (alice, _bob) = stage.friends("alice", "bob").await;
    alice.opens("bob").await;
    alice.click("button", "Sees you").await;
    alice.sees("heading", "About bob").await;
    alice.press("Escape").await;
    alice.sees("heading", "bob").await;
    alice.has_keyboard("button", "Sees you").await;

    alice.click("button", "More about bob").await;
    alice.click("menuitem", "About bob").await;
    alice.click("button", "Back").await;
    alice.sees("heading", "bob").await;
    alice.has_keyboard("button", "More about bob").await;

    alice.chooses("Privacy and addresses").await;
    alice.turns_to("View as …").await;
    alice.press("Escape").await;
    alice.sees("heading", "Privacy and addresses").await;
    alice
        .until("the keyboard on the way there", |tree| {
            let link = tree.one("link", starts("View as …"))?;
            link.is("focused").then_some(())
        })
        .await;
    alice.press("Escape").await;
    alice.sees("heading", "bob").await;
    alice.has_keyboard("button", "More").await;

    // The browser's own way back is the same, and from the conversation it goes on to the list.
    alice.click("button", "Sees you").await;
    alice.sees("heading", "About bob").await;
    alice.script("history.back()").await;
    alice.sees("heading", "bob").await;
    alice.script("history.back()").await;
    alice.sees_no("heading", "bob").await;
    stage.ends_clean().await;
}
