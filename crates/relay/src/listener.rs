//! Connections before they are anything: how many there may be, how long a request may take, and when they end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::header::UPGRADE;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use crate::config::{Config, Network};
use crate::forwarded::{Forwarding, Sender};
use crate::http;
use crate::identity::rates::Rates;
use crate::metrics::Metrics;
use crate::tls::Tls;

/// Largest head of a request (trust.md B5).
const HEAD_MAX: usize = 16 * 1024;
/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// A connection that only speaks HTTP is closed after this long, as soon as it is between two requests; browsers open another.
const LIFE: Duration = Duration::from_mins(5);
/// Then a response on its way may take so long.
const FINISH: Duration = Duration::from_mins(5);
/// After the system refused a connection, for want of open files most likely.
const PAUSE: Duration = Duration::from_millis(100);

/// All connections that are open.
pub struct Crowd {
    places: Arc<Semaphore>,
    per_ip: u32,
    /// Who may connect at all beside this machine; none: everyone who can.
    proxies: Vec<Network>,
    forwarding: Forwarding,
    open: Mutex<HashMap<IpAddr, u32>>,
    new: Rates<IpAddr>,
    metrics: Arc<Metrics>,
    /// Held by everyone who is open, so that the end of all can be waited for.
    alive: mpsc::Sender<()>,
}

/// The place of one connection; dropping it gives it back.
pub struct Place {
    crowd: Arc<Crowd>,
    /// None for a proxy: whom it speaks for is counted instead.
    _counted: Option<Counted>,
    _permit: OwnedSemaphorePermit,
    _alive: mpsc::Sender<()>,
}

/// One that an address has open; dropping it counts it no more.
struct Counted {
    crowd: Arc<Crowd>,
    party: IpAddr,
}

/// Who asks: stands in the extensions of every request.
#[derive(Clone)]
pub struct Visitor {
    pub ip: IpAddr,
    /// Whether the proxy in front was called without TLS.
    pub is_plain: bool,
    /// Held for as long as the connection, and by the WebSocket that it becomes.
    _place: Arc<Place>,
    /// Behind a proxy: held for as long as the request, and by the WebSocket.
    _counted: Option<Arc<Counted>>,
}

impl Crowd {
    /// The second part hears the end of all once the crowd itself is gone.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> (Arc<Self>, mpsc::Receiver<()>) {
        let settings = &config.connections;
        let (alive, emptied) = mpsc::channel(1);
        let crowd = Self {
            places: Arc::new(Semaphore::new(settings.most.min(Semaphore::MAX_PERMITS))),
            per_ip: settings.per_ip,
            proxies: match config.has_tls() {
                // Then everyone may come by themselves.
                true => Vec::new(),
                false => settings.proxies.clone(),
            },
            forwarding: Forwarding::new(config),
            open: Mutex::default(),
            new: Rates::new(settings.new_per_ip),
            metrics,
            alive,
        };
        (Arc::new(crowd), emptied)
    }

    fn enter(self: &Arc<Self>, ip: IpAddr, permit: OwnedSemaphorePermit) -> Option<Place> {
        let is_proxy = || self.proxies.iter().any(|network| network.contains(ip));
        if !self.proxies.is_empty() && !ip.to_canonical().is_loopback() && !is_proxy() {
            return None;
        }
        let is_counted = !ip.to_canonical().is_loopback() && !self.forwarding.trusts(ip);
        let counted = match is_counted {
            true => Some(self.count(ip, true)?),
            false => None,
        };
        self.metrics.connections.up();
        Some(Place {
            crowd: Arc::clone(self),
            _counted: counted,
            _permit: permit,
            _alive: self.alive.clone(),
        })
    }

    /// Counts one more of an address, unless it has too many.
    fn count(self: &Arc<Self>, ip: IpAddr, is_new: bool) -> Option<Counted> {
        let party = party(ip);
        if is_new {
            self.new.take(&party, Instant::now()).ok()?;
        }
        let mut open = self.open();
        let count = open.entry(party).or_insert(0);
        if self.per_ip > 0 && *count >= self.per_ip {
            return None;
        }
        *count += 1;
        drop(open);
        let crowd = Arc::clone(self);
        Some(Counted { crowd, party })
    }

    /// Who asks by a request of this connection; none if their address has too much open.
    fn visitor(place: &Arc<Place>, sender: Sender, is_upgrade: bool) -> Option<Visitor> {
        let counted = match sender.is_forwarded {
            true => Some(Arc::new(place.crowd.count(sender.ip, is_upgrade)?)),
            false => None,
        };
        Some(Visitor {
            ip: sender.ip,
            is_plain: sender.is_plain,
            _place: Arc::clone(place),
            _counted: counted,
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.metrics.connections.down();
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.crowd.open();
        if let Some(count) = open.get_mut(&self.party) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.party);
            }
        }
    }
}

/// The address that counts as one party: of IPv6 the 64 bits that a household has.
fn party(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) if !ip.is_loopback() => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        ip => ip,
    }
}

/// Takes connections in until `ending` says so.
pub async fn listen(
    (tcp, tls): (TcpListener, Option<Tls>),
    routes: Router,
    crowd: Arc<Crowd>,
    header_wait: Duration,
    ending: watch::Receiver<bool>,
) {
    let mut over = ending.clone();
    let accept_all = async {
        loop {
            // Nobody closes the semaphore.
            let Ok(permit) = Arc::clone(&crowd.places).acquire_owned().await else {
                return;
            };
            let (stream, peer) = match tcp.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                    continue;
                }
            };
            let Some(place) = crowd.enter(peer.ip(), permit) else {
                continue;
            };
            tokio::spawn(attend(
                (stream, tls.clone()),
                (peer.ip(), place),
                routes.clone(),
                header_wait,
                ending.clone(),
            ));
        }
    };
    tokio::select! {
        () = accept_all => {}
        _ = over.wait_for(|over| *over) => {}
    }
}

/// One connection, until it ends or becomes a WebSocket.
async fn attend(
    (stream, tls): (TcpStream, Option<Tls>),
    (peer, place): (IpAddr, Place),
    routes: Router,
    header_wait: Duration,
    mut ending: watch::Receiver<bool>,
) {
    // Frames are small and each is waited for; without it they would only be later.
    let _ = stream.set_nodelay(true);
    let place = Arc::new(place);
    let stream = match tls {
        Some(tls) => match tls.accept(stream, header_wait, Arc::clone(&place)).await {
            Ok(inside) => inside,
            Err(error) => {
                tracing::debug!(%error, "a handshake failed");
                return;
            }
        },
        None => stream,
    };
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let crowd = &place.crowd;
        let sender = crowd.forwarding.sender(peer, request.headers());
        let is_upgrade = request.headers().contains_key(UPGRADE);
        let visitor = Crowd::visitor(&place, sender, is_upgrade);
        let mut routes = routes.clone();
        async move {
            let Some(visitor) = visitor else {
                return Ok::<Response<Body>, Infallible>(http::too_many());
            };
            request.extensions_mut().insert(visitor);
            routes.call(request).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_wait)
        .max_buf_size(HEAD_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            }
            return;
        }
        () = sleep(LIFE) => {}
        _ = ending.wait_for(|over| *over) => {}
    }
    connection.as_mut().graceful_shutdown();
    // Whoever reads too slowly for this is given up.
    let _ = timeout(FINISH, connection).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn enter(crowd: &Arc<Crowd>, ip: &str) -> Option<Place> {
        let permit = Arc::clone(&crowd.places).acquire_owned().await.unwrap();
        crowd.enter(ip.parse().unwrap(), permit)
    }

    #[tokio::test]
    async fn one_address_has_so_many_connections_and_gets_back_what_it_closes() {
        let mut config = Config::default();
        config.set("connections.per_ip", "2").unwrap();
        let (crowd, _emptied) = Crowd::new(&config, Arc::default());
        let one = enter(&crowd, "192.0.2.1").await;
        let two = enter(&crowd, "::ffff:192.0.2.1").await;
        assert!(one.is_some() && two.is_some());
        assert!(enter(&crowd, "192.0.2.1").await.is_none());
        assert!(enter(&crowd, "192.0.2.2").await.is_some());
        drop(one);
        assert!(enter(&crowd, "192.0.2.1").await.is_some());
        drop(two);
        assert!(crowd.open().is_empty());
        assert_eq!(crowd.metrics.connections.get(), 0);
    }

    #[tokio::test]
    async fn new_connections_of_one_address_have_a_rate_and_loopback_has_none() {
        let mut config = Config::default();
        config
            .set("connections.new_per_ip", "2 then 1 per 1 h")
            .unwrap();
        let (crowd, _emptied) = Crowd::new(&config, Arc::default());
        for _ in 0..2 {
            assert!(enter(&crowd, "2001:db8::1").await.is_some());
        }
        assert!(
            enter(&crowd, "2001:db8::2").await.is_none(),
            "the same household"
        );
        for _ in 0..10 {
            assert!(enter(&crowd, "127.0.0.1").await.is_some());
        }
    }

    #[tokio::test]
    async fn where_proxies_are_named_nobody_else_connects() {
        let mut config = Config::default();
        config.set("connections.proxies", "172.16.0.0/12").unwrap();
        let (crowd, _emptied) = Crowd::new(&config, Arc::default());
        for (ip, comes_in) in [
            ("172.17.0.1", true),
            ("::ffff:172.17.0.1", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(enter(&crowd, ip).await.is_some(), comes_in, "{ip}");
        }
    }

    #[tokio::test]
    async fn behind_a_proxy_its_visitors_are_counted_and_not_the_proxy() {
        let mut config = Config::default();
        config.set("connections.proxies", "10.0.0.0/8").unwrap();
        config.set("connections.per_ip", "2").unwrap();
        config
            .set("connections.new_per_ip", "3 then 1 per 1 h")
            .unwrap();
        let (crowd, _emptied) = Crowd::new(&config, Arc::default());
        let mut places = Vec::new();
        for _ in 0..10 {
            places.push(enter(&crowd, "10.0.0.1").await.expect("a proxy"));
        }
        let place = Arc::new(places.pop().unwrap());
        let ask = |from: &str, is_upgrade| {
            let mut headers = axum::http::HeaderMap::new();
            headers.insert("x-forwarded-for", from.parse().unwrap());
            let sender = crowd
                .forwarding
                .sender("10.0.0.1".parse().unwrap(), &headers);
            Crowd::visitor(&place, sender, is_upgrade)
        };
        let one = ask("192.0.2.1", true).expect("the first");
        let two = ask("192.0.2.1", false).expect("the second");
        assert_eq!(two.ip.to_string(), "192.0.2.1");
        assert!(ask("192.0.2.1", false).is_none(), "two are open");
        assert!(ask("192.0.2.2", true).is_some());
        drop(two.clone());
        assert!(ask("192.0.2.1", false).is_none(), "a clone is no end");
        drop(two);
        assert!(ask("192.0.2.1", true).is_some());
        assert!(ask("192.0.2.1", true).is_some());
        assert!(ask("192.0.2.1", true).is_none(), "too many new ones");
        assert!(ask("192.0.2.1", false).is_some(), "a request is none");
        drop(one);
        assert!(crowd.open().is_empty());
    }

    #[tokio::test]
    async fn the_end_of_all_is_heard() {
        let (crowd, mut emptied) = Crowd::new(&Config::default(), Arc::default());
        let place = enter(&crowd, "127.0.0.1").await.unwrap();
        drop(crowd);
        assert!(emptied.try_recv() == Err(mpsc::error::TryRecvError::Empty));
        drop(place);
        assert_eq!(emptied.recv().await, None);
    }
}
