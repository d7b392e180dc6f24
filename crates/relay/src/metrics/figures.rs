//! Every figure of `/metrics`, with what it means and when to worry: the one table that the figures' text, `docs/METRICS.md` and the
//! dashboard are made of.

use lamplight_core::address::ServerId;

use super::{ByCode, Count};

/// How a figure moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Up and down.
    Gauge,
    /// Up only, from 0 at each start.
    Counter,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }
}

/// One figure.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The heading that it stands under.
    pub group: &'static str,
    /// What follows `lamplight_`.
    pub name: &'static str,
    pub kind: Kind,
    pub help: &'static str,
    /// When to worry, and what to do then.
    pub advice: &'static str,
    /// The label that tells its values apart, if there are several.
    pub label: &'static str,
}

macro_rules! figures {
    ($(#[$meta:meta])* $Type:ident ($Number:ty, $read:expr) { $($extra:ident: $Extra:ty,)* } $table:ident
        $($group:literal { $($field:ident $name:literal $kind:ident $help:literal $advice:literal)* })*) => {
        $(#[$meta])*
        #[allow(clippy::doc_markdown, reason = "what Prometheus is told is no Markdown")]
        #[derive(Debug, Default)]
        pub struct $Type {
            $(pub $extra: $Extra,)*
            $($(#[doc = $help] pub $field: $Number,)*)*
        }

        impl $Type {
            /// Each figure with its value.
            pub fn read(&self) -> impl Iterator<Item = (&'static Figure, u64)> {
                let values = [$($($read(&self.$field)),*),*];
                $table.iter().zip(values)
            }
        }

        pub static $table: &[Figure] = &[$($(
            Figure {
                group: $group,
                name: $name,
                kind: Kind::$kind,
                help: $help,
                advice: $advice,
                label: "",
            },
        )*)*];
    };
}

figures! {
    /// Everything that is counted as it happens.
    Metrics (Count, Count::get) {
        server: ServerId,
        visitors_refused: ByCode,
    } COUNTED
    "Load" {
        connections "connections" Gauge
            "Open TCP connections."
            "Near `connections.most` new ones wait: raise it together with the limit of open files, or look whether one address has very many."
        sessions "sessions" Gauge
            "Open WebSockets: tabs, programs and live badges."
            "A sudden fall without a restart: a proxy or a network went away. Much fewer than connections: somebody opens connections and says nothing."
        frames_in "frames_in_total" Counter
            "Frames from agents."
            "Grows faster than people talk: a script goes round in circles. `limits.frames` bounds each session."
        frames_out "frames_out_total" Counter
            "Frames to agents."
            "A hundred times what comes in is usual where many watch each other; if it grows while nobody new comes, somebody's presence flaps."
        slow "slow_sockets_total" Counter
            "Sockets closed because they did not read."
            "A few are phones that lost their network. Many at once: the way out is full, or `connections.outbox` is too small for your messages."
        looks "looks_total" Counter
            "Questions for presence over HTTP."
            "Far more than your pages have readers: somebody asks in a loop. `limits.looks` bounds each network."
    }
    "Messages" {
        messages "messages_accepted_total" Counter
            "Messages that were made durable."
            "Falls to nothing in the middle of the day while sessions are open: look at `lamplight_store_waiting` and `lamplight_store_sound`."
        held "messages_held_total" Counter
            "Messages of strangers that wait to be admitted."
            "A sudden rise is spam: tighten `limits.letters_to_strangers`, or who may come in (`accounts.sign_up`, `accounts.guests`)."
        messages_forgotten "messages_forgotten_total" Counter
            "Copies of messages that went because they were older than `retention.messages`."
            "Grows when you did not expect it: look at `retention.messages`. What is gone is in your backups only."
        receipts_forgotten "receipts_forgotten_total" Counter
            "Rows of what was sent and deleted that went because they were older than `retention.receipts`."
            "Stays at 0 for longer than that time though people write: the log says why nothing could be swept."
    }
    "Other sites" {
        visitors "visitors_total" Counter
            "Lines that visitors of other sites opened."
            "A rise follows a busy page. `limits.visitors` bounds them, so that they lock out nobody who chats."
        visitors_vouched "visitors_vouched_total" Counter
            "Visitors of sites who came in by a token of the site."
            "Stops while guests go on: the site's backend makes no tokens any more."
        visitors_guests "visitors_guests_total" Counter
            "Visitors of sites who came in without a token."
            "A sudden rise: somebody plays many guests. `accounts.new_accounts` bounds each network."
        tokens_used "tokens_used_total" Counter
            "Times that a program's token let it in."
            "Grows by one every few seconds: a program comes in and is thrown out again and again; its log says why."
    }
    "Trouble" {
        wrong_origins "wrong_origins_total" Counter
            "Requests and hellos of pages of other origins that only the relay's own may make."
            "Grows when your own people come: `public_url` is not what their browsers show, or a proxy changes the header Origin. `lamplight doctor` tells."
        csp_reports "csp_reports_total" Counter
            "Violations of the page's content security policy that browsers reported."
            "Single ones are extensions of browsers. With every visit: a proxy adds something to the page."
    }
}

figures! {
    /// What is read when somebody asks.
    Measured (u64, |value: &u64| *value) {} MEASURED
    "The process" {
        store_waiting "store_waiting" Gauge
            "Jobs that wait for the disk."
            "More than some hundred for minutes: the disk is too slow. `lamplight doctor` says how long it takes to sync."
        store_sound "store_sound" Gauge
            "1 while the disk keeps its promises, 0 after it failed."
            "0: nothing is accepted any more and /healthz says so. Look at the disk, then restart; nothing that was acknowledged is lost."
        draining "draining" Gauge
            "1 while the relay is about to stop."
            "Stays 1 for longer than `drain`: something keeps the process from ending."
        started "started_seconds" Gauge
            "When this process began, in seconds since 1970."
            "Changes without you: it was restarted. The log of the process before says why."
        memory "memory_bytes" Gauge
            "Memory that the process takes from the machine; 0 where the system does not tell."
            "Grows for days while sessions stay: report it. It follows open connections, not what is stored."
        open_files_most "open_files_most" Gauge
            "Files and connections that the system lets the process have; 0 where it does not tell."
            "Less than `connections.most` and 64 more: connections will fail. LimitNOFILE= in the unit."
    }
    "The disk" {
        database "database_bytes" Gauge
            "Bytes of the database's file."
            "Grows for longer than `retention.messages`: `lamplight data sizes` says which table. What was freed inside is used again; the file does not shrink."
        write_ahead_log "write_ahead_log_bytes" Gauge
            "Bytes of the write-ahead log beside it."
            "More than 64 MiB for minutes: something reads for very long, such as a copy of the files by hand."
    }
}

/// Figures with a label, which are written in their own way.
pub static INFO: Figure = Figure {
    group: "The process",
    name: "info",
    kind: Kind::Gauge,
    help: "Which SERVER this is, as pages show it in their diagnostics, and its version.",
    advice: "Two servers behind one address: people on the one do not see those on the other.",
    label: "server",
};

pub static VISITORS_REFUSED: Figure = Figure {
    group: "Other sites",
    name: "visitors_refused_total",
    kind: Kind::Counter,
    help: "Visitors of sites who were not let in, and frames that were not shown.",
    advice: "`token_expired` and `token_wrong_times`: the clock of the site's backend. `token_used`: a page sends a token twice. `unknown_site`: its origin is not registered.",
    label: "code",
};

/// All of them, in the order in which they are written down.
pub fn all() -> impl Iterator<Item = &'static Figure> {
    COUNTED
        .iter()
        .chain([&VISITORS_REFUSED])
        .chain(MEASURED)
        .chain([&INFO])
}
