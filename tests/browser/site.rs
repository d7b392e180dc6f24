//! Somebody else's site: another origin under a name of its own, a policy of its own, and a count of what browsers report of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What else lies on the site: where, of which kind, and its text.
pub type File = (&'static str, &'static str, &'static str);

/// What the site's backend answers to a request that begins with this line.
pub type Backend = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where a site will be.
pub struct Plot {
    listener: TcpListener,
    address: SocketAddr,
}

pub struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Plot {
    pub async fn claim() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        Self { listener, address }
    }

    /// Under a name of its own, so that the relay's cookies are not the site's either.
    pub fn origin(&self) -> String {
        origin("shop.localhost", self.address)
    }

    /// A site whose page is this document under this policy (none if it is empty).
    pub fn build(self, policy: &str, document: &str, files: &[File], backend: Backend) -> Site {
        let Self { listener, address } = self;
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let policy = match policy {
            "" => String::new(),
            rules => format!("Content-Security-Policy: {rules}; report-uri /reports\r\n"),
        };
        let answer = move |kind: &str, policy: &str, text: &str| -> String {
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
        let json = move |said: &str| answer("application/json", "", said);
        let all = Arc::clone(&asked);
        let answers = Arc::new(move |line: &str| {
            all.lock().expect("no holder panics").push(line.to_owned());
            let file = files.iter().find(|(path, _)| line.contains(path));
            let answer = file.map_or(&page, |(_, answer)| answer);
            backend(line).map_or_else(|| answer.clone(), |said| json(&said))
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answers = Arc::clone(&answers);
                // A browser opens lines before it has something to ask.
                tokio::spawn(async move {
                    let mut head = [0; 2_048];
                    let read = stream.read(&mut head).await.unwrap_or(0);
                    let head = String::from_utf8_lossy(&head[..read]);
                    let answer = answers(head.lines().next().unwrap_or_default());
                    // A browser that goes away meanwhile has read enough.
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Site { address, asked }
    }
}

impl Site {
    /// A site without a backend.
    pub async fn open(policy: &str, document: &str, files: &[File]) -> Self {
        let plot = Plot::claim().await;
        plot.build(policy, document, files, Box::new(|_| None))
    }

    pub fn url(&self) -> String {
        format!("{}/", self.origin("shop.localhost"))
    }

    /// The same site under another name of this machine.
    pub fn origin(&self, host: &str) -> String {
        origin(host, self.address)
    }

    /// What browsers reported of its policy.
    pub fn reports(&self) -> usize {
        self.visits("POST /reports")
    }

    /// Requests that begin so.
    pub fn visits(&self, with: &str) -> usize {
        let asked = self.asked.lock().expect("no holder panics");
        asked.iter().filter(|line| line.starts_with(with)).count()
    }
}

fn origin(host: &str, address: SocketAddr) -> String {
    format!("http://{host}:{}", address.port())
}
