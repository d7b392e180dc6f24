//! Sites that show a chat, for the accounts that register them; and the way in of their visitors.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::doors::{answered, login_of, read, read_if_any, refuse_when_draining};
use super::{Site, answer};
use crate::clock::wall;
use crate::config::Origin;
use crate::identity::keys::NewKey;
use crate::identity::sites::{Rewanted, Wanted, told};
use crate::listener::Visitor;
use crate::store::accounts::Login;
use crate::store::sites::{self, Algorithm, Terms};

/// How long a key goes on holding once there is a new one, unless something else was said.
pub const OVERLAP_MS: u64 = 24 * 3_600_000;

#[derive(Deserialize)]
struct SiteForm {
    name: String,
    origins: Vec<String>,
    /// None: the maker's own.
    #[serde(default)]
    chat: Vec<String>,
    #[serde(default)]
    guests: bool,
    #[serde(default)]
    guests_most: Option<u32>,
    #[serde(default)]
    guests_per_hour: Option<u32>,
    #[serde(default)]
    visitor_life_ms: Option<u64>,
    #[serde(default)]
    key: KeyForm,
}

/// What is left out stays as it is.
#[derive(Deserialize)]
struct ChangeForm {
    #[serde(default)]
    origins: Option<Vec<String>>,
    #[serde(default)]
    chat: Option<Vec<String>>,
    #[serde(default)]
    guests: Option<bool>,
    #[serde(default)]
    guests_most: Option<u32>,
    #[serde(default)]
    guests_per_hour: Option<u32>,
    #[serde(default)]
    visitor_life_ms: Option<u64>,
}

/// A key: without a public one the relay makes a secret.
#[derive(Default, Deserialize)]
struct KeyForm {
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    public_key: Option<String>,
}

#[derive(Default, Deserialize)]
struct RotateForm {
    #[serde(default)]
    key: KeyForm,
    #[serde(default)]
    overlap_ms: Option<u64>,
}

#[derive(Deserialize)]
struct VisitorForm {
    origin: String,
    /// Of whoever brings no token: with whom the chat is.
    #[serde(default)]
    to: String,
    #[serde(default)]
    token: Option<String>,
    /// Beside a token: the secret of the login that this browser has kept.
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

type Named = Result<Path<String>, PathRejection>;

pub async fn add(State(site): State<Arc<Site>>, request: Request) -> Response {
    let work = async {
        let login = login_of(&site, request.headers()).await?;
        let form: SiteForm = read(&site, request).await?;
        let key = new_key(&form.key)?;
        let shown = key_json(&key.key, key.secret.as_deref());
        let wanted = wanted(form, &login);
        let added = site.keeper.add_site(&login, &wanted, key).await?;
        let mut added = site_json(&added, 0);
        added["keys"] = json!([shown]);
        Ok(answer::json(StatusCode::CREATED, &added))
    };
    answered(work.await)
}

/// The sites that one registered.
pub async fn sites(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        let sites = site.keeper.sites(&login).await?;
        let sites: Vec<Value> = sites
            .iter()
            .map(|(site, visitors)| site_json(site, *visitors))
            .collect();
        Ok(answer::json(StatusCode::OK, &json!({ "sites": sites })))
    };
    answered(work.await)
}

pub async fn rotate(State(site): State<Arc<Site>>, named: Named, request: Request) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let Path(name) = named.map_err(|_| Code::NotFound.refusal())?;
        let login = login_of(&site, request.headers()).await?;
        let (parts, body) = request.into_parts();
        let form: RotateForm = read_if_any(&site, &parts.headers, body).await?;
        let key = new_key(&form.key)?;
        let overlap = form.overlap_ms.unwrap_or(OVERLAP_MS);
        let until = Timestamp(wall().0.saturating_add(overlap));
        site.keeper.rotate_site(&login, &name, &key, until).await?;
        let mut rotated = key_json(&key.key, key.secret.as_deref());
        rotated["former_until"] = json!(until);
        Ok(answer::json(StatusCode::OK, &rotated))
    };
    answered(work.await)
}

pub async fn change(State(site): State<Arc<Site>>, named: Named, request: Request) -> Response {
    let work = async {
        let Path(name) = named.map_err(|_| Code::NotFound.refusal())?;
        let login = login_of(&site, request.headers()).await?;
        let form: ChangeForm = read(&site, request).await?;
        let wanted = Rewanted {
            origins: form.origins,
            chats: form.chat,
            guests: form.guests,
            guests_most: form.guests_most,
            guests_per_hour: form.guests_per_hour,
            life: form.visitor_life_ms,
        };
        site.keeper.change_site(&login, &name, &wanted).await?;
        Ok(answer::nothing())
    };
    answered(work.await)
}

pub async fn remove(State(site): State<Arc<Site>>, named: Named, headers: HeaderMap) -> Response {
    let work = async {
        let Path(name) = named.map_err(|_| Code::NotFound.refusal())?;
        let login = login_of(&site, &headers).await?;
        site.keeper.remove_site(&login, &name).await?;
        Ok(answer::nothing())
    };
    answered(work.await)
}

/// What a browser asks before a page of another site brings a visitor.
pub async fn may_bring() -> Response {
    let mut response = answer::nothing();
    let headers = response.headers_mut();
    for (name, value) in [
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type, x-lamplight"),
        ("access-control-max-age", "7200"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    readable(response)
}

/// Pages of all sites may read this answer: there is no cookie in the question.
fn readable(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets a visitor of a site in, from the frame or from a page of the site: by a token of the site, or as a guest of the site.
pub async fn receive(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let page = site.origins.other(request.headers());
        let form: VisitorForm = read(&site, request).await?;
        // From the frame its policy says where it is; a page of another site is where the browser says.
        if page.is_some_and(|page| page != form.origin) {
            site.metrics.wrong_origins.up();
            return Err(Code::WrongOrigin.refusal());
        }
        let keeper = &site.keeper;
        let received = match &form.token {
            Some(token) => {
                let is_here = |audience: &str| is_here(&site, audience);
                let kept = form.login.as_deref();
                keeper
                    .receive_vouched(&form.origin, token, kept, is_here, visitor.ip)
                    .await
            }
            None => {
                let name = form.name.as_deref();
                keeper
                    .receive_guest(&form.origin, &form.to, name, visitor.ip)
                    .await
            }
        };
        let visiting = counted(&site, received)?;
        let entered = &visiting.entered;
        let mut who = json!({
            "principal": entered.principal,
            "class": entered.class,
            "token": entered.token,
            "expires": visiting.expires,
        });
        if let Some(called) = visiting.called {
            who["name"] = called.as_str().into();
        }
        let status = match visiting.goes_on {
            true => StatusCode::OK,
            false => StatusCode::CREATED,
        };
        Ok(answer::json(status, &who))
    };
    readable(answered(work.await))
}

/// Counts what pages of other sites are refused.
pub fn counted<T>(site: &Site, asked: Result<T, Refusal>) -> Result<T, Refusal> {
    asked.inspect_err(|refusal| site.metrics.visitors_refused.up(refusal.code))
}

/// Whether a token's audience is this relay: its domain, or where browsers find it.
fn is_here(site: &Site, audience: &str) -> bool {
    let own = |origin: &Origin| site.origins.iter().any(|own| own == origin);
    audience == site.config.relay.domain || Origin::parse(audience).is_ok_and(|origin| own(&origin))
}

fn wanted(form: SiteForm, login: &Login) -> Wanted {
    let usual = Terms::USUAL;
    let chats = match form.chat.is_empty() {
        true => vec![login.principal.as_str().to_owned()],
        false => form.chat,
    };
    Wanted {
        name: form.name,
        origins: form.origins,
        chats,
        terms: Terms {
            guests: form.guests,
            guests_most: form.guests_most.unwrap_or(usual.guests_most),
            guests_per_hour: form.guests_per_hour.unwrap_or(usual.guests_per_hour),
            life: form.visitor_life_ms.unwrap_or(usual.life),
        },
    }
}

fn new_key(form: &KeyForm) -> Result<NewKey, Refusal> {
    let wanted = form.alg.as_deref().unwrap_or(Algorithm::Hs256.name());
    let algorithm = Algorithm::ALL.into_iter().find(|one| one.name() == wanted);
    let key = match (algorithm, &form.public_key) {
        (Some(Algorithm::Hs256), None) => return NewKey::hs256(wall()),
        (Some(algorithm), Some(pem)) => NewKey::public(algorithm, pem, wall()),
        (Some(algorithm), None) => Err(format!("{} needs `public_key`", algorithm.name())),
        (None, _) => Err(format!("{wanted:?} is none of HS256, EdDSA, RS256")),
    };
    key.map_err(|why| told(Code::BadFrame, &why))
}

fn site_json(site: &sites::Site, visitors: u32) -> Value {
    let keys: Vec<Value> = site.keys.iter().map(|key| key_json(key, None)).collect();
    json!({
        "name": site.name,
        "origins": site.origins,
        "chat": site.chats,
        "guests": site.terms.guests,
        "guests_most": site.terms.guests_most,
        "guests_per_hour": site.terms.guests_per_hour,
        "visitor_life_ms": site.terms.life,
        "made": site.made,
        "visitors": visitors,
        "keys": keys,
    })
}

fn key_json(key: &sites::Key, secret: Option<&str>) -> Value {
    let mut json = json!({ "kid": key.kid, "alg": key.algorithm.name(), "added": key.added });
    if let Some(until) = key.until {
        json["until"] = json!(until);
    }
    if let Some(secret) = secret {
        json["secret"] = secret.into();
    }
    json
}
