//! Carries each step out twice: in the Room, and in the model.

use lamplight_core::address::Presentity;
use lamplight_core::agent::{Input, Intent};
use lamplight_core::presence::Note;
use lamplight_core::wire::Decision;

use super::Planted;
use super::check;
use super::steps::{DEVICES, PEOPLE, Seat, Step, Who, every_seat};
use super::world::World;
use crate::room::{Fault, Room, body, inbox, ms, presentity, secs};
use crate::scenes::free_of_rates;

/// After which every line is back, every grace over and everybody known: the longest wait between two attempts, and more.
const CALM: u64 = 200;

pub struct Play {
    pub room: Room,
    pub world: World,
    planted: Planted,
    frozen: Vec<Seat>,
}

impl Play {
    pub fn new(seed: u64, planted: Planted) -> Self {
        let mut room = Room::seeded(free_of_rates(), seed);
        // Being idle would make the words hang on when who did what.
        room.idle_after_ms = 1_000_000_000;
        for who in PEOPLE {
            room.signs_up(who);
        }
        match planted {
            Planted::Nothing => {}
            Planted::Pipe(fault) => room.pipe_fault = Some(fault),
            Planted::Disk(fault) => room.disk.fault = Some(fault),
        }
        Self {
            room,
            world: World::default(),
            planted,
            frozen: Vec::new(),
        }
    }

    pub fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Quiet => {
                self.becomes_quiet();
                check::all(self)?;
                self.world.calm = true;
                return Ok(());
            }
            Step::Read(seat, other) => return self.read(seat, other),
            _ => self.world.calm = false,
        }
        match step {
            Step::Open(seat) => self.open(seat),
            Step::Close(seat) => self.close(seat),
            Step::SignOut(seat) => {
                if self.world.is_open(seat) {
                    self.says(seat, Intent::SignOut);
                    self.close(seat);
                }
            }
            Step::Reload(seat) => {
                if self.world.is_open(seat) {
                    self.world.page_goes(seat);
                    self.room.starts_to_reload(&seat.to_string());
                }
            }
            Step::Watch(seat, other) => self.watch(seat, other, true),
            Step::Unwatch(seat, other) => self.watch(seat, other, false),
            Step::Decide(seat, other, decision) => self.decide(seat, other, decision),
            Step::Set(..) | Step::Clear(_) => self.set(step),
            Step::Write(seat, other) => {
                if self.world.is_open(seat) {
                    let text = self.world.writes(seat, other);
                    let (to, body) = (inbox(PEOPLE[other]), body(&text));
                    self.says(seat, Intent::Send { to, body });
                }
            }
            Step::Delete(seat, other, back) => self.delete(seat, other, back),
            step => self.happens(step),
        }
        Ok(())
    }

    /// The last quiet moments: as it is, and with everybody there.
    pub fn end(mut self) -> Result<u64, String> {
        let last = |what| format!("in the end: {what}");
        self.take(Step::Quiet).map_err(last)?;
        every_seat().for_each(|seat| self.open(seat));
        self.take(Step::Quiet).map_err(last)?;
        Ok(self.room.trace_hash())
    }

    // People.

    fn says(&mut self, seat: Seat, intent: Intent) {
        self.room.hands(&seat.to_string(), Input::Intent(intent));
    }

    fn open(&mut self, seat: Seat) {
        if !self.world.is_open(seat) {
            self.world.opens(seat);
            self.room
                .starts_to_open(PEOPLE[seat.who], DEVICES[seat.device]);
        }
    }

    fn close(&mut self, seat: Seat) {
        if self.world.is_open(seat) {
            self.world.page_goes(seat);
            self.world.open[seat.who][seat.device] = false;
            self.room.starts_to_close(&seat.to_string());
        }
    }

    /// Nothing is set while the disk refuses: what then becomes of it is for the scenes to say.
    fn may_wish(&mut self, seat: Seat) -> bool {
        let may = self.world.is_open(seat) && !self.world.trouble;
        self.world.wished |= may;
        may
    }

    fn watch(&mut self, seat: Seat, other: Who, wanted: bool) {
        if !self.may_wish(seat) {
            return;
        }
        let presentity: Presentity = presentity(PEOPLE[other]);
        let known = self.room.agent(&seat.to_string());
        let row = known.row(presentity.address());
        let is_contact = row.is_some_and(|row| row.kind == lamplight_core::agent::RowKind::Contact);
        if !wanted && !is_contact {
            return;
        }
        self.world.contact[seat.who][other].wish(seat.device, wanted);
        self.world.decided[other][seat.who] |= !wanted;
        let intent = if wanted {
            Intent::AddContact {
                presentity,
                petname: None,
                group: None,
            }
        } else {
            Intent::RemoveContact { presentity }
        };
        self.says(seat, intent);
    }

    fn decide(&mut self, seat: Seat, other: Who, decision: Option<Decision>) {
        if self.may_wish(seat) {
            self.world.decision[seat.who][other].wish(seat.device, decision.clone());
            self.world.decided[seat.who][other] = true;
            let watcher = self.room.principal(PEOPLE[other]);
            self.says(
                seat,
                Intent::Decide {
                    watcher,
                    decision,
                    of: None,
                },
            );
        }
    }

    fn set(&mut self, step: Step) {
        let (Step::Set(seat, _) | Step::Clear(seat)) = step else {
            return;
        };
        if !self.may_wish(seat) {
            return;
        }
        let status = &mut self.world.status[seat.who];
        if let Step::Set(_, choice) = step {
            let text = self.world.next_note();
            let note = Some(Note::parse(&text).expect("a short note"));
            self.world.status[seat.who].wish(seat.device, Some((choice, text)));
            let until = None;
            self.says(
                seat,
                Intent::SetStatus {
                    choice,
                    note,
                    until,
                    of: None,
                },
            );
        } else if self.room.agent(&seat.to_string()).me().choice.is_some() {
            status.wish(seat.device, None);
            self.says(seat, Intent::ClearStatus { of: None });
        }
    }

    fn delete(&mut self, seat: Seat, other: Who, back: usize) {
        if !self.world.is_open(seat) {
            return;
        }
        let with = presentity(PEOPLE[other]).0;
        let shown = self.room.agent(&seat.to_string()).conversation(&with);
        let item = shown.items.iter().rev().filter(|item| item.seq.is_some());
        if let Some((text, Some(seq))) = item.map(|item| (&item.text, item.seq)).nth(back) {
            self.world.wants_deleted(seat.who, text);
            self.says(seat, Intent::Delete { seq });
        }
    }

    fn read(&mut self, seat: Seat, other: Who) -> Result<(), String> {
        if !self.world.calm || !self.world.is_open(seat) {
            return Ok(());
        }
        let name = seat.to_string();
        self.room.looks_at(&name, PEOPLE[other]);
        self.room.has_seen(&name, PEOPLE[other]);
        self.world.has_read(seat.who, other);
        check::unread(self)
    }

    // Lines, the relay and its disk.

    fn happens(&mut self, step: Step) {
        match step {
            Step::Lose(seat) if self.has_page(seat) => self.room.loses_line(&seat.to_string()),
            Step::Cut(seat) if self.has_page(seat) => self.room.cuts(&seat.to_string()),
            Step::Freeze(seat) if self.has_page(seat) => {
                self.frozen.push(seat);
                self.room.freezes(&seat.to_string());
            }
            Step::Heal(seat) if self.has_page(seat) => self.heal(seat),
            Step::Stick(seat, wait) if self.has_page(seat) => {
                self.room.is_stuck(&seat.to_string(), ms(wait));
            }
            Step::Latency(seat, latency) if self.has_page(seat) => {
                self.room.device(&seat.to_string()).latency = latency;
            }
            Step::Kill(survivors) => {
                self.world.relay_crashes();
                self.room.kills_relay(survivors);
            }
            Step::Drain if self.room.has_relay() => {
                self.room.disk_goes_on();
                self.room.drains_relay();
            }
            Step::Start if !self.room.has_relay() => self.room.starts_relay(),
            Step::StickRelay(wait) => self.room.relay_is_stuck(ms(wait)),
            Step::DiskHangs => self.room.disk_hangs(),
            Step::DiskGoesOn => self.room.disk_goes_on(),
            Step::DiskIsFull => self.disk_refuses(Fault::Full),
            Step::DiskFails => self.disk_refuses(Fault::Fails),
            Step::DiskWorks => self.room.disk.fault = self.planted_in_disk(),
            Step::SyncDelay(delay) => self.room.disk.sync_delay = delay,
            Step::Pass(wait) => self.room.passes(ms(wait)),
            _ => {}
        }
    }

    fn has_page(&self, seat: Seat) -> bool {
        self.world.is_open(seat)
    }

    fn heal(&mut self, seat: Seat) {
        let name = seat.to_string();
        if self.frozen.contains(&seat) {
            self.frozen.retain(|frozen| *frozen != seat);
            self.room.thaws(&name);
        }
        self.room.heals(&name);
    }

    fn disk_refuses(&mut self, fault: Fault) {
        let planted = self.planted_in_disk().is_some();
        if !planted && !self.world.wished {
            self.world.trouble = true;
            self.room.disk.fault = Some(fault);
        }
    }

    fn planted_in_disk(&self) -> Option<Fault> {
        match self.planted {
            Planted::Disk(fault) => Some(fault),
            _ => None,
        }
    }

    fn becomes_quiet(&mut self) {
        for seat in every_seat() {
            self.heal(seat);
            self.room.device(&seat.to_string()).latency = 10;
        }
        self.room.disk.fault = self.planted_in_disk();
        self.room.disk.sync_delay = 2;
        self.room.disk_goes_on();
        if !self.room.has_relay() {
            self.room.starts_relay();
        }
        self.room.passes(secs(CALM));
        self.room.settles();
    }
}
