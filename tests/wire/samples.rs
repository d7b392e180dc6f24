//! One or more frames of every kind, in both directions, with every shape that a field can have.

use lamplight_core::address::{Address, Epoch, MessageId, Seq, ServerId, SessionId, Tag, Token};
use lamplight_core::called::{Called, Says};
use lamplight_core::code::{Code, Retry};
use lamplight_core::ledger::{Kind, WatchState, WatcherInformation, WatcherName, Watchers};
use lamplight_core::message::{Conversation, Entry, Receipt, What};
use lamplight_core::presence::{
    Activity, Basic, CommunicationAddress, Extent, Freshness, Hours, Markup, Note, Notification,
    PresenceInformation, PresenceTuple, Status, TupleKind, View,
};
use lamplight_core::rules::{
    AccessRule, AccessRules, Delivery, DeliveryRule, Demand, Login, Part, Shares, Visibility,
    VisibilityRules, Who,
};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{
    Access, Announced, Class, Contact, Counts, Credentials, Cursor, Decision, Doing, Offers,
    OwnInbox, OwnPresentity, Pace, Request, Resume, Standing, ToAgent, ToService,
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
        ToService::SetPresentity { .. } => "set_presentity",
        ToService::DropPresentity { .. } => "drop_presentity",
        ToService::SetInbox { .. } => "set_inbox",
        ToService::DropInbox { .. } => "drop_inbox",
        ToService::SetVisibility { .. } => "set_visibility",
        ToService::FetchWatchers { .. } => "fetch_watchers",
        ToService::SubscribeWatchers { .. } => "subscribe_watchers",
        ToService::UnsubscribeWatchers { .. } => "unsubscribe_watchers",
        ToService::Pace { .. } => "pace",
        ToService::Signal { .. } => "signal",
        ToService::Admit { .. } => "admit",
        ToService::Clear { .. } => "clear",
    }
}

/// The words of [`word_to_service`].
pub const TO_SERVICE: [&str; 27] = [
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
    "set_presentity",
    "drop_presentity",
    "set_inbox",
    "drop_inbox",
    "set_visibility",
    "fetch_watchers",
    "subscribe_watchers",
    "unsubscribe_watchers",
    "pace",
    "signal",
    "admit",
    "clear",
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
        ToAgent::PresentitySet { .. } => "presentity_set",
        ToAgent::PresentityGone { .. } => "presentity_gone",
        ToAgent::InboxSet { .. } => "inbox_set",
        ToAgent::InboxGone { .. } => "inbox_gone",
        ToAgent::VisibilitySet { .. } => "visibility_set",
        ToAgent::Watchers { .. } => "watchers",
        ToAgent::Signal { .. } => "signal",
        ToAgent::Visiting { .. } => "visiting",
    }
}

/// The words of [`word_to_agent`].
pub const TO_AGENT: [&str; 24] = [
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
    "presentity_set",
    "presentity_gone",
    "inbox_set",
    "inbox_gone",
    "visibility_set",
    "watchers",
    "signal",
    "visiting",
];

fn token(text: &str) -> Token {
    Token::parse(text).expect("samples have proper tokens")
}

fn note(text: &str) -> Note {
    Note::parse(text).expect("samples have proper notes")
}

fn tag(text: &str) -> Tag {
    Tag::parse(text).expect("samples have proper tags")
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
        hours: vec![],
        only_open: false,
    }
}

/// A means with its hours: some that end on the same day, some on the next, in two places of the world.
pub fn means_tuple() -> PresenceTuple {
    PresenceTuple {
        id: token("phone"),
        kind: TupleKind::Service,
        hours: hours(),
        only_open: true,
        until: None,
        ..full_tuple()
    }
}

fn hours() -> Vec<Hours> {
    vec![
        Hours {
            days: 0b001_1111,
            from: 9 * 60,
            to: 17 * 60 + 30,
            offset: 120,
        },
        Hours {
            days: 0b110_0000,
            from: 1_439,
            to: 1_440,
            offset: -840,
        },
        Hours {
            days: 1,
            from: 22 * 60,
            to: 0,
            offset: 0,
        },
    ]
}

/// Everyone of whom a rule can speak.
fn everyone() -> Vec<Who> {
    vec![
        Who::Address(bob()),
        Who::Domain("example.org".into()),
        Who::Group(note("Family")),
        Who::Known,
        Who::Account,
        Who::Guest,
        Who::Program,
        Who::Site("shop.example.org".into()),
        Who::Anyone,
        Who::Visitor,
    ]
}

fn decisions() -> Vec<Decision> {
    vec![
        Decision::Allow,
        Decision::Deny,
        Decision::Block,
        Decision::Ask,
        Decision::Availability,
        Decision::Chosen(Part::ALL),
        Decision::Chosen(Part {
            activity: true,
            note: false,
            devices: false,
            last_seen: true,
            means: Shares::These(vec![token("phone"), token("room")]),
        }),
        Decision::Chosen(Part::AVAILABILITY),
    ]
}

const LOGINS: [Login; 5] = [
    Login::Nobody,
    Login::Guest,
    Login::Program,
    Login::Account,
    Login::Fresh,
];

/// Rules of every kind of whom, decision and login.
fn access_rules() -> AccessRules {
    let (decisions, logins) = (decisions(), LOGINS);
    let rules = everyone().into_iter().enumerate().map(|(at, who)| {
        let timed = at % 2 == 1;
        AccessRule {
            who,
            decision: decisions[at % decisions.len()].clone(),
            needs: logins[at % logins.len()],
            from: timed.then_some(AT),
            until: (at % 3 == 1).then_some(Timestamp(AT.0 + 60_000)),
        }
    });
    AccessRules {
        rules: rules.collect(),
        demand: Demand::Named,
        publishing_needs: Login::Fresh,
    }
}

fn delivery_rules() -> Vec<DeliveryRule> {
    let then = [
        Delivery::Deliver,
        Delivery::Hold,
        Delivery::Refuse,
        Delivery::Drop,
        Delivery::SignIn,
    ];
    let rules = everyone()
        .into_iter()
        .enumerate()
        .map(|(at, who)| DeliveryRule {
            who,
            then: then[at % then.len()],
            below: (at % 2 == 1).then_some(LOGINS[at % LOGINS.len()]),
            longer_than: (at % 3 == 1).then_some(4_096),
            hours: if at % 4 == 1 { hours() } else { vec![] },
        });
    rules.collect()
}

fn own_presentity() -> OwnPresentity {
    OwnPresentity {
        tag: Some(tag("work")),
        label: Some(note("At work")),
        rules: access_rules(),
    }
}

fn own_inbox() -> OwnInbox {
    OwnInbox {
        tag: Some(tag("shop")),
        label: Some(note("For the shop")),
        until: Some(AT),
        rules: delivery_rules(),
        counts: Counts {
            delivered: 70_000,
            held: 2,
            refused: 300,
        },
    }
}

fn visibility_rules() -> VisibilityRules {
    VisibilityRules {
        otherwise: Visibility::Counted,
        exceptions: vec![
            (presentity("bob"), Visibility::Named),
            (presentity("carol"), Visibility::Hidden),
        ],
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
        only_open: false,
    }
}

/// Every kind of frame from an agent.
pub fn to_service() -> Vec<ToService> {
    let contacts = vec![
        Contact {
            presentity: presentity("alice"),
            petname: Some(note("Ali")),
            group: Some(note("Family")),
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
        ToService::Hello {
            version: 1,
            credentials: Credentials::Visitor,
            device: token("page"),
            cursor: None,
        },
        ToService::Publish {
            tuple: full_tuple(),
            of: None,
        },
        ToService::Publish {
            tuple: bare_tuple(),
            of: None,
        },
        ToService::Publish {
            tuple: means_tuple(),
            of: Some(tag("work")),
        },
        ToService::Withdraw {
            tuple: token("by-hand"),
            of: None,
        },
        ToService::Withdraw {
            tuple: token("phone"),
            of: Some(tag("work")),
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
        set_access(14, Some(Decision::Ask)),
        set_access(15, Some(Decision::Availability)),
        set_access(16, Some(Decision::Chosen(Part::ALL))),
        ToService::SetAccess {
            number: 17,
            watcher: presentity("bob").principal(),
            decision: decisions().into_iter().nth(6),
            of: Some(tag("work")),
        },
        ToService::SetAccess {
            number: 18,
            watcher: presentity("bob").principal(),
            decision: None,
            of: Some(tag("work")),
        },
        ToService::Send {
            id: ID,
            to: inbox("alice"),
            body: body("hello, Älice 👋\nsecond line"),
            from: None,
        },
        ToService::Send {
            id: ID,
            to: inbox("alice+shop"),
            body: body("through a further address, and from one"),
            from: Some(tag("work")),
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
        ToService::SetPresentity {
            number: 19,
            own: own_presentity(),
        },
        ToService::SetPresentity {
            number: 20,
            own: OwnPresentity::default(),
        },
        ToService::DropPresentity {
            number: 21,
            tag: tag("work"),
        },
        ToService::SetInbox {
            number: 22,
            own: own_inbox(),
        },
        ToService::SetInbox {
            number: 23,
            own: OwnInbox::default(),
        },
        ToService::DropInbox {
            number: 24,
            tag: tag("shop"),
        },
        set_visibility(25, None, Some(Visibility::Named)),
        set_visibility(26, None, Some(Visibility::Counted)),
        set_visibility(27, Some("bob"), Some(Visibility::Hidden)),
        set_visibility(28, Some("bob"), None),
        set_visibility(29, None, None),
        ToService::FetchWatchers {
            number: 30,
            presentity: presentity("alice"),
        },
        ToService::SubscribeWatchers {
            number: 31,
            presentity: presentity("alice+work"),
        },
        ToService::UnsubscribeWatchers {
            number: 32,
            presentity: presentity("alice"),
        },
        ToService::Pace { pace: Pace::Paused },
        ToService::Pace { pace: Pace::Live },
        ToService::Signal {
            to: inbox("bob"),
            doing: Doing::Typing,
            from: None,
        },
        ToService::Signal {
            to: inbox("bob"),
            doing: Doing::Nothing,
            from: None,
        },
        ToService::Signal {
            to: inbox("bob"),
            doing: Doing::Nothing,
            from: Some(tag("shop")),
        },
        ToService::Admit {
            number: 33,
            with: bob(),
        },
        ToService::Clear {
            number: 34,
            with: bob(),
        },
    ]
}

fn set_visibility(number: u32, of: Option<&str>, visibility: Option<Visibility>) -> ToService {
    ToService::SetVisibility {
        number,
        presentity: of.map(presentity),
        visibility,
    }
}

fn set_access(number: u32, decision: Option<Decision>) -> ToService {
    ToService::SetAccess {
        number,
        watcher: presentity("bob").principal(),
        decision,
        of: None,
    }
}

/// How a visitor of a site is called.
fn called() -> Called {
    Called {
        site: note("shop.example"),
        name: Some(note("Maria")),
        says: Says::Site,
    }
}

fn entries() -> Vec<Entry> {
    let entry = |seq, what| Entry {
        seq: Seq(seq),
        with: bob(),
        at: AT,
        what,
        own: None,
        by: None,
        called: None,
    };
    vec![
        entry(1, What::Received(ID, body("hi"))),
        entry(2, What::Sent(MessageId(1), body("ho"))),
        entry(3, What::Delivered(Seq(2))),
        entry(4, What::Read(Seq(1))),
        entry(5, What::Deleted(Seq(1))),
        entry(6, What::Held(MessageId(2), body("we have not met"))),
        entry(7, What::Admitted),
        entry(8, What::Cleared(Seq(6))),
        Entry {
            own: Some(tag("shop")),
            ..entry(9, What::Received(MessageId(3), body("are you open?")))
        },
        Entry {
            by: Some(presentity("carol").principal()),
            ..entry(10, What::Sent(MessageId(4), body("we are")))
        },
        Entry {
            called: Some(Box::new(called())),
            ..entry(11, What::Received(MessageId(5), body("and on Sunday?")))
        },
    ]
}

fn notifications() -> Vec<Notification> {
    let shown = |tuples, freshness| {
        View::Shown(PresenceInformation {
            tuples,
            freshness,
            since: AT,
            extent: Extent::Whole,
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
        of(
            "frank",
            View::Shown(PresenceInformation {
                tuples: vec![means_tuple()],
                freshness: Freshness::Fresh,
                since: Timestamp(0),
                extent: Extent::Availability,
            }),
        ),
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
        announced: announced(),
        by: None,
    }
}

fn announced() -> Announced {
    Announced {
        frame_max: 65_536,
        body_max: 16_384,
        sends_in_flight: 32,
        contacts_max: 10_000,
        gone_after_ms: 45_000,
        grace_ms: 10_000,
        quiet_ms: 20_000,
        offers: Offers::Both,
        watchers_span_ms: 604_800_000,
    }
}

/// A welcome to a member who speaks for a group, at a relay of one service.
fn welcome_in_the_name_of_a_group(offers: Offers) -> ToAgent {
    let mut welcome = welcome(Resume::Fresh, Class::Group);
    if let ToAgent::Welcome { announced, by, .. } = &mut welcome {
        announced.offers = offers;
        *by = Some(presentity("carol").principal());
    }
    welcome
}

fn information(watcher: WatcherName, kind: Kind, state: WatchState) -> WatcherInformation {
    WatcherInformation {
        watcher,
        kind,
        state,
        first: AT,
        last: Timestamp(AT.0 + 5_000),
        count: 5,
        devices: u32::from(state == WatchState::Active) * 2,
    }
}

fn watchers() -> Watchers {
    let bob = || WatcherName::Principal(presentity("bob").principal());
    Watchers {
        named: vec![
            information(bob(), Kind::Subscriber, WatchState::Active),
            information(bob(), Kind::Poller, WatchState::Ended),
            information(bob(), Kind::Fetcher, WatchState::Attempt),
            information(
                WatcherName::Site("example.org".into()),
                Kind::Fetcher,
                WatchState::Ended,
            ),
            information(WatcherName::Nobody, Kind::Fetcher, WatchState::Ended),
        ],
        counted: 3,
        turned_away: 1,
    }
}

/// Every kind of frame from the service.
pub fn to_agent() -> Vec<ToAgent> {
    let bobs_request = Request {
        watcher: presentity("bob").principal(),
        at: AT,
        called: None,
    };
    vec![
        welcome(Resume::Resumed, Class::Account),
        welcome(Resume::Fresh, Class::Guest),
        welcome(Resume::ResetEpoch, Class::Account),
        welcome(Resume::ResetTooFar, Class::Program),
        welcome_in_the_name_of_a_group(Offers::Presence),
        welcome_in_the_name_of_a_group(Offers::Messages),
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
            visibility: VisibilityRules::default(),
            inboxes: vec![],
            own: OwnPresentity::default(),
        },
        ToAgent::Roster {
            contacts: vec![],
            access: decisions()
                .into_iter()
                .map(|decision| Access {
                    watcher: presentity("bob").principal(),
                    decision,
                    at: AT,
                })
                .collect(),
            requests: vec![],
            visibility: visibility_rules(),
            inboxes: vec![OwnInbox::default(), own_inbox()],
            own: OwnPresentity {
                tag: None,
                ..own_presentity()
            },
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
        ToAgent::ContactKept {
            contact: Contact {
                presentity: presentity("bob+work"),
                petname: None,
                group: Some(note("Work")),
            },
        },
        ToAgent::ContactGone {
            presentity: presentity("bob"),
        },
        ToAgent::Requested {
            request: bobs_request.clone(),
            of: None,
        },
        ToAgent::Requested {
            request: Request {
                called: Some(Box::new(called())),
                ..bobs_request
            },
            of: Some(tag("work")),
        },
        ToAgent::AccessSet {
            watcher: presentity("bob").principal(),
            decision: Some(Decision::Allow),
            of: None,
        },
        ToAgent::AccessSet {
            watcher: presentity("bob").principal(),
            decision: None,
            of: Some(tag("work")),
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
                    held: 0,
                    called: None,
                },
                Conversation {
                    with: alice(),
                    last: None,
                    unread: 0,
                    read: Seq(0),
                    delivered: Seq(0),
                    held: 2,
                    called: Some(Box::new(Called {
                        name: None,
                        says: Says::Themselves,
                        ..called()
                    })),
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
        ToAgent::PresentitySet {
            own: own_presentity(),
        },
        ToAgent::PresentityGone { tag: tag("work") },
        ToAgent::InboxSet { own: own_inbox() },
        ToAgent::InboxGone { tag: tag("shop") },
        ToAgent::VisibilitySet {
            rules: visibility_rules(),
        },
        ToAgent::VisibilitySet {
            rules: VisibilityRules::default(),
        },
        ToAgent::Watchers {
            number: 31,
            presentity: presentity("alice"),
            watchers: watchers(),
        },
        ToAgent::Watchers {
            number: 30,
            presentity: presentity("alice+work"),
            watchers: Watchers::default(),
        },
        ToAgent::Signal {
            from: bob(),
            doing: Doing::Typing,
        },
        ToAgent::Signal {
            from: bob(),
            doing: Doing::Nothing,
        },
        ToAgent::Visiting {
            version: 1,
            now: AT,
            announced: announced(),
        },
    ]
}
