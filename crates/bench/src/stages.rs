//! The stages: each starts what it measures anew, asks the same of the relay and of the reference, and gives rows.

mod idle;
mod messages;
mod presence;
mod storms;
mod web;

use anyhow::Result;

use crate::bench::Bench;
use crate::report::Row;

pub struct Stage {
    pub name: &'static str,
    pub about: &'static str,
    pub run: fn(&mut Bench) -> Result<Vec<Row>>,
}

/// In the order in which they run.
pub const STAGES: &[Stage] = &[
    Stage {
        name: "idle",
        about: "what a signed-in connection holds while nothing happens",
        run: idle::idle,
    },
    Stage {
        name: "login",
        about: "everyone comes in at once, and one thousand come back",
        run: idle::login,
    },
    Stage {
        name: "churn",
        about: "changes at several rates: cost and age of a notification",
        run: presence::churn,
    },
    Stage {
        name: "saturation",
        about: "as many changes as the server takes",
        run: presence::saturation,
    },
    Stage {
        name: "bursts",
        about: "many contacts of the same watchers change in one moment",
        run: presence::bursts,
    },
    Stage {
        name: "overload",
        about: "twice as many changes as the server takes",
        run: presence::overload,
    },
    Stage {
        name: "star",
        about: "one who is watched by ten thousand changes fifty times a second; some of them do not read",
        run: storms::star,
    },
    Stage {
        name: "many",
        about: "nineteen thousand connections: idle, and a change by each",
        run: storms::many,
    },
    Stage {
        name: "restart",
        about: "the relay is killed under ten thousand agents, and starts again",
        run: storms::restart,
    },
    Stage {
        name: "live",
        about: "messages to someone who is there",
        run: messages::live,
    },
    Stage {
        name: "stored",
        about: "messages to someone who is not",
        run: messages::stored,
    },
    Stage {
        name: "fetch",
        about: "presence asked for over HTTP",
        run: web::fetch,
    },
    Stage {
        name: "badge",
        about: "the badge as an image",
        run: web::badge,
    },
];
