//! What the service has asked of the store, and what it goes on with when the answer comes.

use alloc::collections::BTreeMap;

use super::Service;
use super::input::{LookId, Output};
use super::ledger::Form;
use crate::address::{
    Address, InboxAddress, MessageId, Presentity, Principal, Seq, SessionId, Ticket,
};
use crate::code::Code;
use crate::rules::Outcome;
use crate::store::{Change, Key, StoreFault};
use crate::wire::Number;

/// A load on its way.
#[derive(Clone, Debug)]
pub enum Reading {
    Presentity(Presentity),
    Watcher(Principal),
    Inbox(Principal),
    /// What a principal has to do with a sender.
    Sender(Principal, Address),
    /// Whose messages a device of this principal took, up to here.
    Senders(Principal, Seq),
    /// The watchers of a presentity, for a session's request.
    Watchers(SessionId, Number, Presentity, Form),
    LookVisibility(LookId),
    /// What a session has not been sent of its inbox's log.
    Log(SessionId),
    /// The answer to a numbered request.
    Answer(SessionId, Number),
}

/// A change on its way.
#[derive(Clone, Debug)]
pub enum Keeping {
    /// Nobody waits; if it fails, there is nothing to undo.
    Quietly,
    /// A request of this principal as a watcher, done when all its changes are; if one fails, memory is wrong.
    Watcher(Principal, SessionId, Number),
    /// Such a request about this presentity of one's own: if it fails, memory is wrong.
    Own(Presentity, SessionId, Number),
    /// A publish: no answer when it worked; if it fails, memory is wrong.
    Publish(SessionId, Presentity),
    /// Events of the watchers of a presentity.
    Watched(Presentity),
    Message {
        session: SessionId,
        id: MessageId,
        from: Principal,
        to: InboxAddress,
        outcome: Outcome,
    },
    Acknowledge(Principal),
    /// Entries for the principal's own log; with a number, a request is done.
    Log(Principal, Option<(SessionId, Number)>),
}

/// Everything on its way.
#[derive(Debug, Default)]
pub struct Asked {
    last: u64,
    pub readings: BTreeMap<Ticket, Reading>,
    pub keepings: BTreeMap<Ticket, Keeping>,
    /// Changes of a numbered request that are not durable yet.
    pub open: BTreeMap<(SessionId, Number), usize>,
}

impl Asked {
    fn ticket(&mut self) -> Ticket {
        self.last += 1;
        Ticket(self.last)
    }
}

impl Service {
    pub(super) fn load(&mut self, key: Key, reading: Reading) {
        let ticket = self.asked.ticket();
        self.asked.readings.insert(ticket, reading);
        self.outputs.push_back(Output::Load(ticket, key));
    }

    pub(super) fn keep(&mut self, change: Change, keeping: Keeping) {
        if let Keeping::Watcher(principal, ..) = &keeping
            && let Some(home) = self.homes.get_mut(principal)
        {
            home.on_their_way += 1;
        }
        if let Keeping::Own(_, session, number) | Keeping::Watcher(_, session, number) = keeping {
            *self.asked.open.entry((session, number)).or_default() += 1;
        }
        let ticket = self.asked.ticket();
        self.asked.keepings.insert(ticket, keeping);
        self.outputs.push_back(Output::Keep(ticket, change));
    }

    /// One change of a numbered request is durable; true when it was the last.
    pub(super) fn one_less(&mut self, session: SessionId, number: Number) -> bool {
        let Some(open) = self.asked.open.get_mut(&(session, number)) else {
            return false;
        };
        *open -= 1;
        if *open > 0 {
            return false;
        }
        self.asked.open.remove(&(session, number));
        true
    }
}

/// What a store's fault means to whoever asked.
pub fn fault_code(fault: StoreFault) -> Code {
    match fault {
        StoreFault::Full => Code::StorageFull,
        StoreFault::Failed => Code::TryLater,
    }
}
