//! A badge for whoever asks: by way of which site, and the word that they get, asked for or held ([`crate::visits`]).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::{ORIGIN, REFERER};
use lamplight_core::address::{DOMAIN_MAX, Presentity};
use lamplight_core::code::{Code, Refusal};
use lamplight_core::person::{Word, person};
use lamplight_core::presence::Notification;
use lamplight_core::service::{As, Identity};

use super::Site;
use super::presence::{look, looker};
use crate::hub::FromSocket;
use crate::visits::{Place, Seen};

/// How long an answer is given to whoever comes: as often as anyone may fetch one presentity (`polls`).
const HOLDS: Duration = Duration::from_secs(10);
/// The word that visitors get of a presentity, by way of this site.
pub async fn word(
    site: &Arc<Site>,
    presentity: &Presentity,
    mut from: Option<String>,
    ip: IpAddr,
) -> Result<Word, Refusal> {
    let seen = match site.hub.visits.enter(presentity, &mut from) {
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
    site.hub.visits.forget(presentity);
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
    let more = site.hub.visits.leave(&presentity, from.as_ref(), &seen);
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
}
