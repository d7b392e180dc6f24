//! Values as people write them: "10 s", "64 KiB", "100 then 1 per 50 ms". What is printed reads back as the same value.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lamplight_core::private::Private;
use lamplight_core::rules::Login;
use lamplight_core::service::Rate;

/// A value of the configuration.
pub trait Value: Sized {
    /// Reads what a person wrote; the error says what was expected.
    fn read(text: &str) -> Result<Self, String>;
    /// Writes it so that `read` gives it back.
    fn print(&self) -> String;
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl Size {
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A secret, or none; never printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret(Private<String>);

impl Secret {
    /// The secret, if one is set.
    pub fn get(&self) -> Option<&str> {
        Some(self.0.0.as_str()).filter(|secret| !secret.is_empty())
    }
}

/// Shortest secret that nobody guesses by trying.
const SECRET_MIN: usize = 16;

const DURATIONS: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// A whole number followed by one of these units.
fn read_unit(text: &str, units: &[(&str, u64)], example: &str) -> Result<u64, String> {
    let expected = || {
        let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
        format!(
            "expected a whole number and one of {}, such as \"{example}\"",
            names.join(", ")
        )
    };
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .ok_or_else(expected)?;
    let number: u64 = text[..split].parse().map_err(|_| expected())?;
    let name = text[split..].trim();
    let (_, factor) = units
        .iter()
        .find(|(unit, _)| *unit == name)
        .ok_or_else(expected)?;
    number.checked_mul(*factor).ok_or_else(expected)
}

/// The largest unit that divides the number.
fn print_unit(number: u64, units: &[(&str, u64)]) -> String {
    let (name, factor) = units
        .iter()
        .rev()
        .find(|(_, factor)| number.is_multiple_of(*factor) && number >= *factor)
        .unwrap_or(&units[0]);
    format!("{} {name}", number / factor)
}

impl Value for Duration {
    fn read(text: &str) -> Result<Self, String> {
        read_unit(text, DURATIONS, "10 s").map(Self::from_millis)
    }

    fn print(&self) -> String {
        print_unit(
            u64::try_from(self.as_millis()).unwrap_or(u64::MAX),
            DURATIONS,
        )
    }
}

impl Value for Size {
    fn read(text: &str) -> Result<Self, String> {
        read_unit(text, SIZES, "64 KiB").map(Self)
    }

    fn print(&self) -> String {
        print_unit(self.0, SIZES)
    }
}

impl Value for bool {
    fn read(text: &str) -> Result<Self, String> {
        let expected = "expected true or false";
        text.trim().parse().map_err(|_| expected.to_owned())
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl Value for Login {
    fn read(text: &str) -> Result<Self, String> {
        match text.trim() {
            "nobody" => Ok(Self::Nobody),
            "guest" => Ok(Self::Guest),
            "program" => Ok(Self::Program),
            "account" => Ok(Self::Account),
            // A whole relay that asks for a fresh password would ask every quarter of an hour.
            _ => Err("expected nobody, guest, program or account".into()),
        }
    }

    fn print(&self) -> String {
        let word = match self {
            Self::Nobody => "nobody",
            Self::Guest => "guest",
            Self::Program => "program",
            Self::Account | Self::Fresh => "account",
        };
        word.to_owned()
    }
}

impl Value for Rate {
    fn read(text: &str) -> Result<Self, String> {
        let expected = || "expected words such as \"20 then 1 per 200 ms\"".to_owned();
        let (burst, every) = text.split_once("then 1 per").ok_or_else(expected)?;
        let burst = burst.trim().parse().map_err(|_| expected())?;
        let every = Duration::read(every)?;
        if burst == 0 || every.is_zero() {
            return Err("expected at least one at once, and a time above zero".into());
        }
        Ok(Self { burst, every })
    }

    fn print(&self) -> String {
        format!("{} then 1 per {}", self.burst, self.every.print())
    }
}

impl Value for SocketAddr {
    fn read(text: &str) -> Result<Self, String> {
        let expected = "expected an address and a port, such as \"127.0.0.1:2778\" or \"[::]:443\"";
        text.trim().parse().map_err(|_| expected.to_owned())
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

impl Value for Option<SocketAddr> {
    fn read(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Ok(None),
            text => SocketAddr::read(text).map(Some),
        }
    }

    fn print(&self) -> String {
        self.map_or_else(String::new, |address| address.print())
    }
}

impl Value for String {
    fn read(text: &str) -> Result<Self, String> {
        Ok(text.trim().to_owned())
    }

    fn print(&self) -> String {
        self.clone()
    }
}

impl Value for Secret {
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if (1..SECRET_MIN).contains(&text.len()) {
            return Err(format!(
                "expected at least {SECRET_MIN} characters that nobody guesses, such as those of `openssl rand -hex 16`"
            ));
        }
        Ok(Self(Private(text.to_owned())))
    }

    fn print(&self) -> String {
        self.get().map_or("", |_| "…").to_owned()
    }
}

impl Value for PathBuf {
    fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("expected a path".into());
        }
        Ok(Self::from(text.trim()))
    }

    fn print(&self) -> String {
        self.display().to_string()
    }
}

/// A list, written with commas between.
impl Value for Vec<String> {
    fn read(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim);
        Ok(parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect())
    }

    fn print(&self) -> String {
        self.join(", ")
    }
}

macro_rules! number {
    ($($type:ty)*) => {$(
        impl Value for $type {
            fn read(text: &str) -> Result<Self, String> {
                let expected = || format!("expected a whole number from 0 to {}", <$type>::MAX);
                text.trim().replace('_', "").parse().map_err(|_| expected())
            }

            fn print(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

number!(u16 u32 u64 usize);

/// Defines a choice among words.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $word:literal)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl Value for $name {
            fn read(text: &str) -> Result<Self, String> {
                match text.trim() {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("expected one of {}", [$($word),*].join(", "))),
                }
            }

            fn print(&self) -> String {
                match self {
                    $(Self::$variant => $word.to_owned(),)*
                }
            }
        }
    };
}

choice!(
    /// Whether something is offered to whoever comes.
    Offer {
        /// On loopback only.
        Loopback "loopback"
        Open "open"
        Closed "closed"
    }
);

choice!(
    /// Who may make an account.
    SignUp {
        /// Everyone while only this machine reaches the relay; elsewhere whoever has a link.
        Loopback "loopback"
        Open "open"
        Invitation "invitation"
        Closed "closed"
    }
);

choice!(
    /// Who may invite others.
    Inviters {
        /// Everyone with an account.
        Accounts "accounts"
        Admins "admins"
    }
);

choice!(
    /// Which header says who a proxy was called by.
    ForwardedBy {
        XForwardedFor "x-forwarded-for"
        /// RFC 7239.
        Forwarded "forwarded"
        /// No proxy is believed anything.
        None "none"
    }
);

impl ForwardedBy {
    /// The name of the header.
    pub fn header(self) -> &'static str {
        match self {
            Self::XForwardedFor => "X-Forwarded-For",
            Self::Forwarded => "Forwarded",
            Self::None => "none",
        }
    }
}

choice!(
    /// How log lines look.
    LogFormat {
        /// For people on a terminal, JSON elsewhere.
        Auto "auto"
        Human "human"
        Json "json"
    }
);

choice!(
    /// From which weight on lines are logged.
    LogLevel {
        Error "error"
        Warn "warn"
        Info "info"
        Debug "debug"
    }
);
