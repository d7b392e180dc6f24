//! What tests of the doors ask over HTTP in somebody's name, and lines that say hello by a ticket.

use std::time::Duration;

use lamplight_core::code::Code;
use lamplight_core::private::Private;
use lamplight_core::rules::{AccessRule, AccessRules, Decision, Login, Who};
use lamplight_core::wire::{Codec, Credentials, OwnPresentity, ToAgent, ToService, VERSION};
use lamplight_tests::outside::http::{Answer, Request};
use lamplight_tests::outside::line::hello;
use lamplight_tests::outside::{Account, Line, Relay};
use serde_json::Value;

/// A request of a program that signed in with name and password.
pub async fn call(
    relay: &Relay,
    who: &Account,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = Request::new(method, path)
        .header("x-lamplight", "1")
        .bearer(&who.token);
    if let Some(body) = &body {
        request = request.json(body);
    }
    relay.call(&request).await
}

/// The same, and it must go well.
pub async fn done(
    relay: &Relay,
    who: &Account,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let answer = call(relay, who, method, path, body).await;
    let whole = format!("{method} {path}: {} {}", answer.status, answer.text());
    assert!(answer.status < 300, "{whole}");
    answer
}

/// A line of somebody who said name and password.
pub async fn line(relay: &Relay, who: &Account) -> Line {
    Line::hello(relay.address(), Codec::Json, &who.token, None).await
}

/// A line that says hello with these credentials, and the welcome.
pub async fn line_by(relay: &Relay, credentials: Credentials) -> (Line, ToAgent) {
    let mut line = Line::open(relay.address(), Codec::Json).await;
    line.send(&hello(VERSION, credentials, None)).await;
    let welcome = line.welcome().await;
    (line, welcome)
}

/// How a hello with these credentials ends.
pub async fn turned_away(relay: &Relay, credentials: Credentials) -> Option<Code> {
    let mut line = Line::open(relay.address(), Codec::Json).await;
    line.send(&hello(VERSION, credentials, None)).await;
    let end = line.end(Duration::from_secs(5)).await.expect("an end");
    assert_eq!(end.close, Some(4001));
    end.goodbye
}

pub fn token(secret: &str) -> Credentials {
    Credentials::Token(Private(secret.into()))
}

pub fn ticket(secret: &str) -> Credentials {
    Credentials::Ticket(Private(secret.into()))
}

/// Sends a request of the wire and waits until it is done.
pub async fn carried_out(line: &mut Line, frame: &ToService) {
    line.send(frame).await;
    let number = frame.number();
    line.until("done", |answer| match answer {
        ToAgent::Done { number: of } => Some(*of) == number,
        ToAgent::Refused { refusal, .. } => panic!("{refusal}"),
        _ => false,
    })
    .await;
}

/// What one rule of somebody's presence decides about all of whom it speaks.
pub async fn decides(line: &mut Line, who: Who, decision: Decision, needs: Login) {
    let rule = AccessRule {
        who,
        decision,
        needs,
        from: None,
        until: None,
    };
    let own = OwnPresentity {
        rules: AccessRules {
            rules: vec![rule],
            ..AccessRules::default()
        },
        ..OwnPresentity::default()
    };
    carried_out(line, &ToService::SetPresentity { number: 90, own }).await;
}
