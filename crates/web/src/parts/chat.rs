//! One conversation: who it is with, what was said, and where to write.

use lamplight_embed::{Address, Basic, Changed, Intent, RowKind};
use yew::prelude::*;

use super::chat_head::chat_head;
use super::composer::{self, Composer};
use super::log::{self, Log};
use crate::draw::{bdi, button, div, part, tag};
use crate::house::{Cause, Deed, House, Popup, use_changes};
use crate::kept::use_while;
use crate::texts::{self, t};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub house: House,
    /// Stands in the key as well: another address is another chat.
    pub address: Address,
}

#[component]
pub fn Chat(props: &Props) -> Html {
    let Props { house, address } = props;
    use_while(0, {
        let (house, with) = (house.clone(), address.clone());
        Box::new(move || {
            house.intend(Intent::Open { with });
            Box::new(move || house.intend(Intent::Close))
        })
    });
    let about = address.clone();
    use_changes(
        house.clone(),
        Box::new(move |cause| match cause {
            Cause::Changed(Changed::Conversation(address) | Changed::Row(address)) => {
                *address == about
            }
            Cause::Changed(Changed::Roster) | Cause::Time => true,
            Cause::Changed(_) => false,
        }),
    );
    let conversation = house.shell.read(|agent| agent.conversation(address));
    let row = &conversation.row;
    let first_draft = use_ref(|| conversation.draft.clone());
    let strange = row.kind == RowKind::Stranger && house.shell.principal().address() != address;
    let stranger = || {
        let add = Deed::Show(Popup::AddContact(Some(address.to_string())));
        let hint = texts::around(t().stranger_hint, bdi("strong", &row.name));
        div("strange")
            .with(tag("p").with(hint))
            .with(button("", house.does(add)).say(t().add_contact))
    };
    let composer = part::<Composer>(composer::Props {
        house: house.clone(),
        address: address.clone(),
        draft: (*first_draft).clone(),
        closed: (row.person.inbox == Basic::Closed).then_some(t().inbox_closed),
    });
    tag("section")
        .class("chat")
        .attr("aria-labelledby", "chat-title")
        .with(chat_head(house, row))
        .maybe(strange.then(stranger))
        .with(part::<Log>(log::Props {
            house: house.clone(),
            conversation,
        }))
        .with(composer)
        .into()
}
