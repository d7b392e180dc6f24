//! Links that let somebody in, as whoever opens them sees it: an account and a contact in one go, with an account already, a new
//! password, the first admin, and links that hold no more.

use lamplight_core::code::Code;
use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::{Account, Options, PASSWORD};
use serde_json::json;

use crate::stage::Stage;
use crate::tab::Tab;

/// The link of somebody, made over HTTP.
async fn link_of(stage: &Stage, who: &Account) -> String {
    let request = Request::page_post(&stage.relay.origin(), "/v1/invitations", &json!({}));
    let made = stage
        .relay
        .call(&request.without("origin").bearer(&who.token))
        .await;
    format!(
        "{}/#invite={}",
        stage.relay.origin(),
        made.field("invitation")
    )
}

/// The last link that the relay has printed.
fn printed(stage: &Stage) -> String {
    let log = stage.relay.log();
    let (_, rest) = log.rsplit_once("/#invite=").expect("a link");
    let secret = rest.split_whitespace().next().expect("a secret");
    format!("{}/#invite={secret}", stage.relay.origin())
}

async fn opens(stage: &Stage, name: &str, link: &str) -> Tab {
    let tab = stage.browser.person(name).await;
    stage.watch(&tab);
    tab.open(link).await;
    tab
}

/// Goes on by the keyboard until a field has it.
async fn reaches(tab: &Tab, field: &str) {
    for _ in 0..6 {
        tab.press("Tab").await;
        if tab.sees("textbox", field).await.is("focused") {
            return;
        }
    }
    tab.fail(field).await;
}

async fn address_of(tab: &Tab) -> String {
    let address = tab.script("location.href").await;
    address.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn whoever_opens_an_invitation_has_an_account_and_a_contact_by_the_keyboard_alone() {
    let stage = Stage::set(Options::new().set("accounts.sign_up", "invitation")).await;
    let first = printed(&stage);
    let alice = opens(&stage, "alice", &first).await;
    alice.reads("You will be the admin of this relay").await;
    let tree = alice.tree().await;
    assert!(tree.one("radio", "I have an account".into()).is_none());
    alice.fill("textbox", "Name", "alice").await;
    alice.fill("textbox", "Password", PASSWORD).await;
    alice.click("button", "Create account").await;
    alice.is_in().await;
    assert!(
        !address_of(&alice).await.contains("invite"),
        "the secret leaves the address"
    );

    let account = Account::sign_in(&stage.relay, "alice").await;
    let link = link_of(&stage, &account).await;
    let bob = opens(&stage, "bob", &link).await;
    bob.reads("alice@localhost").await;
    bob.reads("invites you.").await;
    bob.sees("button", "Create account").await;
    for (field, text) in [("Name", "bob"), ("Password", PASSWORD)] {
        reaches(&bob, field).await;
        bob.types(text).await;
    }
    bob.press("Enter").await;
    bob.is_in().await;
    bob.sees_row("alice, available").await;
    alice.sees_row("bob, available").await;

    // It was for one.
    let late = opens(&stage, "late", &link).await;
    late.reads(Code::InvitationOver.sentence()).await;
    late.sees("button", "Sign in").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn who_is_signed_in_is_asked_before_anybody_becomes_a_contact() {
    let stage = Stage::set(Options::new().set("bounds.settle", "1 s")).await;
    let alice = Account::sign_up(&stage.relay, "alice").await;
    let bob = stage.person("bob").await;
    let link = link_of(&stage, &alice).await;
    // Into the page that is open.
    bob.script(&format!("location.href = {link:?}")).await;
    bob.reads("invites you.").await;
    bob.reads("You are signed in as").await;
    bob.reads("bob@localhost").await;
    bob.click("button", "Not now").await;
    bob.is_in().await;
    assert!(!address_of(&bob).await.contains("invite"));
    bob.open(&link).await;
    bob.click("button", "Become contacts").await;
    bob.sees_row("alice, offline").await;

    // Who has an account but is not signed in says so first, and is asked then.
    let carol = Account::sign_up(&stage.relay, "carol").await;
    Account::sign_up(&stage.relay, "dave").await;
    let tab = opens(&stage, "carol", &link_of(&stage, &carol).await).await;
    tab.click("radio", "I have an account").await;
    tab.fill("textbox", "Name", "dave").await;
    tab.fill("textbox", "Password", PASSWORD).await;
    tab.click("button", "Sign in").await;
    tab.reads("You are signed in as").await;
    tab.click("button", "Become contacts").await;
    tab.sees_row("carol, offline").await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_new_password_is_chosen_by_a_link() {
    let stage = Stage::set(Options::new()).await;
    Account::sign_up(&stage.relay, "alice").await;
    let said = std::process::Command::new(lamplight_tests::outside::relay::program())
        .args(["account", "reset", "alice", "--data"])
        .arg(stage.relay.folder())
        .current_dir(stage.relay.folder())
        .output()
        .expect("lamplight starts");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let (_, secret) = said.rsplit_once("/#invite=").expect("a link");
    let link = format!("{}/#invite={}", stage.relay.origin(), secret.trim());
    let tab = opens(&stage, "alice", &link).await;
    tab.reads("Choose a new password").await;
    let name = tab.sees("textbox", "Name").await;
    assert_eq!(tab.value_of(&name).await, "alice@localhost");
    tab.fill("textbox", "Password", "short").await;
    tab.click("button", "Save password").await;
    tab.reads(Code::BadPassword.sentence()).await;
    tab.fill("textbox", "Password", "a whole new sentence")
        .await;
    tab.click("button", "Save password").await;
    tab.is_in().await;
    stage.ends_clean().await;
}

#[tokio::test]
async fn a_person_makes_a_link_where_contacts_are_added() {
    let stage = Stage::set(Options::new()).await;
    let alice = stage.visitor("alice").await;
    // What a clipboard would hold.
    alice
        .on_every_page("navigator.clipboard.writeText = async (text) => { window.copied = text; };")
        .await;
    alice.reload().await;
    alice.signs_up("alice").await;
    alice.click("button", "Add contact").await;
    alice.click("button", "Copy an invitation link").await;
    alice.reads("The link is for one person").await;
    let link = alice.script("window.copied").await;
    let link = link.as_str().expect("a link").to_owned();
    assert!(
        link.starts_with(&format!("{}/#invite=lamp_", stage.relay.origin())),
        "{link}"
    );
    let bob = opens(&stage, "bob", &link).await;
    bob.reads("invites you.").await;
    bob.fill("textbox", "Name", "bob").await;
    bob.fill("textbox", "Password", PASSWORD).await;
    bob.click("button", "Create account").await;
    bob.sees_row("alice, available").await;
    alice.sees_row("bob, available").await;
    stage.ends_clean().await;
}
