//! What a service manager such as systemd and the relay tell each other: a socket that is open before the relay and after it, and
//! whether the relay is ready, stops, or is alive. Without a manager nothing of this happens.

use std::io;
use std::time::Duration;

use listenfd::ListenFd;
use tokio::net::TcpListener;

/// The socket that the manager opened for this process, if it did. It outlives the process: whoever connects during a restart
/// waits a moment instead of being refused.
pub fn socket() -> io::Result<Option<TcpListener>> {
    let mut given = ListenFd::from_env();
    let Some(listener) = given.take_tcp_listener(0)? else {
        return Ok(None);
    };
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener).map(Some)
}

/// Tells the manager. One that does not hear is no reason to stop.
pub fn tell(what: &str) {
    if let Some(address) = std::env::var_os("NOTIFY_SOCKET")
        && let Err(error) = send(&address, what)
    {
        tracing::warn!(%error, "the service manager cannot be told anything");
    }
}

/// How often the manager wants to hear that the relay is alive: twice in the time after which it takes it for dead.
pub fn watchdog() -> Option<Duration> {
    let for_us =
        std::env::var("WATCHDOG_PID").map_or(true, |pid| pid.parse() == Ok(std::process::id()));
    let micros: u64 = std::env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    (for_us && micros > 0).then(|| Duration::from_micros(micros / 2))
}

#[cfg(unix)]
fn send(address: &std::ffi::OsStr, what: &str) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let address = match address.as_bytes().split_first() {
        #[cfg(target_os = "linux")]
        Some((b'@', name)) => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)?
        }
        _ => SocketAddr::from_pathname(address)?,
    };
    UnixDatagram::unbound()?.send_to_addr(what.as_bytes(), &address)?;
    Ok(())
}

#[cfg(not(unix))]
fn send(_: &std::ffi::OsStr, _: &str) -> io::Result<()> {
    Ok(())
}
