//! Presence as people read it: one shape per word, never by colour alone, and the words themselves.

use lamplight_embed::{Basic, Choice, Code, Person, Reason, Timestamp, Word, joined};

use super::icon::circle;
use crate::draw::{Tag, path, svg};
use crate::texts::{self, fill, t};
use crate::times;

/// The shape: disc, barred octagon, crescent, ring, dotted ring, and a bar for what is not shared.
pub fn shape(word: Word, stale: bool) -> Tag {
    let shape = svg("presence", "0 0 16 16")
        .also(shape_class(word))
        .also_if(stale, "is-stale");
    match word {
        Word::Available => shape.with(circle("full", "8", "8", "6")),
        Word::Busy => shape
            .with(path(
                "full",
                "M5.3 1.500h5.400l3.8 3.800v5.400l-3.8 3.800H5.300l-3.8-3.800V5.300z",
            ))
            .with(path("bar", "M4.5 8h7")),
        Word::Away => shape.with(path(
            "full",
            "M9.5 1.700A6.3 6.3 0 1 0 14.3 9.5 5 5 0 0 1 9.5 1.700z",
        )),
        Word::Offline | Word::NotAvailable => shape.with(circle("line", "8", "8", "5")),
        Word::Unknown => shape.with(circle("line dotted", "8", "8", "5")),
        Word::NotShared => shape.with(path("line", "M8 1.800L14.2 8 8 14.2 1.8 8z")),
    }
}

fn shape_class(word: Word) -> &'static str {
    match word {
        Word::Available => "presence-available",
        Word::Busy => "presence-busy",
        Word::Away => "presence-away",
        Word::Offline | Word::NotAvailable => "presence-offline",
        Word::Unknown => "presence-unknown",
        Word::NotShared => "presence-not-shared",
    }
}

/// The word for styles and tests.
pub fn slug(word: Word) -> &'static str {
    match word {
        Word::Available => "available",
        Word::Busy => "busy",
        Word::Away => "away",
        Word::Offline => "offline",
        Word::NotAvailable => "not-available",
        Word::Unknown => "unknown",
        Word::NotShared => "not-shared",
    }
}

/// The word for people, in the middle of a sentence.
pub fn word(person: &Person) -> &'static str {
    match (person.word, person.reason) {
        (Word::NotShared, Reason::Refused(_)) => t().refused,
        (word, _) => name(word),
    }
}

/// The same of whom no more is known.
pub fn name(word: Word) -> &'static str {
    match word {
        Word::Available => t().available,
        Word::Busy => t().busy,
        Word::Away => t().away,
        Word::Offline => t().offline,
        Word::NotAvailable => t().not_available,
        Word::Unknown => t().unknown,
        Word::NotShared => t().not_shared,
    }
}

/// `busy: in a meeting`, and whether it is only the last we knew.
pub fn words(person: &Person) -> String {
    let mut words = match &person.note {
        Some(note) => joined(&[word(person), ": ", note.as_str()]),
        None => word(person).to_owned(),
    };
    if person.stale {
        words.push_str(", ");
        words.push_str(t().last_known);
    }
    words
}

/// Everything there is to say of another, for the head of a conversation.
pub fn sentence(person: &Person, now: Timestamp) -> String {
    let mut parts = vec![capital(&words(person))];
    parts.extend(why(person, now));
    if person.inbox == Basic::Closed {
        parts.push(t().inbox_closed_short.into());
    } else if person.word == Word::Offline {
        parts.push(t().messages_wait.into());
    }
    parts.join(" · ")
}

/// What one is oneself: the choice where there is one, since to appear offline is not to be offline.
pub fn my_words(choice: Option<Choice>, person: &Person) -> String {
    if choice == Some(Choice::Invisible) {
        return t().appearing_offline.into();
    }
    words(person)
}

/// Why the word is what it is: `idle for 5 min`, `until 15:30`.
pub fn why(person: &Person, now: Timestamp) -> Option<String> {
    match person.reason {
        Reason::ByHand(Some(until)) => Some(fill(t().until, &times::short(until, now))),
        Reason::Idle(since) => Some(fill(t().idle_for, &times::length(since, now))),
        Reason::Absent(last) if last != Timestamp(0) => {
            Some(fill(t().last_here, &times::ago(last, now)))
        }
        Reason::Pending => Some(t().pending_why.into()),
        Reason::Refused(Code::NotAllowed) => Some(t().refused_why.into()),
        Reason::Refused(code) => Some(texts::sentence(code).into()),
        Reason::NoWord if person.word == Word::Unknown => Some(t().no_word_why.into()),
        _ => None,
    }
}

pub fn capital(text: &str) -> String {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let (first, rest) = text.split_at(first);
    // The browser's tables of letters, so that the page need not bring its own.
    let first = js_sys::JsString::from(first).to_upper_case();
    String::from(first) + rest
}
