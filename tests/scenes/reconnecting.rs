//! reconnecting
