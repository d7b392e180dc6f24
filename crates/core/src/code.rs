//! Every refusal there is: a stable code, a sentence for people and whether a retry helps.
//!
//! Sorted by who is at fault. The relay's HTTP answers, the wire and the page all use this one list.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::cbor::{Decode, Encode, Reader, Writer};
use serde::{Deserialize, Serialize};

use crate::time::millis;

/// Whether asking again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Not as it is: change the request first.
    #[n(0)]
    No,
    /// The same request may succeed later.
    #[n(1)]
    Later,
    /// The same request may succeed after this many milliseconds.
    #[n(2)]
    AfterMs(#[n(0)] u64),
}

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident $slug:literal $retry:ident $sentence:literal)*) => {
        /// The stable codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$meta])* $variant,)*
            /// A code of a newer relay that this build does not know.
            Unknown,
        }

        impl Code {
            /// All codes of this build.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as it stands on the wire.
            pub fn slug(self) -> &'static str {
                match self {
                    $(Self::$variant => $slug,)*
                    Self::Unknown => "unknown",
                }
            }

            /// What a person is told, in English.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$variant => $sentence,)*
                    Self::Unknown => "The relay refused this for a reason this page does not know yet. Reload it.",
                }
            }

            /// Whether a retry helps when nothing more is known.
            pub fn retry(self) -> Retry {
                match self {
                    $(Self::$variant => Retry::$retry,)*
                    Self::Unknown => Retry::No,
                }
            }

            /// Reads a code from the wire.
            pub fn from_slug(slug: &str) -> Self {
                match slug {
                    $($slug => Self::$variant,)*
                    _ => Self::Unknown,
                }
            }
        }
    };
}

codes! {
    // The request is at fault.
    BadFrame "bad_frame" No "The relay could not read that. Reload the page; if it happens again, update the program."
    WrongVersion "wrong_version" No "This page and the relay speak different versions. Reload the page."
    HelloFirst "hello_first" No "The first frame of a connection must be a hello."
    TooLarge "too_large" No "That is too long. Shorten it and try again."
    BadAddress "bad_address" No "That is not an address. An address looks like name@domain."
    BadPresence "bad_presence" No "That status cannot be published: it contradicts itself or is too large."
    IdConflict "id_conflict" No "A different message was already sent under this identifier. Write it anew."
    NotYourself "not_yourself" No "You always see yourself; there is no need to add yourself."
    BadRules "bad_rules" No "Those rules cannot be kept: there are too many of them, or one contradicts itself."
    NothingToAnswer "nothing_to_answer" No "There is nothing here to allow or deny any more."

    // Who is asking, or whom they ask for.
    WrongCredentials "wrong_credentials" No "Name and password do not match. Check both and try again."
    NotSignedIn "not_signed_in" No "You are not signed in any more. Sign in again."
    SignedOut "signed_out" No "You were signed out here. Sign in again to go on."
    Suspended "suspended" No "This account is suspended. Ask whoever runs this relay."
    InvitationOver "invitation_over" No "This link does not hold any more. Ask for a new one."
    UnknownAddress "unknown_address" No "Nobody has this address. Check how it is spelt."
    NotAllowed "not_allowed" No "You are not allowed to do that."
    SignInAgain "sign_in_again" No "They ask that you sign in again first. Say your password, then it goes on."
    ShowYourself "show_yourself" No "They want to know who watches them. Show them your name, or go without."
    NotAccepted "not_accepted" No "They do not accept this message."
    InboxClosed "inbox_closed" Later "This inbox does not accept messages now. Try again later."
    NameTaken "name_taken" No "This name is taken. Choose another."
    NameLooksAlike "name_looks_alike" No "This name looks too much like one that is taken. Choose another."
    BadName "bad_name" No "A name has letters, digits, dots, dashes or underscores, and at most 64 of them."
    BadPassword "bad_password" No "A password has 10 to 256 characters."
    RegistrationClosed "registration_closed" No "This relay does not accept new accounts. Ask its owner for an invitation."
    GuestsClosed "guests_closed" No "Guests are not let in here."
    WrongOrigin "wrong_origin" No "This page is not served by this relay, so it may not connect to it."

    // A site that shows a chat, and the tokens of its backend: a visitor can do nothing about any of them, so one sentence does.
    UnknownSite "unknown_site" No "This relay shows no such chat on this site."
    TokenInvalid "token_invalid" No "The site's token is not valid."
    TokenExpired "token_expired" No "The site's token is not valid."
    TokenUsed "token_used" No "The site's token is not valid."
    TokenWrongTimes "token_wrong_times" No "The site's token is not valid."
    TokenWrongAudience "token_wrong_audience" No "The site's token is not valid."
    TokenWrongOrigin "token_wrong_origin" No "The site's token is not valid."

    // Too much.
    TooManyRequests "too_many_requests" Later "That was too fast. Wait a moment and try again."
    TooManySubscriptions "too_many_subscriptions" No "Your contact list is full. Remove someone first."
    TooManyWatchers "too_many_watchers" Later "Too many people watch this address already."
    TooManySessions "too_many_sessions" Later "You are connected in too many places. Close one and try again."
    TooManyAddresses "too_many_addresses" No "You have as many of these as this relay allows. Remove one first."
    InboxFull "inbox_full" Later "This inbox is full. Its owner has to make room first."
    TooSlow "too_slow" Later "This connection could not keep up and was closed. It opens again by itself."

    // The relay is at fault, or busy.
    TryLater "try_later" Later "The relay cannot do that right now. Try again in a moment."
    StorageFull "storage_full" Later "The relay has no room to keep this. Nothing was sent; try again later."
    Draining "draining" Later "The relay is restarting. The connection comes back by itself."
    Replaced "replaced" No "This connection was replaced by a newer one of the same page."
    NoPresence "no_presence" No "This relay does not offer presence, only messages."
    NoMessages "no_messages" No "This relay does not offer messages, only presence."
    NotFound "not_found" No "There is nothing at this address of the relay."
}

impl Code {
    /// The refusal with this code and its usual sentence.
    pub fn refusal(self) -> Refusal {
        Refusal {
            code: self,
            sentence: self.sentence().into(),
            retry: self.retry(),
        }
    }

    /// The refusal that names how long to wait.
    pub fn refusal_after(self, wait: Duration) -> Refusal {
        Refusal {
            retry: Retry::AfterMs(millis(wait)),
            ..self.refusal()
        }
    }
}

/// A refusal as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Refusal {
    #[n(0)]
    pub code: Code,
    /// For people who read the wire; the page has its own words for each code.
    #[n(1)]
    pub sentence: String,
    #[n(2)]
    pub retry: Retry,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.slug(), self.sentence)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_slug(&String::deserialize(deserializer)?))
    }
}

impl Encode for Code {
    fn encode(&self, to: &mut Writer) {
        to.text(self.slug());
    }
}

impl Decode for Code {
    fn decode(from: &mut Reader<'_>) -> Option<Self> {
        from.text().map(Self::from_slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_from_its_slug_and_says_a_sentence() {
        for code in Code::ALL {
            assert_eq!(Code::from_slug(code.slug()), *code);
            assert!(code.sentence().ends_with('.'), "{code:?} says no sentence");
        }
    }

    #[test]
    fn a_code_of_a_newer_relay_is_not_an_error() {
        assert_eq!(Code::from_slug("teapot"), Code::Unknown);
    }
}
