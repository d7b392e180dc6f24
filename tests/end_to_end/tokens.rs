//! Programs: tokens that may do what their scope says, and programs that are principals of their own.

use std::time::Duration;

use lamplight_core::address::Token;
use lamplight_core::code::Code;
use lamplight_core::presence::{PresenceTuple, Status, TupleKind};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Class, ToAgent, ToService};
use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::{Account, Options, Relay};
use serde_json::{Value, json};

use crate::asking::{call, done, line_by, token, turned_away};
use crate::doors::refuses;

async fn makes_token(relay: &Relay, who: &Account, scope: &[&str]) -> Value {
    let body = json!({ "name": "lamp on my desk", "scope": scope });
    let made = done(relay, who, "POST", "/v1/tokens", Some(body)).await;
    assert_eq!(made.status, 201);
    made.json()
}

fn text(json: &Value, name: &str) -> String {
    let text = json[name].as_str();
    text.unwrap_or_else(|| panic!("no {name} in {json}"))
        .to_owned()
}

fn publish() -> ToService {
    let tuple = PresenceTuple {
        id: Token::parse("lamp").unwrap(),
        kind: TupleKind::Device,
        status: Status::open(),
        address: None,
        markup: Vec::new(),
        since: Timestamp(1),
        until: None,
        hours: Vec::new(),
        only_open: false,
    };
    ToService::Publish { tuple, of: None }
}

#[tokio::test]
async fn a_token_does_what_its_scope_says_and_is_shown_once() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let made = makes_token(&relay, &alice, &["watch"]).await;
    let secret = text(&made, "token");
    assert!(secret.starts_with("lamp_") && secret.len() > 40, "{secret}");
    let listed = done(&relay, &alice, "GET", "/v1/tokens", None).await;
    assert!(!listed.text().contains(&secret));
    let first = &listed.json()["tokens"][0];
    assert_eq!(first["name"], "lamp on my desk");
    assert_eq!(
        (&first["scope"], &first["used"]),
        (&json!(["watch"]), &Value::Null)
    );

    let (mut line, welcome) = line_by(&relay, token(&secret)).await;
    let is_alice = matches!(&welcome, ToAgent::Welcome { you, class: Class::Account, .. } if *you == alice.principal);
    assert!(is_alice, "{welcome:?}");
    line.send(&publish()).await;
    let refused = line
        .find("a refusal", |frame| match frame {
            ToAgent::Refused { refusal, .. } => Some(refusal.code),
            _ => None,
        })
        .await;
    assert_eq!(refused, Code::NotAllowed);
    let fetch = ToService::Fetch {
        number: 7,
        presentities: vec![alice.principal.presentity()],
    };
    line.send(&fetch).await;
    line.until("what it may see", |frame| {
        matches!(frame, ToAgent::Fetched { number: 7, .. })
    })
    .await;
    let listed = done(&relay, &alice, "GET", "/v1/tokens", None).await.json();
    assert!(listed["tokens"][0]["used"].is_u64(), "{listed}");
    assert_eq!(relay.metric("lamplight_tokens_used_total").await, Some(1.0));
}

#[tokio::test]
async fn a_token_that_is_ended_closes_its_lines_and_opens_none() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let made = makes_token(&relay, &alice, &["watch", "publish", "send", "read"]).await;
    let kept = makes_token(&relay, &alice, &["watch"]).await;
    let (mut line, _) = line_by(&relay, token(&text(&made, "token"))).await;
    let (mut other, _) = line_by(&relay, token(&text(&kept, "token"))).await;
    let path = format!("/v1/tokens/{}", made["id"]);
    refuses(
        &call(&relay, &bob, "DELETE", &path, None).await,
        404,
        Code::NotFound,
    );
    done(&relay, &alice, "DELETE", &path, None).await;
    let end = line.end(Duration::from_secs(2)).await.expect("an end");
    assert_eq!(
        (end.close, end.goodbye),
        (Some(4001), Some(Code::SignedOut))
    );
    let again = turned_away(&relay, token(&text(&made, "token"))).await;
    assert_eq!(again, Some(Code::NotSignedIn));
    let wrong = turned_away(&relay, token("lamp_never")).await;
    assert_eq!(wrong, Some(Code::NotSignedIn));
    other.send(&ToService::Ping { number: 1 }).await;
    other
        .until("a pong", |frame| matches!(frame, ToAgent::Pong { .. }))
        .await;
    for none in [
        path.as_str(),
        "/v1/tokens/99",
        "/v1/tokens/x",
        "/v1/tokens/18446744073709551615",
    ] {
        let answer = call(&relay, &alice, "DELETE", none, None).await;
        refuses(&answer, 404, Code::NotFound);
    }
}

#[tokio::test]
async fn a_token_opens_no_door_at_which_people_are_asked_for() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let everything = ["watch", "publish", "send", "read", "manage"];
    let made = makes_token(&relay, &alice, &everything).await;
    let program = Account {
        token: text(&made, "token"),
        ..alice.clone()
    };
    for (method, path) in [
        ("GET", "/v1/session"),
        ("GET", "/v1/tokens"),
        ("POST", "/v1/tokens"),
        ("POST", "/v1/tickets"),
        ("POST", "/v1/groups"),
        ("POST", "/v1/programs"),
        ("POST", "/v1/sessions/current/confirm"),
    ] {
        let body = (method == "POST").then(|| json!({}));
        let answer = call(&relay, &program, method, path, body).await;
        refuses(&answer, 401, Code::NotSignedIn);
    }
    for scope in [
        json!([]),
        json!(["everything"]),
        json!("watch"),
        Value::Null,
    ] {
        let body = json!({ "name": "odd", "scope": scope });
        let answer = call(&relay, &alice, "POST", "/v1/tokens", Some(body)).await;
        refuses(&answer, 400, Code::BadFrame);
    }
}

#[tokio::test]
async fn a_program_is_somebody_of_its_own_until_its_maker_ends_it() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let body = json!({ "name": "door-bell", "scope": ["watch", "publish", "send"] });
    let made = done(&relay, &alice, "POST", "/v1/programs", Some(body.clone())).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(made["program"], "door-bell@localhost");
    let secret = text(&made["token"], "token");
    let (mut line, welcome) = line_by(&relay, token(&secret)).await;
    let ToAgent::Welcome { you, class, .. } = welcome else {
        panic!("{welcome:?}");
    };
    assert_eq!(
        (you.as_str(), class),
        ("door-bell@localhost", Class::Program)
    );
    let taken = call(&relay, &bob, "POST", "/v1/programs", Some(body)).await;
    refuses(&taken, 409, Code::NameTaken);

    let programs = json!({ "programs": [{ "program": "door-bell@localhost" }] });
    let mine = done(&relay, &alice, "GET", "/v1/programs", None).await;
    assert_eq!(mine.json(), programs);
    let none = done(&relay, &bob, "GET", "/v1/programs", None).await;
    assert_eq!(none.json(), json!({ "programs": [] }));
    let of = "/v1/tokens?of=door-bell%40localhost";
    let tokens = done(&relay, &alice, "GET", of, None).await.json();
    assert_eq!(tokens["tokens"].as_array().map(Vec::len), Some(1));
    let foreign = call(&relay, &bob, "GET", of, None).await;
    refuses(&foreign, 403, Code::NotAllowed);
    let second = json!({ "name": "second", "scope": ["watch"], "of": "door-bell" });
    done(&relay, &alice, "POST", "/v1/tokens", Some(second)).await;

    let path = "/v1/programs/door-bell";
    refuses(
        &call(&relay, &bob, "DELETE", path, None).await,
        403,
        Code::NotAllowed,
    );
    done(&relay, &alice, "DELETE", path, None).await;
    let end = line.end(Duration::from_secs(2)).await.expect("an end");
    assert_eq!(end.goodbye, Some(Code::SignedOut));
    assert_eq!(
        turned_away(&relay, token(&secret)).await,
        Some(Code::NotSignedIn)
    );
}

#[tokio::test]
async fn these_doors_pass_the_gate_like_all_others() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    for (method, path) in [
        ("POST", "/v1/groups"),
        ("DELETE", "/v1/groups/support"),
        ("PUT", "/v1/groups/support/members/bob"),
        ("DELETE", "/v1/groups/support/members/bob"),
        ("POST", "/v1/programs"),
        ("DELETE", "/v1/programs/bell"),
        ("POST", "/v1/tokens"),
        ("DELETE", "/v1/tokens/1"),
        ("POST", "/v1/sessions/current/confirm"),
    ] {
        let plain = Request::new(method, path).bearer(&alice.token);
        let foreign = plain
            .clone()
            .header("x-lamplight", "1")
            .header("origin", "http://evil.example");
        for request in [plain, foreign] {
            refuses(&relay.call(&request).await, 403, Code::WrongOrigin);
        }
        let nobody = Request::new(method, path).header("x-lamplight", "1");
        refuses(&relay.call(&nobody).await, 401, Code::NotSignedIn);
    }
}
