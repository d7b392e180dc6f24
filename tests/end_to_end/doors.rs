//! Coming in and going out over HTTP: accounts, guests, sessions, tickets, and who may ask at all.

use lamplight_core::code::Code;
use lamplight_core::private::Private;
use lamplight_core::wire::{Codec, Credentials, VERSION};
use lamplight_tests::outside::http::{Answer, Request};
use lamplight_tests::outside::line::hello;
use lamplight_tests::outside::people::{ask, words};
use lamplight_tests::outside::{Account, Line, Options, PASSWORD, Relay};
use serde_json::{Value, json};

/// A refusal has a stable code, a sentence for people and says whether a retry helps.
pub fn refuses(answer: &Answer, status: u16, code: Code) {
    let whole = format!("{} {}", answer.status, answer.text());
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code.slug()),
        "{whole}"
    );
    assert_eq!(answer.field("message"), code.sentence());
    assert!(!answer.json()["retry"].is_null(), "{whole}");
}

async fn post(relay: &Relay, path: &str, cookie: Option<&str>) -> Answer {
    let mut request = Request::page_post(&relay.origin(), path, &json!({}));
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    relay.call(&request).await
}

async fn whoami(relay: &Relay, cookie: &str) -> Answer {
    relay
        .call(&Request::get("/v1/session").header("cookie", cookie))
        .await
}

/// As a page enters: no token is asked for, so a cookie comes.
async fn enter(relay: &Relay, path: &str, name: &str) -> Answer {
    let body = json!({ "name": name, "password": PASSWORD });
    relay
        .call(&Request::page_post(&relay.origin(), path, &body))
        .await
}

#[tokio::test]
async fn a_page_signs_up_signs_out_and_signs_in_again_by_a_cookie_no_script_can_read() {
    let relay = Relay::start(Options::new()).await;
    let entered = enter(&relay, "/v1/accounts", "Alice").await;
    assert_eq!(entered.status, 201, "{}", entered.text());
    assert_eq!(entered.field("principal"), "alice@localhost");
    assert!(
        entered.json()["token"].is_null(),
        "a page gets no secret that a script can read"
    );
    let attributes = entered.header("set-cookie").expect("a cookie").to_owned();
    for wanted in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(attributes.contains(wanted), "{attributes}");
    }
    let cookie = entered.cookie().expect("a cookie");
    assert_eq!(
        whoami(&relay, &cookie).await.field("principal"),
        "alice@localhost"
    );

    let out = Request::new("DELETE", "/v1/sessions/current")
        .header("origin", &relay.origin())
        .header("x-lamplight", "1")
        .header("cookie", &cookie);
    let out = relay.call(&out).await;
    assert_eq!(out.status, 204, "{}", out.text());
    assert!(
        out.header("set-cookie")
            .is_some_and(|it| it.contains("Max-Age=0"))
    );
    refuses(&whoami(&relay, &cookie).await, 401, Code::NotSignedIn);

    let again = enter(&relay, "/v1/sessions", "alice@localhost").await;
    assert_eq!(again.status, 200, "{}", again.text());
    let new = again.cookie().expect("a cookie");
    assert_ne!(new, cookie);
    assert_eq!(whoami(&relay, &new).await.status, 200);
}

#[tokio::test]
async fn who_signs_out_loses_the_line_at_once() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut line = Line::hello(relay.address(), Codec::Cbor, &alice.token, None).await;
    let out = Request::new("DELETE", "/v1/sessions/current")
        .header("x-lamplight", "1")
        .bearer(&alice.token);
    assert_eq!(relay.call(&out).await.status, 204);
    let end = line
        .end(std::time::Duration::from_secs(5))
        .await
        .expect("an end");
    assert_eq!(
        (end.close, end.goodbye),
        (Some(4001), Some(Code::SignedOut))
    );
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_are_one_answer() {
    let relay = Relay::start(Options::new()).await;
    Account::sign_up(&relay, "alice").await;
    let wrong = ask(&relay, "/v1/sessions", "alice", "a wrong password").await;
    refuses(&wrong, 401, Code::WrongCredentials);
    let plain = |answer: &Answer| {
        let headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| name != "date")
            .cloned()
            .collect();
        (answer.status, headers, answer.text())
    };
    for (name, password) in [
        ("nobody", "a wrong password"),
        ("nobody", "short"),
        ("alice", "short"),
        ("not a name", "a wrong password"),
    ] {
        let other = ask(&relay, "/v1/sessions", name, password).await;
        assert_eq!(plain(&other), plain(&wrong), "{name} {password}");
    }
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_whether_the_account_exists_or_not() {
    let relay = Relay::start(Options::new()).await;
    Account::sign_up(&relay, "alice").await;
    for name in ["alice", "nobody"] {
        let mut codes = Vec::new();
        for _ in 0..6 {
            let answer = ask(&relay, "/v1/sessions", name, "a wrong password").await;
            codes.push(answer.code());
            if answer.status == 429 {
                refuses(&answer, 429, Code::TooManyRequests);
                assert!(
                    answer.json()["retry"]["after_ms"]
                        .as_u64()
                        .is_some_and(|ms| ms > 0)
                );
                assert!(
                    answer.header("retry-after").is_some(),
                    "HTTP says it in its own words too"
                );
            }
        }
        let wrong = vec![Code::WrongCredentials.slug(); 5];
        assert_eq!(codes[..5], wrong, "{name}");
        assert_eq!(codes[5], Code::TooManyRequests.slug(), "{name}");
    }
}

#[tokio::test]
async fn names_that_are_taken_look_alike_or_are_none_are_refused() {
    let relay = Relay::start(Options::new()).await;
    Account::sign_up(&relay, "pablo").await;
    for (name, status, code) in [
        ("pablo", 409, Code::NameTaken),
        ("PABLO", 409, Code::NameTaken),
        // The digit one for the letter l.
        ("pab1o", 409, Code::NameLooksAlike),
        ("admin", 409, Code::NameTaken),
        ("guest-me", 409, Code::NameTaken),
        ("two words", 400, Code::BadName),
        ("", 400, Code::BadName),
        ("bob@elsewhere.example", 400, Code::BadName),
        ("right\u{202e}left", 400, Code::BadName),
    ] {
        let answer = ask(&relay, "/v1/accounts", name, PASSWORD).await;
        refuses(&answer, status, code);
    }
    for password in ["too short", "", &"x".repeat(300)] {
        let answer = ask(&relay, "/v1/accounts", "bob", password).await;
        refuses(&answer, 400, Code::BadPassword);
    }
    assert_eq!(
        ask(&relay, "/v1/accounts", "bob", PASSWORD).await.status,
        201
    );
}

#[tokio::test]
async fn guests_come_in_without_a_password_where_the_relay_lets_them() {
    let open = Relay::start(Options::new()).await;
    let guest = post(&open, "/v1/guests", None).await;
    assert_eq!(guest.status, 201, "{}", guest.text());
    assert!(guest.field("principal").starts_with("guest-"));
    assert_eq!(guest.field("class"), "guest");
    let cookie = guest.cookie().expect("a cookie");
    assert_eq!(whoami(&open, &cookie).await.field("class"), "guest");
    let other = post(&open, "/v1/guests", None).await;
    assert_ne!(other.field("principal"), guest.field("principal"));

    let options = Options::new()
        .set("accounts.guests", "closed")
        .set("accounts.sign_up", "closed");
    let closed = Relay::start(options).await;
    refuses(
        &post(&closed, "/v1/guests", None).await,
        403,
        Code::GuestsClosed,
    );
    let answer = ask(&closed, "/v1/accounts", "alice", PASSWORD).await;
    refuses(&answer, 403, Code::RegistrationClosed);
    let facts = closed.get("/v1/relay").await.json();
    assert_eq!(
        (&facts["guests"], &facts["registration"]),
        (&Value::Bool(false), &Value::Bool(false))
    );
}

#[tokio::test]
async fn only_the_relays_own_page_and_programs_may_change_something() {
    let relay = Relay::start(Options::new()).await;
    let cookie = enter(&relay, "/v1/accounts", "alice")
        .await
        .cookie()
        .expect("a cookie");
    let good =
        Request::page_post(&relay.origin(), "/v1/tickets", &json!({})).header("cookie", &cookie);
    assert_eq!(relay.call(&good).await.status, 200);
    let doors = ["/v1/accounts", "/v1/sessions", "/v1/guests", "/v1/tickets"];
    for path in doors {
        let good = Request::page_post(&relay.origin(), path, &words("bob", PASSWORD))
            .header("cookie", &cookie);
        for bad in [
            good.clone().without("x-lamplight"),
            good.clone().header("x-lamplight", "0"),
            good.clone().without("origin"),
            good.clone().header("origin", "null"),
            good.clone().header("origin", "http://evil.example"),
            good.clone()
                .header("origin", &format!("{}.evil.example", relay.origin())),
            good.clone().header("origin", "http://127.0.0.1:1"),
        ] {
            refuses(&relay.call(&bad).await, 403, Code::WrongOrigin);
        }
    }
    let answer = ask(&relay, "/v1/sessions", "bob", PASSWORD).await;
    refuses(&answer, 401, Code::WrongCredentials);
    // A page of another site comes in with nothing that was said here, however good: it is a visitor or nobody.
    let foreign = [("origin", "http://evil.example"), ("cookie", &cookie)];
    let ticket = relay.call(&good).await.field("ticket");
    let mut line = Line::open_as(relay.address(), Codec::Cbor, &foreign).await;
    let credentials = Credentials::Ticket(Private(ticket));
    line.send(&hello(VERSION, credentials, None)).await;
    let end = line.end(std::time::Duration::from_secs(5)).await;
    let end = end.expect("an end");
    assert_eq!(
        (end.close, end.goodbye),
        (Some(4000), Some(Code::WrongOrigin))
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_no_json_or_of_the_wrong_shape_is_refused() {
    let relay = Relay::start(Options::new()).await;
    let base = || Request::page_post(&relay.origin(), "/v1/sessions", &Value::Null);
    let large = json!({ "name": "alice", "password": "x".repeat(100_000) });
    refuses(&relay.call(&base().json(&large)).await, 413, Code::TooLarge);
    for body in ["", "{", "null", "[]", "{\"name\": 1, \"password\": 2}"] {
        let answer = relay.call(&base().body(body.into())).await;
        refuses(&answer, 400, Code::BadFrame);
    }
    let deep = relay
        .call(&base().body("[".repeat(15_000).into_bytes()))
        .await;
    refuses(&deep, 400, Code::BadFrame);
    let form = base()
        .header("content-type", "application/x-www-form-urlencoded")
        .body(b"name=alice&password=correct".to_vec());
    refuses(&relay.call(&form).await, 400, Code::BadFrame);
    refuses(&relay.get("/v1/nothing").await, 404, Code::NotFound);
    assert_eq!(relay.get("/v1/sessions").await.status, 405);
    assert_eq!(relay.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_ticket_opens_one_line_once_and_a_cookie_opens_none() {
    let relay = Relay::start(Options::new()).await;
    let cookie = enter(&relay, "/v1/accounts", "alice")
        .await
        .cookie()
        .expect("a cookie");
    let answer = post(&relay, "/v1/tickets", Some(&cookie)).await;
    assert_eq!(answer.field("principal"), "alice@localhost");
    let ticket = answer.field("ticket");
    refuses(
        &post(&relay, "/v1/tickets", None).await,
        401,
        Code::NotSignedIn,
    );

    let with = |ticket: &str| Credentials::Ticket(Private(ticket.into()));
    let origin = relay.origin();
    let page = [("origin", origin.as_str()), ("cookie", cookie.as_str())];
    let mut first = Line::open_as(relay.address(), Codec::Cbor, &page).await;
    first.send(&hello(VERSION, with(&ticket), None)).await;
    first.welcome().await;

    // The cookie is there again, and does not help.
    for stale in [ticket.as_str(), "lamp_never", "", cookie.as_str()] {
        let mut second = Line::open_as(relay.address(), Codec::Cbor, &page).await;
        second.send(&hello(VERSION, with(stale), None)).await;
        let end = second
            .end(std::time::Duration::from_secs(5))
            .await
            .expect("an end");
        assert_eq!(
            (end.close, end.goodbye),
            (Some(4001), Some(Code::NotSignedIn))
        );
    }
}

#[tokio::test]
async fn a_ticket_that_was_not_used_in_time_is_none() {
    let relay = Relay::start(Options::new().set("accounts.ticket_life", "10 ms")).await;
    let cookie = enter(&relay, "/v1/accounts", "alice")
        .await
        .cookie()
        .expect("a cookie");
    let ticket = post(&relay, "/v1/tickets", Some(&cookie))
        .await
        .field("ticket");
    // Nothing tells when a ticket has run out but the clock.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let mut line = Line::open(relay.address(), Codec::Json).await;
    let credentials = Credentials::Ticket(Private(ticket));
    line.send(&hello(VERSION, credentials, None)).await;
    let end = line
        .end(std::time::Duration::from_secs(5))
        .await
        .expect("an end");
    assert_eq!(end.goodbye, Some(Code::NotSignedIn));
}
