//! One conversation: who it is with, what was said, and where to write.

use lamplight_embed::{Address, Basic, Changed, Intent, RowKind};
use yew::prelude::*;

use super::chat_head::chat_head;
use super::composer::use_composer;
use super::log::use_log;
use crate::draw::{bdi, button, div, tag};
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
    let closed = (row.person.inbox == Basic::Closed).then_some(t().inbox_closed);
    let log = use_log(house, &conversation);
    let composer = use_composer(house, &conversation, closed);
    // After what it holds has looked at it as it was.
    use_while(0, {
        let (house, with) = (house.clone(), address.clone());
        Box::new(move || {
            house.intend(Intent::Open { with });
            Box::new(move || house.intend(Intent::Close))
        })
    });
    let strange = row.kind == RowKind::Stranger && house.shell.principal().address() != address;
    let stranger = || {
        let add = Deed::Show(Popup::AddContact(Some(address.to_string())));
        let hint = texts::around(t().stranger_hint, bdi("strong", &row.name));
        div("strange")
            .with(tag("p").with(hint))
            .with(button("", house.does(add)).say(t().add_contact))
    };
    tag("section")
        .class("chat")
        .attr("aria-labelledby", "chat-title")
        .with(chat_head(house, row))
        .maybe(strange.then(stranger))
        .with(log)
        .with(composer)
        .into()
}
