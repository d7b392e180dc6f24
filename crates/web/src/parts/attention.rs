//! How many unread, outside of the page's own area: title, icon of the tab, badge of the installed app.

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use lamplight_embed::{joined, settled};

use crate::dom;
use crate::texts::t;

pub fn show(unread: u32) {
    dom::document().set_title(&match unread {
        0 => t().product.to_owned(),
        unread => joined(&["(", &unread.to_string(), ") ", t().product]),
    });
    icon(unread > 0);
    // Browsers without badges keep the title.
    let _ = badge(unread);
}

/// The frame of the page names both icons, since only the builder knows their addresses.
fn icon(dot: bool) {
    let Ok(Some(link)) = dom::document().query_selector("link[rel=icon]") else {
        return;
    };
    let name = if dot { "data-unread" } else { "data-plain" };
    if let Some(address) = link.get_attribute(name)
        && link.get_attribute("href").as_ref() != Some(&address)
    {
        // A link element takes any attribute.
        let _ = link.set_attribute("href", &address);
    }
}

fn badge(unread: u32) -> Result<(), JsValue> {
    let navigator: JsValue = dom::window().navigator().into();
    let set = Reflect::get(&navigator, &"setAppBadge".into())?;
    if let Some(set) = set.dyn_ref::<Function>() {
        let shown = js_sys::Promise::resolve(&set.call1(&navigator, &unread.into())?);
        // A badge that is not allowed is not shown; an unheard refusal would stand in the console.
        wasm_bindgen_futures::spawn_local(async move {
            let _ = settled(shown).await;
        });
    }
    Ok(())
}
