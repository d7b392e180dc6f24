//! What many scenes need to read answers off the wire.

use std::time::Duration;

use lamplight_core::address::{MessageId, Principal, Seq, SessionId, Tag, Token};
use lamplight_core::code::Code;
use lamplight_core::message::{Entry, Receipt, What};
use lamplight_core::person::person;
use lamplight_core::presence::{Activity, Note, PresenceTuple, Status, TupleKind, View, by_hand};
use lamplight_core::rules::{AccessRule, AccessRules, Login, Who};
use lamplight_core::service::{Identity, Rate, ServiceConfig};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{
    Contact, Decision, OwnInbox, OwnPresentity, Resume, Standing, ToAgent, ToService,
};

use crate::room::{Room, body, in_words, inbox, presentity};

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
        only_open: false,
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

// What people settle by hand.

/// A tag of a further address.
pub fn tag(text: &str) -> Tag {
    Tag::parse(text).expect("a tag is a short word")
}

/// A short text.
pub fn note(text: &str) -> Note {
    Note::parse(text).expect("a short note")
}

/// A principal of the Room's domain by name.
pub fn principal(who: &str) -> Principal {
    presentity(who).principal()
}

/// The rule that all of whom it speaks see this, always and however they signed in.
pub fn rule(who: Who, decision: Decision) -> AccessRule {
    AccessRule {
        who,
        decision,
        needs: Login::Nobody,
        from: None,
        until: None,
    }
}

/// These rules for one's first presentity.
pub fn rules(rules: Vec<AccessRule>) -> ToService {
    presentity_with(None, rules)
}

/// These rules for one of one's presentities, which is made if it is not there.
pub fn presentity_with(of: Option<&str>, rules: Vec<AccessRule>) -> ToService {
    let rules = AccessRules {
        rules,
        ..AccessRules::default()
    };
    own_presentity(of, rules)
}

/// As [`presentity_with`], with everything that rules can say.
pub fn own_presentity(of: Option<&str>, rules: AccessRules) -> ToService {
    ToService::SetPresentity {
        number: 70,
        own: OwnPresentity {
            tag: of.map(tag),
            label: None,
            rules,
        },
    }
}

/// One of one's inbox addresses, which is made if it is not there.
pub fn own_inbox(of: Option<&str>) -> OwnInbox {
    OwnInbox {
        tag: of.map(tag),
        ..OwnInbox::default()
    }
}

/// Decides what someone sees of one's first presentity.
pub fn decide(whom: &str, decision: Option<Decision>) -> ToService {
    ToService::SetAccess {
        number: 71,
        watcher: principal(whom),
        decision,
        of: None,
    }
}

/// Writes a frame that is to be carried out, and takes everything that came with the answer.
pub fn does(room: &mut Room, session: SessionId, frame: &ToService) -> Vec<ToAgent> {
    let answers = room.asks_relay(session, frame);
    let done = |answer: &ToAgent| matches!(answer, ToAgent::Done { .. });
    assert!(
        answers.iter().any(done) && codes(&answers).is_empty(),
        "{frame:?} is not done: {answers:?}"
    );
    answers
}

/// Publishes a tuple in one's first presentity.
pub fn publishes(room: &mut Room, session: SessionId, tuple: PresenceTuple) {
    let answers = room.asks_relay(session, &ToService::Publish { tuple, of: None });
    assert_eq!(codes(&answers), []);
}

/// Someone with an account and a device, on a line by hand.
pub fn is_there(room: &mut Room, who: &str) -> SessionId {
    let session = comes_by_hand(room, who);
    publishes(room, session, device_tuple("tab", None));
    session
}

/// A line by hand of exactly this one, welcomed; what came so far is heard.
pub fn comes_as(room: &mut Room, identity: Identity) -> SessionId {
    let who = identity.principal.clone();
    let session = room.logs_in_as(identity, "by-hand");
    let frames = room.hears(session);
    let welcomed = |frame: &ToAgent| matches!(frame, ToAgent::Welcome { .. });
    assert!(
        frames.iter().any(welcomed),
        "{who:?} is not welcome: {frames:?}"
    );
    session
}

/// What is known of these now.
pub fn fetch(whom: &[&str]) -> ToService {
    ToService::Fetch {
        number: 72,
        presentities: whom.iter().map(|name| presentity(name)).collect(),
    }
}

/// A contact, kept under this heading.
pub fn contact(whom: &str, group: Option<&str>) -> ToService {
    ToService::Subscribe {
        number: 73,
        standing: Standing::Contact,
        contacts: vec![Contact {
            presentity: presentity(whom),
            petname: None,
            group: group.map(note),
        }],
    }
}

/// No more of this one.
pub fn unsubscribe(whom: &str) -> ToService {
    ToService::Unsubscribe {
        number: 74,
        presentities: vec![presentity(whom)],
    }
}

/// A view in words; a refusal by its code.
pub fn word(view: &View) -> String {
    match view {
        View::Ended(refusal) => refusal.code.slug().to_owned(),
        view => in_words(&person(view)),
    }
}

/// Everything that these frames say of someone, in words and in order.
pub fn words(frames: &[ToAgent], whom: &str) -> Vec<String> {
    views(frames, whom).iter().map(word).collect()
}

/// What a session was told of someone since it was last asked.
pub fn told(room: &mut Room, session: SessionId, whom: &str) -> Vec<String> {
    words(&room.hears(session), whom)
}

/// Subscribes for this session and says what is seen at first.
pub fn watches(room: &mut Room, session: SessionId, whom: &str) -> String {
    let frames = room.asks_relay(session, &subscribe(75, &[whom]));
    let words = words(&frames, whom);
    words.last().cloned().unwrap_or_else(|| {
        let codes = codes(&frames);
        codes
            .first()
            .map_or("nothing", |code| code.slug())
            .to_owned()
    })
}

/// Everything of these entries that people read or that marks say, a line each.
pub fn in_lines(entries: &[Entry]) -> Vec<String> {
    let line = |entry: &Entry| {
        let with = entry.with.name();
        match &entry.what {
            What::Received(_, body) => format!("{with}: {}", body.as_str()),
            What::Sent(_, body) => format!("to {with}: {}", body.as_str()),
            What::Held(_, body) => format!("held of {with}: {}", body.as_str()),
            What::Delivered(_) => format!("delivered to {with}"),
            What::Read(_) => format!("read of {with}"),
            What::Deleted(_) => format!("deleted of {with}"),
            What::Admitted => format!("admitted {with}"),
            What::Cleared(_) => format!("cleared {with}"),
        }
    };
    entries.iter().map(line).collect()
}

/// What came into a session's inbox since it was last heard.
pub fn came_in(room: &mut Room, session: SessionId) -> Vec<String> {
    in_lines(&entries(&room.hears(session)))
}

/// Everything that is kept for someone, as a new line of theirs is told.
pub fn roster_of(room: &mut Room, who: &str) -> Vec<ToAgent> {
    let session = room.logs_in(who, "to-see", None);
    let frames = room.hears(session);
    room.hangs_up(session);
    frames
}
