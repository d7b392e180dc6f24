//! The headers that every answer carries: what a browser may do with a page of the relay (trust.md B6).

use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

use super::gate::Origins;
use crate::config::Origin;

/// What the page never asks a browser for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
     microphone=(), midi=(), payment=(), publickey-credentials-get=(), usb=()";

/// Made once, put into every answer.
pub struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

/// Stands in the extensions of an answer that pages of other sites may show in a frame: their origins are in its policy, and the
/// older header, which knows none, is left out.
#[derive(Clone, Copy, Debug)]
pub struct Framed;

impl SecurityHeaders {
    pub fn new(origins: &Origins) -> Self {
        let fixed = HeaderValue::from_static;
        let mut all = vec![
            (X_CONTENT_TYPE_OPTIONS, fixed("nosniff")),
            (X_FRAME_OPTIONS, fixed("DENY")),
            (REFERRER_POLICY, fixed("no-referrer")),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                fixed("same-origin"),
            ),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                fixed("same-origin"),
            ),
            (
                HeaderName::from_static("permissions-policy"),
                fixed(PERMISSIONS),
            ),
        ];
        // Origins hold letters, digits and dots, so this is always a header's value.
        if let Some(policy) = policy(origins, &[]) {
            all.push((CONTENT_SECURITY_POLICY, policy));
        }
        if origins.are_https() {
            all.push((STRICT_TRANSPORT_SECURITY, fixed("max-age=63072000")));
        }
        Self(all)
    }

    /// What an answer says of itself stands: what is meant for pages of other sites says so.
    pub fn put(&self, response: &mut Response) {
        let framed = response.extensions().get::<Framed>().is_some();
        let headers = response.headers_mut();
        for (name, value) in &self.0 {
            if !framed || *name != X_FRAME_OPTIONS {
                headers.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
}

/// Lets pages of these origins, and no others, show an answer in a frame.
pub fn frame(response: &mut Response, own: &Origins, ancestors: &[String]) {
    // An answer whose policy cannot be written keeps the one that lets nobody frame it.
    let Some(policy) = policy(own, ancestors) else {
        return;
    };
    response.extensions_mut().insert(Framed);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    // A page that isolates itself shows only what says that it may be shown, and is isolated too.
    let fixed = HeaderValue::from_static;
    headers.insert("cross-origin-resource-policy", fixed("cross-origin"));
    headers.insert("cross-origin-embedder-policy", fixed("require-corp"));
}

/// Everything from here and nothing else; no inline script or style, and no markup made from strings. Older browsers do not take
/// a WebSocket for `'self'`, so its address is named.
fn policy(origins: &Origins, ancestors: &[String]) -> Option<HeaderValue> {
    // A number in brackets is no source of a policy; browsers that open the page there take 'self'.
    let is_source = |address: &&String| !address.contains('[');
    let sockets: Vec<String> = origins.iter().map(Origin::web_socket).collect();
    let sockets: Vec<&str> = sockets
        .iter()
        .filter(is_source)
        .map(String::as_str)
        .collect();
    let ancestors: Vec<&str> = ancestors
        .iter()
        .filter(is_source)
        .map(String::as_str)
        .collect();
    let ancestors = match ancestors.is_empty() {
        true => "'none'".to_owned(),
        false => ancestors.join(" "),
    };
    let text = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
         connect-src 'self' {}; frame-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors {ancestors}; require-trusted-types-for 'script'; report-uri /v1/csp-reports",
        sockets.join(" ")
    );
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::HeaderMap;

    use crate::config::Config;

    fn origins(public_url: &str) -> Origins {
        let mut config = Config::default();
        config.set("public_url", public_url).unwrap();
        Origins::of(&config, "127.0.0.1:2778".parse().unwrap())
    }

    fn headers(public_url: &str) -> HeaderMap {
        let mut response = Response::new(Body::empty());
        SecurityHeaders::new(&origins(public_url)).put(&mut response);
        response.headers().clone()
    }

    #[test]
    fn a_frame_is_for_pages_of_the_named_origins_and_nobody_else() {
        let own = origins("https://chat.example.org");
        let named = |ancestors: &[&str]| {
            let ancestors: Vec<String> = ancestors.iter().map(|one| (*one).to_owned()).collect();
            let mut response = Response::new(Body::empty());
            frame(&mut response, &own, &ancestors);
            SecurityHeaders::new(&own).put(&mut response);
            let headers = response.headers();
            let policy = headers[CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .to_owned();
            assert!(!headers.contains_key(X_FRAME_OPTIONS));
            assert_eq!(headers.get_all(CONTENT_SECURITY_POLICY).iter().count(), 1);
            let mut rules = policy.split("; ").map(str::to_owned);
            rules
                .find(|rule| rule.starts_with("frame-ancestors"))
                .unwrap()
        };
        assert_eq!(
            named(&["https://shop.example", "https://www.shop.example"]),
            "frame-ancestors https://shop.example https://www.shop.example"
        );
        // What cannot stand in a policy is let in nowhere.
        assert_eq!(named(&["http://[::1]:80"]), "frame-ancestors 'none'");
        assert_eq!(named(&[]), "frame-ancestors 'none'");
    }

    #[test]
    fn the_policy_allows_nothing_inline_and_names_the_line() {
        let headers = headers("");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        let rules: Vec<_> = policy.split("; ").collect();
        for rule in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "connect-src 'self' ws://127.0.0.1:2778 ws://localhost:2778",
            "manifest-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "report-uri /v1/csp-reports",
        ] {
            assert!(rules.contains(&rule), "{rule} is missing in {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
        assert!(!policy.contains('*'));
    }

    #[test]
    fn only_under_https_browsers_are_told_to_stay_there() {
        assert!(!headers("").contains_key(STRICT_TRANSPORT_SECURITY));
        let https = headers("https://chat.example.org");
        assert!(https.contains_key(STRICT_TRANSPORT_SECURITY));
        let policy = https[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.contains("connect-src 'self' wss://chat.example.org;"),
            "{policy}"
        );
    }
}
