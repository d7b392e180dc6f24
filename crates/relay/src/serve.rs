//! The relay's life: open the store, listen, serve, drain, end.
//!
//! # How it ends
//!
//! SIGTERM or SIGINT: `/readyz` says no and nobody new comes in; the services say goodbye to everyone with a time to come back;
//! what was handed to the store is written and answered; then the listener closes and the threads of the store are joined. All
//! of it takes at most `drain`.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lamplight_core::address::ServerId;
use lamplight_core::service::Service;
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, timeout_at};

use crate::clock::Clock;
use crate::config::Config;
use crate::http::{self, Site};
use crate::hub::{Door, Hub, Parts};
use crate::identity::{Keeper, invitations};
use crate::listener::{self, Crowd};
use crate::manager;
use crate::metrics::Metrics;
use crate::pinned;
use crate::store::writer::{self, Threads};
use crate::store::{OpenError, Room, Store};
use crate::tls::{Tls, TlsError};

/// How often guests, logins and messages whose time is over are forgotten.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// How often it is looked whether something was done from outside; what is open of it closes within two seconds.
const OUTSIDE_EVERY: Duration = Duration::from_millis(500);
/// How long last words to sockets may take once the services are done.
const LAST_WORDS: Duration = Duration::from_secs(6);

/// Why the relay did not start, or how it failed.
#[derive(Debug)]
pub enum ServeError {
    Store(OpenError),
    Listen(SocketAddr, io::Error),
    Passwords(String),
    Tls(TlsError),
    Signals(io::Error),
    NoRandomness,
    /// The one task that owns the services is gone.
    HubFailed,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Listen(address, error) => {
                write!(
                    f,
                    "cannot listen on {address}: {error}; choose another with --listen"
                )
            }
            Self::Passwords(error) => write!(f, "passwords cannot be hashed: {error}"),
            Self::Tls(error) => error.fmt(f),
            Self::Signals(error) => write!(f, "cannot hear signals: {error}"),
            Self::NoRandomness => f.write_str("the system gives no random numbers"),
            Self::HubFailed => f.write_str("the services failed; the log says where"),
        }
    }
}

impl std::error::Error for ServeError {}

impl From<OpenError> for ServeError {
    fn from(error: OpenError) -> Self {
        Self::Store(error)
    }
}

/// Serves until a signal says otherwise.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    let config = Arc::new(config);
    let mut signals = Signals::hear().map_err(ServeError::Signals)?;
    let address = config.relay.listen;
    let tls = Tls::open(&config).map_err(ServeError::Tls)?;
    let room = Room {
        messages: config.inbox.messages,
        bytes: config.inbox.bytes.0,
    };
    let store = Store::open(&config.relay.data)?.with_room(room);
    let no_socket = |error| ServeError::Listen(address, error);
    let tcp = match manager::socket().map_err(no_socket)? {
        Some(given) => given,
        None => TcpListener::bind(address).await.map_err(no_socket)?,
    };
    let plain = match config.tls.redirect {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            Some(bound.map_err(|error| ServeError::Listen(address, error))?)
        }
        None => None,
    };
    let bound = tcp
        .local_addr()
        .map_err(|error| ServeError::Listen(address, error))?;

    pinned::keep(&config.relay.data);
    let (answer, answers) = unbounded_channel();
    let (store, threads) = writer::start(store, answer.clone())?;
    let server = server()?;
    let metrics = Arc::new(Metrics {
        server,
        ..Metrics::default()
    });
    let keeper = Keeper::new(
        Arc::clone(&config),
        store.clone(),
        answer.clone(),
        Arc::clone(&metrics),
    );
    let keeper = Arc::new(keeper.map_err(ServeError::Passwords)?);
    let (drain, draining) = watch::channel(false);
    let clock = Clock::start();
    let (hub, door) = Hub::new(Parts {
        service: Service::new(config.service(server), seed()?, clock.now()),
        clock,
        store: store.clone(),
        keeper: Arc::clone(&keeper),
        metrics: Arc::clone(&metrics),
        answers,
        answer,
        draining: draining.clone(),
    });
    let alive_door = door.clone();
    let mut hub = tokio::spawn(hub.run());
    tokio::spawn(sweep(Arc::clone(&keeper)));
    let keeper_there = Arc::clone(&keeper);
    tokio::spawn(follow_outside(Arc::clone(&keeper)));

    let site = Arc::new(Site::new(
        Arc::clone(&config),
        bound,
        keeper,
        door,
        store.clone(),
        Arc::clone(&metrics),
        draining,
    ));
    let (crowd, mut emptied) = Crowd::new(&config, metrics);
    let (end, ending) = watch::channel(false);
    let wait = config.connections.header_wait;
    if let Some(plain) = plain {
        let leading = http::leading_to(&config.relay.public_url);
        let (crowd, ending) = (Arc::clone(&crowd), ending.clone());
        tokio::spawn(listener::listen(
            (plain, None),
            leading,
            crowd,
            wait,
            ending,
        ));
    }
    if let Some(tls) = &tls {
        tokio::spawn(tls.clone().follow());
    }
    let listening = listener::listen((tcp, tls), http::routes(site), crowd, wait, ending);
    let listening = tokio::spawn(listening);
    let first_admin = keeper_there.first_admin().await;
    announce(&config, bound, first_admin.ok().flatten());
    manager::tell("READY=1");
    let alive = tokio::spawn(say_alive(alive_door));

    let failed = tokio::select! {
        () = signals.next() => false,
        _ = &mut hub => true,
    };
    let until = Instant::now() + config.relay.drain;
    manager::tell("STOPPING=1");
    tracing::info!("draining");
    // The hub holds a receiver as long as it runs.
    let _ = drain.send(true);
    if !failed {
        let drained = tokio::select! {
            drained = timeout_at(until, &mut hub) => drained.is_ok(),
            () = signals.next() => false,
        };
        if !drained {
            tracing::warn!("not everything was said before the time to stop was over");
        }
    }
    // Then nothing is alive any more but what is left to write.
    alive.abort();
    let _ = end.send(true);
    let _ = listening.await;
    // Ends when the last connection has dropped its place.
    let _ = timeout_at(until.min(Instant::now() + LAST_WORDS), emptied.recv()).await;
    store.stop();
    join(threads).await;
    tracing::info!("stopped");
    if failed {
        Err(ServeError::HubFailed)
    } else {
        Ok(())
    }
}

async fn join(threads: Threads) {
    // What was accepted is written, however long the disk takes.
    let _ = tokio::task::spawn_blocking(|| threads.join()).await;
}

/// The one line that programs wait for.
fn announce(config: &Config, bound: SocketAddr, first_admin: Option<String>) {
    let mut out = io::stdout().lock();
    // Whoever started us may not listen.
    let _ = writeln!(out, "Lamplight is ready at {}://{bound}", config.scheme());
    if !config.relay.public_url.is_empty() {
        let _ = writeln!(out, "Browsers find it at {}", config.relay.public_url);
    }
    if let Some(secret) = first_admin {
        let base = config.page(bound);
        // Said here and nowhere else: it is no line of the log.
        let _ = writeln!(
            out,
            "There is no admin yet. Whoever opens this link within 24 hours becomes the first:\n  {}",
            invitations::link(&base, &secret)
        );
    }
    let _ = out.flush();
}

/// Forgets what has had its time, now and then: guests, logins, old messages.
async fn sweep(keeper: Arc<Keeper>) {
    let mut times = tokio::time::interval(SWEEP_EVERY);
    loop {
        times.tick().await;
        while keeper.sweep().await {}
        while keeper.forget_old().await {}
    }
}

/// `lamplight site` and `lamplight account` write to the same store beside the relay, which closes what is open.
async fn follow_outside(keeper: Arc<Keeper>) {
    let mut times = tokio::time::interval(OUTSIDE_EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        keeper.follow_outside().await;
        keeper.rescope().await;
    }
}

/// Tells the service manager that the hub still answers, if it wants to know.
async fn say_alive(door: Door) {
    let Some(every) = manager::watchdog() else {
        return;
    };
    let mut times = tokio::time::interval(every);
    loop {
        times.tick().await;
        if door.answers().await {
            manager::tell("WATCHDOG=1");
        }
    }
}

fn seed() -> Result<u64, ServeError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| ServeError::NoRandomness)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Which SERVER this is, told apart from the one before and from others; small enough for the numbers of scripts.
fn server() -> Result<ServerId, ServeError> {
    Ok(ServerId(seed()? >> 11))
}

/// The signals that end the relay.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn hear() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn hear() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without that signal there is nothing to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
