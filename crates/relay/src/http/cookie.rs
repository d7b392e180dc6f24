//! The cookie that holds a page's login: no script can read it, no other site's request carries it.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// How this relay's cookie looks.
pub struct Cookie {
    name: String,
    attributes: String,
    life: Duration,
}

impl Cookie {
    /// Browsers keep cookies by host and not by port: on loopback the name tells relays apart.
    pub fn new(https: bool, port: u16, life: Duration) -> Self {
        let (name, secure) = if https {
            ("__Host-lamplight".to_owned(), "; Secure")
        } else {
            (format!("lamplight-{port}"), "")
        };
        Self {
            name,
            attributes: format!("; Path=/; HttpOnly; SameSite=Strict{secure}"),
            life,
        }
    }

    /// The value of `Set-Cookie` that brings a login.
    pub fn set(&self, secret: &str) -> Option<HeaderValue> {
        self.value(secret, self.life.as_secs())
    }

    /// The value of `Set-Cookie` that takes it away.
    pub fn clear(&self) -> Option<HeaderValue> {
        self.value("", 0)
    }

    fn value(&self, secret: &str, life: u64) -> Option<HeaderValue> {
        let text = format!("{}={secret}{}; Max-Age={life}", self.name, self.attributes);
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The login in a request's cookies.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let all = headers.get_all(COOKIE).iter();
        all.filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == self.name)
            .map(|(_, secret)| secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn under_https_the_cookie_is_bound_to_the_host() {
        let cookie = Cookie::new(true, 443, DAY);
        assert_eq!(
            cookie.set("lamp_x").unwrap(),
            "__Host-lamplight=lamp_x; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=86400"
        );
    }

    #[test]
    fn on_loopback_relays_on_two_ports_have_two_cookies() {
        let cookies = [2778, 2779].map(|port| Cookie::new(false, port, DAY));
        let mut headers = HeaderMap::new();
        let both = "theme=dark; lamplight-2778=one; lamplight-2779=two";
        headers.insert(COOKIE, both.parse().unwrap());
        assert_eq!(
            cookies.map(|cookie| cookie.read(&headers).unwrap().to_owned()),
            ["one", "two"]
        );
        assert!(
            !Cookie::new(false, 1, DAY)
                .set("x")
                .unwrap()
                .to_str()
                .unwrap()
                .contains("Secure")
        );
        assert_eq!(Cookie::new(false, 1, DAY).read(&headers), None);
    }
}
