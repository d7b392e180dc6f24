//! The visitors of sites: guests of the relay, of whom it is kept which site they came by and whom the site says they are.

use std::time::Duration;

use lamplight_core::address::{Presentity, Principal};
use lamplight_core::called::{Called, Says};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::presence::Note;
use lamplight_core::service::Visit;
use lamplight_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{Site, Terms};
use crate::store::accounts::{self, Created, NewPrincipal};
use crate::store::rows::{address, damaged, moment, note};

/// Most visitors that one site vouches for.
const VOUCHED_MAX: u32 = 100_000;
/// Logins of one visitor; each browser that keeps nothing brings another with each page.
const LOGINS_MAX: u32 = 10;
/// The span in which guests are counted.
const HOUR_MS: u64 = 3_600_000;
/// When to ask again where nobody can say when there will be room.
const A_WHILE: Duration = Duration::from_mins(10);

/// How somebody comes to a site's chat.
#[derive(Clone, Debug)]
pub enum Comes {
    /// The site says who they are: the hash of its own name for them, and of the token that may be used once until a moment.
    Vouched {
        sub: Vec<u8>,
        jti: Vec<u8>,
        until: Timestamp,
        /// The login that this browser has kept for the site, whosever it is.
        kept: Option<u64>,
    },
    /// Nobody says who they are. So long does such a guest last, in milliseconds.
    Guest { life: u64 },
}

/// Somebody who comes in.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub comes: Comes,
    /// Who they become if they are new here; when they are forgotten is settled by what they are.
    pub fresh: NewPrincipal,
    pub called: Option<Note>,
    /// The hash of the login's secret.
    pub login: Vec<u8>,
    pub at: Timestamp,
}

/// Somebody who came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub principal: Principal,
    pub is_new: bool,
    pub expires: Timestamp,
    /// They go on with the login that their browser has kept: there is no new one.
    pub goes_on: bool,
    /// Logins that came to an end: their oldest ones, which made room, or that of whoever was here before them.
    pub ended: Vec<(Principal, u64)>,
}

/// Lets a visitor in by a site, with a login. Whoever is refused has used no token.
pub fn receive(
    db: &Connection,
    site: &Site,
    arrival: &Arrival,
) -> Result<std::result::Result<Received, Refusal>> {
    // It may have been removed since the token was read.
    let Some(terms) = terms(db, site.id)? else {
        return Ok(Err(match arrival.comes {
            Comes::Vouched { .. } => Code::TokenInvalid.refusal(),
            Comes::Guest { .. } => Code::UnknownSite.refusal(),
        }));
    };
    let (known, life) = match &arrival.comes {
        Comes::Vouched { sub, jti, .. } => {
            if is_used(db, site.id, jti)? {
                return Ok(Err(Code::TokenUsed.refusal()));
            }
            let known = vouched(db, site.id, sub)?;
            if known.is_none() && count_vouched(db, site.id)? >= VOUCHED_MAX {
                return Ok(Err(Code::TooManyRequests.refusal_after(A_WHILE)));
            }
            (known, terms.life)
        }
        Comes::Guest { life } => {
            if let Some(wait) = guests_wait(db, site.id, terms, arrival.at)? {
                return Ok(Err(Code::TooManyRequests.refusal_after(wait)));
            }
            (None, *life)
        }
    };
    let expires = Timestamp(arrival.at.0.saturating_add(life));
    let is_new = known.is_none();
    let principal = match known {
        Some(known) => known,
        None => match make(db, site.id, arrival, expires)? {
            Created::Made => arrival.fresh.principal.clone(),
            // The name was random; another one is not taken.
            _ => return Ok(Err(Code::TryLater.refusal())),
        },
    };
    if let Comes::Vouched { jti, until, .. } = &arrival.comes {
        db.prepare_cached("INSERT INTO site_tokens (site, jti, until) VALUES (?1, ?2, ?3)")?
            .execute(params![site.id, jti, moment(*until)])?;
        db.prepare_cached("UPDATE principals SET expires = ?2 WHERE address = ?1")?
            .execute(params![principal.as_str(), moment(expires)])?;
        db.prepare_cached(
            "UPDATE site_visitors SET called = ?2 WHERE principal = (SELECT id FROM principals WHERE address = ?1)",
        )?
        .execute(params![principal.as_str(), said(arrival)])?;
    }
    let kept = match &arrival.comes {
        Comes::Vouched {
            kept: Some(kept), ..
        } => accounts::login_numbered(db, *kept)?,
        _ => None,
    };
    let mut ended = Vec::new();
    let mut goes_on = false;
    match kept {
        Some(kept) if kept.principal == principal => {
            accounts::touch_login(db, kept.id, arrival.at)?;
            goes_on = true;
        }
        // Another customer sits at this browser now.
        Some(kept) if is_vouched_by(db, site.id, &kept.principal)? => {
            accounts::remove_login(db, kept.id)?;
            ended.push((kept.principal, kept.id));
        }
        _ => {}
    }
    if !goes_on {
        accounts::add_login(db, &principal, &arrival.login, arrival.at)?;
        let oldest = end_oldest_logins(db, &principal)?;
        ended.extend(oldest.into_iter().map(|id| (principal.clone(), id)));
    }
    Ok(Ok(Received {
        principal,
        is_new,
        expires,
        goes_on,
        ended,
    }))
}

/// How a guest came here.
pub enum Came {
    /// By no site.
    Alone,
    /// By the site of this number.
    By(i64, Visit),
    /// By a site that is no more.
    ByNone,
}

/// How this guest came here, and with whom they have to do: with whom their site shows now.
pub fn came(db: &Connection, guest: &Principal) -> Result<Came> {
    let found: Option<(i64, Option<Note>, bool)> = db
        .prepare_cached(
            "SELECT v.site, v.called, v.sub IS NOT NULL
             FROM site_visitors v JOIN principals p ON p.id = v.principal WHERE p.address = ?1",
        )?
        .query_row([guest.as_str()], |row| {
            Ok((row.get(0)?, note(row, 1)?, row.get(2)?))
        })
        .optional()?;
    let Some((site, name, vouched)) = found else {
        return Ok(Came::Alone);
    };
    let Some(site) = super::numbered(db, site)? else {
        return Ok(Came::ByNone);
    };
    let shows = shown(db, &site)?;
    let called = Called {
        site: Note::parse(&site.name).map_err(|_| damaged(0, "the name of a site"))?,
        name,
        says: match vouched {
            true => Says::Site,
            false => Says::Themselves,
        },
    };
    Ok(Came::By(site.id, Visit { called, shows }))
}

/// Whom this site shows now; none if it is no more.
pub fn shown_by(db: &Connection, site: i64) -> Result<Option<Vec<Presentity>>> {
    let site = super::numbered(db, site)?;
    site.map(|site| shown(db, &site)).transpose()
}

fn shown(db: &Connection, site: &Site) -> Result<Vec<Presentity>> {
    let mut shows = Vec::new();
    for presentity in &site.chats {
        if super::shows(db, site, presentity)? {
            shows.push(presentity.clone());
        }
    }
    Ok(shows)
}

/// What a page of some origin is to a guest.
pub enum Place {
    /// A page of the site by which they came.
    TheirSite,
    /// They came by no site, and whoever runs the relay registered none with this page.
    NobodysPage,
    Elsewhere,
}

/// What a page of this origin is to this guest.
pub fn place(db: &Connection, guest: &Principal, origin: &str) -> Result<Place> {
    let found: Option<bool> = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM site_origins o WHERE o.site = v.site AND o.origin = ?2)
             FROM site_visitors v JOIN principals p ON p.id = v.principal WHERE p.address = ?1",
        )?
        .query_row([guest.as_str(), origin], |row| row.get(0))
        .optional()?;
    Ok(match found {
        Some(true) => Place::TheirSite,
        Some(false) => Place::Elsewhere,
        None if super::is_of_host(db, origin)? => Place::Elsewhere,
        None => Place::NobodysPage,
    })
}

/// A visitor's login was used: those whom a site vouches for last on from then.
pub fn touch(db: &Connection, visitor: &Principal, at: Timestamp) -> Result<()> {
    db.prepare_cached(
        "UPDATE principals SET expires = max(expires, ?2 + (
             SELECT s.life FROM site_visitors v JOIN sites s ON s.id = v.site
             WHERE v.principal = principals.id AND v.sub IS NOT NULL))
         WHERE address = ?1 AND id IN (SELECT principal FROM site_visitors WHERE sub IS NOT NULL)",
    )?
    .execute(params![visitor.as_str(), moment(at)])?;
    Ok(())
}

/// Whether a site was removed whose visitors are not ended yet.
pub fn is_any_left(db: &Connection) -> Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM sites WHERE name IS NULL)")?
        .query_row([], |row| row.get(0))
}

/// Forgets visitors of removed sites with all that was kept for them, at most `limit` at once, and the sites that have none left.
pub fn end(db: &Connection, limit: u32) -> Result<Vec<Principal>> {
    let gone: Vec<(i64, Principal)> = db
        .prepare_cached(
            "SELECT p.id, p.address FROM sites s JOIN site_visitors v ON v.site = s.id JOIN principals p ON p.id = v.principal
             WHERE s.name IS NULL LIMIT ?1",
        )?
        .query_map([limit], |row| {
            Ok((row.get(0)?, Principal(address(row, 1)?)))
        })?
        .collect::<Result<_>>()?;
    for (id, _) in &gone {
        db.prepare_cached("DELETE FROM principals WHERE id = ?1")?
            .execute([id])?;
    }
    db.prepare_cached(
        "DELETE FROM sites WHERE name IS NULL AND id NOT IN (SELECT site FROM site_visitors)",
    )?
    .execute([])?;
    Ok(gone.into_iter().map(|(_, principal)| principal).collect())
}

fn terms(db: &Connection, site: i64) -> Result<Option<Terms>> {
    Ok(super::numbered(db, site)?.map(|site| site.terms))
}

fn is_used(db: &Connection, site: i64, jti: &[u8]) -> Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM site_tokens WHERE site = ?1 AND jti = ?2)")?
        .query_row(params![site, jti], |row| row.get(0))
}

/// Whom a site means by its own name, if they were here before and are not forgotten.
fn vouched(db: &Connection, site: i64, sub: &[u8]) -> Result<Option<Principal>> {
    db.prepare_cached(
        "SELECT p.address FROM site_visitors v JOIN principals p ON p.id = v.principal
         WHERE v.site = ?1 AND v.sub = ?2",
    )?
    .query_row(params![site, sub], |row| Ok(Principal(address(row, 0)?)))
    .optional()
}

fn is_vouched_by(db: &Connection, site: i64, visitor: &Principal) -> Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM site_visitors v JOIN principals p ON p.id = v.principal
         WHERE v.site = ?1 AND v.sub IS NOT NULL AND p.address = ?2)",
    )?
    .query_row(params![site, visitor.as_str()], |row| row.get(0))
}

fn count_vouched(db: &Connection, site: i64) -> Result<u32> {
    db.prepare_cached("SELECT count(*) FROM site_visitors WHERE site = ?1 AND sub IS NOT NULL")?
        .query_row([site], |row| row.get(0))
}

fn count_guests(db: &Connection, site: i64) -> Result<u32> {
    db.prepare_cached("SELECT count(*) FROM site_visitors WHERE site = ?1 AND sub IS NULL")?
        .query_row([site], |row| row.get(0))
}

/// How long it takes until a site has room for one more guest, if it has none.
fn guests_wait(
    db: &Connection,
    site: i64,
    terms: Terms,
    now: Timestamp,
) -> Result<Option<Duration>> {
    let until = |at: Option<i64>| {
        let at = at.map_or(0, |at| at as u64);
        Duration::from_millis(at.saturating_sub(now.0).max(1_000))
    };
    if count_guests(db, site)? >= terms.guests_most {
        // Whoever came first goes first.
        let first: Option<Option<i64>> = db
            .prepare_cached(
                "SELECT p.expires FROM site_visitors v JOIN principals p ON p.id = v.principal
                 WHERE v.site = ?1 AND v.sub IS NULL ORDER BY v.made LIMIT 1",
            )?
            .query_row([site], |row| row.get(0))
            .optional()?;
        return Ok(Some(until(first.flatten())));
    }
    let since = Timestamp(now.0.saturating_sub(HOUR_MS));
    let (came, first): (u32, Option<i64>) = db
        .prepare_cached(
            "SELECT count(*), min(made) FROM site_visitors WHERE site = ?1 AND sub IS NULL AND made > ?2",
        )?
        .query_row(params![site, moment(since)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let full = came >= terms.guests_per_hour;
    Ok(full.then(|| until(first.map(|at| at.saturating_add(HOUR_MS as i64)))))
}

fn make(db: &Connection, site: i64, arrival: &Arrival, expires: Timestamp) -> Result<Created> {
    let sub = match &arrival.comes {
        Comes::Vouched { sub, .. } => Some(sub),
        Comes::Guest { .. } => None,
    };
    let fresh = NewPrincipal {
        expires: Some(expires),
        ..arrival.fresh.clone()
    };
    let made = accounts::create(db, &fresh)?;
    if made == Created::Made {
        db.prepare_cached(
            "INSERT INTO site_visitors (principal, site, sub, made, called)
             SELECT id, ?2, ?3, ?4, ?5 FROM principals WHERE address = ?1",
        )?
        .execute(params![
            fresh.principal.as_str(),
            site,
            sub,
            moment(arrival.at),
            said(arrival)
        ])?;
    }
    Ok(made)
}

fn said(arrival: &Arrival) -> Option<&str> {
    arrival.called.as_ref().map(Note::as_str)
}

fn end_oldest_logins(db: &Connection, of: &Principal) -> Result<Vec<u64>> {
    let old: Vec<u64> = db
        .prepare_cached(
            "SELECT l.id FROM logins l JOIN principals p ON p.id = l.principal
             WHERE p.address = ?1 ORDER BY l.id DESC LIMIT -1 OFFSET ?2",
        )?
        .query_map(params![of.as_str(), LOGINS_MAX], |row| {
            Ok(row.get::<_, i64>(0)? as u64)
        })?
        .collect::<Result<_>>()?;
    for id in &old {
        accounts::remove_login(db, *id)?;
    }
    Ok(old)
}
