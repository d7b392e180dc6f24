//! The two pages.

pub mod door;
pub mod home;
pub mod settings;
