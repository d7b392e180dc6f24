//! What people do on the page, in their own words.

use lamplight_tests::outside::PASSWORD;

use crate::tab::Tab;
use crate::tree::{Name, starts};

impl Tab {
    pub async fn signs_up(&self, name: &str) {
        self.fill("textbox", "Name", name).await;
        self.fill("textbox", "Password", PASSWORD).await;
        self.click("button", "Create account").await;
        self.is_in().await;
    }

    /// At a door where somebody may have been before.
    pub async fn signs_in(&self, name: &str) {
        let chosen = self.sees("radio", "I have an account").await;
        if !chosen.is("checked") {
            self.click("radio", "I have an account").await;
        }
        self.fill("textbox", "Name", name).await;
        self.fill("textbox", "Password", PASSWORD).await;
        self.click("button", "Sign in").await;
        self.is_in().await;
    }

    /// The page knows who I am and the relay has said so.
    pub async fn is_in(&self) {
        self.until("myself, fresh", |tree| {
            let me = tree.one("button", starts("Your status: "))?;
            (!me.name.contains("last known")).then_some(())
        })
        .await;
    }

    /// From the menu of everything else.
    pub async fn chooses(&self, item: &str) {
        self.click("button", "More").await;
        self.click("menuitem", item).await;
    }

    pub async fn asks_to_see(&self, address: &str) {
        self.click("button", "Add contact").await;
        self.fill("textbox", "Address", address).await;
        self.click("button", "Send request").await;
        self.sees_no("dialog", "Add contact").await;
    }

    /// Answers the request of this address with the button of this name.
    pub async fn answers(&self, address: &str, button: &str) {
        let asks = format!("{address} asks to see");
        self.until(&asks, |tree| tree.one("group", starts(&asks)).map(drop))
            .await;
        self.click_in("group", &asks, "button", button).await;
        self.until("the request is answered", |tree| {
            tree.one("group", starts(&asks)).is_none().then_some(())
        })
        .await;
    }

    /// Each lets the other see: this one asks, the other allows and asks back, this one allows.
    pub async fn befriends(&self, other: &Tab) {
        let (me, them) = (self.address(), other.address());
        self.asks_to_see(&them).await;
        other.answers(&me, "Allow").await;
        self.answers(&them, "Allow").await;
        self.sees("option", starts(&format!("{}, available", other.name)))
            .await;
        other
            .sees("option", starts(&format!("{}, available", self.name)))
            .await;
    }

    pub fn address(&self) -> String {
        format!("{}@localhost", self.name)
    }

    /// Opens somebody's conversation. A row that finds its new place under the finger is aimed at once more.
    pub async fn opens(&self, name: &str) {
        let row = format!("{name}, ");
        let opened = async || {
            self.click("option", starts(&row)).await;
            self.comes_to(|tree| tree.one("heading", name.into()).is_some())
                .await
        };
        if !opened().await && !opened().await {
            self.sees("heading", name).await;
        }
    }

    /// From the list of all settings to the page of this name. A link that moves under the finger is aimed at once more.
    pub async fn turns_to(&self, page: &str) {
        let turned = async || {
            self.click("link", starts(page)).await;
            self.comes_to(|tree| tree.one("heading", page.into()).is_some())
                .await
        };
        if !turned().await && !turned().await {
            self.sees("heading", page).await;
        }
    }

    /// Writes into the open conversation and sends with Enter.
    pub async fn says(&self, text: &str) {
        self.fill("textbox", "Message", text).await;
        self.press("Enter").await;
    }

    /// Sets a status by hand.
    pub async fn sets(&self, status: &str, note: &str) {
        self.click("button", starts("Your status: ")).await;
        self.click("radio", status).await;
        self.fill("textbox", "Note", note).await;
        self.click("button", "Save").await;
        self.sees_no("dialog", "Your status").await;
    }

    /// Waits until the open conversation says exactly this: who, what, how far it has come.
    pub async fn reads_messages(&self, wanted: &[(&str, &str, &str)]) {
        self.until(&format!("the messages {wanted:?}"), |tree| {
            let messages = tree.messages();
            let said: Vec<_> = messages
                .iter()
                .map(|said| (said.whose.as_str(), said.text.as_str(), said.state.as_str()))
                .collect();
            (said == wanted).then_some(())
        })
        .await;
    }

    /// Waits until the row of this person is named exactly so.
    pub async fn sees_row(&self, name: &str) {
        self.sees("option", Name::Is(name)).await;
    }

    /// Begins to note every name that the row of this address has.
    pub async fn watches(&self, address: &str) {
        let source = WATCH.replace("ADDRESS", address);
        self.script(&source).await;
    }

    /// The names that were noted, without repetition.
    pub async fn watched(&self) -> Vec<String> {
        let noted = self.script("window.lamplightNoted").await;
        let noted = noted.as_array().cloned().unwrap_or_default();
        let text = |name: serde_json::Value| name.as_str().map(str::to_owned);
        noted.into_iter().filter_map(text).collect()
    }
}

/// Notes the accessible name of one row whenever it is another: polling would miss a flicker.
const WATCH: &str = r#"(() => {
    const noted = window.lamplightNoted = [];
    const look = () => {
        const row = document.querySelector('[role=option][data-address="ADDRESS"]');
        const name = row ? row.computedName : 'no row';
        if (noted.at(-1) !== name) noted.push(name);
    };
    look();
    new MutationObserver(look).observe(document.body, { attributes: true, characterData: true, childList: true, subtree: true });
})()"#;
