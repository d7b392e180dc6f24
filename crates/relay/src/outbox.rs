//! What waits for one socket: frames in order, where a newer presence takes the place of an older one that still waits.
//!
//! It is bounded in bytes: a socket that does not read is closed, so nothing queues without bound (DESIGN 2.5). An idle one holds no
//! memory.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use lamplight_core::address::Presentity;
use lamplight_core::code::Code;
use lamplight_core::service::Slot;

use crate::websocket::Fault;

/// Up to so many frames are looked through for an older one; for more there is an index.
const LOOK_THROUGH: usize = 32;

/// One socket's outbox.
#[derive(Debug, Default)]
pub struct Outbox {
    frames: VecDeque<(Option<Presentity>, Arc<[u8]>)>,
    /// Frames that were taken out since the start: the place of the front one.
    taken: u64,
    /// Places of the frames that a newer one may replace, once there are many.
    index: Option<HashMap<Presentity, u64>>,
    bytes: usize,
    /// Most bytes that may wait.
    most: usize,
    ping: bool,
    /// The payload of the last ping that came and is not answered.
    pong: Option<Vec<u8>>,
    close: Option<Last>,
}

/// The last thing that a socket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// The relay ends it.
    Code(Code),
    /// The other side sent what cannot be read.
    Fault(Fault),
    /// The other side ended it, with this number.
    Answer(Option<u16>),
}

/// What a socket writes next.
#[derive(Debug, Default)]
pub struct Batch {
    pub frames: Vec<Arc<[u8]>>,
    pub ping: bool,
    pub pong: Option<Vec<u8>>,
    /// After the frames, the end.
    pub close: Option<Last>,
}

/// There was no room: the socket is too slow.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow;

impl Outbox {
    pub fn new(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Puts a frame in its place.
    pub fn push(&mut self, slot: Slot, frame: Arc<[u8]>) -> Result<(), Overflow> {
        if self.close.is_some() {
            return Ok(());
        }
        let of = match slot {
            Slot::InOrder => None,
            Slot::Latest(of) => Some(of),
        };
        if let Some(at) = of.as_ref().and_then(|of| self.find(of)) {
            let length = frame.len();
            let older = std::mem::replace(&mut self.frames[at].1, frame);
            self.bytes = self.bytes + length - older.len();
            return Ok(());
        }
        // One frame always fits, however large: the service bounds those itself.
        if !self.frames.is_empty() && self.bytes + frame.len() > self.most {
            return Err(Overflow);
        }
        self.bytes += frame.len();
        self.frames.push_back((of, frame));
        self.note_last();
        Ok(())
    }

    /// Where the frame stands that a newer one of this presentity replaces.
    fn find(&self, of: &Presentity) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(of).map(|place| (place - self.taken) as usize),
            None => {
                let is = |(other, _): &(Option<Presentity>, _)| other.as_ref() == Some(of);
                self.frames.iter().position(is)
            }
        }
    }

    /// Notes where the last frame stands; of all, when they have become many.
    fn note_last(&mut self) {
        let count = self.frames.len();
        if self.index.is_none() && count <= LOOK_THROUGH {
            return;
        }
        let from = if self.index.is_some() { count - 1 } else { 0 };
        let index = self.index.get_or_insert_default();
        for (at, (of, _)) in self.frames.iter().enumerate().skip(from) {
            if let Some(of) = of {
                index.insert(of.clone(), self.taken + at as u64);
            }
        }
    }

    pub fn ping(&mut self) {
        self.ping = true;
    }

    /// A ping came. Of several only the last need be answered (RFC 6455 5.5.3).
    pub fn pong(&mut self, payload: &[u8]) {
        self.pong = Some(payload.to_vec());
    }

    /// Ends the socket after what waits.
    pub fn close(&mut self, last: Last) {
        self.close.get_or_insert(last);
    }

    /// Ends a socket that does not read: what waits is dropped.
    pub fn close_slow(&mut self) {
        self.clear();
        self.close = Some(Last::Code(Code::TooSlow));
    }

    /// Whether nothing more comes in.
    pub fn is_closing(&self) -> bool {
        self.close.is_some()
    }

    pub fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.index = None;
        self.bytes = 0;
        (self.ping, self.pong) = (false, None);
    }

    /// Takes about this many bytes out, and the last one: the rest can still be replaced.
    pub fn take(&mut self, about: usize) -> Batch {
        let mut batch = Batch {
            ping: std::mem::take(&mut self.ping),
            pong: self.pong.take(),
            ..Batch::default()
        };
        let mut bytes = 0;
        while bytes < about
            && let Some((of, frame)) = self.frames.pop_front()
        {
            self.taken += 1;
            if let (Some(of), Some(index)) = (of, &mut self.index) {
                index.remove(&of);
            }
            bytes += frame.len();
            batch.frames.push(frame);
        }
        self.bytes -= bytes;
        if self.frames.is_empty() {
            batch.close = self.close;
            // An idle socket holds no memory for what it once had to write.
            self.frames = VecDeque::new();
            self.index = None;
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

    fn texts(outbox: &mut Outbox, about: usize) -> Vec<String> {
        let frames = outbox.take(about).frames;
        let text = |frame: &Arc<[u8]>| String::from_utf8(frame.to_vec()).unwrap();
        frames.iter().map(text).collect()
    }

    #[test]
    fn a_newer_presence_takes_the_place_of_the_older_and_order_stays() {
        let mut outbox = Outbox::new(1_000);
        outbox.push(latest("alice"), frame("alice 1")).unwrap();
        outbox.push(Slot::InOrder, frame("message")).unwrap();
        outbox.push(latest("bob"), frame("bob 1")).unwrap();
        outbox.push(latest("alice"), frame("alice 2")).unwrap();
        assert_eq!(texts(&mut outbox, 1), ["alice 2"]);
        // What was taken is on its way: the next value is a frame of its own.
        outbox.push(latest("alice"), frame("alice 3")).unwrap();
        outbox.push(latest("bob"), frame("bob 2")).unwrap();
        assert_eq!(texts(&mut outbox, 1_000), ["message", "bob 2", "alice 3"]);
    }

    #[test]
    fn what_does_not_fit_is_refused_but_replacing_adds_nothing() {
        let mut outbox = Outbox::new(10);
        outbox.push(latest("alice"), frame("12345")).unwrap();
        outbox.push(Slot::InOrder, frame("12345")).unwrap();
        assert_eq!(outbox.push(Slot::InOrder, frame("1")), Err(Overflow));
        for _ in 0..100 {
            outbox.push(latest("alice"), frame("54321")).unwrap();
        }
        assert_eq!(texts(&mut outbox, 1_000), ["54321", "12345"]);
        assert!(
            outbox
                .push(Slot::InOrder, frame("a frame larger than all"))
                .is_ok()
        );
    }

    #[test]
    fn the_end_comes_after_what_waits() {
        let mut outbox = Outbox::new(100);
        outbox.push(Slot::InOrder, frame("one")).unwrap();
        outbox.push(Slot::InOrder, frame("two")).unwrap();
        outbox.close(Last::Code(Code::Draining));
        outbox.push(Slot::InOrder, frame("too late")).unwrap();
        let first = outbox.take(1);
        assert_eq!((first.frames.len(), first.close), (1, None));
        let last = outbox.take(1);
        assert_eq!(
            (last.frames.len(), last.close),
            (1, Some(Last::Code(Code::Draining)))
        );
    }

    #[test]
    fn a_slow_socket_hears_only_the_end() {
        let mut outbox = Outbox::new(100);
        outbox.push(Slot::InOrder, frame("one")).unwrap();
        outbox.close_slow();
        let batch = outbox.take(1_000);
        assert_eq!(
            (batch.frames.len(), batch.close),
            (0, Some(Last::Code(Code::TooSlow)))
        );
    }

    #[test]
    fn however_many_wait_the_newest_takes_the_place_of_the_older() {
        let mut outbox = Outbox::new(1_000_000);
        let of = |one: usize| latest(&format!("person{one}"));
        for round in 0..3 {
            for one in 0..100 {
                let text = format!("{one} {round}");
                outbox.push(of(one), frame(&text)).unwrap();
            }
        }
        // A part is taken; what is on its way is not replaced.
        assert_eq!(texts(&mut outbox, 1), ["0 2"]);
        outbox.push(of(0), frame("0 3")).unwrap();
        outbox.push(of(1), frame("1 3")).unwrap();
        let rest = texts(&mut outbox, usize::MAX);
        assert_eq!((rest.len(), rest[0].as_str()), (100, "1 3"));
        assert_eq!(rest[99], "0 3");
        outbox.push(of(1), frame("1 4")).unwrap();
        assert_eq!(texts(&mut outbox, 1), ["1 4"]);
    }

    #[test]
    fn of_several_pings_the_last_is_answered() {
        let mut outbox = Outbox::new(10);
        outbox.pong(b"one");
        outbox.pong(b"two");
        assert_eq!(outbox.take(1).pong.as_deref(), Some(&b"two"[..]));
        assert_eq!(outbox.take(1).pong, None);
    }
}
