//! One WebSocket: bytes from and to the hub.
//!
//! The hub writes to the socket itself at the end of a turn ([`Line::flush`]), all that belongs together in one write; the socket's
//! task reads, and writes only what the system would not take at once. So a notification wakes no task, and an idle socket holds no
//! buffer: most are idle, and what an idle one holds is what a relay costs (trust.md B4).
//!
//! # How a socket ends
//!
//! The relay's last frame is a `Goodbye` that says why; the close code says the same in a number, for those who see only that.
//!
//! | code | why |
//! |---|---|
//! | 1000 | the agent said `Bye` or closed |
//! | 1002 | what came was no WebSocket frame |
//! | 1007 | a text was not UTF-8 |
//! | 1009 | a frame was larger than [`FRAME_MAX`](lamplight_core::wire::FRAME_MAX) |
//! | 1012 | the relay restarts |
//! | 4000 | anything else; see the goodbye |
//! | 4001 | not signed in, or not any more |
//! | 4002 | another version of the protocol |
//! | 4003 | not a frame, or not a hello first |
//! | 4008 | too slow: what waited for this socket did not fit any more |
//! | 4009 | replaced by a newer connection of the same page |
//! | 4029 | too many requests or sessions |

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use lamplight_core::address::SessionId;
use lamplight_core::code::Code;
use lamplight_core::service::Slot;
use lamplight_core::wire::{Codec, ToAgent};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpStream, tcp};
#[cfg(unix)]
use tokio::net::{UnixStream, unix};
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep, timeout};

use crate::hub::{Door, FromSocket, Page};
use crate::metrics::Metrics;
use crate::outbox::{Batch, Last, Outbox, Overflow};
use crate::websocket::{self, Fault, Heard, Kind, Reader};

/// Read at once, into what all sockets of a thread share.
const READ_AT_ONCE: usize = 64 * 1024;
/// Taken from the outbox at once: enough for one large write, little enough that the rest can still be replaced.
const WRITE_AT_ONCE: usize = 64 * 1024;
/// How long a socket that is to end may take for its last words.
const ENDING: Duration = Duration::from_secs(5);
/// How long the relay waits for the other side's close.
const LINGER: Duration = Duration::from_secs(1);

thread_local! {
    /// What is read lies here until it is handed on.
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_AT_ONCE]);
    /// What is written together is put together here.
    static WRITE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Why a socket's reading or writing came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The other side closed, or the line broke.
    Gone,
    /// The other side sent what cannot be read.
    Fault(Fault),
    /// The hub ended it, and the last words are written.
    Closed,
    /// The hub ended it, and the line takes nothing.
    Stuck,
}

/// Whether the hub may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Free,
    /// The system takes no more now: the socket's task waits until it does.
    Stuck,
    Over(End),
}

/// The writing side of a socket: what the hub holds of it.
pub struct Line {
    socket: Writing,
    kind: Kind,
    state: Mutex<State>,
    /// Lets the socket's task look at the state.
    look: Notify,
}

struct State {
    outbox: Outbox,
    /// Whether the hub will flush at the end of its turn.
    touched: bool,
    /// What was put together and is not written, from here on.
    rest: Vec<u8>,
    from: usize,
    /// The last words are among that, or written.
    is_last: bool,
    way: Way,
}

impl Line {
    fn new(socket: Writing, codec: Codec, most: usize) -> Self {
        Self {
            socket,
            kind: match codec {
                Codec::Cbor => Kind::Binary,
                // JSON is UTF-8.
                Codec::Json => Kind::Text,
            },
            state: Mutex::new(State {
                outbox: Outbox::new(most),
                touched: false,
                rest: Vec::new(),
                from: 0,
                is_last: false,
                way: Way::Free,
            }),
            look: Notify::new(),
        }
    }

    /// Puts a frame in its place, to be written by [`Line::flush`]. Whether it is the first since the last time.
    pub fn push(&self, slot: Slot, frame: Arc<[u8]>) -> Result<bool, Overflow> {
        let mut state = self.lock();
        if let Way::Over(_) = state.way {
            // The hub will hear of it.
            return Ok(false);
        }
        state.outbox.push(slot, frame)?;
        Ok(!std::mem::replace(&mut state.touched, true))
    }

    /// Asks whether the other side is there. Whether it is the first to be written since the last time.
    pub fn ping(&self) -> bool {
        let mut state = self.lock();
        state.outbox.ping();
        !std::mem::replace(&mut state.touched, true)
    }

    /// Ends the socket after what waits.
    pub fn close(&self, code: Code) {
        self.lock().outbox.close(Last::Code(code));
        self.flush();
        self.look.notify_one();
    }

    /// Ends a socket that does not read: what waits is dropped.
    pub fn close_slow(&self) {
        self.lock().outbox.close_slow();
        self.look.notify_one();
    }

    /// Writes what waits, as far as the system takes it at once; the socket's task sees to the rest.
    pub fn flush(&self) {
        let mut state = self.lock();
        state.touched = false;
        if state.way == Way::Free {
            self.write(&mut state);
        }
    }

    fn write(&self, state: &mut State) {
        let way = WRITE.with_borrow_mut(|together| {
            let way = self.write_all(state, together);
            together.clear();
            together.shrink_to(4 * WRITE_AT_ONCE);
            way
        });
        if way != Way::Free {
            self.look.notify_one();
        }
        if let Way::Over(_) = way {
            state.outbox.clear();
            (state.rest, state.from) = (Vec::new(), 0);
        }
        state.way = way;
    }

    fn write_all(&self, state: &mut State, together: &mut Vec<u8>) -> Way {
        loop {
            if !state.rest.is_empty() {
                match self.write_some(&state.rest[state.from..]) {
                    Ok(written) => state.from += written,
                    Err(way) => return way,
                }
                if state.from < state.rest.len() {
                    continue;
                }
                (state.rest, state.from) = (Vec::new(), 0);
            }
            if state.is_last {
                return Way::Over(End::Closed);
            }
            together.clear();
            let batch = state.outbox.take(WRITE_AT_ONCE);
            state.is_last = batch.close.is_some();
            put_together(together, self.kind, batch);
            if together.is_empty() {
                return Way::Free;
            }
            let mut from = 0;
            while from < together.len() {
                match self.write_some(&together[from..]) {
                    Ok(written) => from += written,
                    Err(way) => {
                        state.rest = together[from..].to_vec();
                        return way;
                    }
                }
            }
        }
    }

    fn write_some(&self, bytes: &[u8]) -> Result<usize, Way> {
        match self.socket.try_write(bytes) {
            Ok(0) => Err(Way::Over(End::Gone)),
            Ok(written) => Ok(written),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(Way::Stuck),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            Err(_) => Err(Way::Over(End::Gone)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The two sides of the connection under a socket.
pub struct Halves {
    reading: Reading,
    writing: Writing,
}

enum Reading {
    Tcp(tcp::OwnedReadHalf),
    #[cfg(unix)]
    Pair(unix::OwnedReadHalf),
}

enum Writing {
    Tcp(tcp::OwnedWriteHalf),
    #[cfg(unix)]
    Pair(unix::OwnedWriteHalf),
}

impl From<TcpStream> for Halves {
    fn from(stream: TcpStream) -> Self {
        let (reading, writing) = stream.into_split();
        Self {
            reading: Reading::Tcp(reading),
            writing: Writing::Tcp(writing),
        }
    }
}

#[cfg(unix)]
impl From<UnixStream> for Halves {
    fn from(stream: UnixStream) -> Self {
        let (reading, writing) = stream.into_split();
        Self {
            reading: Reading::Pair(reading),
            writing: Writing::Pair(writing),
        }
    }
}

impl Reading {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self {
            Self::Tcp(half) => Pin::new(half).poll_read(context, buffer),
            #[cfg(unix)]
            Self::Pair(half) => Pin::new(half).poll_read(context, buffer),
        }
    }
}

impl Writing {
    fn try_write(&self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(half) => half.try_write(bytes),
            #[cfg(unix)]
            Self::Pair(half) => half.try_write(bytes),
        }
    }

    async fn writable(&self) {
        // What is wrong with it the next write says.
        let _ = match self {
            Self::Tcp(half) => half.writable().await,
            #[cfg(unix)]
            Self::Pair(half) => half.writable().await,
        };
    }
}

/// What a new socket is opened with.
pub struct Opening {
    pub codec: Codec,
    pub page: Page,
    pub door: Door,
    /// Most bytes that may wait for it.
    pub outbox_max: usize,
    pub metrics: Arc<Metrics>,
}

/// Carries frames between an open socket and the hub until one of them ends it. `early` came together with the request.
pub async fn converse(halves: Halves, early: Vec<u8>, opening: Opening) {
    let Opening {
        codec,
        page,
        door,
        outbox_max,
        metrics,
    } = opening;
    let Halves { reading, writing } = halves;
    let session = door.next_session();
    let line = Arc::new(Line::new(writing, codec, outbox_max));
    let opened = FromSocket::Opened(session, codec, Arc::clone(&line), page);
    if !door.tell(opened).await {
        return;
    }
    metrics.sessions.up();
    let mut ear = Ear {
        session,
        line,
        socket: reading,
        reader: Reader::default(),
        told: Vec::new(),
    };
    let end = ear.listen(early, &door).await;
    door.tell(FromSocket::Lost(session)).await;
    metrics.sessions.down();
    // Whatever the other side does, the socket is given back.
    let _ = timeout(ENDING, Box::pin(ear.part(end, codec))).await;
}

/// The reading side of a socket, and its task.
struct Ear {
    session: SessionId,
    line: Arc<Line>,
    socket: Reading,
    reader: Reader,
    /// What is to be told to the hub.
    told: Vec<FromSocket>,
}

/// What there is to do for a socket's task.
enum Turn {
    Heard(Result<(), End>),
    Writable,
    Look,
    TimeIsUp,
}

impl Ear {
    async fn listen(&mut self, mut early: Vec<u8>, door: &Door) -> End {
        let mut heard = self.hear(&mut early);
        drop(early);
        let mut ending: Option<Pin<Box<Sleep>>> = None;
        loop {
            for what in std::mem::take(&mut self.told) {
                if !door.tell(what).await {
                    return End::Gone;
                }
            }
            if let Err(end) = heard {
                return end;
            }
            let (way, closing) = {
                let state = self.line.lock();
                (state.way, state.outbox.is_closing())
            };
            if let Way::Over(end) = way {
                return end;
            }
            if closing && ending.is_none() {
                ending = Some(Box::pin(sleep(ENDING)));
            }
            let Self {
                session,
                line,
                socket,
                reader,
                told,
            } = self;
            let (session, line) = (*session, &*line);
            let turn = tokio::select! {
                heard = poll_fn(|context| {
                    poll_hear(socket, context, reader, &mut |what| take(line, session, what, told))
                }) => Turn::Heard(heard),
                () = line.socket.writable(), if way == Way::Stuck => Turn::Writable,
                () = line.look.notified() => Turn::Look,
                () = over(&mut ending) => Turn::TimeIsUp,
            };
            match turn {
                Turn::Heard(end) => heard = end,
                Turn::Writable => self.line.go_on(),
                Turn::Look => {}
                Turn::TimeIsUp => return End::Stuck,
            }
        }
    }

    fn hear(&mut self, bytes: &mut [u8]) -> Result<(), End> {
        let Self {
            session,
            line,
            reader,
            told,
            ..
        } = self;
        read(reader, bytes, &mut |what| take(line, *session, what, told))
    }

    /// The last words, and waiting for the other side's.
    async fn part(&mut self, end: End, codec: Codec) {
        match end {
            End::Stuck | End::Gone => return,
            End::Closed => {}
            End::Fault(fault) => {
                let mut state = self.line.lock();
                if fault == Fault::TooLarge {
                    let refusal = Code::TooLarge.refusal();
                    let goodbye = codec.encode(&ToAgent::Goodbye { refusal });
                    // There is always room for the last words, or the socket is slow anyway.
                    let _ = state.outbox.push(Slot::InOrder, goodbye.into());
                }
                state.outbox.close(Last::Fault(fault));
                self.line.write(&mut state);
            }
        }
        // Closing while something lies unread would reset the line before the last words are read.
        let until_gone = async {
            let read = |context: &mut Context<'_>| poll_discard(&mut self.socket, context);
            poll_fn(read).await;
        };
        let _ = timeout(LINGER, until_gone).await;
    }
}

impl Line {
    /// The system takes more: goes on with what is not written.
    fn go_on(&self) {
        let mut state = self.lock();
        if state.way == Way::Stuck {
            state.way = Way::Free;
            self.write(&mut state);
        }
    }
}

/// What one socket said, for the hub, or for the line itself.
fn take(
    line: &Line,
    session: SessionId,
    what: Heard<'_>,
    told: &mut Vec<FromSocket>,
) -> Result<(), End> {
    match what {
        // Bytes that do not fit the codec are not a frame: the service says so.
        Heard::Message(frame) => told.push(FromSocket::Frame(session, Arc::from(frame))),
        Heard::Pong => told.push(FromSocket::Heard(session)),
        Heard::Ping(payload) => {
            line.lock().outbox.pong(payload);
            line.flush();
            told.push(FromSocket::Heard(session));
        }
        Heard::Close(number) => {
            line.lock().outbox.close(Last::Answer(number));
            line.flush();
            return Err(End::Gone);
        }
    }
    Ok(())
}

fn read(
    reader: &mut Reader,
    bytes: &mut [u8],
    hear: &mut impl FnMut(Heard<'_>) -> Result<(), End>,
) -> Result<(), End> {
    let mut end = Ok(());
    let read = reader.read(bytes, |what| {
        if let Err(over) = hear(what) {
            end = Err(over);
        }
    });
    end.and(read.map_err(End::Fault))
}

fn poll_hear(
    socket: &mut Reading,
    context: &mut Context<'_>,
    reader: &mut Reader,
    hear: &mut impl FnMut(Heard<'_>) -> Result<(), End>,
) -> Poll<Result<(), End>> {
    READ.with_borrow_mut(|bytes| {
        let mut buffer = ReadBuf::new(bytes);
        match socket.poll_read(context, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(_)) => Poll::Ready(Err(End::Gone)),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => Poll::Ready(Err(End::Gone)),
            Poll::Ready(Ok(())) => Poll::Ready(read(reader, buffer.filled_mut(), hear)),
        }
    })
}

/// Reads to the end, whatever comes.
fn poll_discard(socket: &mut Reading, context: &mut Context<'_>) -> Poll<()> {
    READ.with_borrow_mut(|bytes| {
        loop {
            let mut buffer = ReadBuf::new(bytes);
            match socket.poll_read(context, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
            }
        }
    })
}

async fn over(ending: &mut Option<Pin<Box<Sleep>>>) {
    match ending {
        Some(ending) => ending.await,
        None => std::future::pending().await,
    }
}

/// Puts what is written together behind each other.
fn put_together(out: &mut Vec<u8>, kind: Kind, batch: Batch) {
    for frame in batch.frames {
        websocket::put_message(out, kind, &frame);
    }
    if let Some(payload) = batch.pong {
        websocket::put_pong(out, &payload);
    }
    if batch.ping {
        websocket::put_ping(out);
    }
    match batch.close {
        None => {}
        Some(Last::Code(code)) => websocket::put_close(out, close_number(code), code.slug()),
        Some(Last::Fault(fault)) => {
            let reason = if fault == Fault::TooLarge {
                Code::TooLarge.slug()
            } else {
                ""
            };
            websocket::put_close(out, fault.close_number(), reason);
        }
        Some(Last::Answer(number)) => websocket::put_close_back(out, number),
    }
}

/// The table at the top.
fn close_number(code: Code) -> u16 {
    match code {
        Code::TooLarge => Fault::TooLarge.close_number(),
        Code::Draining => 1012,
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
