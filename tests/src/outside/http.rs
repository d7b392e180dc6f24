//! A small HTTP/1.1 client that sends exactly what a test says and hides nothing of the answer: no redirects, no cookies of its
//! own, no header that was not asked for but `Host` and `Connection: close`.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A POST as the relay's own page sends it.
    pub fn page_post(origin: &str, path: &str, body: &Value) -> Self {
        Self::new("POST", path)
            .header("origin", origin)
            .header("x-lamplight", "1")
            .json(body)
    }

    /// Adds a header; of a name that is there already it replaces the value.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string().into_bytes())
    }

    #[must_use]
    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    fn bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let mut put = |name: &str, value: &str| {
            head.extend([name, ": ", value, "\r\n"]);
        };
        let has = |name: &str| {
            self.headers
                .iter()
                .any(|(k, _)| k.eq_ignore_ascii_case(name))
        };
        if !has("host") {
            put("host", host);
        }
        if !has("content-length") && (self.method != "GET" || !self.body.is_empty()) {
            put("content-length", &self.body.len().to_string());
        }
        put("connection", "close");
        for (name, value) in &self.headers {
            put(name, value);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(&self.body);
        bytes
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header; of several with this name the first.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.text()))
    }

    /// The field of a JSON answer that must be a text.
    pub fn field(&self, name: &str) -> String {
        let json = self.json();
        json[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {json}"))
            .to_owned()
    }

    /// The refusal's stable code; empty when it is no refusal.
    pub fn code(&self) -> String {
        serde_json::from_slice::<Value>(&self.body)
            .ok()
            .and_then(|json| Some(json["code"].as_str()?.to_owned()))
            .unwrap_or_default()
    }

    /// Name and value of the cookie that the answer sets.
    pub fn cookie(&self) -> Option<String> {
        let cookie = self.header("set-cookie")?;
        cookie.split(';').next().map(str::to_owned)
    }
}

/// One question, one connection, one answer.
pub async fn call(host: SocketAddr, request: &Request) -> io::Result<Answer> {
    tokio::time::timeout(PATIENCE, exchange(host, request))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer"))?
}

async fn exchange(host: SocketAddr, request: &Request) -> io::Result<Answer> {
    let stream = TcpStream::connect(host).await?;
    exchange_over(stream, &host.to_string(), request).await
}

/// The same over a connection that is there already, to whoever it names.
pub async fn call_over(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    request: &Request,
) -> io::Result<Answer> {
    tokio::time::timeout(PATIENCE, exchange_over(stream, host, request))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer"))?
}

async fn exchange_over(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    request: &Request,
) -> io::Result<Answer> {
    // A relay that refuses a body early may close before it has read all of it: the answer counts, not the write.
    let _ = stream.write_all(&request.bytes(host)).await;
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes).await;
    match parse(&bytes) {
        Some(answer) => Ok(answer),
        None => Err(read.err().unwrap_or_else(|| {
            io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection ended without an answer",
            )
        })),
    }
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = &bytes[end + 4..];
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value.contains("chunked"));
    let body = if chunked {
        unchunk(body)?
    } else {
        body.to_vec()
    };
    Some(Answer {
        status,
        headers,
        body,
    })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend(rest.get(line + 2..line + 2 + size)?);
        rest = rest.get(line + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_in_both_framings() {
        let plain = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a=b; HttpOnly\r\n\r\nhello";
        let answer = parse(plain).unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
        assert_eq!(answer.header("CONTENT-TYPE"), Some("text/plain"));
        assert_eq!(answer.cookie().as_deref(), Some("a=b"));
        let chunked =
            b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).unwrap().body, b"abcde");
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n"), None);
    }

    #[test]
    fn a_header_is_replaced_not_doubled() {
        let request = Request::page_post("http://a", "/x", &Value::Null)
            .header("Origin", "http://b")
            .without("x-lamplight");
        let bytes = String::from_utf8(request.bytes("127.0.0.1:80")).unwrap();
        assert!(bytes.contains("Origin: http://b\r\n") && !bytes.contains("http://a"));
        assert!(!bytes.contains("x-lamplight"));
    }
}
