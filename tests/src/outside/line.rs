//! One WebSocket to the relay with frames written by hand, in either codec: for what no agent would say.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use lamplight_core::address::Token;
use lamplight_core::private::Private;
use lamplight_core::wire::{Codec, Credentials, Cursor, ToAgent, ToService, VERSION};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::tls::Stream;

/// A frame that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Line {
    socket: WebSocketStream<Box<dyn Stream>>,
    codec: Codec,
    /// Frames that came and were not what somebody waited for, in order.
    pub passed: Vec<ToAgent>,
}

/// How a line ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The code of the close frame; nothing when the connection just ended.
    pub close: Option<u16>,
    /// The last frame before it, if that was a goodbye.
    pub goodbye: Option<lamplight_core::code::Code>,
}

impl Line {
    /// Opens a line as a program does: no origin.
    pub async fn open(relay: SocketAddr, codec: Codec) -> Self {
        Self::open_as(relay, codec, &[]).await
    }

    /// The same with headers, such as a page's origin and cookie.
    pub async fn open_as(
        relay: SocketAddr,
        codec: Codec,
        headers: &[(&'static str, &str)],
    ) -> Self {
        match Self::knock(relay, Some(codec.subprotocol()), headers).await {
            Ok(socket) => Self {
                socket,
                codec,
                passed: Vec::new(),
            },
            Err(error) => panic!("the line did not open: {error}"),
        }
    }

    /// The handshake alone, with any headers.
    pub async fn knock(
        relay: SocketAddr,
        subprotocol: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<Box<dyn Stream>>, Error> {
        let stream = Box::new(TcpStream::connect(relay).await?);
        Self::knock_over(stream, &relay.to_string(), subprotocol, headers).await
    }

    /// The handshake over a connection that is there already, to whoever it names.
    pub async fn knock_over(
        stream: Box<dyn Stream>,
        host: &str,
        subprotocol: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<Box<dyn Stream>>, Error> {
        let mut request = format!("ws://{host}/v1/ws").into_client_request()?;
        let wanted = subprotocol.map(|name| ("sec-websocket-protocol", name));
        for (name, value) in headers.iter().copied().chain(wanted) {
            let value = value.parse().map_err(|_| Error::Utf8(value.to_owned()))?;
            request.headers_mut().insert(name, value);
        }
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(socket)
    }

    /// Opens a line over a connection that is there already.
    pub async fn open_over(stream: Box<dyn Stream>, host: &str, codec: Codec) -> Self {
        let knocked = Self::knock_over(stream, host, Some(codec.subprotocol()), &[]).await;
        Self {
            socket: knocked.unwrap_or_else(|error| panic!("the line did not open: {error}")),
            codec,
            passed: Vec::new(),
        }
    }

    /// Waits until the relay asks whether we are there; answers it. Nothing when the line ends before.
    pub async fn pinged(&mut self) -> Option<()> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await {
                Ok(Some(Ok(Message::Ping(_)))) => return self.socket.flush().await.ok(),
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_) => return None,
                Ok(Some(Ok(_))) => {}
            }
        }
    }

    /// Opens a line and says hello with a program's token; answers after the welcome.
    pub async fn hello(
        relay: SocketAddr,
        codec: Codec,
        token: &str,
        cursor: Option<Cursor>,
    ) -> Self {
        let mut line = Self::open(relay, codec).await;
        line.send(&hello(
            VERSION,
            Credentials::Token(Private(token.into())),
            cursor,
        ))
        .await;
        line.welcome().await;
        line
    }

    /// The same with a relay that may end at any moment: nothing when it did.
    pub async fn try_hello(
        relay: SocketAddr,
        codec: Codec,
        token: &str,
        cursor: Option<Cursor>,
    ) -> Option<(Self, ToAgent)> {
        let socket = Self::knock(relay, Some(codec.subprotocol()), &[])
            .await
            .ok()?;
        let mut line = Self {
            socket,
            codec,
            passed: Vec::new(),
        };
        let token = Credentials::Token(Private(token.into()));
        line.send(&hello(VERSION, token, cursor)).await;
        loop {
            match line.next().await.ok()? {
                welcome @ ToAgent::Welcome { .. } => return Some((line, welcome)),
                frame => line.passed.push(frame),
            }
        }
    }

    /// Waits for the answer to a hello that is accepted.
    pub async fn welcome(&mut self) -> ToAgent {
        let is_welcome = |frame: &ToAgent| matches!(frame, ToAgent::Welcome { .. });
        self.until("a welcome", is_welcome).await
    }

    pub async fn send(&mut self, frame: &ToService) {
        let bytes = self.codec.encode(frame);
        self.send_bytes(bytes).await;
    }

    /// Anything, as a message of the codec's kind.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        let message = match self.codec {
            Codec::Cbor => Message::Binary(bytes.into()),
            Codec::Json => Message::Text(String::from_utf8_lossy(&bytes).as_ref().into()),
        };
        self.send_message(message).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        // A relay that has closed already says why in what it sent before.
        let _ = self.socket.send(message).await;
    }

    /// The next frame, or how the line ended.
    pub async fn next(&mut self) -> Result<ToAgent, End> {
        let read = tokio::time::timeout(PATIENCE, self.read()).await.ok();
        read.unwrap_or_else(|| {
            panic!(
                "nothing came for {PATIENCE:?}; before that {:?}",
                self.passed
            )
        })
    }

    /// The next text as it stands on the line.
    pub async fn next_text(&mut self) -> String {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return text.to_string(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("no text but {other:?}"),
                }
            }
        };
        let text = tokio::time::timeout(PATIENCE, next).await;
        text.expect("a text within its time")
    }

    async fn read(&mut self) -> Result<ToAgent, End> {
        let end = |close| {
            Err(End {
                close,
                goodbye: None,
            })
        };
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(self.decode(text.as_bytes())),
                Some(Ok(Message::Binary(bytes))) => return Ok(self.decode(&bytes)),
                Some(Ok(Message::Close(frame))) => return end(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return end(None),
            }
        }
    }

    fn decode(&self, bytes: &[u8]) -> ToAgent {
        let decoded = self.codec.decode(bytes);
        decoded.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)))
    }

    /// The first frame that is as wanted; others pass by.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&ToAgent) -> bool) -> ToAgent {
        self.find(what, |frame| wanted(frame).then(|| frame.clone()))
            .await
    }

    /// What `look` finds in the first frame in which it finds something.
    pub async fn find<T>(&mut self, what: &str, look: impl Fn(&ToAgent) -> Option<T>) -> T {
        loop {
            match self.next().await {
                Ok(frame) => match look(&frame) {
                    Some(found) => return found,
                    None => self.passed.push(frame),
                },
                Err(end) => panic!("the line ended ({end:?}) before {what}: {:?}", self.passed),
            }
        }
    }

    /// Reads to the end; nothing when it does not come within `bound`.
    pub async fn end(&mut self, bound: Duration) -> Option<End> {
        let mut goodbye = None;
        let reading = async {
            loop {
                match self.read().await {
                    Ok(ToAgent::Goodbye { refusal }) => goodbye = Some(refusal.code),
                    Ok(frame) => self.passed.push(frame),
                    Err(end) => return end,
                }
            }
        };
        let end = tokio::time::timeout(bound, reading).await.ok()?;
        Some(End { goodbye, ..end })
    }

    /// Ends the connection without a goodbye.
    pub fn hang_up(self) {
        drop(self.socket);
    }
}

/// A hello of a device called `test`.
pub fn hello(version: u16, credentials: Credentials, cursor: Option<Cursor>) -> ToService {
    ToService::Hello {
        version,
        credentials,
        device: Token::parse("test").expect("a token"),
        cursor,
    }
}
