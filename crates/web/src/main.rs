//! The chat page as a program, in two modules.
#![deny(unsafe_code)]

use lamplight_web::{Fetched, MORE, Views};
use wasm_split_helpers::{SplitLoaderError, wasm_split};

// The macro declares where the two modules meet as foreign functions, and gives what it says of a failed load a place in the answer.
#[allow(unsafe_code, clippy::unnecessary_wraps)]
#[wasm_split(more, fallible)]
fn load() -> Result<Box<Views>, SplitLoaderError> {
    Ok(Box::new(MORE))
}

fn fetch() -> Fetched {
    Box::pin(async { load().await.ok().map(|views| *views) })
}

fn main() {
    lamplight_web::page(fetch);
}
