//! Scripts in Node that use the runtime as npm gives it, against the real relay: each story is a script that judges for itself.
//!
//! `cargo xtask test runtime` builds the package and names it, and Node, in `LAMPLIGHT_PACKAGE` and `LAMPLIGHT_NODE`.

mod node;

use lamplight_core::code::Code;
use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::{Account, CutProxy, Options, Program, Relay};
use serde_json::json;

/// A token of an account with this scope.
async fn token(relay: &Relay, of: &Account, scope: &[&str]) -> String {
    let body = json!({ "name": "a script", "scope": scope });
    let made = Request::page_post(&relay.origin(), "/v1/tokens", &body).bearer(&of.token);
    let made = relay.call(&made).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.field("token")
}

const ALL: [&str; 4] = ["watch", "publish", "send", "read"];

/// Two people who see each other.
async fn friends(relay: &Relay) -> (Account, Account) {
    let alice = Account::sign_up(relay, "alice").await;
    let bob = Account::sign_up(relay, "bob").await;
    let first = Program::up(&alice, relay.address(), "alice-desk").await;
    let second = Program::up(&bob, relay.address(), "bob-desk").await;
    second.sees(&alice).await;
    first.lets_see(&bob).await;
    first.sees(&bob).await;
    second.lets_see(&alice).await;
    (alice, bob)
}

#[tokio::test]
async fn two_scripts_see_each_other_and_talk() {
    let relay = Relay::start(Options::new().set("limits.sends", "1000 then 1 per 1 ms")).await;
    let (alice, bob) = friends(&relay).await;
    let given = json!({
        "relay": relay.origin(),
        "alice": token(&relay, &alice, &ALL).await,
        "bob": token(&relay, &bob, &ALL).await,
    });
    node::plays("talking.mjs", &given).await;
}

#[tokio::test]
async fn a_script_goes_on_over_a_line_that_is_cut() {
    let relay = Relay::start(Options::new()).await;
    let (alice, bob) = friends(&relay).await;
    let proxy = CutProxy::before(relay.address()).await;
    let given = json!({
        "relay": proxy.origin(),
        "alice": token(&relay, &alice, &ALL).await,
    });
    let desk = Program::up(&bob, relay.address(), "bob-desk").await;
    let mut script = node::start("cut.mjs", &given);
    script.says("connected").await;
    proxy.close();
    script.says("disconnected").await;
    desk.say(&alice, "While you were away");
    proxy.restore();
    script.ends_well().await;
    desk.until("what waited", |agent| {
        let view = agent.conversation(alice.principal.address());
        let said = |text: &str| view.items.iter().any(|item| item.text == text);
        (said("Said without a line") && said("While you were away")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_script_lets_strangers_in_or_does_not() {
    let relay = Relay::start(Options::new()).await;
    let mut given = json!({ "relay": relay.origin() });
    for name in ["alice", "carol", "dave"] {
        let account = Account::sign_up(&relay, name).await;
        let scope = [ALL.as_slice(), &["manage"]].concat();
        given[name] = token(&relay, &account, &scope).await.into();
        if name == "alice" {
            given["small"] = token(&relay, &account, &ALL).await.into();
        }
    }
    node::plays("doors.mjs", &given).await;
}

#[tokio::test]
async fn the_types_say_what_is_there() {
    node::plays("typed.mjs", &json!({})).await;
}

/// The wrappers in the frameworks themselves, and as their types say.
#[tokio::test]
async fn wrappers_draw_the_elements_and_follow_presence() {
    let folder = node::installs();
    for name in ["wrappers.mjs", "wrappers.mts"] {
        node::copies(name, folder.path());
    }
    assert_eq!(node::compiles(&folder.path().join("wrappers.mts")), Ok(()));
    let script = folder.path().join("wrappers.mjs");
    node::runs(&script, &json!({})).ends_well().await;
}

/// Each line that ought not to compile says so, and the compiler complains where it does.
#[test]
fn what_an_integrator_writes_is_checked_by_the_compiler_of_typescript() {
    let folder = node::installs();
    let place = node::copies("types.mts", folder.path());
    let judged = node::compiles(&place);
    assert_eq!(judged, Ok(()));
    // It is judged indeed.
    let text = std::fs::read_to_string(&place).expect("the source");
    let wrong = text.replace("seq.toFixed()", "seq.toUpperCase()");
    assert_ne!(wrong, text);
    std::fs::write(&place, wrong).expect("a file");
    let judged = node::compiles(&place).expect_err("a number has no letters");
    assert!(judged.contains("toUpperCase"), "{judged}");
}

#[tokio::test]
async fn whoever_is_not_let_in_hears_why() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let given = json!({
        "relay": relay.origin(),
        "watches": token(&relay, &alice, &["watch"]).await,
        "refused": Code::NotSignedIn.slug(),
    });
    node::plays("refused.mjs", &given).await;
}
