//! Further presentities of mine, and other ways to reach me.

use lamplight_embed::{
    Basic, CommunicationAddress, Intent, Means, Note, OwnPresentity, OwnPresentityView, Status,
    Token, TupleKind, joined,
};
use yew::prelude::*;

use super::inboxes::tag_of;
use super::{Page, face, faces, framed};
use crate::dom;
use crate::draw::{Tag, bdi, div, p, span, tag};
use crate::house::{Deed, House, Popup};
use crate::parts::avatar::avatar;
use crate::parts::kit;
use crate::parts::preview::means_name;
use crate::parts::{presence, sentences};
use crate::texts::t;

pub fn own_faces(house: &House) -> Html {
    let own = house.shell.read(|agent| agent.own_presentities());
    let own = own.iter().map(|own| one_face(house, own));
    let fields = vec![
        kit::input("tag", t().face_tag, t().face_tag_hint),
        kit::input("label", t().label, t().face_label_hint),
    ];
    let make = Box::new(|event: &Event| {
        let own = OwnPresentity {
            tag: Some(tag_of(event)?),
            label: Note::parse(&dom::entered(event, "label")).ok(),
            ..OwnPresentity::default()
        };
        Ok(Deed::Intend(Intent::SetPresentity { own }))
    });
    let inside = vec![
        tag("ul").class("lines").each(own).into(),
        kit::form(house, t().new_face, t().make, fields, make).into(),
    ];
    framed(house, Page::Faces, inside)
}

fn one_face(house: &House, own: &OwnPresentityView) -> Tag {
    let name = own.address.as_str();
    let label = own.label.as_ref().map_or(name, Note::as_str);
    let of = own.tag.clone();
    // Without a label the address is its name.
    let whole = joined(&[name, " · "]);
    let of_name = if label == name { "" } else { &whole };
    let status = kit::small(
        house,
        "",
        t().status,
        label,
        Deed::Show(Popup::Status(of.clone())),
    );
    let sees = kit::small(
        house,
        "",
        t().people_see,
        label,
        Deed::Turn(of.clone(), Page::People),
    );
    let end = of.map(|tag| {
        let drop = Deed::Intend(Intent::DropPresentity { tag });
        kit::small(house, "grave", t().remove_rule, label, drop)
    });
    tag("li")
        .key(name)
        .class("line")
        .with(avatar(own.address.address(), label, Some(&own.person)))
        .with(
            div("line-words")
                .with(bdi("strong", label))
                .with(span("muted small").text(&joined(&[of_name, &presence::words(&own.person)]))),
        )
        .with(div("line-acts").with(status).with(sees).maybe(end))
}

/// The means that a form offers.
const KINDS: [&str; 4] = ["tel", "mailto", "sip", "https"];

pub fn ways(house: &House) -> Html {
    let Some(own) = face(house) else {
        return Html::default();
    };
    let means = own
        .means
        .iter()
        .filter(|tuple| tuple.id.as_str() != "inbox");
    let means: Vec<Tag> = means.map(|tuple| way(house, &own, tuple)).collect();
    let hints = KINDS.map(means_name);
    let fields = vec![
        kit::pick("means", t().way, &hints, 0),
        kit::input("contact", t().contact, t().contact_hint),
        kit::input("label", t().way_note, t().way_note_hint),
        sentences::hours_fields(t().when, None),
        kit::check("only_open", t().only_open, false),
    ];
    let add = {
        let (house, own) = (house.clone(), own.clone());
        Box::new(move |event: &Event| {
            let contact = dom::entered(event, "contact");
            let contact = contact.trim();
            let means = KINDS[kit::picked(event, "means").min(3)];
            // What was copied with its scheme is taken without.
            let bare = contact
                .strip_prefix(means)
                .and_then(|rest| rest.strip_prefix(':'));
            let contact = bare.unwrap_or(contact).to_owned();
            let (Ok(means), Some(id)) = (Token::parse(means), free(&own)) else {
                return Err(t().contact_missing);
            };
            if contact.is_empty() {
                return Err(t().contact_missing);
            }
            let tuple = Means {
                id,
                kind: TupleKind::Service,
                status: Status {
                    note: Note::parse(&dom::entered(event, "label")).ok(),
                    ..Status::open()
                },
                address: Some(CommunicationAddress { means, contact }),
                markup: Vec::new(),
                since: house.shell.now().timestamp,
                until: None,
                hours: sentences::read_hours(&house, event)?,
                only_open: dom::is_checked(event, "only_open"),
            };
            let of = own.tag.clone();
            Ok(Deed::Intend(Intent::PublishMeans { tuple, of }))
        })
    };
    let inside = vec![
        faces(house),
        p("muted").say(t().ways_who).into(),
        kit::lines(t().no_ways, means).into(),
        kit::form(house, t().add_way, t().add_way, fields, add).into(),
    ];
    framed(house, Page::Ways, inside)
}

/// A name that no means of mine has yet.
fn free(own: &OwnPresentityView) -> Option<Token> {
    let mut names = (1..99)
        .filter_map(|number: u32| Token::parse(&joined(&["way-", &number.to_string()])).ok());
    names.find(|name| own.means.iter().all(|tuple| tuple.id != *name))
}

fn way(house: &House, own: &OwnPresentityView, tuple: &Means) -> Tag {
    let address = tuple.address.as_ref();
    let means = address.map_or("", |address| address.means.as_str());
    let contact = address.map_or("", |address| address.contact.as_str());
    let now = tuple.basic_at(house.shell.now().timestamp);
    let mut more = sentences::basic(now).to_owned();
    more.push_str(&sentences::hours(&tuple.hours));
    if let Some(note) = &tuple.status.note {
        more.push_str(" · ");
        more.push_str(note.as_str());
    }
    let of = || own.tag.clone();
    let open = tuple.status.basic == Basic::Open;
    let mut other = tuple.clone();
    other.status.basic = if open { Basic::Closed } else { Basic::Open };
    let turn = Intent::PublishMeans {
        tuple: other,
        of: of(),
    };
    let withdraw = Intent::WithdrawMeans {
        id: tuple.id.clone(),
        of: of(),
    };
    let turned = if open { t().close_way } else { t().open_way };
    let acts = [
        kit::small(house, "", turned, contact, Deed::Intend(turn)),
        kit::small(
            house,
            "grave",
            t().remove_rule,
            contact,
            Deed::Intend(withdraw),
        ),
    ];
    let said = joined(&[means_name(means), ": ", contact]);
    kit::line(bdi("", &said), &more, acts)
}
