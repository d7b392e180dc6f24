//! The small dialogs about one contact: rename, remove, block.

use lamplight_embed::{Address, Intent, Note, Presentity, Principal, Verdict};
use yew::prelude::*;

use super::dialog::dialog;
use super::field::{petname, submit};
use crate::dom;
use crate::draw::{On, act, bdi, button, div, list, tag};
use crate::house::{Deed, House};
use crate::texts::{self, t};

pub fn rename(house: &House, address: Address) -> Html {
    let row = house.shell.read(|agent| agent.row(&address));
    let (name, group) = row.map_or_else(Default::default, |row| (row.name, row.group));
    let save = {
        let house = house.clone();
        act(move |event| {
            event.prevent_default();
            house.intend(Intent::AddContact {
                presentity: Presentity::from(address.clone()),
                petname: Note::parse(&dom::value("petname")).ok(),
                group: group.clone(),
            });
            dom::close_dialog(event);
        })
    };
    let form = tag("form")
        .on(On::Submit, save)
        .with(petname(|input| {
            input.flag("autofocus", true).attr_of("value", &name)
        }))
        .with(div("dialog-actions").with(submit("primary", t().save)));
    dialog(house, t().rename, form)
}

pub fn remove(house: &House, address: Address) -> Html {
    let presentity = Presentity::from(address.clone());
    let intent = Intent::RemoveContact { presentity };
    ask(house, t().remove, t().remove_means, &address, intent)
}

pub fn block(house: &House, address: Address) -> Html {
    let intent = Intent::Decide {
        watcher: Principal::from(address.clone()),
        decision: Some(Verdict::Block),
        of: None,
    };
    ask(house, t().block, t().block_asks, &address, intent)
}

/// Says what will happen before it does.
fn ask(
    house: &House,
    deed: &'static str,
    means: &'static str,
    address: &Address,
    intent: Intent,
) -> Html {
    let name = bdi("strong", address.as_str());
    let no = button("", house.does(Deed::CloseDialog)).say(t().cancel);
    let yes = button("primary grave", house.does(Deed::IntendAndClose(intent))).say(deed);
    let inside = vec![
        tag("p").with(texts::around(means, name)).into(),
        div("dialog-actions").with(no).with(yes).into(),
    ];
    dialog(house, deed, list(inside))
}
