//! Accounts of the relay under test, made over HTTP as a program makes them.

use lamplight_core::address::Principal;
use serde_json::{Value, json};

use super::http::{Answer, Request};
use super::relay::Relay;

/// Long enough for the relay; one for all, so that the log can be searched for it.
pub const PASSWORD: &str = "correct horse battery staple";

/// Somebody with an account, signed in as a program.
#[derive(Clone, Debug)]
pub struct Account {
    pub principal: Principal,
    pub token: String,
}

impl Account {
    pub async fn sign_up(relay: &Relay, name: &str) -> Self {
        let answer = ask(relay, "/v1/accounts", name, PASSWORD).await;
        assert!(
            answer.status < 300,
            "{name}: {} {}",
            answer.status,
            answer.text()
        );
        Self::of(&answer)
    }

    /// A further login of an account that is there.
    pub async fn sign_in(relay: &Relay, name: &str) -> Self {
        let answer = ask(relay, "/v1/sessions", name, PASSWORD).await;
        assert!(
            answer.status < 300,
            "{name}: {} {}",
            answer.status,
            answer.text()
        );
        Self::of(&answer)
    }

    fn of(answer: &Answer) -> Self {
        let principal = answer.field("principal");
        Self {
            principal: Principal::parse(&principal).expect("the relay names a principal"),
            token: answer.field("token"),
        }
    }
}

/// Name and password, as a program sends them that wants a token.
pub async fn ask(relay: &Relay, path: &str, name: &str, password: &str) -> Answer {
    let request = Request::page_post(&relay.origin(), path, &words(name, password));
    relay.call(&request).await
}

/// The body of such a request.
pub fn words(name: &str, password: &str) -> Value {
    json!({ "name": name, "password": password, "token": true })
}
