//! Who asks to see me: allow, deny or block, each with what it means, and in the same breath whether to ask back.

use lamplight_embed::{Changed, Intent, Principal, RequestRow, RowKind, Verdict, joined};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement};
use yew::prelude::*;

use super::avatar::avatar;
use super::live::Part;
use crate::dom;
use crate::draw::{Tag, act, bdi, button, div, span, tag};
use crate::house::{Cause, House};
use crate::texts::{self, t};
use crate::times;

pub const PART: Part = Part {
    draw: requests,
    wants: |cause| matches!(cause, Cause::Changed(Changed::Requests) | Cause::Time),
};

fn requests(house: &House) -> Html {
    let requests = house.shell.read(|agent| agent.requests());
    if requests.is_empty() {
        return Html::default();
    }
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
        let (house, watcher) = (house.clone(), watcher.clone());
        let decide = act(move |event| decide(&house, &watcher, &verdict, event));
        button(class, decide).attr("title", means).say(words)
    };
    let ask_back = || {
        let check = tag("input").attr("type", "checkbox").checked(true);
        tag("label")
            .class("check")
            .with(check)
            .with(tag("span").say(t().ask_back))
    };
    let when = times::ago(request.at, house.shell.now().timestamp);
    let title = joined(&["request-", watcher.as_str()]);
    let asks = texts::around(t().asks_to_see, bdi("strong", watcher.as_str()));
    let who = tag("p")
        .attr_of("id", &title)
        .with(asks)
        .with(span("muted small").text(&joined(&[" ", &when])));
    div("request")
        .key(watcher.as_str())
        .attr("role", "group")
        .attr_of("aria-labelledby", &title)
        .with(
            div("request-who")
                .with(avatar(address, address.name(), None))
                .with(who),
        )
        .maybe((!is_contact).then(ask_back))
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

fn decide(house: &House, watcher: &Principal, verdict: &Verdict, event: &Event) {
    let check = dom::around(event, ".request")
        .and_then(|request| request.query_selector("input").ok().flatten());
    let ask_back = check.is_some_and(|check| check.unchecked_ref::<HtmlInputElement>().checked());
    house.intend(Intent::Decide {
        watcher: watcher.clone(),
        decision: Some(verdict.clone()),
        of: None,
    });
    if *verdict == Verdict::Allow && ask_back {
        house.intend(Intent::AddContact {
            presentity: watcher.presentity(),
            petname: None,
            group: None,
        });
    }
    dom::focus_id("roster");
}
