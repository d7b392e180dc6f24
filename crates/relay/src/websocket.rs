//! WebSocket (RFC 6455) as a server speaks it, without I/O: bytes in, messages out, and the heads of frames.
//!
//! It is our own because of what an idle socket holds: nothing but the beginning of a frame whose end has not come. What was read
//! lies in a buffer that all sockets share, is unmasked in place and handed on; and whoever writes puts a head before bytes that
//! many sockets share. Extensions are not offered, so every reserved bit is a fault.

use lamplight_core::wire::FRAME_MAX;

/// Longest payload of a control frame (RFC 6455 5.5).
const CONTROL_MAX: usize = 125;
/// In the place of a length: two or eight bytes of it follow (5.2).
const LENGTH_IN_TWO: u8 = 126;
const LENGTH_IN_EIGHT: u8 = 127;

/// What a frame is (5.2, 11.8).
mod opcode {
    pub const CONTINUATION: u8 = 0;
    pub const TEXT: u8 = 1;
    pub const BINARY: u8 = 2;
    pub const CLOSE: u8 = 8;
    pub const PING: u8 = 9;
    pub const PONG: u8 = 10;
}

/// Which kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Binary,
}

/// What the other side said.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A whole message; a text is UTF-8.
    Message(&'a [u8]),
    /// To be answered with a pong of the same payload.
    Ping(&'a [u8]),
    Pong,
    /// The other side closes; nothing comes after it. The number is to be sent back.
    Close(Option<u16>),
}

/// What the other side did wrong; nothing is read after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A message is larger than [`FRAME_MAX`].
    TooLarge,
    /// Not what RFC 6455 allows a client to send.
    Protocol,
    /// A text that is not UTF-8.
    NotText,
}

impl Fault {
    /// The close code that says so (7.4.1).
    pub fn close_number(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::NotText => 1007,
            Self::TooLarge => 1009,
        }
    }
}

/// What is half read of one socket.
#[derive(Debug, Default)]
pub struct Reader {
    /// The beginning of a frame.
    half: Vec<u8>,
    /// The fragments of a message that is not whole yet, and what kind it is.
    fragments: Vec<u8>,
    kind: Option<Kind>,
}

/// A frame in bytes that were read.
struct Frame {
    is_last: bool,
    opcode: u8,
    mask: [u8; 4],
    start: usize,
    end: usize,
}

impl Reader {
    /// Takes bytes that came, which are unmasked where they lie, and says what they say.
    pub fn read(&mut self, bytes: &mut [u8], mut hear: impl FnMut(Heard<'_>)) -> Result<(), Fault> {
        if self.half.is_empty() {
            let used = self.frames(bytes, &mut hear)?;
            self.half.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut whole = std::mem::take(&mut self.half);
        whole.extend_from_slice(bytes);
        let used = self.frames(&mut whole, &mut hear)?;
        if used < whole.len() {
            whole.drain(..used);
            self.half = whole;
        }
        Ok(())
    }

    /// Whether nothing is held.
    #[cfg(test)]
    fn is_idle(&self) -> bool {
        self.half.capacity() == 0 && self.fragments.capacity() == 0
    }

    /// Reads all whole frames; how many bytes they were.
    fn frames(
        &mut self,
        bytes: &mut [u8],
        hear: &mut impl FnMut(Heard<'_>),
    ) -> Result<usize, Fault> {
        let mut used = 0;
        while let Some(frame) = self.head(&bytes[used..])? {
            let payload = &mut bytes[used + frame.start..used + frame.end];
            unmask(payload, frame.mask);
            self.frame(&frame, payload, hear)?;
            used += frame.end;
            if frame.opcode == opcode::CLOSE {
                return Ok(bytes.len());
            }
        }
        Ok(used)
    }

    /// The frame at the beginning of these bytes, once it is whole. What is wrong with it is said as soon as its head is there, so
    /// that nobody makes us wait for what we would not take.
    fn head(&self, bytes: &[u8]) -> Result<Option<Frame>, Fault> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let (is_last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let is_control = opcode >= opcode::CLOSE;
        let may_come = match opcode {
            opcode::CONTINUATION => self.kind.is_some(),
            opcode::TEXT | opcode::BINARY => self.kind.is_none(),
            opcode::CLOSE | opcode::PING | opcode::PONG => is_last,
            _ => false,
        };
        if first & 0x70 != 0 || second & 0x80 == 0 || !may_come {
            return Err(Fault::Protocol);
        }
        let (length, after) = match second & 0x7f {
            LENGTH_IN_TWO => match rest.first_chunk() {
                Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
                None => return Ok(None),
            },
            LENGTH_IN_EIGHT => match rest.first_chunk() {
                Some(length) => (u64::from_be_bytes(*length), 10),
                None => return Ok(None),
            },
            length => (u64::from(length), 2),
        };
        if is_control && length > CONTROL_MAX as u64 {
            return Err(Fault::Protocol);
        }
        if !is_control && length > (FRAME_MAX - self.fragments.len()) as u64 {
            return Err(Fault::TooLarge);
        }
        let (start, length) = (after + 4, length as usize);
        let Some(mask) = bytes.get(after..).and_then(<[u8]>::first_chunk) else {
            return Ok(None);
        };
        Ok((bytes.len() >= start + length).then_some(Frame {
            is_last,
            opcode,
            mask: *mask,
            start,
            end: start + length,
        }))
    }

    fn frame(
        &mut self,
        frame: &Frame,
        payload: &[u8],
        hear: &mut impl FnMut(Heard<'_>),
    ) -> Result<(), Fault> {
        match frame.opcode {
            opcode::PING => hear(Heard::Ping(payload)),
            opcode::PONG => hear(Heard::Pong),
            opcode::CLOSE => hear(Heard::Close(close_of(payload)?)),
            opcode::TEXT if frame.is_last => hear(Heard::Message(text(payload)?)),
            opcode::BINARY if frame.is_last => hear(Heard::Message(payload)),
            begins @ (opcode::TEXT | opcode::BINARY) => {
                self.kind = Some(match begins {
                    opcode::TEXT => Kind::Text,
                    _ => Kind::Binary,
                });
                self.fragments.extend_from_slice(payload);
            }
            _ => {
                self.fragments.extend_from_slice(payload);
                if frame.is_last {
                    let whole = std::mem::take(&mut self.fragments);
                    match self.kind.take() {
                        Some(Kind::Text) => hear(Heard::Message(text(&whole)?)),
                        _ => hear(Heard::Message(&whole)),
                    }
                }
            }
        }
        Ok(())
    }
}

fn text(payload: &[u8]) -> Result<&[u8], Fault> {
    match std::str::from_utf8(payload) {
        Ok(_) => Ok(payload),
        Err(_) => Err(Fault::NotText),
    }
}

/// The number in a close frame (5.5.1, 7.4).
fn close_of(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let Some((number, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(None),
            _ => Err(Fault::Protocol),
        };
    };
    let number = u16::from_be_bytes(*number);
    if !matches!(number, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Fault::Protocol);
    }
    text(reason).map(|_| Some(number))
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let (eights, rest) = payload.as_chunks_mut::<8>();
    let twice = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ twice).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Appends a message, whole in one frame.
pub fn put_message(out: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    let opcode = match kind {
        Kind::Text => opcode::TEXT,
        Kind::Binary => opcode::BINARY,
    };
    put(out, opcode, payload);
}

pub fn put_ping(out: &mut Vec<u8>) {
    put(out, opcode::PING, &[]);
}

pub fn put_pong(out: &mut Vec<u8>, payload: &[u8]) {
    put(out, opcode::PONG, payload);
}

/// Appends the last frame.
pub fn put_close(out: &mut Vec<u8>, number: u16, reason: &str) {
    let mut payload = number.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_bytes());
    payload.truncate(CONTROL_MAX);
    put(out, opcode::CLOSE, &payload);
}

/// Appends the answer to a close: the same number, or none.
pub fn put_close_back(out: &mut Vec<u8>, number: Option<u16>) {
    match number {
        Some(number) => put_close(out, number, ""),
        None => put(out, opcode::CLOSE, &[]),
    }
}

fn put(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        short @ 0..126 => out.push(short as u8),
        middle @ 126..0x1_0000 => {
            out.push(LENGTH_IN_TWO);
            out.extend((middle as u16).to_be_bytes());
        }
        long => {
            out.push(LENGTH_IN_EIGHT);
            out.extend((long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests;
