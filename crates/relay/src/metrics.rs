//! Counts of what the relay does, as plain atomics, and their text for Prometheus. No label names a person. `figures` is the one
//! table of what each means; `document` makes the documentation and the dashboard of it.

mod document;
mod figures;

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use lamplight_core::code::Code;

pub use document::{dashboard, reference};
use figures::{Figure, INFO, VISITORS_REFUSED};
pub use figures::{Measured, Metrics};

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

impl Metrics {
    /// The text format of Prometheus.
    pub fn print(&self, measured: &Measured) -> String {
        let mut text = String::new();
        for (figure, value) in self.read().chain(measured.read()) {
            head(&mut text, figure);
            let _ = writeln!(text, "lamplight_{} {value}", figure.name);
        }
        head(&mut text, &INFO);
        let _ = writeln!(
            text,
            "lamplight_info{{server=\"{:016x}\",version=\"{}\"}} 1",
            self.server.0,
            env!("CARGO_PKG_VERSION")
        );
        head(&mut text, &VISITORS_REFUSED);
        for (code, count) in REFUSALS.iter().zip(&self.visitors_refused.0) {
            let _ = writeln!(
                text,
                "lamplight_{}{{code=\"{}\"}} {}",
                VISITORS_REFUSED.name,
                code.slug(),
                count.get()
            );
        }
        text
    }
}

fn head(text: &mut String, figure: &Figure) {
    let (name, help, kind) = (figure.name, figure.help, figure.kind.word());
    let _ = writeln!(
        text,
        "# HELP lamplight_{name} {help}\n# TYPE lamplight_{name} {kind}"
    );
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
        let text = metrics.print(&Measured {
            store_waiting: 7,
            ..Measured::default()
        });
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

    /// A figure without a line of its own would be one that the document promises and nobody gets.
    #[test]
    fn every_figure_of_the_table_is_printed_with_its_kind() {
        let text = Metrics::default().print(&Measured::default());
        for figure in figures::all() {
            let kind = format!("# TYPE lamplight_{} {}\n", figure.name, figure.kind.word());
            assert_eq!(text.matches(&kind).count(), 1, "{kind}");
            let name = format!("\nlamplight_{}", figure.name);
            assert!(text.contains(&name), "{name}");
        }
        assert_eq!(text.matches("# TYPE").count(), figures::all().count());
    }
}
