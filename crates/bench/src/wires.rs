//! Many thousands of connections in one thread over the system's readiness events: nothing per connection but a socket and what
//! is half read or half written.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::frames::{self, Framing, Piece};

/// Read at once; what is shared by all connections.
const SCRATCH: usize = 256 * 1024;

/// What happened on a wire.
pub enum Happened<'a> {
    /// It is open.
    Open,
    Frame(&'a [u8]),
    /// It is closed, or broke.
    Gone,
}

/// What goes out on the wire that something happened on.
pub struct Out<'a> {
    bytes: &'a mut Vec<u8>,
    framing: Framing,
}

impl Out<'_> {
    pub fn say(&mut self, frame: &[u8]) {
        frames::write(self.bytes, self.framing, frame);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Absent,
    Connecting,
    /// The request to become a WebSocket is out.
    Upgrading,
    Open,
}

struct Wire {
    stream: Option<TcpStream>,
    stage: Stage,
    /// The beginning of a frame whose end has not come.
    half: Vec<u8>,
    out: Vec<u8>,
    /// The socket takes nothing now.
    full: bool,
    /// Nothing is read from it: a reader that is slow on purpose.
    deaf: bool,
}

/// The connections of one generator.
pub struct Wires {
    poll: Poll,
    events: Events,
    lines: Vec<Wire>,
    scratch: Vec<u8>,
    framing: Framing,
    server: SocketAddr,
    /// Bytes read since the start.
    pub bytes: u64,
}

impl Wires {
    pub fn new(server: SocketAddr, framing: Framing, count: usize) -> Result<Self> {
        let lines = (0..count).map(|_| Wire {
            stream: None,
            stage: Stage::Absent,
            half: Vec::new(),
            out: Vec::new(),
            full: false,
            deaf: false,
        });
        Ok(Self {
            poll: Poll::new().context("the system gives no readiness events")?,
            events: Events::with_capacity(4_096),
            lines: lines.collect(),
            scratch: vec![0; SCRATCH],
            framing,
            server,
            bytes: 0,
        })
    }

    pub fn connect(&mut self, index: usize) -> Result<()> {
        let mut stream = TcpStream::connect(self.server).context("no further connection")?;
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(index), both)?;
        self.lines[index] = Wire {
            stream: Some(stream),
            stage: Stage::Connecting,
            half: Vec::new(),
            out: Vec::new(),
            full: true,
            deaf: false,
        };
        Ok(())
    }

    pub fn disconnect(&mut self, index: usize) {
        let wire = &mut self.lines[index];
        wire.stream = None;
        wire.stage = Stage::Absent;
        wire.half = Vec::new();
        wire.out = Vec::new();
    }

    /// From now on nothing is read from this wire.
    pub fn deafen(&mut self, index: usize) {
        self.lines[index].deaf = true;
    }

    /// Whether everything that was said is with the system.
    pub fn is_said(&self, index: usize) -> bool {
        self.lines[index].out.is_empty()
    }

    /// Says a frame at once, with whatever waits.
    pub fn say(&mut self, index: usize, frame: &[u8]) {
        frames::write(&mut self.lines[index].out, self.framing, frame);
        self.lines[index].flush();
    }

    /// Hands what happens to `hear` until nothing more does, or for so long.
    pub fn turn(
        &mut self,
        wait: Duration,
        hear: &mut dyn FnMut(usize, Happened<'_>, &mut Out<'_>),
    ) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in &self.events {
            let index = event.token().0;
            let wire = &mut self.lines[index];
            if event.is_writable() {
                wire.full = false;
                if wire.stage == Stage::Connecting {
                    wire.connected(index, self.server, self.framing, hear);
                }
            }
            if event.is_readable() && !wire.deaf {
                self.bytes += wire.read(index, &mut self.scratch, self.framing, hear);
            }
            if event.is_error() && wire.stream.is_some() {
                wire.gone(index, self.framing, hear);
            }
            wire.flush();
        }
        Ok(())
    }
}

impl Wire {
    fn connected(
        &mut self,
        index: usize,
        server: SocketAddr,
        framing: Framing,
        hear: &mut dyn FnMut(usize, Happened<'_>, &mut Out<'_>),
    ) {
        if let Some(stream) = &self.stream {
            // What is said is waited for, and small.
            let _ = stream.set_nodelay(true);
        }
        if framing != Framing::WebSocket {
            self.stage = Stage::Open;
            return self.hear(index, Happened::Open, framing, hear);
        }
        self.stage = Stage::Upgrading;
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: lamplight.v1.cbor\r\n\r\n"
        );
        self.out.extend(request.into_bytes());
    }

    fn hear(
        &mut self,
        index: usize,
        what: Happened<'_>,
        framing: Framing,
        hear: &mut dyn FnMut(usize, Happened<'_>, &mut Out<'_>),
    ) {
        let mut out = Out {
            bytes: &mut self.out,
            framing,
        };
        hear(index, what, &mut out);
    }

    fn gone(
        &mut self,
        index: usize,
        framing: Framing,
        hear: &mut dyn FnMut(usize, Happened<'_>, &mut Out<'_>),
    ) {
        self.stream = None;
        self.stage = Stage::Absent;
        self.half = Vec::new();
        self.out = Vec::new();
        self.hear(index, Happened::Gone, framing, hear);
    }

    /// Reads what is there; how many bytes.
    fn read(
        &mut self,
        index: usize,
        scratch: &mut [u8],
        framing: Framing,
        hear: &mut dyn FnMut(usize, Happened<'_>, &mut Out<'_>),
    ) -> u64 {
        let mut sum = 0;
        loop {
            let Some(stream) = &mut self.stream else {
                return sum;
            };
            let read = match stream.read(scratch) {
                Ok(0) => None,
                Ok(read) => Some(read),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return sum,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => None,
            };
            let Some(read) = read else {
                self.gone(index, framing, hear);
                return sum;
            };
            sum += read as u64;
            let bytes = &scratch[..read];
            if self.half.is_empty() {
                let used = self.pieces(index, bytes, framing, hear);
                self.half.extend_from_slice(&bytes[used..]);
            } else {
                let mut whole = std::mem::take(&mut self.half);
                whole.extend_from_slice(bytes);
                let used = self.pieces(index, &whole, framing, hear);
                whole.drain(..used);
                self.half = whole;
            }
            // Readiness is told anew when more comes.
            if read < scratch.len() {
                return sum;
            }
        }
    }

    fn pieces(
        &mut self,
        index: usize,
        bytes: &[u8],
        framing: Framing,
        hear: &mut dyn FnMut(usize, Happened<'_>, &mut Out<'_>),
    ) -> usize {
        let mut at = 0;
        if self.stage == Stage::Upgrading && framing == Framing::WebSocket {
            let Some(head) = frames::head_of(bytes) else {
                return 0;
            };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                self.gone(index, framing, hear);
                return bytes.len();
            }
            at = head;
            self.stage = Stage::Open;
            self.hear(index, Happened::Open, framing, hear);
        }
        while let Some((piece, length)) = frames::read(&bytes[at..], framing) {
            match piece {
                Piece::Frame(range) => {
                    let frame = &bytes[at + range.start..at + range.end];
                    self.hear(index, Happened::Frame(frame), framing, hear);
                }
                Piece::Ping => frames::write_pong(&mut self.out),
                Piece::Nothing => {}
                Piece::Close => {
                    self.gone(index, framing, hear);
                    return bytes.len();
                }
            }
            at += length;
        }
        at
    }

    fn flush(&mut self) {
        while !self.full && !self.out.is_empty() {
            let Some(stream) = &mut self.stream else {
                return;
            };
            match stream.write(&self.out) {
                Ok(written) if written == self.out.len() => self.out.clear(),
                Ok(written) => drop(self.out.drain(..written)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Full, or broken: then reading says so.
                Err(_) => self.full = true,
            }
        }
    }
}
