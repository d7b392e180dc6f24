//! Stands between a page and its relay, and says more to the page than the relay does: whole frames, between those of the relay.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How the request for a line begins.
const LINE: &[u8] = b"GET /v1/ws";
/// What may wait to be written, in pieces of [`Prompter::say`]: whoever says more waits.
const WAITING: usize = 4;

#[derive(Default)]
struct Shared {
    target: Mutex<Option<SocketAddr>>,
    /// Into the line that was opened last.
    says: Mutex<Option<Sender<Vec<u8>>>>,
}

pub struct Prompter {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for Prompter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Prompter {
    /// Listens; where it leads to is said later, since the relay wants to know the origin of its page.
    pub async fn listen() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let shared = Arc::<Shared>::default();
        let accepting = tokio::spawn({
            let shared = shared.clone();
            async move {
                while let Ok((near, _)) = listener.accept().await {
                    tokio::spawn(carry(near, shared.clone()));
                }
            }
        });
        Self {
            address,
            shared,
            accepting,
        }
    }

    pub fn aim(&self, target: SocketAddr) {
        *self.shared.target.lock().expect("no holder panics") = Some(target);
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says frames to the page as soon as the line takes them.
    pub async fn say(&self, frames: Vec<u8>) {
        let says = self.shared.says.lock().expect("no holder panics").clone();
        let says = says.expect("the page has a line");
        says.send(frames).await.expect("the line stands");
    }
}

/// A frame as a server writes it: whole, binary, not masked (RFC 6455 5.2).
pub fn framed(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x82];
    match u16::try_from(payload.len()).expect("a short frame") {
        length @ 0..126 => frame.push(length as u8),
        length => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

async fn carry(near: TcpStream, shared: Arc<Shared>) -> Option<()> {
    let target = (*shared.target.lock().expect("no holder panics"))?;
    let far = TcpStream::connect(target).await.ok()?;
    for stream in [&near, &far] {
        stream.set_nodelay(true).ok()?;
    }
    let mut first = [0; LINE.len()];
    let count = near.peek(&mut first).await.ok()?;
    let is_line = first[..count] == *LINE;
    let (mut near_read, mut near_write) = near.into_split();
    let (mut far_read, mut far_write) = far.into_split();
    let there = tokio::spawn(async move {
        let _ = copy(&mut near_read, &mut far_write).await;
        let _ = far_write.shutdown().await;
    });
    if is_line {
        let (says, said) = channel(WAITING);
        line(
            BufReader::new(far_read),
            &mut near_write,
            &shared,
            says,
            said,
        )
        .await;
        there.abort();
    } else {
        let _ = copy(&mut far_read, &mut near_write).await;
    }
    let _ = near_write.shutdown().await;
    Some(())
}

/// The relay's half of a line: its answer, then frames, and what is said between them.
async fn line(
    mut far: BufReader<OwnedReadHalf>,
    near: &mut OwnedWriteHalf,
    shared: &Shared,
    says: Sender<Vec<u8>>,
    mut said: Receiver<Vec<u8>>,
) -> Option<()> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(far.read_u8().await.ok()?);
    }
    near.write_all(&answer).await.ok()?;
    *shared.says.lock().expect("no holder panics") = Some(says);
    loop {
        tokio::select! {
            // One byte is read or none: nothing is lost when the other comes first.
            begun = far.read_u8() => {
                let frame = rest_of(begun.ok()?, &mut far).await?;
                near.write_all(&frame).await.ok()?;
            }
            frames = said.recv() => near.write_all(&frames?).await.ok()?,
        }
    }
}

/// A frame of the relay whose first byte has come.
async fn rest_of(begun: u8, far: &mut BufReader<OwnedReadHalf>) -> Option<Vec<u8>> {
    let short = far.read_u8().await.ok()?;
    let mut frame = vec![begun, short];
    let length = match short {
        126 => {
            let length = far.read_u16().await.ok()?;
            frame.extend(length.to_be_bytes());
            u64::from(length)
        }
        127 => {
            let length = far.read_u64().await.ok()?;
            frame.extend(length.to_be_bytes());
            length
        }
        short => u64::from(short),
    };
    far.take(length).read_to_end(&mut frame).await.ok()?;
    Some(frame)
}
