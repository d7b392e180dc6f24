//! Who may see what, told by a naive list of what people said: nothing of the service's rules is used to judge it.

use std::collections::{BTreeMap, BTreeSet};

use lamplight_core::address::{Address, Presentity, Principal, Tag};
use lamplight_core::presence::Note;
use lamplight_core::rules::{
    AccessRules, Decision, Demand, Login, Part, Shares, Visibility, VisibilityRules, Who,
};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::Class;

/// What a canary stands in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cage {
    /// The note of a status set by hand.
    HandNote,
    /// The note of a device.
    DeviceNote,
    /// The name of a device.
    DeviceId,
    /// The contact address of a means of this name.
    Means(&'static str),
    /// A body sent to this principal.
    Body(Principal),
    /// What someone calls a contact, and the heading they keep them under.
    Petname,
}

/// One protected value.
#[derive(Clone, Debug)]
pub struct Canary {
    pub owner: Principal,
    /// Which of the owner's presentities; of a device: none in particular.
    pub of: Option<Tag>,
    pub cage: Cage,
}

/// What one presentity has said of who may see it.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub decisions: BTreeMap<Principal, Decision>,
    pub rules: AccessRules,
    pub invisible: bool,
}

/// A person as others know them.
#[derive(Clone, Debug)]
pub struct Person {
    pub class: Class,
    /// Contacts, each with its heading.
    pub contacts: BTreeMap<Presentity, Option<Note>>,
    pub visibility: VisibilityRules,
    /// The same as it was acknowledged: WATCHER INFORMATION is read from what is durable.
    pub acknowledged: VisibilityRules,
    /// Until when each login counts as fresh.
    pub fresh_until: BTreeMap<u64, Timestamp>,
}

/// Everything that was said and handled up to now.
#[derive(Default)]
pub struct Oracle {
    pub people: BTreeMap<Principal, Person>,
    pub presentities: BTreeMap<Presentity, Said>,
    pub canaries: BTreeMap<String, Canary>,
    /// What stands in each means now.
    means: BTreeMap<(Presentity, &'static str), String>,
    /// What of it each person (or who did not sign in) might see of each presentity when it last did not block them: that they may go
    /// on seeing while it does.
    stood: BTreeMap<(Presentity, Option<Principal>), BTreeSet<String>>,
    next: u64,
}

/// Who reads a frame.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// None: nobody signed in.
    pub who: Option<&'a Principal>,
    pub login: u64,
}

impl Oracle {
    /// A new canary with its cage.
    pub fn hatch(&mut self, owner: &Principal, of: Option<&Tag>, cage: Cage) -> String {
        self.next += 1;
        let name = format!("kn{:07}z", self.next);
        if let Cage::Means(id) = &cage {
            let place = (owner.presentity_of(of), *id);
            self.means.insert(place, name.clone());
        }
        let canary = Canary {
            owner: owner.clone(),
            of: of.cloned(),
            cage,
        };
        self.canaries.insert(name.clone(), canary);
        name
    }

    /// Every canary in these bytes.
    pub fn found_in(bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.windows(2).position(|two| two == b"kn") {
            rest = &rest[at..];
            if let Some(name) = rest.get(..10)
                && name[9] == b'z'
                && name[2..9].iter().all(u8::is_ascii_digit)
            {
                found.push(String::from_utf8_lossy(name).into_owned());
            }
            rest = &rest[2..];
        }
        found
    }

    /// Whether this reader may see this canary now.
    pub fn may_see(&self, reader: Reader<'_>, name: &str, at: Timestamp) -> bool {
        let Some(canary) = self.canaries.get(name) else {
            return false;
        };
        if reader.who == Some(&canary.owner) {
            return true;
        }
        match &canary.cage {
            Cage::Petname => false,
            Cage::Body(to) => reader.who == Some(to),
            Cage::DeviceNote | Cage::DeviceId => {
                let all = self.presentities.keys();
                let mut own = all.filter(|one| one.principal() == canary.owner);
                own.any(|one| self.shows(reader, one, &canary.cage, at))
            }
            Cage::HandNote | Cage::Means(_) => {
                let presentity = canary.owner.presentity_of(canary.of.as_ref());
                self.shows(reader, &presentity, &canary.cage, at)
                    || self.showed(reader, &presentity, name, at)
            }
        }
    }

    /// Whether this stood there for the reader before they were blocked, as they are now.
    fn showed(&self, reader: Reader<'_>, of: &Presentity, name: &str, at: Timestamp) -> bool {
        let said = self.presentities.get(of);
        let blocked = said.is_some_and(|said| self.blocks(reader, of, said, at));
        let stood = self.stood.get(&(of.clone(), reader.who.cloned()));
        blocked && stood.is_some_and(|stood| stood.contains(name))
    }

    fn blocks(&self, reader: Reader<'_>, of: &Presentity, said: &Said, at: Timestamp) -> bool {
        let decided = self.decided(reader.who, of, said, at);
        decided.is_some_and(|(decision, _)| decision == Decision::Block)
    }

    /// Notes what those who are not blocked might see of means: by what was decided about them, or by any rule that speaks of them,
    /// whenever it holds.
    pub fn notes_what_stands(&mut self, at: Timestamp) {
        let readers: Vec<_> = self
            .people
            .keys()
            .cloned()
            .map(Some)
            .chain([None])
            .collect();
        for (of, said) in &self.presentities {
            for who in &readers {
                let reader = Reader {
                    who: who.as_ref(),
                    login: 0,
                };
                if self.blocks(reader, of, said, at) {
                    continue;
                }
                let person = who.as_ref().and_then(|who| self.people.get(who));
                let decided = who.as_ref().and_then(|who| said.decisions.get(who));
                let rules = said.rules.rules.iter().filter(|rule| {
                    self.speaks_of(&rule.who, who.as_ref(), person, &of.principal())
                });
                let decisions = decided.into_iter().chain(rules.map(|rule| &rule.decision));
                let parts: Vec<_> = decisions.filter_map(part_of).collect();
                let means = self.means.iter().filter(|((there, id), _)| {
                    there == of && parts.iter().any(|part| has_means(part, id))
                });
                let means = means.map(|(_, name)| name.clone()).collect();
                self.stood.insert((of.clone(), who.clone()), means);
            }
        }
    }

    fn shows(&self, reader: Reader<'_>, of: &Presentity, cage: &Cage, at: Timestamp) -> bool {
        let Some(said) = self.presentities.get(of) else {
            return false;
        };
        let Some(part) = self.part(reader, of, said, at) else {
            return false;
        };
        match cage {
            Cage::Means(id) => has_means(&part, id),
            _ if said.invisible => false,
            Cage::HandNote | Cage::DeviceNote => part.note,
            Cage::DeviceId => part.devices && part.activity,
            _ => false,
        }
    }

    /// What of a presentity a reader is shown, if anything.
    fn part(
        &self,
        reader: Reader<'_>,
        of: &Presentity,
        said: &Said,
        at: Timestamp,
    ) -> Option<Part> {
        let person = reader.who.and_then(|who| self.people.get(who));
        let (decision, needs) = self.decided(reader.who, of, said, at)?;
        let part = part_of(&decision)?;
        let login = match person {
            None => Login::Nobody,
            Some(person) if person.class == Class::Guest => Login::Guest,
            Some(person) => {
                let fresh = person.fresh_until.get(&reader.login);
                match fresh.is_some_and(|until| at < *until) {
                    true => Login::Fresh,
                    false => Login::Account,
                }
            }
        };
        let hides = person.is_some_and(|person| person.visibility.with(of) != Visibility::Named);
        let turned_away = said.rules.demand == Demand::Named && hides;
        (login >= needs && !turned_away).then_some(part)
    }

    /// What was decided about someone, and how sure they must be for it.
    fn decided(
        &self,
        who: Option<&Principal>,
        of: &Presentity,
        said: &Said,
        at: Timestamp,
    ) -> Option<(Decision, Login)> {
        let person = who.and_then(|who| self.people.get(who));
        if let Some(decided) = who.and_then(|who| said.decisions.get(who)) {
            return Some((decided.clone(), Login::Nobody));
        }
        let rule = said.rules.rules.iter().find(|rule| {
            let begun = rule.from.is_none_or(|from| from.0 <= at.0);
            let over = rule.until.is_some_and(|until| until.0 <= at.0);
            begun && !over && self.speaks_of(&rule.who, who, person, &of.principal())
        });
        rule.map(|rule| (rule.decision.clone(), rule.needs))
    }

    fn speaks_of(
        &self,
        who: &Who,
        reader: Option<&Principal>,
        person: Option<&Person>,
        owner: &Principal,
    ) -> bool {
        let kept = |address: &Principal| {
            let contacts = &self.people.get(owner)?.contacts;
            // Rules speak of principals: the heading of the presentity from sign-up counts before that of another.
            let first = contacts.get(&address.presentity());
            let any = || {
                let mut all = contacts.iter();
                all.find(|(one, _)| one.principal() == *address)
                    .map(|(_, group)| group)
            };
            first.or_else(any).cloned()
        };
        match who {
            Who::Anyone => true,
            Who::Address(address) => reader.is_some_and(|one| one.address() == address),
            Who::Domain(domain) => reader.is_some_and(|one| one.address().domain() == domain),
            Who::Account => person.is_some_and(|person| person.class == Class::Account),
            Who::Guest => person.is_some_and(|person| person.class == Class::Guest),
            Who::Program | Who::Site(_) => false,
            Who::Visitor => reader.is_none(),
            Who::Known => reader.is_some_and(|one| kept(one).is_some()),
            Who::Group(group) => {
                reader.is_some_and(|one| kept(one).flatten().as_ref() == Some(group))
            }
        }
    }

    /// Whether this watcher's name may stand in what the owner of this presentity reads of its watchers.
    pub fn may_be_named(&self, watcher: &Address, to: &Presentity) -> bool {
        let person = self.people.get(&Principal(watcher.clone()));
        person.is_none_or(|person| {
            let stands = [&person.visibility, &person.acknowledged];
            stands
                .iter()
                .any(|rules| rules.with(to) == Visibility::Named)
        })
    }

    /// What was said of visibility is durable, and its changes have been told.
    pub fn acknowledge(&mut self) {
        for person in self.people.values_mut() {
            person.acknowledged = person.visibility.clone();
        }
    }
}

fn part_of(decision: &Decision) -> Option<Part> {
    match decision {
        Decision::Allow => Some(Part::ALL),
        Decision::Availability => Some(Part::AVAILABILITY),
        Decision::Chosen(part) => Some(part.clone()),
        Decision::Deny | Decision::Block | Decision::Ask => None,
    }
}

fn has_means(part: &Part, id: &str) -> bool {
    match &part.means {
        Shares::All => true,
        Shares::These(ids) => ids.iter().any(|one| one.as_str() == id),
    }
}
