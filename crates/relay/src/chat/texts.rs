//! Every sentence of the terminal, for people. The sentence of a refusal stands beside its code in core.

use lamplight_client::{Choice, Person, Reason, Word};

pub const HELP: &str = "\
  /to bob             talk with bob; what you type then goes to bob
  /to bob Tea?        the same, with a first message
  /who                your contacts, who asks to see you, whose messages wait
  /add bob            ask to see when bob is there
  /remove bob         do not see bob any more
  /allow bob          let bob see you
  /deny bob           do not, and bob is told so
  /block bob          bob is not told, and does not see you come any more
  /admit bob          take what bob wrote, though you do not know bob
  /status busy Tea    available, busy, away or invisible, with a note; or clear
  /quit               leave
  A line that is to begin with a slash begins with two.";

pub const TO_WHOM: &str = "To whom? Say /to and a name first.";
pub const ALONE: &str = "You have no contacts yet. Add someone: /add and a name.";
pub const NO_LINE: &str = "No connection. What you write waits, and goes out when it is back.";
pub const LINE_AGAIN: &str = "Connected again.";
pub const KEEPS_NOTHING: &str =
    "The folder cannot be written: what waits for the connection is lost when you leave.";
pub const WHICH_STATUS: &str = "Which status? available, busy, away or invisible, with a note behind it if you like; or clear.";
pub const PLAIN: &str =
    "Careful: the connection to this relay is not encrypted. Others on the way can read along.";
pub const NO_NAME: &str = "say who you are: --name alice, or a token in LAMPLIGHT_TOKEN";
pub const NO_PASSWORD: &str = "there is nobody to ask for the password: set LAMPLIGHT_PASSWORD, or a token in LAMPLIGHT_TOKEN";

pub fn welcome(me: &str) -> String {
    format!("You are {me}. /help says what you can type.")
}

pub fn needs_name(word: &str) -> String {
    format!("Whom do you mean? For example: {word} bob")
}

pub fn unknown(word: &str) -> String {
    format!("There is no /{word}. /help says what you can type.")
}

pub fn now_to(name: &str, how: &str) -> String {
    format!("You talk with {name} ({how}).")
}

pub fn asks(name: &str) -> String {
    format!("{name} asks to see you. Say /allow {name}, /deny {name} or /block {name}.")
}

pub fn held(name: &str, count: u32, text: &str) -> String {
    let how_many = if count == 1 { "wrote" } else { "wrote again" };
    format!(
        "{name}, whom you do not know, {how_many}: {text}\n/admit {name} to talk, or /block {name}."
    )
}

pub fn is_now(name: &str, how: &str) -> String {
    format!("{name} is {how}")
}

pub fn refused(about: Option<&str>, sentence: &str) -> String {
    match about {
        Some(name) => format!("{name}: {sentence}"),
        None => sentence.to_owned(),
    }
}

pub fn leaving(waiting: usize) -> String {
    let what = if waiting == 1 { "message" } else { "messages" };
    format!("{waiting} {what} still to go out. Ctrl-C leaves at once.")
}

pub fn left_behind(waiting: usize, kept: bool) -> String {
    let what = if waiting == 1 { "message" } else { "messages" };
    match kept {
        true => format!("{waiting} {what} did not go out; next time they do."),
        false => {
            format!("{waiting} {what} did not go out and are lost. With --keep they would wait.")
        }
    }
}

pub fn my_status(choice: Option<Choice>) -> String {
    let how = match choice {
        Some(Choice::Available) => "available",
        Some(Choice::Busy) => "busy",
        Some(Choice::Away) => "away",
        Some(Choice::Invisible) => "offline to everyone else",
        None => "as your devices say",
    };
    format!("You are {how}.")
}

/// How someone is, in the middle of a sentence.
pub fn how(person: &Person, time: impl Fn(lamplight_client::Timestamp) -> String) -> String {
    let word = match person.word {
        Word::Available => "available",
        Word::Busy => "busy",
        Word::Away => "away",
        Word::Offline => "offline",
        Word::NotAvailable => "not available",
        Word::Unknown => "unknown",
        Word::NotShared => "not shared with you",
    };
    let why = match person.reason {
        Reason::ByHand(Some(until)) => format!(" until {}", time(until)),
        Reason::Idle(since) => format!(", idle since {}", time(since)),
        Reason::Absent(since) if since.0 > 0 => format!(", last here {}", time(since)),
        Reason::Pending => ": they have not answered yet".into(),
        Reason::Refused(code) => format!(": {}", code.sentence()),
        _ => String::new(),
    };
    let note = person
        .note
        .as_ref()
        .map(|note| format!(": {}", note.as_str()));
    let stale = if person.stale { " (last known)" } else { "" };
    format!("{word}{why}{}{stale}", note.unwrap_or_default())
}

/// A sign beside the word, told apart by its shape.
pub fn sign(word: Word) -> char {
    match word {
        Word::Available => '●',
        Word::Busy => '⊘',
        Word::Away => '◐',
        Word::Offline | Word::NotAvailable => '○',
        Word::Unknown => '?',
        Word::NotShared => '·',
    }
}
