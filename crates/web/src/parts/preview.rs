//! "See as ...": what a watcher gets of me at this moment, by the same rules and the same words as on their own page, and why.

use lamplight_embed::{
    AccessRule, Activity, Address, Because, Code, Door, LinkView, Preview, Reason, Tag as Face,
    Timestamp, TupleKind, View, Viewer, Way, joined, ways,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::avatar::avatar;
use super::{presence, sentences};
use crate::draw::{Tag, bdi, div, p, span, tag};
use crate::house::House;
use crate::pages::settings::{Known, Seen};
use crate::texts::{fill, t};

/// The card: my row in their list, everything that reaches them, and the reason.
pub fn preview(house: &House, of: Option<&Face>, viewer: &Viewer) -> Tag {
    let now = house.shell.now().timestamp;
    let mut got = house.shell.read(|agent| agent.preview(of, viewer));
    let waits = || framed().with(p("muted").say(t().one_moment));
    match viewer {
        Viewer::Contact(by) if got.is_kept && got.is_settled => {
            let Some(view) = kept(house, of, by, &got.view) else {
                return waits();
            };
            got = got.with(view);
        }
        // Should they be blocked again, it is another block.
        _ => house.forget(),
    }
    let is_up = || house.shell.read(|agent| agent.link().link) == LinkView::Up;
    if got.is_kept && !got.is_settled && is_up() {
        return waits();
    }
    let me = house.shell.principal().presentity_of(of);
    let address = me.address();
    let all = match &got.view {
        View::Shown(information) => information.tuples.as_slice(),
        _ => &[],
    };
    let devices = all.iter().filter(|one| one.kind == TupleKind::Device);
    let devices = devices.map(|one| {
        let word = match one.status.activities.first() {
            Some(Activity::Away) => t().away,
            Some(Activity::Busy) => t().busy,
            _ => t().available,
        };
        tag("li").text(&fill(t().a_device, word))
    });
    let means = ways(&got.view);
    let facts: Vec<Tag> = devices.chain(means.iter().map(way_line)).collect();
    let row = div("seen-row")
        .with(avatar(address, address.name(), Some(&got.person)))
        .with(
            div("line-words")
                .with(bdi("row-name", address.name()))
                .with(span("seen-words").text(&read(&got, now))),
        );
    framed()
        .with(row)
        .maybe((!facts.is_empty()).then(|| tag("ul").class("seen-facts").each(facts)))
        .with(p("muted small").with(because(house, of, got.because, viewer)))
}

fn framed() -> Tag {
    div("seen")
        .attr("role", "group")
        .attr("aria-label", t().what_they_get)
}

/// What somebody who is blocked goes on seeing: the relay keeps it. None: it is on its way; where the relay does not say, they see
/// nobody, as `absent` says.
fn kept(house: &House, of: Option<&Face>, by: &Address, absent: &View) -> Option<View> {
    let known = house.known(|| {});
    let seen = known.as_ref().and_then(|known| known.seen.as_ref());
    if let Some(seen) = seen.filter(|seen| seen.of.as_ref() == of && seen.by == *by) {
        return seen.view.clone();
    }
    let asked = Seen {
        of: of.cloned(),
        by: by.clone(),
        view: None,
    };
    house.learn(Known::of_view(asked.clone()));
    let (house, absent) = (house.clone(), absent.clone());
    spawn_local(async move {
        let me = house.shell.principal().presentity_of(asked.of.as_ref());
        let view = Door.seen_by(&me, &asked.by).await.unwrap_or(absent);
        house.learn(Known::of_view(Seen {
            view: Some(view),
            ..asked
        }));
    });
    None
}

/// What a means is called.
pub fn means_name(means: &str) -> &str {
    match means {
        "im" => t().means_im,
        "tel" => t().means_tel,
        "mailto" => t().means_mail,
        "sip" => t().means_sip,
        "https" => t().means_web,
        other => other,
    }
}

/// A way to reach someone: a link where the browser has one for it, else its words.
pub fn way_line(way: &Way) -> Tag {
    let name = means_name(way.means.as_str());
    let contact = match &way.uri {
        Some(uri) => tag("a")
            .attr_of("href", uri)
            .attr("rel", "noopener noreferrer nofollow")
            .attr_if(way.means.as_str() == "https", "target", "_blank")
            .text(&way.contact),
        None => bdi("", &way.contact),
    };
    let mut more = joined(&[" · ", sentences::basic(way.basic)]);
    if let Some(note) = &way.note {
        more.push_str(" · ");
        more.push_str(note.as_str());
    }
    tag("li")
        .with(span("muted").text(&joined(&[name, ": "])))
        .with(contact)
        .text(&more)
}

/// The rule that decides, if one does.
pub fn rule(house: &House, of: Option<&Face>, why: Because) -> Option<AccessRule> {
    let Because::Rule(at) = why else {
        return None;
    };
    let own = house.shell.read(|agent| agent.own_presentities());
    let own = own.into_iter().find(|own| own.tag.as_ref() == of);
    own.and_then(|own| own.rules.rules.into_iter().nth(at))
}

/// How they read me; where they read of an answer, it is mine.
fn read(got: &Preview, now: Timestamp) -> String {
    let words = match got.person.reason {
        Reason::Pending if got.is_kept => t().as_if_unanswered,
        Reason::Pending => t().unanswered,
        Reason::Refused(Code::NotAllowed) => t().not_let,
        _ => return presence::sentence(&got.person, now),
    };
    words.into()
}

/// The reason of a decision.
pub fn because(house: &House, of: Option<&Face>, why: Because, viewer: &Viewer) -> Html {
    let words = match why {
        Because::Oneself => String::new(),
        Because::Person => t().because_person.into(),
        Because::Rule(at) => {
            let sentence = rule(house, of, why).map(|rule| {
                let said = sentences::access(&rule, house.shell.now().timestamp);
                fill(t().rule_says, &said)
            });
            let number = fill(t().because_rule, &(at + 1).to_string());
            joined(&[&number, &sentence.unwrap_or_default()])
        }
        Because::Default if *viewer == Viewer::Nobody => t().because_nobody.into(),
        Because::Default => t().because_default.into(),
    };
    Html::from(words)
}
