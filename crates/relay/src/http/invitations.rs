//! Links that let somebody in, over HTTP. Their secrets travel in bodies, never in addresses: those are logged on the way.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use lamplight_core::code::Code;
use serde::Deserialize;
use serde_json::{Value, json};

use super::doors::{answered, let_in, login_of, read};
use super::{Site, answer};
use crate::identity::invitations::Wanted;
use crate::listener::Visitor;
use crate::store::invitations::Invitation;

#[derive(Deserialize)]
struct MakeForm {
    #[serde(default)]
    note: Option<String>,
    /// How many may come by it.
    #[serde(default)]
    uses: Option<u32>,
    #[serde(default)]
    life_ms: Option<u64>,
}

#[derive(Deserialize)]
struct SecretForm {
    invitation: String,
}

#[derive(Deserialize)]
struct PasswordForm {
    invitation: String,
    password: String,
    #[serde(default)]
    token: bool,
}

/// The links that somebody has made.
pub async fn list(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        let found = site.keeper.invitations(&login).await?;
        let found: Vec<Value> = found.iter().map(told).collect();
        let may = site.keeper.may_invite(&login).is_ok();
        let all = json!({ "invitations": found, "may_invite": may });
        Ok(answer::json(StatusCode::OK, &all))
    };
    answered(work.await)
}

/// Makes a link; the answer is the only one with its secret.
pub async fn make(State(site): State<Arc<Site>>, request: Request) -> Response {
    let work = async {
        let login = login_of(&site, request.headers()).await?;
        let form: MakeForm = read(&site, request).await?;
        let wanted = Wanted {
            note: form.note.filter(|note| !note.trim().is_empty()),
            uses: form.uses,
            life: form.life_ms.map(Duration::from_millis),
        };
        let (made, secret) = site.keeper.invite(&login, &wanted).await?;
        let mut made = told(&made);
        made["invitation"] = secret.as_str().into();
        Ok(answer::json(StatusCode::CREATED, &made))
    };
    answered(work.await)
}

pub async fn revoke(
    State(site): State<Arc<Site>>,
    Path(id): Path<u64>,
    headers: HeaderMap,
) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        // A number that no row can have is none of anybody's links.
        let id = i64::try_from(id).map_err(|_| Code::NotFound.refusal())?;
        site.keeper
            .revoke_invitation(&login, id.unsigned_abs())
            .await?;
        Ok(answer::nothing())
    };
    answered(work.await)
}

/// What a link opens, before its bearer decides.
pub async fn look(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let form: SecretForm = read(&site, request).await?;
        let found = site
            .keeper
            .look_at_invitation(&form.invitation, visitor.ip)
            .await?;
        let facts = json!({ "opens": found.kind.word(), "of": found.of, "until": found.until });
        Ok(answer::json(StatusCode::OK, &facts))
    };
    answered(work.await)
}

/// Whoever has an account becomes a contact of whoever made the link.
pub async fn accept(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let login = login_of(&site, request.headers()).await?;
        let form: SecretForm = read(&site, request).await?;
        let of = site
            .keeper
            .accept_invitation(&login, &form.invitation, visitor.ip)
            .await?;
        Ok(answer::json(StatusCode::OK, &json!({ "of": of })))
    };
    answered(work.await)
}

/// A new password by a link, which signs in.
pub async fn set_password(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let form: PasswordForm = read(&site, request).await?;
        let entered = site
            .keeper
            .set_password_by_link(&form.password, &form.invitation, visitor.ip)
            .await?;
        Ok(let_in(&site, StatusCode::OK, &entered, form.token))
    };
    answered(work.await)
}

fn told(one: &Invitation) -> Value {
    json!({
        "id": one.id,
        "note": one.note,
        "made": one.made,
        "until": one.until,
        "remaining": one.remaining,
        "used": one.used,
    })
}
