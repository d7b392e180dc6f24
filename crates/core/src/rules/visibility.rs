//! VISIBILITY RULES (RFC 2778 2.3): how a watcher wants to stand in the WATCHER INFORMATION of those it watches.

use alloc::vec::Vec;

use crate::cbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::Demand;
use crate::address::Presentity;

/// How a watcher stands in WATCHER INFORMATION.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Visibility {
    /// With its name.
    #[default]
    #[n(0)]
    Named,
    /// As one of a number.
    #[n(1)]
    Counted,
    /// Not at all.
    #[n(2)]
    Hidden,
}

/// A watcher's own rules: for some presentities, and for all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct VisibilityRules {
    #[n(0)]
    #[cbor(default)]
    #[serde(default)]
    pub otherwise: Visibility,
    /// Each presentity at most once.
    #[n(1)]
    #[cbor(default)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<(Presentity, Visibility)>,
}

impl VisibilityRules {
    /// How this watcher stands with that presentity.
    pub fn with(&self, presentity: &Presentity) -> Visibility {
        let exception = self.exceptions.iter().find(|(of, _)| of == presentity);
        exception.map_or(self.otherwise, |(_, visibility)| *visibility)
    }

    /// Sets or forgets an exception, or sets the rule for all others.
    pub fn set(&mut self, presentity: Option<&Presentity>, visibility: Option<Visibility>) {
        let Some(presentity) = presentity else {
            self.otherwise = visibility.unwrap_or_default();
            return;
        };
        self.exceptions.retain(|(of, _)| of != presentity);
        if let Some(visibility) = visibility {
            self.exceptions.push((presentity.clone(), visibility));
        }
    }
}

/// Whether a watcher's wish to hide and a presentity's wish to know go together (DESIGN 2.9).
pub fn meets(visibility: Visibility, demand: Demand) -> bool {
    demand == Demand::Anyone || visibility == Visibility::Named
}
