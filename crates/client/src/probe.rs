//! What somebody asks who wants to know whether a relay is reached as browsers reach it: plain answers with their status, and a line
//! that a visitor opens. Nobody signs in for it and nothing is changed.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{HOST, ORIGIN};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use lamplight_core::address::DeviceId;
use lamplight_core::wire::{Codec, Credentials, ToAgent, ToService, VERSION, from_cbor, to_cbor};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::error::Error;
use crate::relay::{Relay, Stream};

/// Whoever answers later than this is not there for a browser either.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);
/// What is worth reading of an answer.
const ANSWER_MAX: usize = 64 * 1024;

/// What came back, from the relay or from whoever stands before it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Sends one request without credentials; `origin` is the page that a browser would name.
pub async fn ask(
    relay: &Relay,
    method: &str,
    path: &str,
    origin: Option<&str>,
) -> Result<Answer, Error> {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).map_err(|_| Error::NoRelay)?)
        .uri(path)
        .header(HOST, relay.authority())
        .header("x-lamplight", "1");
    if let Some(origin) = origin {
        request = request.header(ORIGIN, origin);
    }
    let request = request.body(Empty::<Bytes>::new());
    let request = request.map_err(|_| Error::NoRelay)?;
    let hung_up = |error: hyper::Error| Error::Unreachable(std::io::Error::other(error));
    let exchange = async {
        let stream = TokioIo::new(relay.dial().await?);
        let opened = hyper::client::conn::http1::handshake(stream).await;
        let (mut sender, connection) = opened.map_err(hung_up)?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(hung_up)?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
        connection.abort();
        // An answer that is too long is none of ours; its status is told all the same.
        let body = body.map_or_else(|_| Vec::new(), |body| body.to_bytes().to_vec());
        Ok(Answer { status, body })
    };
    timeout(ANSWER_WITHIN, exchange).await.map_err(late)?
}

/// Why no line could be opened.
#[derive(Debug)]
pub enum NoLine {
    /// The answer was not a WebSocket but this status.
    NotUpgraded(u16),
    /// It became a WebSocket, and then nobody answered in the relay's words.
    Silent,
    Failed(Error),
}

/// An open line of a visitor.
pub struct Line {
    socket: WebSocketStream<Box<dyn Stream>>,
}

impl Line {
    /// Opens a line as a page of `origin` does, and is welcomed.
    pub async fn open(relay: &Relay, origin: &str) -> Result<Self, NoLine> {
        let odd = || NoLine::Failed(Error::NoRelay);
        let url = format!("ws://{}/v1/ws", relay.authority());
        let mut request = url.into_client_request().map_err(|_| odd())?;
        let headers = request.headers_mut();
        let protocol = HeaderValue::from_static(Codec::Cbor.subprotocol());
        headers.insert("sec-websocket-protocol", protocol);
        let origin = HeaderValue::from_str(origin).map_err(|_| odd())?;
        headers.insert(ORIGIN, origin);
        let failed = |error| NoLine::Failed(Error::Unreachable(error));
        let stream = relay.dial().await.map_err(failed)?;
        let opening = tokio_tungstenite::client_async(request, stream);
        let opened = timeout(ANSWER_WITHIN, opening).await;
        let opened = opened.map_err(|over| failed(late(over)))?;
        let (socket, _) = opened.map_err(|error| match error {
            tungstenite::Error::Http(answer) => NoLine::NotUpgraded(answer.status().as_u16()),
            tungstenite::Error::Io(error) => failed(error),
            _ => NoLine::Silent,
        })?;
        let mut line = Self { socket };
        match timeout(ANSWER_WITHIN, line.come_in()).await {
            Ok(Some(())) => Ok(line),
            _ => Err(NoLine::Silent),
        }
    }

    /// Says that nobody in particular is there, and hears any word of the relay's.
    async fn come_in(&mut self) -> Option<()> {
        let hello = to_cbor(&ToService::Hello {
            version: VERSION,
            credentials: Credentials::Visitor,
            device: DeviceId::parse("doctor").ok()?,
            cursor: None,
        });
        self.socket.send(Message::Binary(hello.into())).await.ok()?;
        while let Some(Ok(message)) = self.socket.next().await {
            if let Message::Binary(bytes) = message {
                return from_cbor::<ToAgent>(&bytes).ok().map(drop);
            }
        }
        None
    }

    /// Says nothing for `span`, but for the answers to pings that sockets give by themselves. Gives how long the line held if it
    /// was cut before.
    pub async fn keep_silent(mut self, span: Duration) -> Result<(), Duration> {
        let begun = Instant::now();
        let until_cut = async { while let Some(Ok(_)) = self.socket.next().await {} };
        match timeout(span, until_cut).await {
            Ok(()) => Err(begun.elapsed()),
            Err(_) => {
                let _ = timeout(Duration::from_secs(1), self.socket.close(None)).await;
                Ok(())
            }
        }
    }
}

fn late(_: tokio::time::error::Elapsed) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer")
}
