//! Asks to see someone, by address; a bare name is taken to be of this relay.

use lamplight_embed::{Code, Intent, Note, Offers, Presentity, joined, lower};
use yew::prelude::*;

use super::dialog::dialog;
use super::field::{Field, petname, submit};
use super::notices::Toast;
use crate::dom;
use crate::draw::{On, act, div, list, p, tag};
use crate::house::House;
use crate::texts::{self, fill, t};

/// `first` stands there to begin with.
pub fn add_contact(house: &House, first: Option<String>) -> Html {
    let address = Field {
        id: "address",
        label: t().address,
        hint: &fill(t().address_hint, domain(house)),
        error: house.complaint(),
        autocomplete: "off",
    };
    let address = address.draw(
        |input| {
            let input = input
                .attr("type", "text")
                .flag("required", true)
                .flag("autofocus", true)
                .attr_of("placeholder", &joined(&["bob@", domain(house)]));
            match &first {
                Some(first) => input.attr_of("value", first),
                None => input,
            }
        },
        Html::default(),
    );
    let add = {
        let house = house.clone();
        act(move |event| {
            event.prevent_default();
            match asked(&house) {
                Ok(presentity) => {
                    // Where there is only writing, nobody is asked.
                    if house.offers(Offers::Presence) {
                        house.intend(Intent::AddContact {
                            presentity: presentity.clone(),
                            petname: Note::parse(&dom::value("petname")).ok(),
                            group: None,
                        });
                        house.say(Toast::word(fill(t().asked, presentity.as_str())));
                    }
                    dom::close_dialog(event);
                    house.go(Some(presentity.address().clone()));
                }
                Err(sentence) => {
                    house.complain(sentence);
                    dom::focus_id("address");
                }
            }
        })
    };
    let form = tag("form")
        .flag("novalidate", true)
        .on(On::Submit, add)
        .with(address)
        .with(petname(|input| input))
        .with(div("dialog-actions").with(submit("primary", t().send_request)));
    let inside = vec![p("muted").say(t().add_explained).into(), form.into()];
    dialog(house, t().add_contact, list(inside))
}

fn domain(house: &House) -> &str {
    house.shell.principal().address().domain()
}

/// Whose address stands there, or what is wrong with it.
fn asked(house: &House) -> Result<Presentity, &'static str> {
    let text = dom::value("address");
    let text = text.trim();
    if text.is_empty() {
        return Err(t().address_missing);
    }
    let whole = if text.contains('@') {
        text.to_owned()
    } else {
        joined(&[text, "@", domain(house)])
    };
    match Presentity::parse(&lower(&whole)) {
        Ok(presentity) if presentity.principal() == *house.shell.principal() => {
            Err(texts::sentence(Code::NotYourself))
        }
        Ok(presentity) => Ok(presentity),
        Err(_) => Err(texts::sentence(Code::BadAddress)),
    }
}
