//! One's own account as a whole: to have everything that is kept of one, and to leave.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::doors::{answered, login_of, read};
use super::{Site, answer};
use crate::listener::Visitor;

#[derive(Deserialize)]
struct LeaveForm {
    password: String,
}

/// Everything that is kept of whoever asks, as a file.
pub async fn export(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let work = async {
        let login = login_of(&site, &headers).await?;
        let everything = site.keeper.export(&login).await?;
        let mut response = answer::typed(
            StatusCode::OK,
            "application/json",
            format!("{everything:#}\n"),
        );
        let file = HeaderValue::from_static("attachment; filename=\"lamplight.json\"");
        response.headers_mut().insert(CONTENT_DISPOSITION, file);
        Ok(response)
    };
    answered(work.await)
}

/// Removes the account of whoever asks and says the password.
pub async fn leave(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Response {
    let work = async {
        let login = login_of(&site, request.headers()).await?;
        let form: LeaveForm = read(&site, request).await?;
        site.keeper
            .leave(&login, &form.password, visitor.ip)
            .await?;
        let mut response = answer::nothing();
        if let Some(cookie) = site.cookie.clear() {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        Ok(response)
    };
    answered(work.await)
}
