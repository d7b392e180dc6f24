//! The door, and what the page says to what cannot be.

use lamplight_core::code::Code;
use lamplight_tests::outside::{Account, Options, PASSWORD};

use crate::stage::Stage;
use crate::tab::Tab;
use crate::tree::Name;

/// Waits for the sentence of this code, said aloud.
async fn hears(tab: &Tab, code: Code) {
    let sentence = code.sentence();
    tab.until(sentence, |tree| {
        let mut alerts = tree.all("alert", Name::Any).into_iter();
        let inside = tree.0.iter().any(|node| {
            node.role == "StaticText" && node.name.contains(sentence) && node.within("alert", "")
        });
        (inside || alerts.any(|alert| alert.name.contains(sentence))).then_some(())
    })
    .await;
}

async fn tries(tab: &Tab, name: &str, password: &str, button: &str) {
    tab.fill("textbox", "Name", name).await;
    tab.fill("textbox", "Password", password).await;
    tab.click("button", button).await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_read_the_same_and_guessing_ends() {
    let stage = Stage::set(Options::new()).await;
    Account::sign_up(&stage.relay, "alice").await;
    let tab = stage.visitor("visitor").await;
    tab.click("radio", "I have an account").await;
    let mut seen = Vec::new();
    for name in ["alice", "nobody"] {
        tries(&tab, name, "not the password", "Sign in").await;
        hears(&tab, Code::WrongCredentials).await;
        tab.sees("button", "Sign in").await;
        seen.push(tab.tree().await.text().replace(name, "NAME"));
    }
    assert_eq!(seen[0], seen[1], "nothing tells an account from none");
    for _ in 0..5 {
        tab.click("button", "Sign in").await;
        tab.sees("button", "Sign in").await;
    }
    hears(&tab, Code::TooManyRequests).await;
    tries(&tab, "alice", PASSWORD, "Sign in").await;
    tab.is_in().await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn what_cannot_be_a_name_or_a_password_is_explained_where_it_stands() {
    let stage = Stage::set(Options::new()).await;
    Account::sign_up(&stage.relay, "pablo").await;
    let tab = stage.visitor("visitor").await;
    for (name, code) in [
        ("pablo", Code::NameTaken),
        ("pab1o", Code::NameLooksAlike),
        ("two words", Code::BadName),
    ] {
        tries(&tab, name, PASSWORD, "Create account").await;
        hears(&tab, code).await;
        let field = tab.sees("textbox", "Name").await;
        assert!(field.is("invalid"), "{field:?}");
        assert_eq!(field.description, code.sentence());
    }
    tries(&tab, "bob", "short", "Create account").await;
    hears(&tab, Code::BadPassword).await;
    tab.fill("textbox", "Password", PASSWORD).await;
    tab.click("button", "Create account").await;
    tab.is_in().await;

    tab.click("button", "Add contact").await;
    for (address, code) in [
        ("nobody", Code::UnknownAddress),
        ("not an address", Code::BadAddress),
        ("bob", Code::NotYourself),
    ] {
        tab.fill("textbox", "Address", address).await;
        tab.click("button", "Send request").await;
        hears(&tab, code).await;
    }
    stage.ends_clean().await;
}

#[tokio::test]
async fn who_signs_out_stands_at_the_door_and_comes_in_again() {
    let stage = Stage::set(Options::new()).await;
    let alice = stage.person("alice").await;
    alice.chooses("Sign out").await;
    alice.sees("button", "Sign in").await;
    alice.reload().await;
    alice.sees("button", "Sign in").await;
    alice.signs_in("alice").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_relay_that_takes_nobody_new_offers_no_way_in_but_signing_in() {
    let options = Options::new()
        .set("accounts.sign_up", "closed")
        .set("accounts.guests", "closed");
    let stage = Stage::set(options).await;
    let tab = stage.visitor("visitor").await;
    tab.reads("@localhost").await;
    tab.sees("button", "Sign in").await;
    let tree = tab.tree().await;
    assert!(tree.one("radio", "New here".into()).is_none());
    assert!(tree.one("button", "Enter as guest".into()).is_none());
    stage.ends_clean().await;
}
