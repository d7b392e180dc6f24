//! Six people who change their minds at random, and what they say to the service.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use lamplight_core::address::{
    InboxAddress, MessageId, Presentity, Principal, SessionId, Tag, Token,
};
use lamplight_core::message::Body;
use lamplight_core::presence::{
    Activity, CommunicationAddress, Note, PresenceTuple, Status, TupleKind, by_hand,
};
use lamplight_core::rules::{
    AccessRule, AccessRules, Decision, Demand, FRESH_FOR, Login, Part, Shares, Visibility,
    VisibilityRules, Who,
};
use lamplight_core::service::{As, Identity, Looker};
use lamplight_core::time::{Timestamp, millis};
use lamplight_core::wire::{
    Class, Codec, Contact, OwnPresentity, Pace, Standing, ToAgent, ToService,
};
use lamplight_tests::random::Chance;
use lamplight_tests::scenes::free_of_rates;

use super::bench::{Bench, Planted};
use super::oracle::{Cage, Oracle, Person, Reader, Said};

const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "eve", "guest-fay"];
const MEANS: [&str; 2] = ["phone", "letter"];
const GROUPS: [&str; 2] = ["family", "work"];

/// How much was watched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub steps: usize,
    pub frames: usize,
    /// Canaries that were seen where they may be, by others than their owners.
    pub canaries: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.frames += other.frames;
        self.canaries += other.canaries;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            steps,
            frames,
            canaries,
        } = self;
        write!(
            f,
            "{steps} steps, {frames} frames read, {canaries} canaries seen by others who may"
        )
    }
}

pub struct Play {
    bench: Bench,
    oracle: Oracle,
    chance: Chance,
    tally: Tally,
    number: u32,
    message: u128,
    /// The login of each line.
    logins: BTreeMap<SessionId, u64>,
}

impl Play {
    pub fn new(seed: u64, planted: Planted) -> Self {
        let mut play = Self {
            bench: Bench::new(seed, planted, free_of_rates()),
            oracle: Oracle::default(),
            chance: Chance::new(seed),
            tally: Tally::default(),
            number: 0,
            message: 0,
            logins: BTreeMap::new(),
        };
        for name in NAMES {
            let principal = person(name);
            let class = class_of(name);
            play.oracle.people.insert(
                principal.clone(),
                Person {
                    class,
                    contacts: BTreeMap::new(),
                    visibility: VisibilityRules::default(),
                    acknowledged: VisibilityRules::default(),
                    fresh_until: BTreeMap::new(),
                },
            );
            play.oracle
                .presentities
                .insert(principal.presentity(), Said::default());
            play.bench.signs_up(&principal, class);
        }
        play.bench.passes(60_000);
        play
    }

    pub fn step(&mut self) -> Result<(), String> {
        self.tally.steps += 1;
        if self.bench.lines.len() < NAMES.len() || self.chance.happens(1, 25) {
            self.comes();
        } else {
            let lines: Vec<_> = self.bench.lines.keys().copied().collect();
            let line = *self.chance.pick(&lines);
            self.acts(line);
        }
        self.oracle.notes_what_stands(self.bench.wall());
        // The disk is sometimes slow.
        let most = *self.chance.pick(&[0, 1, 3, 100]);
        self.bench.store_works(most);
        let wait = *self.chance.pick(&[0, 0, 1, 300, 1_100]);
        self.bench.passes(wait);
        self.oracle.notes_what_stands(self.bench.wall());
        self.watches()
    }

    pub fn ends(mut self) -> Result<Tally, String> {
        self.bench.store_works(usize::MAX);
        self.bench.passes(30_000);
        self.bench.store_works(usize::MAX);
        self.watches()?;
        Ok(self.tally)
    }

    // What the watchman does.

    fn watches(&mut self) -> Result<(), String> {
        for written in self.bench.takes_written() {
            self.tally.frames += 1;
            let at = written.at;
            let Some(who) = self.bench.lines.get(&written.to).cloned() else {
                if self.bench.visitors.contains(&written.to) {
                    self.watches_visitor(at, &String::from_utf8_lossy(&written.bytes))?;
                }
                continue;
            };
            let login = self.logins.get(&written.to).copied().unwrap_or_default();
            let reader = Reader {
                who: Some(&who),
                login,
            };
            let frame = || match Codec::Cbor.decode::<ToAgent>(&written.bytes) {
                Ok(frame) => String::from_utf8_lossy(&Codec::Json.encode(&frame)).into_owned(),
                Err(error) => error.to_string(),
            };
            for name in Oracle::found_in(&written.bytes) {
                if !self.oracle.may_see(reader, &name, at) {
                    let canary = &self.oracle.canaries[&name];
                    let owner = &canary.owner;
                    let said: Vec<_> = self
                        .oracle
                        .presentities
                        .iter()
                        .filter(|(one, _)| one.principal() == *owner)
                        .collect();
                    return Err(format!(
                        "{who} got {name} {canary:?} in {}; said: {said:?}",
                        frame()
                    ));
                }
                if self.oracle.canaries[&name].owner != who {
                    self.tally.canaries += 1;
                }
            }
            self.names(&written.bytes)?;
        }
        for (at, text) in std::mem::take(&mut self.bench.looked) {
            self.watches_visitor(at, &text)?;
        }
        self.oracle.acknowledge();
        Ok(())
    }

    /// What somebody gets who did not say who they are.
    fn watches_visitor(&mut self, at: Timestamp, text: &str) -> Result<(), String> {
        let reader = Reader {
            who: None,
            login: 0,
        };
        for name in Oracle::found_in(text.as_bytes()) {
            if !self.oracle.may_see(reader, &name, at) {
                let canary = &self.oracle.canaries[&name];
                return Err(format!("nobody got {name} {canary:?} in {text}"));
            }
            self.tally.canaries += 1;
        }
        Ok(())
    }

    /// Who hides is not named to those they watch.
    fn names(&self, bytes: &[u8]) -> Result<(), String> {
        let Ok(ToAgent::Watchers {
            presentity,
            watchers,
            ..
        }) = Codec::Cbor.decode(bytes)
        else {
            return Ok(());
        };
        for row in &watchers.named {
            if let Some(address) = row.watcher.address()
                && !self.oracle.may_be_named(address, &presentity)
            {
                return Err(format!("{presentity} is told that {address} watches"));
            }
        }
        Ok(())
    }

    // What people do.

    fn comes(&mut self) {
        let name = *self.chance.pick(&NAMES);
        let principal = person(name);
        let login = self.chance.below(1_000_000) + 1;
        let mut identity = Identity::new(principal.clone(), class_of(name), login);
        if self.chance.happens(1, 3) && class_of(name) == Class::Account {
            identity.confirmed = self.bench.wall();
            self.freshens(&principal, login);
        }
        let line = self.bench.connects(identity);
        self.logins.insert(line, login);
        self.bench.store_works(usize::MAX);
    }

    fn freshens(&mut self, principal: &Principal, login: u64) {
        let until = Timestamp(self.bench.wall().0 + millis(FRESH_FOR));
        if let Some(person) = self.oracle.people.get_mut(principal) {
            person.fresh_until.insert(login, until);
        }
    }

    /// A visitor comes, goes, pauses, or looks at one more or one less.
    fn visits(&mut self) {
        let visitors = self.bench.visitors.clone();
        if visitors.len() < 2 {
            self.bench.lets_visit();
            return;
        }
        let line = *self.chance.pick(&visitors);
        let whom = person(self.chance.pick::<&str>(&NAMES));
        let presentity = self.presentity_of(&whom);
        let number = self.number();
        match self.chance.below(6) {
            0 => self.bench.breaks(line),
            1 => self.paces(line),
            2 => {
                let presentities = vec![presentity];
                let frame = ToService::Unsubscribe {
                    number,
                    presentities,
                };
                self.bench.says(line, &frame);
            }
            _ => {
                let contact = Contact {
                    presentity,
                    petname: None,
                    group: None,
                };
                let frame = ToService::Subscribe {
                    number,
                    standing: Standing::Session,
                    contacts: vec![contact],
                };
                self.bench.says(line, &frame);
            }
        }
    }

    fn acts(&mut self, line: SessionId) {
        let me = self.bench.lines[&line].clone();
        match self.chance.below(21) {
            19..=20 => self.visits(),
            0 => self.bench.breaks(line),
            1..=2 => self.decides(line, &me),
            3..=4 => self.rules(line, &me),
            5..=6 => self.sets_status(line, &me),
            7 => self.publishes_device(line, &me),
            8 => self.publishes_means(line, &me),
            9..=10 => self.subscribes(line, &me),
            11 => self.unsubscribes(line, &me),
            12 => self.fetches(line, &me),
            13 => self.writes(line, &me),
            14 => self.stands(line, &me),
            15 => self.looks(),
            16 => self.paces(line),
            17 => self.reads_watchers(line, &me),
            _ => {
                let login = self.logins[&line];
                if class_of(me.address().name()) == Class::Account {
                    self.freshens(&me, login);
                }
                self.bench.confirms(&me, login);
            }
        }
    }

    fn number(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    fn other(&mut self, me: &Principal) -> Principal {
        loop {
            let other = person(self.chance.pick::<&str>(&NAMES));
            if other != *me {
                return other;
            }
        }
    }

    /// One of someone's presentities, if it is there.
    fn presentity_of(&mut self, of: &Principal) -> Presentity {
        let further = of.presentity_of(Some(&work()));
        let there = self.oracle.presentities.contains_key(&further);
        match there && self.chance.happens(1, 3) {
            true => further,
            false => of.presentity(),
        }
    }

    fn part(&mut self) -> Part {
        let chance = &mut self.chance;
        Part {
            activity: chance.happens(1, 2),
            note: chance.happens(1, 2),
            devices: chance.happens(1, 2),
            last_seen: chance.happens(1, 2),
            means: match chance.below(3) {
                0 => Shares::All,
                1 => Shares::These(Vec::new()),
                _ => Shares::These(vec![token(MEANS[0])]),
            },
        }
    }

    fn decision(&mut self) -> Decision {
        match self.chance.below(8) {
            0..=2 => Decision::Allow,
            3 => Decision::Availability,
            4 => Decision::Deny,
            5 => Decision::Block,
            6 => Decision::Ask,
            _ => Decision::Chosen(self.part()),
        }
    }

    fn decides(&mut self, line: SessionId, me: &Principal) {
        let own = self.presentity_of(me);
        let watcher = self.other(me);
        let decision = match self.chance.happens(1, 8) {
            true => None,
            false => Some(self.decision()),
        };
        let said = self.oracle.presentities.entry(own.clone()).or_default();
        match &decision {
            Some(decision) => drop(said.decisions.insert(watcher.clone(), decision.clone())),
            None => drop(said.decisions.remove(&watcher)),
        }
        let number = self.number();
        let frame = ToService::SetAccess {
            number,
            watcher,
            decision,
            of: own.tag(),
        };
        self.bench.says(line, &frame);
    }

    fn rules(&mut self, line: SessionId, me: &Principal) {
        let further = me.presentity_of(Some(&work()));
        let is_guest = class_of(me.address().name()) == Class::Guest;
        let own = match self.chance.below(4) {
            0 if !is_guest => further,
            _ => self.presentity_of(me),
        };
        if own.tag().is_some() && self.chance.happens(1, 6) {
            self.oracle.presentities.remove(&own);
            let number = self.number();
            let frame = ToService::DropPresentity {
                number,
                tag: work(),
            };
            return self.bench.says(line, &frame);
        }
        let count = self.chance.below(4);
        let rules = (0..count).map(|_| self.rule(me)).collect();
        let rules = AccessRules {
            rules,
            demand: *self
                .chance
                .pick(&[Demand::Anyone, Demand::Anyone, Demand::Named]),
            publishing_needs: Login::Nobody,
        };
        let said = self.oracle.presentities.entry(own.clone()).or_default();
        said.rules = rules.clone();
        let number = self.number();
        let own = OwnPresentity {
            tag: own.tag(),
            label: None,
            rules,
        };
        self.bench
            .says(line, &ToService::SetPresentity { number, own });
    }

    fn rule(&mut self, me: &Principal) -> AccessRule {
        let who = match self.chance.below(9) {
            0 => Who::Address(self.other(me).0),
            1 => Who::Domain("localhost".into()),
            2..=3 => Who::Group(note(self.chance.pick::<&str>(&GROUPS))),
            4 => Who::Known,
            5 => Who::Account,
            6 => Who::Guest,
            7 => Who::Visitor,
            _ => Who::Anyone,
        };
        let wall = self.bench.wall().0;
        AccessRule {
            who,
            decision: self.decision(),
            needs: *self
                .chance
                .pick(&[Login::Nobody, Login::Nobody, Login::Account, Login::Fresh]),
            from: (self.chance.happens(1, 4)).then(|| Timestamp(wall + self.chance.below(20_000))),
            until: (self.chance.happens(1, 4)).then(|| Timestamp(wall + self.chance.below(40_000))),
        }
    }

    fn sets_status(&mut self, line: SessionId, me: &Principal) {
        let own = self.presentity_of(me);
        let note_text = self.oracle.hatch(me, own.tag().as_ref(), Cage::HandNote);
        let activity = match self.chance.below(4) {
            0 => Some(Activity::Busy),
            1 => Some(Activity::Away),
            2 => Some(Activity::Invisible),
            _ => None,
        };
        if let Some(said) = self.oracle.presentities.get_mut(&own) {
            said.invisible = activity == Some(Activity::Invisible);
        }
        let mut tuple = tuple(by_hand(), TupleKind::Person, Some(&note_text));
        tuple.status.activities.extend(activity);
        tuple.since = self.bench.wall();
        self.bench.says(
            line,
            &ToService::Publish {
                tuple,
                of: own.tag(),
            },
        );
    }

    fn publishes_device(&mut self, line: SessionId, me: &Principal) {
        let id = self.oracle.hatch(me, None, Cage::DeviceId);
        let text = self.oracle.hatch(me, None, Cage::DeviceNote);
        // One device a line: the one before goes.
        let tuple = tuple(token(&id), TupleKind::Device, Some(&text));
        self.bench
            .says(line, &ToService::Publish { tuple, of: None });
    }

    fn publishes_means(&mut self, line: SessionId, me: &Principal) {
        let own = self.presentity_of(me);
        let id = *self.chance.pick(&MEANS);
        let contact = self.oracle.hatch(me, own.tag().as_ref(), Cage::Means(id));
        let mut tuple = tuple(token(id), TupleKind::Service, None);
        tuple.address = Some(CommunicationAddress {
            means: token("tel"),
            contact,
        });
        self.bench.says(
            line,
            &ToService::Publish {
                tuple,
                of: own.tag(),
            },
        );
    }

    fn subscribes(&mut self, line: SessionId, me: &Principal) {
        let other = self.other(me);
        let presentity = self.presentity_of(&other);
        let standing = *self.chance.pick(&[Standing::Contact, Standing::Session]);
        let petname = self.oracle.hatch(me, None, Cage::Petname);
        let group = self
            .chance
            .happens(2, 3)
            .then(|| note(self.chance.pick::<&str>(&GROUPS)));
        if standing == Standing::Contact {
            // Said when it is handled: only what is here by then counts, so the disk is not slow here.
            self.bench.store_works(usize::MAX);
        }
        let number = self.number();
        let contact = Contact {
            presentity: presentity.clone(),
            petname: Some(note(&petname)),
            group: group.clone(),
        };
        self.bench.says(
            line,
            &ToService::Subscribe {
                number,
                standing,
                contacts: vec![contact],
            },
        );
        self.bench.store_works(usize::MAX);
        if standing == Standing::Contact
            && let Some(person) = self.oracle.people.get_mut(me)
        {
            person.contacts.insert(presentity, group);
        }
    }

    fn unsubscribes(&mut self, line: SessionId, me: &Principal) {
        let other = self.other(me);
        let number = self.number();
        let presentities = vec![other.presentity()];
        self.bench.says(
            line,
            &ToService::Unsubscribe {
                number,
                presentities,
            },
        );
        if let Some(person) = self.oracle.people.get_mut(me) {
            person.contacts.remove(&other.presentity());
        }
    }

    fn fetches(&mut self, line: SessionId, me: &Principal) {
        let number = self.number();
        let others = [self.other(me), self.other(me)];
        let presentities = others.map(|other| self.presentity_of(&other)).to_vec();
        self.bench.says(
            line,
            &ToService::Fetch {
                number,
                presentities,
            },
        );
        self.bench.store_works(usize::MAX);
    }

    fn writes(&mut self, line: SessionId, me: &Principal) {
        let other = self.other(me);
        let text = self.oracle.hatch(me, None, Cage::Body(other.clone()));
        self.message += 1;
        let to = InboxAddress(self.presentity_of(&other).0);
        let frame = ToService::Send {
            id: MessageId(self.message),
            to,
            body: Body::parse(&text).expect("a short body"),
            from: None,
        };
        self.bench.says(line, &frame);
    }

    fn stands(&mut self, line: SessionId, me: &Principal) {
        let other = self.other(me);
        let presentity = match self.chance.happens(1, 3) {
            true => None,
            false => Some(self.presentity_of(&other)),
        };
        let visibility = match self.chance.below(4) {
            0 => None,
            1 => Some(Visibility::Counted),
            2 => Some(Visibility::Hidden),
            _ => Some(Visibility::Named),
        };
        if let Some(person) = self.oracle.people.get_mut(me) {
            person.visibility.set(presentity.as_ref(), visibility);
        }
        let number = self.number();
        let frame = ToService::SetVisibility {
            number,
            presentity,
            visibility,
        };
        self.bench.says(line, &frame);
        // WATCHER INFORMATION follows what is durable.
        self.bench.store_works(usize::MAX);
    }

    fn looks(&mut self) {
        let of = person(self.chance.pick::<&str>(&NAMES));
        let presentity = self.presentity_of(&of);
        let looker = Looker {
            identity: None,
            site: None,
            source: 7,
            looks_as: self.chance.pick(&[As::Themselves, As::Visitor]).clone(),
        };
        self.bench.looks(looker, vec![presentity]);
        self.bench.store_works(usize::MAX);
    }

    fn paces(&mut self, line: SessionId) {
        let pace = *self.chance.pick(&[Pace::Live, Pace::Paused]);
        self.bench.says(line, &ToService::Pace { pace });
    }

    fn reads_watchers(&mut self, line: SessionId, me: &Principal) {
        let number = self.number();
        let presentity = self.presentity_of(me);
        let frame = match self.chance.happens(1, 2) {
            true => ToService::FetchWatchers { number, presentity },
            false => ToService::SubscribeWatchers { number, presentity },
        };
        self.bench.says(line, &frame);
    }
}

fn person(name: &str) -> Principal {
    Principal::parse(&format!("{name}@localhost")).expect("a proper name")
}

fn class_of(name: &str) -> Class {
    match name.starts_with("guest-") {
        true => Class::Guest,
        false => Class::Account,
    }
}

fn work() -> Tag {
    Tag::parse("work").expect("a tag")
}

fn token(text: &str) -> Token {
    Token::parse(text).expect("a token")
}

fn note(text: &str) -> Note {
    Note::parse(text).expect("a note")
}

fn tuple(id: Token, kind: TupleKind, text: Option<&str>) -> PresenceTuple {
    PresenceTuple {
        id,
        kind,
        status: Status {
            note: text.map(note),
            ..Status::open()
        },
        address: None,
        markup: Vec::new(),
        since: Timestamp(0),
        until: None,
        hours: Vec::new(),
        only_open: false,
    }
}
