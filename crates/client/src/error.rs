//! Why something did not work, in a sentence for people.

use std::fmt;

use lamplight_core::code::Code;

/// What can go wrong at the door or with a word of the program.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// This is not the address of a relay.
    BadRelay(String),
    /// The relay cannot be reached, or hung up.
    Unreachable(std::io::Error),
    /// Whoever answers there is no relay, or one that this program does not understand.
    NoRelay,
    /// The relay refused.
    Refused(Code),
    /// This is not the address of anybody.
    BadAddress(String),
    /// A message is empty or longer than 16 KiB.
    BadText,
    /// A note is longer than one line of a status.
    BadNote,
    /// The folder for what is to be kept cannot be used.
    Keep(std::io::Error),
    /// The system gives no randomness.
    NoChance,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRelay(text) => write!(
                f,
                "“{text}” is not the address of a relay; one looks like https://chat.example.org"
            ),
            Self::Unreachable(error) => write!(f, "the relay cannot be reached: {error}"),
            Self::NoRelay => f.write_str("what answers there is not a relay of this kind"),
            Self::Refused(code) => f.write_str(code.sentence()),
            Self::BadAddress(text) => write!(f, "“{text}” is not an address like name@domain"),
            Self::BadText => f.write_str("a message has 1 byte to 16 KiB of text"),
            Self::BadNote => f.write_str("a note is one short line"),
            Self::Keep(error) => write!(f, "the folder to keep things in cannot be used: {error}"),
            Self::NoChance => f.write_str("the system gives no randomness"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable(error) | Self::Keep(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Unreachable(error)
    }
}
