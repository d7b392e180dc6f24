//! What many scenes need to read answers off the wire.

use std::time::Duration;

use lamplight_core::address::{MessageId, Seq, SessionId, Token};
use lamplight_core::code::Code;
use lamplight_core::message::{Entry, Receipt};
use lamplight_core::presence::{Activity, Note, PresenceTuple, Status, TupleKind, View, by_hand};
use lamplight_core::service::{Rate, ServiceConfig};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Contact, Resume, Standing, ToAgent, ToService};

use crate::room::{Room, body, inbox, presentity};

/// A rate that is never in the way.
const FREE: Rate = Rate {
    burst: 1_000_000,
    every: Duration::from_micros(1),
};

/// Limits without rates, so that only the limit of the scene can be met.
pub fn free_of_rates() -> ServiceConfig {
    let mut config = ServiceConfig::default();
    config.limits.frames = FREE;
    config.limits.sends = FREE;
    config.limits.publishes = FREE;
    config.limits.fetches = FREE;
    config.limits.requests = FREE;
    config.limits.polls = FREE;
    config.limits.letters_to_strangers = FREE;
    config.limits.signals = FREE;
    config.limits.held_messages = u32::MAX;
    config
}

/// How the welcomes in these frames went on from what was before, in order.
pub fn resumes(frames: &[ToAgent]) -> Vec<Resume> {
    let welcomes = frames.iter().filter_map(|frame| match frame {
        ToAgent::Welcome { resume, .. } => Some(*resume),
        _ => None,
    });
    welcomes.collect()
}

/// Every code in these frames, in order.
pub fn codes(frames: &[ToAgent]) -> Vec<Code> {
    let refusals = frames.iter().filter_map(|frame| match frame {
        ToAgent::Refused { refusal, .. } | ToAgent::Goodbye { refusal } => Some(refusal.code),
        ToAgent::Receipt {
            receipt: Receipt::Refused(refusal),
            ..
        } => Some(refusal.code),
        _ => None,
    });
    refusals.collect()
}

/// The views of this person in these frames, in order.
pub fn views(frames: &[ToAgent], whom: &str) -> Vec<View> {
    let presentity = presentity(whom);
    let told = frames.iter().flat_map(|frame| match frame {
        ToAgent::Notify { notifications } | ToAgent::Fetched { notifications, .. } => {
            notifications.as_slice()
        }
        _ => &[],
    });
    let of = told.filter(|notification| notification.presentity == presentity);
    of.map(|notification| notification.view.clone()).collect()
}

/// Every entry that was delivered in these frames, in order.
pub fn entries(frames: &[ToAgent]) -> Vec<Entry> {
    let delivered = frames.iter().flat_map(|frame| match frame {
        ToAgent::Deliver { entries, .. } => entries.as_slice(),
        _ => &[],
    });
    delivered.cloned().collect()
}

/// The places of the messages that were accepted in these frames.
pub fn accepted(frames: &[ToAgent]) -> Vec<Seq> {
    let places = frames.iter().filter_map(|frame| match frame {
        ToAgent::Receipt {
            receipt: Receipt::Accepted(seq, _),
            ..
        } => Some(*seq),
        _ => None,
    });
    places.collect()
}

/// A message with this number for an id.
pub fn message(id: u128, to: &str, text: &str) -> ToService {
    ToService::Send {
        id: MessageId(id),
        to: inbox(to),
        body: body(text),
        from: None,
    }
}

/// A subscription of this session alone.
pub fn subscribe(number: u32, whom: &[&str]) -> ToService {
    let contact = |name: &&str| Contact {
        presentity: presentity(name),
        petname: None,
        group: None,
    };
    ToService::Subscribe {
        number,
        standing: Standing::Session,
        contacts: whom.iter().map(contact).collect(),
    }
}

/// A tuple of a device, with a note if there is one to say.
pub fn device_tuple(id: &str, note: Option<&str>) -> PresenceTuple {
    PresenceTuple {
        id: Token::parse(id).expect("a short name"),
        kind: TupleKind::Device,
        status: Status {
            note: note.map(|text| Note::parse(text).expect("a short note")),
            ..Status::open()
        },
        address: None,
        markup: Vec::new(),
        since: Timestamp(1),
        until: None,
        hours: Vec::new(),
    }
}

/// A status set by hand at a moment.
pub fn hand_tuple(activity: Activity, since: Timestamp) -> PresenceTuple {
    let mut tuple = device_tuple("by-hand", None);
    tuple.id = by_hand();
    tuple.kind = TupleKind::Person;
    tuple.status.activities.push(activity);
    tuple.since = since;
    tuple
}

/// A person with an account and a line that the test holds, welcomed; what came so far is heard.
pub fn comes_by_hand(room: &mut Room, who: &str) -> SessionId {
    room.signs_up(who);
    comes_again(room, who)
}

/// One more line that the test holds, of someone with an account.
pub fn comes_again(room: &mut Room, who: &str) -> SessionId {
    let session = room.logs_in(who, "by-hand", None);
    let frames = room.hears(session);
    let welcomed = |frame: &ToAgent| matches!(frame, ToAgent::Welcome { .. });
    assert!(
        frames.iter().any(welcomed),
        "{who} is not welcome: {frames:?}"
    );
    session
}

/// Whether any text of these frames has this word.
pub fn mentions(frames: &[ToAgent], word: &str) -> bool {
    let codec = lamplight_core::wire::Codec::Json;
    let has = |frame: &ToAgent| String::from_utf8_lossy(&codec.encode(frame)).contains(word);
    frames.iter().any(has)
}
