//! One conversation: who it is with, what was said, and where to write.

use lamplight_embed::{Address, Basic, Changed, Intent, RowKind};
use yew::prelude::*;

use super::chat_head::ChatHead;
use super::composer::Composer;
use super::log::Log;
use crate::house::{use_changes, use_house};
use crate::pages::home::Popup;
use crate::texts::{self, t};

#[derive(Properties, PartialEq)]
pub struct Props {
    /// Stands in the key as well: another address is another chat.
    pub address: Address,
}

#[component]
pub fn Chat(props: &Props) -> Html {
    let house = use_house();
    {
        let house = house.clone();
        use_effect_with(props.address.clone(), move |with| {
            house.intend(Intent::Open { with: with.clone() });
            move || house.intend(Intent::Close)
        });
    }
    let about = props.address.clone();
    use_changes(move |changed| match changed {
        Changed::Conversation(address) | Changed::Row(address) => *address == about,
        Changed::Roster => true,
        _ => false,
    });
    let conversation = house.shell.read(|agent| agent.conversation(&props.address));
    let row = &conversation.row;
    let closed = (row.person.inbox == Basic::Closed).then_some(t().inbox_closed);
    let first_draft = use_memo((), |()| conversation.draft.clone());
    let to_add =
        row.kind == RowKind::Stranger && *house.shell.principal().address() != props.address;
    let add = {
        let address = props.address.clone();
        house
            .show
            .reform(move |_: MouseEvent| Popup::AddContact(Some(address.to_string())))
    };
    html! {
        <section class="chat" aria-labelledby="chat-title">
            <ChatHead row={row.clone()} />
            if to_add {
                <div class="strange">
                    <p>{ texts::around(t().stranger_hint, "{name}", html! { <bdi class="strong">{ &row.name }</bdi> }) }</p>
                    <button type="button" onclick={add}>{ t().add_contact }</button>
                </div>
            }
            <Log {conversation} />
            <Composer address={props.address.clone()} draft={(*first_draft).clone()} {closed} />
        </section>
    }
}
