//! Frames to bytes and back. Both codecs read the same types, so neither can say what the other cannot.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cbor::{Decode, Encode, Fault, Reader, Writer};
use crate::code::Code;
use crate::message::BAD_BODY;

/// The subprotocol that a connection has agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// `lamplight.v1.cbor`: binary frames.
    Cbor,
    /// `lamplight.v1.json`: text frames.
    Json,
}

/// Why bytes are not a frame. Says nothing of their content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Not CBOR or JSON, or not a frame of this protocol.
    NotAFrame,
    /// A frame with a body that is empty or longer than [`BODY_MAX`](crate::message::BODY_MAX).
    BadBody,
    /// A whole frame, and more behind it.
    MoreBehind,
}

impl DecodeError {
    /// How a service refuses such a frame.
    pub fn code(self) -> Code {
        match self {
            Self::BadBody => Code::TooLarge,
            Self::NotAFrame | Self::MoreBehind => Code::BadFrame,
        }
    }

    /// JSON's library says in words which of our types refused its text.
    fn of_json(error: &serde_json::Error) -> Self {
        match error.to_string().contains(BAD_BODY) {
            true => Self::BadBody,
            false => Self::NotAFrame,
        }
    }

    fn of_cbor(fault: Fault) -> Self {
        match fault {
            Fault::Refused("Body") => Self::BadBody,
            _ => Self::NotAFrame,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAFrame => "the bytes are not a frame of this protocol",
            Self::BadBody => "the body is empty or too long",
            Self::MoreBehind => "something follows the frame",
        })
    }
}

impl core::error::Error for DecodeError {}

impl Codec {
    /// The name in `Sec-WebSocket-Protocol`.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::Cbor => "lamplight.v1.cbor",
            Self::Json => "lamplight.v1.json",
        }
    }

    /// One frame as bytes.
    pub fn encode<T: Encode + Serialize>(self, frame: &T) -> Vec<u8> {
        match self {
            Self::Cbor => to_cbor(frame),
            Self::Json => serde_json::to_vec(frame).unwrap_or_default(),
        }
    }

    /// One frame from bytes; what follows a whole frame is an error.
    pub fn decode<T: Decode + DeserializeOwned>(self, bytes: &[u8]) -> Result<T, DecodeError> {
        match self {
            Self::Cbor => from_cbor(bytes),
            Self::Json => {
                serde_json::from_slice(bytes).map_err(|error| DecodeError::of_json(&error))
            }
        }
    }
}

/// CBOR alone: the page uses this one, so that its linker drops JSON.
pub fn to_cbor<T: Encode>(frame: &T) -> Vec<u8> {
    let mut to = Writer::default();
    frame.encode(&mut to);
    to.into_bytes()
}

/// Reads one CBOR value that fills all of `bytes`.
pub fn from_cbor<T: Decode>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut from = Reader::new(bytes);
    let frame = T::decode(&mut from).ok_or_else(|| DecodeError::of_cbor(from.fault()))?;
    if from.position() < bytes.len() {
        return Err(DecodeError::MoreBehind);
    }
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{InboxAddress, MessageId};
    use crate::message::{BODY_MAX, Body};
    use crate::wire::ToService;

    #[test]
    fn an_oversized_body_is_told_from_a_broken_frame_in_both_codecs() {
        let send = ToService::Send {
            from: None,
            id: MessageId(7),
            to: InboxAddress::parse("bob@localhost").unwrap(),
            body: Body::parse(&"x".repeat(BODY_MAX)).unwrap(),
        };
        for codec in [Codec::Cbor, Codec::Json] {
            let bytes = codec.encode(&send);
            assert_eq!(codec.decode::<ToService>(&bytes), Ok(send.clone()));
            assert_eq!(
                codec.decode::<ToService>(&bytes[1..]),
                Err(DecodeError::NotAFrame)
            );
        }
        let json = alloc::string::String::from_utf8(Codec::Json.encode(&send)).unwrap();
        let long = json.replace("xxx", "xxxx");
        assert_eq!(
            Codec::Json.decode::<ToService>(long.as_bytes()),
            Err(DecodeError::BadBody)
        );
        let mut cbor = Codec::Cbor.encode(&send);
        let length = cbor.len() - BODY_MAX - 2;
        cbor[length..length + 2].copy_from_slice(&(BODY_MAX as u16 + 1).to_be_bytes());
        cbor.push(b'x');
        assert_eq!(
            Codec::Cbor.decode::<ToService>(&cbor),
            Err(DecodeError::BadBody)
        );
    }
}
