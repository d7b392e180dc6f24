//! Somebody else's site: another origin under a name of its own, a policy of its own, and a count of what browsers report of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What else lies on the site: where, of which kind, and its text.
pub type File = (&'static str, &'static str, &'static str);

pub struct Site {
    address: SocketAddr,
    reports: Arc<AtomicUsize>,
}

impl Site {
    /// A site whose page is this document under this policy (none if it is empty).
    pub async fn open(policy: &str, document: &str, files: &[File]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let reports = Arc::new(AtomicUsize::new(0));
        let policy = match policy {
            "" => String::new(),
            rules => format!("Content-Security-Policy: {rules}; report-uri /reports\r\n"),
        };
        let answer = |kind: &str, policy: &str, text: &str| {
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n{policy}\r\n{text}",
                text.len()
            )
        };
        let page = answer("text/html", &policy, document);
        let files: Vec<_> = files
            .iter()
            .map(|(path, kind, text)| (format!(" {path} "), answer(kind, "", text)))
            .collect();
        let count = Arc::clone(&reports);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 2_048];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]);
                if head.starts_with("POST /reports") {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                let asked = head.lines().next().unwrap_or_default();
                let file = files.iter().find(|(path, _)| asked.contains(path));
                let answer = file.map_or(&page, |(_, answer)| answer);
                // A browser that goes away meanwhile has read enough.
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, reports }
    }

    /// Under a name of its own, so that the relay's cookies are not the site's either.
    pub fn url(&self) -> String {
        format!("{}/", self.origin("shop.localhost"))
    }

    /// The same site under another name of this machine.
    pub fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.address.port())
    }

    /// What browsers reported of its policy.
    pub fn reports(&self) -> usize {
        self.reports.load(Ordering::Relaxed)
    }
}
