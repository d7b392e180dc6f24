//! The contract of `core::store` in plain maps: what every store must do, without a disk.
//!
//! It answers at once and forgets nothing; when a change becomes durable and what a crash takes is the business of
//! [`crate::room::Disk`], which wraps it. The `store` tests hold it and the relay's SQLite to the same suite.
//!
//! Everything of one principal stands in one value: `inbox` is its log, `own` what it keeps as an owner of addresses and as a
//! watcher. `messages` is what goes from one log to another.

mod inbox;
mod messages;
mod own;

use std::collections::BTreeMap;

use lamplight_core::address::{Epoch, InboxAddress, MessageId, Presentity, Principal, Tag};
use lamplight_core::rules::VisibilityRules;
use lamplight_core::store::{Change, Kept, Key, Loaded, SenderRecord, WatcherRecord};
use lamplight_core::wire::{Class, Contact, OwnInbox};

use inbox::Inbox;
use messages::Once;
use own::OnePresentity;

/// Messages that an inbox holds unless the test says otherwise (trust.md B5: 10,000 messages or 64 MiB).
pub const INBOX_MESSAGES: usize = 10_000;

/// Everything that lasts, of one relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryStore {
    epoch: Epoch,
    /// Messages that one inbox holds at most.
    pub inbox_messages: usize,
    principals: BTreeMap<Principal, OnePrincipal>,
    /// By sender and id; outlives deletion.
    sent: BTreeMap<(Principal, MessageId), Once>,
}

/// Everything that lasts of one principal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OnePrincipal {
    class: Class,
    /// By tag; the one from sign-up is always there.
    presentities: BTreeMap<Option<Tag>, OnePresentity>,
    /// By tag; the one from sign-up is always there.
    inboxes: BTreeMap<Option<Tag>, OwnInbox>,
    contacts: BTreeMap<Presentity, Contact>,
    visibility: VisibilityRules,
    log: Inbox,
}

impl MemoryStore {
    /// An empty store of this epoch.
    pub fn new(epoch: u64) -> Self {
        Self {
            epoch: Epoch(epoch),
            inbox_messages: INBOX_MESSAGES,
            principals: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    /// Makes an account with its presentity and inbox.
    pub fn create_account(&mut self, principal: &Principal) {
        self.create(principal, Class::Account);
    }

    /// Makes a principal of any class, unless it is there.
    pub fn create(&mut self, principal: &Principal, class: Class) {
        let new = || OnePrincipal {
            class,
            presentities: BTreeMap::from([(None, OnePresentity::default())]),
            inboxes: BTreeMap::from([(None, OwnInbox::default())]),
            contacts: BTreeMap::new(),
            visibility: VisibilityRules::default(),
            log: Inbox::default(),
        };
        let principals = &mut self.principals;
        principals.entry(principal.clone()).or_insert_with(new);
    }

    /// As after a restore from a backup: what agents knew of the inboxes means nothing any more.
    pub fn restored_as(&mut self, epoch: u64) {
        self.epoch = Epoch(epoch);
    }

    /// Forgets which messages were sent: a fault that tests plant to see it found.
    pub fn forget_what_was_sent(&mut self) {
        self.sent.clear();
    }

    /// Carries out one change. What is about someone who is not there changes nothing.
    pub fn apply(&mut self, change: Change) -> Kept {
        match change {
            Change::Append { message, copies } => self.append(message, copies),
            Change::Acknowledge {
                inbox,
                up_to,
                to,
                at,
            } => self.acknowledge(&inbox, up_to, &to, at),
            Change::MarkRead {
                inbox,
                with,
                up_to,
                at,
            } => self.in_log(&inbox, |log| log.mark_read(&with, up_to, at)),
            Change::Delete { inbox, seqs, at } => self.in_log(&inbox, |log| log.delete(&seqs, at)),
            Change::Admit { inbox, with, at } => self.in_log(&inbox, |log| log.admit(&with, at)),
            Change::Clear { inbox, with, at } => self.in_log(&inbox, |log| log.clear(&with, at)),
            change => {
                self.apply_to_principal(change);
                Kept::Done
            }
        }
    }

    fn in_log<I>(&mut self, inbox: &InboxAddress, change: impl FnOnce(&mut Inbox) -> I) -> Kept
    where
        I: IntoIterator<Item = lamplight_core::message::Entry>,
    {
        let principal = self.principals.get_mut(&inbox.principal());
        let entries = principal.map(|principal| change(&mut principal.log));
        Kept::Logged {
            entries: entries.into_iter().flatten().collect(),
        }
    }

    /// Reads what was asked for.
    pub fn load(&self, key: &Key) -> Loaded {
        match key {
            Key::Presentity(presentity) => {
                let owner = self.principals.get(&presentity.principal());
                Loaded::Presentity(owner.and_then(|owner| owner.record(presentity.tag().as_ref())))
            }
            Key::Watcher(watcher) => Loaded::Watcher(
                self.principals
                    .get(watcher)
                    .map_or_else(WatcherRecord::default, OnePrincipal::watcher_record),
            ),
            Key::Sender(own, sender) => Loaded::Sender(
                self.principals
                    .get(own)
                    .map_or_else(SenderRecord::default, |own| own.sender_record(sender)),
            ),
            Key::Unacknowledged { inbox, up_to } => {
                Loaded::Unacknowledged(self.log(inbox).unacknowledged(*up_to))
            }
            Key::Watchers { presentity, since } => {
                Loaded::Watchers(self.watchers(presentity, *since))
            }
            Key::Inbox(inbox) => Loaded::Inbox(self.log(inbox).record(self.epoch)),
            Key::Log {
                inbox,
                after,
                limit,
            } => self.log(inbox).read(*after, usize::from(*limit)),
            Key::History {
                inbox,
                with,
                before,
                limit,
            } => {
                let log = self.log(inbox);
                log.history(with.as_ref(), *before, usize::from(*limit))
            }
            Key::Conversations(inbox) => self.log(inbox).conversations(),
        }
    }

    /// The log of whoever controls this address; an empty one, if nobody does.
    fn log(&self, inbox: &InboxAddress) -> &Inbox {
        const NONE: &Inbox = &Inbox::EMPTY;
        let owner = self.principals.get(&inbox.principal());
        owner.map_or(NONE, |owner| &owner.log)
    }
}
