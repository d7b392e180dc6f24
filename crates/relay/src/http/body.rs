//! Bodies of requests: small, soon there, and JSON.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use lamplight_core::code::{Code, Refusal};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// Largest body that a door takes: a name and a password have room many times over.
const BODY_MAX: usize = 16 * 1024;

/// Reads a body within `wait`.
pub async fn read(body: Body, wait: Duration) -> Result<Bytes, Refusal> {
    let reading = timeout(wait, Limited::new(body, BODY_MAX).collect());
    match reading.await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Code::TooLarge.refusal()),
        _ => Err(Code::BadFrame.refusal()),
    }
}

/// Reads a body as JSON; fields that are not known are skipped.
pub async fn read_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    wait: Duration,
) -> Result<T, Refusal> {
    let bytes = read(body, wait).await?;
    if !is_json(headers) {
        return Err(Code::BadFrame.refusal());
    }
    serde_json::from_slice(&bytes).map_err(|_| Code::BadFrame.refusal())
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media = media
        .and_then(|value| value.split(';').next())
        .map(str::trim);
    media.is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Named {
        name: String,
    }

    async fn named(media: &'static str, body: String) -> Result<String, Code> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, media.parse().unwrap());
        let read: Result<Named, Refusal> =
            read_json(&headers, Body::from(body), Duration::from_secs(5)).await;
        read.map(|named| named.name).map_err(|refusal| refusal.code)
    }

    #[tokio::test]
    async fn a_body_is_json_that_says_so_and_is_not_large() {
        let json = "application/json; charset=utf-8";
        let good = || r#"{"name": "alice", "more": [1]}"#.to_owned();
        assert_eq!(named(json, good()).await.as_deref(), Ok("alice"));
        assert_eq!(named("text/plain", good()).await, Err(Code::BadFrame));
        assert_eq!(named(json, "{".into()).await, Err(Code::BadFrame));
        assert_eq!(named(json, "[".repeat(10_000)).await, Err(Code::BadFrame));
        let large = format!(r#"{{"name": "{}"}}"#, "a".repeat(BODY_MAX));
        assert_eq!(named(json, large).await, Err(Code::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never =
            Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let read = read(never, Duration::from_millis(1)).await;
        assert_eq!(read.unwrap_err().code, Code::BadFrame);
    }
}
