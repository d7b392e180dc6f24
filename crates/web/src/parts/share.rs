//! My own address, to give to others.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::icon::{Glyph, Icon};
use super::notices::Toast;
use crate::dom;
use crate::house::use_house;
use crate::texts::t;

#[component]
pub fn Share() -> Html {
    let house = use_house();
    let address = house.shell.principal().to_string();
    let copy = {
        let (address, say) = (address.clone(), house.say.clone());
        Callback::from(move |_: MouseEvent| {
            let (address, say) = (address.clone(), say.clone());
            spawn_local(async move {
                say.emit(if dom::copy(&address).await {
                    Toast::word(t().copied.into())
                } else {
                    Toast::fault(t().not_copied.into())
                });
            });
        })
    };
    html! {
        <div class="share">
            <span class="share-label">{ t().your_address }</span>
            <bdi class="share-address">{ address }</bdi>
            <button type="button" onclick={copy}><Glyph icon={Icon::Copy} />{ t().copy_address }</button>
        </div>
    }
}
