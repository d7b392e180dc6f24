//! Who asks to see me: allow, deny or block, each with what it means, and in the same breath whether to ask back.

use lamplight_embed::{Changed, Intent, Principal, Verdict};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::avatar::Avatar;
use crate::house::{use_changes, use_house};
use crate::texts::{self, t};
use crate::times;

#[component]
pub fn Requests() -> Html {
    let house = use_house();
    use_changes(|changed| *changed == Changed::Requests);
    let requests = house.shell.read(|agent| agent.requests());
    if requests.is_empty() {
        return Html::default();
    }
    html! {
        <section class="requests" aria-labelledby="requests-title">
            <h2 id="requests-title">{ t().requests }<span class="badge">{ requests.len() }</span></h2>
            <div>
                { for requests.iter().map(|request| html! {
                    <Request key={request.watcher.as_str()} watcher={request.watcher.clone()}
                        when={times::ago(request.at, house.shell.now().timestamp)} />
                }) }
            </div>
            <details class="requests-help">
                <summary>{ t().what_do_they_mean }</summary>
                <p>{ t().allow_means }</p>
                <p>{ t().deny_means }</p>
                <p>{ t().block_means }</p>
            </details>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct Props {
    watcher: Principal,
    when: String,
}

#[component]
fn Request(props: &Props) -> Html {
    let house = use_house();
    let back = use_node_ref();
    let address = props.watcher.address();
    let is_contact = house.shell.read(|agent| {
        agent
            .row(address)
            .is_some_and(|row| row.kind == lamplight_embed::RowKind::Contact)
    });
    let answer = |verdict: Verdict| {
        let (house, watcher, back) = (house.clone(), props.watcher.clone(), back.clone());
        Callback::from(move |_: MouseEvent| {
            house.intend(Intent::Decide {
                watcher: watcher.clone(),
                decision: Some(verdict.clone()),
                of: None,
            });
            let ask_back = back
                .cast::<HtmlInputElement>()
                .is_some_and(|input| input.checked());
            if verdict == Verdict::Allow && ask_back {
                house.intend(Intent::AddContact {
                    presentity: watcher.presentity(),
                    petname: None,
                    group: None,
                });
            }
            crate::dom::focus_id("roster");
        })
    };
    let title = format!("request-{}", props.watcher);
    let name = html! { <bdi class="strong">{ props.watcher.to_string() }</bdi> };
    html! {
        <div class="request" role="group" aria-labelledby={title.clone()}>
            <div class="request-who">
                <Avatar address={address.clone()} name={address.name().to_owned()} />
                <p id={title}>{ texts::around(t().asks_to_see, "{name}", name) }
                    <span class="muted small">{ " " }{ &props.when }</span></p>
            </div>
            if !is_contact {
                <label class="check"><input type="checkbox" ref={back.clone()} checked=true /><span>{ t().ask_back }</span></label>
            }
            <div class="request-actions">
                <button type="button" class="primary" title={t().allow_means} onclick={answer(Verdict::Allow)}>{ t().allow }</button>
                <button type="button" title={t().deny_means} onclick={answer(Verdict::Deny)}>{ t().deny }</button>
                <button type="button" class="grave" title={t().block_means} onclick={answer(Verdict::Block)}>{ t().block }</button>
            </div>
        </div>
    }
}
