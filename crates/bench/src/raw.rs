//! The reference: what the machine can do at all. A server of one thread over readiness events that knows no accounts, no rules and
//! no rosters: who sits where in the ring is the number that they say first.
//!
//! It writes once for each watcher, or once for each connection and turn of its loop (`coalesced`).
//!
//! | first byte | what | answer |
//! |---|---|---|
//! | 0 | I am this number | the last word of each neighbour who is here; mine to them |
//! | 1 | I am so now | the same to every neighbour and back to me |
//! | 2 | this to that number | the same to that one, a receipt (3) to me |

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::Result;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::frames::{self, Framing, Piece};
use crate::town::Town;

pub const HELLO: u8 = 0;
pub const STATE: u8 = 1;
pub const SEND: u8 = 2;
pub const RECEIPT: u8 = 3;

const LISTENER: Token = Token(usize::MAX);

/// When bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// For each watcher by itself.
    AtOnce,
    /// For each connection at the end of a turn.
    Coalesced,
}

struct Guest {
    stream: TcpStream,
    /// Where in the ring, once said.
    place: Option<usize>,
    half: Vec<u8>,
    out: Vec<u8>,
    is_touched: bool,
}

struct Raw {
    town: Town,
    writes: Writes,
    guests: Vec<Option<Guest>>,
    /// By place in the ring: which guest, and what they said last.
    seats: Vec<Option<usize>>,
    words: Vec<Vec<u8>>,
    /// Who has something to be written at the end of the turn.
    touched: Vec<usize>,
}

/// Serves until it is killed.
pub fn serve(town: Town, writes: Writes) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(4_096);
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let readable = Interest::READABLE;
    poll.registry()
        .register(&mut listener, LISTENER, readable)?;
    println!("raw is ready at http://{}", listener.local_addr()?);
    let mut raw = Raw {
        town,
        writes,
        guests: Vec::new(),
        seats: vec![None; town.people],
        words: vec![Vec::new(); town.people],
        touched: Vec::new(),
    };
    let mut scratch = vec![0; 64 * 1_024];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() != LISTENER {
                let index = event.token().0;
                if event.is_writable() {
                    raw.flush(index);
                }
                if event.is_readable() {
                    raw.read(index, &mut scratch);
                }
                continue;
            }
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.set_nodelay(true);
                let token = Token(raw.guests.len());
                let both = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut stream, token, both)?;
                raw.guests.push(Some(Guest {
                    stream,
                    place: None,
                    half: Vec::new(),
                    out: Vec::new(),
                    is_touched: false,
                }));
            }
        }
        for index in std::mem::take(&mut raw.touched) {
            raw.flush(index);
        }
    }
}

impl Raw {
    fn read(&mut self, index: usize, scratch: &mut [u8]) {
        let Some(guest) = self.guests.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        let read = match guest.stream.read(scratch) {
            Ok(0) => return self.gone(index),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => return self.gone(index),
        };
        let mut whole = std::mem::take(&mut guest.half);
        let bytes = if whole.is_empty() {
            &scratch[..read]
        } else {
            whole.extend_from_slice(&scratch[..read]);
            &whole[..]
        };
        let mut at = 0;
        while let Some((Piece::Frame(range), length)) = frames::read(&bytes[at..], Framing::Raw) {
            self.heard(index, &bytes[at + range.start..at + range.end]);
            at += length;
        }
        let rest = bytes[at..].to_vec();
        if let Some(guest) = &mut self.guests[index] {
            guest.half = rest;
        }
    }

    fn gone(&mut self, index: usize) {
        if let Some(guest) = self.guests[index].take()
            && let Some(place) = guest.place
        {
            self.seats[place] = None;
        }
    }

    fn heard(&mut self, index: usize, frame: &[u8]) {
        let number = |at: usize| {
            let bytes = frame.get(at..at + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
        };
        match frame.first() {
            Some(&HELLO) => {
                let Some(place) = number(1).filter(|place| *place < self.town.people) else {
                    return;
                };
                if let Some(guest) = &mut self.guests[index] {
                    guest.place = Some(place);
                }
                self.seats[place] = Some(index);
                self.words[place] = [&[STATE], &frame[1..]].concat();
                let here = self.town.neighbours(place);
                for other in here
                    .filter_map(|at| self.seats[at].map(|_| at))
                    .collect::<Vec<_>>()
                {
                    let theirs = self.words[other].clone();
                    self.say(index, &theirs);
                    let mine = self.words[place].clone();
                    self.say_to(other, &mine);
                }
            }
            Some(&STATE) => {
                let Some(place) = self.guests[index].as_ref().and_then(|guest| guest.place) else {
                    return;
                };
                self.words[place] = frame.to_vec();
                for other in self.town.neighbours(place) {
                    self.say_to(other, frame);
                }
                self.say(index, frame);
            }
            Some(&SEND) => {
                if let Some(to) = number(1).filter(|to| *to < self.town.people) {
                    self.say_to(to, frame);
                }
                let id = frame.get(5..21).unwrap_or_default();
                self.say(index, &[&[RECEIPT], id].concat());
            }
            _ => {}
        }
    }

    fn say_to(&mut self, place: usize, frame: &[u8]) {
        if let Some(index) = self.seats[place] {
            self.say(index, frame);
        }
    }

    fn say(&mut self, index: usize, frame: &[u8]) {
        let Some(guest) = &mut self.guests[index] else {
            return;
        };
        frames::write(&mut guest.out, Framing::Raw, frame);
        match self.writes {
            Writes::AtOnce => self.flush(index),
            Writes::Coalesced if guest.is_touched => {}
            Writes::Coalesced => {
                guest.is_touched = true;
                self.touched.push(index);
            }
        }
    }

    fn flush(&mut self, index: usize) {
        let Some(guest) = self.guests.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        guest.is_touched = false;
        if guest.out.is_empty() {
            return;
        }
        match guest.stream.write(&guest.out) {
            Ok(written) if written == guest.out.len() => guest.out.clear(),
            Ok(written) => drop(guest.out.drain(..written)),
            // It is told when there is room; a broken one is told when it is read.
            Err(_) => {}
        }
    }
}
