//! The headers that every answer carries: what a browser may do with a page of the relay (trust.md B6).

use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::gate::Origins;
use crate::config::Origin;

/// What the page never asks a browser for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
     microphone=(), midi=(), payment=(), publickey-credentials-get=(), usb=()";

/// Made once, put into every answer.
pub struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

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
        if let Ok(policy) = HeaderValue::from_str(&policy(origins)) {
            all.push((CONTENT_SECURITY_POLICY, policy));
        }
        if origins.are_https() {
            all.push((STRICT_TRANSPORT_SECURITY, fixed("max-age=63072000")));
        }
        Self(all)
    }

    /// What an answer says of itself stands: what is meant for pages of other sites says so.
    pub fn put(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// Everything from here and nothing else; no inline script or style, and no markup made from strings. Older browsers do not take
/// a WebSocket for `'self'`, so its address is named.
fn policy(origins: &Origins) -> String {
    // A number in brackets is no source of a policy; browsers that open the page there take 'self'.
    let sockets: Vec<String> = origins
        .iter()
        .map(Origin::web_socket)
        .filter(|address| !address.contains('['))
        .collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
         connect-src 'self' {}; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; report-uri /v1/csp-reports",
        sockets.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn headers(public_url: &str) -> HeaderMap {
        let mut config = Config::default();
        config.set("public_url", public_url).unwrap();
        let origins = Origins::of(&config, "127.0.0.1:2778".parse().unwrap());
        let mut headers = HeaderMap::new();
        SecurityHeaders::new(&origins).put(&mut headers);
        headers
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
