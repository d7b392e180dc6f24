//! The configuration: defaults, then the file, then the environment, then flags; each layer overrides the one before.
//!
//! All layers speak the same words: a key and a text. An unknown key in the file is an error that names the nearest known one,
//! because a setting that is silently ignored is worse than a relay that does not start.

mod settings;
mod words;

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use lamplight_core::address::{Address, ServerId};
use lamplight_core::service::{Bounds, Limits, Requires, ServiceConfig};
use lamplight_core::wire::Offers;

pub use settings::{Config, ConnectionSettings, LogSettings, SETTINGS, ServiceSettings, Setting};
pub use words::{LogFormat, LogLevel, Offer, Size, Value};

/// The file that is read when none is named, if it is there.
pub const FILE: &str = "./lamplight.toml";

/// Variables with our prefix that mean something to the builder and the tests, not to the relay.
const NOT_OURS: &[&str] = &[
    "LAMPLIGHT_BIN",
    "LAMPLIGHT_KILL_ROUNDS",
    "LAMPLIGHT_AXE",
    "LAMPLIGHT_CHROMIUM",
    "LAMPLIGHT_NODE",
    "LAMPLIGHT_PARITY_WASM",
    "LAMPLIGHT_PAGE_DIR",
    "LAMPLIGHT_LOG",
    "LAMPLIGHT_PASSWORD",
    "LAMPLIGHT_TOKEN",
];

/// What is wrong with a configuration, in a sentence that says where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Where layers come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file that was named; it must be there.
    pub file: Option<PathBuf>,
    pub environment: Vec<(String, String)>,
    /// Keys and texts from flags.
    pub flags: Vec<(String, String)>,
}

/// A configuration with what was odd about its sources.
#[derive(Debug)]
pub struct Read {
    pub config: Config,
    /// Sentences about variables that look like ours and are not known.
    pub warnings: Vec<String>,
}

impl Config {
    /// Lays all layers over each other and checks the whole.
    pub fn read(sources: &Sources) -> Result<Read, ConfigError> {
        let mut config = Self::default();
        if let Some(path) = &sources.file {
            config.lay_file(path)?;
        } else if Path::new(FILE).exists() {
            config.lay_file(Path::new(FILE))?;
        }
        let warnings = config.lay_environment(&sources.environment)?;
        for (key, text) in &sources.flags {
            config.set(key, text)?;
        }
        config.check()?;
        Ok(Read { config, warnings })
    }

    /// Sets one key from words.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), ConfigError> {
        let setting = SETTINGS
            .iter()
            .find(|setting| setting.key() == key)
            .ok_or_else(|| unknown(key))?;
        (setting.set)(self, text)
            .map_err(|why| ConfigError(format!("{key} = {text:?} does not read: {why}")))
    }

    /// The words of one key.
    pub fn get(&self, key: &str) -> Option<String> {
        let setting = SETTINGS.iter().find(|setting| setting.key() == key)?;
        Some((setting.get)(self))
    }

    fn lay_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let place = |error: &dyn fmt::Display| ConfigError(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| place(&error))?;
        self.lay_toml(&text).map_err(|error| place(&error))
    }

    /// Lays the text of a file over what is set.
    pub fn lay_toml(&mut self, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| ConfigError(error.to_string()))?;
        for (key, text) in flatten(&table)? {
            self.set(&key, &text)?;
        }
        Ok(())
    }

    fn lay_environment(&mut self, all: &[(String, String)]) -> Result<Vec<String>, ConfigError> {
        let names: BTreeMap<String, String> = SETTINGS
            .iter()
            .map(|setting| (setting.environment(), setting.key()))
            .collect();
        let mut warnings = Vec::new();
        for (name, text) in all {
            if let Some(key) = names.get(name) {
                self.set(key, text)
                    .map_err(|error| ConfigError(format!("{name}: {error}")))?;
            } else if name.starts_with("LAMPLIGHT_") && !NOT_OURS.contains(&name.as_str()) {
                let hint =
                    nearest(name, names.keys()).map(|near| format!(", did you mean {near}?"));
                let hint = hint.unwrap_or_default();
                warnings.push(format!(
                    "the variable {name} means nothing to the relay{hint}"
                ));
            }
        }
        Ok(warnings)
    }

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
        if self.relay.public_url.is_empty() && !self.is_loopback() {
            return fault(format!(
                "listen = {:?} is reachable from elsewhere, so public_url must say where browsers find the relay, such as \"https://chat.example.org\"",
                self.relay.listen.to_string()
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
        Ok(())
    }

    /// Whether only this machine reaches the relay, without a proxy that speaks for others.
    pub fn is_loopback(&self) -> bool {
        self.relay.listen.ip().is_loopback() && self.relay.public_url.is_empty()
    }

    /// Whether something that may be offered is.
    pub fn offers(&self, offer: Offer) -> bool {
        match offer {
            Offer::Open => true,
            Offer::Closed => false,
            Offer::Loopback => self.is_loopback(),
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

    /// The configuration as a file; with `comments` each key says what it means.
    pub fn print(&self, comments: bool) -> String {
        let mut text = String::new();
        let mut section = "";
        for setting in SETTINGS {
            if setting.section != section {
                section = setting.section;
                let _ = writeln!(text, "\n[{section}]");
            }
            if comments {
                let _ = writeln!(
                    text,
                    "\n# {}\n# Cost: {}\n# Unit: {}. Default: {:?}. Environment: {}. Flag: --{}",
                    setting.about,
                    setting.cost,
                    setting.unit,
                    setting.default,
                    setting.environment(),
                    setting.flag()
                );
            }
            let value = (setting.get)(self);
            let value = if setting.is_bare {
                value
            } else {
                // A JSON text is a TOML text.
                serde_json::Value::String(value).to_string()
            };
            let _ = writeln!(text, "{} = {value}", setting.name);
        }
        text
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

/// Keys with dots and their texts.
fn flatten(table: &toml::Table) -> Result<Vec<(String, String)>, ConfigError> {
    let mut flat = Vec::new();
    for (key, value) in table {
        match value {
            toml::Value::Table(section) => {
                for (name, value) in section {
                    let key = format!("{key}.{name}");
                    let text = words(&key, value)?;
                    flat.push((key, text));
                }
            }
            value => flat.push((key.clone(), words(key, value)?)),
        }
    }
    Ok(flat)
}

fn words(key: &str, value: &toml::Value) -> Result<String, ConfigError> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(truth) => Ok(truth.to_string()),
        toml::Value::Array(parts) => {
            let parts: Result<Vec<_>, _> = parts.iter().map(|part| words(key, part)).collect();
            Ok(parts?.join(","))
        }
        _ if !SETTINGS.iter().any(|setting| setting.key() == key) => Err(unknown(key)),
        _ => Err(ConfigError(format!(
            "{key}: expected a text, a whole number, true, false or a list of texts"
        ))),
    }
}

fn unknown(key: &str) -> ConfigError {
    let keys: Vec<String> = SETTINGS.iter().map(Setting::key).collect();
    let hint = nearest(key, keys.iter()).map(|near| format!("; did you mean `{near}`?"));
    ConfigError(format!(
        "there is no setting `{key}`{}",
        hint.unwrap_or_default()
    ))
}

/// The known word that was most likely meant, if any is near.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    known
        .map(|key| {
            // A key in the wrong section is as near as a misspelt one.
            let whole = strsim::damerau_levenshtein(word, key);
            let name = strsim::damerau_levenshtein(&last(word), &last(key)) + 1;
            (whole.min(name), key)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 1 + word.len() / 4)
        .map(|(_, key)| key)
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
