//! What badges show, held for a while: one answer of the service for everyone who reads the same site within that time. So a page
//! that a thousand people read costs what one costs, locks nobody out, and each of the thousand is counted.
//!
//! The hub takes back what is held when it was decided anew who may see it, before anyone hears of that. Nothing of a visitor is
//! kept: a site's name and a number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplight_core::address::Presentity;
use lamplight_core::person::Word;
use tokio::sync::OnceCell;

/// Presentities whose answers are held; those beyond are asked for each time, at the rates of all who fetch.
const PRESENTITIES_MAX: usize = 10_000;
/// Sites for which one presentity's answers are held apart; what comes from more counts as from no site in particular.
const SITES_MAX: usize = 32;

/// Everything that holds at the moment.
#[derive(Default)]
pub struct Visits(Mutex<HashMap<Presentity, Sites>>);

type Sites = HashMap<Option<String>, Arc<Seen>>;

/// What visitors of one site are shown of one presentity.
#[derive(Default)]
pub struct Seen {
    /// Not there while it is asked for.
    pub word: OnceCell<Word>,
    /// How many asked for it.
    hits: AtomicU32,
}

/// Where an answer is held.
pub enum Place {
    Held(Arc<Seen>),
    /// From now on.
    New(Arc<Seen>),
    /// Nowhere: there is no room.
    Nowhere,
}

impl Visits {
    fn all(&self) -> MutexGuard<'_, HashMap<Presentity, Sites>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more visitor; of a site beyond the bound as one of no site in particular.
    pub fn enter(&self, presentity: &Presentity, from: &mut Option<String>) -> Place {
        let mut all = self.all();
        if all.len() >= PRESENTITIES_MAX && !all.contains_key(presentity) {
            return Place::Nowhere;
        }
        let sites = all.entry(presentity.clone()).or_default();
        if sites.len() >= SITES_MAX && !sites.contains_key(from) {
            *from = None;
        }
        let known = sites.contains_key(from);
        let seen = sites.entry(from.clone()).or_default();
        seen.hits.fetch_add(1, Ordering::Relaxed);
        match known {
            true => Place::Held(Arc::clone(seen)),
            false => Place::New(Arc::clone(seen)),
        }
    }

    /// The answer holds no more; how many visitors it was given to beside the one who asked.
    pub fn leave(&self, presentity: &Presentity, from: Option<&String>, seen: &Arc<Seen>) -> u32 {
        let mut all = self.all();
        if let Some(sites) = all.get_mut(presentity) {
            sites.retain(|site, held| site.as_ref() != from || !Arc::ptr_eq(held, seen));
            if sites.is_empty() {
                all.remove(presentity);
            }
        }
        match seen.word.initialized() {
            true => seen.hits.load(Ordering::Relaxed).saturating_sub(1),
            false => 0,
        }
    }

    /// Whoever comes next is told anew.
    pub fn forget(&self, presentity: &Presentity) {
        self.all().remove(presentity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Presentity {
        Presentity::parse("alice@localhost").unwrap()
    }

    #[test]
    fn everyone_is_counted_once_and_too_many_sites_are_none_in_particular() {
        let visits = Visits::default();
        let enter = |site: &str| {
            let mut from = Some(site.to_owned());
            (visits.enter(&alice(), &mut from), from)
        };
        let (Place::New(first), _) = enter("0.example") else {
            panic!("nobody came before")
        };
        assert!(first.word.set(Word::Away).is_ok());
        for _ in 0..1_000 {
            assert!(matches!(enter("0.example"), (Place::Held(_), Some(_))));
        }
        for site in 1..SITES_MAX {
            assert!(matches!(
                enter(&format!("{site}.example")),
                (Place::New(_), Some(_))
            ));
        }
        assert!(matches!(enter("more.example"), (Place::New(_), None)));
        assert!(matches!(enter("again.example"), (Place::Held(_), None)));
        let site = Some("0.example".to_owned());
        assert_eq!(visits.leave(&alice(), site.as_ref(), &first), 1_000);
        assert!(matches!(enter("0.example"), (Place::Held(_), None)), "full");
        visits.forget(&alice());
        assert!(matches!(enter("0.example"), (Place::New(_), Some(_))));
    }

    #[test]
    fn what_was_never_answered_was_given_to_nobody() {
        let visits = Visits::default();
        let Place::New(seen) = visits.enter(&alice(), &mut None) else {
            panic!("nobody came before")
        };
        assert!(matches!(visits.enter(&alice(), &mut None), Place::Held(_)));
        assert_eq!(visits.leave(&alice(), None, &seen), 0);
        assert!(visits.all().is_empty());
    }
}
