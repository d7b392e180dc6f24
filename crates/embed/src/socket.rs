//! One WebSocket to the relay: binary frames of the CBOR protocol, and exactly one word about its end.

use std::cell::Cell;
use std::rc::Rc;

use gloo::events::EventListener;
use js_sys::{ArrayBuffer, Uint8Array};
use lamplight_core::agent::LineLost;
use lamplight_core::wire::Codec;
use wasm_bindgen::JsCast;
use web_sys::{BinaryType, Event, MessageEvent, WebSocket};

use crate::hear::{Phase, listen};
use crate::letters::joined;

/// What a line tells.
pub enum Heard {
    Open,
    Frame(Vec<u8>),
    /// The last word: nothing follows.
    Lost(LineLost),
}

/// Why we close, as the relay's log shows it; each is an ordinary going, followed by the grace.
#[derive(Clone, Copy)]
pub enum Closing {
    /// The agent is done with this line.
    Done,
    /// The page goes out of the tab, perhaps to come back from the back/forward cache.
    PageHidden,
}

/// A line. Dropping it closes it; after that nothing is heard of it.
pub struct Socket {
    socket: WebSocket,
    _listeners: [EventListener; 3],
}

impl Socket {
    /// Opens a line to the relay that served this page.
    pub fn open(heard: impl Fn(Heard) + 'static) -> Option<Self> {
        let socket = WebSocket::new_with_str(&address()?, Codec::Cbor.subprotocol()).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let heard = Rc::new(heard);
        let was_open = Rc::new(Cell::new(false));

        let on = |kind, then| listen(&socket, kind, Phase::Bubble, then);

        let on_open = {
            let (heard, was_open) = (heard.clone(), was_open.clone());
            let open = move |_: &Event| {
                was_open.set(true);
                heard(Heard::Open);
            };
            on("open", Box::new(open))
        };
        let on_message = {
            let heard = heard.clone();
            let message = move |event: &Event| {
                let data = event.unchecked_ref::<MessageEvent>().data();
                // A text frame is not of this protocol; the relay never sends one here.
                if let Ok(buffer) = data.dyn_into::<ArrayBuffer>() {
                    heard(Heard::Frame(Uint8Array::new(&buffer).to_vec()));
                }
            };
            on("message", Box::new(message))
        };
        // An error is always followed by a close.
        let close = move |_: &Event| {
            heard(Heard::Lost(if was_open.get() {
                LineLost::Closed
            } else {
                LineLost::Unreachable
            }));
        };
        let on_close = on("close", Box::new(close));
        Some(Self {
            socket,
            _listeners: [on_open, on_message, on_close],
        })
    }

    /// Writes a frame. On a line that is not open any more it is lost; the agent learns of the end from the close event.
    pub fn send(&self, frame: &[u8]) {
        let _ = self.socket.send_with_u8_array(frame);
    }

    pub fn close(self, closing: Closing) {
        let (code, reason) = match closing {
            Closing::Done => (1000, ""),
            Closing::PageHidden => (4001, "page hidden"),
        };
        let _ = self.socket.close_with_code_and_reason(code, reason);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.socket.close();
    }
}

/// The WebSocket's address beside the page's own.
fn address() -> Option<String> {
    let location = web_sys::window()?.location();
    let scheme = if location.protocol().ok()? == "https:" {
        "wss://"
    } else {
        "ws://"
    };
    Some(joined(&[scheme, &location.host().ok()?, "/v1/ws"]))
}
