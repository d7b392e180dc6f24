//! What the doors answer: JSON, and refusals with a stable code, a sentence and whether a retry helps.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use lamplight_core::code::{Code, Refusal, Retry};
use serde_json::{Value, json};

pub fn json(status: StatusCode, value: &Value) -> Response {
    typed(status, "application/json", value.to_string())
}

pub fn text(status: StatusCode, text: impl Into<Body>) -> Response {
    typed(status, "text/plain; charset=utf-8", text)
}

pub fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// For good, so that browsers ask there at once.
pub fn moved(url: &str) -> Response {
    let mut response = text(StatusCode::PERMANENT_REDIRECT, "");
    // A path that is no header's value leads nowhere, and there is none: it was read from a request.
    if let Ok(url) = HeaderValue::from_str(url) {
        response.headers_mut().insert(LOCATION, url);
    }
    response
}

pub fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub fn refuse(refusal: &Refusal) -> Response {
    refuse_with(status_of(refusal.code), refusal)
}

pub fn refuse_with(status: StatusCode, refusal: &Refusal) -> Response {
    let body = json!({
        "code": refusal.code,
        "message": refusal.sentence,
        "retry": refusal.retry,
    });
    let mut response = json(status, &body);
    if let Retry::AfterMs(wait) = refusal.retry {
        let seconds = HeaderValue::from(wait.div_ceil(1_000).max(1));
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

/// What HTTP calls a refusal.
fn status_of(code: Code) -> StatusCode {
    match code {
        Code::NotSignedIn | Code::SignedOut | Code::WrongCredentials => StatusCode::UNAUTHORIZED,
        Code::WrongOrigin
        | Code::NotAllowed
        | Code::SignInAgain
        | Code::ShowYourself
        | Code::RegistrationClosed
        | Code::GuestsClosed
        | Code::Suspended
        | Code::TokenInvalid
        | Code::TokenExpired
        | Code::TokenUsed
        | Code::TokenWrongTimes
        | Code::TokenWrongAudience
        | Code::TokenWrongOrigin => StatusCode::FORBIDDEN,
        Code::NotFound | Code::UnknownAddress | Code::UnknownSite | Code::InvitationOver => {
            StatusCode::NOT_FOUND
        }
        Code::NameTaken | Code::NameLooksAlike | Code::IdConflict | Code::TooManyAddresses => {
            StatusCode::CONFLICT
        }
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::TooManyRequests | Code::TooManySessions => StatusCode::TOO_MANY_REQUESTS,
        Code::TryLater | Code::Draining => StatusCode::SERVICE_UNAVAILABLE,
        Code::NoPresence | Code::NoMessages => StatusCode::NOT_IMPLEMENTED,
        Code::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_refusal_is_an_error_of_http() {
        for code in Code::ALL {
            let status = status_of(*code);
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_wait_is_named_in_whole_seconds_and_never_none() {
        let after = |wait| {
            let refusal = Code::TooManyRequests.refusal_after(wait);
            refuse(&refusal).headers()[RETRY_AFTER]
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(after(Duration::from_millis(1)), "1");
        assert_eq!(after(Duration::from_millis(2_001)), "3");
        assert!(
            !refuse(&Code::BadName.refusal())
                .headers()
                .contains_key(RETRY_AFTER)
        );
    }
}
