//! How people and programs come in and go out: accounts, guests, sessions, tickets.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use lamplight_core::code::{Code, Refusal};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Site, answer, body};
use crate::identity::SignedIn;
use crate::listener::Visitor;
use crate::store::accounts::Login;

/// Name and password, as a form or a program sends them.
#[derive(Deserialize)]
struct Form {
    name: String,
    password: String,
    /// A program wants a token instead of a cookie.
    #[serde(default)]
    token: bool,
}

/// What whoever enters without a name may still want.
#[derive(Default, Deserialize)]
struct GuestForm {
    #[serde(default)]
    token: bool,
}

/// What kind of relay this is, for everyone.
pub async fn relay(State(site): State<Arc<Site>>) -> Response {
    let (config, accounts) = (&site.config, &site.config.accounts);
    let facts = json!({
        "domain": config.relay.domain,
        "registration": config.offers(accounts.sign_up),
        "guests": config.offers(accounts.guests),
        "version": env!("CARGO_PKG_VERSION"),
    });
    answer::json(StatusCode::OK, &facts)
}

pub async fn sign_up(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let form: Form = read(&site, request).await?;
        let entered = site
            .keeper
            .sign_up(&form.name, &form.password, visitor.ip)
            .await?;
        Ok(let_in(&site, StatusCode::CREATED, &entered, form.token))
    };
    answered(work.await)
}

pub async fn sign_in(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let form: Form = read(&site, request).await?;
        let entered = site
            .keeper
            .sign_in(&form.name, &form.password, visitor.ip)
            .await?;
        Ok(let_in(&site, StatusCode::OK, &entered, form.token))
    };
    answered(work.await)
}

pub async fn enter_as_guest(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let (parts, body) = request.into_parts();
        let form = guest_form(&site, &parts.headers, body).await?;
        let entered = site.keeper.enter_as_guest(visitor.ip).await?;
        Ok(let_in(&site, StatusCode::CREATED, &entered, form.token))
    };
    answered(work.await)
}

/// Who the request's login belongs to.
pub async fn session(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        let who = json!({ "principal": login.principal, "class": login.class });
        Ok(answer::json(StatusCode::OK, &who))
    };
    answered(work.await)
}

/// A single-use ticket for a socket's hello.
pub async fn ticket(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let login = login_of(&site, &headers).await?;
        let ticket = site.keeper.ticket(&login)?;
        let answer = json!({ "ticket": ticket, "principal": login.principal });
        Ok(answer::json(StatusCode::OK, &answer))
    };
    answered(work.await)
}

/// Ends the request's login; its sockets close. The cookie goes in any case.
pub async fn sign_out(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        site.keeper.sign_out(&login).await?;
        Ok(answer::nothing())
    };
    let ended = work.await;
    // A login that could not be ended is still there, and so stays the cookie that can end it.
    let keeps = ended
        .as_ref()
        .is_err_and(|refusal: &Refusal| refusal.code != Code::NotSignedIn);
    let mut response = answered(ended);
    if !keeps && let Some(cookie) = site.cookie.clear() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn answered(done: Result<Response, Refusal>) -> Response {
    done.unwrap_or_else(|refusal| answer::refuse(&refusal))
}

fn refuse_when_draining(site: &Site) -> Result<(), Refusal> {
    if site.is_draining() {
        return Err(Code::Draining.refusal());
    }
    Ok(())
}

async fn read(site: &Site, request: Request) -> Result<Form, Refusal> {
    refuse_when_draining(site)?;
    let (parts, body) = request.into_parts();
    body::read_json(&parts.headers, body, site.config.connections.header_wait).await
}

/// A guest may send nothing at all.
async fn guest_form(site: &Site, headers: &HeaderMap, body: Body) -> Result<GuestForm, Refusal> {
    let bytes = body::read(body, site.config.connections.header_wait).await?;
    if bytes.is_empty() {
        return Ok(GuestForm::default());
    }
    body::read_json(
        headers,
        Body::from(bytes),
        site.config.connections.header_wait,
    )
    .await
}

fn let_in(site: &Site, status: StatusCode, entered: &SignedIn, wants_token: bool) -> Response {
    let mut who: Value = json!({ "principal": entered.principal, "class": entered.class });
    if wants_token {
        who["token"] = entered.token.as_str().into();
        return answer::json(status, &who);
    }
    let mut response = answer::json(status, &who);
    if let Some(cookie) = site.cookie.set(&entered.token) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The login that a request brings: a program's token, else the page's cookie.
async fn login_of(site: &Site, headers: &HeaderMap) -> Result<Login, Refusal> {
    let secret = bearer(headers).or_else(|| site.cookie.read(headers));
    let secret = secret.ok_or_else(|| Code::NotSignedIn.refusal())?;
    site.keeper.login(secret).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
