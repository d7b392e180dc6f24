//! How people and programs come in and go out: accounts, guests, sessions, tickets.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::rules::FRESH_FOR;
use lamplight_core::time::{Timestamp, millis};
use serde::Deserialize;
use serde::de::DeserializeOwned;
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
    /// The secret of a link that lets its bearer in.
    #[serde(default)]
    invitation: Option<String>,
}

/// What whoever enters without a name may still want.
#[derive(Default, Deserialize)]
struct GuestForm {
    #[serde(default)]
    token: bool,
}

/// A password said again.
#[derive(Deserialize)]
struct PasswordForm {
    password: String,
}

/// In whose name a socket is to speak.
#[derive(Default, Deserialize)]
struct TicketForm {
    #[serde(default, rename = "as")]
    speaks_as: Option<String>,
}

/// What kind of relay this is, for everyone.
pub async fn relay(State(site): State<Arc<Site>>) -> Response {
    let config = &site.config;
    let (accounts, services) = (&config.accounts, &config.services);
    let mut facts = json!({
        "domain": config.relay.domain,
        "registration": config.is_open_to_all(),
        "guests": config.offers(accounts.guests),
        "presence": services.presence,
        "messages": services.messages,
        "watchers_span_ms": millis(services.watchers_span),
        "require_watch": services.require_watch,
        "require_publish": services.require_publish,
        "version": env!("CARGO_PKG_VERSION"),
        // Which process this is, so that somebody can tell whether an address leads to it.
        "server": format!("{:016x}", site.metrics.server.0),
    });
    if !config.relay.contact.is_empty() {
        facts["contact"] = config.relay.contact.as_str().into();
    }
    answer::json(StatusCode::OK, &facts)
}

pub async fn sign_up(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let form: Form = read(&site, request).await?;
        let (keeper, ip) = (&site.keeper, visitor.ip);
        let entered = match &form.invitation {
            Some(secret) => {
                keeper
                    .sign_up_invited(&form.name, &form.password, secret, ip)
                    .await?
            }
            None => keeper.sign_up(&form.name, &form.password, ip).await?,
        };
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
        let form: GuestForm = read_if_any(&site, &parts.headers, body).await?;
        let entered = site.keeper.enter_as_guest(visitor.ip).await?;
        Ok(let_in(&site, StatusCode::CREATED, &entered, form.token))
    };
    answered(work.await)
}

/// Who the request's login belongs to.
pub async fn session(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        let mut who = json!({ "principal": login.principal, "class": login.class });
        if login.admin {
            who["admin"] = true.into();
        }
        if login.confirmed.0 > 0 {
            who["fresh_until"] = fresh_until(login.confirmed).into();
        }
        Ok(answer::json(StatusCode::OK, &who))
    };
    answered(work.await)
}

/// The password of the request's login, said again: what asked for it goes on, in the sockets that are open too.
pub async fn confirm(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let login = login_of(&site, request.headers()).await?;
        let form: PasswordForm = read(&site, request).await?;
        let at = site
            .keeper
            .confirm(&login, &form.password, visitor.ip)
            .await?;
        let answer = json!({ "fresh_until": fresh_until(at) });
        Ok(answer::json(StatusCode::OK, &answer))
    };
    answered(work.await)
}

/// Until when a login counts as fresh.
fn fresh_until(confirmed: Timestamp) -> u64 {
    confirmed.0.saturating_add(millis(FRESH_FOR))
}

/// A single-use ticket for a socket's hello, in one's own name or in that of a group.
pub async fn ticket(State(site): State<Arc<Site>>, request: Request) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let login = login_of(&site, request.headers()).await?;
        let (parts, body) = request.into_parts();
        let form: TicketForm = read_if_any(&site, &parts.headers, body).await?;
        let keeper = &site.keeper;
        let name = form.speaks_as.as_deref();
        let name = name.map(|name| keeper.circle(name)).transpose()?;
        let ticket = keeper.ticket(&login, name.as_ref()).await?;
        let answer = match name {
            Some(group) if group != login.principal => {
                json!({ "ticket": ticket, "principal": group, "by": login.principal })
            }
            _ => json!({ "ticket": ticket, "principal": login.principal }),
        };
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

pub fn answered(done: Result<Response, Refusal>) -> Response {
    done.unwrap_or_else(|refusal| answer::refuse(&refusal))
}

pub fn refuse_when_draining(site: &Site) -> Result<(), Refusal> {
    if site.is_draining() {
        return Err(Code::Draining.refusal());
    }
    Ok(())
}

/// What a request says.
pub async fn read<T: DeserializeOwned>(site: &Site, request: Request) -> Result<T, Refusal> {
    refuse_when_draining(site)?;
    let (parts, body) = request.into_parts();
    body::read_json(&parts.headers, body, site.config.connections.header_wait).await
}

/// What a request says that may say nothing at all.
pub async fn read_if_any<T: Default + DeserializeOwned>(
    site: &Site,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Refusal> {
    let wait = site.config.connections.header_wait;
    let bytes = body::read(body, wait).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    body::read_json(headers, Body::from(bytes), wait).await
}

pub fn let_in(site: &Site, status: StatusCode, entered: &SignedIn, wants_token: bool) -> Response {
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

/// The login that a request brings: a program's, else the page's cookie. A token with a scope is none.
pub async fn login_of(site: &Site, headers: &HeaderMap) -> Result<Login, Refusal> {
    let secret = secret_of(site, headers).ok_or_else(|| Code::NotSignedIn.refusal())?;
    site.keeper.login(secret).await
}

/// The secret that a request brings, if it brings one.
pub fn secret_of<'a>(site: &Site, headers: &'a HeaderMap) -> Option<&'a str> {
    bearer(headers).or_else(|| site.cookie.read(headers))
}

pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
