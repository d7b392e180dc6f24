//! Writes for a person's eyes: the time, names as people type them, and never a character that could steer the terminal.

use std::io::{self, IsTerminal, Write};

use jiff::tz::TimeZone;
use lamplight_client::{Address, Timestamp};

/// The terminal, or a pipe.
pub struct Screen {
    /// What everyone of is called by the name alone.
    domain: String,
    zone: TimeZone,
    has_colours: bool,
}

#[derive(Clone, Copy)]
enum Tone {
    Clear,
    Soft,
}

impl Screen {
    pub fn new(domain: &str) -> Self {
        let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            domain: domain.to_owned(),
            zone: TimeZone::system(),
            has_colours: io::stdout().is_terminal() && !wants_none,
        }
    }

    /// A line, and its continuations.
    pub fn say(&self, text: &str) -> io::Result<()> {
        self.write(text, Tone::Clear)
    }

    /// The same of something in passing.
    pub fn mention(&self, text: &str) -> io::Result<()> {
        self.write(text, Tone::Soft)
    }

    fn write(&self, text: &str, tone: Tone) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let text = plain(text);
        match tone {
            Tone::Soft if self.has_colours => writeln!(out, "\u{1b}[2m{text}\u{1b}[0m")?,
            _ => writeln!(out, "{text}")?,
        }
        out.flush()
    }

    /// An address as a person types it.
    pub fn name(&self, address: &Address) -> String {
        match address.domain() == self.domain {
            true => address.name().to_owned(),
            false => address.to_string(),
        }
    }

    /// The time of the day, here; of another day with its date.
    pub fn time(&self, at: Timestamp) -> String {
        let zoned = |at: jiff::Timestamp| at.to_zoned_datetime(self.zone.clone());
        let Ok(at) = i64::try_from(at.0)
            .map_err(drop)
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).map_err(drop))
        else {
            return "once".into();
        };
        let (at, today) = (zoned(at), zoned(jiff::Timestamp::now()));
        let form = match at.date() == today.date() {
            true => "%H:%M",
            false => "%Y-%m-%d %H:%M",
        };
        at.strftime(form).to_string()
    }
}

/// Without what steers terminals or turns the direction of everything behind it; further lines are set in.
fn plain(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\n      "),
            '\t' => safe.push(' '),
            c if c.is_control() || is_turn(c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

fn is_turn(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_somebody_wrote_steers_the_terminal() {
        assert_eq!(
            plain("a\u{1b}[2Jb\u{7}\u{9b}c"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c"
        );
        assert_eq!(plain("a\u{202e}b"), "a\u{fffd}b");
        assert_eq!(plain("one\ntwo"), "one\n      two");
    }

    #[test]
    fn who_is_of_the_own_domain_is_called_by_name() {
        let screen = Screen::new("example.org");
        let name = |text| screen.name(&Address::parse(text).unwrap());
        assert_eq!(name("bob@example.org"), "bob");
        assert_eq!(name("bob@localhost"), "bob@localhost");
    }

    #[test]
    fn another_day_has_its_date() {
        let screen = Screen {
            domain: String::new(),
            zone: TimeZone::UTC,
            has_colours: false,
        };
        assert_eq!(screen.time(Timestamp(0)), "1970-01-01 00:00");
        assert_eq!(screen.time(Timestamp(u64::MAX)), "once");
        let now = jiff::Timestamp::now().as_millisecond();
        assert_eq!(screen.time(Timestamp(now.try_into().unwrap())).len(), 5);
    }
}
