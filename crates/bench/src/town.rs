//! The people of a bench: so many in a ring, each with as many neighbours on both sides as contacts, who all let each other see
//! everything by a decision of their own. Written into a relay's folder before it starts, since signing up takes a password's
//! time for each.

use std::path::Path;

use anyhow::{Result, anyhow};
use lamplight::store::{NewPrincipal, Store, accounts, open_beside};
use lamplight_core::address::{Principal, Token, TupleId};
use lamplight_core::presence::{Note, PresenceTuple, Status, TupleKind};
use lamplight_core::rules::{AccessRule, AccessRules, Decision, Login, Who};
use lamplight_core::store::Change;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Contact, OwnPresentity, ToService, to_cbor};
use sha2::{Digest, Sha256};

use crate::clock;

/// Changes in one transaction while the folder is filled.
const AT_ONCE: usize = 20_000;

/// How many there are, and how many contacts each has. Without contacts it is no ring but a star: all watch the first, and the first
/// watches nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Town {
    pub people: usize,
    pub contacts: usize,
}

impl Town {
    pub fn principal(index: usize) -> Principal {
        let name = format!("person{index}@localhost");
        Principal::parse(&name).expect("a name of letters and digits")
    }

    /// The secret by which a person comes in.
    pub fn secret(index: usize) -> String {
        format!("secret-of-person-{index}")
    }

    /// Who watches a person; in a ring as many on either side.
    pub fn neighbours(self, index: usize) -> impl Iterator<Item = usize> {
        let (people, half) = (self.people, self.contacts / 2);
        let ring =
            (1..=half).flat_map(move |by| [(index + by) % people, (index + people - by) % people]);
        let is_star = self.contacts == 0 && index == 0;
        ring.chain(1..if is_star { people } else { 1 })
    }

    /// Watchers and whom they watch, without themselves.
    pub fn pairs(self) -> usize {
        match self.contacts {
            0 => self.people - 1,
            contacts => self.people * (contacts / 2) * 2,
        }
    }

    /// Writes everyone into a folder that no relay runs on.
    pub fn settle(self, folder: &Path) -> Result<()> {
        let mut store = Store::open(folder)?;
        let mut changes = Vec::with_capacity(AT_ONCE);
        let now = clock::wall();
        let people: Vec<_> = (0..self.people).map(Self::principal).collect();
        {
            let db = open_beside(folder)?;
            db.execute_batch("BEGIN")?;
            for (index, principal) in people.iter().enumerate() {
                accounts::create(&db, &NewPrincipal::plain(principal.clone()))?;
                let hash = Sha256::digest(Self::secret(index));
                accounts::add_login(&db, principal, &hash, now)?;
            }
            db.execute_batch("COMMIT")?;
        }
        for (index, principal) in people.iter().enumerate() {
            changes.push(Change::SetPresentity {
                principal: principal.clone(),
                own: OwnPresentity {
                    rules: rules_of_everyone(),
                    ..OwnPresentity::default()
                },
            });
            for other in self.neighbours(index) {
                changes.push(Change::SetContact {
                    watcher: people[other].clone(),
                    contact: Contact {
                        presentity: principal.presentity(),
                        petname: None,
                        group: None,
                    },
                });
                changes.push(Change::SetAccess {
                    presentity: principal.presentity(),
                    watcher: people[other].clone(),
                    decision: Some(Decision::Allow),
                    at: now,
                });
            }
            if changes.len() >= AT_ONCE {
                apply(&mut store, &mut changes)?;
            }
        }
        apply(&mut store, &mut changes)
    }
}

fn apply(store: &mut Store, changes: &mut Vec<Change>) -> Result<()> {
    for answer in store.apply(std::mem::take(changes)) {
        answer.map_err(|fault| anyhow!("the folder of the bench cannot be filled: {fault:?}"))?;
    }
    Ok(())
}

/// Three rules, so that no bench runs without any: the last one, for whoever reads a page elsewhere, shows the badge.
fn rules_of_everyone() -> AccessRules {
    let rule = |who, decision| AccessRule {
        who,
        decision,
        needs: Login::default(),
        from: None,
        until: None,
    };
    AccessRules {
        rules: vec![
            rule(Who::Guest, Decision::Deny),
            rule(Who::Program, Decision::Availability),
            rule(Who::Visitor, Decision::Availability),
        ],
        ..AccessRules::default()
    }
}

/// What a person's device says of itself: open, and this in words. Each text makes it another value.
pub fn device_says(words: &str) -> Vec<u8> {
    let note = Note::parse(words).expect("a line of a few letters");
    let tuple = PresenceTuple {
        id: device(),
        kind: TupleKind::Device,
        status: Status {
            note: Some(note),
            ..Status::open()
        },
        address: None,
        markup: Vec::new(),
        since: Timestamp(0),
        until: None,
        hours: Vec::new(),
        only_open: false,
    };
    to_cbor(&ToService::Publish { tuple, of: None })
}

/// The name of everyone's one device.
pub fn device() -> TupleId {
    Token::parse("bench").expect("a token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_has_as_many_contacts_who_have_them_too() {
        let town = Town {
            people: 10,
            contacts: 4,
        };
        for one in 0..10 {
            let theirs: Vec<_> = town.neighbours(one).collect();
            assert_eq!(theirs.len(), 4);
            for other in theirs {
                assert_ne!(other, one);
                assert!(town.neighbours(other).any(|back| back == one));
            }
        }
        assert_eq!(town.pairs(), 40);
    }

    #[test]
    fn in_a_star_all_watch_the_first() {
        let town = Town {
            people: 5,
            contacts: 0,
        };
        assert_eq!(town.neighbours(0).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!((town.neighbours(3).count(), town.pairs()), (0, 4));
    }
}
