//! What must not stand in a log prints as dots.

use core::fmt;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Wraps a secret or private value: travels as itself, prints as `…`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Private<T>(#[n(0)] pub T);

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_value_never_prints() {
        assert_eq!(alloc::format!("{:?}", Private("hunter2")), "…");
    }
}
