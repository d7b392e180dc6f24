//! What comes and goes about what I have set up and whom I let see: frames, intents, answers, and what is read of it.

use alloc::vec::Vec;

use crate::address::{Address, Tag};
use crate::agent::desk::Asked;
use crate::agent::inbox::Answer;
use crate::agent::settings::Want;
use crate::agent::{Agent, Intent, Notice, OwnInboxView, OwnPresentityView, RequestRow};
use crate::code::{Code, Refusal};
use crate::ledger::Watchers;
use crate::presence::TupleKind;
use crate::rules::VisibilityRules;
use crate::wire::{Decision, OwnPresentity, ToAgent};

impl Agent {
    pub(super) fn own_frame(&mut self, frame: ToAgent) {
        let desk = &mut self.desk;
        match frame {
            ToAgent::Requested { request, of } => {
                self.doors.requested(of.as_ref(), request, desk);
            }
            ToAgent::AccessSet {
                watcher,
                decision,
                of,
            } => self.doors.access_set(of.as_ref(), &watcher, decision, desk),
            ToAgent::PresentitySet { own } => self.settings.is_now(&Want::Presentity(own), desk),
            ToAgent::PresentityGone { tag } => {
                self.presentity.gone(&tag);
                self.doors.presentity_gone(&tag, desk);
                self.settings.is_now(&Want::NoPresentity(tag), desk);
            }
            ToAgent::InboxSet { own } => self.settings.is_now(&Want::Inbox(own), desk),
            ToAgent::InboxGone { tag } => self.settings.is_now(&Want::NoInbox(tag), desk),
            ToAgent::VisibilitySet { rules } => self.settings.visibility_set(rules, desk),
            ToAgent::Watchers {
                number,
                presentity,
                watchers,
            } => {
                desk.answered(number);
                self.settings.watchers_are(&presentity, watchers, desk);
            }
            // All others are told elsewhere.
            _ => {}
        }
    }

    pub(super) fn own_refused(&mut self, asked: &Asked, refusal: &Refusal) {
        let desk = &mut self.desk;
        match asked {
            Asked::Wish(id) => {
                if let Some(Want::Admit(with) | Want::Refuse(with)) =
                    self.settings.refused(*id, refusal, desk)
                {
                    self.inbox.answer(&with, None, desk);
                }
            }
            Asked::Watchers => self.settings.watch_refused(refusal, desk),
            asked => self.doors.refused(asked, refusal, desk),
        }
    }

    pub(super) fn own_intent(&mut self, intent: Intent) {
        let desk = &mut self.desk;
        match intent {
            Intent::Decide {
                watcher,
                decision,
                of,
            } => self.doors.decide(of.as_ref(), &watcher, decision, desk),
            Intent::SetPresentity { own } => self.settings.wish(Want::Presentity(own), desk),
            Intent::DropPresentity { tag } => self.settings.wish(Want::NoPresentity(tag), desk),
            Intent::SetInbox { own } => self.settings.wish(Want::Inbox(own), desk),
            Intent::DropInbox { tag } => self.settings.wish(Want::NoInbox(tag), desk),
            Intent::SetVisibility {
                presentity,
                visibility,
            } => {
                let want = Want::Visibility(presentity, visibility);
                self.settings.wish(want, desk);
            }
            Intent::WatchWatchers { of } => self.settings.watch(of.as_ref(), desk),
            Intent::LeaveWatchers => self.settings.leave(desk),
            Intent::Admit { with } => self.admit(with),
            Intent::Clear { with } => {
                if desk.up {
                    self.settings.wish(Want::Clear(with), desk);
                } else {
                    desk.tell(Notice::Refused(Some(with), Code::TryLater));
                }
            }
            Intent::Refuse { with } => {
                let (watcher, block) = (with.untagged().0.into(), Some(Decision::Block));
                // First the door, then the broom: nothing comes in between.
                self.doors.decide(None, &watcher, block, desk);
                self.inbox.answer(&with, Some(Answer::Refuse), desk);
                self.settings.wish(Want::Refuse(with), desk);
            }
            // All others are carried out elsewhere.
            _ => {}
        }
    }

    pub(super) fn admit(&mut self, with: Address) {
        let desk = &mut self.desk;
        self.inbox.answer(&with, Some(Answer::Admit), desk);
        self.settings.wish(Want::Admit(with), desk);
    }

    // Getters.

    /// What was decided about this one as a watcher of one of my presentities.
    pub fn decision(&self, of: Option<&Tag>, watcher: &Address) -> Option<Decision> {
        self.doors.decision(of, watcher)
    }

    /// Who asks to see me, by whichever of my presentities, oldest first.
    pub fn requests(&self) -> Vec<RequestRow> {
        self.doors.requests(|_| true)
    }

    /// My presentities, the one from sign-up first.
    pub fn own_presentities(&self) -> Vec<OwnPresentityView> {
        let own = self.settings.own().presentities.into_iter();
        own.map(|own| self.own_presentity(own)).collect()
    }

    /// Whether the relay has said that what I set up for my presentities holds.
    pub fn is_heard(&self) -> bool {
        self.settings.is_heard()
    }

    fn own_presentity(&self, own: OwnPresentity) -> OwnPresentityView {
        let of = own.tag.as_ref();
        let (person, mut means, by_hand) = self.presentity.own(of);
        means.retain(|tuple| tuple.kind == TupleKind::Service);
        OwnPresentityView {
            address: self.config.principal.presentity_of(of),
            person,
            choice: by_hand.choice,
            note: by_hand.note,
            until: by_hand.until,
            means,
            access: self.doors.all_access(of),
            requests: self.doors.requests(|other| other == of),
            tag: own.tag,
            label: own.label,
            rules: own.rules,
        }
    }

    /// My inbox addresses, the one from sign-up first.
    pub fn inboxes(&self) -> Vec<OwnInboxView> {
        let own = self.settings.own().inboxes.into_iter();
        own.map(|own| OwnInboxView {
            address: self.config.principal.inbox_of(own.tag.as_ref()),
            own,
        })
        .collect()
    }

    /// How I stand with those I watch.
    pub fn visibility(&self) -> VisibilityRules {
        self.settings.own().visibility
    }

    /// Who watches this presentity of mine; `None` unless that is open and has been answered.
    pub fn watchers(&self, of: Option<&Tag>) -> Option<&Watchers> {
        self.settings
            .watchers(&self.config.principal.presentity_of(of))
    }
}
