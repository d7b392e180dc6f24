//! The relay's door over HTTP: what kind of relay it is, who I am there, how to get in and out, and a ticket for the line.
//!
//! The session stands in a cookie that no script can read. Every request carries the header `x-lamplight`, which a page of
//! another site cannot add without being asked first. Answers are JSON, read by the browser's own parser.

use js_sys::{JSON, Object, Reflect};
use lamplight_core::address::Principal;
use lamplight_core::code::Code;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{RequestCache, RequestCredentials, RequestInit, Response};

use crate::hear::settled;

/// What a relay says of itself before anyone is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// What stands behind the `@` of its addresses.
    pub domain: String,
    /// Whether anyone may make an account.
    pub registration: bool,
    /// Whether it lets people in without one.
    pub guests: bool,
}

/// Who is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub principal: Principal,
}

/// Why the door stayed shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorError {
    /// The relay said no.
    Refused(Code),
    /// There was no answer, or none of the relay's.
    Unreachable,
}

/// The door of the relay that served this page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Door;

impl Door {
    pub async fn relay(self) -> Result<Relay, DoorError> {
        let answer = ask("GET", "/v1/relay", None).await?;
        Ok(Relay {
            domain: text(&answer, "domain").ok_or(DoorError::Unreachable)?,
            registration: flag(&answer, "registration"),
            guests: flag(&answer, "guests"),
        })
    }

    /// Who the browser's cookie says I am.
    pub async fn session(self) -> Result<SignedIn, DoorError> {
        signed_in(&ask("GET", "/v1/session", None).await?)
    }

    pub async fn sign_up(self, name: &str, password: &str) -> Result<SignedIn, DoorError> {
        let body = object(&[("name", name), ("password", password)]);
        signed_in(&ask("POST", "/v1/accounts", Some(body)).await?)
    }

    pub async fn sign_in(self, name: &str, password: &str) -> Result<SignedIn, DoorError> {
        let body = object(&[("name", name), ("password", password)]);
        signed_in(&ask("POST", "/v1/sessions", Some(body)).await?)
    }

    pub async fn enter_as_guest(self) -> Result<SignedIn, DoorError> {
        signed_in(&ask("POST", "/v1/guests", Some(object(&[]))).await?)
    }

    pub async fn sign_out(self) -> Result<(), DoorError> {
        ask("DELETE", "/v1/sessions/current", None)
            .await
            .map(|_| ())
    }

    /// A single-use ticket for one hello, and for whom it is if the relay says so.
    pub(crate) async fn ticket(self) -> Result<(String, Option<Principal>), DoorError> {
        let answer = ask("POST", "/v1/tickets", Some(object(&[]))).await?;
        let ticket = text(&answer, "ticket").ok_or(DoorError::Unreachable)?;
        Ok((ticket, principal(&answer)))
    }
}

fn signed_in(answer: &JsValue) -> Result<SignedIn, DoorError> {
    let principal = principal(answer).ok_or(DoorError::Unreachable)?;
    Ok(SignedIn { principal })
}

fn principal(answer: &JsValue) -> Option<Principal> {
    Principal::parse(&text(answer, "principal")?).ok()
}

async fn ask(method: &str, path: &str, body: Option<JsValue>) -> Result<JsValue, DoorError> {
    let response = fetch(method, path, body)
        .await
        .map_err(|_| DoorError::Unreachable)?;
    let answer = json(&response).await;
    if response.ok() {
        return Ok(answer);
    }
    match text(&answer, "code") {
        Some(slug) => Err(DoorError::Refused(Code::from_slug(&slug))),
        None if response.status() == 401 => Err(DoorError::Refused(Code::NotSignedIn)),
        // Not an answer of the relay: a proxy in front of it, most likely.
        None => Err(DoorError::Unreachable),
    }
}

async fn fetch(method: &str, path: &str, body: Option<JsValue>) -> Result<Response, JsValue> {
    let mut headers = vec![("x-lamplight", "1"), ("accept", "application/json")];
    let init = RequestInit::new();
    init.set_method(method);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_cache(RequestCache::NoStore);
    if let Some(body) = body {
        headers.push(("content-type", "application/json"));
        init.set_body(&JSON::stringify(&body)?.into());
    }
    init.set_headers(&object(&headers));
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let answer = settled(window.fetch_with_str_and_init(path, &init)).await?;
    Ok(answer.unchecked_into())
}

/// The answer's body; undefined when it is empty or not JSON.
async fn json(response: &Response) -> JsValue {
    let Ok(reading) = response.text() else {
        return JsValue::UNDEFINED;
    };
    let body = settled(reading).await.ok();
    body.and_then(|body| JSON::parse(&body.as_string()?).ok())
        .unwrap_or(JsValue::UNDEFINED)
}

fn object(fields: &[(&str, &str)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a property of a plain new object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object.into()
}

fn field(answer: &JsValue, name: &str) -> Option<JsValue> {
    answer
        .is_object()
        .then(|| Reflect::get(answer, &name.into()).ok())
        .flatten()
}

fn text(answer: &JsValue, name: &str) -> Option<String> {
    field(answer, name)?.as_string()
}

fn flag(answer: &JsValue, name: &str) -> bool {
    field(answer, name).is_some_and(|value| value.is_truthy())
}
