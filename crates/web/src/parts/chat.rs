//! One conversation: who it is with, what was said, and where to write.

use lamplight_embed::{
    Address, Basic, Changed, Code, ContactRow, Intent, Offers, Presentity, Reason, RowKind,
    Visibility, Word,
};
use yew::prelude::*;

use super::chat_head::chat_head;
use super::composer::use_composer;
use super::held;
use super::log::use_log;
use super::preview::way_line;
use crate::draw::{Tag, bdi, button, div, p, tag};
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
    let strange = row.kind == RowKind::Stranger && house.shell.principal().address() != address;
    let stranger = || {
        let add = Deed::Show(Popup::AddContact(Some(address.as_str().into())));
        let hint = texts::around(t().stranger_hint, bdi("strong", &row.name));
        div("strange")
            .with(tag("p").with(hint))
            .with(button("", house.does(add)).say(t().add_contact))
    };
    // They may not be told that they are read: an answer is what takes them in.
    let waits = || {
        let hint = texts::around(t().held_here, bdi("strong", &row.name));
        div("strange")
            .with(tag("p").with(hint))
            .with(held::answers(house, address))
    };
    let typing = || p("typing").text(&texts::fill(t().types, &row.name));
    let writes = house.offers(Offers::Messages);
    tag("section")
        .class("chat")
        .attr("aria-labelledby", "chat-title")
        .with(chat_head(house, row))
        .maybe(if conversation.held {
            Some(waits())
        } else if strange {
            Some(stranger())
        } else {
            demand(house, row).or_else(|| otherwise(row))
        })
        .with(log)
        .maybe(row.typing.then(typing))
        .with(if writes { composer } else { Html::default() })
        .into()
}

/// Where nobody reads at the moment: how else they can be reached, the best way first.
fn otherwise(row: &ContactRow) -> Option<Tag> {
    let absent = row.closed.is_some() || row.person.word == Word::Offline;
    let mut links = row.ways.iter().filter(|way| way.uri.is_some());
    let best = links.find(|way| absent && way.basic == Basic::Open)?;
    Some(
        div("strange")
            .with(tag("p").with(texts::around(t().reach_now, bdi("strong", &row.name))))
            .with(tag("ul").class("ways").with(way_line(best))),
    )
}

/// What they ask of whoever wants to see them, with a way to give it.
fn demand(house: &House, row: &ContactRow) -> Option<Tag> {
    let Reason::Refused(code) = row.person.reason else {
        return None;
    };
    let show = Intent::SetVisibility {
        presentity: Some(Presentity::from(row.address.clone())),
        visibility: Some(Visibility::Named),
    };
    let (words, deed) = match code {
        Code::SignInAgain => (t().say_password, Deed::Show(Popup::Confirm)),
        Code::ShowYourself => (t().show_me, Deed::Intend(show)),
        _ => return None,
    };
    Some(
        div("strange")
            .with(tag("p").say(texts::sentence(code)))
            .with(button("primary", house.does(deed)).say(words)),
    )
}
