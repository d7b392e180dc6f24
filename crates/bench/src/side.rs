//! The two sides of each comparison: a relay with agents on its wires, and the raw reference with bare frames of the same size. What
//! is asked of them is the same.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::clock;
use crate::crowd::{Crowd, Ears, Heard, PATIENCE, stamp};
use crate::frames::Framing;
use crate::machine::Server;
use crate::raw::{HELLO, RECEIPT, SEND, STATE};
use crate::town::{Town, device_says};
use crate::wires::{Happened, Wires};

/// Who is loaded.
pub enum Side {
    Relay(Server, Box<Crowd>),
    Raw(Server, Box<RawCrowd>),
}

/// Bare lines to the reference.
pub struct RawCrowd {
    town: Town,
    wires: Wires,
    /// Bytes of one state: as large as the relay's.
    size: usize,
    pub heard: Heard,
    open: usize,
}

impl Side {
    /// Lets everyone of the town in.
    pub fn relay(server: Server, town: Town) -> Result<Self> {
        let mut crowd = Crowd::new(town, server.address)?;
        crowd.enter(0..town.people)?;
        Ok(Self::Relay(server, Box::new(crowd)))
    }

    pub fn raw(server: Server, town: Town, size: usize) -> Result<Self> {
        let wires = Wires::new(server.address, Framing::Raw, town.people)?;
        let mut crowd = RawCrowd {
            town,
            wires,
            size,
            heard: Heard::default(),
            open: 0,
        };
        crowd.enter(0..town.people)?;
        Ok(Self::Raw(server, Box::new(crowd)))
    }

    pub fn server(&self) -> &Server {
        let (Self::Relay(server, _) | Self::Raw(server, _)) = self;
        server
    }

    pub fn town(&self) -> Town {
        match self {
            Self::Relay(_, crowd) => crowd.town,
            Self::Raw(_, crowd) => crowd.town,
        }
    }

    pub fn turn(&mut self, wait: Duration) -> Result<()> {
        match self {
            Self::Relay(_, crowd) => crowd.turn(wait),
            Self::Raw(_, crowd) => crowd.turn(wait),
        }
    }

    pub fn heard(&mut self) -> &mut Heard {
        match self {
            Self::Relay(_, crowd) => &mut crowd.heard,
            Self::Raw(_, crowd) => &mut crowd.heard,
        }
    }

    pub fn take(&mut self) -> Heard {
        std::mem::take(self.heard())
    }

    /// From now on what comes is only counted.
    pub fn only_count(&mut self) {
        if let Self::Relay(_, crowd) = self {
            crowd.ears = Ears::Count;
        }
    }

    /// From now on this one reads nothing.
    pub fn deafen(&mut self, index: usize) {
        if let Self::Relay(_, crowd) = self {
            crowd.wires.deafen(index);
        }
    }

    /// Someone's device is in another state now. Whoever still has an older one to say says nothing: it will be asked again.
    /// Gives when it was said.
    pub fn change(&mut self, index: usize) -> Option<u64> {
        let at = clock::micros();
        let words = stamp(at, index);
        match self {
            Self::Relay(_, crowd) => {
                let said = crowd.wires.is_said(index).then_some(at)?;
                crowd.wires.say(index, &device_says(&words));
                Some(said)
            }
            Self::Raw(_, crowd) => {
                let said = crowd.wires.is_said(index).then_some(at)?;
                let mut frame = vec![STATE];
                frame.extend(words.as_bytes());
                frame.resize(crowd.size.max(frame.len()), b'.');
                crowd.wires.say(index, &frame);
                Some(said)
            }
        }
    }

    /// Turns until nothing was heard for so long.
    pub fn settle(&mut self, quiet: Duration) -> Result<()> {
        let end = clock::micros() + PATIENCE.as_micros() as u64;
        let (mut frames, mut since) = (self.heard().frames, clock::micros());
        while clock::micros() - since < quiet.as_micros() as u64 {
            ensure!(clock::micros() < end, "there is no rest");
            self.turn(Duration::from_millis(5))?;
            if self.heard().frames != frames {
                (frames, since) = (self.heard().frames, clock::micros());
            }
        }
        Ok(())
    }
}

impl RawCrowd {
    fn enter(&mut self, who: impl Iterator<Item = usize>) -> Result<()> {
        let (mut waiting, mut wanted, mut asked) = (who.peekable(), self.open, self.open);
        while waiting.peek().is_some() || self.open < wanted {
            while asked < self.open + 100
                && let Some(index) = waiting.next()
            {
                self.wires.connect(index)?;
                (wanted, asked) = (wanted + 1, asked + 1);
            }
            self.turn(Duration::from_millis(5))?;
        }
        Ok(())
    }

    pub fn turn(&mut self, wait: Duration) -> Result<()> {
        let Self {
            wires,
            heard,
            open,
            size,
            ..
        } = self;
        wires.turn(wait, &mut |index, what, out| match what {
            Happened::Open => {
                *open += 1;
                let mut hello = vec![HELLO];
                hello.extend((index as u32).to_le_bytes());
                hello.resize((*size).max(hello.len()), b'.');
                out.say(&hello);
            }
            Happened::Frame(frame) => {
                heard.frames += 1;
                heard.bytes += frame.len() as u64;
                match frame.first() {
                    Some(&SEND) => {
                        heard.messages += 1;
                        heard.taken.push(index);
                    }
                    Some(&RECEIPT) => {}
                    _ => heard.states += 1,
                }
                heard.note(index, frame);
            }
            Happened::Gone => heard.lost += 1,
        })
    }

    /// A message from one to another.
    pub fn send(&mut self, from: usize, to: usize, text: &str) {
        let mut frame = vec![SEND];
        frame.extend((to as u32).to_le_bytes());
        frame.extend([7; 16]);
        frame.extend(text.as_bytes());
        self.wires.say(from, &frame);
    }
}
