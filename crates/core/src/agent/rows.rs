//! What a page reads: rows of the contact list and conversations, put together from the four user agents when asked for.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Address;
use crate::agent::roster::Listed as ListedContact;
use crate::agent::sorted::{Set, order};
use crate::agent::{
    Agent, ContactRow, ConversationView, Heading, Headings, HeldRow, Line, Listed, MyStatus,
    Outgoing, RowKind, Side,
};
use crate::person::{Way, Word};
use crate::presence::{Basic, Note};
use crate::wire::Decision;

impl Agent {
    /// The line to the service.
    pub fn link(&self) -> Line {
        Line {
            link: self.link.view(),
            banner: self.link.banner(),
            waiting: self.outbox.waiting(),
        }
    }

    /// Oneself.
    pub fn me(&self) -> MyStatus {
        self.presentity.me()
    }

    /// Contacts and other people one has talked with, whose name or address contains `query` in any case: unread first, then by
    /// presence, then by name. `lower` writes a text in small letters: whoever asks has the tables for that, or the browser has.
    pub fn roster(&self, query: &str, lower: fn(&str) -> String) -> Vec<ContactRow> {
        let listed = self.listed(query, Headings::None, lower);
        let waiting = self.outbox.newest();
        let row = |address: &Address| self.row_with(address, waiting.get(address).copied());
        listed.places.iter().map(row).collect()
    }

    /// Who stands in the same list, under headings; who has something unread stands above all of them. Of ten thousand a page
    /// shows a few: the rows are read one by one, by [`Agent::row`].
    pub fn listed(&self, query: &str, by: Headings, lower: fn(&str) -> String) -> Listed {
        let query = lower(query.trim());
        let contacts = self.roster.listed();
        let contacts = contacts.map(|(address, contact)| (address, Some(contact)));
        let strangers = self.strangers().into_iter().map(|address| (address, None));
        let mut places = Vec::new();
        for (address, contact) in contacts.chain(strangers) {
            let place = self.place(address, contact, by, lower);
            if holds(address.as_str(), &query) || holds(&place.name, &query) {
                places.push(place);
            }
        }
        let order = order(places.len(), &|one, other| places[one] < places[other]);
        let mut sections: Vec<(Heading, usize)> = Vec::new();
        for at in &order {
            let heading = &places[*at].heading;
            match sections.last_mut() {
                Some((last, count)) if last == heading => *count += 1,
                _ => sections.push((heading.clone(), 1)),
            }
        }
        let apart = |(heading, _): &(Heading, usize)| {
            matches!(heading, Heading::Presence(_) | Heading::Group(_))
        };
        if !sections.iter().any(apart) {
            sections.clear();
        }
        let addresses = order.into_iter().map(|at| places[at].address.clone());
        Listed {
            places: addresses.collect(),
            sections,
        }
    }

    /// Whether nobody stands in the list.
    pub fn is_alone(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where somebody stands in the list.
    fn place<'a>(
        &'a self,
        address: &'a Address,
        contact: Option<ListedContact<'a>>,
        by: Headings,
        lower: fn(&str) -> String,
    ) -> Place<'a> {
        let word = contact.map_or(Word::NotShared, |contact| contact.word);
        let petname = contact.and_then(|contact| contact.petname);
        let heading = if self.inbox.unread(address) > 0 {
            Heading::Unread
        } else {
            match (by, contact) {
                (Headings::Presence, Some(_)) => Heading::Presence(word),
                (Headings::Groups, Some(contact)) => contact
                    .group
                    .map_or(Heading::Others, |group| Heading::Group(group.clone())),
                _ => Heading::Others,
            }
        };
        Place {
            heading,
            word,
            name: match self.name(address, petname) {
                // An address has no other letters.
                Cow::Borrowed(name) if petname.is_none() => name.into(),
                name => lower(&name).into(),
            },
            address,
        }
    }

    /// One row, if there is one.
    pub fn row(&self, address: &Address) -> Option<ContactRow> {
        self.has_row(address).then(|| self.any_row(address))
    }

    /// Whether the relay has answered what was wanted of this one as a contact; that it does so is told as a changed row.
    pub fn is_answered(&self, contact: &Address) -> bool {
        self.roster.is_heard(contact)
    }

    /// Who wrote to me and waits in the requests folder, the newest first. Their messages are read by `conversation`.
    pub fn held(&self) -> Vec<HeldRow> {
        let mut rows = self.inbox.held();
        for row in &mut rows {
            row.sees_me = self.sees_me(&row.address);
        }
        rows
    }

    /// One conversation as far as it is here.
    pub fn conversation(&self, with: &Address) -> ConversationView {
        let mut items = self.inbox.items(with);
        items.extend(self.outbox.items(with));
        ConversationView {
            row: self.any_row(with),
            items,
            more: self.inbox.has_more(with),
            loading: self.inbox.is_loading(with),
            first_unread: self.inbox.first_unread(with),
            draft: self.keeping.draft(with).to_owned(),
            held: self.inbox.is_held(with),
        }
    }

    /// Unread messages in all conversations.
    pub fn unread(&self) -> u32 {
        self.inbox.unread_in_all()
    }

    /// Who wrote something that is not read.
    #[cfg(feature = "scripts")]
    pub fn unread_of(&self) -> impl Iterator<Item = &Address> {
        let all = self.inbox.addresses();
        all.filter(|with| self.inbox.unread(with) > 0)
    }

    /// Unread messages of this one.
    pub fn unread_from(&self, address: &Address) -> u32 {
        self.inbox.unread(address)
    }

    /// Whether the unread numbers speak of the whole inbox, and not only of what came since the line is up.
    pub fn is_counted(&self) -> bool {
        self.inbox.is_counted()
    }

    /// Every address that has a row.
    pub(super) fn addresses(&self) -> Set<Address> {
        let mut addresses: Set<Address> = self.roster.addresses().cloned().collect();
        addresses.extend(self.strangers().into_iter().cloned());
        addresses
    }

    /// Of those the ones who are no contacts.
    fn strangers(&self) -> Set<&Address> {
        let waiting = self.outbox.newest();
        let with = self.inbox.addresses().chain(self.keeping.with_drafts());
        with.chain(waiting.keys().copied())
            .filter(|address| !self.roster.is_contact(address))
            .collect()
    }

    pub(super) fn has_row(&self, address: &Address) -> bool {
        self.roster.is_contact(address)
            || self.inbox.has(address)
            || self.keeping.has_draft(address)
            || self.outbox.has(address)
    }

    /// What was decided about this one.
    #[cfg(feature = "settings")]
    fn sees_me(&self, address: &Address) -> Option<Decision> {
        self.decision(None, address)
    }

    #[cfg(not(feature = "settings"))]
    fn sees_me(&self, _: &Address) -> Option<Decision> {
        None
    }

    /// What somebody is called: by me, else by who vouches for a visitor, else the part before the `@`.
    pub fn name_of<'a>(&'a self, address: &'a Address) -> Cow<'a, str> {
        self.name(address, self.roster.petname(address))
    }

    fn name<'a>(&'a self, address: &'a Address, petname: Option<&'a Note>) -> Cow<'a, str> {
        match (petname, self.inbox.called(address)) {
            (Some(petname), _) => petname.as_str().into(),
            (None, Some(called)) => called.shown(address.name()).into(),
            (None, None) => address.name().into(),
        }
    }

    fn any_row(&self, address: &Address) -> ContactRow {
        self.row_with(address, self.outbox.newest().get(address).copied())
    }

    fn row_with(&self, address: &Address, waiting: Option<&Outgoing>) -> ContactRow {
        let name = self.name_of(address);
        let kind = if self.roster.is_contact(address) {
            RowKind::Contact
        } else {
            RowKind::Stranger
        };
        let last = match waiting {
            Some(outgoing) => Some((Side::Mine, &outgoing.body, outgoing.at)),
            None => self.inbox.last(address),
        };
        let ways = self.roster.ways(address);
        ContactRow {
            address: address.clone(),
            name: name.into_owned(),
            kind,
            person: self.roster.person(address),
            unread: self.inbox.unread(address),
            last: last.map(|(side, body, at)| (side, body.as_str().to_owned(), at)),
            draft: self.keeping.has_draft(address),
            sees_me: self.sees_me(address),
            group: self.roster.group(address).cloned(),
            closed: closed(&ways).or_else(|| self.roster.hides_inbox(address).then(String::new)),
            ways,
            tell_when: self.roster.tells_when(address),
            typing: self.typing.is(address) && !self.inbox.is_held(address),
        }
    }
}

/// Why their inbox does not accept, if it does not.
fn closed(ways: &[Way]) -> Option<String> {
    let inbox = ways.iter().find(|way| way.inbox.is_some())?;
    (inbox.basic == Basic::Closed).then(|| inbox.note.as_ref().map_or("", Note::as_str).to_owned())
}

/// Whether a text holds another, looked for in the plainest way: both are short.
fn holds(text: &str, part: &str) -> bool {
    let mut places = text.as_bytes().windows(part.len().max(1));
    part.is_empty() || places.any(|place| place == part.as_bytes())
}

/// Where somebody stands in the list: by the heading, then by presence, then by name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    heading: Heading,
    word: Word,
    /// In small letters.
    name: Cow<'a, str>,
    address: &'a Address,
}
