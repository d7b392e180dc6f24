//! Every limit and bound of a service with its default and the reason for it. All are configuration of the relay.

use core::time::Duration;

use crate::address::ServerId;
use crate::ledger::SPAN;
use crate::message::BODY_MAX;
use crate::rules::Login;
use crate::wire::{Announced, FRAME_MAX, Offers};

/// What a service is made with.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    pub server: ServerId,
    pub limits: Limits,
    pub bounds: Bounds,
    /// Which of the two services there are.
    pub offers: Offers,
    /// For how long watchers are remembered.
    pub watchers_span: Duration,
    pub requires: Requires,
}

/// How one must have signed in at least, whatever rules say (RFC 2778 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requires {
    /// To watch anyone.
    pub watch: Login,
    /// To publish anything.
    pub publish: Login,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            server: ServerId::default(),
            limits: Limits::default(),
            bounds: Bounds::default(),
            offers: Offers::Both,
            watchers_span: SPAN,
            requires: Requires::default(),
        }
    }
}

/// A token bucket: so many at once, one more after each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub every: Duration,
}

/// How much of anything.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Frames of one session that wait for stored state; more are refused with `too_many_requests`.
    pub held_frames: usize,
    /// Contacts of one principal, and subscriptions of one session.
    pub subscriptions: usize,
    /// Watching sessions of one presentity; as many visitors beside them.
    pub watchers: usize,
    /// Lines of visitors, all together; more are told to come back.
    pub visitors: usize,
    /// Subscriptions of one visitor's line.
    pub visitor_subscriptions: usize,
    /// Requests of strangers that wait for an answer, per presentity; more make no new request.
    pub pending_requests: usize,
    /// Live sessions of one principal.
    pub sessions: usize,
    /// Sends of one session that are not answered yet.
    pub sends_in_flight: u16,
    /// Log entries on their way to one session that it has not acknowledged.
    pub delivery_window: u64,
    /// Log entries after which a cursor is answered with a reset rather than with all of them.
    pub resume_span: u64,
    /// Entries in one `Deliver` or `Page`.
    pub page: u16,
    pub frames: Rate,
    pub sends: Rate,
    pub publishes: Rate,
    pub fetches: Rate,
    /// Requests to see someone who has not decided about the asker.
    pub requests: Rate,
    /// Fetches of one presentity by one watcher.
    pub polls: Rate,
    /// Messages of one sender to those who do not know them.
    pub letters_to_strangers: Rate,
    /// Signals of what one is doing.
    pub signals: Rate,
    /// Further presentities of one principal.
    pub presentities: usize,
    /// Further inbox addresses of one principal.
    pub inboxes: usize,
    /// Messages of one sender that wait in one requests folder.
    pub held_messages: u32,
}

/// How long anything takes at most (DESIGN 2.3 and 9).
#[derive(Clone, Debug)]
pub struct Bounds {
    /// From the open socket to a hello.
    pub hello: Duration,
    /// Silence after which the service pings.
    pub ping: Duration,
    /// Silence after a ping that means the line is cut.
    pub pong: Duration,
    /// How long a device is still shown after its socket went.
    pub grace: Duration,
    /// After a start, how long an absent presentity is unknown rather than offline.
    pub settle: Duration,
    /// The least time between two notifications of one presentity to one watcher.
    pub notify_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            held_frames: 32,
            subscriptions: 10_000,
            watchers: 20_000,
            visitors: 8_000,
            // A page of a hundred elements, twice.
            visitor_subscriptions: 200,
            pending_requests: 100,
            sessions: 10,
            sends_in_flight: 32,
            delivery_window: 256,
            resume_span: 3_000,
            page: 300,
            // 20 a second with a burst of 100 (trust.md B5).
            frames: Rate {
                burst: 100,
                every: Duration::from_millis(50),
            },
            sends: Rate {
                burst: 20,
                every: Duration::from_millis(200),
            },
            publishes: Rate {
                burst: 20,
                every: Duration::from_millis(500),
            },
            fetches: Rate {
                burst: 50,
                every: Duration::from_millis(100),
            },
            requests: Rate {
                burst: 20,
                every: Duration::from_mins(3),
            },
            polls: Rate {
                burst: 6,
                every: Duration::from_secs(10),
            },
            // 10 a minute (trust.md B5).
            letters_to_strangers: Rate {
                burst: 10,
                every: Duration::from_secs(6),
            },
            signals: Rate {
                burst: 5,
                every: Duration::from_secs(1),
            },
            presentities: 8,
            inboxes: 50,
            held_messages: 50,
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            settle: Duration::from_secs(30),
            notify_every: Duration::from_secs(1),
        }
    }
}

impl ServiceConfig {
    /// What agents are told at the welcome.
    pub fn announced(&self) -> Announced {
        let bounds = &self.bounds;
        // Silence is seen after ping + pong; then the grace runs; 5 s more is what timers and the line may take.
        let gone = bounds.ping + bounds.pong + bounds.grace + Duration::from_secs(5);
        Announced {
            frame_max: FRAME_MAX as u32,
            body_max: BODY_MAX as u32,
            sends_in_flight: self.limits.sends_in_flight,
            contacts_max: self.limits.subscriptions as u32,
            gone_after_ms: gone.as_millis() as u32,
            grace_ms: bounds.grace.as_millis() as u32,
            quiet_ms: bounds.ping.as_millis() as u32,
            offers: self.offers,
            watchers_span_ms: self.watchers_span.as_millis() as u64,
        }
    }
}
