//! A face of initials: the same letters and hue for the same address everywhere, with the presence at its corner.

use lamplight_embed::{Address, Person};

use super::presence::shape;
use crate::draw::{Tag, span};

const HUES: [&str; 12] = [
    "hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5", "hue-6", "hue-7", "hue-8", "hue-9",
    "hue-10", "hue-11",
];

pub fn avatar(address: &Address, name: &str, person: Option<&Person>) -> Tag {
    span("avatar")
        .also(hue(address.as_str()))
        .attr("aria-hidden", "true")
        .with(span("avatar-letters").text(&initials(name)))
        .maybe(person.map(|person| shape(person.word, person.stale)))
}

fn initials(name: &str) -> String {
    let apart = |c: char| c.is_whitespace() || c.is_ascii_punctuation() || c == '“';
    let mut words = name
        .split(apart)
        .filter_map(|word| word.chars().next())
        // Behind it stands the site of a visitor.
        .take_while(|first| *first != '·');
    let first = words.next();
    // The styles make them large.
    first.into_iter().chain(words.last()).collect()
}

/// FNV-1a, so that a hue is the same in every browser.
fn hue(text: &str) -> &'static str {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    HUES[hash as usize % HUES.len()]
}
