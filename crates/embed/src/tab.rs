//! Which tab this is, and what happens to it: sight, sleep, network, and somebody at the keyboard.
//!
//! A tab is a PRESENCE TUPLE. Its id is in sessionStorage, so that a reload is the same tab to everyone who watches; but a
//! duplicated tab starts with a copy of sessionStorage, so the id is guarded by a Web Lock and a second owner makes a new one.
//! Activity is shared among the tabs of a browser: whoever types in one is not away in another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::events::EventListener;
use js_sys::{Function, Object, Promise, Reflect};
use lamplight_core::address::{DeviceId, Token, TupleId};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, Event, PageTransitionEvent, VisibilityState};

use crate::chance;
use crate::clock;
use crate::hear::{Phase, listen, settled};
use crate::letters::joined;
use crate::storage::{local, session};

const DEVICE: &str = "lamplight-device";
const TUPLE: &str = "lamplight-tuple";
const CHANNEL: &str = "lamplight-activity";
/// Somebody at the keyboard is told at most this often.
const ACTIVE_EVERY_MS: u64 = 1_000;
/// A page that is being replaced by its own reload gives its lock up within this long.
const PATIENCE_MS: i32 = 150;

/// What happens to a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TabEvent {
    /// Somebody is there, in this tab or another one of this browser.
    Active,
    Hidden,
    Shown,
    /// The network is back.
    Online,
    /// The page is left, perhaps into the back/forward cache: nothing may stay open.
    Leaving,
    /// The page is back from that cache.
    Returned,
}

/// This browser profile.
pub fn device() -> DeviceId {
    let store = local();
    let known = store.get(DEVICE).and_then(|text| Token::parse(&text).ok());
    known.unwrap_or_else(|| {
        let device = chance::token('d');
        store.set(DEVICE, device.as_str());
        device
    })
}

/// A tab's name, held as long as this lives.
pub struct Tab {
    pub tuple: TupleId,
    lock: RefCell<Option<Function>>,
}

impl Tab {
    /// The name this tab had before a reload, or a new one.
    pub async fn claim() -> Self {
        let store = session();
        if let Some(tuple) = store.get(TUPLE).and_then(|text| Token::parse(&text).ok())
            && let Some(tab) = Self::hold(tuple).await
        {
            return tab;
        }
        let tuple = chance::token('t');
        store.set(TUPLE, tuple.as_str());
        let lock = RefCell::new(lock(&tuple).await.release());
        Self { tuple, lock }
    }

    async fn hold(tuple: TupleId) -> Option<Self> {
        for attempt in 0..2 {
            if attempt > 0 {
                pause(PATIENCE_MS).await;
            }
            match lock(&tuple).await {
                Locked::Taken => {}
                free => {
                    let lock = RefCell::new(free.release());
                    return Some(Self { tuple, lock });
                }
            }
        }
        None
    }

    /// A page with a lock does not enter the back/forward cache.
    pub fn let_go(&self) {
        if let Some(release) = self.lock.take() {
            // The promise behind it cannot refuse.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }

    /// After a return from that cache.
    pub async fn hold_again(&self) {
        let held = lock(&self.tuple).await.release();
        self.lock.replace(held);
    }
}

enum Locked {
    /// By us; calling the function gives it up.
    Held(Function),
    /// By another tab.
    Taken,
    /// This browser has no locks, or forbids them: ids are then as unique as chance makes them.
    Unknown,
}

impl Locked {
    fn release(self) -> Option<Function> {
        match self {
            Self::Held(release) => Some(release),
            Self::Taken | Self::Unknown => None,
        }
    }
}

#[wasm_bindgen]
extern "C" {
    /// `navigator.locks`; web-sys counts it among the unstable.
    type Locks;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &Locks,
        name: &str,
        options: &Object,
        granted: &Function,
    ) -> Result<Promise, JsValue>;
}

async fn lock(tuple: &TupleId) -> Locked {
    ask_for_lock(tuple).await.unwrap_or(Locked::Unknown)
}

async fn ask_for_lock(tuple: &TupleId) -> Result<Locked, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let locks = Reflect::get(&window.navigator(), &"locks".into())?;
    if !locks.is_object() {
        return Ok(Locked::Unknown);
    }
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into())?;

    // The lock is held until `held` settles; `answer` tells us at once whether we have it.
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let mut tell = None;
    let answer = Promise::new(&mut |resolve, _| tell = Some(resolve));
    let (release, tell) = (release.ok_or(JsValue::NULL)?, tell.ok_or(JsValue::NULL)?);
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let got_it = lock.is_object();
        let _ = tell.call1(&JsValue::UNDEFINED, &got_it.into());
        if got_it {
            held.into()
        } else {
            JsValue::UNDEFINED
        }
    });
    let name = joined(&[TUPLE, "-", tuple.as_str()]);
    let asked =
        locks
            .unchecked_into::<Locks>()
            .request(&name, &options, granted.unchecked_ref())?;
    // A refusal of the request itself (a frame of another site) is an answer too.
    let first = Promise::race(&js_sys::Array::of2(&answer, &asked));
    Ok(if settled(first).await?.is_truthy() {
        Locked::Held(release)
    } else {
        Locked::Taken
    })
}

async fn pause(milliseconds: i32) {
    let timer = Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window
                .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
        }
    });
    // A timer cannot refuse.
    let _ = settled(timer).await;
}

/// Listens to the tab as long as it lives.
pub struct Watch {
    _listeners: Vec<EventListener>,
}

/// Whether the page is out of sight.
pub fn is_hidden() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_some_and(|document| document.visibility_state() == VisibilityState::Hidden)
}

/// Tells everything that happens to this tab.
pub fn watch(tell: impl Fn(TabEvent) + 'static) -> Watch {
    let Some(window) = web_sys::window() else {
        return Watch {
            _listeners: Vec::new(),
        };
    };
    let tell: Rc<dyn Fn(TabEvent)> = Rc::new(tell);
    let others = Rc::new(Others::default());
    others.open(&tell);

    let mut listeners = activity(&window, &tell, &others);
    if let Some(document) = window.document() {
        let tell = tell.clone();
        let seen = move |_: &Event| {
            tell(if is_hidden() {
                TabEvent::Hidden
            } else {
                TabEvent::Shown
            });
        };
        let seen = Box::new(seen);
        listeners.push(listen(&document, "visibilitychange", Phase::Bubble, seen));
    }
    let mut on = |kind, then: Box<dyn FnMut(&Event)>| {
        listeners.push(listen(&window, kind, Phase::Bubble, then));
    };
    let online = tell.clone();
    on("online", Box::new(move |_| online(TabEvent::Online)));
    let (leaving, closing) = (tell.clone(), others.clone());
    let hide = move |_: &Event| {
        leaving(TabEvent::Leaving);
        closing.close();
    };
    on("pagehide", Box::new(hide));
    let show = move |event: &Event| {
        if event.unchecked_ref::<PageTransitionEvent>().persisted() {
            others.open(&tell);
            tell(TabEvent::Returned);
        }
    };
    on("pageshow", Box::new(show));
    Watch {
        _listeners: listeners,
    }
}

fn activity(
    window: &web_sys::Window,
    tell: &Rc<dyn Fn(TabEvent)>,
    others: &Rc<Others>,
) -> Vec<EventListener> {
    let last = Rc::new(Cell::new(0));
    let somebody = |kind| {
        let (tell, others, last) = (tell.clone(), others.clone(), last.clone());
        let active = move |_: &Event| {
            let now = clock::now().instant.0;
            if now.saturating_sub(last.get()) >= ACTIVE_EVERY_MS || last.get() == 0 {
                last.set(now.max(1));
                others.tell();
                tell(TabEvent::Active);
            }
        };
        listen(window, kind, Phase::Capture, Box::new(active))
    };
    [
        "pointerdown",
        "pointermove",
        "keydown",
        "wheel",
        "touchstart",
    ]
    .map(somebody)
    .into()
}

/// The other tabs of this browser. Without the channel each tab counts its own activity.
#[derive(Default)]
struct Others {
    channel: RefCell<Option<(BroadcastChannel, EventListener)>>,
}

impl Others {
    fn open(&self, tell: &Rc<dyn Fn(TabEvent)>) {
        let tell = tell.clone();
        let opened = BroadcastChannel::new(CHANNEL).ok().map(|channel| {
            let active = Box::new(move |_: &Event| tell(TabEvent::Active));
            let listener = listen(&channel, "message", Phase::Bubble, active);
            (channel, listener)
        });
        self.channel.replace(opened);
    }

    fn tell(&self) {
        if let Some((channel, _)) = &*self.channel.borrow() {
            // A tab that cannot be told goes by its own activity.
            let _ = channel.post_message(&JsValue::TRUE);
        }
    }

    fn close(&self) {
        if let Some((channel, listener)) = self.channel.take() {
            drop(listener);
            channel.close();
        }
    }
}
