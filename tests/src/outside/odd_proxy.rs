//! A proxy that does what wrongly set up ones do: it writes the heads of requests anew, or cuts lines that are silent for a while.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// What is odd about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Oddity {
    /// Lines that begin with one of these, in small letters, are left out of each request's head.
    pub drops: &'static [&'static str],
    /// Lines that are silent for so long are cut.
    pub patience: Option<Duration>,
}

/// A proxy before one relay. It ends when it is dropped.
pub struct OddProxy {
    address: SocketAddr,
    target: Arc<OnceLock<SocketAddr>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for OddProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl OddProxy {
    /// Listens on a port of its own; where it leads is said once the relay runs.
    pub async fn listen(oddity: Oddity) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound port");
        let target = Arc::new(OnceLock::new());
        let aimed = Arc::clone(&target);
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if let Some(target) = aimed.get() {
                    tokio::spawn(carry(near, *target, oddity));
                }
            }
        });
        Self {
            address,
            target,
            accepting,
        }
    }

    /// Where it leads from now on.
    pub fn aim(&self, target: SocketAddr) {
        self.target.set(target).expect("it is said once");
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn carry(mut near: TcpStream, target: SocketAddr, oddity: Oddity) {
    let Some((head, body)) = head_of(&mut near).await else {
        return;
    };
    let Ok(mut far) = TcpStream::connect(target).await else {
        let _ = near
            .write_all(
                b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            )
            .await;
        return;
    };
    let lines = head.split("\r\n").filter(|line| {
        let line = line.to_ascii_lowercase();
        !oddity.drops.iter().any(|dropped| line.starts_with(dropped))
    });
    let head = lines.collect::<Vec<_>>().join("\r\n");
    if far.write_all(head.as_bytes()).await.is_err() || far.write_all(&body).await.is_err() {
        return;
    }
    let (mut near_read, mut near_write) = near.split();
    let (mut far_read, mut far_write) = far.split();
    let (mut from_near, mut from_far) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        let next = async {
            tokio::select! {
                count = near_read.read(&mut from_near) => {
                    let count = count.ok().filter(|count| *count > 0)?;
                    far_write.write_all(&from_near[..count]).await.ok()
                }
                count = far_read.read(&mut from_far) => {
                    let count = count.ok().filter(|count| *count > 0)?;
                    near_write.write_all(&from_far[..count]).await.ok()
                }
            }
        };
        let patience = oddity.patience.unwrap_or(Duration::MAX);
        if !matches!(timeout(patience, next).await, Ok(Some(()))) {
            return;
        }
    }
}

/// The head of a request with its empty line, and what came of the body with it.
async fn head_of(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(at + 4);
            return Some((String::from_utf8(bytes).ok()?, body));
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(count) if count > 0 => bytes.extend(&more[..count]),
            _ => return None,
        }
    }
}
