//! A face of initials: the same letters and hue for the same address everywhere, with the presence at its corner.

use lamplight_embed::{Address, Word};
use yew::prelude::*;

use super::presence::Shape;

const HUES: u32 = 12;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub address: Address,
    pub name: AttrValue,
    #[prop_or_default]
    pub word: Option<Word>,
    #[prop_or_default]
    pub stale: bool,
}

#[component]
pub fn Avatar(props: &Props) -> Html {
    let hue = format!("hue-{}", hue(props.address.as_str()));
    html! {
        <span class={classes!("avatar", hue)} aria-hidden="true">
            <span class="avatar-letters">{ initials(&props.name) }</span>
            if let Some(word) = props.word {
                <Shape {word} stale={props.stale} />
            }
        </span>
    }
}

fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next());
    let first = words.next();
    let last = words.next_back();
    // The styles make them large.
    first.into_iter().chain(last).collect()
}

/// FNV-1a, so that a hue is the same in every browser.
fn hue(text: &str) -> u32 {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash % HUES
}
