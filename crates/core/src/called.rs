//! How whoever came in by a page of another site is called: by which site, by what name, and who says so.

use alloc::string::String;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::presence::Note;

/// What the service knows of a visitor of a site. It is set from the visitor's login alone, never read from a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Called {
    /// The name of the site whose page they came in by.
    #[n(0)]
    pub site: Note,
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Note>,
    /// Who says the name.
    #[n(2)]
    #[cbor(default)]
    pub says: Says,
}

/// Who says what a visitor is called.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Says {
    /// They do, and nobody vouches for it.
    #[default]
    #[n(0)]
    Themselves,
    /// Their site does, in a token that it signed.
    #[n(1)]
    Site,
}

impl Called {
    /// As people read it: `Maria · shop.example`. What only the visitor says stands in quotation marks; who says no name is called
    /// as they would be `otherwise`.
    pub fn shown(&self, otherwise: &str) -> String {
        let name = self.name.as_ref().map_or(otherwise, Note::as_str);
        let [open, close] = match (&self.name, self.says) {
            (Some(_), Says::Themselves) => ["“", "”"],
            _ => [""; 2],
        };
        let mut shown = String::from(open);
        for part in [name, close, " · ", self.site.as_str()] {
            shown.push_str(part);
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_vouches_for_stands_in_quotation_marks() {
        let shown = |name: Option<&str>, says| {
            let called = Called {
                site: Note::parse("shop.example").unwrap(),
                name: name.map(|name| Note::parse(name).unwrap()),
                says,
            };
            called.shown("guest-x7")
        };
        assert_eq!(shown(Some("Maria"), Says::Site), "Maria · shop.example");
        assert_eq!(
            shown(Some("Maria"), Says::Themselves),
            "“Maria” · shop.example"
        );
        for says in [Says::Site, Says::Themselves] {
            assert_eq!(shown(None, says), "guest-x7 · shop.example");
        }
    }
}
