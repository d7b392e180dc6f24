//! The relay itself, asked as others ask it: at the address where it listens, and where browsers find it, through whatever stands
//! between.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use lamplight_client::probe::{Answer, Line, NoLine, ask};
use lamplight_client::{Error, Relay};
use serde_json::Value;

use super::{Report, span};
use crate::config::{Config, Origin};

const LISTEN: &str = "listen";
const PUBLIC: &str = "public_url";
const UPGRADE: &str = "websocket";
const ORIGIN: &str = "origin";
const IDLE: &str = "idle line";
const GUIDE: &str = "docs/SELF_HOSTING.md has the lines for nginx and others";

pub async fn check(config: &Config, slow: bool, report: &mut Report) {
    let here = here(config, report).await;
    if config.relay.public_url.is_empty() {
        return;
    }
    let (Ok(relay), Ok(origin)) = (
        Relay::parse(&config.relay.public_url),
        Origin::parse(&config.relay.public_url),
    ) else {
        // What is no address was said of the configuration.
        return;
    };
    let there = There {
        config,
        relay,
        origin,
    };
    if !there.is_this_relay(here.as_ref(), report).await {
        return;
    }
    there.takes_the_origin(report).await;
    there.opens_a_line(slow, report).await;
}

/// What the relay on this machine says of itself, if one runs where the configuration says.
async fn here(config: &Config, report: &mut Report) -> Option<Value> {
    let address = config.relay.listen;
    let Err(error) = TcpListener::bind(address) else {
        report.good(
            LISTEN,
            format!("{address} is free; no relay runs there now"),
        );
        return None;
    };
    let why = format!("cannot listen on {address}: {error}");
    match error.kind() {
        ErrorKind::AddrInUse => {}
        ErrorKind::PermissionDenied => {
            let cure = "choose a port above 1023, or give the unit AmbientCapabilities=CAP_NET_BIND_SERVICE";
            report.fault(LISTEN, why, cure);
            return None;
        }
        ErrorKind::AddrNotAvailable => {
            let cure =
                "no network of this machine has that address: set `listen` to 127.0.0.1 and a port";
            report.fault(LISTEN, why, cure);
            return None;
        }
        _ => {
            report.fault(
                LISTEN,
                why,
                "set `listen` to an address and a port of this machine",
            );
            return None;
        }
    }
    let named = Relay::parse(&config.page(reached(address))).ok()?;
    // With TLS it is asked by the name that its certificate is for.
    let relay = match config.has_tls() {
        true => named.at(reached(address)),
        false => Relay::parse(&format!("http://{}", reached(address))).ok()?,
    };
    let asked = ask(&relay, "GET", "/v1/relay", None).await;
    if let (true, Err(error)) = (config.has_tls(), &asked) {
        let (says, cure) = unreached(error);
        report.fault(
            LISTEN,
            format!("what has {address} is no relay with TLS, or none for this name: {says}"),
            cure,
        );
        return None;
    }
    let facts = asked.ok();
    let Some(facts) = facts.as_ref().and_then(facts_in) else {
        report.fault(
            LISTEN,
            format!("something else than a relay has {address}"),
            "end it (`ss -ltnp` says what it is), or set `listen` to another port",
        );
        return None;
    };
    let domain = facts["domain"].as_str().unwrap_or_default();
    if domain != config.relay.domain {
        report.fault(
            LISTEN,
            format!(
                "the relay at {address} is that of {domain:?}, not of {:?}",
                config.relay.domain
            ),
            "restart it with this configuration, or name the one it runs with: --config FILE",
        );
        return None;
    }
    let version = facts["version"].as_str().unwrap_or_default();
    if version != env!("CARGO_PKG_VERSION") {
        report.warning(
            LISTEN,
            format!("the running relay is version {version}, this program another"),
            "restart the relay to finish the upgrade",
        );
    }
    let health = ask(&relay, "GET", "/readyz", None).await;
    match health.map(|answer| (answer.status, text(&answer))) {
        Ok((200, _)) => report.good(
            LISTEN,
            format!("a relay answers at {address}, and is ready"),
        ),
        Ok((_, said)) if said.contains("draining") => report.warning(
            LISTEN,
            format!("the relay at {address} is about to stop and takes nobody in"),
            "wait until it is started again",
        ),
        Ok((_, said)) => report.fault(
            LISTEN,
            format!("the relay at {address} says: {said}"),
            "look at its log; if the disk is well again, restart it",
        ),
        Err(error) => report.fault(LISTEN, error.to_string(), "restart the relay"),
    }
    Some(facts)
}

/// Where a relay that listens there is asked from this machine.
fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// What a relay says of itself, if a relay it is.
fn facts_in(answer: &Answer) -> Option<Value> {
    let facts: Value = serde_json::from_slice(&answer.body).ok()?;
    (answer.status == 200 && facts["domain"].is_string() && facts["version"].is_string())
        .then_some(facts)
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).trim().to_owned()
}

/// The way that browsers go.
struct There<'a> {
    config: &'a Config,
    relay: Relay,
    origin: Origin,
}

impl There<'_> {
    async fn is_this_relay(&self, here: Option<&Value>, report: &mut Report) -> bool {
        let url = &self.config.relay.public_url;
        let listen = self.config.relay.listen;
        let onward = format!("{}://{listen}", self.config.scheme());
        let answer = match ask(&self.relay, "GET", "/v1/relay", None).await {
            Ok(answer) => answer,
            Err(error) => {
                let (says, cure) = unreached(&error);
                report.fault(PUBLIC, format!("{url}: {says}"), cure);
                return false;
            }
        };
        let Some(facts) = facts_in(&answer) else {
            let gone = matches!(answer.status, 502..=504);
            match (gone, here.is_some()) {
                (true, false) => report.warning(
                    PUBLIC,
                    format!("a proxy answers at {url}, and no relay runs behind it"),
                    "start the relay and ask again",
                ),
                (true, true) => report.fault(
                    PUBLIC,
                    format!(
                        "the proxy at {url} does not reach the relay (status {})",
                        answer.status
                    ),
                    format!("let it pass requests on to {onward}; {GUIDE}"),
                ),
                (false, _) => report.fault(
                    PUBLIC,
                    format!(
                        "what answers at {url} is no relay (status {})",
                        answer.status
                    ),
                    format!("let the proxy pass every path of that host on to {onward}; {GUIDE}"),
                ),
            }
            return false;
        };
        let same = |here: &Value| here["server"] == facts["server"];
        match here.map(same) {
            Some(true) => report.good(PUBLIC, format!("{url} leads to this relay")),
            Some(false) => {
                let cure = format!(
                    "let the proxy, or the name in the DNS, lead to {onward} on this machine"
                );
                report.fault(PUBLIC, format!("{url} leads to another relay"), cure);
                return false;
            }
            None => report.warning(
                PUBLIC,
                format!("{url} leads to a relay that does not listen at {listen}"),
                "run this on the relay's machine, with its configuration",
            ),
        }
        true
    }

    /// Asks for something that changes nothing without a login, as the page would.
    async fn takes_the_origin(&self, report: &mut Report) {
        let origin = self.origin.as_str();
        let asked = ask(&self.relay, "DELETE", "/v1/sessions/current", Some(origin)).await;
        let refused = asked
            .as_ref()
            .is_ok_and(|answer| text(answer).contains("wrong_origin"));
        match asked {
            Ok(_) if !refused => report.good(ORIGIN, format!("pages of {origin} may act here")),
            Ok(_) => report.fault(
                ORIGIN,
                format!("the relay refuses its own page, which comes from {origin}"),
                "restart it, if it still runs with another public_url; and let the proxy pass the header Origin on as it came",
            ),
            Err(error) => report.fault(ORIGIN, error.to_string(), GUIDE),
        }
    }

    async fn opens_a_line(&self, slow: bool, report: &mut Report) {
        let line = match Line::open(&self.relay, self.origin.as_str()).await {
            Ok(line) => line,
            Err(NoLine::NotUpgraded(503)) => {
                let says = "the relay, or what stands before it, takes no line now (status 503)";
                return report.fault(UPGRADE, says, "wait until it is started again");
            }
            Err(NoLine::NotUpgraded(status)) => {
                return report.fault(
                    UPGRADE,
                    format!("no WebSocket comes through to the relay (status {status}): the page stays at \"connecting\""),
                    format!("let the proxy speak HTTP/1.1 and pass on the headers Upgrade and Connection; {GUIDE}"),
                );
            }
            Err(NoLine::Silent) => {
                return report.fault(
                    UPGRADE,
                    "a WebSocket opens, and nothing comes through it",
                    format!("let the proxy pass bytes on at once, without buffering; {GUIDE}"),
                );
            }
            Err(NoLine::Failed(error)) => {
                return report.fault(UPGRADE, error.to_string(), GUIDE);
            }
        };
        report.good(UPGRADE, "a line opens, and both sides are heard");
        let bounds = &self.config.bounds;
        // The first ping comes after this; one more second for the way.
        let silence = bounds.ping + bounds.pong.min(Duration::from_secs(2));
        if !slow {
            let says = format!("not tried; `--slow` keeps one silent for {}", span(silence));
            return report.good(IDLE, says);
        }
        match line.keep_silent(silence).await {
            Ok(()) => report.good(IDLE, format!("held for {} and past a ping", span(silence))),
            Err(held) => report.fault(
                IDLE,
                format!(
                    "was cut after {}, before the relay pinged: everyone flickers",
                    span(held)
                ),
                format!(
                    "let the proxy wait longer than {} (nginx: proxy_read_timeout 75s), or lower bounds.ping",
                    span(bounds.ping + bounds.pong)
                ),
            ),
        }
    }
}

/// What it means that nothing answers, and the cure.
fn unreached(error: &Error) -> (String, String) {
    let Error::Unreachable(inner) = error else {
        return (error.to_string(), GUIDE.into());
    };
    let said = inner.to_string();
    let cure = if said.contains("lookup") {
        "make a record in the DNS that leads this name to this machine"
    } else if said.contains("certificate") || said.contains("Certificate") {
        "give the proxy a certificate for exactly this name, with its chain, that has not run out"
    } else {
        match inner.kind() {
            ErrorKind::ConnectionRefused => "start the proxy, or let it listen on that port",
            ErrorKind::TimedOut => {
                "open the port in the firewall, and look whether the name leads to this machine"
            }
            _ => GUIDE,
        }
    };
    (said, cure.into())
}
