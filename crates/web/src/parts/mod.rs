//! The parts of the page, each a picture of one thing.

use yew::prelude::*;

use crate::house::House;

pub mod add_contact;
pub mod attention;
pub mod avatar;
pub mod banner;
pub mod bubble;
pub mod chat;
pub mod chat_head;
pub mod composer;
pub mod confirm;
pub mod diagnostics;
pub mod dialog;
pub mod field;
pub mod help;
pub mod icon;
pub mod links;
pub mod live;
pub mod log;
pub mod menu;
pub mod my_status;
pub mod notices;
pub mod presence;
pub mod requests;
pub mod roster;
pub mod row;
pub mod share;
pub mod side;
pub mod status_dialog;
pub mod welcome;

/// Of a part that needs to be told nothing but whose page it is on.
#[derive(Clone, Properties, PartialEq)]
pub struct HouseProps {
    pub house: House,
}

impl HouseProps {
    pub fn of(house: &House) -> Self {
        Self {
            house: house.clone(),
        }
    }
}
