//! One WebSocket: bytes from and to the hub, in one task.
//!
//! Reading and writing go on side by side: a socket that is slow to take is still heard. The buffers are small on purpose
//! (trust.md B4): most sockets are idle, and what an idle one holds is what a relay costs.
//!
//! # How a socket ends
//!
//! The relay's last frame is a `Goodbye` that says why; the close code says the same in a number, for those who see only that.
//!
//! | code | why |
//! |---|---|
//! | 1000 | the agent said `Bye` or closed |
//! | 1009 | a frame was larger than [`FRAME_MAX`] |
//! | 1012 | the relay restarts |
//! | 4000 | anything else; see the goodbye |
//! | 4001 | not signed in, or not any more |
//! | 4002 | another version of the protocol |
//! | 4003 | not a frame, or not a hello first |
//! | 4008 | too slow: what waited for this socket did not fit any more |
//! | 4009 | replaced by a newer connection of the same page |
//! | 4029 | too many requests or sessions |

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use lamplight_core::address::SessionId;
use lamplight_core::code::Code;
use lamplight_core::wire::{Codec, FRAME_MAX, ToAgent};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use crate::hub::{Door, FromSocket, Page};
use crate::metrics::Metrics;
use crate::outbox::{Batch, Outbox};

/// Eagerly held per socket while something arrives.
const READ_BUFFER: usize = 4 * 1024;
/// Gathered before it is written to the line.
const WRITE_BUFFER: usize = 8 * 1024;
/// Taken from the outbox at once: enough for one large write, little enough that the rest can still be replaced.
const WRITE_AT_ONCE: usize = 64 * 1024;
/// The largest frame of the service: a full page of the longest messages. The socket writes on only when the line has taken what
/// was written before, so this is a bound for one frame and not what a socket may hold.
const WRITE_MAX: usize = 16 * 1024 * 1024;
/// How long a socket that is to end may take for its last words.
const ENDING: Duration = Duration::from_secs(5);
/// How long the relay waits for the other side's close.
const LINGER: Duration = Duration::from_secs(1);

/// Sizes that hold for every socket.
pub fn with_limits(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_MAX)
        .max_message_size(FRAME_MAX)
        .max_frame_size(FRAME_MAX)
}

/// The codec that a subprotocol names.
pub fn codec_of(subprotocol: &str) -> Option<Codec> {
    [Codec::Cbor, Codec::Json]
        .into_iter()
        .find(|codec| codec.subprotocol() == subprotocol)
}

/// Why a socket's reading or writing came to an end.
enum End {
    /// The other side closed, or the line broke.
    Gone,
    /// The other side sent a frame that is too large to read.
    TooLarge,
    /// The hub ended it, and the last words are written.
    Closed,
    /// The hub ended it, and the line takes nothing.
    Stuck,
}

/// Carries frames between an open socket and the hub until one of them ends it.
pub async fn converse(
    socket: WebSocket,
    (codec, page): (Codec, Page),
    door: Door,
    outbox_max: usize,
    metrics: Arc<Metrics>,
) {
    let session = door.next_session();
    let outbox = Arc::new(Outbox::new(outbox_max));
    let opened = FromSocket::Opened(session, codec, Arc::clone(&outbox), page);
    if !door.tell(opened).await {
        return;
    }
    metrics.sessions.up();
    let (mut sink, mut stream) = socket.split();
    let end = tokio::select! {
        end = read(&mut stream, session, &door) => end,
        end = write(&mut sink, codec, &outbox) => end,
        end = give_up(&outbox) => end,
    };
    door.tell(FromSocket::Lost(session)).await;
    metrics.sessions.down();
    let parting = part(end, sink, stream, codec);
    // Whatever the other side does, the socket is given back.
    let _ = timeout(ENDING, parting).await;
}

async fn read(stream: &mut SplitStream<WebSocket>, session: SessionId, door: &Door) -> End {
    while let Some(message) = stream.next().await {
        let what = match message {
            // Bytes that do not fit the codec are not a frame: the service says so.
            Ok(Message::Binary(bytes)) => FromSocket::Frame(session, Arc::from(&*bytes)),
            Ok(Message::Text(text)) => FromSocket::Frame(session, Arc::from(text.as_bytes())),
            Ok(Message::Ping(_) | Message::Pong(_)) => FromSocket::Heard(session),
            Ok(Message::Close(_)) => return End::Gone,
            Err(error) => return end_of(error),
        };
        if !door.tell(what).await {
            return End::Gone;
        }
    }
    End::Gone
}

fn end_of(error: axum::Error) -> End {
    match error
        .into_inner()
        .downcast::<tungstenite::Error>()
        .as_deref()
    {
        Ok(tungstenite::Error::Capacity(_)) => End::TooLarge,
        _ => End::Gone,
    }
}

async fn write(sink: &mut SplitSink<WebSocket, Message>, codec: Codec, outbox: &Outbox) -> End {
    loop {
        let batch = outbox.take(WRITE_AT_ONCE).await;
        let close = batch.close;
        if write_batch(sink, codec, batch).await.is_err() {
            return End::Gone;
        }
        if close.is_some() {
            return End::Closed;
        }
    }
}

async fn write_batch(
    sink: &mut SplitSink<WebSocket, Message>,
    codec: Codec,
    batch: Batch,
) -> Result<(), axum::Error> {
    for frame in batch.frames {
        sink.feed(message(codec, frame)).await?;
    }
    if batch.ping {
        sink.feed(Message::Ping(Bytes::new())).await?;
    }
    if let Some(code) = batch.close {
        sink.feed(close(code)).await?;
    }
    sink.flush().await
}

/// Once the hub has ended the socket, its writer has so long.
async fn give_up(outbox: &Outbox) -> End {
    outbox.ending().await;
    tokio::time::sleep(ENDING).await;
    End::Stuck
}

/// The last words, and waiting for the other side's.
async fn part(
    end: End,
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    codec: Codec,
) {
    match end {
        End::Stuck => {}
        End::Gone => {
            // Sends the answer to a close, if one came.
            let _ = timeout(LINGER, sink.flush()).await;
        }
        End::Closed => {
            let until_gone = async { while let Some(Ok(_)) = stream.next().await {} };
            let _ = timeout(LINGER, until_gone).await;
        }
        End::TooLarge => {
            let goodbye = ToAgent::Goodbye {
                refusal: Code::TooLarge.refusal(),
            };
            let batch = Batch {
                frames: vec![codec.encode(&goodbye).into()],
                ping: false,
                close: Some(Code::TooLarge),
            };
            if write_batch(&mut sink, codec, batch).await.is_ok() {
                // The rest of the frame lies unread, and closing now would reset the line before the last words are read.
                tokio::time::sleep(LINGER).await;
            }
        }
    }
}

fn message(codec: Codec, frame: Arc<[u8]>) -> Message {
    let bytes = Bytes::from_owner(frame);
    match codec {
        Codec::Cbor => Message::Binary(bytes),
        // JSON is UTF-8; were it not, a binary frame would still arrive.
        Codec::Json => Utf8Bytes::try_from(bytes.clone())
            .map_or_else(|_| Message::Binary(bytes), Message::Text),
    }
}

fn close(code: Code) -> Message {
    Message::Close(Some(CloseFrame {
        code: close_number(code),
        reason: code.slug().into(),
    }))
}

/// The table at the top.
fn close_number(code: Code) -> u16 {
    match code {
        Code::TooLarge => close_code::SIZE,
        Code::Draining => close_code::RESTART,
        Code::NotSignedIn | Code::SignedOut | Code::WrongCredentials | Code::Suspended => 4001,
        Code::WrongVersion => 4002,
        Code::BadFrame | Code::HelloFirst => 4003,
        Code::TooSlow => 4008,
        Code::Replaced => 4009,
        Code::TooManyRequests | Code::TooManySessions => 4029,
        _ => 4000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_subprotocols_are_known_and_no_other() {
        assert_eq!(codec_of("lamplight.v1.cbor"), Some(Codec::Cbor));
        assert_eq!(codec_of("lamplight.v1.json"), Some(Codec::Json));
        assert_eq!(codec_of("lamplight.v2.cbor"), None);
    }

    #[test]
    fn every_close_number_may_be_sent() {
        for code in Code::ALL {
            let number = close_number(*code);
            assert!(
                matches!(number, 1009 | 1012 | 4000..=4999),
                "{code:?} {number}"
            );
        }
    }
}
