//! The way from HTTP to a socket. A cookie opens nothing here: the first frame says who it is. A page of another site may open
//! one too, but comes in by it as a visitor, or by what that
//! page itself may say.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use lamplight_core::code::Code;
use lamplight_core::wire::Codec;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::net::TcpStream;

use super::{Site, answer, visits};
use crate::hub::Page;
use crate::listener::Visitor;
use crate::socket::{self, Halves, Opening};

/// What an accepted key is hashed with (RFC 6455 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

pub async fn open(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    mut request: Request,
) -> Response {
    if site.is_draining() {
        return answer::refuse(&Code::Draining.refusal());
    }
    let Some(accept) = accept(&request) else {
        return answer::refuse_with(StatusCode::UPGRADE_REQUIRED, &Code::BadFrame.refusal());
    };
    let Some(codec) = codec(request.headers()) else {
        return answer::refuse(&Code::WrongVersion.refusal());
    };
    let page = Page {
        other: site.origins.other(request.headers()),
        site: visits::from_site(request.headers()),
    };
    let opening = Opening {
        codec,
        page,
        door: site.hub.clone(),
        outbox_max: site.config.connections.outbox.bytes(),
        metrics: Arc::clone(&site.metrics),
    };
    tokio::spawn(become_socket(
        hyper::upgrade::on(&mut request),
        opening,
        visitor,
    ));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    let protocol = HeaderValue::from_static(codec.subprotocol());
    headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    response
}

/// Once the answer is written the connection is ours. The socket has a task of its own, as small as what it needs.
async fn become_socket(upgrade: OnUpgrade, opening: Opening, visitor: Visitor) {
    // Whoever went meanwhile needs no socket.
    let Ok(upgraded) = upgrade.await else {
        return;
    };
    let Some((halves, early)) = halves_of(upgraded) else {
        return;
    };
    tokio::spawn(async move {
        socket::converse(halves, early, opening).await;
        drop(visitor);
    });
}

/// The connection under the request, and what came on it together with that.
fn halves_of(upgraded: Upgraded) -> Option<(Halves, Vec<u8>)> {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => {
            let early = parts.read_buf.to_vec();
            Some((parts.io.into_inner().into(), early))
        }
        Err(upgraded) => bridge(upgraded).map(|halves| (halves, Vec::new())),
    }
}

/// A connection under TLS cannot be written to without waiting: a task carries its bytes to and from a pair of our own.
#[cfg(unix)]
fn bridge(upgraded: Upgraded) -> Option<Halves> {
    let pair = tokio::net::UnixStream::pair();
    let pair = pair.inspect_err(|error| tracing::warn!(%error, "no socket for a line under TLS"));
    let (near, mut far) = pair.ok()?;
    tokio::spawn(async move {
        let mut line = TokioIo::new(upgraded);
        // Either side says by itself that the line broke.
        let _ = tokio::io::copy_bidirectional(&mut line, &mut far).await;
    });
    Some(near.into())
}

#[cfg(not(unix))]
fn bridge(_: Upgraded) -> Option<Halves> {
    tracing::error!(
        "lines under TLS need a system with Unix sockets; put a proxy before the relay"
    );
    None
}

/// The answer to the key of a request that wants to become a WebSocket (RFC 6455 4.2.1).
fn accept(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let version = headers.get(SEC_WEBSOCKET_VERSION)?;
    let wants = request.method() == Method::GET
        && names(headers, CONNECTION).any(|name| name.eq_ignore_ascii_case("upgrade"))
        && names(headers, UPGRADE).any(|name| name.eq_ignore_ascii_case("websocket"))
        && version == "13";
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| wants)?;
    let together = [key.as_bytes(), GUID.as_bytes()].concat();
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &together);
    HeaderValue::try_from(STANDARD.encode(hash)).ok()
}

/// The first of our subprotocols, in the order in which we like them, that the other side offers.
fn codec(headers: &HeaderMap) -> Option<Codec> {
    let all = [Codec::Cbor, Codec::Json];
    let offered = |codec: &Codec| {
        names(headers, SEC_WEBSOCKET_PROTOCOL).any(|name| name == codec.subprotocol())
    };
    all.into_iter().find(offered)
}

/// The words of a header that is a list.
fn names(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl FnOnce(&mut HeaderMap)) -> Request {
        let mut request = Request::new(Body::empty());
        let headers = request.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        headers.insert(SEC_WEBSOCKET_KEY, key);
        change(headers);
        request
    }

    #[test]
    fn the_key_of_the_standard_has_the_answer_of_the_standard() {
        let answer = accept(&request(|_| {})).unwrap();
        assert_eq!(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_request_that_lacks_something_is_none() {
        for name in [
            CONNECTION,
            UPGRADE,
            SEC_WEBSOCKET_VERSION,
            SEC_WEBSOCKET_KEY,
        ] {
            let without = request(|headers| drop(headers.remove(&name)));
            assert_eq!(accept(&without), None, "{name}");
        }
        let old = request(|headers| {
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("8"));
        });
        assert_eq!(accept(&old), None);
    }

    #[test]
    fn the_one_we_like_best_of_those_offered_is_chosen() {
        let of = |offered: &'static str| {
            codec(
                request(|headers| {
                    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(offered));
                })
                .headers(),
            )
        };
        assert_eq!(
            of("lamplight.v1.json, lamplight.v1.cbor"),
            Some(Codec::Cbor)
        );
        assert_eq!(of("other,lamplight.v1.json"), Some(Codec::Json));
        assert_eq!(of("lamplight.v2.cbor"), None);
        assert_eq!(codec(request(|_| {}).headers()), None);
    }
}
