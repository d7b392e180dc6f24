//! For whoever runs the relay and for browsers by themselves: health, figures, reports, and the page's files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use lamplight_core::code::{Code, Refusal};
use lamplight_core::service::Rate;
use serde_json::Value;

use super::doors::bearer;
use super::{Site, answer, body};
use crate::doctor::machine;
use crate::identity::hash_of;
use crate::metrics::Measured;
use crate::store::{FILE, sizes};
use crate::{assets, pinned};

/// Reports that are logged; all are counted.
pub const REPORTS: Rate = Rate {
    burst: 10,
    every: Duration::from_mins(1),
};

/// Whether the process does its work. After the disk failed it does not, and a restart is what is asked for.
pub async fn healthy(State(site): State<Arc<Site>>) -> Response {
    if site.store.is_sound() {
        answer::text(StatusCode::OK, "healthy\n")
    } else {
        answer::text(StatusCode::SERVICE_UNAVAILABLE, "the disk failed\n")
    }
}

/// Whether new connections should come here.
pub async fn ready(State(site): State<Arc<Site>>) -> Response {
    if site.is_draining() {
        answer::text(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        healthy(State(site)).await
    }
}

/// Figures, for everyone on loopback; where others reach the relay, for whoever brings the token.
pub async fn metrics(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let token = site.config.metrics.token.get();
    if token.is_some() || site.config.is_for_others() {
        // Hashes, so that the time says nothing of how much of it was right.
        let brought = bearer(&headers).map(hash_of);
        if brought.is_none() || brought != token.map(hash_of) {
            return answer::refuse(&Refusal {
                sentence: "Figures are for whoever brings the token that `metrics.token` says."
                    .into(),
                ..Code::NotAllowed.refusal()
            });
        }
    }
    let (database, write_ahead_log) = sizes::of_files(&site.config.relay.data.join(FILE));
    let measured = Measured {
        store_waiting: site.store.waiting() as u64,
        store_sound: site.store.is_sound().into(),
        draining: site.is_draining().into(),
        started: site.started.0 / 1000,
        memory: machine::memory(),
        open_files_most: machine::open_files_most().unwrap_or_default(),
        database,
        write_ahead_log,
    };
    answer::text(StatusCode::OK, site.metrics.print(&measured))
}

/// A browser saw the page break its own policy. Only which rule is logged: the rest of a report is whatever someone sent.
pub async fn csp_report(State(site): State<Arc<Site>>, request: Request) -> Response {
    let read = body::read(request.into_body(), site.config.connections.header_wait).await;
    let Ok(bytes) = read else {
        return answer::refuse(&Code::TooLarge.refusal());
    };
    site.metrics.csp_reports.up();
    if site.reports.take(&(), Instant::now()).is_ok() {
        tracing::warn!(
            rule = rule(&bytes),
            "a browser reports a violation of the page's policy"
        );
    }
    answer::nothing()
}

/// The broken rule, if it looks like one.
fn rule(report: &[u8]) -> String {
    let report: Value = serde_json::from_slice(report).unwrap_or_default();
    let report = &report["csp-report"];
    let named = report["effective-directive"]
        .as_str()
        .or(report["violated-directive"].as_str());
    let named = named
        .and_then(|rule| rule.split(' ').next())
        .unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c == '-';
    if named.is_empty() || named.len() > 40 || !named.chars().all(plain) {
        return "unreadable".into();
    }
    named.into()
}

/// What pages of other sites load.
const EMBED: &str = "/embed/";
const FOR_OTHER_SITES: [(&str, &str); 3] = [
    ("access-control-allow-origin", "*"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("timing-allow-origin", "*"),
];
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// The address that follows the major version is asked for again soon, and shown meanwhile.
const MOVING: &str = "/embed/v";
const FOLLOWS: HeaderValue =
    HeaderValue::from_static("public, max-age=600, stale-while-revalidate=86400");

/// Everything that is no door: a file of the page, or nothing.
pub async fn page(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (asked, _) = request.into_parts();
    let path = asked.uri.path();
    if path.starts_with("/v1/") {
        return answer::refuse(&Code::NotFound.refusal());
    }
    if ![Method::GET, Method::HEAD].contains(&asked.method) {
        return wrong_method().await;
    }
    let mut response = file(path, &asked.headers);
    if response.status() == StatusCode::NOT_FOUND
        && let Some(former) = pinned::former(&site.config.relay.data, path).await
    {
        response = answer::typed(StatusCode::OK, former.content_type, former.bytes);
        response.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
    }
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    if found && path.starts_with(EMBED) {
        for (name, value) in FOR_OTHER_SITES {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        if path.starts_with(MOVING) {
            headers.insert(CACHE_CONTROL, FOLLOWS);
        }
    }
    response
}

/// A file of the page, in the form that a request with these headers takes.
pub fn file(path: &str, asked: &HeaderMap) -> Response {
    let header = |name: HeaderName| asked.get(name)?.to_str().ok();
    let file = assets::respond(path, header(ACCEPT_ENCODING), header(IF_NONE_MATCH));
    let mut response = Response::new(Body::from(Bytes::from_static(file.body)));
    *response.status_mut() =
        StatusCode::from_u16(file.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in file.headers {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

pub async fn wrong_method() -> Response {
    answer::refuse_with(StatusCode::METHOD_NOT_ALLOWED, &Code::NotFound.refusal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_the_log_a_rule_and_nothing_else() {
        let one = br#"{"csp-report": {"effective-directive": "script-src-elem", "blocked-uri": "https://evil.example"}}"#;
        assert_eq!(rule(one), "script-src-elem");
        let old = br#"{"csp-report": {"violated-directive": "style-src 'self'"}}"#;
        assert_eq!(rule(old), "style-src");
        for other in [
            &b"{}"[..],
            b"[",
            br#"{"csp-report": {"effective-directive": "alice@localhost"}}"#,
        ] {
            assert_eq!(rule(other), "unreadable");
        }
    }
}
