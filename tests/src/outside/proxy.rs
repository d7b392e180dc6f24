//! A network of our own between people and relay, because a browser's "offline" leaves open sockets open: TCP that can be cut
//! without a word, reset, held up, delayed and mended.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the network does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    /// Bytes flow, each after the delay.
    Fair(Duration),
    /// Bytes wait, none is lost.
    Paused,
    /// Bytes vanish both ways while sockets stay open. A connection that lived through this never flows again.
    Cut,
    /// New connections are reset.
    Closed,
}

/// A TCP proxy whose network the test controls. Everything ends when it is dropped.
pub struct CutProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

struct Shared {
    target: Mutex<Option<SocketAddr>>,
    weather: watch::Sender<Weather>,
    /// Counts resets; a connection that sees it change is reset.
    resets: watch::Sender<u64>,
    accepted: AtomicUsize,
    open: AtomicUsize,
}

impl Drop for CutProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.reset();
    }
}

impl CutProxy {
    /// Listens on a port of its own; what it leads to may start later, see [`CutProxy::aim`].
    pub async fn listen() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound port");
        let shared = Arc::new(Shared {
            target: Mutex::new(None),
            weather: watch::Sender::new(Weather::Fair(Duration::ZERO)),
            resets: watch::Sender::new(0),
            accepted: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Self {
            address,
            shared,
            accepting,
        }
    }

    /// A proxy before this target.
    pub async fn before(target: SocketAddr) -> Self {
        let proxy = Self::listen().await;
        proxy.aim(target);
        proxy
    }

    /// Where bytes go from now on.
    pub fn aim(&self, target: SocketAddr) {
        *self.shared.target.lock().expect("no holder panics") = Some(target);
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a page that is loaded through here has as its origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections that were accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// A pulled cable: bytes vanish both ways, nobody is told.
    pub fn cut(&self) {
        self.shared.weather.send_replace(Weather::Cut);
    }

    /// Bytes wait until the network is restored.
    pub fn pause(&self) {
        self.shared.weather.send_replace(Weather::Paused);
    }

    /// Every byte comes this much later.
    pub fn delay(&self, by: Duration) {
        self.shared.weather.send_replace(Weather::Fair(by));
    }

    /// Open connections are reset; new ones are welcome.
    pub fn reset(&self) {
        self.shared.resets.send_modify(|count| *count += 1);
    }

    /// Open connections are reset and so is every new one: as if nobody listened.
    pub fn close(&self) {
        self.shared.weather.send_replace(Weather::Closed);
        self.reset();
    }

    /// All is well again, for new connections and for those that were only held up.
    pub fn restore(&self) {
        self.shared
            .weather
            .send_replace(Weather::Fair(Duration::ZERO));
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(carry(stream, shared.clone()));
    }
}

/// Counts a connection as long as it lives.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn carry(near: TcpStream, shared: Arc<Shared>) {
    shared.open.fetch_add(1, Ordering::Relaxed);
    let counted = Counted(shared.clone());
    let mut resets = shared.resets.subscribe();
    let mut weather = shared.weather.subscribe();
    let first = *weather.borrow_and_update();
    match first {
        Weather::Closed => return abort(near),
        // A black hole accepts and says nothing more; the peer's own patience ends it.
        Weather::Cut => {
            let _ = resets.changed().await;
            return abort(near);
        }
        Weather::Fair(_) | Weather::Paused => {}
    }
    let target = *shared.target.lock().expect("no holder panics");
    let Some(target) = target else {
        return abort(near);
    };
    let Ok(far) = TcpStream::connect(target).await else {
        return abort(near);
    };
    let _ = near.set_nodelay(true);
    let _ = far.set_nodelay(true);
    // When the connection is reset, closing with unread or unsent bytes and no linger makes it a reset, not an end.
    let _ = near.set_zero_linger();
    let _ = far.set_zero_linger();
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let there = tokio::spawn(pump(near_read, far_write, shared.weather.subscribe()));
    let back = tokio::spawn(pump(far_read, near_write, shared.weather.subscribe()));
    let (stop_there, stop_back) = (there.abort_handle(), back.abort_handle());
    tokio::select! {
        _ = resets.changed() => {}
        _ = async { tokio::join!(there, back) } => {}
    }
    stop_there.abort();
    stop_back.abort();
    drop(counted);
}

fn abort(stream: TcpStream) {
    let _ = stream.set_zero_linger();
}

/// Carries bytes one way until an end; an end is carried too.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            changed = weather.changed() => {
                if changed.is_err() || *weather.borrow_and_update() == Weather::Cut {
                    return black_hole(&mut from, to).await;
                }
                continue;
            }
        };
        let Ok(count) = read else { return };
        match fair(&mut weather).await {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return black_hole(&mut from, to).await,
        }
        if count == 0 {
            let _ = to.shutdown().await;
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Waits out a pause; the delay of fair weather, or nothing when the line is cut.
async fn fair(weather: &mut watch::Receiver<Weather>) -> Option<Duration> {
    loop {
        let now = *weather.borrow_and_update();
        match now {
            Weather::Fair(delay) => return Some(delay),
            Weather::Closed => return Some(Duration::ZERO),
            Weather::Cut => return None,
            Weather::Paused => {
                let _ = weather.changed().await;
            }
        }
    }
}

/// Swallows everything, for ever, and keeps the other half open.
async fn black_hole(from: &mut OwnedReadHalf, to: OwnedWriteHalf) {
    let mut buffer = vec![0; 16 * 1024];
    while from.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    std::future::pending::<()>().await;
    drop(to);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn says(stream: &mut TcpStream, wait: Duration) -> Option<std::io::Result<u8>> {
        tokio::time::timeout(wait, stream.read_u8()).await.ok()
    }

    const SOON: Duration = Duration::from_secs(1);
    const NEVER: Duration = Duration::from_millis(150);

    #[tokio::test]
    async fn a_cut_is_silent_a_pause_loses_nothing_a_reset_is_heard() {
        let proxy = CutProxy::before(echo().await).await;
        let mut one = TcpStream::connect(proxy.address()).await.unwrap();
        one.write_u8(1).await.unwrap();
        assert_eq!(says(&mut one, SOON).await.unwrap().unwrap(), 1);

        proxy.pause();
        one.write_u8(2).await.unwrap();
        assert!(says(&mut one, NEVER).await.is_none(), "paused");
        proxy.restore();
        assert_eq!(says(&mut one, SOON).await.unwrap().unwrap(), 2);

        proxy.cut();
        one.write_u8(3).await.unwrap();
        assert!(says(&mut one, NEVER).await.is_none(), "cut");
        let mut dark = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(
            says(&mut dark, NEVER).await.is_none(),
            "a black hole accepts"
        );
        proxy.restore();
        one.write_u8(4).await.unwrap();
        assert!(
            says(&mut one, NEVER).await.is_none(),
            "what was cut stays cut"
        );

        let mut two = TcpStream::connect(proxy.address()).await.unwrap();
        two.write_u8(5).await.unwrap();
        assert_eq!(says(&mut two, SOON).await.unwrap().unwrap(), 5);
        proxy.reset();
        assert!(says(&mut two, SOON).await.unwrap().is_err(), "reset");
        assert_eq!(proxy.accepted(), 3);
    }
}
