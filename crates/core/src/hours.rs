//! Opening hours: when in the week something is OPEN, and when that changes next.

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Most spans of hours of one thing.
pub const HOURS_MAX: usize = 14;

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60;
const WEEK: u64 = 7 * DAY;
/// 1970-01-01 was a Thursday: days from the Monday before it.
const THURSDAY: u64 = 3;

/// One span of the day, on some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Hours {
    /// On which days it begins: bit 0 is Monday, bit 6 Sunday.
    #[n(0)]
    pub days: u8,
    /// First minute of the day, 0 to 1,439.
    #[n(1)]
    pub from: u16,
    /// First minute that does not belong to it any more, 0 to 1,440; not after `from` means on the next day.
    #[n(2)]
    pub to: u16,
    /// Where: minutes east of UTC.
    #[n(3)]
    #[cbor(default)]
    #[serde(default)]
    pub offset: i16,
}

impl Hours {
    /// Within the limits.
    pub fn is_sound(&self) -> bool {
        self.days != 0
            && self.days < 0x80
            && u64::from(self.from) < DAY
            && u64::from(self.to) <= DAY
            && self.offset.unsigned_abs() <= 14 * 60
    }

    /// Minute of the week there, 0 is Monday midnight.
    fn minute(self, at: Timestamp) -> u64 {
        let utc = at.0 / MINUTE + THURSDAY * DAY + WEEK;
        utc.saturating_add_signed(self.offset.into()) % WEEK
    }

    /// Length in minutes.
    fn length(self) -> u64 {
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        let days = if to > from { 0 } else { DAY };
        (to + days).saturating_sub(from)
    }

    /// Minutes since each beginning of the span, at this minute of the week.
    fn since_beginnings(self, minute: u64) -> impl Iterator<Item = u64> {
        let (days, from) = (self.days, u64::from(self.from) % WEEK);
        let chosen = (0..7).filter(move |day| days & (1 << day) != 0);
        chosen.map(move |day| (minute + 2 * WEEK - (day * DAY + from)) % WEEK)
    }

    /// Whether it is within the span now.
    pub fn hold(&self, at: Timestamp) -> bool {
        let length = self.length();
        self.since_beginnings(self.minute(at))
            .any(|since| since < length)
    }

    /// When the span begins or ends next.
    pub fn next_change(&self, at: Timestamp) -> Timestamp {
        let length = self.length();
        let waits = self.since_beginnings(self.minute(at)).map(|since| {
            let begins = WEEK - since;
            match since < length {
                true => begins.min(length - since),
                false => begins,
            }
        });
        let wait = waits.min().unwrap_or(WEEK);
        Timestamp((at.0 / MINUTE + wait).saturating_mul(MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds at this minute of Monday, 1970-01-05, UTC.
    fn monday(minute: u64) -> Timestamp {
        Timestamp((4 * DAY + minute) * MINUTE)
    }

    #[test]
    fn a_span_holds_on_its_days_alone_and_over_midnight() {
        let office = Hours {
            days: 0b001_1111,
            from: 9 * 60,
            to: 17 * 60,
            offset: 0,
        };
        assert!(!office.hold(monday(9 * 60 - 1)));
        assert!(office.hold(monday(9 * 60)));
        assert!(!office.hold(monday(17 * 60)));
        assert!(!office.hold(monday(5 * DAY + 10 * 60)), "on Saturday");
        let late = Hours {
            days: 0b100_0000,
            from: 22 * 60,
            to: 2 * 60,
            offset: 0,
        };
        assert!(late.hold(monday(60)), "Sunday's night ends on Monday");
        assert!(!late.hold(monday(DAY + 60)));
    }

    #[test]
    fn an_offset_moves_the_span_and_the_next_change_is_its_edge() {
        let office = Hours {
            days: 0b000_0001,
            from: 9 * 60,
            to: 17 * 60,
            offset: 120,
        };
        assert!(office.hold(monday(7 * 60)));
        assert!(!office.hold(monday(15 * 60)));
        assert_eq!(office.next_change(monday(0)), monday(7 * 60));
        assert_eq!(office.next_change(monday(7 * 60)), monday(15 * 60));
        assert_eq!(
            office.next_change(monday(15 * 60)),
            monday(7 * DAY + 7 * 60)
        );
    }

    #[test]
    fn a_whole_day_ends_where_it_began() {
        let always = Hours {
            days: 0b111_1111,
            from: 0,
            to: 1_440,
            offset: -300,
        };
        assert!(always.is_sound());
        assert!((0..8 * 24).all(|hour| always.hold(monday(hour * 60))));
    }

    #[test]
    fn hours_that_nobody_checked_are_wrong_and_make_no_machine_stop() {
        for (from, to) in [
            (u16::MAX, 0),
            (0, u16::MAX),
            (1_500, 10),
            (u16::MAX, u16::MAX),
        ] {
            let odd = Hours {
                days: u8::MAX,
                from,
                to,
                offset: i16::MIN,
            };
            assert!(!odd.is_sound());
            for at in [0, 1, u64::MAX] {
                odd.hold(Timestamp(at));
                odd.next_change(Timestamp(at));
            }
        }
    }
}
