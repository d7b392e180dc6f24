//! Counts of what the relay does, as plain atomics, and their text for Prometheus. No label names a person.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use lamplight_core::address::ServerId;
use lamplight_core::code::Code;

/// One number that goes up, or up and down.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn up(&self) {
        self.add(1);
    }

    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a visitor of a site, or the frame of a page, is refused for; all else counts as one.
const REFUSALS: [Code; 10] = [
    Code::UnknownSite,
    Code::GuestsClosed,
    Code::TooManyRequests,
    Code::TokenInvalid,
    Code::TokenExpired,
    Code::TokenUsed,
    Code::TokenWrongTimes,
    Code::TokenWrongAudience,
    Code::TokenWrongOrigin,
    Code::TryLater,
];

/// Counts of refusals by their code.
#[derive(Debug, Default)]
pub struct ByCode([Count; REFUSALS.len()]);

impl ByCode {
    pub fn up(&self, code: Code) {
        let at = REFUSALS.iter().position(|known| *known == code);
        self.0[at.unwrap_or(REFUSALS.len() - 1)].up();
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Which SERVER counts.
    pub server: ServerId,
    /// Open TCP connections.
    pub connections: Count,
    /// Open sockets.
    pub sessions: Count,
    pub frames_in: Count,
    pub frames_out: Count,
    /// Sockets closed because they did not read.
    pub slow: Count,
    /// Messages that were made durable for the first time.
    pub messages: Count,
    /// Those of them that wait in a requests folder.
    pub held: Count,
    /// Questions for presence over HTTP.
    pub looks: Count,
    /// Lines that visitors of other sites opened.
    pub visitors: Count,
    /// Times that a token let somebody in.
    pub tokens_used: Count,
    /// Visitors of other sites who came in by a token of the site, and without one.
    pub visitors_vouched: Count,
    pub visitors_guests: Count,
    /// Visitors of sites who were not let in, and frames that were not shown.
    pub visitors_refused: ByCode,
    /// What pages of other origins asked for and only the relay's own may have.
    pub wrong_origins: Count,
    /// Violations of the page's content security policy that browsers reported.
    pub csp_reports: Count,
}

impl Metrics {
    /// The text format of Prometheus. `store_waiting` is read where it is kept.
    pub fn print(&self, store_waiting: usize) -> String {
        let rows = [
            (
                "connections",
                "gauge",
                "Open TCP connections.",
                self.connections.get(),
            ),
            ("sessions", "gauge", "Open WebSockets.", self.sessions.get()),
            (
                "frames_in_total",
                "counter",
                "Frames from agents.",
                self.frames_in.get(),
            ),
            (
                "frames_out_total",
                "counter",
                "Frames to agents.",
                self.frames_out.get(),
            ),
            (
                "slow_sockets_total",
                "counter",
                "Sockets closed because they did not read.",
                self.slow.get(),
            ),
            (
                "messages_accepted_total",
                "counter",
                "Messages made durable.",
                self.messages.get(),
            ),
            (
                "messages_held_total",
                "counter",
                "Messages that waited to be admitted.",
                self.held.get(),
            ),
            (
                "looks_total",
                "counter",
                "Questions for presence over HTTP.",
                self.looks.get(),
            ),
            (
                "visitors_total",
                "counter",
                "Lines that visitors of other sites opened.",
                self.visitors.get(),
            ),
            (
                "tokens_used_total",
                "counter",
                "Times that a program's token let it in.",
                self.tokens_used.get(),
            ),
            (
                "visitors_vouched_total",
                "counter",
                "Visitors of sites who came in by a token of the site.",
                self.visitors_vouched.get(),
            ),
            (
                "visitors_guests_total",
                "counter",
                "Visitors of sites who came in without a token.",
                self.visitors_guests.get(),
            ),
            (
                "wrong_origins_total",
                "counter",
                "Requests and hellos of pages of other origins that only the relay's own may make.",
                self.wrong_origins.get(),
            ),
            (
                "csp_reports_total",
                "counter",
                "Violations of the content security policy.",
                self.csp_reports.get(),
            ),
            (
                "store_waiting",
                "gauge",
                "Jobs that wait for the store.",
                store_waiting as u64,
            ),
        ];
        let mut text = String::new();
        for (name, kind, help, value) in rows {
            let _ = writeln!(
                text,
                "# HELP lamplight_{name} {help}\n# TYPE lamplight_{name} {kind}\nlamplight_{name} {value}"
            );
        }
        let _ = writeln!(
            text,
            "# HELP lamplight_info Which SERVER this is, as pages show it in their diagnostics.\n\
             # TYPE lamplight_info gauge\n\
             lamplight_info{{server=\"{:016x}\",version=\"{}\"}} 1",
            self.server.0,
            env!("CARGO_PKG_VERSION")
        );
        let _ = writeln!(
            text,
            "# HELP lamplight_visitors_refused_total Visitors of sites who were not let in, and frames that were not shown.\n\
             # TYPE lamplight_visitors_refused_total counter"
        );
        for (code, count) in REFUSALS.iter().zip(&self.visitors_refused.0) {
            let _ = writeln!(
                text,
                "lamplight_visitors_refused_total{{code=\"{}\"}} {}",
                code.slug(),
                count.get()
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_in_the_text() {
        let metrics = Metrics::default();
        metrics.messages.add(3);
        metrics.sessions.up();
        metrics.sessions.down();
        metrics.visitors_refused.up(Code::TokenUsed);
        metrics.visitors_refused.up(Code::TooLarge);
        let text = metrics.print(7);
        for line in [
            "lamplight_messages_accepted_total 3",
            "lamplight_sessions 0",
            "lamplight_store_waiting 7",
            "lamplight_visitors_refused_total{code=\"token_used\"} 1",
            "lamplight_visitors_refused_total{code=\"try_later\"} 1",
        ] {
            assert!(
                text.lines().any(|one| one == line),
                "{line} is missing in\n{text}"
            );
        }
    }
}
