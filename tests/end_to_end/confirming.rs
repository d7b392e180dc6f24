//! The password said again: what asked for it goes on, in the lines that are open too.

use lamplight_core::code::Code;
use lamplight_core::presence::View;
use lamplight_core::rules::{Decision, Login, Who};
use lamplight_core::wire::{Contact, Standing, ToAgent, ToService};
use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::{Account, Options, PASSWORD, Relay};
use serde_json::json;

use crate::asking::{call, decides, done, line};
use crate::doors::refuses;

const CONFIRM: &str = "/v1/sessions/current/confirm";

/// Makes every login as if its password had been said long ago. The relay must not run.
fn age_logins(relay: &Relay) {
    let file = relay.folder().join("lamplight.sqlite");
    let db = rusqlite::Connection::open(file).expect("the relay's database");
    let aged = db.execute("UPDATE logins SET confirmed = 1", []);
    assert!(aged.expect("a column of logins") > 0);
}

#[tokio::test]
async fn the_right_password_makes_the_login_fresh_and_a_wrong_one_says_so() {
    let mut relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    relay.stop().await;
    age_logins(&relay);
    relay.start_again().await;
    let until = async || {
        let session = done(&relay, &alice, "GET", "/v1/session", None).await;
        session.json()["fresh_until"].as_u64().unwrap_or_default()
    };
    let old = until().await;
    for wrong in ["a wrong password", "short", ""] {
        let body = json!({ "password": wrong });
        let answer = call(&relay, &alice, "POST", CONFIRM, Some(body)).await;
        refuses(&answer, 401, Code::WrongCredentials);
    }
    assert_eq!(until().await, old);
    let body = json!({ "password": PASSWORD });
    let answer = done(&relay, &alice, "POST", CONFIRM, Some(body)).await;
    let fresh = answer.json()["fresh_until"].as_u64().unwrap_or_default();
    assert!(fresh > old);
    assert_eq!(until().await, fresh);
    refuses(
        &call(&relay, &alice, "POST", CONFIRM, Some(json!({}))).await,
        400,
        Code::BadFrame,
    );
}

#[tokio::test]
async fn guessing_at_an_open_page_is_slowed_down_like_signing_in() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut codes = Vec::new();
    for _ in 0..6 {
        let body = json!({ "password": "a wrong password" });
        let answer = call(&relay, &alice, "POST", CONFIRM, Some(body)).await;
        codes.push(answer.code());
    }
    assert_eq!(codes[4], Code::WrongCredentials.slug());
    assert_eq!(codes[5], Code::TooManyRequests.slug());
    // It is one bucket: at the door they wait too.
    let sign_in = lamplight_tests::outside::people::ask(&relay, "/v1/sessions", "alice", PASSWORD);
    refuses(&sign_in.await, 429, Code::TooManyRequests);
}

#[tokio::test]
async fn a_page_confirms_by_its_cookie() {
    let relay = Relay::start(Options::new()).await;
    let body = json!({ "name": "alice", "password": PASSWORD });
    let entered = relay
        .call(&Request::page_post(&relay.origin(), "/v1/accounts", &body))
        .await;
    let cookie = entered.cookie().expect("a cookie");
    let body = json!({ "password": PASSWORD });
    let confirm = Request::page_post(&relay.origin(), CONFIRM, &body).header("cookie", &cookie);
    let answer = relay.call(&confirm).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    refuses(
        &relay.call(&confirm.clone().without("origin")).await,
        403,
        Code::WrongOrigin,
    );
}

#[tokio::test]
async fn what_asked_for_the_password_opens_in_the_line_that_is_open() {
    let mut relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    relay.stop().await;
    age_logins(&relay);
    relay.start_again().await;
    let mut alices = line(&relay, &alice).await;
    decides(&mut alices, Who::Account, Decision::Allow, Login::Fresh).await;
    let mut bobs = line(&relay, &bob).await;
    let watch = ToService::Subscribe {
        number: 1,
        standing: Standing::Session,
        contacts: vec![Contact {
            presentity: alice.principal.presentity(),
            petname: None,
            group: None,
        }],
    };
    bobs.send(&watch).await;
    let view = |frame: &ToAgent| match frame {
        ToAgent::Notify { notifications } => notifications
            .iter()
            .find(|it| it.presentity == alice.principal.presentity())
            .map(|it| it.view.clone()),
        _ => None,
    };
    let first = bobs.find("alice's view", view).await;
    assert!(
        matches!(&first, View::Ended(refusal) if refusal.code == Code::SignInAgain),
        "{first:?}"
    );
    let body = json!({ "password": PASSWORD });
    done(&relay, &bob, "POST", CONFIRM, Some(body)).await;
    let then = bobs.find("alice's view", view).await;
    assert!(matches!(then, View::Shown(_)), "{then:?}");
}
