//! People in real browsers.
