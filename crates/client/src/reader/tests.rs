//! The reader over a real agent, with the relay's frames written by hand.

use lamplight_core::address::{Epoch, ServerId, SessionId, Token};
use lamplight_core::agent::{AgentConfig, Input, Output};
use lamplight_core::message::{Body, Conversation, Entry, What};
use lamplight_core::private::Private;
use lamplight_core::time::{Instant as Moment, Now, Timestamp};
use lamplight_core::wire::{
    Announced, Class, Credentials, Cursor, Offers, Resume, ToAgent, ToService, from_cbor, to_cbor,
};

use super::*;

struct Life {
    agent: Agent,
    reader: Reader,
    mailbox: Arc<Mailbox>,
    said: Vec<ToService>,
}

fn bob() -> Address {
    Address::parse("bob@localhost").unwrap()
}

fn received(seq: u64) -> Entry {
    let body = Body::parse(&format!("message {seq}")).unwrap();
    Entry {
        seq: Seq(seq),
        with: bob(),
        at: Timestamp(seq),
        what: What::Received(MessageId(seq.into()), body),
        own: None,
        by: None,
        called: None,
    }
}

impl Life {
    /// Welcomed into an inbox that has come so far.
    fn begin(head: u64) -> Self {
        let me = Principal::parse("alice@localhost").unwrap();
        let config = AgentConfig {
            seed: 1,
            principal: me.clone(),
            device: Token::parse("desk").unwrap(),
            tuple: Token::parse("desk").unwrap(),
            idle_after_ms: 300_000,
        };
        let now = Now {
            instant: Moment(1),
            timestamp: Timestamp(1),
        };
        let mailbox = Arc::new(Mailbox::default());
        let mut life = Self {
            agent: Agent::new(config, now),
            reader: Reader::new(mailbox.clone()),
            mailbox,
            said: Vec::new(),
        };
        life.input(Input::Start);
        life.input(Input::Opened(Credentials::Token(Private("x".into()))));
        life.hears(&ToAgent::Welcome {
            version: 1,
            you: me,
            class: Class::Account,
            server: ServerId(1),
            session: SessionId(1),
            now: Timestamp(1),
            resume: Resume::Fresh,
            head: Cursor {
                epoch: Epoch(1),
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
                watchers_span_ms: 0,
            },
            by: None,
        });
        life
    }

    fn input(&mut self, input: Input) {
        let mut inputs = vec![input];
        while !inputs.is_empty() {
            let mut news = Vec::new();
            for input in inputs {
                let now = Now {
                    instant: Moment(2),
                    timestamp: Timestamp(2),
                };
                self.agent.handle(input, now);
                while let Some(output) = self.agent.poll_output() {
                    match output {
                        Output::Send(frame) => self.said.push(from_cbor(&frame).unwrap()),
                        Output::Changed(what) => news.push(News::Changed(what)),
                        _ => {}
                    }
                }
            }
            let intents = self.reader.follow(&self.agent, &news);
            inputs = intents.into_iter().map(Input::Intent).collect();
        }
    }

    fn hears(&mut self, frame: &ToAgent) {
        self.input(Input::Frame(to_cbor(frame)));
    }

    fn comes(&mut self, entries: Vec<Entry>) {
        let up_to = entries.last().map_or(Seq(0), |last| last.seq);
        self.hears(&ToAgent::Deliver { entries, up_to });
    }

    /// The summaries: so many unread up to here.
    fn counts(&mut self, unread: u32, head: u64) {
        let number = self.said.iter().rev().find_map(|frame| match frame {
            ToService::FetchConversations { number } => Some(*number),
            _ => None,
        });
        let conversation = Conversation {
            with: bob(),
            last: Some(received(head)),
            unread,
            read: Seq(0),
            delivered: Seq(0),
            held: 0,
            called: None,
        };
        self.hears(&ToAgent::Conversations {
            number: number.unwrap(),
            conversations: vec![conversation],
            head: Seq(head),
        });
    }

    /// Answers the page that was asked for last.
    fn pages(&mut self, seqs: std::ops::RangeInclusive<u64>, more: bool) {
        let number = self.said.iter().rev().find_map(|frame| match frame {
            ToService::FetchInbox { number, .. } => Some(*number),
            _ => None,
        });
        self.hears(&ToAgent::Page {
            number: number.unwrap(),
            entries: seqs.map(received).collect(),
            more,
        });
    }

    /// What the program takes; it deals with each.
    async fn takes(&mut self, many: usize) -> Vec<u64> {
        let mut places = Vec::new();
        while places.len() < many {
            if let Some(Event::Message { from, seq, .. }) = self.mailbox.next().await {
                places.push(seq.0);
                self.mailbox.done_with(from);
                let intents = self.reader.follow(&self.agent, &[]);
                for intent in intents {
                    self.input(Input::Intent(intent));
                }
            }
        }
        places
    }

    fn reads(&self) -> Vec<u64> {
        let marks = self.said.iter().filter_map(|frame| match frame {
            ToService::MarkRead { up_to, .. } => Some(up_to.0),
            _ => None,
        });
        marks.collect()
    }
}

#[tokio::test]
async fn what_comes_before_the_summaries_is_told_after_what_waited() {
    let mut life = Life::begin(3);
    life.comes(vec![received(4)]);
    assert_eq!(life.mailbox.room(), 100, "not yet");
    life.counts(3, 3);
    life.pages(1..=4, false);
    assert_eq!(life.takes(4).await, [1, 2, 3, 4]);
    assert_eq!(life.reads(), [4]);
}

#[tokio::test]
async fn older_pages_are_fetched_until_all_that_is_unread_is_here() {
    let mut life = Life::begin(90);
    life.counts(80, 90);
    life.pages(31..=90, true);
    assert_eq!(life.mailbox.room(), 100, "20 are missing");
    life.pages(1..=30, false);
    assert_eq!(life.takes(80).await, (11..=90).collect::<Vec<_>>());
}

#[tokio::test]
async fn more_than_the_box_holds_waits_unread_until_there_is_room() {
    let mut life = Life::begin(0);
    life.counts(0, 0);
    life.comes((1..=250).map(received).collect());
    assert_eq!(life.mailbox.room(), 0);
    assert!(life.reads().is_empty());
    assert_eq!(life.takes(250).await, (1..=250).collect::<Vec<_>>());
    assert_eq!(life.reads(), [250]);
}
