//! What waits for one socket: frames in order, where a newer presence takes the place of an older one that still waits.
//!
//! The hub puts in, the socket's task takes out; neither ever waits for the other. The outbox is bounded in bytes: a socket that
//! does not read is closed, so nothing queues without bound (DESIGN 2.5).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lamplight_core::address::Presentity;
use lamplight_core::code::Code;
use lamplight_core::service::Slot;
use tokio::sync::Notify;

/// One socket's outbox.
pub struct Outbox {
    waiting: Mutex<Waiting>,
    ready: Notify,
    ending: Notify,
    /// Most bytes that may wait.
    most: usize,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<(Option<Presentity>, Arc<[u8]>)>,
    /// Frames that were taken out since the start: the place of the front one.
    taken: u64,
    /// Places of the frames that a newer one may replace.
    latest: HashMap<Presentity, u64>,
    bytes: usize,
    ping: bool,
    close: Option<Code>,
}

/// What a socket writes next.
#[derive(Debug, Default)]
pub struct Batch {
    pub frames: Vec<Arc<[u8]>>,
    pub ping: bool,
    /// After the frames, the end.
    pub close: Option<Code>,
}

/// There was no room: the socket is too slow.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow;

impl Outbox {
    pub fn new(most: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            ready: Notify::new(),
            ending: Notify::new(),
            most,
        }
    }

    /// Puts a frame in its place. The socket is not woken yet: see [`Outbox::wake`].
    pub fn push(&self, slot: Slot, frame: Arc<[u8]>) -> Result<(), Overflow> {
        let mut waiting = self.lock();
        if waiting.close.is_some() {
            return Ok(());
        }
        let of = match slot {
            Slot::InOrder => None,
            Slot::Latest(of) => Some(of),
        };
        if let Some(of) = &of
            && let Some(place) = waiting.latest.get(of)
        {
            let at = (place - waiting.taken) as usize;
            let length = frame.len();
            let older = std::mem::replace(&mut waiting.frames[at].1, frame);
            waiting.bytes = waiting.bytes + length - older.len();
            return Ok(());
        }
        // One frame always fits, however large: the service bounds those itself.
        if !waiting.frames.is_empty() && waiting.bytes + frame.len() > self.most {
            return Err(Overflow);
        }
        if let Some(of) = &of {
            let place = waiting.taken + waiting.frames.len() as u64;
            waiting.latest.insert(of.clone(), place);
        }
        waiting.bytes += frame.len();
        waiting.frames.push_back((of, frame));
        Ok(())
    }

    pub fn ping(&self) {
        self.lock().ping = true;
    }

    /// Ends the socket after what waits.
    pub fn close(&self, code: Code) {
        self.lock().close.get_or_insert(code);
        self.ending.notify_one();
    }

    /// Ends a socket that does not read: what waits is dropped.
    pub fn close_slow(&self) {
        let mut waiting = self.lock();
        waiting.frames.clear();
        waiting.latest.clear();
        waiting.bytes = 0;
        waiting.close = Some(Code::TooSlow);
        drop(waiting);
        self.ending.notify_one();
    }

    /// Lets the socket's task look.
    pub fn wake(&self) {
        self.ready.notify_one();
    }

    /// Waits until the socket is to be ended.
    pub async fn ending(&self) {
        self.ending.notified().await;
    }

    /// Waits for something to write and takes about this many bytes of it: the rest can still be replaced.
    pub async fn take(&self, about: usize) -> Batch {
        loop {
            let batch = self.lock().take(about);
            if !batch.frames.is_empty() || batch.ping || batch.close.is_some() {
                return batch;
            }
            self.ready.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self, about: usize) -> Batch {
        let mut batch = Batch {
            ping: std::mem::take(&mut self.ping),
            ..Batch::default()
        };
        let mut bytes = 0;
        while bytes < about
            && let Some((of, frame)) = self.frames.pop_front()
        {
            self.taken += 1;
            if let Some(of) = of {
                self.latest.remove(&of);
            }
            bytes += frame.len();
            batch.frames.push(frame);
        }
        self.bytes -= bytes;
        if self.frames.is_empty() {
            batch.close = self.close;
            // An idle socket holds no memory for what it once had to write.
            self.frames.shrink_to(4);
            self.latest.shrink_to(4);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> Arc<[u8]> {
        Arc::from(text.as_bytes())
    }

    fn latest(name: &str) -> Slot {
        Slot::Latest(Presentity::parse(&format!("{name}@localhost")).unwrap())
    }

    async fn texts(outbox: &Outbox, about: usize) -> Vec<String> {
        let frames = outbox.take(about).await.frames;
        let text = |frame: &Arc<[u8]>| String::from_utf8(frame.to_vec()).unwrap();
        frames.iter().map(text).collect()
    }

    #[tokio::test]
    async fn a_newer_presence_takes_the_place_of_the_older_and_order_stays() {
        let outbox = Outbox::new(1_000);
        outbox.push(latest("alice"), frame("alice 1")).unwrap();
        outbox.push(Slot::InOrder, frame("message")).unwrap();
        outbox.push(latest("bob"), frame("bob 1")).unwrap();
        outbox.push(latest("alice"), frame("alice 2")).unwrap();
        assert_eq!(texts(&outbox, 1).await, ["alice 2"]);
        // What was taken is on its way: the next value is a frame of its own.
        outbox.push(latest("alice"), frame("alice 3")).unwrap();
        outbox.push(latest("bob"), frame("bob 2")).unwrap();
        assert_eq!(texts(&outbox, 1_000).await, ["message", "bob 2", "alice 3"]);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_but_replacing_adds_nothing() {
        let outbox = Outbox::new(10);
        outbox.push(latest("alice"), frame("12345")).unwrap();
        outbox.push(Slot::InOrder, frame("12345")).unwrap();
        assert_eq!(outbox.push(Slot::InOrder, frame("1")), Err(Overflow));
        for _ in 0..100 {
            outbox.push(latest("alice"), frame("54321")).unwrap();
        }
        assert_eq!(texts(&outbox, 1_000).await, ["54321", "12345"]);
        assert!(
            outbox
                .push(Slot::InOrder, frame("a frame larger than all"))
                .is_ok()
        );
    }

    #[tokio::test]
    async fn the_end_comes_after_what_waits() {
        let outbox = Outbox::new(100);
        outbox.push(Slot::InOrder, frame("one")).unwrap();
        outbox.push(Slot::InOrder, frame("two")).unwrap();
        outbox.close(Code::Draining);
        outbox.push(Slot::InOrder, frame("too late")).unwrap();
        let first = outbox.take(1).await;
        assert_eq!((first.frames.len(), first.close), (1, None));
        let last = outbox.take(1).await;
        assert_eq!((last.frames.len(), last.close), (1, Some(Code::Draining)));
    }

    #[tokio::test]
    async fn a_slow_socket_hears_only_the_end() {
        let outbox = Outbox::new(100);
        outbox.push(Slot::InOrder, frame("one")).unwrap();
        outbox.close_slow();
        let batch = outbox.take(1_000).await;
        assert_eq!((batch.frames.len(), batch.close), (0, Some(Code::TooSlow)));
    }
}
