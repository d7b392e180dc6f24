//! The page around the frame: what it is asked and told. Both sides stand in docs/EMBEDDING.md.

use std::cell::RefCell;

use js_sys::{Function, Reflect, decode_uri_component};
use lamplight_embed::{Address, Word};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::Asked;
use crate::dom;

/// What the page says.
pub enum Heard {
    Hello {
        /// What stands on its button.
        name: String,
        /// Whether its backend can say who the visitor is.
        vouches: bool,
    },
    State {
        /// The frame is shown.
        open: bool,
        /// What its badge says of the one who is written to.
        word: Option<Word>,
    },
    /// Who the visitor is, as the page's backend says.
    Token(String),
    /// The site knows nobody who is the visitor.
    Nobody,
    /// The page could not find out who it is.
    NotKnown,
}

#[wasm_bindgen(module = "/js/around.js")]
extern "C" {
    fn greet(origin: &str, tell: &Function) -> Function;
}

/// The way to the page, once it was greeted.
#[derive(Default)]
pub struct Around(RefCell<Option<Function>>);

impl Around {
    /// Greets the page of this origin, and tells what it says from then on.
    pub fn greet(&self, origin: &str, tell: impl Fn(Heard) + 'static) {
        let tell = Closure::<dyn Fn(String, JsValue)>::new(move |kind: String, said: JsValue| {
            if let Some(heard) = read(&kind, &said) {
                tell(heard);
            }
        });
        // Both last as long as the frame.
        let say = greet(origin, tell.into_js_value().unchecked_ref());
        self.0.replace(Some(say));
    }

    /// Says something, with a number where one belongs to it.
    pub fn say(&self, kind: &str, count: u32) {
        if let Some(say) = &*self.0.borrow() {
            // A page that is gone hears nothing.
            let _ = say.call2(&JsValue::UNDEFINED, &kind.into(), &count.into());
        }
    }
}

fn read(kind: &str, said: &JsValue) -> Option<Heard> {
    let field = |name: &str| Reflect::get(said, &name.into()).ok();
    let text = |name: &str| field(name)?.as_string();
    let flag = |name: &str| field(name).is_some_and(|value| value.is_truthy());
    match kind {
        "hello" => Some(Heard::Hello {
            name: text("name").unwrap_or_default(),
            vouches: flag("vouches"),
        }),
        "state" => Some(Heard::State {
            open: flag("open"),
            word: text("word").and_then(|slug| word(&slug)),
        }),
        "token" => Some(match (text("token"), text("code")) {
            (Some(token), _) => Heard::Token(token),
            (None, None) => Heard::Nobody,
            (None, Some(_)) => Heard::NotKnown,
        }),
        // A newer page may say more.
        _ => None,
    }
}

fn word(slug: &str) -> Option<Word> {
    Some(match slug {
        "available" => Word::Available,
        "busy" => Word::Busy,
        "away" => Word::Away,
        "offline" => Word::Offline,
        "not_available" => Word::NotAvailable,
        "unknown" => Word::Unknown,
        "not_shared" => Word::NotShared,
        _ => return None,
    })
}

/// What stands behind the `?`: `to` and `origin`.
pub fn asked(search: &str) -> Option<Asked> {
    let value = |name: &str| {
        let mut pairs = search.trim_start_matches('?').split('&');
        let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        decode_uri_component(value).ok().map(String::from)
    };
    Some(Asked {
        to: Address::parse(&value("to")?).ok()?,
        origin: value("origin")?,
    })
}

/// Whether there is a page around.
pub fn is_framed() -> bool {
    let window = dom::window();
    !matches!(window.parent(), Ok(Some(around)) if around == window)
}
