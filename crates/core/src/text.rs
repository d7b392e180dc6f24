//! One way to make a bounded text type: parsed at the door, trusted inside, cheap to clone.
//!
//! A type made here proves that its text passed its own check; both codecs run the same check when they read one.

/// Defines a text newtype over `Arc<str>` whose `parse` is the given function from `&str` to its checked text.
macro_rules! checked_text {
    ($(#[$meta:meta])* $name:ident, $error:ty, $check:path) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "alloc::string::String", into = "alloc::string::String")]
        pub struct $name(alloc::sync::Arc<str>);

        impl $name {
            /// Checks the text and takes it.
            pub fn parse(text: &str) -> Result<Self, $error> {
                $check(text).map(|checked| Self(AsRef::<str>::as_ref(&checked).into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<alloc::string::String> for $name {
            type Error = $error;
            fn try_from(text: alloc::string::String) -> Result<Self, $error> {
                Self::parse(&text)
            }
        }

        impl core::str::FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::parse(text)
            }
        }

        impl From<$name> for alloc::string::String {
            fn from(value: $name) -> Self {
                value.as_str().into()
            }
        }

        impl $crate::cbor::Encode for $name {
            fn encode(&self, to: &mut $crate::cbor::Writer) {
                to.text(self.as_str());
            }
        }

        impl $crate::cbor::Decode for $name {
            fn decode(from: &mut $crate::cbor::Reader<'_>) -> Option<Self> {
                let text = from.text()?;
                Self::parse(text).ok().or_else(|| from.refused(stringify!($name)))
            }
        }
    };
}

pub(crate) use checked_text;
