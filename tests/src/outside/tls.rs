//! TLS from the other side: a certificate made on the spot, and connections that believe it and nothing else.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A server's name with its certificate and key.
pub struct Identity {
    name: String,
    der: CertificateDer<'static>,
    pub certificate: String,
    pub key: String,
}

impl Identity {
    /// One that vouches for itself.
    pub fn new(name: &str) -> Self {
        Self::holding(name, 2000, 4096)
    }

    /// The same, from the beginning of one year to that of another.
    pub fn holding(name: &str, from: i32, until: i32) -> Self {
        let params = CertificateParams::new([name.to_owned()]);
        let mut params = params.expect("a name that fits a certificate");
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let signing_key = KeyPair::generate().expect("a key");
        let cert = params.self_signed(&signing_key).expect("a certificate");
        Self {
            name: name.into(),
            der: cert.der().clone(),
            certificate: pem("CERTIFICATE", cert.der()),
            key: pem("PRIVATE KEY", &signing_key.serialize_der()),
        }
    }

    /// Writes both into a folder; the paths of certificate and key.
    pub fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let paths = (folder.join("certificate.pem"), folder.join("key.pem"));
        std::fs::write(&paths.0, &self.certificate).expect("a folder of ours");
        std::fs::write(&paths.1, &self.key).expect("a folder of ours");
        paths
    }

    /// A connection to whoever listens there and shows this certificate; `from` is the address of this end.
    pub async fn dial(&self, to: SocketAddr, from: IpAddr) -> io::Result<Box<dyn Stream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).map_err(io::Error::other)?;
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from, 0))?;
        let stream = socket.connect(to).await?;
        let name = ServerName::try_from(self.name.clone()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Box::new(connector.connect(name, stream).await?))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
