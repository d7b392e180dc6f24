//! TLS of the relay's own: certificate and key from files, read again when they change or on SIGHUP. New ones that do not hold are told
//! of with their cure, and the old ones stay.
//!
//! For all that comes after, a connection under TLS is one without: its bytes pass through a pair of sockets, so that what reads and
//! writes requests and lines of agents knows one kind of stream. That costs two more files for each, and a copy in memory.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use webpki::{EndEntityCert, Error as Fault, KeyUsage};

use crate::config::Config;

/// How often it is looked whether the files are others.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// From then on the log tells how long a certificate still holds.
const WARN_BEFORE: Duration = Duration::from_hours(14 * 24);
/// What is copied at once, from and to the other side.
const COPY: usize = 4 * 1024;
/// Beyond every certificate: the end of the year 9999, in seconds since 1970.
const END_OF_TIME: u64 = 253_402_300_799;

/// Why a certificate cannot be used, with what to do.
#[derive(Debug)]
pub struct TlsError(String);

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

/// Shakes hands with whoever connects, by the certificate that holds now.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
    files: Arc<Files>,
}

/// Where certificate and key stand, and whose they must be.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// The host of `public_url`.
    host: Option<String>,
}

/// What is shown to whoever connects.
struct Shown(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

impl Tls {
    /// Reads the files that the configuration names; nothing if it names none.
    pub fn open(config: &Config) -> Result<Option<Self>, TlsError> {
        if !config.has_tls() {
            return Ok(None);
        }
        let files = Files {
            certificate: config.tls.certificate.clone().into(),
            key: config.tls.key.clone().into(),
            host: config.public_host().map(str::to_owned),
        };
        let shown = Arc::new(Shown(RwLock::new(Arc::new(files.read()?))));
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Self {
            acceptor: TlsAcceptor::from(Arc::new(server)),
            shown,
            files: Arc::new(files),
        }))
    }

    /// Shakes hands, and gives the stream of what is said inside. `held` is let go once the last of it has left.
    pub async fn accept<T: Send + 'static>(
        &self,
        stream: TcpStream,
        wait: Duration,
        held: T,
    ) -> io::Result<TcpStream> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no handshake");
        let shaking = timeout(wait, self.acceptor.accept(stream)).await;
        let mut outside = shaking.map_err(late)??;
        let (inside, mut own) = pair().await?;
        tokio::spawn(async move {
            // However it ends, it has ended.
            let _ = copy_bidirectional_with_sizes(&mut outside, &mut own, COPY, COPY).await;
            drop(held);
        });
        Ok(inside)
    }

    /// Follows the files for as long as the relay runs.
    pub async fn follow(self) {
        let mut hangups = Hangups::hear();
        let (mut used, mut seen) = (self.stamp().await, None);
        loop {
            tokio::select! {
                () = hangups.next() => seen = None,
                () = tokio::time::sleep(LOOK_EVERY) => {
                    let stamp = self.stamp().await;
                    // Two files are not replaced at once: what changed must have come to rest.
                    let has_changed = stamp != used && seen.replace(stamp) == Some(stamp);
                    if !has_changed {
                        continue;
                    }
                }
            }
            used = self.stamp().await;
            self.read_again().await;
        }
    }

    async fn read_again(&self) {
        let files = Arc::clone(&self.files);
        let read = tokio::task::spawn_blocking(move || files.read()).await;
        match read {
            Ok(Ok(read)) => {
                let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
                *shown = Arc::new(read);
                tracing::info!("a new certificate is shown");
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the new certificate is not used, the old one stays");
            }
            Err(error) => tracing::warn!(%error, "the certificate could not be read again"),
        }
    }

    /// What tells whether the files are others.
    async fn stamp(&self) -> [Option<(SystemTime, u64)>; 2] {
        let files = Arc::clone(&self.files);
        let looked = tokio::task::spawn_blocking(move || {
            [&files.certificate, &files.key].map(|path| {
                let found = fs::metadata(path).ok()?;
                Some((found.modified().ok()?, found.len()))
            })
        });
        looked.await.unwrap_or_default()
    }
}

impl Files {
    /// Certificate and key, if they fit each other, the relay's name and today.
    fn read(&self) -> Result<CertifiedKey, TlsError> {
        let (at, key_at) = (self.certificate.display(), self.key.display());
        let chain = self.chain()?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key, "tls.key")?).map_err(|error| {
            TlsError(format!(
                "tls.key = {key_at}: no private key in PEM ({error}); name the file that was made together with the certificate, often privkey.pem"
            ))
        })?;
        let pair = CertifiedKey::from_der(chain.clone(), key, &ring::default_provider());
        let pair = pair.map_err(|error| {
            TlsError(format!(
                "tls.key = {key_at} does not belong to tls.certificate = {at} ({error}): name the two that were made together"
            ))
        })?;
        let Some(first) = chain.first() else {
            return Err(TlsError(format!("tls.certificate = {at} is empty")));
        };
        self.judge(first, SystemTime::now())?;
        Ok(pair)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let at = self.certificate.display();
        let bytes = read(&self.certificate, "tls.certificate")?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| {
            TlsError(format!(
                "tls.certificate = {at}: no certificate in PEM; name the file with the whole chain, often fullchain.pem"
            ))
        })
    }

    /// Whether browsers would take a certificate today, as far as can be told without knowing whom they believe.
    fn judge(&self, certificate: &CertificateDer<'_>, now: SystemTime) -> Result<(), TlsError> {
        let at = self.certificate.display();
        let unreadable =
            |error| TlsError(format!("tls.certificate = {at} cannot be read: {error}"));
        let parsed = EndEntityCert::try_from(certificate).map_err(unreadable)?;
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        match time_fault(&parsed, now) {
            Some(Fault::CertExpired { not_after, .. }) => {
                return Err(TlsError(format!(
                    "tls.certificate = {at} is over since {}: renew it",
                    date(not_after)
                )));
            }
            Some(Fault::CertNotValidYet { not_before, .. }) => {
                return Err(TlsError(format!(
                    "tls.certificate = {at} holds from {} on only: wait, or set this machine's clock right",
                    date(not_before)
                )));
            }
            _ => {}
        }
        if let Some(Fault::CertExpired { not_after, .. }) =
            time_fault(&parsed, Duration::from_secs(END_OF_TIME))
        {
            let left = Duration::from_secs(not_after.as_secs()).saturating_sub(now);
            if left < WARN_BEFORE {
                let until = date(not_after);
                tracing::warn!(until, "the certificate is over soon: renew it");
            }
        }
        let Some(host) = &self.host else {
            return Ok(());
        };
        let is_theirs = ServerName::try_from(host.as_str())
            .is_ok_and(|name| parsed.verify_is_valid_for_subject_name(&name).is_ok());
        match is_theirs {
            true => Ok(()),
            false => Err(TlsError(format!(
                "tls.certificate = {at} is not for {host}, which public_url says: browsers would refuse it; get one for that name"
            ))),
        }
    }
}

/// What is wrong with a certificate at a time. Nobody is believed, so there is always something; its time is looked at first.
fn time_fault(certificate: &EndEntityCert<'_>, now: Duration) -> Option<Fault> {
    let now = UnixTime::since_unix_epoch(now);
    let usage = KeyUsage::server_auth();
    let judged = certificate.verify_for_usage(&[], &[], &[], now, usage, None, None);
    judged.err()
}

fn read(path: &Path, key: &str) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| {
        TlsError(format!(
            "{key} = {}: {error}; name a file that the user who runs the relay may read",
            path.display()
        ))
    })
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "some day".into(), |at| at.to_string())
}

/// Two streams of which each hears what the other says.
#[cfg(unix)]
#[expect(clippy::unused_async, reason = "elsewhere it waits")]
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    use std::os::fd::OwnedFd;
    let (one, other) = std::os::unix::net::UnixStream::pair()?;
    let stream = |end: std::os::unix::net::UnixStream| {
        end.set_nonblocking(true)?;
        // For reading, writing and waiting a stream is a stream.
        TcpStream::from_std(OwnedFd::from(end).into())
    };
    Ok((stream(one)?, stream(other)?))
}

#[cfg(not(unix))]
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let one = TcpStream::connect(listener.local_addr()?).await?;
    loop {
        let (other, from) = listener.accept().await?;
        if from == one.local_addr()? {
            return Ok((one, other));
        }
    }
}

/// SIGHUP: read everything again.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Hangups {
    fn hear() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self {
            signal: signal(SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) {
        match &mut self.signal {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
impl Hangups {
    fn hear() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
