//! The frames on a line: WebSocket (RFC 6455) as a client writes and reads it, a length in front for the raw reference, and
//! answers of HTTP. As much as a relay of our own says, and no more.

use std::ops::Range;

/// How bytes are cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    WebSocket,
    /// Four bytes of length (little endian), then the frame.
    Raw,
    /// Answers to requests, one after the other; each is a frame with its head.
    Http,
}

/// What stands first in what was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// A frame at these bytes; the next one begins at the end of the whole.
    Frame(Range<usize>),
    /// To be answered with a pong.
    Ping,
    /// A pong, or anything else without content for us.
    Nothing,
    Close,
}

const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// In the place of a length: two or eight bytes of it follow.
const MIDDLE: u8 = 0x7e;
const LONG: u8 = 0x7f;

/// Any four bytes; a server must undo whatever stands here.
const MASK: [u8; 4] = [0x5a, 0xc3, 0x96, 0x3c];

/// Appends one frame.
pub fn write(out: &mut Vec<u8>, framing: Framing, payload: &[u8]) {
    match framing {
        Framing::WebSocket => write_web_socket(out, BINARY, payload),
        Framing::Raw => {
            out.extend((payload.len() as u32).to_le_bytes());
            out.extend_from_slice(payload);
        }
        Framing::Http => out.extend_from_slice(payload),
    }
}

/// Appends the answer to a ping.
pub fn write_pong(out: &mut Vec<u8>) {
    write_web_socket(out, PONG, &[]);
}

fn write_web_socket(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        short @ 0..126 => out.push(0x80 | short as u8),
        middle @ 126..0x1_0000 => {
            out.push(0x80 | MIDDLE);
            out.extend((middle as u16).to_be_bytes());
        }
        long => {
            out.push(0x80 | LONG);
            out.extend((long as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    out.extend(masked.map(|(byte, mask)| byte ^ mask));
}

/// The first piece of these bytes and how long it is, if it is whole.
pub fn read(bytes: &[u8], framing: Framing) -> Option<(Piece, usize)> {
    match framing {
        Framing::WebSocket => read_web_socket(bytes),
        Framing::Raw => {
            let head = bytes.first_chunk::<4>()?;
            let end = 4 + u32::from_le_bytes(*head) as usize;
            (bytes.len() >= end).then_some((Piece::Frame(4..end), end))
        }
        Framing::Http => {
            let head = head_of(bytes)?;
            let end = head + content_length(&bytes[..head]);
            (bytes.len() >= end).then_some((Piece::Frame(0..end), end))
        }
    }
}

fn read_web_socket(bytes: &[u8]) -> Option<(Piece, usize)> {
    let [first, second, rest @ ..] = bytes else {
        return None;
    };
    let (length, start) = match second & 0x7f {
        126 => (u16::from_be_bytes(*rest.first_chunk()?) as usize, 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?) as usize, 10),
        short => (short as usize, 2),
    };
    let end = start + length;
    if bytes.len() < end {
        return None;
    }
    let piece = match first & 0x0f {
        1 | BINARY => Piece::Frame(start..end),
        PING => Piece::Ping,
        CLOSE => Piece::Close,
        _ => Piece::Nothing,
    };
    Some((piece, end))
}

/// Where the head of an answer ends.
pub fn head_of(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| {
        let value = line.strip_prefix("content-length:")?;
        value.trim().parse().ok()
    });
    length.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_masked_and_has_its_length_before_it() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![7; length];
            let mut out = Vec::new();
            write(&mut out, Framing::WebSocket, &payload);
            // A client reads what a server writes: without the mask.
            let (piece, end) = read(&out, Framing::WebSocket).unwrap();
            let Piece::Frame(range) = piece else {
                panic!("{piece:?}")
            };
            assert_eq!((range.len(), end + 4), (length, out.len()));
            let content = &out[range.start + 4..];
            let plain: Vec<u8> = content
                .iter()
                .zip(MASK.iter().cycle())
                .map(|(byte, mask)| byte ^ mask)
                .collect();
            assert_eq!(plain, payload);
        }
    }

    #[test]
    fn half_a_frame_is_none_yet() {
        assert_eq!(read(&[0x82, 3, 1, 2], Framing::WebSocket), None);
        assert_eq!(read(&[0x82, 126, 1], Framing::WebSocket), None);
        assert_eq!(read(&[3, 0, 0, 0, 1, 2], Framing::Raw), None);
        let two = [0x82, 1, 9, 0x89, 0];
        assert_eq!(
            read(&two, Framing::WebSocket),
            Some((Piece::Frame(2..3), 3))
        );
        assert_eq!(read(&two[3..], Framing::WebSocket), Some((Piece::Ping, 2)));
    }

    #[test]
    fn an_answer_of_http_ends_where_its_length_says() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1";
        let end = answer.len() - 8;
        assert_eq!(
            read(answer, Framing::Http),
            Some((Piece::Frame(0..end), end))
        );
        assert_eq!(read(&answer[..end - 1], Framing::Http), None);
    }
}
