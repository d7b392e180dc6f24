//! Times and counts as the browser's own language writes them.

use std::cell::LazyCell;

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use lamplight_embed::{Timestamp, joined};
use wasm_bindgen::JsValue;

use crate::texts::{fill, t};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

thread_local! {
    static TIME: LazyCell<Function> = LazyCell::new(|| format(&[("hour", "numeric"), ("minute", "2-digit")]));
    static DATE: LazyCell<Function> = LazyCell::new(|| format(&[("day", "numeric"), ("month", "short")]));
    static WEEKDAY: LazyCell<Function> = LazyCell::new(|| format(&[("weekday", "short")]));
    static LONG: LazyCell<Function> =
        LazyCell::new(|| format(&[("weekday", "long"), ("day", "numeric"), ("month", "long")]));
    static YEAR: LazyCell<Function> =
        LazyCell::new(|| format(&[("day", "numeric"), ("month", "long"), ("year", "numeric")]));
    static RELATIVE: LazyCell<Intl::RelativeTimeFormat> =
        LazyCell::new(|| Intl::RelativeTimeFormat::new(&locale(), &options(&[("numeric", "auto")])));
    static PLURAL: LazyCell<Intl::PluralRules> = LazyCell::new(|| Intl::PluralRules::new(&locale(), &Object::new()));
}

/// The language of the texts, so that a sentence is of one piece; hours and dates go by the browser.
fn locale() -> Array {
    Array::of1(&t().language.into())
}

fn options(pairs: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (name, value) in pairs {
        // Setting a property of a plain new object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object
}

fn format(pairs: &[(&str, &str)]) -> Function {
    Intl::DateTimeFormat::new(&Array::new(), &options(pairs)).format()
}

fn with(format: &Function, at: Timestamp) -> String {
    format
        .call1(&JsValue::UNDEFINED, &JsValue::from_f64(at.0 as f64))
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

fn date(at: Timestamp) -> Date {
    Date::new(&JsValue::from_f64(at.0 as f64))
}

/// The day of a moment where the reader is, counted from a day long ago: equal for equal days, one more for the next.
pub fn day(at: Timestamp) -> u64 {
    at.0.saturating_add_signed(ahead(at)) / DAY
}

/// How far the reader's clocks are ahead of the world's at a moment, milliseconds.
fn ahead(at: Timestamp) -> i64 {
    -(date(at).get_timezone_offset() as i64 * MINUTE.cast_signed())
}

/// `15:30`
pub fn clock(at: Timestamp) -> String {
    TIME.with(|format| with(format, at))
}

/// `15:30` today, `23 Nov` before.
pub fn short(at: Timestamp, now: Timestamp) -> String {
    if day(at) == day(now) {
        clock(at)
    } else {
        DATE.with(|format| with(format, at))
    }
}

/// `today`, `yesterday`, `Monday, 23 November`, and the year where it is another.
pub fn day_line(at: Timestamp, now: Timestamp) -> String {
    let days = day(now).checked_sub(day(at));
    if let Some(days @ 0..2) = days {
        RELATIVE.with(|relative| String::from(relative.format(-(days as f64), "day")))
    } else if date(at).get_full_year() == date(now).get_full_year() {
        LONG.with(|format| with(format, at))
    } else {
        YEAR.with(|format| with(format, at))
    }
}

/// `18:00` today, `23 Nov, 18:00` on another day.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    let clock = clock(at);
    if day(at) == day(now) {
        return clock;
    }
    joined(&[&short(at, now), ", ", &clock])
}

/// `Mon`: 0 is Monday.
pub fn weekday(day: u8) -> String {
    // 1970-01-05 was a Monday; noon in Greenwich is on that day nearly everywhere.
    let noon = (4 + u64::from(day)) * DAY + 12 * HOUR;
    WEEKDAY.with(|format| with(format, Timestamp(noon)))
}

/// Where the reader is: minutes east of Greenwich.
pub fn offset(now: Timestamp) -> i16 {
    (ahead(now) / MINUTE.cast_signed()) as i16
}

/// The end of the reader's day, by the clocks as they will be then.
pub fn end_of_day(now: Timestamp) -> Timestamp {
    let end = (day(now) + 1) * DAY;
    let about = Timestamp(end.saturating_add_signed(-ahead(now)));
    Timestamp(end.saturating_add_signed(-ahead(about)))
}

/// `5 minutes ago`
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let past = now.0.saturating_sub(at.0);
    let (count, unit) = if past < HOUR {
        (past / MINUTE, "minute")
    } else if past < DAY {
        (past / HOUR, "hour")
    } else {
        (past / DAY, "day")
    };
    if past < MINUTE {
        return t().just_now.into();
    }
    RELATIVE.with(|relative| String::from(relative.format(-(count as f64), unit)))
}

/// `5 min`, `2 h 5 min`
pub fn length(from: Timestamp, now: Timestamp) -> String {
    let past = now.0.saturating_sub(from.0);
    let (hours, minutes) = (past / HOUR, past % HOUR / MINUTE);
    if hours == 0 {
        joined(&[&minutes.max(1).to_string(), " ", t().minutes])
    } else if minutes == 0 {
        joined(&[&hours.to_string(), " ", t().hours])
    } else {
        let (hours, minutes) = (hours.to_string(), minutes.to_string());
        joined(&[&hours, " ", t().hours, " ", &minutes, " ", t().minutes])
    }
}

/// Chooses the form of a text that goes with a number.
pub fn plural(count: u32, one: &'static str, other: &'static str) -> String {
    let form = PLURAL.with(|rules| String::from(rules.select(f64::from(count))));
    let text = if form == "one" { one } else { other };
    fill(text, &count.to_string())
}
