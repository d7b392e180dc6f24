//! One agent, its clock and the hand that plays the service.

use core::time::Duration;

use alloc::vec;
use alloc::vec::Vec;

use crate::address::{
    Address, Epoch, InboxAddress, MessageId, Presentity, Principal, Seq, ServerId, SessionId, Tag,
    Token,
};
use crate::agent::{
    Agent, AgentConfig, Changed, Input, Intent, Item, Keepsake, LineLost, Notice, Output,
};
use crate::code::{Code, Refusal};
use crate::message::{Body, Conversation, Entry, Receipt, What};
use crate::presence::{
    CommunicationAddress, Extent, Freshness, Notification, PresenceInformation, PresenceTuple,
    Status, TupleKind, View,
};
use crate::recording::Recorder;
use crate::rules::VisibilityRules;
use crate::time::{Instant, Now, Timestamp, millis};
use crate::wire::{
    Access, Announced, Class, Contact, Credentials, Cursor, Number, Offers, OwnPresentity, Request,
    Resume, ToAgent, ToService, from_cbor, to_cbor,
};

/// The agent of alice on one device.
pub struct Life {
    pub agent: Agent,
    pub now: Now,
    pub recorder: Recorder,
    /// What it wanted and no test has looked at yet.
    out: Vec<Output>,
    /// What its shell keeps.
    keepsakes: Vec<Keepsake>,
}

pub fn config(seed: u64) -> AgentConfig {
    AgentConfig {
        seed,
        principal: Principal(address("alice")),
        device: Token::parse("browser").unwrap(),
        tuple: Token::parse("tab").unwrap(),
        idle_after_ms: 300_000,
    }
}

impl Life {
    pub fn new() -> Self {
        Self::seeded(7)
    }

    pub fn seeded(seed: u64) -> Self {
        let now = Now {
            instant: Instant(1_000_000),
            timestamp: Timestamp(1_800_000_000_000),
        };
        Self {
            agent: Agent::new(config(seed), now),
            now,
            recorder: Recorder::new(config(seed), now),
            out: Vec::new(),
            keepsakes: Vec::new(),
        }
    }

    /// Started, let in with an inbox whose log goes up to `head`, and told that there are these conversations.
    pub fn up(head: u64, conversations: Vec<Conversation>) -> Self {
        let mut life = Self::new();
        life.tell(Input::Start);
        life.comes_in(Resume::Fresh, 1, head);
        life.answers_conversations(conversations, head);
        life.frames();
        life
    }

    pub fn tell(&mut self, input: Input) {
        self.recorder.input(&input, self.now);
        self.agent.handle(input, self.now);
        while let Some(output) = self.agent.poll_output() {
            self.recorder.output(&output, self.now);
            match &output {
                Output::Keep(keepsake) => {
                    self.keepsakes.retain(|one| one.name() != keepsake.name());
                    self.keepsakes.push(keepsake.clone());
                }
                Output::Forget(name) => self.keepsakes.retain(|one| one.name() != *name),
                _ => {}
            }
            self.out.push(output);
        }
        let due = self.agent.poll_timeout();
        assert!(
            due.is_none_or(|due| due > self.now.instant),
            "what was due was not done: {due:?}"
        );
    }

    pub fn wants(&mut self, intent: Intent) {
        self.tell(Input::Intent(intent));
    }

    pub fn hears(&mut self, frame: &ToAgent) {
        self.tell(Input::Frame(to_cbor(frame)));
    }

    /// Time goes by without a wake.
    pub fn skips(&mut self, wait: Duration) {
        self.now.instant = self.now.instant.after(wait);
        self.now.timestamp.0 += millis(wait);
    }

    /// Time goes by, with every wake that is asked for.
    pub fn passes(&mut self, wait: Duration) {
        let end = self.now.instant.after(wait);
        while let Some(due) = self.agent.poll_timeout().filter(|due| *due <= end) {
            self.skips(due.since(self.now.instant));
            self.tell(Input::Wake);
        }
        self.skips(end.since(self.now.instant));
    }

    // The service's part.

    pub fn opened(&mut self) {
        self.tell(Input::Opened(Credentials::Ticket(
            alloc::string::String::from("secret").into(),
        )));
    }

    pub fn comes_in(&mut self, resume: Resume, epoch: u64, head: u64) {
        self.opened();
        self.is_welcomed(resume, epoch, head);
    }

    pub fn is_welcomed(&mut self, resume: Resume, epoch: u64, head: u64) {
        let welcome = self.welcome(resume, epoch, head);
        self.hears(&welcome);
    }

    pub fn welcome(&self, resume: Resume, epoch: u64, head: u64) -> ToAgent {
        ToAgent::Welcome {
            version: 1,
            you: Principal(address("alice")),
            class: Class::Account,
            server: ServerId(1),
            session: SessionId(1),
            now: self.now.timestamp,
            resume,
            head: Cursor {
                epoch: Epoch(epoch),
                seq: Seq(head),
            },
            announced: Announced {
                frame_max: 65_536,
                body_max: 16_384,
                sends_in_flight: 4,
                contacts_max: 10_000,
                gone_after_ms: 45_000,
                grace_ms: 10_000,
                quiet_ms: 20_000,
                offers: Offers::Both,
                watchers_span_ms: 604_800_000,
            },
            by: None,
        }
    }

    /// The line breaks, and the next one is open.
    pub fn comes_back(&mut self, resume: Resume, epoch: u64, head: u64) {
        self.tell(Input::Lost(LineLost::Closed));
        self.wants(Intent::Reconnect);
        self.comes_in(resume, epoch, head);
    }

    pub fn answers_conversations(&mut self, conversations: Vec<Conversation>, head: u64) {
        let number =
            self.last_number(|frame| matches!(frame, ToService::FetchConversations { .. }));
        let number = number.expect("the conversations are asked for");
        self.hears(&ToAgent::Conversations {
            number,
            conversations,
            head: Seq(head),
        });
    }

    pub fn delivers(&mut self, entries: Vec<Entry>) {
        let up_to = entries.last().expect("something to deliver").seq;
        self.hears(&ToAgent::Deliver { entries, up_to });
    }

    pub fn accepts(&mut self, id: MessageId, seq: u64) {
        let receipt = Receipt::Accepted(Seq(seq), self.now.timestamp);
        self.hears(&ToAgent::Receipt { id, receipt });
    }

    pub fn refuses(&mut self, number: Option<Number>, refusal: Refusal) {
        self.hears(&ToAgent::Refused { number, refusal });
    }

    pub fn roster(&mut self, contacts: &[&str]) {
        let contacts = contacts.iter().map(|name| contact(name)).collect();
        self.hears(&roster(contacts, vec![], vec![]));
    }

    // What it wanted.

    pub fn outputs(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.out)
    }

    /// Frames written since one last looked.
    pub fn frames(&mut self) -> Vec<ToService> {
        read(&self.outputs())
    }

    /// The number of the last such frame; nothing counts as looked at.
    pub fn last_number(&self, pick: impl Fn(&ToService) -> bool) -> Option<Number> {
        let frames = read(&self.out);
        frames.iter().rfind(|frame| pick(frame))?.number()
    }

    pub fn notices(&mut self) -> Vec<Notice> {
        let notices = self
            .outputs()
            .into_iter()
            .filter_map(|output| match output {
                Output::Tell(notice) => Some(notice),
                _ => None,
            });
        notices.collect()
    }

    pub fn says(&mut self, to: &str, text: &str) {
        let (to, body) = (InboxAddress(address(to)), body(text));
        self.wants(Intent::Send { to, body });
    }

    /// Messages on the line since one last looked: whom to, and what.
    pub fn sends(&mut self) -> Vec<(MessageId, Address, Body)> {
        let sends = self.frames().into_iter().filter_map(|frame| match frame {
            ToService::Send { id, to, body, .. } => Some((id, to.0, body)),
            _ => None,
        });
        sends.collect()
    }

    /// What the shell would bring back in the next life.
    pub fn kept(&self) -> Vec<Keepsake> {
        self.keepsakes.clone()
    }

    pub fn items(&self, with: &str) -> Vec<Item> {
        self.agent.conversation(&address(with)).items
    }

    pub fn texts(&self, with: &str) -> Vec<alloc::string::String> {
        let items = self.items(with).into_iter();
        items.map(|item| item.text).collect()
    }

    pub fn unread(&self, with: &str) -> u32 {
        self.agent.row(&address(with)).map_or(0, |row| row.unread)
    }
}

fn read(outputs: &[Output]) -> Vec<ToService> {
    let frames = outputs.iter().filter_map(|output| match output {
        Output::Send(bytes) => Some(from_cbor(bytes).expect("agents write frames")),
        _ => None,
    });
    frames.collect()
}

pub fn count<T>(many: &[T], pick: impl Fn(&T) -> bool) -> usize {
    many.iter().filter(|one| pick(one)).count()
}

pub fn changed(outputs: &[Output], what: &Changed) -> bool {
    outputs.contains(&Output::Changed(what.clone()))
}

pub fn address(name: &str) -> Address {
    Address::parse(&alloc::format!("{name}@localhost")).unwrap()
}

pub fn presentity(name: &str) -> Presentity {
    Presentity(address(name))
}

pub fn contact(name: &str) -> Contact {
    Contact {
        presentity: presentity(name),
        petname: None,
        group: None,
    }
}

/// What is kept, without anything set up.
pub fn roster(contacts: Vec<Contact>, access: Vec<Access>, requests: Vec<Request>) -> ToAgent {
    ToAgent::Roster {
        contacts,
        access,
        requests,
        visibility: VisibilityRules::default(),
        inboxes: vec![],
        own: OwnPresentity::default(),
    }
}

pub fn body(text: &str) -> Body {
    Body::parse(text).unwrap()
}

pub fn entry(seq: u64, with: &str, what: What) -> Entry {
    Entry {
        seq: Seq(seq),
        with: address(with),
        at: Timestamp(seq),
        what,
        own: None,
        by: None,
        called: None,
    }
}

/// A message from `with` that waits in the requests folder.
pub fn held(seq: u64, with: &str) -> Entry {
    let text = alloc::format!("held {seq}");
    entry(seq, with, What::Held(MessageId(seq.into()), body(&text)))
}

pub fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

/// A means to reach someone.
pub fn means(id: &str, means: &str, since: u64) -> PresenceTuple {
    PresenceTuple {
        id: Token::parse(id).unwrap(),
        kind: TupleKind::Service,
        status: Status::open(),
        address: Some(CommunicationAddress {
            means: Token::parse(means).unwrap(),
            contact: "there".into(),
        }),
        markup: vec![],
        since: Timestamp(since),
        until: None,
        hours: vec![],
        only_open: false,
    }
}

pub fn shown_with(tuples: Vec<PresenceTuple>) -> View {
    View::Shown(PresenceInformation {
        tuples,
        freshness: Freshness::Fresh,
        since: Timestamp(1),
        extent: Extent::Whole,
    })
}

/// The service tells of a presentity, also one of alice's own.
pub fn shows(life: &mut Life, who: &str, tuples: Vec<PresenceTuple>) {
    let notification = Notification {
        presentity: presentity(who),
        view: shown_with(tuples),
    };
    let notifications = vec![notification];
    life.hears(&ToAgent::Notify { notifications });
}

/// A message from `with`; its id is its place.
pub fn received(seq: u64, with: &str) -> Entry {
    let text = alloc::format!("heard {seq}");
    entry(
        seq,
        with,
        What::Received(MessageId(seq.into()), body(&text)),
    )
}

pub fn sent(seq: u64, with: &str, id: MessageId, text: &str) -> Entry {
    entry(seq, with, What::Sent(id, body(text)))
}

pub fn conversation(last: Entry, unread: u32, read: u64) -> Conversation {
    Conversation {
        with: last.with.clone(),
        last: Some(last),
        unread,
        read: Seq(read),
        delivered: Seq(0),
        held: 0,
        called: None,
    }
}

pub fn too_fast(ms: u64) -> Refusal {
    Code::TooManyRequests.refusal_after(Duration::from_millis(ms))
}

pub fn open(life: &mut Life, with: &str) {
    let with = address(with);
    life.wants(Intent::Open { with });
}

/// Answers the page that was asked for last.
pub fn answer_page(life: &mut Life, entries: Vec<Entry>, more: bool) {
    let number = life.last_number(|frame| matches!(frame, ToService::FetchInbox { .. }));
    life.hears(&ToAgent::Page {
        number: number.expect("a page is asked for"),
        entries,
        more,
    });
}

pub fn empty_page(life: &mut Life) {
    answer_page(life, vec![], false);
}
