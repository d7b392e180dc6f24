//! What is known of somebody now, over HTTP: RFC 2778's FETCHER for whoever keeps no line open, and its POLLER for whoever comes
//! again and again.
//!
//! Without credentials every address that shows nothing gives one and the same answer, whether it shares nothing, refuses or does
//! not exist: nobody learns from here who has an account.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplight_core::address::{Presentity, Principal};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::person::{Person, Reason, Word, person};
use lamplight_core::presence::{Notification, PresenceInformation, View};
use lamplight_core::service::{Identity, Looker};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::to_cbor;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::doors::{answered, refuse_when_draining, secret_of};
use super::{Site, answer, pidf, query};
use crate::identity::rates;
use crate::listener::Visitor;

/// Presentities in one question, as in a frame.
const FETCH_MAX: usize = 100;
/// Somebody who did not sign in may use an answer for so long; who did asks each time whether it still holds.
const ANYBODY: HeaderValue = HeaderValue::from_static("max-age=10");
const SOMEBODY: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Whose questions are counted together.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Asker {
    Principal(Principal),
    /// Everyone of a network who did not sign in.
    Network(IpAddr),
}

/// In which form an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    /// RFC 3863.
    Pidf,
}

impl Form {
    fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Pidf => "application/pidf+xml",
        }
    }

    /// What the end of an address says, else what `Accept` prefers; JSON when both are as welcome.
    fn choose<'a>(asked: &'a str, headers: &HeaderMap) -> (&'a str, Self) {
        if let Some(address) = asked.strip_suffix(".json") {
            return (address, Self::Json);
        }
        if let Some(address) = asked.strip_suffix(".pidf") {
            return (address, Self::Pidf);
        }
        let accepts: Vec<&str> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let accepts = accepts.join(",");
        let welcome = |form: Self| quality(&accepts, form.media());
        match welcome(Self::Pidf) > welcome(Self::Json) {
            true => (asked, Self::Pidf),
            false => (asked, Self::Json),
        }
    }
}

/// How welcome a medium is in thousandths, by the most exact range that speaks of it (RFC 9110 12.5.1).
fn quality(accepts: &str, media: &str) -> u32 {
    let kind = media.split('/').next().unwrap_or_default();
    let mut best = (0, 0);
    for range in accepts.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default();
        let exact = match range.split_once('/') {
            Some(_) if range.eq_ignore_ascii_case(media) => 3,
            Some((of, "*")) if of.eq_ignore_ascii_case(kind) => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0));
        let weight = (weight.clamp(0.0, 1.0) * 1000.0) as u32;
        best = best.max((exact, weight));
    }
    best.1
}

/// One presentity.
///
/// `?as=bob@example.org`: one's own, as this one gets it; the answer carries it as the protocol's own CBOR as well, hexadecimal.
pub async fn one(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    asked: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let Path(asked) = asked.map_err(|_| Code::BadAddress.refusal())?;
        let (address, form) = Form::choose(&asked, &headers);
        let presentity = read_address(address)?;
        let seen_as = match query::values(query.as_deref(), "as")?.first() {
            Some(watcher) => {
                Some(Principal::parse(watcher).map_err(|_| Code::BadAddress.refusal())?)
            }
            None => None,
        };
        let identity = who_asks(&site, &headers).await?;
        let anybody = identity.is_none();
        let looker = looker(identity, visitor.ip);
        let as_another = seen_as.is_some();
        let looker = Looker { seen_as, ..looker };
        let looked = look(&site, looker, visitor.ip, vec![presentity.clone()]).await?;
        let found = looked.into_iter().find(|it| it.presentity == presentity);
        let found = found.ok_or_else(|| Code::TryLater.refusal())?;
        if as_another {
            let mut document = document(&found);
            document["cbor"] = hex(&to_cbor(&found.view)).into();
            return Ok(cached(&headers, Form::Json, document.to_string(), anybody));
        }
        match &found.view {
            View::Shown(_) => {}
            _ if anybody => return Err(Code::NotAllowed.refusal()),
            View::Ended(refusal) => return Err(refusal.clone()),
            View::Pending => {}
        }
        let body = match form {
            Form::Json => document(&found).to_string(),
            Form::Pidf => pidf::document(&found),
        };
        Ok(cached(&headers, form, body, anybody))
    };
    answered(work.await)
}

/// Several presentities at once: `?of=alice@example.org&of=bob@example.org`.
pub async fn several(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(asked): RawQuery,
    headers: HeaderMap,
) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let mut presentities: Vec<Presentity> = Vec::new();
        for text in query::values(asked.as_deref(), "of")? {
            let presentity = read_address(&text)?;
            if !presentities.contains(&presentity) {
                presentities.push(presentity);
            }
            if presentities.len() > FETCH_MAX {
                return Err(Code::TooLarge.refusal());
            }
        }
        if presentities.is_empty() {
            return Err(Code::BadFrame.refusal());
        }
        let identity = who_asks(&site, &headers).await?;
        let anybody = identity.is_none();
        let looker = looker(identity, visitor.ip);
        let looked = look(&site, looker, visitor.ip, presentities).await?;
        let documents: Vec<Value> = looked
            .into_iter()
            .map(|found| match found.view {
                View::Shown(_) => document(&found),
                _ if anybody => document(&Notification {
                    view: View::Ended(Code::NotAllowed.refusal()),
                    ..found
                }),
                _ => document(&found),
            })
            .collect();
        let body = Value::Array(documents).to_string();
        Ok(cached(&headers, Form::Json, body, anybody))
    };
    answered(work.await)
}

fn read_address(text: &str) -> Result<Presentity, Refusal> {
    Presentity::parse(text).map_err(|_| Code::BadAddress.refusal())
}

/// Who asks: a program by its token, a page by its cookie, or nobody in particular. What is brought must be good.
async fn who_asks(site: &Site, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
    let Some(secret) = secret_of(site, headers) else {
        return Ok(None);
    };
    let identity = site.keeper.bearer(secret).await?;
    match identity.scope.watch {
        true => Ok(Some(identity)),
        false => Err(Code::NotAllowed.refusal()),
    }
}

fn looker(identity: Option<Identity>, ip: IpAddr) -> Looker {
    // Another number for the same address after each start: it leads back to nobody.
    static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    Looker {
        identity,
        seen_as: None,
        site: None,
        source: HASHES.hash_one(rates::network(ip)),
    }
}

/// Asks the service, unless there was too much asked already.
async fn look(
    site: &Site,
    looker: Looker,
    ip: IpAddr,
    presentities: Vec<Presentity>,
) -> Result<Vec<Notification>, Refusal> {
    let asker = match &looker.identity {
        Some(identity) => Asker::Principal(identity.principal.clone()),
        None => Asker::Network(rates::network(ip)),
    };
    if !ip.is_loopback() {
        let taken = site
            .looks
            .take_some(&asker, presentities.len() as u32, Instant::now());
        taken.map_err(|wait| Code::TooManyRequests.refusal_after(wait))?;
    }
    site.hub.look(looker, presentities).await
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// An answer that says how long it holds and by what it is known again; without a body, if the asker has it.
fn cached(headers: &HeaderMap, form: Form, body: String, anybody: bool) -> Response {
    let digest = Sha256::digest(body.as_bytes());
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]));
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == "*" || known == tag);
    let mut response = match known {
        true => {
            let mut response = answer::nothing();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        }
        false => answer::typed(StatusCode::OK, form.media(), body),
    };
    let fresh = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fresh.insert(ETAG, tag);
    }
    fresh.insert(CACHE_CONTROL, if anybody { ANYBODY } else { SOMEBODY });
    fresh.insert(
        VARY,
        HeaderValue::from_static("accept, authorization, cookie"),
    );
    response
}

/// One presentity as JSON: the tuples as they stand on the wire, and what a person reads of them.
fn document(found: &Notification) -> Value {
    let read = person(&found.view);
    let mut document = json!({
        "presentity": found.presentity,
        "person": person_json(&read, &found.view),
    });
    match &found.view {
        View::Pending => document["state"] = "pending".into(),
        View::Ended(refusal) => {
            document["state"] = "ended".into();
            document["code"] = refusal.code.slug().into();
        }
        View::Shown(PresenceInformation {
            tuples, freshness, ..
        }) => {
            document["state"] = "shown".into();
            document["tuples"] = json!(tuples);
            document["freshness"] = json!(freshness);
        }
    }
    document
}

fn person_json(read: &Person, view: &View) -> Value {
    let mut json = json!({ "word": word(read.word) });
    if let Some(note) = &read.note {
        json["note"] = note.as_str().into();
    }
    let since = match (read.reason, view) {
        (Reason::Idle(since) | Reason::Absent(since), _) => since,
        (_, View::Shown(information)) if read.word != Word::Unknown => information.since,
        _ => Timestamp(0),
    };
    if since.0 > 0 {
        json["since"] = since.0.into();
    }
    json
}

fn word(word: Word) -> &'static str {
    match word {
        Word::Available => "available",
        Word::Busy => "busy",
        Word::Away => "away",
        Word::Offline => "offline",
        Word::NotAvailable => "not_available",
        Word::Unknown => "unknown",
        Word::NotShared => "not_shared",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::presence::{Basic, Extent, Freshness, PresenceTuple};

    fn alice() -> Presentity {
        Presentity::parse("alice@localhost").unwrap()
    }

    fn shown() -> Notification {
        let inbox = alice().principal().inbox();
        let information = PresenceInformation {
            tuples: vec![PresenceTuple::inbox(&inbox, Basic::Open, Timestamp(0))],
            freshness: Freshness::Fresh,
            since: Timestamp(7),
            extent: Extent::Whole,
        };
        Notification {
            presentity: alice(),
            view: View::Shown(information),
        }
    }

    fn form(asked: &str, accept: &str) -> (String, Form) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        let (address, form) = Form::choose(asked, &headers);
        (address.to_owned(), form)
    }

    #[test]
    fn the_end_of_an_address_decides_before_accept_does() {
        let plain = "alice@localhost";
        for (asked, accept, expected) in [
            ("alice@localhost", "", Form::Json),
            ("alice@localhost", "*/*", Form::Json),
            (
                "alice@localhost",
                "text/html, application/*;q=0.9",
                Form::Json,
            ),
            ("alice@localhost", "application/pidf+xml", Form::Pidf),
            (
                "alice@localhost",
                "application/json;q=0.5, Application/PIDF+xml;q=0.8",
                Form::Pidf,
            ),
            (
                "alice@localhost",
                "application/pidf+xml;q=0, */*",
                Form::Json,
            ),
            ("alice@localhost.json", "application/pidf+xml", Form::Json),
            ("alice@localhost.pidf", "application/json", Form::Pidf),
        ] {
            let found = form(asked, accept);
            assert_eq!(found, (plain.to_owned(), expected), "{asked} {accept}");
        }
    }

    #[test]
    fn a_document_says_the_state_the_word_and_since_when() {
        let shown = document(&shown());
        assert_eq!(shown["presentity"], "alice@localhost");
        assert_eq!(shown["state"], "shown");
        assert_eq!(shown["freshness"], "fresh");
        assert_eq!(shown["person"], json!({ "word": "offline", "since": 7 }));
        assert_eq!(shown["tuples"][0]["id"], "inbox");
        let of = |view| {
            document(&Notification {
                presentity: alice(),
                view,
            })
        };
        let pending = json!({
            "presentity": "alice@localhost", "state": "pending", "person": { "word": "not_shared" },
        });
        assert_eq!(of(View::Pending), pending);
        let ended = of(View::Ended(Code::UnknownAddress.refusal()));
        assert_eq!(
            (&ended["state"], &ended["code"]),
            (&json!("ended"), &json!("unknown_address"))
        );
    }

    #[test]
    fn who_has_an_answer_already_is_told_so() {
        let whole = cached(&HeaderMap::new(), Form::Json, "{}".into(), true);
        assert_eq!(whole.status(), StatusCode::OK);
        assert_eq!(whole.headers()[CACHE_CONTROL], "max-age=10");
        let tag = whole.headers()[ETAG].clone();
        let mut headers = HeaderMap::new();
        let tags = format!("\"other\", W/{}", tag.to_str().unwrap());
        headers.insert(IF_NONE_MATCH, tags.parse().unwrap());
        let again = cached(&headers, Form::Json, "{}".into(), false);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[CACHE_CONTROL], "private, no-cache");
        assert_eq!(again.headers()[ETAG], tag);
        let changed = cached(&headers, Form::Json, "{ }".into(), false);
        assert_eq!(changed.status(), StatusCode::OK);
    }
}
