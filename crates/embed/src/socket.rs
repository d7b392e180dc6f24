//! One WebSocket to the relay: binary frames of the CBOR protocol, and exactly one word about its end.

use std::cell::Cell;

use js_sys::{Function, Uint8Array};
use lamplight_core::agent::LineLost;
use lamplight_core::wire::Codec;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::WebSocket;

/// Where the relay that served this page listens.
const PATH: &str = "/v1/ws";

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

#[wasm_bindgen(module = "/js/browser.js")]
extern "C" {
    #[wasm_bindgen(js_name = openLine, catch)]
    fn open_line(path: &str, protocol: &str, tell: &Function) -> Result<WebSocket, JsValue>;
}

/// A line. Dropping it closes it; after that nothing is heard of it.
pub struct Socket {
    socket: WebSocket,
    _tell: Closure<dyn Fn(JsValue)>,
}

impl Socket {
    /// Opens a line to the relay that served this page.
    pub fn open(heard: impl Fn(Heard) + 'static) -> Option<Self> {
        let was_open = Cell::new(false);
        let tell = Closure::<dyn Fn(JsValue)>::new(move |word: JsValue| {
            heard(if word.is_undefined() {
                was_open.set(true);
                Heard::Open
            } else if word.is_null() {
                Heard::Lost(if was_open.get() {
                    LineLost::Closed
                } else {
                    LineLost::Unreachable
                })
            } else {
                Heard::Frame(word.unchecked_into::<Uint8Array>().to_vec())
            });
        });
        let protocol = Codec::Cbor.subprotocol();
        let socket = open_line(PATH, protocol, tell.as_ref().unchecked_ref()).ok()?;
        Some(Self {
            socket,
            _tell: tell,
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
        // What it still says goes nowhere.
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}
