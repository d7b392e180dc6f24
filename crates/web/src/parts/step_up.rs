//! The password once more: for a while the relay is then sure again who one is, and what it refused goes on by itself.

use lamplight_embed::{Code, Door, DoorError};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::dialog::dialog;
use super::field::{Field, submit};
use crate::dom;
use crate::draw::{On, act, div, list, p, tag};
use crate::house::House;
use crate::texts::{self, t};

pub fn step_up(house: &House) -> Html {
    let field = Field {
        id: "password",
        label: t().password,
        hint: "",
        error: house.complaint(),
        autocomplete: "current-password",
    };
    let field = field.draw(
        |input| input.attr("type", "password").flag("autofocus", true),
        Html::default(),
    );
    let sent = {
        let house = house.clone();
        act(move |event| {
            event.prevent_default();
            let (house, event) = (house.clone(), event.clone());
            let password = dom::value("password");
            spawn_local(async move {
                match Door.confirm(&password).await {
                    Ok(()) => {
                        house.confirmed();
                        dom::close_dialog(&event);
                    }
                    Err(DoorError::Refused(Code::WrongCredentials)) => {
                        house.complain(t().wrong_password);
                    }
                    Err(DoorError::Refused(code)) => house.complain(texts::sentence(code)),
                    Err(DoorError::Unreachable) => house.complain(t().relay_unreachable),
                }
            });
        })
    };
    let form = tag("form")
        .flag("novalidate", true)
        .on(On::Submit, sent)
        .with(field)
        .with(div("dialog-actions").with(submit("primary", t().go_on)));
    let inside = vec![p("muted").say(t().step_up_hint).into(), form.into()];
    dialog(house, t().step_up, list(inside))
}
