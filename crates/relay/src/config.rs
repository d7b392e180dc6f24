//! The configuration: defaults, then the file, then the environment, then flags; each layer overrides the one before.
//!
//! `settings` is the one table of keys. `layers` lays words over it, `safety` says what must not be where others reach the relay,
//! `print` writes it down: as a file, with where each value came from, and as `docs/CONFIGURATION.md`.

mod layers;
mod network;
mod print;
mod safety;
mod settings;
mod words;

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use lamplight_core::address::{Address, ServerId};
use lamplight_core::service::{Bounds, Limits, Requires, ServiceConfig};
use lamplight_core::wire::Offers;

pub use layers::{FILE, Read, Sources};
pub use network::Network;
pub use print::reference;
pub use settings::{Config, ConnectionSettings, LogSettings, SETTINGS, ServiceSettings, Setting};
pub use words::{ForwardedBy, Inviters, LogFormat, LogLevel, Offer, Secret, SignUp, Size, Value};

/// What is wrong with a configuration, in sentences that say where and what to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// What single settings cannot tell: whether they fit each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fault = |text: String| Err(ConfigError(text));
        if Address::parse(&format!("a@{}", self.relay.domain)).is_err() {
            return fault(format!("domain = {:?} is not a domain", self.relay.domain));
        }
        let urls = std::iter::once(&self.relay.public_url).filter(|url| !url.is_empty());
        for url in urls.chain(&self.relay.origins) {
            Origin::parse(url).map_err(|why| ConfigError(format!("{url:?}: {why}")))?;
        }
        let contact = &self.relay.contact;
        if !contact.is_empty()
            && !["mailto:", "https://"]
                .iter()
                .any(|kind| contact.starts_with(kind))
        {
            return fault(format!(
                "contact = {contact:?} is neither mailto: nor https:"
            ));
        }
        if self.services.offers().is_none() {
            return fault(
                "presence and messages are both false: there is nothing left to serve".into(),
            );
        }
        let bounds = &self.bounds;
        if bounds.ping.is_zero() || bounds.pong.is_zero() {
            return fault("bounds.ping and bounds.pong must be above zero".into());
        }
        let (memory, passes) = (
            self.accounts.password_memory.0,
            self.accounts.password_passes,
        );
        if !(8 * 1024..=4 << 30).contains(&memory) || passes == 0 {
            return fault(
                "accounts.password_memory must be 8 KiB to 4 GiB, and password_passes at least 1"
                    .into(),
            );
        }
        if self.tls.certificate.is_empty() != self.tls.key.is_empty() {
            return fault(
                "tls.certificate and tls.key belong together: set both, or neither".into(),
            );
        }
        if self.has_tls() && self.relay.public_url.starts_with("http:") {
            return fault(
                "with tls.certificate the relay speaks https only: public_url must say https"
                    .into(),
            );
        }
        if self.tls.redirect.is_some() && !self.relay.public_url.starts_with("https:") {
            return fault("tls.redirect leads to public_url, which must then say https".into());
        }
        let dangers = self.dangers();
        if !dangers.is_empty() {
            let list: Vec<String> = dangers
                .iter()
                .map(|danger| format!("\n  * {danger}"))
                .collect();
            return fault(format!("this would not be safe:{}", list.concat()));
        }
        Ok(())
    }

    /// Whether only this machine reaches the relay, without a proxy that speaks for others.
    pub fn is_loopback(&self) -> bool {
        self.relay.listen.ip().is_loopback() && self.relay.public_url.is_empty()
    }

    /// Whether the port speaks HTTPS by itself.
    pub fn has_tls(&self) -> bool {
        !self.tls.certificate.is_empty()
    }

    /// What stands before the address where the relay listens.
    pub fn scheme(&self) -> &'static str {
        if self.has_tls() { "https" } else { "http" }
    }

    /// The host that browsers ask for, if it was said.
    pub fn public_host(&self) -> Option<&str> {
        let (_, rest) = self.relay.public_url.split_once("://")?;
        Some(host_of(rest.trim_end_matches('/')))
    }

    /// Whose word about visitors is taken: the named proxies', and where others reach the relay that of one on this machine, since
    /// nobody else stands before the relay.
    pub fn trusted_proxies(&self) -> Vec<Network> {
        let mut trusted = self.connections.proxies.clone();
        if self.is_for_others() && !self.has_tls() {
            let here = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            trusted.extend(here.map(Network::of_one));
        }
        trusted
    }

    /// Where browsers find the page of a relay that listens here.
    pub fn page(&self, listens: SocketAddr) -> String {
        match self.relay.public_url.as_str() {
            "" => format!("{}://{listens}", self.scheme()),
            url => url.trim_end_matches('/').to_owned(),
        }
    }

    /// Whether something that may be offered is.
    pub fn offers(&self, offer: Offer) -> bool {
        match offer {
            Offer::Open => true,
            Offer::Closed => false,
            Offer::Loopback => self.is_loopback(),
        }
    }

    /// Whether whoever comes may make an account, without a link.
    pub fn is_open_to_all(&self) -> bool {
        match self.accounts.sign_up {
            SignUp::Open => true,
            SignUp::Loopback => self.is_loopback(),
            SignUp::Invitation | SignUp::Closed => false,
        }
    }

    /// What the services are made with.
    pub fn service(&self, server: ServerId) -> ServiceConfig {
        let (limits, bounds) = (&self.limits, &self.bounds);
        ServiceConfig {
            server,
            limits: Limits {
                held_frames: limits.held_frames,
                subscriptions: limits.subscriptions,
                watchers: limits.watchers,
                visitors: limits.visitors,
                visitor_subscriptions: limits.visitor_subscriptions,
                pending_requests: limits.pending_requests,
                sessions: limits.sessions,
                sends_in_flight: limits.sends_in_flight,
                delivery_window: limits.delivery_window,
                resume_span: limits.resume_span,
                page: limits.page,
                frames: limits.frames,
                sends: limits.sends,
                publishes: limits.publishes,
                fetches: limits.fetches,
                requests: limits.requests,
                polls: limits.polls,
                letters_to_strangers: limits.letters_to_strangers,
                signals: limits.signals,
                presentities: limits.presentities,
                inboxes: limits.inboxes,
                held_messages: limits.held_messages,
            },
            bounds: Bounds {
                hello: bounds.hello,
                ping: bounds.ping,
                pong: bounds.pong,
                grace: bounds.grace,
                settle: bounds.settle,
                notify_every: bounds.notify_every,
            },
            // Offering nothing was refused when the configuration was checked.
            offers: self.services.offers().unwrap_or_default(),
            watchers_span: self.services.watchers_span,
            requires: Requires {
                watch: self.services.require_watch,
                publish: self.services.require_publish,
            },
        }
    }
}

impl ServiceSettings {
    /// Which of the two services there are; none is no relay.
    fn offers(&self) -> Option<Offers> {
        match (self.presence, self.messages) {
            (true, true) => Some(Offers::Both),
            (true, false) => Some(Offers::Presence),
            (false, true) => Some(Offers::Messages),
            (false, false) => None,
        }
    }
}

/// The origin of a page, as a browser writes it: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Accepts https anywhere and http on loopback; the error says why not.
    pub fn parse(url: &str) -> Result<Self, String> {
        let url = url.trim().trim_end_matches('/').to_ascii_lowercase();
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err("expected an origin such as \"https://chat.example.org\"".into());
        };
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if rest.is_empty() || !rest.chars().all(allowed) {
            return Err("expected only a scheme, a host and perhaps a port".into());
        }
        let host = host_of(rest);
        match scheme {
            "https" => Ok(Self(format!("https://{}", rest.strip_suffix(":443").unwrap_or(rest)))),
            "http" if is_loopback_host(host) => {
                Ok(Self(format!("http://{}", rest.strip_suffix(":80").unwrap_or(rest))))
            }
            "http" => Err("http carries passwords and cookies for everyone on the way to read; use https, or a loopback host".into()),
            _ => Err("expected https, or http on loopback".into()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The same origin for a WebSocket.
    pub fn web_socket(&self) -> String {
        self.0.replacen("http", "ws", 1)
    }
}

fn host_of(authority: &str) -> &str {
    if let Some((host, _)) = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return host;
    }
    authority.split(':').next().unwrap_or(authority)
}

fn is_loopback_host(host: &str) -> bool {
    let is_address = || {
        host.parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
    };
    host == "localhost" || host.ends_with(".localhost") || is_address()
}

#[cfg(test)]
mod tests;
