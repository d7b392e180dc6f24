//! What must not be where others reach the relay: each state is a sentence that says what to set instead. On loopback nothing of
//! this holds, so that trying it out needs no configuration.

use std::path::Path;

use super::{Config, Origin, SignUp, host_of, is_loopback_host};

/// Memory times passes of the cheapest hash in the current advice (OWASP: 7 MiB, 5 passes).
const PASSWORD_WORK_MIN: u64 = 35 << 20;
const PASSWORD_MEMORY_MIN: u64 = 7 << 20;

impl Config {
    /// Whether browsers on other machines are meant to reach the relay.
    pub fn is_for_others(&self) -> bool {
        let relay = &self.relay;
        match relay.public_url.as_str() {
            "" => !relay.listen.ip().is_loopback(),
            url => {
                let (_, rest) = url.split_once("://").unwrap_or(("", url));
                !is_loopback_host(host_of(rest))
            }
        }
    }

    /// What would make this configuration unsafe, each with its cure; empty if nothing does.
    pub(super) fn dangers(&self) -> Vec<String> {
        let mut dangers = Vec::new();
        let relay = &self.relay;
        if !relay.listen.ip().is_loopback() {
            if relay.public_url.is_empty() {
                dangers.push(format!(
                    "listen = {:?} is reachable from elsewhere, so public_url must say where browsers find the relay, such as \"https://chat.example.org\"",
                    relay.listen.to_string()
                ));
            }
            if self.connections.proxies.is_empty() && !self.has_tls() {
                dangers.push(format!(
                    "listen = {:?} is reachable from elsewhere without TLS: set tls.certificate and tls.key, or listen on 127.0.0.1 behind a proxy on this machine, or name the networks of your proxies in connections.proxies",
                    relay.listen.to_string()
                ));
            }
        }
        if self.is_for_others() {
            self.add_dangers_for_others(&mut dangers);
        }
        dangers
    }

    fn add_dangers_for_others(&self, dangers: &mut Vec<String>) {
        let (relay, accounts) = (&self.relay, &self.accounts);
        if relay.domain == "localhost" || relay.domain.ends_with(".localhost") {
            dangers.push(format!(
                "domain = {:?} would stand in everybody's address for ever: set domain to your own, such as \"example.org\"",
                relay.domain
            ));
        }
        let on_loopback = |url: &&String| Origin::parse(url).is_ok_and(|origin| !origin.is_https());
        if let Some(url) = relay.origins.iter().find(on_loopback) {
            dangers.push(format!(
                "origins has {url:?}: any program on a visitor's machine could serve that page and act for them; take it out"
            ));
        }
        if accounts.sign_up == SignUp::Open && relay.contact.is_empty() {
            dangers.push(
                "accounts.sign_up = \"open\" lets in whoever finds the relay: set contact to where they and others reach you, such as \"mailto:you@example.org\", or leave sign_up as it is".into(),
            );
        }
        let (memory, passes) = (accounts.password_memory.0, accounts.password_passes);
        if memory < PASSWORD_MEMORY_MIN || memory.saturating_mul(passes.into()) < PASSWORD_WORK_MIN
        {
            dangers.push(
                "accounts.password_memory and password_passes make stolen hashes cheap to guess: leave them as they are, or keep memory times passes at 35 MiB or more".into(),
            );
        }
    }

    /// What makes the data folder unsafe, if it is there already and others reach the relay.
    pub fn check_folder(&self) -> Result<(), super::ConfigError> {
        if !self.is_for_others() || !is_open_to_all(&self.relay.data) {
            return Ok(());
        }
        let folder = self.relay.data.display();
        Err(super::ConfigError(format!(
            "data = \"{folder}\" can be read by everyone with an account on this machine: chmod 700 {folder}"
        )))
    }
}

#[cfg(unix)]
fn is_open_to_all(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(folder);
    found.is_ok_and(|found| found.permissions().mode() & 0o007 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Path) -> bool {
    false
}
