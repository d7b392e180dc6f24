//! What people in a Room do and see, in sentences: `room.writes("bob", "alice", "hello")`.
//!
//! `"bob"` is Bob at the device that he opened first of those that are open; `"bob/phone"` is Bob at his phone. What people do
//! takes effect at once; what they see is asked after everything on its way has arrived.

use std::time::Duration;

use lamplight_core::address::{Address, InboxAddress, MessageId, Presentity, Principal, Seq};
use lamplight_core::agent::{
    Agent, Choice, ConversationView, Input, Intent, ItemState, Keepsake, LinkView, Notice, Outgoing,
};
use lamplight_core::code::Refusal;
use lamplight_core::message::Body;
use lamplight_core::person::{Person, Reason, Word};
use lamplight_core::presence::{Note, View};
use lamplight_core::rules::{Delivery, DeliveryRule, Who};
use lamplight_core::service::{self, As, Looker};
use lamplight_core::store::Change;
use lamplight_core::time::{Timestamp, millis};
use lamplight_core::wire::{Decision, OwnInbox, ToAgent};

use super::line::Reading;
use super::{Device, Room};

/// How long two machines may take to find each other again when nothing is in their way: the longest wait between two
/// attempts, and a bit.
const BACK_WITHIN: Duration = Duration::from_mins(1);

/// An address of the relay's own domain, unless it names another.
fn address(name: &str) -> Address {
    let full = if name.contains('@') {
        name.to_owned()
    } else {
        format!("{name}@localhost")
    };
    Address::parse(&full).expect("people of scenes have proper names")
}

/// This person's presentity.
pub fn presentity(name: &str) -> Presentity {
    Presentity(address(name))
}

/// This person's inbox.
pub fn inbox(name: &str) -> InboxAddress {
    InboxAddress(address(name))
}

/// A body with this text.
pub fn body(text: &str) -> Body {
    Body::parse(text).expect("what people write is neither empty nor too long")
}

// People and their devices.
impl Room {
    /// A principal by name.
    pub fn principal(&self, name: &str) -> Principal {
        Principal(address(name))
    }

    /// A new account.
    pub fn signs_up(&mut self, who: &str) {
        let principal = self.principal(who);
        self.registers(&principal);
    }

    /// A new guest.
    pub fn enters_as_guest(&mut self, who: &str) {
        let principal = self.principal(who);
        self.guests.insert(principal.clone());
        self.registers(&principal);
    }

    /// A new group; who speaks in its name says so with [`Room::speaks_for`].
    pub fn founds(&mut self, group: &str) {
        let principal = self.principal(group);
        self.groups.insert(principal.clone());
        self.registers(&principal);
    }

    /// A new program with an address of its own.
    pub fn installs(&mut self, program: &str) {
        let principal = self.principal(program);
        self.programs.insert(principal.clone());
        self.registers(&principal);
    }

    /// The password is said again: on this person's device, if they have one, else on their lines by hand.
    pub fn confirms_password(&mut self, who: &str) {
        let principal = self.principal(who.split('/').next().unwrap_or(who));
        let has_device = self.devices.iter().any(|device| device.who == principal);
        let login = match has_device {
            true => self.seat(who) as u64,
            false => super::wire::BY_HAND,
        };
        self.confirms(&principal, login);
    }

    /// What someone without a session is told of these, over HTTP: signed in as this one, or nobody; on a page of this site.
    ///
    /// # Errors
    /// Why there is no answer at all.
    pub fn looks_up(
        &mut self,
        who: Option<&str>,
        site: Option<&str>,
        whom: &[&str],
    ) -> Result<Vec<View>, Refusal> {
        let looker = Looker {
            identity: who.map(|who| self.identity(who)),
            site: site.map(str::to_owned),
            source: 1,
            looks_as: As::Themselves,
        };
        let presentities = whom.iter().map(|name| presentity(name)).collect();
        let told = self.looks(looker, presentities)?;
        Ok(told
            .into_iter()
            .map(|notification| notification.view)
            .collect())
    }

    /// What a badge of this one shows on this site (`None`: nobody named it); asked for by whoever has signed in as this one.
    ///
    /// # Errors
    /// Why there is no answer at all.
    pub fn visits(
        &mut self,
        who: Option<&str>,
        site: Option<&str>,
        whom: &str,
    ) -> Result<View, Refusal> {
        let looker = Looker {
            identity: who.map(|who| self.identity(who)),
            site: site.map(str::to_owned),
            source: 1,
            looks_as: As::Visitor,
        };
        let told = self.looks(looker, vec![presentity(whom)])?;
        Ok(told[0].view.clone())
    }

    /// So many more visitors of this site were given what the last of them was told.
    pub fn more_visit(&mut self, site: Option<&str>, whom: &str, many: u32) {
        let site = site.map(str::to_owned);
        self.tell_relay(service::Input::Visited(presentity(whom), site, many));
    }

    /// A person opens the page on a device, and everything arrives.
    pub fn opens(&mut self, who: &str, device: &str) {
        self.starts_to_open(who, device);
        self.settles();
    }

    /// A person opens the page on a device; nothing has arrived yet.
    pub fn starts_to_open(&mut self, who: &str, device: &str) {
        let principal = self.principal(who);
        let index = self.device_named(&principal, device);
        self.opens_tab(index);
    }

    /// New accounts, each with the page open on a laptop.
    pub fn arrive(&mut self, people: &[&str]) {
        for who in people {
            self.signs_up(who);
            self.opens(who, "laptop");
        }
    }

    /// As [`Room::arrive`], each having let the others see everything: nobody is a stranger to anybody.
    pub fn arrive_acquainted(&mut self, people: &[&str]) {
        self.sign_up_acquainted(people);
        for who in people {
            self.opens(who, "laptop");
        }
    }

    /// New accounts, each having let the others see everything.
    pub fn sign_up_acquainted(&mut self, people: &[&str]) {
        for who in people {
            self.signs_up(who);
        }
        for (who, other) in people
            .iter()
            .flat_map(|who| people.iter().map(move |other| (who, other)))
        {
            if who != other {
                self.disk.store.apply(Change::SetAccess {
                    presentity: presentity(who),
                    watcher: self.principal(other),
                    decision: Some(Decision::Allow),
                    at: Timestamp(0),
                });
            }
        }
    }

    /// This person, not here yet, takes the messages of strangers like any others.
    pub fn takes_letters_of_anyone(&mut self, who: &str) {
        let rule = DeliveryRule {
            who: Who::Anyone,
            then: Delivery::Deliver,
            below: None,
            longer_than: None,
            hours: Vec::new(),
        };
        self.disk.store.apply(Change::SetInbox {
            principal: self.principal(who),
            own: OwnInbox {
                rules: vec![rule],
                ..OwnInbox::default()
            },
        });
    }

    /// The tab is closed, and its socket with it.
    pub fn closes(&mut self, who: &str) {
        self.starts_to_close(who);
        self.settles();
    }

    /// The tab is closed; nobody knows yet.
    pub fn starts_to_close(&mut self, who: &str) {
        let index = self.seat(who);
        self.unloads_page(index);
    }

    /// The page is loaded again in the same tab; nothing has arrived yet.
    pub fn starts_to_reload(&mut self, who: &str) {
        let index = self.seat(who);
        self.unloads_page(index);
        self.loads_page(index);
    }

    /// The page is loaded again in the same tab.
    pub fn reloads(&mut self, who: &str) {
        self.reloads_after(who, Duration::ZERO);
    }

    /// The page is loaded again in the same tab, and takes this long.
    pub fn reloads_after(&mut self, who: &str, pause: Duration) {
        let index = self.seat(who);
        self.unloads_page(index);
        self.passes(pause);
        self.loads_page(index);
        self.settles();
    }

    /// The number of the device that a name like `bob` or `bob/phone` means.
    pub fn seat(&mut self, who: &str) -> usize {
        if let Some((who, device)) = who.split_once('/') {
            let principal = self.principal(who);
            return self.device_named(&principal, device);
        }
        let principal = self.principal(who);
        let theirs = |device: &&Device| device.who == principal;
        let open = self
            .devices
            .iter()
            .filter(theirs)
            .find(|device| device.agent.is_some());
        let any = open.or_else(|| self.devices.iter().find(theirs));
        let name = any.expect("this person has a device").name.clone();
        self.device_named(&principal, name.as_str())
    }

    /// The device that a name like `bob` or `bob/phone` means.
    pub fn device(&mut self, who: &str) -> &mut Device {
        let index = self.seat(who);
        &mut self.devices[index]
    }

    /// The agent there.
    pub fn agent(&mut self, who: &str) -> &Agent {
        let device = self.device(who);
        device.agent.as_ref().expect("the tab is open")
    }

    /// What a person wants.
    pub fn wants(&mut self, who: &str, intent: Intent) {
        self.hands(who, Input::Intent(intent));
        self.settles();
    }

    /// An input from the browser, such as that the page is hidden.
    pub fn hands(&mut self, who: &str, input: Input) {
        let index = self.seat(who);
        self.tell_device(index, input);
    }
}

// Presence.
impl Room {
    /// Asks to see someone and keeps them as a contact.
    pub fn watches(&mut self, who: &str, whom: &str) {
        self.adds(who, whom, None);
    }

    /// As [`Room::watches`], under a petname.
    pub fn adds(&mut self, who: &str, whom: &str, petname: Option<&str>) {
        let intent = Intent::AddContact {
            presentity: presentity(whom),
            petname: petname.map(note),
            group: None,
        };
        self.wants(who, intent);
    }

    /// Does not want to see someone any more.
    pub fn removes(&mut self, who: &str, whom: &str) {
        let presentity = presentity(whom);
        self.wants(who, Intent::RemoveContact { presentity });
    }

    pub fn allows(&mut self, who: &str, whom: &str) {
        self.decides(who, whom, Some(Decision::Allow));
    }

    pub fn denies(&mut self, who: &str, whom: &str) {
        self.decides(who, whom, Some(Decision::Deny));
    }

    pub fn blocks(&mut self, who: &str, whom: &str) {
        self.decides(who, whom, Some(Decision::Block));
    }

    /// Decides what someone sees, or forgets what was decided.
    pub fn decides(&mut self, who: &str, whom: &str, decision: Option<Decision>) {
        let watcher = self.principal(whom);
        self.wants(
            who,
            Intent::Decide {
                watcher,
                decision,
                of: None,
            },
        );
    }

    /// Two people who see each other.
    pub fn befriends(&mut self, one: &str, other: &str) {
        for (watcher, watched) in [(one, other), (other, one)] {
            self.watches(watcher, watched);
            self.allows(watched, watcher);
        }
    }

    /// A status by hand: `available`, `busy`, `away` or `invisible`, with a note behind a colon.
    pub fn sets(&mut self, who: &str, status: &str) {
        self.sets_until(who, status, None);
    }

    /// A status by hand that ends by itself.
    pub fn sets_until(&mut self, who: &str, status: &str, until: Option<Timestamp>) {
        let (word, text) = match status.split_once(": ") {
            Some((word, text)) => (word, Some(text)),
            None => (status, None),
        };
        let choice = match word {
            "available" => Choice::Available,
            "busy" => Choice::Busy,
            "away" => Choice::Away,
            "invisible" => Choice::Invisible,
            other => panic!("nobody can choose to be {other}"),
        };
        let intent = Intent::SetStatus {
            choice,
            note: text.map(note),
            until,
            of: None,
        };
        self.wants(who, intent);
    }

    /// Back to what the devices say.
    pub fn clears_status(&mut self, who: &str) {
        self.wants(who, Intent::ClearStatus { of: None });
    }

    /// Leaves now and is seen to.
    pub fn signs_out(&mut self, who: &str) {
        self.wants(who, Intent::SignOut);
    }

    /// The login is over everywhere: a changed password, say.
    pub fn is_signed_out_everywhere(&mut self, who: &str) {
        let principal = self.principal(who);
        self.revokes_all(&principal);
        self.settles();
    }

    /// What a person reads in someone's row: `busy: in a meeting`.
    pub fn sees(&mut self, who: &str, whom: &str) -> String {
        self.settles();
        self.glimpses(who, whom)
    }

    /// As [`Room::sees`], at this very moment.
    pub fn glimpses(&mut self, who: &str, whom: &str) -> String {
        let row = self.agent(who).row(&address(whom));
        row.map_or_else(|| "no row".to_owned(), |row| in_words(&row.person))
    }

    /// All that a row says of someone.
    pub fn person(&mut self, who: &str, whom: &str) -> Person {
        self.settles();
        let row = self.agent(who).row(&address(whom));
        row.expect("there is a row").person
    }

    /// What a person reads of oneself.
    pub fn is(&mut self, who: &str) -> String {
        self.settles();
        in_words(&self.agent(who).me().person)
    }

    /// Who asks to see this person.
    pub fn is_asked_by(&mut self, who: &str) -> Vec<String> {
        self.settles();
        let requests = self.agent(who).requests();
        let names = requests
            .iter()
            .map(|row| row.watcher.address().name().to_owned());
        names.collect()
    }

    /// How long until a person reads this of someone.
    pub fn until_sees(&mut self, who: &str, whom: &str, what: &str, limit: Duration) -> Duration {
        self.until(limit, |room| room.glimpses(who, whom) == what)
    }

    /// All that a person reads of someone while this much time passes, each change once.
    pub fn sees_during(&mut self, who: &str, whom: &str, wait: Duration) -> Vec<String> {
        let end = self.clock + millis(wait);
        let mut seen = vec![self.glimpses(who, whom)];
        while self.step(end) {
            let now = self.glimpses(who, whom);
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        self.clock = end;
        seen
    }
}

/// What a row says of a person, in words.
pub fn in_words(person: &Person) -> String {
    let word = match (person.word, person.reason) {
        (Word::Available, _) => "available",
        (Word::Busy, _) => "busy",
        (Word::Away, Reason::Idle(_)) => "away, idle",
        (Word::Away, _) => "away",
        (Word::Offline, _) => "offline",
        (Word::Unknown, _) => "unknown",
        (Word::NotAvailable, _) => "not available",
        (Word::NotShared, Reason::Pending) => "not shared yet",
        (Word::NotShared, _) => "not shared",
    };
    let stale = if person.stale { " (stale)" } else { "" };
    match &person.note {
        Some(note) => format!("{word}: {}{stale}", note.as_str()),
        None => format!("{word}{stale}"),
    }
}

fn note(text: &str) -> Note {
    Note::parse(text).expect("what people say of themselves is short")
}

// Messages.
impl Room {
    /// Writes to someone, and everything arrives.
    pub fn writes(&mut self, who: &str, to: &str, text: &str) {
        self.writes_at_once(who, to, text);
        self.settles();
    }

    /// Writes to someone; nothing has arrived yet.
    pub fn writes_at_once(&mut self, who: &str, to: &str, text: &str) {
        let intent = Intent::Send {
            to: inbox(to),
            body: body(text),
        };
        self.hands(who, Input::Intent(intent));
    }

    /// Opens the conversation with someone.
    pub fn looks_at(&mut self, who: &str, whom: &str) {
        self.wants(
            who,
            Intent::Open {
                with: address(whom),
            },
        );
    }

    /// Has seen the end of the conversation.
    pub fn has_seen(&mut self, who: &str, whom: &str) {
        self.wants(
            who,
            Intent::Seen {
                with: address(whom),
            },
        );
    }

    /// The conversation as far as it is there, after it was opened.
    pub fn conversation(&mut self, who: &str, whom: &str) -> ConversationView {
        self.looks_at(who, whom);
        self.agent(who).conversation(&address(whom))
    }

    /// The texts of a conversation, oldest first.
    pub fn reads(&mut self, who: &str, whom: &str) -> Vec<String> {
        let items = self.conversation(who, whom).items;
        items.into_iter().map(|item| item.text).collect()
    }

    /// The texts of one's own messages with the mark each has: `hello: delivered`.
    pub fn marks(&mut self, who: &str, whom: &str) -> Vec<String> {
        let items = self.conversation(who, whom).items;
        let mine = items.into_iter().filter_map(|item| {
            let mark = match item.state {
                ItemState::Received => return None,
                ItemState::Queued => "queued".to_owned(),
                ItemState::Sending => "sending".to_owned(),
                ItemState::Accepted => "accepted".to_owned(),
                ItemState::Delivered => "delivered".to_owned(),
                ItemState::Failed(code) => format!("failed, {}", code.slug()),
            };
            Some(format!("{}: {mark}", item.text))
        });
        mine.collect()
    }

    /// Unread messages of one conversation.
    pub fn unread(&mut self, who: &str, whom: &str) -> u32 {
        self.settles();
        let row = self.agent(who).row(&address(whom));
        row.map_or(0, |row| row.unread)
    }

    /// Deletes a message of a conversation by its text.
    pub fn deletes(&mut self, who: &str, whom: &str, text: &str) {
        let items = self.conversation(who, whom).items;
        let seq: Option<Seq> = items
            .into_iter()
            .find(|item| item.text == text)
            .and_then(|item| item.seq);
        let seq = seq.expect("the message is in the conversation");
        self.wants(who, Intent::Delete { seq });
    }

    /// The id of a message of a conversation by its text.
    pub fn id_of(&mut self, who: &str, whom: &str, text: &str) -> MessageId {
        let items = self.conversation(who, whom).items;
        let found = items.into_iter().find(|item| item.text == text);
        found.expect("the message is in the conversation").id
    }

    /// What the outbox of a device keeps.
    pub fn outbox(&mut self, who: &str) -> Vec<Outgoing> {
        let kept = self.device(who).keepsakes.values();
        let outgoing = kept.filter_map(|keepsake| match keepsake {
            Keepsake::Outgoing(outgoing) => Some(outgoing.clone()),
            _ => None,
        });
        outgoing.collect()
    }

    /// What a device told its person since the last call.
    pub fn notices(&mut self, who: &str) -> Vec<Notice> {
        self.settles();
        std::mem::take(&mut self.device(who).notices)
    }
}

// The network.
impl Room {
    /// The line of a device goes silent: no byte passes, nobody is told, and no other line can be opened.
    pub fn cuts(&mut self, who: &str) {
        let device = self.device(who);
        device.reachable = false;
        if let Some(session) = device.line {
            self.cuts_line(session);
        }
    }

    /// The network of a device works again; a line that was cut stays dead.
    pub fn heals(&mut self, who: &str) {
        self.device(who).reachable = true;
    }

    /// Nothing passes between a device and the relay until [`Room::thaws`].
    pub fn freezes(&mut self, who: &str) {
        let device = self.device(who);
        device.reachable = false;
        if let Some(session) = device.line {
            self.freezes_line(session);
        }
    }

    /// What was held on the line of a device passes.
    pub fn thaws(&mut self, who: &str) {
        let device = self.device(who);
        device.reachable = true;
        if let Some(session) = device.line {
            self.thaws_line(session);
        }
        self.settles();
    }

    /// The line of a device breaks, what was on it is lost, and both ends are told.
    pub fn loses_line(&mut self, who: &str) {
        if let Some(session) = self.device(who).line {
            self.resets(session);
        }
    }

    /// A device does not take what is written to it, or does again.
    pub fn is_slow(&mut self, who: &str, slow: bool) {
        let reading = if slow {
            Reading::Nothing
        } else {
            Reading::Everything
        };
        if let Some(session) = self.device(who).line {
            self.reads_on(session, reading);
        }
    }

    /// The page's thread is stuck for this long; the browser beneath it goes on.
    pub fn is_stuck(&mut self, who: &str, wait: Duration) {
        let awake_at = self.clock + millis(wait);
        self.device(who).awake_at = awake_at;
    }

    /// Whether the line of a device is up, as its agent says.
    pub fn is_up(&mut self, who: &str) -> bool {
        self.agent(who).link().link == LinkView::Up
    }

    /// Waits for a device to be connected; that its line broke a moment ago is noticed first.
    pub fn until_up(&mut self, who: &str) -> Duration {
        self.settles();
        let took = self.until(BACK_WITHIN, |room| room.is_up(who));
        self.settles();
        took
    }

    /// Takes the frames that came to a device since the last call, each with its moment.
    pub fn frames(&mut self, who: &str) -> Vec<(u64, ToAgent)> {
        self.settles();
        std::mem::take(&mut self.device(who).frames)
    }

    /// All devices, for checks that look at everyone.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }
}
