//! The shortcuts, from the one table that the page listens by, and what the shapes mean.

use lamplight_embed::Word;
use yew::prelude::*;

use super::dialog::dialog;
use super::presence::shape;
use crate::draw::{list, tag};
use crate::house::House;
use crate::keys::{self, SHORTCUTS};
use crate::texts::t;

pub fn help(house: &House) -> Html {
    let shapes = [
        (Word::Available, t().available_means),
        (Word::Busy, t().busy_means),
        (Word::Away, t().away_means),
        (Word::Offline, t().offline_means),
        (Word::Unknown, t().unknown_means),
        (Word::NotShared, t().not_shared_means),
    ];
    let shapes = shapes.into_iter().map(|(word, means)| {
        tag("li")
            .with(shape(word, false))
            .with(tag("span").say(means))
    });
    let shortcuts = SHORTCUTS.iter().map(|shortcut| {
        let keys = shortcut.keys.iter();
        let keys = keys.map(|key| tag("kbd").say(keys::printed(key)));
        tag("div")
            .with(tag("dt").each(keys))
            .with(tag("dd").say((shortcut.what)()))
    });
    let inside = vec![
        tag("h3").say(t().shapes).into(),
        tag("ul").class("legend").each(shapes).into(),
        tag("h3").say(t().shortcuts).into(),
        tag("dl").class("shortcuts").each(shortcuts).into(),
    ];
    dialog(house, t().help, list(inside))
}
