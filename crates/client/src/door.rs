//! The relay's door, as a program uses it over HTTP: sign in, trade the login for a ticket, sign out.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use lamplight_core::address::Principal;
use lamplight_core::code::Code;
use lamplight_core::private::Private;
use serde_json::{Value, json};

use crate::error::Error;
use crate::relay::Relay;

/// Many may sign in at once, and each password takes its time.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// No answer of the door is longer.
const ANSWER_MAX: usize = 64 * 1024;

/// A login that this program made.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub principal: Principal,
    pub secret: Private<String>,
}

/// Signs in with a name and a password.
pub(crate) async fn sign_in(relay: &Relay, name: &str, password: &str) -> Result<Login, Error> {
    let form = json!({ "name": name, "password": password, "token": true });
    let answer = call(relay, Method::POST, "/v1/sessions", None, Some(form)).await?;
    let field = |name: &str| answer[name].as_str().ok_or(Error::NoRelay);
    Ok(Login {
        principal: Principal::parse(field("principal")?).map_err(|_| Error::NoRelay)?,
        secret: Private(field("token")?.to_owned()),
    })
}

/// A ticket for one line; in the name of a group, if the login's principal is a member of it.
pub(crate) async fn ticket(
    relay: &Relay,
    login: &Login,
    speak_as: Option<&Principal>,
) -> Result<Private<String>, Error> {
    let form = speak_as.map(|group| json!({ "as": group.as_str() }));
    let answer = call(relay, Method::POST, "/v1/tickets", Some(login), form).await?;
    let ticket = answer["ticket"].as_str().ok_or(Error::NoRelay)?;
    Ok(Private(ticket.to_owned()))
}

/// Ends a login and closes what came in by it.
pub(crate) async fn sign_out(relay: &Relay, login: &Login) -> Result<(), Error> {
    let current = "/v1/sessions/current";
    call(relay, Method::DELETE, current, Some(login), None).await?;
    Ok(())
}

/// One question, one connection, one answer.
async fn call(
    relay: &Relay,
    method: Method,
    path: &str,
    login: Option<&Login>,
    form: Option<Value>,
) -> Result<Value, Error> {
    let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer");
    let exchange = exchange(relay, request(relay, method, path, login, form)?);
    tokio::time::timeout(ANSWER_WITHIN, exchange)
        .await
        .map_err(late)?
}

fn request(
    relay: &Relay,
    method: Method,
    path: &str,
    login: Option<&Login>,
    form: Option<Value>,
) -> Result<Request<Full<Bytes>>, Error> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, relay.authority())
        .header("x-lamplight", "1");
    if let Some(login) = login {
        request = request.header(AUTHORIZATION, format!("Bearer {}", login.secret.0));
    }
    if form.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = form.map_or_else(Bytes::new, |form| form.to_string().into());
    // What cannot stand in a request came from an odd answer or an odd host.
    request.body(Full::new(body)).map_err(|_| Error::NoRelay)
}

async fn exchange(relay: &Relay, request: Request<Full<Bytes>>) -> Result<Value, Error> {
    let hung_up = |error: hyper::Error| Error::Unreachable(std::io::Error::other(error));
    let stream = TokioIo::new(relay.dial().await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
        .await
        .map_err(hung_up)?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(hung_up)?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_MAX);
    let body = body.collect().await.map_err(|_| Error::NoRelay)?.to_bytes();
    connection.abort();
    read(status.is_success(), &body)
}

/// An answer with a body is JSON; a refusal names its code.
fn read(well: bool, body: &[u8]) -> Result<Value, Error> {
    if well && body.is_empty() {
        return Ok(Value::Null);
    }
    let answer: Value = serde_json::from_slice(body).map_err(|_| Error::NoRelay)?;
    match (well, answer["code"].as_str()) {
        (true, _) => Ok(answer),
        (false, Some(code)) => Err(Error::Refused(Code::from_slug(code))),
        (false, None) => Err(Error::NoRelay),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_and_a_stranger_is_no_relay() {
        let refusal = br#"{"code": "wrong_credentials", "sentence": "No.", "retry": "no"}"#;
        let refused = read(false, refusal);
        assert!(matches!(
            refused,
            Err(Error::Refused(Code::WrongCredentials))
        ));
        assert!(matches!(read(true, b"<html>"), Err(Error::NoRelay)));
        assert!(matches!(read(false, b"{}"), Err(Error::NoRelay)));
        assert_eq!(read(true, b"").unwrap(), Value::Null);
    }
}
