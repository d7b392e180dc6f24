//! What is known of somebody now, over HTTP: RFC 2778's FETCHER for whoever keeps no line open, and its POLLER for whoever comes
//! again and again. And the badge, for pages of other sites: whoever asks for that is a visitor and gets what visitors get.
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
use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lamplight_core::address::{Presentity, Principal};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::person::Told;
use lamplight_core::presence::{Notification, PresenceInformation, View};
use lamplight_core::service::{As, Identity, Looker};
use lamplight_core::wire::to_cbor;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::badge::{self, Picture, Wish};
use super::doors::{answered, refuse_when_draining, secret_of};
use super::{Site, answer, pidf, query, visits};
use crate::identity::rates;
use crate::listener::Visitor;

/// Presentities in one question, as in a frame.
const FETCH_MAX: usize = 100;
/// Somebody who did not sign in may use an answer for so long; who did asks each time whether it still holds.
const ANYBODY: HeaderValue = HeaderValue::from_static("max-age=10");
const SOMEBODY: HeaderValue = HeaderValue::from_static("private, no-cache");
/// A badge holds longer: browsers and what stands between show the old one while they ask for the new one.
const VISITORS: HeaderValue =
    HeaderValue::from_static("public, max-age=30, stale-while-revalidate=60");
/// What an answer depends on beside its address: a badge not on who asks.
const WHO_ASKS: HeaderValue = HeaderValue::from_static("accept, authorization, cookie");
const FORM: HeaderValue = HeaderValue::from_static("accept");

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
    /// A badge.
    Svg,
    /// What shields.io draws a badge from.
    Shields,
}

/// How each form is asked for by the end of an address.
const ENDS: [(&str, Form); 4] = [
    (".json", Form::Json),
    (".pidf", Form::Pidf),
    (".svg", Form::Svg),
    (".shields", Form::Shields),
];

impl Form {
    fn media(self) -> &'static str {
        match self {
            Self::Json | Self::Shields => "application/json",
            Self::Pidf => "application/pidf+xml",
            Self::Svg => "image/svg+xml",
        }
    }

    /// What the end of an address says, else what `Accept` prefers; JSON when both are as welcome.
    fn choose<'a>(asked: &'a str, headers: &HeaderMap) -> (&'a str, Self) {
        for (end, form) in ENDS {
            if let Some(address) = asked.strip_suffix(end) {
                return (address, form);
            }
        }
        let accepts: Vec<&str> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let accepts = accepts.join(",");
        // Of those that are as welcome the first.
        let forms = [Self::Json, Self::Pidf, Self::Svg];
        let welcome = forms
            .into_iter()
            .rev()
            .max_by_key(|form| quality(&accepts, form.media()));
        (asked, welcome.unwrap_or(Self::Json))
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
    RawQuery(wanted): RawQuery,
    headers: HeaderMap,
) -> Response {
    let work = async {
        refuse_when_draining(&site)?;
        let Path(asked) = asked.map_err(|_| Code::BadAddress.refusal())?;
        let (address, form) = Form::choose(&asked, &headers);
        let presentity = read_address(address)?;
        if let Form::Svg | Form::Shields = form {
            let wish = Wish::read(wanted.as_deref())?;
            return badge(&site, &headers, visitor.ip, &presentity, form, &wish).await;
        }
        let looks_as = match query::values(wanted.as_deref(), "as")?.first() {
            Some(watcher) => {
                let watcher = Principal::parse(watcher);
                As::Watcher(watcher.map_err(|_| Code::BadAddress.refusal())?)
            }
            None => As::Themselves,
        };
        let identity = who_asks(&site, &headers).await?;
        let anybody = identity.is_none();
        let as_another = looks_as != As::Themselves;
        let from = visits::from_site(&headers);
        let looker = looker(identity, from, looks_as, visitor.ip);
        let looked = look(&site, looker, visitor.ip, vec![presentity.clone()]).await?;
        let found = looked.into_iter().find(|it| it.presentity == presentity);
        let found = found.ok_or_else(|| Code::TryLater.refusal())?;
        if as_another {
            let mut document = document(&found);
            document["cbor"] = hex(&to_cbor(&found.view)).into();
            return Ok(cached(&headers, Form::Json, document.to_string(), SOMEBODY));
        }
        match &found.view {
            View::Shown(_) => {}
            _ if anybody => return Err(Code::NotAllowed.refusal()),
            View::Ended(refusal) => return Err(refusal.clone()),
            View::Pending => {}
        }
        let body = match form {
            Form::Pidf => pidf::document(&found),
            _ => document(&found).to_string(),
        };
        Ok(cached(&headers, form, body, holds(anybody)))
    };
    told(&site, &headers, answered(work.await))
}

/// What nobody in particular is told pages of other sites may read.
fn told(site: &Site, headers: &HeaderMap, answer: Response) -> Response {
    match secret_of(site, headers) {
        Some(_) => answer,
        None => for_other_sites(answer),
    }
}

/// What visitors of other sites are shown. Whoever asks is one of them, even signed in: what only they may see is no badge. Who
/// shares nothing, blocks or does not exist has the same badge.
async fn badge(
    site: &Arc<Site>,
    headers: &HeaderMap,
    ip: IpAddr,
    presentity: &Presentity,
    form: Form,
    wish: &Wish,
) -> Result<Response, Refusal> {
    let identity = who_asks(site, headers).await.ok().flatten();
    let own = identity.filter(|identity| identity.principal == presentity.principal());
    let (word, holds) = match own {
        Some(identity) => {
            let word = visits::own_word(site, identity, presentity, ip).await?;
            (word, SOMEBODY)
        }
        None => {
            let from = visits::from_site(headers);
            (visits::word(site, presentity, from, ip).await?, VISITORS)
        }
    };
    let name = presentity.address().name();
    let (body, policy) = match form {
        Form::Shields => (badge::shields(word, name, wish), None),
        _ => {
            let Picture { svg, policy } = badge::draw(word, name, wish);
            (svg, HeaderValue::from_str(&policy).ok())
        }
    };
    let mut answer = for_other_sites(cached(headers, form, body, holds));
    answer.headers_mut().insert(VARY, FORM);
    if let Some(policy) = policy {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(answer)
}

/// Lets pages of other sites show and read an answer to nobody in particular.
fn for_other_sites(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    answer
}

/// For how long an answer may be used.
fn holds(anybody: bool) -> HeaderValue {
    if anybody { ANYBODY } else { SOMEBODY }
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
        let looker = looker(
            identity,
            visits::from_site(&headers),
            As::Themselves,
            visitor.ip,
        );
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
        Ok(cached(&headers, Form::Json, body, holds(anybody)))
    };
    told(&site, &headers, answered(work.await))
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

/// Who looks, from the pages of which site, and as whom.
pub fn looker(
    identity: Option<Identity>,
    site: Option<String>,
    looks_as: As,
    ip: IpAddr,
) -> Looker {
    // Another number for the same address after each start: it leads back to nobody.
    static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    Looker {
        identity,
        looks_as,
        site,
        source: HASHES.hash_one(rates::network(ip)),
    }
}

/// Asks the service, unless there was too much asked already.
pub async fn look(
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
fn cached(headers: &HeaderMap, form: Form, body: String, holds: HeaderValue) -> Response {
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
    fresh.insert(CACHE_CONTROL, holds);
    fresh.insert(VARY, WHO_ASKS);
    response
}

/// One presentity as JSON: the tuples as they stand on the wire, and what a person reads of them.
fn document(found: &Notification) -> Value {
    let mut document = json!({
        "presentity": found.presentity,
        "person": Told::of(&found.view),
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

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::presence::{Basic, Extent, Freshness, PresenceTuple};
    use lamplight_core::time::Timestamp;

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
            ("alice@localhost.svg", "application/json", Form::Svg),
            ("alice@localhost.shields", "image/svg+xml", Form::Shields),
            (
                "alice@localhost",
                "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8",
                Form::Svg,
            ),
            (
                "alice@localhost",
                "text/html,application/xml;q=0.9,image/webp,*/*;q=0.8",
                Form::Json,
            ),
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
        let whole = cached(&HeaderMap::new(), Form::Json, "{}".into(), ANYBODY);
        assert_eq!(whole.status(), StatusCode::OK);
        assert_eq!(whole.headers()[CACHE_CONTROL], "max-age=10");
        let tag = whole.headers()[ETAG].clone();
        let mut headers = HeaderMap::new();
        let tags = format!("\"other\", W/{}", tag.to_str().unwrap());
        headers.insert(IF_NONE_MATCH, tags.parse().unwrap());
        let again = cached(&headers, Form::Json, "{}".into(), SOMEBODY);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[CACHE_CONTROL], "private, no-cache");
        assert_eq!(again.headers()[ETAG], tag);
        let changed = cached(&headers, Form::Json, "{ }".into(), SOMEBODY);
        assert_eq!(changed.status(), StatusCode::OK);
    }
}
