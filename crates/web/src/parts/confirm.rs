//! The small dialogs about one contact: rename, remove, block.

use lamplight_embed::{Address, Intent, Note, Presentity, Principal, Verdict};
use yew::prelude::*;

use super::dialog::Dialog;
use super::field::Field;
use crate::dom;
use crate::house::use_house;
use crate::texts::{self, t};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub address: Address,
    pub closed: Callback<()>,
}

#[component]
pub fn RenameDialog(props: &Props) -> Html {
    let house = use_house();
    let name = use_node_ref();
    let row = house.shell.read(|agent| agent.row(&props.address));
    let group = row.as_ref().and_then(|row| row.group.clone());
    let save = {
        let (house, name, presentity) = (
            house.clone(),
            name.clone(),
            Presentity::from(props.address.clone()),
        );
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let petname = Note::parse(&dom::value(&name)).ok();
            house.intend(Intent::AddContact {
                presentity: presentity.clone(),
                petname,
                group: group.clone(),
            });
            dom::close_dialog(&event);
        })
    };
    html! {
        <Dialog title={t().rename} closed={props.closed.clone()}>
            <form onsubmit={save}>
                <Field id="petname" label={t().petname} node={name} autocomplete="off" autofocus=true hint={AttrValue::Static(t().petname_hint)}
                    value={row.map(|row| AttrValue::from(row.name))} />
                <div class="dialog-actions">
                    <button type="submit" class="primary">{ t().save }</button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
pub fn RemoveDialog(props: &Props) -> Html {
    let presentity = Presentity::from(props.address.clone());
    html! {
        <Ask title={t().remove} what={t().remove_means} deed={t().remove} address={props.address.clone()}
            intent={Intent::RemoveContact { presentity }} closed={props.closed.clone()} />
    }
}

#[component]
pub fn BlockDialog(props: &Props) -> Html {
    let watcher = Principal::from(props.address.clone());
    html! {
        <Ask title={t().block} what={t().block_asks} deed={t().block} address={props.address.clone()}
            intent={Intent::Decide { watcher, decision: Some(Verdict::Block), of: None }} closed={props.closed.clone()} />
    }
}

#[derive(Properties, PartialEq)]
struct AskProps {
    title: &'static str,
    what: &'static str,
    deed: &'static str,
    address: Address,
    intent: Intent,
    closed: Callback<()>,
}

/// Says what will happen before it does.
#[component]
fn Ask(props: &AskProps) -> Html {
    let house = use_house();
    let deed = {
        let (house, intent) = (house.clone(), props.intent.clone());
        Callback::from(move |event: MouseEvent| {
            house.intend(intent.clone());
            dom::close_dialog(&event);
        })
    };
    let name = html! { <bdi class="strong">{ props.address.to_string() }</bdi> };
    html! {
        <Dialog title={props.title} closed={props.closed.clone()}>
            <p>{ texts::around(props.what, "{name}", name) }</p>
            <div class="dialog-actions">
                <button type="button" onclick={Callback::from(|event: MouseEvent| dom::close_dialog(&event))}>{ t().cancel }</button>
                <button type="button" class="primary grave" onclick={deed}>{ props.deed }</button>
            </div>
        </Dialog>
    }
}
