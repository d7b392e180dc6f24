//! What stands where no conversation is open: the next step for whoever is new, a quiet place for the others.

use yew::prelude::*;

use super::icon::{self, Icon, glyph};
use super::live::Part;
use super::share::share;
use crate::draw::{button, div, p, tag};
use crate::house::{Deed, House, Popup};
use crate::pulse::Cause;
use crate::texts::t;

pub const PART: Part = Part {
    draw: welcome,
    wants: Cause::is_about_people,
};

fn welcome(house: &House) -> Html {
    let welcome = div("welcome").with(icon::mark());
    let welcome = if house.shell.read(|agent| agent.is_alone()) {
        let add = house.does(Deed::Show(Popup::AddContact(None)));
        welcome
            .with(tag("h2").say(t().welcome))
            .with(tag("p").say(t().welcome_new))
            .with(
                button("primary", add)
                    .with(glyph(Icon::Add))
                    .say(t().add_first),
            )
            .with(p("muted").say(t().welcome_share))
    } else {
        welcome
            .with(tag("h2").say(t().choose_someone))
            .with(p("muted").say(t().choose_hint))
    };
    welcome.with(share(house)).into()
}
