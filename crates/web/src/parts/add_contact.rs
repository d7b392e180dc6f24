//! Asks to see someone, by address; a bare name is taken to be of this relay.

use lamplight_embed::{
    Address, Code, Door, DoorError, Intent, LinkView, News, Note, Notice, Offers, Presentity,
    joined, lower,
};
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;
use yew::prelude::*;

use super::dialog::dialog;
use super::field::{Field, petname, submit};
use super::icon::{Icon, glyph};
use super::notices::Toast;
use crate::dom;
use crate::draw::{On, act, button, div, list, p, tag};
use crate::house::House;
use crate::route;
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
                _ if house.is_waiting() => {}
                Ok(presentity) => ask(&house, presentity, event),
                Err(sentence) => complain(&house, sentence),
            }
        })
    };
    let send = if house.is_waiting() {
        t().one_moment
    } else {
        t().send_request
    };
    let form = tag("form")
        .flag("novalidate", true)
        .on(On::Submit, add)
        .with(address)
        .with(petname(|input| input))
        .with(div("dialog-actions").with(submit("primary", send)));
    let invites = house.clone();
    let invite = act(move |event| invite(&invites, event));
    let others = div("dialog-more")
        .with(p("muted").say(t().invite_explained))
        .with(button("", invite).with(glyph(Icon::Copy)).say(t().invite));
    let inside = vec![
        p("muted").say(t().add_explained).into(),
        form.into(),
        others.into(),
    ];
    dialog(house, t().add_contact, list(inside))
}

/// Makes a link for somebody who is not here yet. It is told only now; where it cannot be copied it is shown.
fn invite(house: &House, event: &Event) {
    let (house, event) = (house.clone(), event.clone());
    spawn_local(async move {
        let toast = match Door.invite().await {
            Ok(secret) => {
                let link = route::invitation_link(&secret);
                match dom::copy(&link).await {
                    true => Toast::word(t().invite_copied.into()),
                    false => Toast::word(link),
                }
            }
            Err(DoorError::Refused(code)) => Toast::fault(texts::sentence(code).into()),
            Err(DoorError::Unreachable) => Toast::fault(t().relay_unreachable.into()),
        };
        dom::close_dialog(&event);
        house.say(toast);
    });
}

fn complain(house: &House, sentence: &'static str) {
    house.complain(sentence);
    dom::focus_id("address");
}

/// Where the relay can be asked, the dialog stays until it has answered: nobody is to write to an address that is none.
fn ask(house: &House, presentity: Presentity, event: &Event) {
    // Where there is only writing, nobody is asked.
    if !house.offers(Offers::Presence) {
        dom::close_dialog(event);
        return house.go(Some(presentity.address().clone()));
    }
    let address = presentity.address().clone();
    let hear = {
        let (house, address, event) = (house.clone(), address.clone(), event.clone());
        move |news: &News| match news {
            News::Tell(Notice::Refused(Some(one), code)) if *one == address => {
                house.wait_no_more();
                // Behind a word of its own somebody may be to be written to and not to be seen.
                if *code == Code::UnknownAddress && address.untagged().1.is_some() {
                    write(&house, &address, &event, t().not_to_be_seen);
                } else {
                    complain(&house, texts::sentence(*code));
                }
            }
            News::Changed(_) => enter(&house, &address, &event),
            _ => {}
        }
    };
    house.complain("");
    house.wait_for(address.clone(), hear);
    house.intend(Intent::AddContact {
        presentity,
        petname: Note::parse(&dom::value("petname")).ok(),
        group: None,
    });
    enter(house, &address, event);
}

/// To the conversation, where the relay has answered or cannot be asked now: then it is asked when it is there again.
fn enter(house: &House, address: &Address, event: &Event) {
    let is_settled = house
        .shell
        .read(|agent| agent.is_answered(address) || agent.link().link != LinkView::Up);
    if is_settled && house.is_waiting() {
        house.wait_no_more();
        write(house, address, event, t().asked);
    }
}

fn write(house: &House, address: &Address, event: &Event, words: &'static str) {
    house.say(Toast::word(fill(words, address.as_str())));
    dom::close_dialog(event);
    house.go(Some(address.clone()));
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
