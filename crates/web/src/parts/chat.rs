//! One conversation: who it is with, what was said, and where to write.

use lamplight_embed::{Address, Changed, Intent, Offers, RowKind};
use yew::prelude::*;

use super::chat_head::chat_head;
use super::composer::use_composer;
use super::log::use_log;
use crate::draw::{p, tag};
use crate::house::{Cause, House, use_changes};
use crate::kept::use_while;
use crate::later;
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
            Cause::Changed(Changed::Roster | Changed::Own) | Cause::Time => true,
            Cause::Changed(_) => false,
        }),
    );
    let conversation = house.shell.read(|agent| agent.conversation(address));
    let row = &conversation.row;
    let closed = row.closed.as_ref().map(|why| match why.as_str() {
        "" => t().inbox_closed.to_owned(),
        why => texts::fill(t().inbox_closed_why, why),
    });
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
    // What there is to settle with them comes with what is opened; with a stranger it is wanted at once.
    let wanted = row.kind == RowKind::Stranger;
    let views = if wanted {
        later::views(house)
    } else {
        later::here()
    };
    let bar = views.map(|views| (views.bar)(house, &conversation));
    let typing = || p("typing").text(&texts::fill(t().types, &row.name));
    let writes = house.offers(Offers::Messages);
    tag("section")
        .class("chat")
        .attr("aria-labelledby", "chat-title")
        .with(chat_head(house, row))
        .with(bar.unwrap_or_default())
        .with(log)
        .maybe(row.typing.then(typing))
        .with(if writes { composer } else { Html::default() })
        .into()
}
