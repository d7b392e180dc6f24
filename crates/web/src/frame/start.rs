//! Who comes without being vouched for says a name, or none. Whom the site knows is asked for once more, and for nothing else.

use yew::prelude::*;

use super::Frame;
use crate::dom;
use crate::draw::{On, act, p, tag};
use crate::parts::field::{Field, submit};
use crate::texts::t;

const NAME: &str = "visitor-name";

/// `wrong`: what became of the last try.
pub fn start(frame: &Frame, wrong: &'static str) -> Html {
    let vouched = frame.vouched.get();
    let begin = {
        let frame = frame.clone();
        act(move |event| {
            event.prevent_default();
            if vouched {
                frame.again();
            } else {
                frame.enter(None, dom::value(NAME).trim().into());
            }
        })
    };
    let name = || {
        Field {
            id: NAME,
            label: t().visitor_name,
            hint: t().visitor_name_hint,
            error: wrong,
            autocomplete: "nickname",
        }
        .draw(|input| input.attr("maxlength", "60"), Html::default())
    };
    let said = if vouched {
        p("field-error").attr("role", "alert").say(wrong)
    } else {
        name()
    };
    tag("form")
        .class("start")
        .on(On::Submit, begin)
        .with(tag("h1").text(&frame.whom()))
        .with(said)
        .with(submit("primary", t().start))
        .into()
}
