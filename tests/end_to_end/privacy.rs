//! What is nobody's business stands in no log, not even in the most talkative one.

use lamplight_core::agent::{Choice, Intent};
use lamplight_core::presence::Note;
use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::people::ask;
use lamplight_tests::outside::{Options, PASSWORD, Relay};

use crate::asking::done;
use crate::talking::friends;

#[tokio::test]
async fn the_log_holds_no_message_note_address_password_or_secret() {
    let relay = Relay::start(Options::new().set("log.level", "debug")).await;
    let (alice, bob) = friends(&relay).await;
    alice.intend(Intent::SetStatus {
        choice: Choice::Busy,
        note: Note::parse("canary in the note").ok(),
        until: None,
        of: None,
    });
    bob.say(&alice.account, "canary in the message");
    alice
        .until("a message", |agent| (agent.unread() == 1).then_some(()))
        .await;
    let wrong = ask(&relay, "/v1/sessions", "alice", "canary in the password").await;
    assert_eq!(wrong.status, 401);
    let query = relay.get("/v1/session?token=canary-in-the-query").await;
    assert_eq!(query.status, 401);
    let scope = serde_json::json!({ "name": "canary in the name", "scope": ["watch"] });
    let made = done(&relay, &alice.account, "POST", "/v1/tokens", Some(scope)).await;
    let token = made.field("token");
    let asked = Request::get("/v1/presence/canary@localhost").bearer(&token);
    assert_eq!(relay.call(&asked).await.status, 404);
    let mut relay = relay;
    let (status, _) = relay.stop().await;
    assert!(status.success());
    let log = relay.log();
    assert!(log.lines().count() >= 2, "the relay logs something:\n{log}");
    let secrets = [
        "canary",
        PASSWORD,
        &alice.account.token,
        &bob.account.token,
        &token,
        "alice@",
        "bob@",
        "alice",
    ];
    for secret in secrets {
        let found: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret:?} stands in the log: {found:#?}");
    }
}
