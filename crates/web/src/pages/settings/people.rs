//! What people see of me, how it looks to them, and how I look at them.

use std::rc::Rc;

use lamplight_embed::{
    Demand, Intent, Login, OwnPresentity, OwnPresentityView, Viewer, Visibility,
};
use yew::prelude::*;

use super::{Page, framed};
use crate::dom;
use crate::draw::{On, Tag, act, p, tag, words};
use crate::house::{Deed, House};
use crate::parts::kit::{self, block};
use crate::parts::preview::preview;
use crate::parts::sentences;
use crate::route::Place;
use crate::texts::t;

/// One of my presentities with other rules.
pub fn with_rules(own: &OwnPresentityView, change: impl FnOnce(&mut OwnPresentity)) -> Intent {
    let mut own = kept(own);
    change(&mut own);
    Intent::SetPresentity { own }
}

/// What the relay keeps of it: once in the page, however many changes there are.
#[inline(never)]
fn kept(own: &OwnPresentityView) -> OwnPresentity {
    OwnPresentity {
        tag: own.tag.clone(),
        label: own.label.clone(),
        rules: own.rules.clone(),
    }
}

/// The presentity that the settings speak of, and a choice among them where there are several.
pub fn face(house: &House) -> Option<Rc<OwnPresentityView>> {
    let own = house.shell.read(|agent| agent.own_presentities());
    let face = house.face();
    let chosen = own.iter().position(|own| own.tag == face);
    own.into_iter().nth(chosen.unwrap_or(0)).map(Rc::new)
}

pub fn faces(house: &House) -> Html {
    let own = house.shell.read(|agent| agent.own_presentities());
    let face = house.face();
    let chosen = own.iter().position(|own| own.tag == face).unwrap_or(0);
    if own.len() < 2 {
        return Html::default();
    }
    let house = house.clone();
    let tags: Vec<_> = own.iter().map(|own| own.tag.clone()).collect();
    let choose = act(move |event| {
        let at: usize = dom::value_of(event).parse().unwrap_or(0);
        house.turn(tags.get(at).cloned().flatten());
    });
    let options = own.iter().enumerate().map(|(at, own)| {
        let name = own
            .label
            .as_ref()
            .map_or(own.address.as_str(), |label| label.as_str());
        tag("option")
            .attr_of("value", &at.to_string())
            .flag("selected", at == chosen)
            .text(name)
    });
    kit::entry(
        t().which_face,
        tag("select").on(On::Change, choose).each(options),
    )
    .into()
}

pub fn people(house: &House) -> Html {
    let Some(own) = face(house) else {
        return Html::default();
    };
    let now = house.shell.now().timestamp;
    let decided = own.access.iter().map(|access| {
        let address = access.watcher.address();
        let link = tag("a")
            .attr_of("href", &Place::About(address.clone()).link())
            .text(address.as_str());
        kit::line(link, sentences::sees(&access.decision), [])
    });
    let said = own
        .rules
        .rules
        .iter()
        .map(|rule| sentences::access(rule, now));
    let edit = {
        let own = own.clone();
        Rc::new(move |edit: kit::Edit| with_rules(&own, |own| edit.make(&mut own.rules.rules)))
    };
    let add = {
        let (house, own) = (house.clone(), own.clone());
        Box::new(move |event: &Event| {
            let rule = sentences::read_access(&house, event)?;
            Ok(Deed::Intend(with_rules(&own, |own| {
                own.rules.rules.push(rule);
            })))
        })
    };
    let named = own.rules.demand == Demand::Named;
    let demand = with_rules(&own, |own| {
        own.rules.demand = if named { Demand::Anyone } else { Demand::Named };
    });
    let needs = own.rules.publishing_needs;
    let sure = [
        (t().sure_enough, Login::Nobody),
        (t().sure_account, Login::Account),
        (t().sure_fresh, Login::Fresh),
    ];
    let sure = sure.map(|(words, login)| {
        let intent = with_rules(&own, |own| own.rules.publishing_needs = login);
        (words, "", needs == login, Deed::Intend(intent))
    });
    let inside = vec![
        faces(house),
        block(words(t().people_decided), t().people_decided_hint)
            .with(kit::lines(t().nobody_decided, decided.collect()))
            .into(),
        block(words(t().everyone_else), t().rules_hint)
            .with(kit::sentences(house, t().no_rules, said.collect(), edit))
            .with(kit::form(
                house,
                t().add_rule,
                t().add_rule,
                sentences::access_fields(now),
                add,
            ))
            .into(),
        block(words(t().names), t().demand_hint)
            .with(kit::switch(house, t().demand, named, Deed::Intend(demand)))
            .into(),
        tag("section")
            .class("block")
            .with(
                kit::radios(house, "sure", words(t().sure), sure.to_vec())
                    .with(p("muted small").say(t().sure_hint)),
            )
            .into(),
    ];
    framed(house, Page::People, inside)
}

/// "View as ...": the same card for whomever one chooses.
pub fn view_as(house: &House) -> Html {
    let mut viewers = vec![
        (Viewer::AnyAccount, t().viewer_account.to_owned()),
        (Viewer::Guest, t().who_guest.into()),
        (Viewer::Nobody, t().viewer_nobody.into()),
    ];
    let rows = house.shell.roster("");
    house.shell.read(|agent| {
        viewers.extend(rows.into_iter().map(|address| {
            let name = agent.name_of(&address).into_owned();
            (Viewer::Contact(address), name)
        }));
    });
    let viewer = house.viewer();
    let chosen = viewers.iter().position(|(one, _)| *one == viewer);
    let chosen = chosen.unwrap_or(0);
    let of = face(house).and_then(|own| own.tag.clone());
    let choose = {
        let (house, all) = (house.clone(), viewers.clone());
        act(move |event| {
            let at: usize = dom::value_of(event).parse().unwrap_or(0);
            if let Some((viewer, _)) = all.get(at) {
                house.look_as(viewer.clone());
            }
        })
    };
    let options = viewers.iter().enumerate().map(|(at, (_, name))| {
        tag("option")
            .attr_of("value", &at.to_string())
            .flag("selected", at == chosen)
            .text(name)
    });
    let select = tag("select").on(On::Change, choose).each(options);
    let inside = vec![
        faces(house),
        kit::entry(t().seen_by, select).into(),
        preview(house, of.as_ref(), &viewers[chosen].0).into(),
    ];
    framed(house, Page::Preview, inside)
}

/// How I stand as a watcher: with all others, and with some.
pub fn looking(house: &House) -> Html {
    let mine = house.shell.read(|agent| agent.visibility());
    let choices = VISIBILITIES.map(|(visibility, label)| {
        let intent = Intent::SetVisibility {
            presentity: None,
            visibility: Some(visibility),
        };
        let holds = mine.otherwise == visibility;
        (label(), "", holds, Deed::Intend(intent))
    });
    let except = mine.exceptions.iter().map(|(presentity, visibility)| {
        let address = presentity.address();
        let link = tag("a")
            .attr_of("href", &Place::About(address.clone()).link())
            .text(address.as_str());
        let known = VISIBILITIES.iter().find(|(one, _)| one == visibility);
        let intent = Intent::SetVisibility {
            presentity: Some(presentity.clone()),
            visibility: None,
        };
        let forget = kit::small(
            house,
            "",
            t().as_with_others,
            address.as_str(),
            Deed::Intend(intent),
        );
        kit::line(link, known.map_or("", |(_, label)| label()), [forget])
    });
    let except: Vec<Tag> = except.collect();
    let exceptions =
        (!except.is_empty()).then(|| block(words(t().exceptions), "").with(kit::lines("", except)));
    let inside = vec![
        kit::radios(house, "visibility", words(t().visibility), choices.to_vec()).into(),
        exceptions.map_or_else(Html::default, Html::from),
    ];
    framed(house, Page::Looking, inside)
}

/// How one may stand with those one looks at.
pub const VISIBILITIES: [(Visibility, kit::Label); 3] = [
    (Visibility::Named, || t().by_name),
    (Visibility::Counted, || t().as_a_number),
    (Visibility::Hidden, || t().hidden),
];
