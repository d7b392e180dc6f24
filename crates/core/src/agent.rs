//! The four user agents of RFC 2778 2.7 and their line, as one machine without I/O: what a tab, a bot or a terminal runs.
//!
//! # Driving it
//!
//! ```text
//! loop {
//!     agent.handle(input, now);                   // never returns anything, never fails
//!     while let Some(output) = agent.poll_output() { carry it out }
//!     sleep until agent.poll_timeout(), then handle(Input::Wake, now)
//! }
//! ```
//! **Drain `poll_output` to `None` after every `handle`.** What a page shows is read through the getters (`me`, `roster`,
//! `conversation`, ...) whenever [`Output::Changed`] says that it is different now; nothing else changes it.
//!
//! `link` is the line; `presentity`, `roster`, `inbox` and `outbox` are the PRESENCE, WATCHER, INBOX and SENDER USER AGENT;
//! `typing` is who types, `pace` how closely one is told; `keeping` keeps drafts and the roster for the next life; `rows` puts
//! together what is read; `desk` is what they all share.
//!
//! With the feature `people` the agent keeps whom one watches, with `status` it says how one is, with `scripts` it watches whom it keeps not:
//! `roster/watches`. With the feature `settings` it also sets things up: `settings` is what one has set up and who watches, `doors` whom one
//! lets see, `own` what comes and goes about both, `preview` what others see of it. Without, what the service says of it is not
//! read: a conversation on another site's page weighs less.

mod desk;
#[cfg(feature = "settings")]
mod doors;
mod inbox;
mod input;
mod keeping;
mod link;
mod outbox;
#[cfg(feature = "settings")]
mod own;
mod pace;
#[cfg(not(feature = "settings"))]
mod porter;
mod presentity;
#[cfg(feature = "settings")]
mod preview;
mod roster;
mod rows;
#[cfg(feature = "settings")]
mod settings;
#[cfg(test)]
mod tests;
mod typing;
mod view;

pub use input::{
    AgentConfig, Changed, Choice, IDLE_AFTER, Input, Intent, Keepsake, KeepsakeName, LineLost,
    Notice, Outgoing, Output,
};
pub use view::{
    ContactRow, ConversationView, Heading, Headings, HeldRow, Item, ItemState, Line, LinkView,
    Listed, MyStatus, OwnInboxView, OwnPresentityView, Preview, RequestRow, RowKind, Side, Viewer,
};

use core::time::Duration;

use alloc::vec::Vec;

use crate::address::{Address, InboxAddress, MessageId, ServerId};
use crate::code::{Code, Refusal, Retry};
use crate::message::{Body, Receipt, What};
use crate::presence::{Notification, TupleKind, by_hand};
use crate::time::{Instant, Now, earliest};
use crate::wire::{Contact, Credentials, Number, ToAgent, ToService, VERSION, from_cbor};

use crate::sorted::{self, Set};
use desk::{Asked, Desk};
#[cfg(feature = "settings")]
use doors::Doors;
use inbox::InboxUserAgent;
use keeping::Keeping;
use link::{Gone, Link};
use outbox::SenderUserAgent;
use pace::Pace;
use presentity::PresenceUserAgent;
use roster::WatcherUserAgent;
#[cfg(feature = "settings")]
use settings::Settings;
use typing::Typing;

/// The four user agents of one principal on one device.
pub struct Agent {
    config: AgentConfig,
    desk: Desk,
    link: Link,
    presentity: PresenceUserAgent,
    roster: WatcherUserAgent,
    inbox: InboxUserAgent,
    outbox: SenderUserAgent,
    #[cfg(feature = "settings")]
    settings: Settings,
    #[cfg(feature = "settings")]
    doors: Doors,
    typing: Typing,
    pace: Pace,
    keeping: Keeping,
    /// The SERVER that welcomed us last (RFC 2778 3).
    server: Option<ServerId>,
    /// Who has a row, as far as was told.
    rows: Set<Address>,
    /// What `poll_timeout` asked for: a much later input means that the machine slept.
    asked_for: Option<Instant>,
    /// Why the last attempts to come in failed, as far as the person was told.
    turned_away: Option<Code>,
    skipped: u64,
}

/// Whether what is to be kept can wait for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    WhenDue,
    Now,
}

impl Agent {
    // Getters; the others stand in `rows`.

    /// Frames that could not be read, and those that do not belong where they came: skipped, never fatal.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Which SERVER holds the line, or held the last one.
    pub fn server(&self) -> Option<ServerId> {
        self.server
    }

    // Handle.

    pub fn new(config: AgentConfig, now: Now) -> Self {
        Self {
            desk: Desk::new(config.seed, now),
            link: Link::new(),
            presentity: PresenceUserAgent::new(&config, now),
            roster: WatcherUserAgent::default(),
            inbox: InboxUserAgent::new(),
            outbox: SenderUserAgent::default(),
            #[cfg(feature = "settings")]
            settings: Settings::new(&config.principal),
            #[cfg(feature = "settings")]
            doors: Doors::default(),
            typing: Typing::default(),
            pace: Pace::default(),
            keeping: Keeping::default(),
            server: None,
            rows: Set::new(),
            asked_for: None,
            turned_away: None,
            skipped: 0,
            config,
        }
    }

    /// Takes one input; see the module's drive contract.
    pub fn handle(&mut self, input: Input, now: Now) {
        let late = self.late(now);
        self.desk.now = now;
        let flush = match &input {
            // A line that goes may go with its page.
            Input::Hidden | Input::Lost(_) | Input::Intent(Intent::Close | Intent::SignOut) => {
                Flush::Now
            }
            _ => Flush::WhenDue,
        };
        match input {
            Input::Restored(keepsakes) => self.restored(keepsakes),
            Input::Start => self.start(),
            Input::Opened(credentials) => self.opened(credentials),
            Input::Frame(bytes) => self.frame(&bytes),
            Input::Lost(how) => self.lost(how),
            Input::Intent(intent) => self.intent(intent),
            Input::Active => self.presentity.touched(&mut self.desk),
            Input::Hidden => {
                self.inbox.hidden();
                self.pace.hidden(&self.desk);
            }
            Input::Shown => {
                self.pace.shown(&mut self.desk);
                self.inbox.shown(&mut self.desk);
                self.link.shown(&mut self.desk);
            }
            Input::Online => {
                self.link.doubt(&mut self.desk);
                self.link.hurry(&mut self.desk);
            }
            Input::Wake => {}
        }
        self.tick(late, flush);
    }

    /// How much later than asked for this moment is. Some monotonic clocks stand still while the machine sleeps; then the other
    /// one has gone on alone.
    fn late(&self, now: Now) -> Duration {
        let Some(asked) = self.asked_for else {
            return Duration::ZERO;
        };
        let before = self.desk.now;
        let went = now.instant.since(before.instant);
        let slept = now.timestamp.since(before.timestamp).saturating_sub(went);
        now.instant.since(asked).max(slept)
    }

    /// What is due, what may go out, what is different now.
    fn tick(&mut self, late: Duration, flush: Flush) {
        let desk = &mut self.desk;
        self.presentity.tick(desk);
        self.roster.tick(desk);
        #[cfg(feature = "settings")]
        {
            self.settings.tick(desk);
            self.doors.tick(desk);
        }
        self.typing.tick(desk);
        self.pace.tick(self.roster.tells(), desk);
        let window = self.link.announced().sends_in_flight;
        self.outbox.pump(window, desk);
        self.inbox.pump(desk);
        if let Some(how) = self.link.tick(self.question(), late, &mut self.desk) {
            self.desk.put(Output::Disconnect);
            self.line_went(&how);
        }
        let (roster, inbox) = (&self.roster, &self.inbox);
        #[cfg(feature = "settings")]
        let doors = &self.doors;
        let keepsake = || {
            let (contacts, tell_when) = roster.kept();
            #[cfg(feature = "settings")]
            let access = doors.all_access(None);
            #[cfg(not(feature = "settings"))]
            let access = Vec::new();
            Keepsake::Roster(contacts, access, inbox.kept(), tell_when)
        };
        self.keeping
            .tick(flush == Flush::Now, keepsake, &mut self.desk);
        self.see_rows();
        self.desk.close();
        self.asked_for = self.poll_timeout();
    }

    /// A row that came or went is a change of the whole roster.
    fn see_rows(&mut self) {
        let moved = |address: &Address| self.has_row(address) != self.rows.contains(address);
        if self.desk.changed_rows().any(moved) {
            self.desk.changed(Changed::Roster);
        }
        if self.desk.is_changed(&Changed::Roster) {
            self.rows = self.addresses();
        }
    }

    /// Since when the oldest question to the service waits.
    fn question(&self) -> Option<Instant> {
        earliest(&[self.desk.oldest_question(), self.outbox.oldest_question()])
    }

    fn restored(&mut self, keepsakes: Vec<Keepsake>) {
        let desk = &mut self.desk;
        for keepsake in keepsakes {
            match keepsake {
                Keepsake::Outgoing(outgoing) => self.outbox.restored(outgoing, desk),
                Keepsake::Draft(with, text) => self.keeping.restored(with, text, desk),
                Keepsake::Roster(contacts, access, conversations, tell_when) => {
                    #[cfg(feature = "settings")]
                    self.doors.restored(access);
                    self.roster.restored(contacts, tell_when, desk);
                    self.inbox.restored(conversations);
                }
            }
        }
    }

    // The line.

    fn start(&mut self) {
        self.presentity.touched(&mut self.desk);
        self.link.start(&mut self.desk);
    }

    fn opened(&mut self, credentials: Credentials) {
        if self.link.opened(&mut self.desk) {
            let hello = ToService::Hello {
                version: VERSION,
                credentials,
                device: self.config.device.clone(),
                cursor: self.inbox.cursor(),
            };
            self.desk.write(&hello);
        }
    }

    fn lost(&mut self, how: LineLost) {
        if self.link.view() == LinkView::Idle {
            return;
        }
        let gone = match how {
            LineLost::SignedOut => return self.signed_out(Code::NotSignedIn),
            LineLost::Unreachable => Gone::Unreachable,
            LineLost::Closed => Gone::Closed,
        };
        // The end of a line that was given up already says nothing of the next one.
        if matches!(self.link.view(), LinkView::Connecting { .. } | LinkView::Up) {
            self.line_went(&gone);
        }
    }

    fn line_went(&mut self, how: &Gone) {
        self.leave_line();
        self.link.down(how, &mut self.desk);
    }

    /// Everyone takes leave of a line that was up.
    fn leave_line(&mut self) {
        if !self.link.is_up() {
            return;
        }
        let gone_after = Duration::from_millis(self.link.announced().gone_after_ms.into());
        let desk = &mut self.desk;
        desk.line_went();
        self.presentity.line_went(desk);
        #[cfg(feature = "settings")]
        {
            self.settings.line_went();
            self.doors.line_went();
        }
        self.typing.line_went(desk);
        self.roster.line_went(gone_after, desk);
        self.inbox.line_went(desk);
        self.outbox.line_went(desk);
    }

    fn signed_out(&mut self, code: Code) {
        self.leave_line();
        self.link.rest(&mut self.desk);
        self.desk.put(Output::SignedOut(code));
    }

    /// The service ends the connection, or does not accept the hello.
    fn goodbye(&mut self, refusal: Refusal) {
        if matches!(
            refusal.code,
            Code::SignedOut | Code::NotSignedIn | Code::WrongCredentials | Code::Suspended
        ) {
            return self.signed_out(refusal.code);
        }
        let lasts = refusal.retry == Retry::No || refusal.code == Code::TooManySessions;
        if lasts && self.turned_away.replace(refusal.code) != Some(refusal.code) {
            self.desk.tell(Notice::Refused(None, refusal.code));
        }
        self.desk.put(Output::Disconnect);
        self.line_went(&Gone::Goodbye(refusal));
    }

    // Frames.

    /// An unreadable frame is skipped: one bad message must not end a conversation with everyone else.
    fn frame(&mut self, bytes: &[u8]) {
        self.link.heard(&self.desk);
        match from_cbor(bytes) {
            Ok(frame) if self.link.is_up() => self.up_frame(frame),
            Ok(frame) if self.link.is_greeting() => self.greeting_frame(frame),
            _ => self.skipped += 1,
        }
    }

    fn greeting_frame(&mut self, frame: ToAgent) {
        match frame {
            ToAgent::Welcome { you, .. } if you != self.config.principal => {
                // The login of this browser is someone else's by now.
                self.signed_out(Code::SignedOut);
            }
            ToAgent::Welcome {
                class,
                server,
                now,
                resume,
                head,
                announced,
                by,
                ..
            } => {
                let desk = &mut self.desk;
                self.turned_away = None;
                self.server = Some(server);
                self.link.welcomed(announced, desk);
                #[cfg(feature = "settings")]
                self.settings.welcomed(desk);
                self.presentity.welcomed(class, by, announced.offers, desk);
                self.roster.welcomed(desk);
                #[cfg(feature = "settings")]
                self.doors.welcomed(now, desk);
                self.pace.welcomed(desk);
                self.inbox.welcomed(resume, head, desk);
                self.outbox.welcomed(announced.sends_in_flight);
            }
            ToAgent::Refused { refusal, .. } | ToAgent::Goodbye { refusal } => {
                self.goodbye(refusal);
            }
            _ => self.skipped += 1,
        }
    }

    fn up_frame(&mut self, frame: ToAgent) {
        let desk = &mut self.desk;
        match frame {
            ToAgent::Roster {
                contacts,
                #[cfg(feature = "settings")]
                access,
                #[cfg(feature = "doors")]
                requests,
                #[cfg(feature = "settings")]
                visibility,
                #[cfg(feature = "settings")]
                inboxes,
                #[cfg(feature = "settings")]
                own,
            } => {
                #[cfg(feature = "settings")]
                self.settings.roster(own, inboxes, visibility, desk);
                self.roster.roster(contacts, desk);
                #[cfg(feature = "settings")]
                self.doors.roster(access, requests, desk);
                #[cfg(not(feature = "settings"))]
                #[cfg(feature = "doors")]
                for request in requests {
                    porter::requested(request, desk);
                }
            }
            ToAgent::Notify { notifications } => self.notified(notifications),
            ToAgent::ContactKept { contact } => self.roster.contact_kept(&contact, desk),
            ToAgent::ContactGone { presentity } => self.roster.contact_gone(&presentity, desk),
            ToAgent::Deliver { entries, up_to } => {
                for entry in &entries {
                    if let What::Received(..) = entry.what {
                        self.typing.done(&entry.with, desk);
                    }
                }
                let mine = self.inbox.deliver(entries, up_to, desk);
                self.settle(mine);
            }
            ToAgent::Receipt { id, receipt } => self.receipt(id, receipt),
            ToAgent::Page {
                number,
                entries,
                more,
            } => {
                let (with, before) = match desk.answered(number) {
                    Some(Asked::Newest(with)) => (with, None),
                    Some(Asked::Older(with, before)) => (with, Some(before)),
                    _ => return,
                };
                let mine = self.inbox.page(&with, before, &entries, more, desk);
                self.settle(mine);
            }
            ToAgent::Conversations {
                number,
                conversations,
                head,
            } => {
                if desk.answered(number) == Some(Asked::Conversations) {
                    self.inbox.conversations(conversations, head, desk);
                }
            }
            ToAgent::Done { number } => self.done(number),
            ToAgent::Refused { number, refusal } => self.refused(number, &refusal),
            ToAgent::Goodbye { refusal } => self.goodbye(refusal),
            ToAgent::Pong { number } => {
                if let Some(Asked::Said(of, id)) = desk.answered(number) {
                    self.presentity.arrived(of, id, desk);
                }
            }
            // This agent never fetches.
            ToAgent::Fetched { .. } => {}
            ToAgent::Welcome { .. } => self.skipped += 1,
            #[cfg(feature = "settings")]
            frame @ (ToAgent::Requested { .. }
            | ToAgent::AccessSet { .. }
            | ToAgent::PresentitySet { .. }
            | ToAgent::PresentityGone { .. }
            | ToAgent::InboxSet { .. }
            | ToAgent::InboxGone { .. }
            | ToAgent::VisibilitySet { .. }
            | ToAgent::Watchers { .. }) => self.own_frame(frame),
            #[cfg(not(feature = "settings"))]
            #[cfg(feature = "doors")]
            ToAgent::Requested { request, .. } => porter::requested(request, desk),
            ToAgent::Signal { from, doing } => self.typing.signal(from, doing, desk),
            // Not said to whom has said who they are.
            ToAgent::Visiting { .. } => {}
        }
    }

    fn notified(&mut self, notifications: Vec<Notification>) {
        for notification in notifications {
            let Notification { presentity, view } = &notification;
            if presentity.principal() == self.config.principal {
                self.presentity
                    .notified(presentity.tag(), view, &mut self.desk);
            } else {
                self.roster.notified(notification, &mut self.desk);
            }
        }
    }

    fn receipt(&mut self, id: MessageId, receipt: Receipt) {
        if let Some(mut entry) = self.outbox.receipt(id, receipt, &mut self.desk) {
            entry.by = self.presentity.by().cloned();
            self.inbox.accepted(&entry, &mut self.desk);
        }
    }

    /// Messages of mine that the log already has need no receipt.
    fn settle(&mut self, mine: Vec<MessageId>) {
        for id in mine {
            self.outbox.settle(id, &mut self.desk);
        }
    }

    fn done(&mut self, number: Number) {
        match self.desk.answered(number) {
            Some(Asked::Delete(with, seq)) => self.inbox.deleted(&with, seq, &mut self.desk),
            #[cfg(feature = "settings")]
            Some(Asked::Wish(id)) => self.settings.done(id),
            #[cfg(feature = "settings")]
            Some(asked @ Asked::Decide(..)) => self.doors.done(&asked, &mut self.desk),
            Some(asked) => self.roster.done(&asked, &mut self.desk),
            None => {}
        }
    }

    fn refused(&mut self, number: Option<Number>, refusal: &Refusal) {
        let desk = &mut self.desk;
        let Some(number) = number else {
            self.inbox.mark_refused(refusal, desk);
            return self.presentity.refused(refusal, desk);
        };
        match desk.answered(number) {
            #[cfg(feature = "settings")]
            Some(asked @ (Asked::Wish(_) | Asked::Watchers | Asked::Decide(..))) => {
                self.own_refused(&asked, refusal);
            }
            #[cfg(not(feature = "settings"))]
            #[cfg(feature = "doors")]
            Some(Asked::Admit(about) | Asked::Decide(_, about)) => {
                desk.tell(Notice::Refused(Some(about), refusal.code));
            }
            Some(asked) => {
                self.inbox.refused(&asked, refusal, desk);
                self.roster.refused(&asked, refusal, desk);
            }
            None => {}
        }
    }

    // Intents.

    fn intent(&mut self, intent: Intent) {
        let desk = &mut self.desk;
        match intent {
            #[cfg(feature = "status")]
            Intent::SetStatus {
                choice,
                note,
                until,
                of,
            } => self.presentity.set(choice, note, until, of, desk),
            #[cfg(feature = "status")]
            Intent::ClearStatus { of } => self.presentity.withdraw(by_hand(), of, desk),
            #[cfg(feature = "people")]
            Intent::AddContact {
                presentity,
                petname,
                group,
            } => self.add(Contact {
                presentity,
                petname,
                group,
            }),
            #[cfg(feature = "people")]
            Intent::RemoveContact { presentity } => {
                self.roster.remove(presentity.address(), desk);
            }
            Intent::Send { to, body } => self.send(to, &body),
            Intent::Resend { id } => self.outbox.resend(id, desk),
            Intent::Discard { id } => self.outbox.discard(id, desk),
            Intent::Open { with } => self.inbox.open(with, desk),
            Intent::Close => self.inbox.close(desk),
            Intent::LoadOlder { with } => self.inbox.load_older(&with, desk),
            Intent::Seen { with } => self.inbox.seen(&with, desk),
            Intent::Draft { with, text } => {
                if text.trim().is_empty() {
                    self.typing.stops(&with, desk);
                }
                self.keeping.write(&with, text, desk);
            }
            Intent::Delete { seq } => self.inbox.delete(seq, desk),
            Intent::Reconnect => self.link.hurry(desk),
            Intent::SignOut => self.sign_out(),
            #[cfg(feature = "people")]
            Intent::PublishMeans { mut tuple, of } => {
                tuple.kind = TupleKind::Service;
                self.presentity.publish(tuple, of, desk);
            }
            #[cfg(feature = "people")]
            Intent::WithdrawMeans { id, of } => self.presentity.withdraw(id, of, desk),
            Intent::Typing { with } => {
                if !self.inbox.is_held(&with) {
                    let from = self.inbox.own(&with);
                    self.typing.touched(with, from, desk);
                }
            }
            #[cfg(feature = "settings")]
            intent @ (Intent::Decide { .. }
            | Intent::SetPresentity { .. }
            | Intent::DropPresentity { .. }
            | Intent::SetInbox { .. }
            | Intent::DropInbox { .. }
            | Intent::SetVisibility { .. }
            | Intent::WatchWatchers { .. }
            | Intent::LeaveWatchers
            | Intent::Admit { .. }
            | Intent::Clear { .. }
            | Intent::Refuse { .. }) => self.own_intent(intent),
            #[cfg(not(feature = "settings"))]
            #[cfg(feature = "doors")]
            Intent::Decide {
                watcher,
                decision,
                of,
            } => porter::decide(watcher, decision, of, desk),
            #[cfg(not(feature = "settings"))]
            #[cfg(feature = "doors")]
            Intent::Admit { with } => porter::admit(with, desk),
            #[cfg(feature = "people")]
            Intent::TellWhen { address, on } => self.roster.tell_when(&address, on, desk),
            Intent::Confirmed => {
                self.presentity.confirmed(desk);
                self.outbox.confirmed(desk);
            }
            #[cfg(feature = "scripts")]
            Intent::SeenUpTo { with, seq } => self.inbox.seen_up_to(&with, seq, desk),
            #[cfg(feature = "scripts")]
            Intent::Watch { presentity } => self.watch(presentity),
            #[cfg(feature = "scripts")]
            Intent::Unwatch { presentity } => self.roster.unwatch(presentity.address(), desk),
        }
    }

    fn send(&mut self, to: InboxAddress, body: &Body) {
        let with = to.address();
        self.typing.stops(with, &mut self.desk);
        let from = self.inbox.own(with);
        // What cannot be taken stays in the composer.
        match self.outbox.send(&to, body, from, &mut self.desk) {
            Ok(()) => {
                self.keeping.sent(with, &mut self.desk);
                // Whom one answers is let in.
                #[cfg(feature = "settings")]
                if self.inbox.is_held(with) {
                    self.admit(with.clone());
                }
                #[cfg(not(feature = "settings"))]
                #[cfg(feature = "doors")]
                if self.inbox.is_held(with) {
                    porter::admit(with.clone(), &mut self.desk);
                }
            }
            Err(code) => {
                let text = body.as_str().into();
                self.keeping.write(with, text, &mut self.desk);
                self.desk.tell(Notice::Refused(Some(to.0), code));
            }
        }
    }

    fn add(&mut self, contact: Contact) {
        if contact.presentity.principal() == self.config.principal {
            let oneself = Some(contact.presentity.0);
            return self.desk.tell(Notice::Refused(oneself, Code::NotYourself));
        }
        self.roster.add(contact, &mut self.desk);
    }

    #[cfg(feature = "scripts")]
    fn watch(&mut self, presentity: crate::address::Presentity) {
        if presentity.principal() == self.config.principal {
            return self
                .desk
                .tell(Notice::Refused(Some(presentity.0), Code::NotYourself));
        }
        self.roster.watch(presentity.0, &mut self.desk);
    }

    fn sign_out(&mut self) {
        self.desk.send(&ToService::Bye);
        self.signed_out(Code::SignedOut);
    }

    // Poll.

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.desk.next_output()
    }

    /// When `Input::Wake` is due: the nearest of an attempt to connect or its end, a ping or its end, the banner, idleness, the
    /// end of a status, rows that become unknown, a send or fetch to repeat, something to keep.
    pub fn poll_timeout(&self) -> Option<Instant> {
        earliest(&[
            self.link.timeout(self.question()),
            self.presentity.timeout(),
            self.roster.timeout(),
            self.inbox.timeout(),
            self.outbox.timeout(),
            #[cfg(feature = "settings")]
            self.settings.timeout(),
            #[cfg(feature = "settings")]
            self.doors.timeout(),
            self.typing.timeout(),
            self.pace
                .timeout(self.roster.tells())
                .filter(|_| self.desk.up),
            self.keeping.timeout(),
        ])
    }
}
