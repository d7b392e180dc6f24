//! Who asks to see me: allow, deny or block, each with what it means, and in the same breath whether to ask back.

use lamplight_embed::{Changed, Intent, RequestRow, RowKind, Verdict, joined};
use web_sys::Event;
use yew::prelude::*;

use super::avatar::avatar;
use super::kit::check;
use super::live::Part;
use crate::dom;
use crate::draw::{Tag, act, bdi, button, div, span, tag};
use crate::house::House;
use crate::later;
use crate::pulse::Cause;
use crate::texts::{self, t};
use crate::times;

pub const PART: Part = Part {
    draw: |house| {
        if house.shell.read(|agent| agent.requests()).is_empty() {
            return Html::default();
        }
        let views = later::views(house);
        views.map_or_else(Html::default, |views| (views.requests)(house))
    },
    wants: |cause| matches!(cause, Cause::Changed(Changed::Requests) | Cause::Time),
};

pub fn requests(house: &House) -> Html {
    let requests = house.shell.read(|agent| agent.requests());
    let count = span("badge").text(&requests.len().to_string());
    let title = tag("h2")
        .attr("id", "requests-title")
        .say(t().requests)
        .with(count);
    let means = [t().allow_means, t().deny_means, t().block_means];
    let help = tag("details")
        .class("requests-help")
        .with(tag("summary").say(t().what_do_they_mean))
        .each(means.map(|means| tag("p").say(means)));
    tag("section")
        .class("requests")
        .attr("aria-labelledby", "requests-title")
        .with(title)
        .with(tag("div").each(requests.iter().map(|request| asker(house, request))))
        .with(help)
        .into()
}

fn asker(house: &House, request: &RequestRow) -> Tag {
    let watcher = &request.watcher;
    let address = watcher.address();
    let row = house.shell.read(|agent| agent.row(address));
    let is_contact = row.is_some_and(|row| row.kind == RowKind::Contact);
    let answer = |class, words, means, verdict| {
        let (house, request) = (house.clone(), request.clone());
        let decide = act(move |event| decide(&house, &request, &verdict, event));
        button(class, decide).attr("title", means).say(words)
    };
    let when = times::ago(request.at, house.shell.now().timestamp);
    let of = request.of.as_ref().map_or("", |of| of.as_str());
    let title = joined(&["request-", watcher.as_str(), of]);
    let asks = texts::around(t().asks_to_see, bdi("strong", &request.name));
    let who = tag("p")
        .attr_of("id", &title)
        .with(asks)
        .maybe(request.of.as_ref().map(|of| {
            let face = house.shell.principal().presentity_of(Some(of));
            bdi("small", &joined(&[" (", face.as_str(), ")"]))
        }))
        .with(span("muted small").text(&joined(&[" ", &when])));
    div("request")
        .key(&title)
        .attr("role", "group")
        .attr_of("aria-labelledby", &title)
        .with(
            div("request-who")
                .with(avatar(address, &request.name, None))
                .with(who),
        )
        .with(check("less", t().only_availability, false))
        .maybe((!is_contact).then(|| check("back", t().ask_back, true)))
        .with(
            div("request-actions")
                .with(answer(
                    "primary",
                    t().allow,
                    t().allow_means,
                    Verdict::Allow,
                ))
                .with(answer("", t().deny, t().deny_means, Verdict::Deny))
                .with(answer("grave", t().block, t().block_means, Verdict::Block)),
        )
}

fn decide(house: &House, request: &RequestRow, verdict: &Verdict, event: &Event) {
    let watcher = &request.watcher;
    let allows = *verdict == Verdict::Allow;
    let verdict = match verdict {
        Verdict::Allow if dom::is_checked(event, "less") => &Verdict::Availability,
        other => other,
    };
    let ask_back = dom::is_checked(event, "back");
    house.intend(Intent::Decide {
        watcher: watcher.clone(),
        decision: Some(verdict.clone()),
        of: request.of.clone(),
    });
    if allows && ask_back {
        house.intend(Intent::AddContact {
            presentity: watcher.presentity(),
            petname: None,
            group: None,
        });
    }
    dom::focus_id("roster");
}
