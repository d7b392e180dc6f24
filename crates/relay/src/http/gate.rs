//! Which pages may act here. A page of another site can send requests, with this browser's cookies on some of them, but it can
//! neither add `x-lamplight` without being asked first nor choose the `Origin` that the browser writes.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::header::{COOKIE, ORIGIN};
use axum::http::{HeaderMap, Method};
use lamplight_core::code::{Code, Refusal};

use crate::config::{Config, Origin};

/// The header of every request that changes something.
const OURS: &str = "x-lamplight";
/// Browsers send their reports by themselves: without our header, and from any page that carries our policy.
const REPORTS: &str = "/v1/csp-reports";
/// Pages of sites bring their visitors themselves; who they say they are is compared there with what the browser says.
const VISITORS: &str = "/v1/visitors";

/// The origins that pages of this relay have.
pub struct Origins(Vec<Origin>);

impl Origins {
    /// Without a public address: the listening one, under each of loopback's names.
    pub fn of(config: &Config, bound: SocketAddr) -> Self {
        let own = if config.relay.public_url.is_empty() {
            let port = bound.port();
            ["127.0.0.1", "localhost", "[::1]"]
                .iter()
                .map(|host| format!("{}://{host}:{port}", config.scheme()))
                .chain([format!("{}://{bound}", config.scheme())])
                .collect()
        } else {
            vec![config.relay.public_url.clone()]
        };
        let mut origins = Vec::new();
        for url in own.iter().chain(&config.relay.origins) {
            // The configuration was checked: what does not read here does not stand there.
            if let Ok(origin) = Origin::parse(url)
                && !origins.contains(&origin)
            {
                origins.push(origin);
            }
        }
        Self(origins)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter()
    }

    /// Whether browsers reach the relay by https, which decides what cookies may do.
    pub fn are_https(&self) -> bool {
        self.0.iter().all(Origin::is_https)
    }

    /// Whether a request may go on to its door.
    pub fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let reads = [Method::GET, Method::HEAD].contains(request.method());
        let path = request.uri().path();
        let asks_first = path == VISITORS && request.method() == Method::OPTIONS;
        if reads || asks_first || path == REPORTS {
            return Ok(());
        }
        let headers = request.headers();
        let ours = headers.get(OURS).is_some_and(|value| value == "1");
        // Browsers name the origin of whatever changes something; a program has neither origin nor cookie.
        let named = headers.contains_key(ORIGIN) || !headers.contains_key(COOKIE);
        if ours && named && (path == VISITORS || self.are_named_by(headers)) {
            return Ok(());
        }
        Err(Code::WrongOrigin.refusal())
    }

    /// The origin of a page of another site, as the browser says; where it says several, none of them. None: it is one of these, or
    /// a program, which has none.
    pub fn other(&self, headers: &HeaderMap) -> Option<String> {
        if self.are_named_by(headers) {
            return None;
        }
        let mut named = headers.get_all(ORIGIN).iter();
        let (one, more) = (named.next(), named.next());
        let text = one
            .and_then(|one| one.to_str().ok())
            .filter(|_| more.is_none());
        Some(text.unwrap_or_default().to_owned())
    }

    /// Whether the origin, if one is named, is one of these, to the letter.
    pub fn are_named_by(&self, headers: &HeaderMap) -> bool {
        let own = |named: &str| self.0.iter().any(|origin| origin.as_str() == named);
        headers
            .get_all(ORIGIN)
            .iter()
            .all(|named| named.to_str().is_ok_and(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn origins(settings: &[(&str, &str)]) -> Origins {
        let mut config = Config::default();
        for (key, text) in settings {
            config.set(key, text).unwrap();
        }
        Origins::of(&config, "127.0.0.1:2778".parse().unwrap())
    }

    fn admits(origins: &Origins, method: &str, path: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        origins.admit(&request.body(Body::empty()).unwrap()).is_ok()
    }

    #[test]
    fn only_the_relays_own_page_changes_something_from_a_browser() {
        let origins = origins(&[]);
        let ours = ("x-lamplight", "1");
        let own = ("origin", "http://127.0.0.1:2778");
        let post = |headers: &[(&str, &str)]| admits(&origins, "POST", "/v1/sessions", headers);
        assert!(post(&[ours, own]));
        assert!(post(&[ours, ("origin", "http://localhost:2778")]));
        assert!(!post(&[own]), "without our header");
        for foreign in [
            "http://127.0.0.1:2779",
            "https://127.0.0.1:2778",
            "http://127.0.0.1:2778.example.org",
            "http://localhost",
            "null",
            "",
        ] {
            assert!(!post(&[ours, ("origin", foreign)]), "{foreign:?}");
        }
        assert!(
            !post(&[ours, own, ("origin", "http://example.org")]),
            "two origins"
        );
        assert!(admits(&origins, "GET", "/v1/session", &[]));
        assert!(!admits(&origins, "DELETE", "/v1/sessions/current", &[]));
        // A page of another site may ask whether it may bring a visitor, and then do it, and nothing else.
        let foreign = ("origin", "https://shop.example");
        assert!(admits(&origins, "OPTIONS", VISITORS, &[foreign]));
        assert!(admits(&origins, "POST", VISITORS, &[ours, foreign]));
        assert!(!admits(&origins, "POST", VISITORS, &[foreign]));
        assert!(!admits(&origins, "DELETE", VISITORS, &[foreign]));
        assert!(!admits(&origins, "OPTIONS", "/v1/sessions", &[foreign]));
    }

    #[test]
    fn a_program_has_no_origin_and_then_no_cookie_either() {
        let origins = origins(&[]);
        let ours = ("x-lamplight", "1");
        assert!(admits(&origins, "POST", "/v1/sessions", &[ours]));
        let cookie = ("cookie", "lamplight-2778=lamp_x");
        assert!(!admits(&origins, "POST", "/v1/tickets", &[ours, cookie]));
    }

    #[test]
    fn a_page_of_another_site_is_named_by_its_origin_and_by_no_other() {
        let origins = origins(&[]);
        let other = |named: &[&str]| {
            let mut headers = HeaderMap::new();
            for one in named {
                headers.append(ORIGIN, one.parse().unwrap());
            }
            origins.other(&headers)
        };
        assert_eq!(other(&[]), None);
        assert_eq!(other(&["http://localhost:2778"]), None);
        let shop = "https://shop.example";
        assert_eq!(other(&[shop]).as_deref(), Some(shop));
        assert_eq!(other(&[shop, "http://localhost:2778"]).as_deref(), Some(""));
    }

    #[test]
    fn a_public_address_is_the_only_origin_beside_those_that_are_named() {
        let public = ("public_url", "https://chat.example.org/");
        let origins = origins(&[public, ("origins", "https://example.org")]);
        let names: Vec<_> = origins.iter().map(Origin::as_str).collect();
        assert_eq!(names, ["https://chat.example.org", "https://example.org"]);
        assert!(origins.are_https());
    }
}
