//! My own address, to give to others.

use super::icon::{Icon, glyph};
use crate::draw::{Tag, bdi, button, div, span};
use crate::house::{Deed, House};
use crate::texts::t;

pub fn share(house: &House) -> Tag {
    let address = house.shell.principal().as_str();
    let copy = house.does(Deed::Copy(address.to_owned()));
    div("share")
        .with(span("share-label").say(t().your_address))
        .with(bdi("share-address", address))
        .with(
            button("", copy)
                .with(glyph(Icon::Copy))
                .say(t().copy_address),
        )
}
