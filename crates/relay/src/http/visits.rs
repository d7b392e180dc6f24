//! What badges show, for a while: one question to the service answers everyone who reads the same site within that time. So a page
//! that a thousand people read costs what one costs, locks nobody out, and each of the thousand is counted.
//!
//! Nothing of a visitor is kept: a site's name and a number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{ORIGIN, REFERER};
use lamplight_core::address::{DOMAIN_MAX, Presentity};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::person::{Word, person};
use lamplight_core::presence::Notification;
use lamplight_core::service::{As, Identity};
use tokio::sync::OnceCell;

use super::Site;
use super::presence::{look, looker};
use crate::hub::FromSocket;

/// How long an answer is given to whoever comes: as often as anyone may fetch one presentity (`polls`).
const HOLDS: Duration = Duration::from_secs(10);
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
struct Seen {
    /// Not there while it is asked for.
    word: OnceCell<Word>,
    /// How many asked for it.
    hits: AtomicU32,
}

/// Where an answer is held.
enum Place {
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
    fn enter(&self, presentity: &Presentity, from: &mut Option<String>) -> Place {
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
    fn leave(&self, presentity: &Presentity, from: Option<&String>, seen: &Arc<Seen>) -> u32 {
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

    /// Whoever comes next is told anew: its principal has just looked at what they changed.
    fn forget(&self, presentity: &Presentity) {
        self.all().remove(presentity);
    }
}

/// The word that visitors get of a presentity, by way of this site.
pub async fn word(
    site: &Arc<Site>,
    presentity: &Presentity,
    mut from: Option<String>,
    ip: IpAddr,
) -> Result<Word, Refusal> {
    let seen = match site.visits.enter(presentity, &mut from) {
        Place::Held(seen) => seen,
        Place::New(seen) => {
            tokio::spawn(end(
                Arc::clone(site),
                presentity.clone(),
                from.clone(),
                Arc::clone(&seen),
            ));
            seen
        }
        Place::Nowhere => return ask(site, None, presentity, from, ip).await,
    };
    let asked = seen
        .word
        .get_or_try_init(|| ask(site, None, presentity, from, ip))
        .await;
    asked.copied()
}

/// The same for its own principal, as it is at this moment. They are no visitor.
pub async fn own_word(
    site: &Site,
    identity: Identity,
    presentity: &Presentity,
    ip: IpAddr,
) -> Result<Word, Refusal> {
    site.visits.forget(presentity);
    ask(site, Some(identity), presentity, None, ip).await
}

async fn ask(
    site: &Site,
    identity: Option<Identity>,
    presentity: &Presentity,
    from: Option<String>,
    ip: IpAddr,
) -> Result<Word, Refusal> {
    let whom = vec![presentity.clone()];
    let looker = looker(identity, from, As::Visitor, ip);
    let found = look(site, looker, ip, whom).await?;
    let found = found.first().ok_or_else(|| Code::TryLater.refusal())?;
    Ok(read(found))
}

/// What a badge says of it. To be refused, not to be decided about and not to be are one and the same.
fn read(found: &Notification) -> Word {
    person(&found.view).word
}

/// Ends an answer when its time is over, and tells the service how many it was given to.
async fn end(site: Arc<Site>, presentity: Presentity, from: Option<String>, seen: Arc<Seen>) {
    tokio::time::sleep(HOLDS).await;
    let more = site.visits.leave(&presentity, from.as_ref(), &seen);
    if more > 0 {
        site.hub
            .tell(FromSocket::Visited(presentity, from, more))
            .await;
    }
}

/// The site whose page asks, as the browser says: its host, without a port.
pub fn from_site(headers: &HeaderMap) -> Option<String> {
    let named = |name| headers.get(name)?.to_str().ok().and_then(host);
    named(ORIGIN).or_else(|| named(REFERER))
}

fn host(address: &str) -> Option<String> {
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    };
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
    let named = !host.is_empty() && host.len() <= DOMAIN_MAX && host.bytes().all(sound);
    named.then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Presentity {
        Presentity::parse("alice@localhost").unwrap()
    }

    #[test]
    fn a_site_is_the_host_of_the_page_that_asks() {
        let from = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            from_site(&headers)
        };
        for (referer, site) in [
            ("https://Shop.Example/a/b?c#d", Some("shop.example")),
            ("http://shop.example:8080", Some("shop.example")),
            ("http://[::1]:80/", Some("[::1]")),
            ("https://me@shop.example/", None),
            ("https:///x", None),
            ("ftp://shop.example/", None),
            ("shop.example", None),
            ("https://<b>/", None),
        ] {
            assert_eq!(from(&[("referer", referer)]).as_deref(), site, "{referer}");
        }
        let both = [
            ("origin", "https://a.example"),
            ("referer", "https://b.example/"),
        ];
        assert_eq!(from(&both).as_deref(), Some("a.example"));
        let opaque = [("origin", "null"), ("referer", "https://b.example/")];
        assert_eq!(from(&opaque).as_deref(), Some("b.example"));
        assert_eq!(from(&[]), None);
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
