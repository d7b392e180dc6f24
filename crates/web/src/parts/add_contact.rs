//! Asks to see someone, by address; a bare name is taken to be of this relay.

use lamplight_embed::{Intent, Note, Presentity};
use yew::prelude::*;

use super::dialog::Dialog;
use super::field::Field;
use super::notices::Toast;
use crate::dom;
use crate::house::use_house;
use crate::texts::{self, t};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub closed: Callback<()>,
    /// What to begin with.
    pub first: Option<String>,
}

#[component]
pub fn AddContact(props: &Props) -> Html {
    let house = use_house();
    let error = use_state_eq(|| None::<AttrValue>);
    let (address, petname) = (use_node_ref(), use_node_ref());
    let domain = house.shell.principal().address().domain().to_owned();
    let add = {
        let (house, error, domain) = (house.clone(), error.setter(), domain.clone());
        let (address, petname) = (address.clone(), petname.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match whole_address(&dom::value(&address), &domain) {
                Ok(presentity) if presentity.principal() == *house.shell.principal() => {
                    error.set(Some(
                        texts::sentence(lamplight_embed::Code::NotYourself).into(),
                    ));
                }
                Ok(presentity) => {
                    let petname = Note::parse(&dom::value(&petname)).ok();
                    house.intend(Intent::AddContact {
                        presentity: presentity.clone(),
                        petname,
                        group: None,
                    });
                    house.say.emit(Toast::word(
                        t().asked.replace("{name}", presentity.as_str()),
                    ));
                    dom::close_dialog(&event);
                    house.go.emit(Some(presentity.address().clone()));
                }
                Err(sentence) => {
                    error.set(Some(sentence.into()));
                    dom::focus_ref(&address);
                }
            }
        })
    };
    html! {
        <Dialog title={t().add_contact} closed={props.closed.clone()}>
            <p class="muted">{ t().add_explained }</p>
            <form onsubmit={add} novalidate=true>
                <Field id="address" label={t().address} node={address} required=true autofocus=true autocomplete="off"
                    placeholder={format!("bob@{domain}")} value={props.first.clone().map(AttrValue::from)}
                    hint={AttrValue::from(t().address_hint.replace("{domain}", &domain))} error={(*error).clone()} />
                <Field id="petname" label={t().petname} node={petname} autocomplete="off" hint={AttrValue::Static(t().petname_hint)} />
                <div class="dialog-actions">
                    <button type="submit" class="primary">{ t().send_request }</button>
                </div>
            </form>
        </Dialog>
    }
}

fn whole_address(text: &str, domain: &str) -> Result<Presentity, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err(t().address_missing);
    }
    let whole = if text.contains('@') {
        text.to_owned()
    } else {
        format!("{text}@{domain}")
    };
    Presentity::parse(&whole).map_err(|_| texts::sentence(lamplight_embed::Code::BadAddress))
}
