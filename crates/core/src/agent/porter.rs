//! Whom one lets see and write, as a script does it that keeps nothing of it: said once, and told where it is refused. A page keeps
//! decisions and requests instead, and has `doors` and `settings` for them.
#![cfg(feature = "doors")]

use crate::address::{Address, Principal, Tag};
use crate::agent::Notice;
use crate::agent::desk::{Asked, Desk};
use crate::agent::inbox::named;
use crate::code::Code;
use crate::wire::{Decision, Number, Request, ToService};

pub(super) fn requested(request: Request, desk: &mut Desk) {
    let name = named(request.called.as_deref(), request.watcher.address());
    desk.tell(Notice::Request(request.watcher, name));
}

pub(super) fn decide(
    watcher: Principal,
    decision: Option<Decision>,
    of: Option<Tag>,
    desk: &mut Desk,
) {
    let about = watcher.address().clone();
    let asked = Asked::Decide(of.clone(), about.clone());
    say(about, asked, desk, |number| ToService::SetAccess {
        number,
        watcher,
        decision,
        of,
    });
}

pub(super) fn admit(with: Address, desk: &mut Desk) {
    let asked = Asked::Admit(with.clone());
    say(with.clone(), asked, desk, |number| ToService::Admit {
        number,
        with,
    });
}

/// Without a line it is refused, since nobody would remember it.
fn say(about: Address, asked: Asked, desk: &mut Desk, frame: impl FnOnce(Number) -> ToService) {
    if desk.up {
        desk.ask(asked, frame);
    } else {
        desk.tell(Notice::Refused(Some(about), Code::TryLater));
    }
}
