//! Visitors: whoever reads a page of another site and has not said who they are. What they see, by whatever way they ask, is decided
//! here; with a line of their own they keep looking as long as it is open, within bounds of their own.

use alloc::string::String;
use core::time::Duration;

use super::Service;
use super::before::Seen;
use super::ledger::Why;
use super::room::Known;
use super::session::Stage;
use super::timers::Timer;
use crate::address::{Presentity, SessionId};
use crate::code::Code;
use crate::ledger::{Event, WatcherName};
use crate::rules::{Login, Onlooker, Sight};
use crate::time::{Now, Timestamp};
use crate::wire::{Contact, Number, Offers, Standing, ToAgent, ToService, VERSION};

/// When a visitor for whom there is no room may try again.
const VISITORS_WAIT: Duration = Duration::from_mins(1);

/// Whoever reads a page of another site.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// By way of which site, if anyone named it.
    pub site: Option<String>,
}

impl Service {
    // What they see.

    /// What a visitor of this site sees. That somebody could decide about them, or wants to know who they are, would tell them
    /// that there is somebody.
    pub(super) fn seen_by_visitor<'a>(
        &self,
        known: &'a Known,
        site: Option<&str>,
        at: Timestamp,
    ) -> Seen<'a> {
        let nothing = Seen::now(Sight::Refused(Code::NotAllowed));
        if Login::Nobody < self.config.requires.watch {
            return nothing;
        }
        let onlooker = Onlooker {
            site,
            ..Onlooker::default()
        };
        let seen = known.decide(&onlooker, at);
        match seen.sight {
            Sight::Shown(_) | Sight::Absent(_) | Sight::Never(_) => seen,
            Sight::Own | Sight::Nothing | Sight::Refused(_) => nothing,
        }
    }

    pub(super) fn is_visitor(&self, id: SessionId) -> bool {
        let session = self.sessions.get(&id);
        session.is_some_and(|session| session.visitor.is_some())
    }

    // With a line.

    /// A visitor comes in: nobody vouches for them and nothing is kept of them.
    pub(super) fn visiting(&mut self, id: SessionId, site: Option<String>, now: Now) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if !matches!(session.stage, Stage::Asking { .. }) {
            return;
        }
        self.timers.clear(&Timer::Hello(id));
        if self.visitors >= self.config.limits.visitors {
            let refusal = Code::TooManyRequests.refusal_after(VISITORS_WAIT);
            return self.send_away(id, refusal, now);
        }
        self.visitors += 1;
        session.visitor = Some(Visitor { site });
        session.stage = Stage::In;
        let visiting = ToAgent::Visiting {
            version: VERSION,
            now: now.timestamp,
            announced: self.config.announced(),
        };
        self.send(id, &visiting);
        self.go_on(id, now);
    }

    /// Visitors look, by subscriptions that end with their line.
    pub(super) fn may_no_visitor(&self, frame: &ToService) -> Option<Code> {
        use ToService as F;
        match frame {
            F::Subscribe {
                standing: Standing::Session,
                ..
            }
            | F::Unsubscribe { .. } => {
                (self.config.offers == Offers::Messages).then_some(Code::NoPresence)
            }
            F::Hello { .. } | F::Ping { .. } | F::Pace { .. } | F::Bye => None,
            _ => Some(Code::NotSignedIn),
        }
    }

    /// A visitor is told of these as long as the line is open. Nobody is asked about a visitor, and whether there is anyone of an
    /// address is not said.
    pub(super) fn visitor_subscribes(
        &mut self,
        id: SessionId,
        number: Number,
        contacts: &[Contact],
        now: Now,
    ) {
        if let Some(wait) = self.too_many_fetches(id, now) {
            return self.refuse(id, Some(number), Code::TooManyRequests.refusal_after(wait));
        }
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let watches = &session.watches;
        let new = contacts
            .iter()
            .filter(|contact| !watches.contains(&contact.presentity));
        if watches.len() + new.count() > self.config.limits.visitor_subscriptions {
            return self.refuse(id, Some(number), Code::TooLarge.refusal());
        }
        for contact in contacts {
            self.watch(id, &contact.presentity, Why::Asked, now);
        }
        self.send(id, &ToAgent::Done { number });
    }

    // As they are remembered.

    /// Visitors are counted by their site, whether they look once or keep looking.
    pub(super) fn visitor(&self, id: SessionId) -> Option<WatcherName> {
        let visitor = self.sessions.get(&id)?.visitor.as_ref()?;
        Some(WatcherName::visitors(visitor.site.as_deref()))
    }

    /// The shell gave what was answered to more visitors than the one that asked.
    pub(super) fn visited(
        &mut self,
        presentity: &Presentity,
        site: Option<&str>,
        many: u32,
        now: Now,
    ) {
        let known = self.known(presentity);
        let seen = known.map(|known| self.seen_by_visitor(known, site, now.timestamp));
        let event = visited(seen.is_some_and(|seen| seen.gives()), many);
        self.remember(presentity, WatcherName::visitors(site), event, now);
    }
}

/// So many of one site came, and were given something or not.
pub fn visited(gives: bool, many: u32) -> Event {
    match gives {
        true => Event::Visited(many),
        false => Event::VisitedInVain(many),
    }
}
