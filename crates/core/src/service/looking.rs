//! FETCHERs (RFC 2778 2.3): what is known now, of one or many, and no SUBSCRIPTION; with a session or, over HTTP, without one.

use alloc::vec::Vec;

use super::Service;
use super::asking::Reading;
use super::before::Seen;
use super::input::{As, Identity, LookId, Looker, Output};
use super::room::{Poller, State};
use super::visitors::visited;
use crate::address::{Presentity, SessionId};
use crate::code::{Code, Refusal};
use crate::ledger::{Event, WatcherName};
use crate::presence::{Notification, View};
use crate::rules::{Onlooker, Sight, VisibilityRules};
use crate::store::Key;
use crate::time::{Now, Timestamp};
use crate::wire::{Number, Offers, ToAgent};

/// Most presentities in one fetch.
const FETCH_MAX: usize = 100;

/// A question of someone without a session, while what it needs is read.
#[derive(Debug)]
pub struct Look {
    looker: Looker,
    presentities: Vec<Presentity>,
    /// How the looker wants to stand; `None`: not read yet.
    visibility: Option<VisibilityRules>,
}

impl Service {
    /// All of them are here by now.
    pub(super) fn fetch(
        &mut self,
        id: SessionId,
        number: Number,
        presentities: &[Presentity],
        now: Now,
    ) {
        if presentities.len() > FETCH_MAX {
            return self.refuse(id, Some(number), Code::TooLarge.refusal());
        }
        if let Some(wait) = self.too_many_fetches(id, now) {
            return self.refuse(id, Some(number), Code::TooManyRequests.refusal_after(wait));
        }
        let Some(watcher) = self.principal_of(id) else {
            return;
        };
        let own = |presentity: &&Presentity| presentity.principal() == watcher;
        for presentity in presentities.iter().filter(|one| !own(one)) {
            let poller = Poller::Principal(watcher.clone());
            if let Err(wait) = self.too_many_polls(presentity, poller, now) {
                return self.refuse(id, Some(number), Code::TooManyRequests.refusal_after(wait));
            }
        }
        let mut notifications = Vec::new();
        for presentity in presentities {
            let seen = self.view_for(id, presentity, now.timestamp);
            let (view, gives) =
                seen.unwrap_or_else(|| (View::Ended(Code::TryLater.refusal()), false));
            notifications.push(Notification {
                presentity: presentity.clone(),
                view,
            });
            if watcher != presentity.principal() {
                let watcher = WatcherName::Principal(watcher.clone());
                self.remember(presentity, watcher, event(gives), now);
            }
            self.spare(presentity, now);
        }
        self.send(
            id,
            &ToAgent::Fetched {
                number,
                notifications,
            },
        );
    }

    pub(super) fn too_many_fetches(
        &mut self,
        id: SessionId,
        now: Now,
    ) -> Option<core::time::Duration> {
        let rate = self.config.limits.fetches;
        self.sessions
            .get_mut(&id)?
            .fetches
            .take(rate, now.instant)
            .err()
    }

    // Without a session.

    pub(super) fn begin_look(
        &mut self,
        id: LookId,
        looker: Looker,
        presentities: Vec<Presentity>,
        now: Now,
    ) {
        if self.config.offers == Offers::Messages {
            return self.looked(id, Err(Code::NoPresence.refusal()));
        }
        if presentities.len() > FETCH_MAX {
            return self.looked(id, Err(Code::TooLarge.refusal()));
        }
        let identity = looker.identity.as_ref();
        let within = |identity: &Identity| {
            let mut all = presentities.iter();
            identity.scope.watch && all.all(|one| identity.reaches(one.address()))
        };
        if !identity.is_none_or(within) {
            return self.looked(id, Err(Code::NotAllowed.refusal()));
        }
        let owns = |presentity: &Presentity| {
            let owner = identity.filter(|identity| identity.scope.manage);
            owner.is_some_and(|owner| owner.principal == presentity.principal())
        };
        if matches!(looker.looks_as, As::Watcher(_)) && !presentities.iter().all(owns) {
            return self.looked(id, Err(Code::NotAllowed.refusal()));
        }
        let principal = identity.map(|identity| identity.principal.clone());
        let visibility = match &principal {
            Some(principal) => self
                .homes
                .get(principal)
                .filter(|home| home.contacts.is_some())
                .map(|home| home.visibility.clone()),
            None => Some(VisibilityRules::default()),
        };
        if let (Some(principal), None) = (principal, &visibility) {
            self.load(Key::Watcher(principal), Reading::LookVisibility(id));
        }
        let look = Look {
            looker,
            presentities,
            visibility,
        };
        self.looks.insert(id, look);
        self.look(id, now);
    }

    pub(super) fn look_visibility(
        &mut self,
        id: LookId,
        answer: Result<VisibilityRules, Code>,
        now: Now,
    ) {
        match answer {
            Ok(rules) => {
                if let Some(look) = self.looks.get_mut(&id) {
                    look.visibility = Some(rules);
                }
                self.look(id, now);
            }
            Err(code) => self.looked(id, Err(code.refusal())),
        }
    }

    /// Answers a question, or has what it needs brought first.
    pub(super) fn look(&mut self, id: LookId, now: Now) {
        let Some(look) = self.looks.remove(&id) else {
            return;
        };
        let mut lacking = look.visibility.is_none();
        for presentity in &look.presentities {
            self.bring(presentity);
            if let Some(room) = self.rooms.get_mut(presentity)
                && matches!(room.state, State::Loading)
            {
                room.looks.insert(id);
                lacking = true;
            }
        }
        if lacking {
            self.looks.insert(id, look);
            return;
        }
        let answer = self.answer_look(&look, now);
        self.looked(id, answer);
    }

    fn answer_look(&mut self, look: &Look, now: Now) -> Result<Vec<Notification>, Refusal> {
        let Looker { identity, site, .. } = &look.looker;
        let identity = identity.as_ref();
        let is_visitor = look.looker.looks_as == As::Visitor;
        let is_own = |presentity: &Presentity| {
            identity.is_some_and(|one| one.principal == presentity.principal())
        };
        let poller = match (identity, &look.looker.looks_as) {
            (_, As::Visitor) => Poller::Site(site.clone()),
            (Some(identity), _) => Poller::Principal(identity.principal.clone()),
            (None, _) => Poller::Source(look.looker.source),
        };
        for presentity in look.presentities.iter().filter(|one| !is_own(one)) {
            let polled = self.too_many_polls(presentity, poller.clone(), now);
            polled.map_err(|wait| Code::TooManyRequests.refusal_after(wait))?;
        }
        let mut notifications = Vec::new();
        for presentity in &look.presentities {
            let (view, gives) = self.view_of_look(look, presentity, now.timestamp);
            notifications.push(Notification {
                presentity: presentity.clone(),
                view,
            });
            let (watcher, event) = match identity {
                Some(identity) if !is_visitor => {
                    let watcher = WatcherName::Principal(identity.principal.clone());
                    (watcher, event(gives))
                }
                _ if is_visitor || site.is_some() => {
                    (WatcherName::visitors(site.as_deref()), visited(gives, 1))
                }
                _ => (WatcherName::Nobody, event(gives)),
            };
            if !is_own(presentity) {
                self.remember(presentity, watcher, event, now);
            }
            self.spare(presentity, now);
        }
        Ok(notifications)
    }

    fn view_of_look(&self, look: &Look, presentity: &Presentity, at: Timestamp) -> (View, bool) {
        let identity = match look.looker.looks_as {
            As::Visitor => None,
            As::Themselves | As::Watcher(_) => look.looker.identity.as_ref(),
        };
        let ended = |code: Code| (View::Ended(code.refusal()), false);
        let known = self.known(presentity);
        let (identity, known) = match (identity, known) {
            (Some(identity), Some(known)) => (identity, known),
            (Some(_), None) => return ended(Code::UnknownAddress),
            // To someone whom nobody vouches for, nobody is there and nobody is not.
            (None, None) => return ended(Code::NotAllowed),
            (None, Some(known)) => {
                let seen = self.seen_by_visitor(known, look.looker.site.as_deref(), at);
                let view = known.show(presentity, &seen, self.setting(at));
                return (view, seen.gives());
            }
        };
        let rules = look.visibility.as_ref();
        let visibility = rules
            .map(|rules| rules.with(presentity))
            .unwrap_or_default();
        let onlooker = Onlooker {
            site: look.looker.site.as_deref(),
            ..known.onlooker(identity, visibility, at)
        };
        let seen = if let As::Watcher(watcher) = &look.looker.looks_as {
            known.decide(&self.vouched(known, watcher, at), at)
        } else if identity.principal == presentity.principal() {
            Seen::now(Sight::Own)
        } else if identity.login_at(at) < self.config.requires.watch {
            Seen::now(Sight::Refused(Code::SignInAgain))
        } else {
            known.decide(&onlooker, at)
        };
        let view = known.show(presentity, &seen, self.setting(at));
        (view, seen.gives())
    }

    pub(super) fn looked(&mut self, id: LookId, answer: Result<Vec<Notification>, Refusal>) {
        if let Some(look) = self.looks.remove(&id) {
            for presentity in &look.presentities {
                if let Some(room) = self.rooms.get_mut(presentity) {
                    room.looks.remove(&id);
                }
            }
        }
        self.outputs.push_back(Output::Looked(id, answer));
    }
}

fn event(gives: bool) -> Event {
    match gives {
        true => Event::Fetched,
        false => Event::Refused,
    }
}
