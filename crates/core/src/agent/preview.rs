//! "View as ...": what a watcher gets of me, by the rules and the function that the service asks ([`rules::view`],
//! [`sight::show`]).

use alloc::vec::Vec;

use crate::address::{Address, Tag};
use crate::agent::{Agent, Preview, Viewer};
use crate::person::person;
use crate::presence::{Basic, Freshness, PresenceTuple, TupleKind, View, by_hand};
use crate::rules::{AccessRules, Login, Onlooker, Sight, Status, view};
use crate::sight::{Whole, show};
use crate::wire::{Class, Offers};

impl Preview {
    /// The same with what the service says that they get.
    #[must_use]
    pub fn with(self, view: View) -> Self {
        Self {
            person: person(&view),
            view,
            ..self
        }
    }
}

/// How the addresses of guests begin.
const GUEST: &str = "guest-";

impl Agent {
    /// What this one gets of one of my presentities now. Of a contact nothing but the address is known here: it is taken for an
    /// account whose password was said a while ago and who shows its name.
    pub fn preview(&self, of: Option<&Tag>, viewer: &Viewer) -> Preview {
        let own = self.settings.own().presentities;
        let rules = own.into_iter().find(|own| own.tag.as_ref() == of);
        let rules = rules.map_or_else(AccessRules::default, |own| own.rules);
        let address = self.address_of(viewer);
        let onlooker = self.onlooker(viewer, address.as_ref());
        let access = address
            .as_ref()
            .and_then(|address| self.doors.access(of, address));
        let (_, tuples, _) = self.presentity.own(of);
        let hand = tuples.iter().find(|tuple| tuple.id == by_hand());
        let decided = view(
            &onlooker,
            access.map(|access| &access.decision),
            &rules,
            Status::of(hand),
            self.desk.now.timestamp,
        );
        let kind = |kind: TupleKind| -> Vec<&PresenceTuple> {
            tuples.iter().filter(|tuple| tuple.kind == kind).collect()
        };
        let since = self.presentity.since(of);
        let whole = Whole {
            presentity: &self.config.principal.presentity_of(of),
            is_group: self.presentity.class() == Some(Class::Group),
            by_hand: hand,
            services: kind(TupleKind::Service),
            devices: kind(TupleKind::Device),
            changed: since,
            last_seen: since,
            absent: Freshness::Fresh,
            blocked_since: access.map(|access| access.at).unwrap_or_default(),
            messages: match self.presentity.offers() {
                Offers::Presence => Basic::Closed,
                Offers::Both | Offers::Messages => Basic::Open,
            },
            at: self.desk.now.timestamp,
        };
        let view = show(&whole, &decided.sight);
        Preview {
            person: person(&view),
            view,
            because: decided.because,
            is_kept: matches!(decided.sight, Sight::Never(_))
                && matches!(viewer, Viewer::Contact(_)),
            is_settled: address.is_none_or(|address| self.doors.is_settled(of, &address)),
        }
    }

    /// Some address of this kind, of which no rule speaks by name.
    fn address_of(&self, viewer: &Viewer) -> Option<Address> {
        let domain = self.config.principal.address().domain();
        let some = |name: &str| Address::parse(&[name, "@", domain].concat()).ok();
        match viewer {
            // Whoever watches does so in the principal's own name.
            Viewer::Contact(address) => Some(address.untagged().0),
            Viewer::Guest => some("guest--"),
            Viewer::AnyAccount => some("-"),
            Viewer::Nobody => None,
        }
    }

    fn onlooker<'a>(&'a self, viewer: &Viewer, address: Option<&'a Address>) -> Onlooker<'a> {
        let Some(address) = address else {
            return Onlooker::default();
        };
        let (class, login) = match viewer {
            Viewer::Guest => (Class::Guest, Login::Guest),
            _ if address.name().starts_with(GUEST) => (Class::Guest, Login::Guest),
            _ => (Class::Account, Login::Account),
        };
        let contact = self.roster.contact_of(address);
        Onlooker {
            address: Some(address),
            class: Some(class),
            login,
            group: contact.and_then(|contact| self.roster.group(contact)),
            known: contact.is_some(),
            ..Onlooker::default()
        }
    }
}
