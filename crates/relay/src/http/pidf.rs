//! Presence information as a PIDF document (RFC 3863), for programs that speak the IETF's format.
//!
//! Means and devices are its tuples; a means has its URI as the contact. What a person set by hand, or what follows from the devices,
//! stands in the document's note and in the person element of RFC 4479 with the activities of RFC 4480. Someone who has not
//! answered yet is a document without tuples.

use std::fmt::Write;

use lamplight_core::person::{Word, person};
use lamplight_core::presence::{Basic, Notification, PresenceTuple, TupleKind, View};
use lamplight_core::time::Timestamp;

/// The whole document.
pub fn document(found: &Notification) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let entity = escaped(found.presentity.as_str());
    // Writing into a text cannot fail.
    let _ = writeln!(
        xml,
        "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
         xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"pres:{entity}\">"
    );
    if let View::Shown(information) = &found.view {
        let tuples = information.tuples.iter();
        for tuple in tuples.filter(|tuple| tuple.kind != TupleKind::Person) {
            put_tuple(&mut xml, tuple);
        }
    }
    let read = person(&found.view);
    if let Some(note) = &read.note {
        let _ = writeln!(xml, "  <note>{}</note>", escaped(note.as_str()));
    }
    let activity = match read.word {
        Word::Busy => Some("busy"),
        Word::Away => Some("away"),
        _ => None,
    };
    if let Some(activity) = activity {
        let _ = writeln!(
            xml,
            "  <dm:person id=\"person\"><rpid:activities><rpid:{activity}/></rpid:activities></dm:person>"
        );
    }
    xml.push_str("</presence>\n");
    xml
}

fn put_tuple(xml: &mut String, tuple: &PresenceTuple) {
    let basic = match tuple.status.basic {
        Basic::Open => "open",
        Basic::Closed => "closed",
    };
    // An identifier of XML begins with a letter, one of ours may begin with a digit.
    let id = tuple.id.as_str();
    let _ = writeln!(
        xml,
        "  <tuple id=\"t-{id}\">\n    <status><basic>{basic}</basic></status>"
    );
    if let Some(address) = &tuple.address {
        let contact = escaped(&format!("{}:{}", address.means.as_str(), address.contact));
        let _ = writeln!(xml, "    <contact>{contact}</contact>");
    }
    if let Some(note) = &tuple.status.note {
        let _ = writeln!(xml, "    <note>{}</note>", escaped(note.as_str()));
    }
    if tuple.since.0 > 0 {
        let _ = writeln!(xml, "    <timestamp>{}</timestamp>", rfc3339(tuple.since));
    }
    xml.push_str("  </tuple>\n");
}

/// A text as it may stand in an element or an attribute. What XML 1.0 has no place for is replaced.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A moment as people and XML write it, in UTC: days become a date by the calendar's 400 years, counted from the first of March.
fn rfc3339(at: Timestamp) -> String {
    let (days, of_day) = (at.0 / 86_400_000, at.0 % 86_400_000);
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year + u64::from(month <= 2);
    let seconds = of_day / 1_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let milli = of_day % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::address::{Presentity, Token};
    use lamplight_core::presence::{
        Activity, CommunicationAddress, Extent, Freshness, Note, PresenceInformation, Status,
        by_hand,
    };

    fn tuple(id: &str, kind: TupleKind) -> PresenceTuple {
        PresenceTuple {
            id: Token::parse(id).unwrap(),
            kind,
            status: Status::open(),
            address: None,
            markup: Vec::new(),
            since: Timestamp(1_004_189_369_000),
            until: None,
            hours: Vec::new(),
            only_open: false,
        }
    }

    #[test]
    fn a_document_has_each_means_with_its_status_and_the_person_with_what_they_do() {
        let mut phone = tuple("7-phone", TupleKind::Service);
        phone.status.basic = Basic::Closed;
        phone.address = Some(CommunicationAddress {
            means: Token::parse("tel").unwrap(),
            contact: "+49<30>".into(),
        });
        let mut hand = tuple("x", TupleKind::Person);
        hand.id = by_hand();
        hand.status.activities = vec![Activity::Busy];
        hand.status.note = Note::parse("R&D <\"quoted\">").ok();
        let found = Notification {
            presentity: Presentity::parse("alice@localhost").unwrap(),
            view: View::Shown(PresenceInformation {
                tuples: vec![phone, tuple("tab", TupleKind::Device), hand],
                freshness: Freshness::Fresh,
                since: Timestamp(0),
                extent: Extent::Whole,
            }),
        };
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:alice@localhost">
  <tuple id="t-7-phone">
    <status><basic>closed</basic></status>
    <contact>tel:+49&lt;30&gt;</contact>
    <timestamp>2001-10-27T13:29:29.000Z</timestamp>
  </tuple>
  <tuple id="t-tab">
    <status><basic>open</basic></status>
    <timestamp>2001-10-27T13:29:29.000Z</timestamp>
  </tuple>
  <note>R&amp;D &lt;&quot;quoted&quot;&gt;</note>
  <dm:person id="person"><rpid:activities><rpid:busy/></rpid:activities></dm:person>
</presence>
"#;
        assert_eq!(document(&found), expected);
    }

    #[test]
    fn a_moment_is_its_date_also_on_leap_days() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (at, text) in cases {
            assert_eq!(rfc3339(Timestamp(at)), text);
        }
    }

    #[test]
    fn what_xml_has_no_place_for_is_replaced() {
        assert_eq!(escaped("a\u{1}b\u{ffff}c'"), "a\u{fffd}b\u{fffd}c&apos;");
    }
}
