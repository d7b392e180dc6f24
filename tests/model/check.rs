//! What is asked when all is quiet: of the relay over a line of its own, and of every device that is open.

use std::collections::{BTreeMap, BTreeSet};

use lamplight_core::address::Seq;
use lamplight_core::agent::{Choice, Item, ItemState, RowKind};
use lamplight_core::message::{Entry, What};
use lamplight_core::presence::{Activity, Note, PresenceTuple, TupleKind, View, by_hand};
use lamplight_core::wire::{Decision, ToAgent, ToService};

use super::play::Play;
use super::steps::{PEOPLE, Who, every_seat};
use super::world::{ByHand, Deletion, Fate, Message};
use crate::room::{Room, in_words, presentity};

type Outcome = Result<(), String>;

/// What the relay says of one person to that person.
struct Kept {
    contacts: BTreeSet<Who>,
    decisions: BTreeMap<Who, Decision>,
    requests: BTreeSet<Who>,
    status: ByHand,
    /// Messages with the other side, oldest first.
    log: Vec<(Who, Entry)>,
}

pub fn all(play: &mut Play) -> Outcome {
    lines(play)?;
    nothing_leaked(play)?;
    let kept: Vec<Kept> = (0..PEOPLE.len())
        .map(|who| ask(&mut play.room, who))
        .collect::<Result<_, _>>()?;
    messages(play, &kept)?;
    for (who, kept) in kept.iter().enumerate() {
        wishes(play, who, kept)?;
    }
    rows(play)?;
    requests(play, &kept)?;
    conversations(play, &kept)?;
    unread(play)?;
    let world = &mut play.world;
    (world.wished, world.trouble) = (false, false);
    Ok(())
}

fn number(name: &str) -> Result<Who, String> {
    let found = PEOPLE.iter().position(|one| *one == name);
    found.ok_or_else(|| format!("nobody is called {name}"))
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what()) }
}

// The relay.

/// Asks the relay everything about a person, over a line that is nobody's device.
fn ask(room: &mut Room, who: Who) -> Result<Kept, String> {
    let session = room.logs_in(PEOPLE[who], "asks", None);
    let mut frames = room.hears(session);
    let mut before = None;
    loop {
        let page = ToService::FetchInbox {
            number: 1,
            with: None,
            before,
            limit: 300,
        };
        let answer = room.asks_relay(session, &page);
        let (first, more) = first_of_page(&answer).ok_or("a page is not answered")?;
        frames.extend(answer);
        if !more {
            break;
        }
        before = first;
    }
    room.hangs_up(session);
    read(who, &frames)
}

fn first_of_page(frames: &[ToAgent]) -> Option<(Option<Seq>, bool)> {
    frames.iter().find_map(|frame| match frame {
        ToAgent::Page { entries, more, .. } => {
            Some((entries.first().map(|entry| entry.seq), *more))
        }
        _ => None,
    })
}

fn read(who: Who, frames: &[ToAgent]) -> Result<Kept, String> {
    let mut kept = Kept {
        contacts: BTreeSet::new(),
        decisions: BTreeMap::new(),
        requests: BTreeSet::new(),
        status: None,
        log: Vec::new(),
    };
    for frame in frames {
        match frame {
            ToAgent::Roster {
                contacts,
                access,
                requests,
                ..
            } => {
                for contact in contacts {
                    kept.contacts.insert(number(contact.presentity.0.name())?);
                }
                for access in access {
                    let watcher = number(access.watcher.0.name())?;
                    kept.decisions.insert(watcher, access.decision.clone());
                }
                for request in requests {
                    kept.requests.insert(number(request.watcher.0.name())?);
                }
            }
            ToAgent::Notify { notifications } => {
                let own = presentity(PEOPLE[who]);
                let own = notifications.iter().find(|one| one.presentity == own);
                if let Some(View::Shown(information)) = own.map(|own| &own.view) {
                    let hand = information.tuples.iter().find(|one| one.id == by_hand());
                    kept.status = hand.map(status);
                }
            }
            ToAgent::Page { entries, .. } => {
                for entry in entries {
                    kept.log.push((number(entry.with.name())?, entry.clone()));
                }
            }
            _ => {}
        }
    }
    kept.log.sort_by_key(|(_, entry)| entry.seq);
    Ok(kept)
}

fn status(tuple: &PresenceTuple) -> (Choice, String) {
    let choices = [
        (Activity::Invisible, Choice::Invisible),
        (Activity::Busy, Choice::Busy),
        (Activity::Away, Choice::Away),
    ];
    let chosen = choices.iter().find(|(one, _)| tuple.status.has(one));
    let note = tuple.status.note.as_ref().map(Note::as_str);
    (
        chosen.map_or(Choice::Available, |(_, choice)| *choice),
        note.unwrap_or_default().to_owned(),
    )
}

// Lines.

/// Every page is connected and has said everything.
fn lines(play: &mut Play) -> Outcome {
    for seat in play.world.seats() {
        let name = seat.to_string();
        ensure(play.room.is_up(&name), || format!("{name} is not back"))?;
        let outbox = play.room.outbox(&name);
        ensure(outbox.is_empty(), || {
            format!("{name} still has {} messages to send", outbox.len())
        })?;
        let skipped = play.room.agent(&name).skipped();
        ensure(skipped == 0, || format!("{name} skipped {skipped} frames"))?;
    }
    Ok(())
}

/// Nobody was told more of another than that other could have wanted at any moment since the last quiet one.
fn nothing_leaked(play: &mut Play) -> Outcome {
    for seat in every_seat() {
        let name = seat.to_string();
        for (_, frame) in play.room.frames(&name) {
            let ToAgent::Notify { notifications } = frame else {
                continue;
            };
            for notification in notifications {
                let View::Shown(information) = &notification.view else {
                    continue;
                };
                let whom = number(notification.presentity.0.name())?;
                let is_present = |tuple: &PresenceTuple| tuple.kind != TupleKind::Service;
                let shown = information.tuples.iter().any(is_present);
                let allowed = play.world.decision[whom][seat.who].ever();
                let seen = play.world.status[whom].ever();
                let hidden = |status: &ByHand| matches!(status, Some((Choice::Invisible, _)));
                let may = seat.who == whom
                    || allowed.contains(&Some(Decision::Allow)) && !seen.iter().all(hidden);
                ensure(!shown || may, || {
                    format!("{name} was shown {}: {information:?}", PEOPLE[whom])
                })?;
            }
        }
    }
    Ok(())
}

// What people set.

fn wishes(play: &mut Play, who: Who, kept: &Kept) -> Outcome {
    let me = PEOPLE[who];
    for (other, name) in PEOPLE.iter().enumerate() {
        let contact = kept.contacts.contains(&other);
        let wished = &mut play.world.contact[who][other];
        ensure(wished.outcomes().contains(&contact), || {
            format!("{me} watches {name}: {contact}, wanted: {wished:?}")
        })?;
        wished.settle(contact);
        let decision = kept.decisions.get(&other).cloned();
        let wished = &mut play.world.decision[who][other];
        ensure(wished.outcomes().contains(&decision), || {
            format!("{me} lets {name}: {decision:?}, wanted: {wished:?}")
        })?;
        play.world.settle_decision(who, other, decision);
    }
    let wished = &mut play.world.status[who];
    ensure(wished.outcomes().contains(&kept.status), || {
        format!("{me} is {:?}, wanted: {wished:?}", kept.status)
    })?;
    wished.settle(kept.status.clone());
    Ok(())
}

/// Each row of each device says what the model says.
fn rows(play: &mut Play) -> Outcome {
    for seat in play.world.seats() {
        let name = seat.to_string();
        let own = play.room.agent(&name).me();
        let set = own.choice.map(|choice| {
            let note = own.note.as_ref().map(Note::as_str);
            (choice, note.unwrap_or_default().to_owned())
        });
        let settled = &play.world.status[seat.who].settled;
        ensure(set == *settled, || {
            format!("{name} shows oneself as {set:?}, and is {settled:?}")
        })?;
        for (other, whom) in PEOPLE.iter().enumerate() {
            let row = play.room.agent(&name).row(&presentity(whom).0);
            let kind = row.as_ref().map(|row| row.kind);
            let contact = play.world.contact[seat.who][other].settled;
            ensure((kind == Some(RowKind::Contact)) == contact, || {
                format!("{name} shows {whom} as {kind:?}, contact: {contact}")
            })?;
            let Some(row) = row else { continue };
            let decision = play.world.decision[seat.who][other].settled.clone();
            ensure(row.sees_me == decision, || {
                format!(
                    "{name} shows that {whom} has {:?}, is {decision:?}",
                    row.sees_me
                )
            })?;
            let (reads, must) = (in_words(&row.person), play.world.reads(seat.who, other));
            ensure(!contact || must.contains(&reads), || {
                format!("{name} sees {whom} as `{reads}`, and should as `{must:?}`")
            })?;
        }
    }
    Ok(())
}

fn requests(play: &mut Play, kept: &[Kept]) -> Outcome {
    for (who, kept) in kept.iter().enumerate() {
        for (other, name) in PEOPLE.iter().enumerate() {
            let asks = kept.requests.contains(&other);
            let wants = play.world.contact[other][who].settled;
            let decision = play.world.decision[who][other].settled.clone();
            let must = wants && !play.world.decided[who][other];
            let must_not = !wants || decision.is_some();
            ensure((!must || asks) && (!must_not || !asks), || {
                format!("{name} asks {}: {asks}, decided: {decision:?}", PEOPLE[who])
            })?;
        }
    }
    for seat in play.world.seats() {
        let shown = play.room.is_asked_by(&seat.to_string());
        let shown: BTreeSet<Who> = shown
            .iter()
            .map(|name| number(name))
            .collect::<Result<_, _>>()?;
        let must = &kept[seat.who].requests;
        ensure(shown == *must, || {
            format!("{seat} shows requests of {shown:?}, there are {must:?}")
        })?;
    }
    Ok(())
}

// Messages.

/// Every message stands once where it must, nowhere else, and in the order in which it was written.
fn messages(play: &mut Play, kept: &[Kept]) -> Outcome {
    let texts: Vec<BTreeMap<&str, usize>> = kept.iter().map(|kept| counts(&kept.log)).collect();
    let count = |who: Who, text: &str| texts[who].get(text).copied().unwrap_or(0);
    for place in 0..play.world.messages.len() {
        let message = play.world.messages[place].clone();
        let (sender, receiver) = (message.from.who, message.to);
        let counts = [count(sender, &message.text), count(receiver, &message.text)];
        let judged = judge(play, &message, counts);
        let judged = judged.map_err(|what| format!("{what}: {message:?}, found {counts:?}"))?;
        play.world.messages[place] = judged;
    }
    for (who, kept) in kept.iter().enumerate() {
        in_order(play, who, kept)?;
    }
    Ok(())
}

fn counts(log: &[(Who, Entry)]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (_, entry) in log {
        if let What::Received(_, body) | What::Sent(_, body) = &entry.what {
            *counts.entry(body.as_str()).or_default() += 1;
        }
    }
    counts
}

fn judge(play: &Play, message: &Message, [sent, received]: [usize; 2]) -> Result<Message, String> {
    let mut judged = message.clone();
    if sent > 1 || received > 1 {
        return Err("stands twice".to_owned());
    }
    let [at_sender, at_receiver] = &mut judged.deleted;
    let arrived = match message.fate {
        Fate::Kept { arrived } => arrived,
        Fate::UnderWay => {
            let ever = play.world.decision[message.to][message.from.who].ever();
            let blocked = ever.contains(&Some(Decision::Block));
            let free = ever.iter().any(|one| *one != Some(Decision::Block));
            let arrived = received == 1;
            if sent + received == 0 && *at_sender == Deletion::No {
                let must = play.world.is_open(message.from);
                return if must {
                    Err("is lost".to_owned())
                } else {
                    Ok(judged)
                };
            }
            let gone = *at_receiver != Deletion::No;
            if arrived && !free || !arrived && !blocked && !gone {
                return Err(format!("arrived: {arrived}, blocked: {blocked}"));
            }
            arrived || gone && !blocked
        }
    };
    standing(sent == 1, true, at_sender)?;
    standing(received == 1, arrived, at_receiver)?;
    judged.fate = Fate::Kept { arrived };
    Ok(judged)
}

/// Whether a copy stands or not is as it must be, with what was deleted.
fn standing(stands: bool, kept: bool, deletion: &mut Deletion) -> Outcome {
    match (*deletion, stands) {
        (Deletion::Done, true) => Err("is back after it was deleted".to_owned()),
        (Deletion::No, false) if kept => Err("is lost".to_owned()),
        (Deletion::Wanted, false) => {
            *deletion = Deletion::Done;
            Ok(())
        }
        (Deletion::Wanted, true) => {
            *deletion = Deletion::No;
            Ok(())
        }
        _ if stands && !kept => Err("came to who had blocked it".to_owned()),
        _ => Ok(()),
    }
}

/// What was written at one device to one person stands in that order in both inboxes.
fn in_order(play: &Play, who: Who, kept: &Kept) -> Outcome {
    let place = |text: &str| {
        let messages = &play.world.messages;
        messages.iter().position(|message| message.text == text)
    };
    let mut last = BTreeMap::new();
    for (_, entry) in &kept.log {
        let (What::Received(_, body) | What::Sent(_, body)) = &entry.what else {
            continue;
        };
        let place = place(body.as_str()).ok_or("a message that nobody wrote")?;
        let message = &play.world.messages[place];
        let before = last.insert((message.from, message.to), place);
        ensure(before.is_none_or(|before| before < place), || {
            format!("{} is out of order for {}", message.text, PEOPLE[who])
        })?;
    }
    Ok(())
}

/// Each device shows the same conversations as the relay keeps, with the right marks.
fn conversations(play: &mut Play, kept: &[Kept]) -> Outcome {
    for seat in play.world.seats() {
        for (other, whom) in PEOPLE.iter().enumerate() {
            let shown = play.room.conversation(&seat.to_string(), whom).items;
            let theirs = kept[seat.who].log.iter().filter(|(with, _)| *with == other);
            let must: Vec<&str> = theirs.filter_map(|(_, entry)| text(entry)).collect();
            let texts: Vec<&str> = shown.iter().map(|item| item.text.as_str()).collect();
            ensure(
                must.ends_with(&texts) && texts.len() >= must.len().min(50),
                || format!("{seat} shows with {whom} {texts:?}, there are {must:?}"),
            )?;
            for item in &shown {
                mark(play, seat.who, other, item)?;
            }
        }
    }
    Ok(())
}

fn text(entry: &Entry) -> Option<&str> {
    match &entry.what {
        What::Received(_, body) | What::Sent(_, body) => Some(body.as_str()),
        _ => None,
    }
}

fn mark(play: &Play, who: Who, other: Who, item: &Item) -> Outcome {
    let messages = &play.world.messages;
    let message = messages.iter().find(|message| message.text == item.text);
    let message = message.ok_or("a message that nobody wrote")?;
    if message.from.who != who {
        return ensure(item.state == ItemState::Received, || {
            format!("{message:?} is shown as {:?}", item.state)
        });
    }
    let hidden = matches!(
        play.world.status[other].settled,
        Some((Choice::Invisible, _))
    );
    let arrived = message.fate == (Fate::Kept { arrived: true });
    let must = arrived && play.world.is_there(other) && !hidden && message.seen_by_sender;
    let any_arrived = |one: &Message| {
        (one.from.who, one.to) == (who, other)
            && one.fate == (Fate::Kept { arrived: true })
            && one.maybe_seen
    };
    let may = messages.iter().any(any_arrived) && (message.met || !arrived);
    let fits = match item.state {
        ItemState::Accepted => !must,
        ItemState::Delivered => may,
        _ => false,
    };
    ensure(fits, || {
        format!(
            "{} shows {message:?} as {:?}, delivered must: {must}, may: {may}",
            PEOPLE[who], item.state
        )
    })
}

/// Each device counts what is unread as the model does.
pub fn unread(play: &mut Play) -> Outcome {
    for seat in play.world.seats() {
        for (other, whom) in PEOPLE.iter().enumerate() {
            let shown = play.room.unread(&seat.to_string(), whom) as usize;
            let must = play.world.unread(seat.who, other);
            ensure(shown == must, || {
                format!("{seat} shows {shown} unread of {whom}, there are {must}")
            })?;
        }
    }
    Ok(())
}
