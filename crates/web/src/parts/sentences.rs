//! Rules as sentences, and the forms that make one.

use lamplight_embed::{
    AccessRule, Address, Basic, Delivery, DeliveryRule, Hours, Login, Note, Part, Shares,
    Timestamp, Verdict, Who, joined, lower,
};
use web_sys::Event;

use super::kit::{self, check, entry, input, pick, text};
use crate::dom;
use crate::draw::{Tag, div, tag};
use crate::house::House;
use crate::texts::{fill, t};
use crate::times;

/// Of whom: the kinds that a form offers, and whether they need a word more.
const KINDS: usize = 9;

/// `Everyone at example.org`: how a sentence begins.
pub fn who(who: &Who) -> String {
    match who {
        Who::Address(address) => address.to_string(),
        Who::Domain(domain) => fill(t().who_domain, domain),
        Who::Group(group) => fill(t().who_group, group.as_str()),
        Who::Known => t().who_known.into(),
        Who::Account => t().who_account.into(),
        Who::Guest => t().who_guest.into(),
        Who::Program => t().who_program.into(),
        Who::Site(site) => fill(t().who_site, site),
        Who::Anyone => t().who_anyone.into(),
        Who::Visitor => t().viewer_nobody.into(),
    }
}

/// `sees only whether you are available`
pub fn sees(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => t().sees_everything,
        Verdict::Availability => t().sees_availability,
        Verdict::Deny => t().sees_nothing,
        Verdict::Block => t().sees_never,
        Verdict::Ask => t().sees_asks,
        Verdict::Chosen(_) => t().sees_parts,
    }
}

/// `Everyone at example.org sees only whether you are available, until 18:00`
pub fn access(rule: &AccessRule, now: Timestamp) -> String {
    let mut said = joined(&[&who(&rule.who), " ", sees(&rule.decision)]);
    said.push_str(match rule.needs {
        Login::Nobody => "",
        Login::Guest | Login::Program => t().needs_login,
        Login::Account => t().needs_account,
        Login::Fresh => t().needs_fresh,
    });
    let mut moment = |at: Option<Timestamp>, words| {
        if let Some(at) = at {
            said.push_str(", ");
            said.push_str(&fill(words, &times::moment(at, now)));
        }
    };
    moment(rule.from, t().from);
    moment(rule.until, t().until);
    if rule.who == Who::Visitor {
        said.push_str(t().by_badge);
    }
    said
}

/// `Every guest is refused, and told so, if a message is longer than 500 bytes`
pub fn delivery(rule: &DeliveryRule) -> String {
    let then = match rule.then {
        Delivery::Deliver => t().may_write,
        Delivery::Hold => t().is_held,
        Delivery::Refuse => t().is_refused,
        Delivery::Drop => t().is_dropped,
        Delivery::SignIn => t().must_sign_in,
    };
    let mut said = joined(&[&who(&rule.who), " ", then]);
    if let Some(most) = rule.longer_than {
        said.push_str(&fill(t().if_longer, &most.to_string()));
    }
    said.push_str(match rule.below {
        None | Some(Login::Nobody) => "",
        Some(Login::Guest | Login::Program) => t().below_login,
        Some(Login::Account) => t().below_account,
        Some(Login::Fresh) => t().below_fresh,
    });
    said.push_str(&hours(&rule.hours));
    said
}

/// `, on Tue, Thu, 09:00–17:00`
pub fn hours(all: &[Hours]) -> String {
    let mut said = String::new();
    for span in all {
        let days = DAYS.iter().position(|days| *days == span.days);
        match days {
            Some(at) => {
                said.push_str(", ");
                said.push_str(day_words()[at + 1]);
            }
            None => {
                let mut before = t().on_days;
                for day in (0..7).filter(|day| span.days & (1 << day) != 0) {
                    said.push_str(before);
                    before = ", ";
                    said.push_str(&times::weekday(day));
                }
            }
        }
        for (before, minute) in [(", ", span.from), ("–", span.to)] {
            said.push_str(before);
            said.push_str(&two(minute / 60));
            said.push(':');
            said.push_str(&two(minute % 60));
        }
    }
    said
}

fn two(number: u16) -> String {
    let text = number.to_string();
    if number < 10 {
        joined(&["0", &text])
    } else {
        text
    }
}

/// Bit 0 is Monday: every day, the working days, the weekend.
const DAYS: [u8; 3] = [0b111_1111, 0b001_1111, 0b110_0000];

fn day_words() -> [&'static str; 5] {
    [
        t().always,
        t().every_day,
        t().working_days,
        t().weekends,
        t().single_days,
    ]
}

/// The place of the last of them.
const SINGLE: usize = 4;
/// The boxes of single days, from Monday on.
const DAY_BOXES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// When something holds: on which days, and between which times.
pub fn hours_fields(words: &'static str, now: Option<&Hours>) -> Tag {
    let days = now.map_or(0, |now| now.days);
    let day = DAYS.iter().position(|known| *known == days);
    let chosen = match now {
        None => 0,
        Some(_) => day.map_or(SINGLE, |day| day + 1),
    };
    let boxes = (0..7).map(|day| {
        let on = days & (1 << day) != 0;
        check(DAY_BOXES[usize::from(day)], &times::weekday(day), on)
    });
    let time = |name, words: &'static str, minute: u16| {
        let value = joined(&[&two(minute / 60), ":", &two(minute % 60)]);
        let input = tag("input")
            .attr("type", "time")
            .attr("name", name)
            .attr_of("value", &value);
        entry(words, input)
    };
    div("hours")
        .with(pick("days", words, &day_words(), chosen))
        .with(
            tag("fieldset")
                .class("radios days")
                .with(tag("legend").say(t().single_days))
                .each(boxes),
        )
        .with(time(
            "from",
            t().hours_from,
            now.map_or(9 * 60, |now| now.from),
        ))
        .with(time("to", t().hours_to, now.map_or(17 * 60, |now| now.to)))
}

/// The hours that stand in those fields.
pub fn read_hours(house: &House, event: &Event) -> Result<Vec<Hours>, &'static str> {
    let minute = |name| {
        let value = dom::entered(event, name);
        let (hour, minute) = value.split_once(':')?;
        Some(hour.parse::<u16>().ok()? * 60 + minute.parse::<u16>().ok()?)
    };
    let days = match kit::picked(event, "days") {
        0 => return Ok(Vec::new()),
        SINGLE => (0..7)
            .filter(|day| dom::is_checked(event, DAY_BOXES[*day]))
            .fold(0, |days, day| days | 1 << day),
        day => DAYS[(day - 1).min(2)],
    };
    let (Some(from), Some(to), 1..) = (minute("from"), minute("to"), days) else {
        return Err(t().hours_missing);
    };
    let offset = times::offset(house.shell.now().timestamp);
    Ok(vec![Hours {
        days,
        from,
        to,
        offset,
    }])
}

/// Of whom a rule is to speak.
pub fn who_fields() -> Tag {
    let kinds: [&'static str; KINDS] = [
        t().who_anyone,
        t().who_account,
        t().who_known,
        t().who_guest,
        t().who_program,
        t().kind_address,
        t().kind_domain,
        t().kind_group,
        t().kind_site,
    ];
    div("who")
        .with(pick("who", t().of_whom, &kinds, 0))
        .with(entry(t().which_one, text("which", t().which_hint)).also("which"))
}

/// Of whom those fields speak.
pub fn read_who(event: &Event) -> Result<Who, &'static str> {
    let which = lower(dom::entered(event, "which").trim());
    let word = || match which.is_empty() {
        true => Err(t().which_missing),
        false => Ok(which.clone()),
    };
    Ok(match kit::picked(event, "who") {
        0 => Who::Anyone,
        1 => Who::Account,
        2 => Who::Known,
        3 => Who::Guest,
        4 => Who::Program,
        5 => Who::Address(Address::parse(&word()?).map_err(|_| t().address_missing)?),
        6 => Who::Domain(word()?),
        7 => {
            word()?;
            let group = Note::parse(&dom::entered(event, "which"));
            Who::Group(group.map_err(|_| t().which_missing)?)
        }
        _ => Who::Site(word()?),
    })
}

/// A piece of a sentence by itself, without what joins it to the rest.
fn bare(piece: &'static str) -> &'static str {
    let rest = piece.strip_prefix(", ").or(piece.strip_prefix("sees "));
    rest.unwrap_or(piece)
}

/// What a new access rule says.
pub fn access_fields(now: Timestamp) -> Vec<Tag> {
    let sees = [
        bare(t().sees_everything),
        bare(t().sees_availability),
        bare(t().sees_chosen),
        t().sees_asks,
        bare(t().sees_nothing),
        t().sees_never,
    ];
    let needs = [
        t().needs_none,
        bare(t().needs_login),
        bare(t().needs_account),
        bare(t().needs_fresh),
    ];
    let parts = [
        check("activity", t().part_activity, false),
        check("note", t().part_note, false),
        check("devices", t().part_devices, false),
        check("last", t().part_last_seen, false),
        check("means", t().part_means, false),
    ];
    vec![
        who_fields(),
        pick("sees", t().sees_what, &sees, 1),
        tag("fieldset")
            .class("radios parts")
            .with(tag("legend").say(t().which_parts))
            .each(parts),
        pick("needs", t().needs, &needs, 0),
        entry(t().until_label, kit::ends(None, now)),
    ]
}

pub fn read_access(house: &House, event: &Event) -> Result<AccessRule, &'static str> {
    let now = house.shell.now().timestamp;
    let decision = match kit::picked(event, "sees") {
        0 => Verdict::Allow,
        1 => Verdict::Availability,
        2 => Verdict::Chosen(Part {
            activity: dom::is_checked(event, "activity"),
            note: dom::is_checked(event, "note"),
            devices: dom::is_checked(event, "devices"),
            last_seen: dom::is_checked(event, "last"),
            means: match dom::is_checked(event, "means") {
                true => Shares::All,
                false => Shares::These(Vec::new()),
            },
        }),
        3 => Verdict::Ask,
        4 => Verdict::Deny,
        _ => Verdict::Block,
    };
    Ok(AccessRule {
        who: read_who(event)?,
        decision,
        needs: match kit::picked(event, "needs") {
            0 => Login::Nobody,
            1 => Login::Guest,
            2 => Login::Account,
            _ => Login::Fresh,
        },
        from: None,
        until: kit::end(&dom::entered(event, "until"), now, None),
    })
}

/// What a new delivery rule says.
pub fn delivery_fields() -> Vec<Tag> {
    let then = [
        t().may_write,
        t().waits,
        t().is_refused,
        t().is_dropped,
        t().must_sign_in,
    ];
    let below = [
        t().needs_none,
        bare(t().below_login),
        bare(t().below_account),
        bare(t().below_fresh),
    ];
    vec![
        who_fields(),
        pick("then", t().then_what, &then, 1),
        pick("below", t().needs, &below, 0),
        input("longer", t().only_longer, t().only_longer_hint),
        hours_fields(t().when, None),
    ]
}

pub fn read_delivery(house: &House, event: &Event) -> Result<DeliveryRule, &'static str> {
    let longer = dom::entered(event, "longer");
    let then = match kit::picked(event, "then") {
        0 => Delivery::Deliver,
        1 => Delivery::Hold,
        2 => Delivery::Refuse,
        3 => Delivery::Drop,
        _ => Delivery::SignIn,
    };
    Ok(DeliveryRule {
        who: read_who(event)?,
        then,
        below: match kit::picked(event, "below") {
            // Whoever is sure enough already is not asked for more.
            0 => (then == Delivery::SignIn).then_some(Login::Fresh),
            1 => Some(Login::Program),
            2 => Some(Login::Account),
            _ => Some(Login::Fresh),
        },
        longer_than: match longer.trim() {
            "" => None,
            number => Some(number.parse().map_err(|_| t().number_missing)?),
        },
        hours: read_hours(house, event)?,
    })
}

/// `open` or `closed`, in a list of means.
pub fn basic(basic: Basic) -> &'static str {
    match basic {
        Basic::Open => t().open,
        Basic::Closed => t().closed,
    }
}
