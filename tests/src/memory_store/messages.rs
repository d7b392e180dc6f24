//! What goes from one log to another: messages, and the marks that say that they were taken.

use std::collections::{BTreeMap, BTreeSet};

use lamplight_core::address::{Address, InboxAddress, Principal, Seq, Tag};
use lamplight_core::message::{Body, Entry, InstantMessage, What};
use lamplight_core::store::{Copies, First, Kept};
use lamplight_core::time::Timestamp;

use super::inbox::Origin;
use super::{MemoryStore, OnePrincipal};

/// What is remembered of a message for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    content: (InboxAddress, Option<Tag>, Body),
    sender: Entry,
    receiver: Option<Entry>,
}

impl Once {
    fn kept(&self, first: First) -> Kept {
        Kept::Appended {
            sender: self.sender.clone(),
            receiver: self.receiver.clone(),
            first,
        }
    }
}

impl MemoryStore {
    pub(super) fn append(&mut self, message: InstantMessage, copies: Copies) -> Kept {
        if !self.principals.contains_key(&message.from) {
            return Kept::NoInbox;
        }
        let content = (
            message.to.clone(),
            message.alias.clone(),
            message.body.clone(),
        );
        let key = (message.from.clone(), message.id);
        if let Some(once) = self.sent.get(&key) {
            return if once.content == content {
                once.kept(First::Repetition)
            } else {
                Kept::IdConflict
            };
        }
        let owner = message.to.principal();
        let receiver = self.principals.get(&owner);
        let Some(receiver) = receiver.filter(|one| one.accepts(&message)) else {
            return Kept::NoInbox;
        };
        // A note to oneself is one entry, not two.
        let copied = copies != Copies::SenderOnly && owner != message.from;
        if copied && receiver.log.messages().count() >= self.inbox_messages {
            return Kept::InboxFull;
        }

        let sent = copy_for_sender(&message);
        let log = &mut self.one(&message.from).log;
        log.known.insert(message.to.address().clone());
        let sender = log.push(sent);
        let place = sender.seq;
        let receiver = copied.then(|| self.one(&owner).take_in(&message, copies, place));
        let once = Once {
            content,
            sender,
            receiver,
        };
        let kept = once.kept(First::Time);
        self.sent.insert(key, once);
        kept
    }

    fn one(&mut self, principal: &Principal) -> &mut OnePrincipal {
        let one = self.principals.get_mut(principal);
        one.expect("whoever is written to or writes was looked up before")
    }

    pub(super) fn acknowledge(
        &mut self,
        inbox: &InboxAddress,
        up_to: Seq,
        told: &[Address],
        at: Timestamp,
    ) -> Kept {
        let own = inbox.principal();
        let taken = match self.principals.get_mut(&own) {
            Some(own) => own.log.acknowledge(up_to),
            None => Vec::new(),
        };
        let told: BTreeSet<&Address> = told.iter().collect();
        let mut newest: BTreeMap<(Principal, InboxAddress), Seq> = BTreeMap::new();
        for origin in taken.iter().filter(|origin| told.contains(&origin.peer)) {
            let sender = Principal(origin.peer.untagged().0);
            let to = own.inbox_of(origin.own.as_ref());
            let place = newest.entry((sender, to)).or_default();
            *place = origin.place.max(*place);
        }
        let mut marks = Vec::new();
        for ((sender, with), place) in newest {
            let log = self.principals.get_mut(&sender).map(|one| &mut one.log);
            let marked = log.and_then(|log| log.mark(What::Delivered, with.address(), place, at));
            marks.extend(marked.map(|entry| (sender.inbox(), entry)));
        }
        Kept::Acknowledged { marks }
    }
}

fn copy_for_sender(message: &InstantMessage) -> Entry {
    Entry {
        seq: Seq(0),
        with: message.to.address().clone(),
        at: message.at,
        what: What::Sent(message.id, message.body.clone()),
        own: message.alias.clone(),
        by: message.by.clone(),
        called: None,
    }
}

impl OnePrincipal {
    /// Whether the address that the message is to is there and its end has not come.
    fn accepts(&self, message: &InstantMessage) -> bool {
        let through = self.inboxes.get(&message.to.tag());
        through.is_some_and(|own| own.until.is_none_or(|until| message.at < until))
    }

    fn take_in(&mut self, message: &InstantMessage, copies: Copies, place: Seq) -> Entry {
        let (id, body, own) = (message.id, message.body.clone(), message.to.tag());
        let through = self.inboxes.get_mut(&own);
        let counts = &mut through.expect("it accepts").counts;
        let what = if copies == Copies::Held {
            counts.held = counts.held.saturating_add(1);
            What::Held(id, body)
        } else {
            counts.delivered = counts.delivered.saturating_add(1);
            What::Received(id, body)
        };
        let entry = Entry {
            seq: Seq(0),
            with: message.sender(),
            at: message.at,
            what,
            own: own.clone(),
            by: None,
            called: message.called.clone(),
        };
        let origin = Origin {
            peer: message.sender(),
            own,
            place,
        };
        self.log.take_in(entry, origin)
    }
}
