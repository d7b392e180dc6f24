//! The hot paths alone, without sockets and disk, to be run under an instruction counter: what a notification, a login and a message
//! cost in the services themselves. The store answers at once from here.

use anyhow::{Result, bail};
use lamplight_core::address::{MessageId, Presentity, Seq, SessionId, Ticket, Token};
use lamplight_core::message::{Body, Entry, What};
use lamplight_core::private::Private;
use lamplight_core::rules::Decision;
use lamplight_core::service::{Identity, Input, Output, Service, ServiceConfig};
use lamplight_core::store::{
    Change, First, InboxRecord, Kept, Key, Loaded, PresentityRecord, SenderRecord, WatcherRecord,
};
use lamplight_core::time::{Instant, Now, Timestamp};
use lamplight_core::wire::{
    Access, Class, Codec, Contact, Credentials, ToService, VERSION, to_cbor,
};

use crate::town::{Town, device_says};

const TOWN: Town = Town {
    people: 60,
    contacts: 20,
};

/// What can be counted.
pub const WHAT: [&str; 3] = ["notifications", "logins", "messages"];

/// A service with its people, and what they cost.
struct Hall {
    service: Service,
    now: Now,
    /// Places in all logs.
    place: u64,
    frames: u64,
}

/// Does so much of this; gives how many frames went out, so that nothing is left out unseen.
pub fn count(what: &str, times: u64) -> Result<u64> {
    let mut hall = Hall::open();
    let people = TOWN.people as u64;
    match what {
        "logins" => {
            for time in 0..times {
                let id = SessionId(1_000_000 + time);
                hall.enter(id, (time % people) as usize);
                hall.handle(Input::Frame(id, to_cbor(&ToService::Bye).into()));
            }
        }
        "notifications" => {
            // Everyone who watches is told: one time is twenty notifications and one's own.
            for time in 0..times {
                let says = device_says(&format!("state {time}"));
                let id = SessionId(time % people);
                hall.handle(Input::Frame(id, says.into()));
            }
        }
        "messages" => {
            for time in 0..times {
                let from = (time % people) as usize;
                let send = ToService::Send {
                    id: MessageId(u128::from(time)),
                    to: Town::principal((from + 1) % TOWN.people).inbox(),
                    body: Body::parse("Shall we meet at eight, at the usual place?")?,
                    from: None,
                };
                let id = SessionId(from as u64);
                hall.handle(Input::Frame(id, to_cbor(&send).into()));
                hall.acknowledge((from + 1) % TOWN.people);
            }
        }
        other => bail!("`{other}` is none of {WHAT:?}"),
    }
    Ok(hall.frames)
}

impl Hall {
    /// Everyone is in.
    fn open() -> Self {
        let now = Now {
            instant: Instant(1_000_000),
            timestamp: Timestamp(1_700_000_000_000),
        };
        let mut config = ServiceConfig::default();
        config.bounds.notify_every = std::time::Duration::ZERO;
        let far = |rate: &mut lamplight_core::service::Rate| rate.burst = u32::MAX;
        let limits = &mut config.limits;
        far(&mut limits.frames);
        far(&mut limits.publishes);
        far(&mut limits.sends);
        let mut hall = Self {
            service: Service::new(config, 7, now),
            now,
            place: 0,
            frames: 0,
        };
        for index in 0..TOWN.people {
            hall.enter(SessionId(index as u64), index);
            hall.handle(Input::Frame(
                SessionId(index as u64),
                device_says("here").into(),
            ));
        }
        hall.frames = 0;
        hall
    }

    fn enter(&mut self, id: SessionId, index: usize) {
        self.handle(Input::Opened(id, Codec::Cbor));
        let hello = ToService::Hello {
            version: VERSION,
            credentials: Credentials::Token(Private(Town::secret(index))),
            device: Token::parse("bench").expect("a token"),
            cursor: None,
        };
        self.handle(Input::Frame(id, to_cbor(&hello).into()));
    }

    /// Takes everything that was delivered to someone.
    fn acknowledge(&mut self, index: usize) {
        let up_to = Seq(self.place);
        let frame = to_cbor(&ToService::Acknowledge { up_to });
        self.handle(Input::Frame(SessionId(index as u64), frame.into()));
    }

    fn handle(&mut self, input: Input) {
        self.now.instant.0 += 1;
        self.now.timestamp.0 += 1;
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.service.handle(input, self.now);
            while let Some(output) = self.service.poll_output() {
                inputs.extend(self.carry_out(output));
            }
        }
    }

    fn carry_out(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Send(_, _, frame) => {
                self.frames += 1;
                drop(frame);
                None
            }
            Output::Authenticate(id, Credentials::Token(secret)) => {
                let index = (0..TOWN.people).find(|index| Town::secret(*index) == secret.0)?;
                let identity = Identity::new(Town::principal(index), Class::Account, 1);
                Some(Input::Authenticated(id, Ok(identity)))
            }
            Output::Load(ticket, key) => Some(Input::Loaded(ticket, Ok(loaded(&key, self.place)?))),
            Output::Keep(ticket, change) => Some(self.keep(ticket, change)),
            _ => None,
        }
    }

    fn keep(&mut self, ticket: Ticket, change: Change) -> Input {
        let kept = match change {
            Change::Append { message, .. } => {
                self.place += 1;
                let seq = Seq(self.place);
                let entry = |with, what| Entry {
                    seq,
                    with,
                    at: message.at,
                    what,
                    own: None,
                    by: None,
                    called: None,
                };
                let (id, body) = (message.id, message.body.clone());
                let sent = What::Sent(id, body.clone());
                let received = What::Received(id, body);
                Kept::Appended {
                    sender: entry(message.to.address().clone(), sent),
                    receiver: Some(entry(message.sender(), received)),
                    first: First::Time,
                }
            }
            Change::Acknowledge { .. } => Kept::Acknowledged { marks: Vec::new() },
            _ => Kept::Done,
        };
        Input::Stored(ticket, Ok(kept))
    }
}

/// What a store has of these people; their logs go up to this place.
fn loaded(key: &Key, place: u64) -> Option<Loaded> {
    let neighbours = |of: &str| {
        let index = (0..TOWN.people).find(|index| Town::principal(*index).as_str() == of)?;
        Some(TOWN.neighbours(index).map(Town::principal))
    };
    Some(match key {
        Key::Presentity(Presentity(address)) => {
            let access = neighbours(address.as_str())?.map(|watcher| Access {
                watcher,
                decision: Decision::Allow,
                at: Timestamp(0),
            });
            Loaded::Presentity(Some(PresentityRecord {
                access: access.collect(),
                ..PresentityRecord::default()
            }))
        }
        Key::Watcher(principal) => {
            let contacts = neighbours(principal.as_str())?.map(|other| Contact {
                presentity: other.presentity(),
                petname: None,
                group: None,
            });
            Loaded::Watcher(WatcherRecord {
                contacts: contacts.collect(),
                ..WatcherRecord::default()
            })
        }
        Key::Inbox(_) => Loaded::Inbox(InboxRecord::default()),
        Key::Sender(..) => Loaded::Sender(SenderRecord {
            contact: true,
            ..SenderRecord::default()
        }),
        Key::Unacknowledged { .. } => Loaded::Unacknowledged(Vec::new()),
        Key::Log { .. } => Loaded::Log {
            entries: Vec::new(),
            up_to: Seq(place),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_done() {
        // Twenty who watch, and oneself.
        assert_eq!(count("notifications", 3).unwrap(), 63);
        // A receipt, the sender's own copy and the receiver's, each time.
        assert!(count("messages", 3).unwrap() >= 6);
        // A welcome, a roster, oneself and the contacts.
        assert!(count("logins", 3).unwrap() >= 12);
        assert!(count("anything", 1).is_err());
    }
}
