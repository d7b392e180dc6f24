//! The naive model: what people have done, and from that alone what may and what must be so when all is quiet. It knows
//! nothing of sessions, cursors, leases or frames.

use lamplight_core::agent::Choice;
use lamplight_core::wire::Decision;

use super::steps::{DEVICES, PEOPLE, Seat, Who, every_seat};

/// A status set by hand, with its note.
pub type ByHand = Option<(Choice, String)>;

/// Something that a person may set at each of their devices.
#[derive(Clone, Debug, Default)]
pub struct Wishes<T> {
    /// As it was when all was quiet.
    pub settled: T,
    /// What was wanted since, at which device.
    since: Vec<(usize, T)>,
    /// Whether something that was wanted may have been lost: a page went before the relay had it.
    unsure: bool,
}

impl<T: Clone + PartialEq> Wishes<T> {
    pub fn wish(&mut self, device: usize, what: T) {
        self.since.push((device, what));
    }

    /// A page is gone, and with it what it had not said.
    pub fn page_went(&mut self, device: usize) {
        self.unsure |= self.since.iter().any(|(at, _)| *at == device);
    }

    /// What was said last may not have become durable.
    pub fn crash(&mut self) {
        self.unsure |= !self.since.is_empty();
    }

    /// What it may be when all is quiet: of each device, the last that was wanted there.
    pub fn outcomes(&self) -> Vec<T> {
        if self.unsure || self.since.is_empty() {
            return self.ever();
        }
        let last = |device| {
            let mut wishes = self.since.iter().rev();
            wishes.find(|(at, _)| *at == device).map(|(_, what)| what)
        };
        (0..DEVICES.len()).filter_map(last).cloned().collect()
    }

    /// What it may have been at any moment since the last quiet one.
    pub fn ever(&self) -> Vec<T> {
        let since = self.since.iter().map(|(_, what)| what);
        std::iter::once(&self.settled)
            .chain(since)
            .cloned()
            .collect()
    }

    pub fn settle(&mut self, what: T) {
        self.settled = what;
        self.since.clear();
        self.unsure = false;
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Not seen in any inbox at a quiet moment yet.
    UnderWay,
    /// In the sender's inbox; in the receiver's too, or not because the sender was blocked.
    Kept { arrived: bool },
}

/// A message as it was written.
#[derive(Clone, Debug)]
pub struct Message {
    pub from: Seat,
    pub to: Who,
    pub text: String,
    pub fate: Fate,
    /// Deleted from the sender's and the receiver's inbox.
    pub deleted: [Deletion; 2],
    /// The receiver has had a device open since it was written.
    pub met: bool,
    /// The receiver has read it.
    pub read: bool,
    /// Ever since it was written, the receiver has let the sender see them.
    pub seen_by_sender: bool,
    /// At some time since then the receiver may have let the sender see them.
    pub maybe_seen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    No,
    /// Wanted since the last quiet moment; the request may have been lost.
    Wanted,
    Done,
}

/// Everything that people did.
#[derive(Debug, Default)]
pub struct World {
    pub open: [[bool; DEVICES.len()]; PEOPLE.len()],
    /// `contact[bob][alice]`: whether Bob wants to see Alice.
    pub contact: [[Wishes<bool>; PEOPLE.len()]; PEOPLE.len()],
    /// `decision[alice][bob]`: what Alice lets Bob see.
    pub decision: [[Wishes<Option<Decision>>; PEOPLE.len()]; PEOPLE.len()],
    /// What may have stood before a block that stands: as if that were so, and nobody there, it is to the blocked.
    pub before: [[Vec<Option<Decision>>; PEOPLE.len()]; PEOPLE.len()],
    /// Whether there was ever a decision, or the wish to see was ever taken back: then nobody need be asked any more.
    pub decided: [[bool; PEOPLE.len()]; PEOPLE.len()],
    pub status: [Wishes<ByHand>; PEOPLE.len()],
    pub messages: Vec<Message>,
    /// Something was set since the last quiet moment.
    pub wished: bool,
    /// The disk refuses, or did since the last quiet moment.
    pub trouble: bool,
    /// Nothing has happened since the last quiet moment.
    pub calm: bool,
    notes: usize,
}

impl World {
    pub fn is_open(&self, seat: Seat) -> bool {
        self.open[seat.who][seat.device]
    }

    pub fn is_there(&self, who: Who) -> bool {
        self.open[who].contains(&true)
    }

    pub fn seats(&self) -> impl Iterator<Item = Seat> + use<> {
        let open = self.open;
        every_seat().filter(move |seat| open[seat.who][seat.device])
    }

    pub fn opens(&mut self, seat: Seat) {
        self.open[seat.who][seat.device] = true;
        let theirs = self.messages.iter_mut();
        for message in theirs.filter(|message| message.to == seat.who) {
            message.met = true;
        }
    }

    pub fn page_goes(&mut self, seat: Seat) {
        for other in 0..PEOPLE.len() {
            self.contact[seat.who][other].page_went(seat.device);
            self.decision[seat.who][other].page_went(seat.device);
        }
        self.status[seat.who].page_went(seat.device);
    }

    /// One's own notification confirms a status before it is durable; requests are said again until they are.
    pub fn relay_crashes(&mut self) {
        self.status.iter_mut().for_each(Wishes::crash);
    }

    pub fn next_note(&mut self) -> String {
        self.notes += 1;
        format!("note {}", self.notes)
    }

    pub fn writes(&mut self, from: Seat, to: Who) -> String {
        let text = format!("message {}", self.messages.len() + 1);
        let ever = self.decision[to][from.who].ever();
        self.messages.push(Message {
            from,
            to,
            text: text.clone(),
            fate: Fate::UnderWay,
            deleted: [Deletion::No; 2],
            met: self.is_there(to),
            read: false,
            seen_by_sender: ever.iter().all(|one| *one == Some(Decision::Allow)),
            maybe_seen: ever.contains(&Some(Decision::Allow)),
        });
        text
    }

    /// `who` decides what `other` sees: receipts follow.
    pub fn decides(&mut self, who: Who, other: Who, decision: Option<&Decision>) {
        let lets = decision == Some(&Decision::Allow);
        for message in &mut self.messages {
            if (message.to, message.from.who) == (who, other) {
                message.seen_by_sender &= lets;
                message.maybe_seen |= lets;
            }
        }
    }

    pub fn wants_deleted(&mut self, who: Who, text: &str) {
        let message = self.messages.iter_mut().find(|one| one.text == text);
        if let Some(message) = message {
            let side = usize::from(message.from.who != who);
            if message.deleted[side] == Deletion::No {
                message.deleted[side] = Deletion::Wanted;
            }
        }
    }

    /// All is quiet, and this is what `who` lets `other` see.
    pub fn settle_decision(&mut self, who: Who, other: Who, decision: Option<Decision>) {
        let block = Some(Decision::Block);
        let wished = &mut self.decision[who][other];
        let (ever, blocked) = (wished.ever(), wished.settled == block);
        let before = &mut self.before[who][other];
        if !blocked {
            before.clear();
        }
        before.extend(ever.into_iter().filter(|one| *one != block));
        wished.settle(decision);
    }

    /// What `who` may read in the row of `whom`, when all is quiet. Empty: there is no contact, and the row says nothing.
    pub fn reads(&self, who: Who, whom: Who) -> Vec<String> {
        if !self.contact[who][whom].settled {
            return vec![String::new()];
        }
        let word = match &self.decision[whom][who].settled {
            Some(Decision::Block) => {
                let before = self.before[whom][who].iter();
                return before.map(|before| Self::absent(before.as_ref())).collect();
            }
            Some(Decision::Allow) if self.is_there(whom) => match &self.status[whom].settled {
                None => "available".to_owned(),
                Some((Choice::Invisible, _)) => "offline".to_owned(),
                Some((choice, note)) => format!("{}: {note}", word(*choice)),
            },
            decision => Self::absent(decision.as_ref()),
        };
        vec![word]
    }

    /// What is read of someone who is not there, under a decision that does not block.
    fn absent(decision: Option<&Decision>) -> String {
        let word = match decision {
            None | Some(Decision::Ask) => "not shared yet",
            Some(Decision::Deny) => "not shared",
            Some(Decision::Allow) => "offline",
            // The model's people decide nothing finer.
            Some(_) => "not modelled",
        };
        word.to_owned()
    }

    /// `who` has read everything that came from `from`.
    pub fn has_read(&mut self, who: Who, from: Who) {
        for message in &mut self.messages {
            let theirs = message.to == who && message.from.who == from;
            message.read |= theirs && message.fate == (Fate::Kept { arrived: true });
        }
    }

    /// Messages of `from` that `who` has and has not read.
    pub fn unread(&self, who: Who, from: Who) -> usize {
        let unread = |message: &&Message| {
            message.to == who
                && message.from.who == from
                && message.fate == (Fate::Kept { arrived: true })
                && message.deleted[1] != Deletion::Done
                && !message.read
        };
        self.messages.iter().filter(unread).count()
    }
}

fn word(choice: Choice) -> &'static str {
    match choice {
        Choice::Available => "available",
        Choice::Busy => "busy",
        Choice::Away => "away",
        Choice::Invisible => "offline",
    }
}
