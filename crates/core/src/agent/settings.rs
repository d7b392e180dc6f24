//! What I have set up: my presentities with their rules, my inbox addresses, how I stand as a watcher. And who watches me.
//!
//! What the service said last stands apart from what is wanted: a wish lies over it until it is answered. It is said again after
//! a lost line, and taken back and told when it is refused. Answers to the requests folder are wishes of the same kind.

use alloc::vec;
use alloc::vec::Vec;

use crate::address::{Address, Presentity, Principal, Tag};
use crate::agent::desk::{Asked, Desk, soon};
use crate::agent::{Changed, Notice};
use crate::code::Refusal;
use crate::ledger::Watchers;
use crate::rules::{Visibility, VisibilityRules};
use crate::time::Instant;
use crate::wire::{Number, OwnInbox, OwnPresentity, ToService};

/// What can be wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Presentity(OwnPresentity),
    NoPresentity(Tag),
    Inbox(OwnInbox),
    NoInbox(Tag),
    Visibility(Option<Presentity>, Option<Visibility>),
    Admit(Address),
    /// Empty this conversation: on this line alone, since later more may stand in it.
    Clear(Address),
    /// Empty what a blocked one wrote.
    Refuse(Address),
}

/// Of two wishes with the same subject the later replaces the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Presentity,
    Inbox,
    Visibility,
    Conversation,
}

struct Wish {
    id: u32,
    want: Want,
    /// The service has said how it is since.
    heard: bool,
}

/// All that is set up.
#[derive(Clone)]
pub(super) struct Own {
    /// The one from sign-up first.
    pub presentities: Vec<OwnPresentity>,
    /// The one from sign-up first.
    pub inboxes: Vec<OwnInbox>,
    pub visibility: VisibilityRules,
}

/// What I have set up and who watches me.
pub(super) struct Settings {
    me: Principal,
    /// As the service said last.
    told: Own,
    wishes: Vec<Wish>,
    last_wish: u32,
    /// When wishes that came too fast are said again.
    again_at: Option<Instant>,
    /// Of which presentity "who sees me" is open, and what was said of it.
    watched: Option<(Presentity, Option<Watchers>)>,
}

impl Want {
    /// What it speaks of, and of which address; none: the one from sign-up, or all.
    fn subject(&self, me: &Principal) -> (Subject, Option<Address>) {
        let further = |tag: Option<&Tag>| tag.map(|tag| me.address().tagged(Some(tag)));
        match self {
            Self::Presentity(own) => (Subject::Presentity, further(own.tag.as_ref())),
            Self::NoPresentity(tag) => (Subject::Presentity, further(Some(tag))),
            Self::Inbox(own) => (Subject::Inbox, further(own.tag.as_ref())),
            Self::NoInbox(tag) => (Subject::Inbox, further(Some(tag))),
            Self::Visibility(presentity, _) => (
                Subject::Visibility,
                presentity.as_ref().map(|one| one.0.clone()),
            ),
            Self::Admit(with) | Self::Clear(with) | Self::Refuse(with) => {
                (Subject::Conversation, Some(with.clone()))
            }
        }
    }

    fn frame(&self, number: Number) -> ToService {
        match self.clone() {
            Self::Presentity(own) => ToService::SetPresentity { number, own },
            Self::NoPresentity(tag) => ToService::DropPresentity { number, tag },
            Self::Inbox(own) => ToService::SetInbox { number, own },
            Self::NoInbox(tag) => ToService::DropInbox { number, tag },
            Self::Visibility(presentity, visibility) => ToService::SetVisibility {
                number,
                presentity,
                visibility,
            },
            Self::Admit(with) => ToService::Admit { number, with },
            Self::Clear(with) | Self::Refuse(with) => ToService::Clear { number, with },
        }
    }

    /// How it is once this is so.
    fn lay(&self, own: &mut Own) {
        match self {
            Self::Presentity(one) => {
                put(&mut own.presentities, one.clone(), |one| &one.tag);
            }
            Self::NoPresentity(tag) => own.presentities.retain(|one| one.tag.as_ref() != Some(tag)),
            Self::Inbox(one) => put(&mut own.inboxes, one.clone(), |one| &one.tag),
            Self::NoInbox(tag) => own.inboxes.retain(|one| one.tag.as_ref() != Some(tag)),
            Self::Visibility(presentity, visibility) => {
                own.visibility.set(presentity.as_ref(), *visibility);
            }
            Self::Admit(_) | Self::Clear(_) | Self::Refuse(_) => {}
        }
    }
}

impl Wish {
    fn say(&self, desk: &mut Desk) {
        desk.ask(Asked::Wish(self.id), |number| self.want.frame(number));
    }
}

impl Default for Own {
    fn default() -> Self {
        Self {
            presentities: vec![OwnPresentity::default()],
            inboxes: vec![OwnInbox::default()],
            visibility: VisibilityRules::default(),
        }
    }
}

/// In the place of the one with the same tag, or behind all.
fn put<T>(all: &mut Vec<T>, new: T, tag: impl Fn(&T) -> &Option<Tag>) {
    match all.iter_mut().find(|one| tag(one) == tag(&new)) {
        Some(one) => *one = new,
        None => all.push(new),
    }
}

impl Settings {
    pub fn new(me: &Principal) -> Self {
        Self {
            me: me.clone(),
            told: Own::default(),
            wishes: Vec::new(),
            last_wish: 0,
            again_at: None,
            watched: None,
        }
    }

    // Getters.

    /// As it is with every wish granted.
    pub fn own(&self) -> Own {
        let mut own = self.told.clone();
        for wish in &self.wishes {
            wish.want.lay(&mut own);
        }
        own
    }

    /// Whether the service has said how my presentities are since something was wanted of them.
    pub fn is_heard(&self) -> bool {
        let unheard = |wish: &Wish| matches!(wish.want, Want::Presentity(_)) && !wish.heard;
        !self.wishes.iter().any(unheard)
    }

    pub fn watchers(&self, presentity: &Presentity) -> Option<&Watchers> {
        let (of, watchers) = self.watched.as_ref()?;
        watchers.as_ref().filter(|_| of == presentity)
    }

    pub fn timeout(&self) -> Option<Instant> {
        self.again_at
    }

    // The line.

    pub fn welcomed(&mut self, desk: &mut Desk) {
        self.say(desk);
        self.say_watch(desk);
    }

    pub fn line_went(&mut self) {
        self.again_at = None;
        let lasts = |wish: &Wish| !matches!(wish.want, Want::Clear(_));
        self.wishes.retain(lasts);
    }

    pub fn tick(&mut self, desk: &mut Desk) {
        if self.again_at.is_some_and(|at| at <= desk.at()) {
            self.say(desk);
            self.say_watch(desk);
        }
    }

    /// Every wish that waits for no answer on this line.
    fn say(&mut self, desk: &mut Desk) {
        self.again_at = None;
        for wish in &self.wishes {
            if !desk.is_asked(&Asked::Wish(wish.id)) {
                wish.say(desk);
            }
        }
    }

    fn say_watch(&mut self, desk: &mut Desk) {
        let Some((presentity, _)) = self.watched.clone() else {
            return;
        };
        if desk.up && !desk.is_asked(&Asked::Watchers) {
            desk.ask(Asked::Watchers, |number| ToService::SubscribeWatchers {
                number,
                presentity,
            });
        }
    }

    // Frames.

    /// Everything that is set up. Further presentities follow.
    pub fn roster(
        &mut self,
        own: OwnPresentity,
        inboxes: Vec<OwnInbox>,
        visibility: VisibilityRules,
        desk: &mut Desk,
    ) {
        self.told = Own {
            visibility,
            ..Own::default()
        };
        put(&mut self.told.presentities, own, |one| &one.tag);
        for inbox in inboxes {
            put(&mut self.told.inboxes, inbox, |one| &one.tag);
        }
        self.wishes.iter_mut().for_each(|wish| wish.heard = false);
        desk.changed(Changed::Own);
    }

    /// The service says how one of these is now, here or on another device.
    pub fn is_now(&mut self, now: &Want, desk: &mut Desk) {
        let subject = now.subject(&self.me);
        for wish in &mut self.wishes {
            wish.heard |= wish.want.subject(&self.me) == subject;
        }
        now.lay(&mut self.told);
        desk.changed(Changed::Own);
    }

    pub fn visibility_set(&mut self, rules: VisibilityRules, desk: &mut Desk) {
        for wish in &mut self.wishes {
            wish.heard |= matches!(wish.want, Want::Visibility(..));
        }
        self.told.visibility = rules;
        desk.changed(Changed::Own);
    }

    /// WATCHER INFORMATION; the newest replaces.
    pub fn watchers_are(&mut self, presentity: &Presentity, now: Watchers, desk: &mut Desk) {
        if let Some((of, watchers)) = &mut self.watched
            && of == presentity
        {
            *watchers = Some(now);
            desk.changed(Changed::Watchers);
        }
    }

    // Intents.

    pub fn wish(&mut self, mut want: Want, desk: &mut Desk) {
        if let Want::Inbox(inbox) = &mut want {
            let same = |one: &&OwnInbox| one.tag == inbox.tag;
            let before = self.told.inboxes.iter().find(same);
            inbox.counts = before.map_or_else(Default::default, |before| before.counts);
        }
        let subject = want.subject(&self.me);
        self.wishes
            .retain(|wish| wish.want.subject(&self.me) != subject);
        self.last_wish = self.last_wish.wrapping_add(1);
        let wish = Wish {
            id: self.last_wish,
            want,
            heard: false,
        };
        if desk.up {
            wish.say(desk);
        }
        self.wishes.push(wish);
        desk.changed(Changed::Own);
    }

    /// "Who sees me" is open.
    pub fn watch(&mut self, of: Option<&Tag>, desk: &mut Desk) {
        let presentity = self.me.presentity_of(of);
        if self
            .watched
            .as_ref()
            .is_some_and(|(of, _)| *of == presentity)
        {
            return;
        }
        self.leave(desk);
        self.watched = Some((presentity, None));
        self.say_watch(desk);
        desk.changed(Changed::Watchers);
    }

    pub fn leave(&mut self, desk: &mut Desk) {
        let Some((presentity, _)) = self.watched.take() else {
            return;
        };
        if desk.up {
            let number = desk.next_number();
            desk.send(&ToService::UnsubscribeWatchers { number, presentity });
        }
    }

    // Answers.

    pub fn done(&mut self, id: u32) {
        if let Some(wish) = self.take(id)
            && !wish.heard
        {
            wish.want.lay(&mut self.told);
        }
    }

    /// A wish was refused: it is gone, told, and given back. One that only came too fast is said again.
    pub fn refused(&mut self, id: u32, refusal: &Refusal, desk: &mut Desk) -> Option<Want> {
        if self.waits(refusal, desk) {
            return None;
        }
        let wish = self.take(id)?;
        let (_, about) = wish.want.subject(&self.me);
        desk.tell(Notice::Refused(about, refusal.code));
        desk.changed(Changed::Own);
        Some(wish.want)
    }

    pub fn watch_refused(&mut self, refusal: &Refusal, desk: &mut Desk) {
        if self.waits(refusal, desk) {
            return;
        }
        if let Some((presentity, _)) = self.watched.take() {
            desk.tell(Notice::Refused(Some(presentity.0), refusal.code));
        }
    }

    /// Whether it is only too early.
    fn waits(&mut self, refusal: &Refusal, desk: &Desk) -> bool {
        let wait = soon(refusal);
        if let Some(wait) = wait {
            self.again_at = self.again_at.max(Some(desk.at().after(wait)));
        }
        wait.is_some()
    }

    fn take(&mut self, id: u32) -> Option<Wish> {
        let at = self.wishes.iter().position(|wish| wish.id == id)?;
        Some(self.wishes.remove(at))
    }
}
