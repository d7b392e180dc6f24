//! One or more frames of every kind, in both directions, with every shape that a field can have.

use lamplight_core::address::{Address, Epoch, MessageId, Seq, ServerId, SessionId, Token};
use lamplight_core::code::{Code, Retry};
use lamplight_core::message::{Conversation, Entry, Receipt, What};
use lamplight_core::presence::{
    Activity, Basic, CommunicationAddress, Freshness, Markup, Note, Notification,
    PresenceInformation, PresenceTuple, Status, TupleKind, View,
};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{
    Access, Announced, Class, Contact, Credentials, Cursor, Decision, Request, Resume, Standing,
    ToAgent, ToService,
};
use lamplight_tests::room::{body, inbox, presentity};

/// The frames that an agent sends. A new kind of frame does not compile until it has its word here.
pub fn word_to_service(frame: &ToService) -> &'static str {
    match frame {
        ToService::Hello { .. } => "hello",
        ToService::Publish { .. } => "publish",
        ToService::Withdraw { .. } => "withdraw",
        ToService::Fetch { .. } => "fetch",
        ToService::Subscribe { .. } => "subscribe",
        ToService::Unsubscribe { .. } => "unsubscribe",
        ToService::SetAccess { .. } => "set_access",
        ToService::Send { .. } => "send",
        ToService::FetchInbox { .. } => "fetch_inbox",
        ToService::FetchConversations { .. } => "fetch_conversations",
        ToService::Acknowledge { .. } => "acknowledge",
        ToService::MarkRead { .. } => "mark_read",
        ToService::Delete { .. } => "delete",
        ToService::Ping { .. } => "ping",
        ToService::Bye => "bye",
    }
}

/// The words of [`word_to_service`].
pub const TO_SERVICE: [&str; 15] = [
    "hello",
    "publish",
    "withdraw",
    "fetch",
    "subscribe",
    "unsubscribe",
    "set_access",
    "send",
    "fetch_inbox",
    "fetch_conversations",
    "acknowledge",
    "mark_read",
    "delete",
    "ping",
    "bye",
];

/// The frames that the service sends. A new kind of frame does not compile until it has its word here.
pub fn word_to_agent(frame: &ToAgent) -> &'static str {
    match frame {
        ToAgent::Welcome { .. } => "welcome",
        ToAgent::Roster { .. } => "roster",
        ToAgent::Notify { .. } => "notify",
        ToAgent::Fetched { .. } => "fetched",
        ToAgent::ContactKept { .. } => "contact_kept",
        ToAgent::ContactGone { .. } => "contact_gone",
        ToAgent::Requested { .. } => "requested",
        ToAgent::AccessSet { .. } => "access_set",
        ToAgent::Deliver { .. } => "deliver",
        ToAgent::Page { .. } => "page",
        ToAgent::Conversations { .. } => "conversations",
        ToAgent::Receipt { .. } => "receipt",
        ToAgent::Done { .. } => "done",
        ToAgent::Refused { .. } => "refused",
        ToAgent::Pong { .. } => "pong",
        ToAgent::Goodbye { .. } => "goodbye",
    }
}

/// The words of [`word_to_agent`].
pub const TO_AGENT: [&str; 16] = [
    "welcome",
    "roster",
    "notify",
    "fetched",
    "contact_kept",
    "contact_gone",
    "requested",
    "access_set",
    "deliver",
    "page",
    "conversations",
    "receipt",
    "done",
    "refused",
    "pong",
    "goodbye",
];

fn token(text: &str) -> Token {
    Token::parse(text).expect("samples have proper tokens")
}

fn note(text: &str) -> Note {
    Note::parse(text).expect("samples have proper notes")
}

fn alice() -> Address {
    presentity("alice").0
}

fn bob() -> Address {
    presentity("bob").0
}

const ID: MessageId = MessageId(0x0192_4d3c_77aa_7000_8000_0000_dead_beef);
const AT: Timestamp = Timestamp(1_767_225_600_123);

/// A tuple with everything that a tuple can have.
pub fn full_tuple() -> PresenceTuple {
    PresenceTuple {
        id: token("phone-1"),
        kind: TupleKind::Device,
        status: Status {
            basic: Basic::Closed,
            activities: vec![
                Activity::Away,
                Activity::Busy,
                Activity::Invisible,
                Activity::Named(token("x-shop.on-break")),
            ],
            note: Some(note("in a meeting, “zurück um 3”")),
        },
        address: Some(CommunicationAddress {
            means: token("tel"),
            contact: "+49 30 1234".into(),
        }),
        markup: vec![Markup {
            namespace: token("x-shop"),
            content: vec![0, 1, 254, 255],
        }],
        since: AT,
        until: Some(Timestamp(AT.0 + 3_600_000)),
    }
}

/// A tuple with nothing that it need not have.
pub fn bare_tuple() -> PresenceTuple {
    PresenceTuple {
        id: token("by-hand"),
        kind: TupleKind::Person,
        status: Status::open(),
        address: None,
        markup: vec![],
        since: AT,
        until: None,
        hours: Vec::new(),
    }
}

/// Every kind of frame from an agent.
pub fn to_service() -> Vec<ToService> {
    let contacts = vec![
        Contact {
            presentity: presentity("alice"),
            petname: Some(note("Ali")),
            group: None,
        },
        Contact {
            presentity: presentity("bob"),
            petname: None,
            group: None,
        },
    ];
    let both = vec![presentity("alice"), presentity("bob")];
    vec![
        ToService::Hello {
            version: 1,
            credentials: Credentials::Ticket("t-1".to_owned().into()),
            device: token("laptop"),
            cursor: None,
        },
        ToService::Hello {
            version: 1,
            credentials: Credentials::Token("secret".to_owned().into()),
            device: token("bot"),
            cursor: Some(Cursor {
                epoch: Epoch(u64::MAX),
                seq: Seq(17),
            }),
        },
        ToService::Publish {
            tuple: full_tuple(),
            of: None,
        },
        ToService::Publish {
            tuple: bare_tuple(),
            of: None,
        },
        ToService::Withdraw {
            tuple: token("by-hand"),
            of: None,
        },
        ToService::Fetch {
            number: 1,
            presentities: both.clone(),
        },
        ToService::Subscribe {
            number: 2,
            standing: Standing::Contact,
            contacts: contacts.clone(),
        },
        ToService::Subscribe {
            number: 3,
            standing: Standing::Session,
            contacts: vec![],
        },
        ToService::Unsubscribe {
            number: 4,
            presentities: both,
        },
        set_access(5, Some(Decision::Allow)),
        set_access(6, Some(Decision::Deny)),
        set_access(7, Some(Decision::Block)),
        set_access(8, None),
        ToService::Send {
            id: ID,
            to: inbox("alice"),
            body: body("hello, Älice 👋\nsecond line"),
            from: None,
        },
        ToService::FetchInbox {
            number: 9,
            with: None,
            before: None,
            limit: 300,
        },
        ToService::FetchInbox {
            number: 10,
            with: Some(bob()),
            before: Some(Seq(99)),
            limit: 1,
        },
        ToService::FetchConversations { number: u32::MAX },
        ToService::Acknowledge { up_to: Seq(12) },
        ToService::MarkRead {
            with: bob(),
            up_to: Seq(11),
        },
        ToService::Delete {
            number: 12,
            seqs: vec![Seq(3), Seq(4)],
        },
        ToService::Ping { number: 13 },
        ToService::Bye,
    ]
}

fn set_access(number: u32, decision: Option<Decision>) -> ToService {
    ToService::SetAccess {
        number,
        watcher: presentity("bob").principal(),
        decision,
        of: None,
    }
}

fn entries() -> Vec<Entry> {
    let entry = |seq, what| Entry {
        seq: Seq(seq),
        with: bob(),
        at: AT,
        what,
    };
    vec![
        entry(1, What::Received(ID, body("hi"))),
        entry(2, What::Sent(MessageId(1), body("ho"))),
        entry(3, What::Delivered(Seq(2))),
        entry(4, What::Read(Seq(1))),
        entry(5, What::Deleted(Seq(1))),
    ]
}

fn notifications() -> Vec<Notification> {
    let shown = |tuples, freshness| {
        View::Shown(PresenceInformation {
            tuples,
            freshness,
            since: AT,
        })
    };
    let of = |name, view| Notification {
        presentity: presentity(name),
        view,
    };
    vec![
        of(
            "alice",
            shown(vec![full_tuple(), bare_tuple()], Freshness::Fresh),
        ),
        of("bob", shown(vec![], Freshness::Stale)),
        of("carol", shown(vec![], Freshness::Unknown)),
        of("dave", View::Pending),
        of("erin", View::Ended(Code::NotAllowed.refusal())),
    ]
}

fn welcome(resume: Resume, class: Class) -> ToAgent {
    ToAgent::Welcome {
        version: 1,
        you: presentity("alice").principal(),
        class,
        server: ServerId(1),
        session: SessionId(42),
        now: AT,
        resume,
        head: Cursor {
            epoch: Epoch(7),
            seq: Seq(5),
        },
        announced: Announced {
            frame_max: 65_536,
            body_max: 16_384,
            sends_in_flight: 32,
            contacts_max: 10_000,
            gone_after_ms: 45_000,
            grace_ms: 10_000,
            quiet_ms: 20_000,
        },
    }
}

/// Every kind of frame from the service.
pub fn to_agent() -> Vec<ToAgent> {
    let bobs_request = Request {
        watcher: presentity("bob").principal(),
        at: AT,
    };
    vec![
        welcome(Resume::Resumed, Class::Account),
        welcome(Resume::Fresh, Class::Guest),
        welcome(Resume::ResetEpoch, Class::Account),
        welcome(Resume::ResetTooFar, Class::Account),
        ToAgent::Roster {
            contacts: vec![Contact {
                presentity: presentity("bob"),
                petname: Some(note("Bobby")),
                group: None,
            }],
            access: vec![Access {
                watcher: presentity("bob").principal(),
                decision: Decision::Block,
                at: AT,
            }],
            requests: vec![bobs_request.clone()],
        },
        ToAgent::Notify {
            notifications: notifications(),
        },
        ToAgent::Fetched {
            number: 1,
            notifications: notifications(),
        },
        ToAgent::ContactKept {
            contact: Contact {
                presentity: presentity("bob"),
                petname: None,
                group: None,
            },
        },
        ToAgent::ContactGone {
            presentity: presentity("bob"),
        },
        ToAgent::Requested {
            request: bobs_request,
        },
        ToAgent::AccessSet {
            watcher: presentity("bob").principal(),
            decision: Some(Decision::Allow),
        },
        ToAgent::Deliver {
            entries: entries(),
            up_to: Seq(5),
        },
        ToAgent::Page {
            number: 9,
            entries: entries(),
            more: true,
        },
        ToAgent::Conversations {
            number: 10,
            conversations: vec![
                Conversation {
                    with: bob(),
                    last: entries().into_iter().next(),
                    unread: 3,
                    read: Seq(1),
                    delivered: Seq(2),
                },
                Conversation {
                    with: alice(),
                    last: None,
                    unread: 0,
                    read: Seq(0),
                    delivered: Seq(0),
                },
            ],
            head: Seq(5),
        },
        ToAgent::Receipt {
            id: ID,
            receipt: Receipt::Accepted(Seq(6), AT),
        },
        ToAgent::Receipt {
            id: ID,
            receipt: Receipt::Refused(Code::InboxClosed.refusal()),
        },
        ToAgent::Done { number: 4 },
        ToAgent::Refused {
            number: Some(5),
            refusal: Code::TooManyRequests.refusal_after(std::time::Duration::from_millis(250)),
        },
        ToAgent::Refused {
            number: None,
            refusal: {
                let mut refusal = Code::BadFrame.refusal();
                refusal.retry = Retry::No;
                refusal
            },
        },
        ToAgent::Pong { number: 13 },
        ToAgent::Goodbye {
            refusal: Code::Draining.refusal(),
        },
    ]
}
