//! One WebSocket to the relay: binary frames of the CBOR protocol. Reading waits for nobody who writes: a relay that takes
//! nothing must still be heard, or noticed to be silent.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use lamplight_core::address::{DeviceId, Principal};
use lamplight_core::private::Private;
use lamplight_core::wire::{Codec, Credentials, ToAgent, ToService, VERSION, from_cbor, to_cbor};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::error::Error;
use crate::relay::{Relay, Stream};

type Socket = WebSocketStream<Box<dyn Stream>>;

/// What was written last and the goodbye have this long to leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);
/// A relay that has not welcomed anybody by then does not.
const WELCOME_WITHIN: Duration = Duration::from_secs(12);

/// An open line. Dropping it breaks it without a word.
pub(crate) struct Line {
    heard: SplitStream<Socket>,
    /// The agent says no more than the relay lets it, so nothing gathers here.
    said: mpsc::UnboundedSender<Vec<u8>>,
    writer: JoinHandle<()>,
}

impl Line {
    /// Opens a line.
    pub async fn open(relay: &Relay) -> Result<Self, Error> {
        let no_relay = |_| Error::NoRelay;
        let url = format!("ws://{}/v1/ws", relay.authority());
        let mut request = url.into_client_request().map_err(no_relay)?;
        let protocol = HeaderValue::from_static(Codec::Cbor.subprotocol());
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let stream = relay.dial().await?;
        let opening = tokio_tungstenite::client_async(request, stream);
        let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer");
        let opened = tokio::time::timeout(WELCOME_WITHIN, opening).await;
        let (socket, _) = opened.map_err(late)?.map_err(no_relay)?;
        let (sink, heard) = socket.split();
        let (said, to_say) = mpsc::unbounded_channel();
        Ok(Self {
            heard,
            said,
            writer: tokio::spawn(write(sink, to_say)),
        })
    }

    /// The next frame; nothing when the line is gone.
    pub async fn hear(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.heard.next().await? {
                Ok(Message::Binary(bytes)) => return Some(bytes.into()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub fn say(&self, frame: Vec<u8>) {
        // A line that does not take it is broken, and hearing will say so.
        let _ = self.said.send(frame);
    }

    /// Lets what was said go out, says goodbye and closes; nobody waits for the answer.
    pub async fn close(mut self) {
        // The writer ends with the last who could say something.
        self.said = mpsc::unbounded_channel().0;
        let _ = tokio::time::timeout(LEAVE_WITHIN, &mut self.writer).await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

async fn write(mut sink: SplitSink<Socket, Message>, mut to_say: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(frame) = to_say.recv().await {
        if sink.send(Message::Binary(frame.into())).await.is_err() {
            return;
        }
    }
    let _ = tokio::time::timeout(LEAVE_WITHIN, sink.close()).await;
}

/// Whom a token speaks for: the relay's welcome says it.
pub(crate) async fn whose(
    relay: &Relay,
    device: &DeviceId,
    token: &Private<String>,
) -> Result<Principal, Error> {
    let mut line = Line::open(relay).await?;
    line.say(to_cbor(&ToService::Hello {
        version: VERSION,
        credentials: Credentials::Token(token.clone()),
        device: device.clone(),
        cursor: None,
    }));
    let welcome = async {
        while let Some(frame) = line.hear().await {
            match from_cbor(&frame) {
                Ok(ToAgent::Welcome { you, .. }) => return Ok(you),
                Ok(ToAgent::Refused { refusal, .. } | ToAgent::Goodbye { refusal }) => {
                    return Err(Error::Refused(refusal.code));
                }
                _ => {}
            }
        }
        Err(Error::NoRelay)
    };
    let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "no welcome");
    let welcome = tokio::time::timeout(WELCOME_WITHIN, welcome).await;
    line.close().await;
    welcome.map_err(late)?
}
