//! What is wrong with a relay's surroundings, found before people do: each check is a line that says what is, what that means, and
//! what to do about it. Nothing is changed; a file for measuring the disk is there for a moment.
//!
//! `folder` looks at what lasts, `machine` at the system, `door` asks the relay itself, here and where browsers find it.

mod door;
mod folder;
pub mod machine;

use std::time::Duration;

use serde_json::{Value, json};

use crate::config::{Config, Sources};
use crate::tls::Tls;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Good,
    /// It works, and will not for ever or for everyone.
    Warning,
    /// The relay does not start, or people do not get in.
    Fault,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in one word for programs.
    pub check: &'static str,
    pub level: Level,
    pub says: String,
    /// What to do; empty where nothing is to be done.
    pub cure: String,
}

/// What all checks found, in their order.
#[derive(Debug, Default)]
pub struct Report(Vec<Finding>);

impl Report {
    fn good(&mut self, check: &'static str, says: impl Into<String>) {
        self.add(check, Level::Good, says, "");
    }

    fn warning(&mut self, check: &'static str, says: impl Into<String>, cure: impl Into<String>) {
        self.add(check, Level::Warning, says, cure);
    }

    fn fault(&mut self, check: &'static str, says: impl Into<String>, cure: impl Into<String>) {
        self.add(check, Level::Fault, says, cure);
    }

    fn add(
        &mut self,
        check: &'static str,
        level: Level,
        says: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.0.push(Finding {
            check,
            level,
            says: says.into(),
            cure: cure.into(),
        });
    }

    /// The worst of it.
    pub fn level(&self) -> Level {
        let levels = self.0.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Good)
    }

    /// For people: a line each, and the cure below it.
    pub fn print(&self) -> String {
        let line = |finding: &Finding| {
            let says = finding.says.replace('\n', "\n                        ");
            let head = format!("{:<8} {:<14} {says}\n", finding.level.word(), finding.check);
            match finding.cure.as_str() {
                "" => head,
                cure => format!("{head}{:24}-> {cure}\n", ""),
            }
        };
        let lines: Vec<String> = self.0.iter().map(line).collect();
        let count = |level| self.0.iter().filter(|one| one.level == level).count();
        let end = match (count(Level::Fault), count(Level::Warning)) {
            (0, 0) => "Nothing is wrong.".to_owned(),
            (faults, warnings) => format!("Faults: {faults}. Warnings: {warnings}."),
        };
        format!("{}{end}\n", lines.concat())
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let one = |finding: &Finding| {
            json!({
                "check": finding.check,
                "level": finding.level.word(),
                "says": finding.says,
                "cure": finding.cure,
            })
        };
        json!({
            "level": self.level().word(),
            "findings": self.0.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

/// Carries out every check that the configuration lets it. With `slow` it also keeps a line silent for as long as the relay's pings
/// are apart.
pub fn examine(sources: &Sources, slow: bool) -> Report {
    let mut report = Report::default();
    let Some(config) = configuration(sources, &mut report) else {
        return report;
    };
    certificate(&config, &mut report);
    folder::check(&config, &mut report);
    machine::check(&config, &mut report);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(door::check(&config, slow, &mut report)),
        Err(error) => report.fault(
            "system",
            format!("the system gives no sockets: {error}"),
            "raise the limit of open files (ulimit -n)",
        ),
    }
    report
}

fn configuration(sources: &Sources, report: &mut Report) -> Option<Config> {
    const CHECK: &str = "configuration";
    let read = match Config::read_unchecked(sources) {
        Ok(read) => read,
        Err(error) => {
            let cure = "correct what is named; `lamplight config default` lists every key";
            report.fault(CHECK, error.to_string(), cure);
            return None;
        }
    };
    match read.config.check() {
        Ok(()) => report.good(CHECK, "can be served with"),
        Err(error) => {
            let cure = "set what is named; `lamplight config show` says where each value came from";
            report.fault(CHECK, error.to_string(), cure);
        }
    }
    for warning in read.warnings {
        report.warning(CHECK, warning, "take it out, or correct its name");
    }
    Some(read.config)
}

/// Whether browsers would take the certificate, if the relay has one of its own.
fn certificate(config: &Config, report: &mut Report) {
    const CHECK: &str = "tls";
    match Tls::open(config) {
        Ok(None) => {}
        Ok(Some(_)) => report.good(CHECK, "certificate and key fit each other, this day and public_url"),
        Err(error) => report.fault(
            CHECK,
            error.to_string(),
            "have the certificate made anew for the host in public_url; the relay reads it again by itself",
        ),
    }
}

/// A time as people say it.
fn span(time: Duration) -> String {
    match time.as_millis() {
        0 => format!("{} µs", time.as_micros()),
        millis @ 1..10_000 => format!("{millis} ms"),
        millis => format!("{} s", millis / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_as_bad_as_the_worst_of_it() {
        let mut report = Report::default();
        assert_eq!(report.level(), Level::Good);
        report.warning("disk", "is nearly full", "make room");
        report.good("clock", "goes well");
        assert_eq!(report.level(), Level::Warning);
        report.fault("database", "is damaged", "restore a backup");
        assert_eq!(report.level(), Level::Fault);
        assert_eq!(report.json()["level"], "fault");
        let text = report.print();
        let said =
            "fault    database       is damaged\n                        -> restore a backup\n";
        assert!(text.contains(said), "{text}");
        assert!(text.ends_with("Faults: 1. Warnings: 1.\n"), "{text}");
    }
}
