//! One agent, as a script drives it: say what time it is, hand in what happened, then take what is to be done until nothing is.

use lamplight_core::address::{
    Address, InboxAddress, MessageId, Presentity, Principal, Seq, Token,
};
use lamplight_core::agent::{
    Agent, AgentConfig, Changed, Choice, Input, Intent, Keepsake, KeepsakeName, LineLost, Notice,
    Output,
};
use lamplight_core::code::{Code, Retry};
use lamplight_core::message::Body;
use lamplight_core::presence::Note;
use lamplight_core::time::{Instant, Now, Timestamp};
use lamplight_core::wire::{Credentials, Decision, from_cbor, to_cbor};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::views;

/// What is to be done, as a number: `js/runtime.js` names them in this order. What it is about stands in `text` and `bytes`.
#[derive(Clone, Copy)]
enum Deed {
    Nothing,
    Connect,
    /// `bytes`: the frame.
    Send,
    Disconnect,
    /// `text`: under what name; `bytes`: what.
    Keep,
    /// `text`: the name.
    Forget,
    Link,
    Me,
    /// All of whom anything is known.
    Roster,
    /// `text`: of whom.
    Row,
    /// `text`: with whom.
    Conversation,
    /// `text`: the code, 1 where a retry helps, else 0, and what it is about, if anything; spaces between.
    Refused,
    /// `text`: the code.
    SignedOut,
    /// `text`: who asks to see one, and behind a space what they are called.
    Request,
    /// Whose messages wait to be let in.
    Held,
}

#[wasm_bindgen]
pub struct Machine {
    agent: Agent,
    now: Now,
    kept: Vec<Keepsake>,
    text: String,
    bytes: Vec<u8>,
}

#[wasm_bindgen]
impl Machine {
    /// An agent of this principal; none if a text is not what it should be. The seed is random, `idle_after` in milliseconds, and the
    /// times as for [`Machine::at`].
    pub fn make(
        principal: &str,
        device: &str,
        tuple: &str,
        seed: &[u8],
        idle_after: f64,
        instant: f64,
        wall: f64,
    ) -> Option<Self> {
        let now = moment(instant, wall);
        let config = AgentConfig {
            seed: u64::from_le_bytes(seed.try_into().ok()?),
            principal: Principal::parse(principal).ok()?,
            device: Token::parse(device).ok()?,
            tuple: Token::parse(tuple).ok()?,
            idle_after_ms: idle_after as u64,
        };
        Some(Self {
            agent: Agent::new(config, now),
            now,
            kept: Vec::new(),
            text: String::new(),
            bytes: Vec::new(),
        })
    }

    /// It is now so late: by a clock that never jumps and by the one on the wall, milliseconds.
    pub fn at(&mut self, instant: f64, wall: f64) {
        self.now = moment(instant, wall);
    }

    // What happens.

    /// What was kept in an earlier life, one by one, before the start. What does not read is left out.
    pub fn kept(&mut self, bytes: &[u8]) {
        let outgoing = from_cbor(bytes).map(Keepsake::Outgoing);
        self.kept.extend(outgoing);
    }

    pub fn start(&mut self) {
        let kept = core::mem::take(&mut self.kept);
        self.handle(Input::Restored(kept));
        self.handle(Input::Start);
    }

    /// The line is open; by this token somebody comes in.
    pub fn opened(&mut self, token: String) {
        self.handle(Input::Opened(Credentials::Token(token.into())));
    }

    pub fn frame(&mut self, bytes: Vec<u8>) {
        self.handle(Input::Frame(bytes));
    }

    /// The line is gone: it had been open, or never was.
    pub fn lost(&mut self, was_open: bool) {
        self.handle(Input::Lost(match was_open {
            true => LineLost::Closed,
            false => LineLost::Unreachable,
        }));
    }

    /// The time of `due` has come.
    pub fn wake(&mut self) {
        self.handle(Input::Wake);
    }

    /// There is a network again.
    pub fn online(&mut self) {
        self.handle(Input::Online);
    }

    /// Somebody touched something.
    pub fn active(&mut self) {
        self.handle(Input::Active);
    }

    // What is wanted. Where a text comes back it is the code of what is wrong, or empty.

    pub fn watch(&mut self, of: &str) -> String {
        self.with(of, |of| Intent::Watch {
            presentity: Presentity(of),
        })
    }

    pub fn unwatch(&mut self, of: &str) -> String {
        self.with(of, |of| Intent::Unwatch {
            presentity: Presentity(of),
        })
    }

    /// Says how one is: a word, or nothing for as the devices say; `until` in milliseconds since 1970, zero for good.
    pub fn publish(&mut self, status: &str, note: &str, until: f64) -> String {
        let choice = match status {
            "available" => Choice::Available,
            "busy" => Choice::Busy,
            "away" => Choice::Away,
            "invisible" => Choice::Invisible,
            "" => {
                self.intend(Intent::ClearStatus { of: None });
                return String::new();
            }
            _ => return Code::BadPresence.slug().into(),
        };
        let Ok(note) = Some(note)
            .filter(|note| !note.is_empty())
            .map(Note::parse)
            .transpose()
        else {
            return Code::BadPresence.slug().into();
        };
        self.intend(Intent::SetStatus {
            choice,
            note,
            until: Some(Timestamp(until as u64)).filter(|until| until.0 > 0),
            of: None,
        });
        String::new()
    }

    /// Writes to somebody: the message's id, which has 32 digits, or the code of what is wrong.
    pub fn send(&mut self, to: &str, text: &str) -> String {
        let Ok(to) = Address::parse(to) else {
            return Code::BadAddress.slug().into();
        };
        let Ok(body) = Body::parse(text) else {
            return Code::TooLarge.slug().into();
        };
        let before = self.newest_to(&to);
        self.intend(Intent::Send {
            to: InboxAddress(to.clone()),
            body,
        });
        // The outbox takes what it has room for.
        match self.newest_to(&to) {
            Some(id) if Some(id) != before => id.text(),
            _ => Code::TooManyRequests.slug().into(),
        }
    }

    /// A failed message goes out once more.
    pub fn resend(&mut self, id: &str) {
        if let Some(id) = MessageId::parse(id) {
            self.intend(Intent::Resend { id });
        }
    }

    /// A message that is not accepted yet does not go out any more.
    pub fn discard(&mut self, id: &str) {
        if let Some(id) = MessageId::parse(id) {
            self.intend(Intent::Discard { id });
        }
    }

    /// A conversation is looked at; nothing closes it.
    pub fn open(&mut self, with: &str) -> String {
        if with.is_empty() {
            self.intend(Intent::Close);
            return String::new();
        }
        self.with(with, |with| Intent::Open { with })
    }

    pub fn older(&mut self, with: &str) -> String {
        self.with(with, |with| Intent::LoadOlder { with })
    }

    pub fn seen(&mut self, with: &str) -> String {
        self.with(with, |with| Intent::Seen { with })
    }

    /// Everything up to this message is dealt with.
    pub fn seen_up_to(&mut self, with: &str, seq: f64) -> String {
        let seq = Seq(seq as u64);
        self.with(with, |with| Intent::SeenUpTo { with, seq })
    }

    pub fn typing(&mut self, with: &str) -> String {
        self.with(with, |with| Intent::Typing { with })
    }

    /// What somebody sees of one: `allow`, `deny`, `block`, or nothing for as the rules say.
    pub fn decide(&mut self, watcher: &str, decision: &str) -> String {
        let decision = match decision {
            "allow" => Some(Decision::Allow),
            "deny" => Some(Decision::Deny),
            "block" => Some(Decision::Block),
            "" => None,
            _ => return Code::BadRules.slug().into(),
        };
        self.with(watcher, |watcher| Intent::Decide {
            watcher: Principal(watcher),
            decision,
            of: None,
        })
    }

    /// Takes what somebody wrote who is held, and what they write from now on.
    pub fn admit(&mut self, with: &str) -> String {
        self.with(with, |with| Intent::Admit { with })
    }

    pub fn delete(&mut self, seq: f64) {
        let seq = Seq(seq as u64);
        self.intend(Intent::Delete { seq });
    }

    /// Does not wait for the next attempt.
    pub fn hurry(&mut self) {
        self.intend(Intent::Reconnect);
    }

    /// Leaves, and is seen to.
    pub fn leave(&mut self) {
        self.intend(Intent::SignOut);
    }

    // What is to be done.

    /// The next deed; take its `text` and `bytes` before the one after it.
    pub fn deed(&mut self) -> u32 {
        loop {
            let Some(output) = self.agent.poll_output() else {
                return Deed::Nothing as u32;
            };
            if let Some(deed) = self.does(output) {
                return deed as u32;
            }
        }
    }

    pub fn text(&mut self) -> String {
        core::mem::take(&mut self.text)
    }

    pub fn bytes(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.bytes)
    }

    /// When to wake it, by the clock that never jumps; less than zero: not at all.
    pub fn due(&self) -> f64 {
        self.agent.poll_timeout().map_or(-1.0, |at| at.0 as f64)
    }

    // What is so: JSON, see `views`.

    pub fn link(&self) -> String {
        views::link(&self.agent)
    }

    pub fn me(&self) -> String {
        views::me(&self.agent)
    }

    pub fn presence(&self, of: &str) -> String {
        Address::parse(of).map_or_else(|_| String::new(), |of| views::presence(&self.agent, &of))
    }

    pub fn unread(&self) -> String {
        views::unread(&self.agent)
    }

    pub fn held(&self) -> String {
        views::held(&self.agent)
    }

    pub fn conversation(&self, with: &str) -> String {
        let read = |with: Address| views::conversation(&self.agent, &with);
        Address::parse(with).map_or_else(|_| String::new(), read)
    }
}

impl Machine {
    fn handle(&mut self, input: Input) {
        self.agent.handle(input, self.now);
    }

    fn intend(&mut self, intent: Intent) {
        self.handle(Input::Intent(intent));
    }

    fn with(&mut self, address: &str, intent: impl FnOnce(Address) -> Intent) -> String {
        match Address::parse(address) {
            Ok(address) => {
                self.intend(intent(address));
                String::new()
            }
            Err(_) => Code::BadAddress.slug().into(),
        }
    }

    fn newest_to(&self, with: &Address) -> Option<MessageId> {
        self.agent
            .conversation(with)
            .items
            .last()
            .map(|item| item.id)
    }

    fn does(&mut self, output: Output) -> Option<Deed> {
        match output {
            Output::Connect => Some(Deed::Connect),
            Output::Send(frame) => {
                self.bytes = frame;
                Some(Deed::Send)
            }
            Output::Disconnect => Some(Deed::Disconnect),
            Output::Keep(Keepsake::Outgoing(outgoing)) => {
                self.text = name(outgoing.id);
                self.bytes = to_cbor(&outgoing);
                Some(Deed::Keep)
            }
            // What a page shows before its relay answers is nothing to a script.
            Output::Keep(_) => None,
            Output::Forget(KeepsakeName::Outgoing(id)) => {
                self.text = name(id);
                Some(Deed::Forget)
            }
            Output::Forget(_) => None,
            Output::Changed(what) => self.changed(what),
            Output::Tell(Notice::Refused(about, code)) => {
                let retry = if code.retry() == Retry::No {
                    " 0 "
                } else {
                    " 1 "
                };
                let about = about.as_ref().map_or("", Address::as_str);
                self.text = [code.slug(), retry, about].concat();
                Some(Deed::Refused)
            }
            Output::Tell(Notice::Request(watcher, name)) => {
                self.text = [watcher.as_str(), " ", &name].concat();
                Some(Deed::Request)
            }
            // Messages are read from the agent itself: there are also those of earlier lives.
            Output::Tell(_) => None,
            Output::SignedOut(code) => {
                self.text = code.slug().into();
                Some(Deed::SignedOut)
            }
        }
    }

    fn changed(&mut self, what: Changed) -> Option<Deed> {
        let (deed, about) = match what {
            Changed::Link => (Deed::Link, None),
            Changed::Me => (Deed::Me, None),
            Changed::Roster => (Deed::Roster, None),
            Changed::Row(address) => (Deed::Row, Some(address)),
            Changed::Conversation(with) => (Deed::Conversation, Some(with)),
            Changed::Held => (Deed::Held, None),
            _ => return None,
        };
        self.text = about.map_or_else(String::new, |about| about.as_str().into());
        Some(deed)
    }
}

/// Under what a message that waits is kept.
fn name(id: MessageId) -> String {
    ["out-", &id.text()].concat()
}

fn moment(instant: f64, wall: f64) -> Now {
    Now {
        instant: Instant(instant as u64),
        timestamp: Timestamp(wall as u64),
    }
}
