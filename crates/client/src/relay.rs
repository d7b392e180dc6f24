//! Where a relay is, and the connection to it, plain or under TLS. Both the door and the line begin here.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hyper::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::Error;

/// A connection that is not there by then is not coming: a cut network never says so itself.
const CONNECT_WITHIN: Duration = Duration::from_secs(12);

/// The address of a relay: `https://chat.example.org`, or `http://127.0.0.1:2778`.
#[derive(Clone, Debug)]
pub struct Relay {
    host: String,
    port: u16,
    tls: Option<Trust>,
    /// Where it is dialled, if that is not what its name says.
    at: Option<SocketAddr>,
}

/// Whom a connection under TLS believes: whom the system believes, so that a relay with a certificate of its owner's own
/// authority needs no word here.
#[derive(Clone)]
struct Trust(Arc<ClientConfig>);

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trust")
    }
}

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Relay {
    /// Reads an address. Nothing may stand behind host and port: a relay has them to itself.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = || Error::BadRelay(text.to_owned());
        let uri: Uri = text.trim().parse().map_err(|_| bad())?;
        let tls = match uri.scheme_str().ok_or_else(bad)? {
            "https" | "wss" => Some(SYSTEM.clone()),
            "http" | "ws" => None,
            _ => return Err(bad()),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let has_more = !matches!(uri.path(), "" | "/") || uri.query().is_some();
        let has_login = uri
            .authority()
            .is_some_and(|all| all.as_str().contains('@'));
        let host = host.filter(|_| !has_more && !has_login).ok_or_else(bad)?;
        let usual = if tls.is_some() { 443 } else { 80 };
        Ok(Self {
            port: uri.port_u16().unwrap_or(usual),
            host: host.to_owned(),
            tls,
            at: None,
        })
    }

    /// The same relay, dialled at an address of one's own choice: past the proxy and the DNS, under its own name.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Self {
        Self {
            at: Some(address),
            ..self
        }
    }

    /// Whether nobody on the way can read along.
    pub fn is_private(&self) -> bool {
        let loopback = ["localhost", "127.0.0.1", "[::1]"];
        self.tls.is_some() || loopback.contains(&self.host.as_str())
    }

    /// Host and port, as a `Host` header names them.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.tls.is_some() { 443 } else { 80 };
        match self.port == usual {
            true => self.host.clone(),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Opens a connection.
    pub(crate) async fn dial(&self) -> io::Result<Box<dyn Stream>> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer");
        tokio::time::timeout(CONNECT_WITHIN, self.open())
            .await
            .map_err(late)?
    }

    async fn open(&self) -> io::Result<Box<dyn Stream>> {
        // An address of IPv6 stands in brackets only where a port may follow.
        let host = self.host.trim_matches(['[', ']']);
        let stream = match self.at {
            Some(address) => TcpStream::connect(address).await?,
            None => TcpStream::connect((host, self.port)).await?,
        };
        stream.set_nodelay(true)?;
        let Some(Trust(config)) = &self.tls else {
            return Ok(Box::new(stream));
        };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(config));
        Ok(Box::new(connector.connect(name, stream).await?))
    }
}

/// The authorities that the system trusts, read once. Where there are none, every certificate is refused.
static SYSTEM: LazyLock<Trust> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // One that cannot be read vouches for nobody.
        let _ = roots.add(certificate);
    }
    trust(roots)
});

fn trust(roots: RootCertStore) -> Trust {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers what the default versions need")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Trust(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;

    #[test]
    fn an_address_is_a_scheme_a_host_and_perhaps_a_port() {
        let authority = |text: &str| Relay::parse(text).map(|relay| relay.authority()).ok();
        assert_eq!(
            authority("http://127.0.0.1:2778").as_deref(),
            Some("127.0.0.1:2778")
        );
        assert_eq!(
            authority("https://chat.example.org/").as_deref(),
            Some("chat.example.org")
        );
        assert_eq!(
            authority("wss://chat.example.org:444").as_deref(),
            Some("chat.example.org:444")
        );
        assert_eq!(authority("ws://[::1]:2778").as_deref(), Some("[::1]:2778"));
        for bad in [
            "",
            "chat.example.org",
            "ftp://chat.example.org",
            "http://chat.example.org/lamp",
            "http://alice:secret@chat.example.org",
            "http://",
        ] {
            assert_eq!(authority(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_stays_in_this_machine_or_goes_under_tls_is_private() {
        let private = |text: &str| Relay::parse(text).unwrap().is_private();
        assert!(private("http://localhost:2778") && private("https://chat.example.org"));
        assert!(!private("http://chat.example.org"));
    }

    #[tokio::test]
    async fn a_certificate_is_believed_only_from_whom_one_trusts() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(server));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    stream.write_all(b"hello").await.unwrap();
                    stream.flush().await.unwrap();
                }
            }
        });
        let mut relay = Relay::parse(&format!("https://localhost:{port}")).unwrap();
        relay.tls = Some(trust(RootCertStore::empty()));
        assert!(relay.dial().await.is_err(), "nobody vouches for it");
        let named = Relay::parse("https://chat.example.org").unwrap();
        assert_eq!(
            named.at(([127, 0, 0, 1], port).into()).authority(),
            "chat.example.org"
        );
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        relay.tls = Some(trust(roots));
        let mut stream = relay.dial().await.unwrap();
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
    }
}
