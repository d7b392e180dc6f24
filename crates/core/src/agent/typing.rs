//! Who types: the other sides of conversations, as they say, and oneself, said sparingly.

use core::time::Duration;

use crate::address::{Address, InboxAddress, Tag};
use crate::agent::desk::Desk;
use crate::agent::sorted::Map;
use crate::time::Instant;
use crate::wire::{Doing, ToService};

/// That somebody types is said at most this often ...
const SAID_EVERY: Duration = Duration::from_secs(3);
/// ... and holds for so long; a hand that rests for so long types no more.
const HOLDS: Duration = Duration::from_secs(6);

/// To whom one types.
struct Mine {
    with: Address,
    /// From which of my inbox addresses.
    from: Option<Tag>,
    touched: Instant,
    /// Whether they were told.
    told: bool,
}

/// Who types.
#[derive(Default)]
pub(super) struct Typing {
    /// Until when each is believed to.
    theirs: Map<Address, Instant>,
    mine: Option<Mine>,
    /// When it was said last, to anyone.
    said: Option<Instant>,
}

impl Typing {
    pub fn is(&self, with: &Address) -> bool {
        self.theirs.contains_key(with)
    }

    pub fn timeout(&self) -> Option<Instant> {
        let mine = self.mine.as_ref().map(|mine| mine.touched.after(HOLDS));
        self.theirs.values().copied().chain(mine).min()
    }

    // The other sides.

    pub fn signal(&mut self, from: Address, doing: Doing, desk: &mut Desk) {
        match doing {
            Doing::Typing => {
                let until = desk.at().after(HOLDS);
                if self.theirs.insert(from.clone(), until).is_none() {
                    desk.conversation_changed(&from);
                }
            }
            Doing::Nothing => self.done(&from, desk),
        }
    }

    /// What they wrote is here, or they write no more.
    pub fn done(&mut self, from: &Address, desk: &mut Desk) {
        if self.theirs.remove(from).is_some() {
            desk.conversation_changed(from);
        }
    }

    pub fn line_went(&mut self, desk: &mut Desk) {
        self.mine = None;
        for (from, _) in core::mem::take(&mut self.theirs) {
            desk.conversation_changed(&from);
        }
    }

    // Oneself.

    /// A key was pressed in the composer.
    pub fn touched(&mut self, with: Address, from: Option<Tag>, desk: &mut Desk) {
        if self.mine.as_ref().is_some_and(|mine| mine.with != with) {
            self.rests(desk);
        }
        let now = desk.at();
        let is_due = self.said.is_none_or(|at| now.since(at) >= SAID_EVERY);
        let told = self.mine.take().is_some_and(|mine| mine.told);
        let says = desk.up && is_due;
        if says {
            self.said = Some(now);
            signal(&with, from.as_ref(), Doing::Typing, desk);
        }
        self.mine = Some(Mine {
            with,
            from,
            touched: now,
            told: told || says,
        });
    }

    /// The text is sent or gone.
    pub fn stops(&mut self, with: &Address, desk: &mut Desk) {
        if self.mine.as_ref().is_some_and(|mine| mine.with == *with) {
            self.rests(desk);
        }
    }

    fn rests(&mut self, desk: &mut Desk) {
        if let Some(mine) = self.mine.take()
            && mine.told
        {
            signal(&mine.with, mine.from.as_ref(), Doing::Nothing, desk);
        }
    }

    pub fn tick(&mut self, desk: &mut Desk) {
        let now = desk.at();
        let is_over = |mine: &Mine| mine.touched.after(HOLDS) <= now;
        if self.mine.as_ref().is_some_and(is_over) {
            self.rests(desk);
        }
        self.theirs.retain(|from, until| {
            if *until <= now {
                desk.conversation_changed(from);
            }
            *until > now
        });
    }
}

fn signal(with: &Address, from: Option<&Tag>, doing: Doing, desk: &mut Desk) {
    let (to, from) = (InboxAddress(with.clone()), from.cloned());
    desk.send(&ToService::Signal { to, doing, from });
}
