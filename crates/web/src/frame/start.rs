//! Who comes without being vouched for says a name, or none.

use yew::prelude::*;

use super::Frame;
use crate::dom;
use crate::draw::{On, act, tag};
use crate::parts::field::{Field, submit};
use crate::texts::t;

const NAME: &str = "visitor-name";

/// `wrong`: what became of the last try.
pub fn start(frame: &Frame, wrong: &'static str) -> Html {
    let begin = {
        let frame = frame.clone();
        act(move |event| {
            event.prevent_default();
            frame.enter(None, dom::value(NAME).trim().into());
        })
    };
    let field = Field {
        id: NAME,
        label: t().visitor_name,
        hint: t().visitor_name_hint,
        error: wrong,
        autocomplete: "nickname",
    };
    tag("form")
        .class("start")
        .on(On::Submit, begin)
        .with(tag("h1").text(&frame.whom()))
        .with(field.draw(|input| input.attr("maxlength", "60"), Html::default()))
        .with(submit("primary", t().start))
        .into()
}
