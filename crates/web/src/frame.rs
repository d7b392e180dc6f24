//! experiment
use std::rc::Rc;

use lamplight_embed::{Address, Intent, Principal, Shell};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::dom;
use crate::draw::tag;
use crate::kept::use_while;
use crate::parts::composer::use_composer;
use crate::parts::log::use_log;
use crate::pulse::{Cause, Pulse, use_changes};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shell: Shell,
    pub with: Address,
}

#[component]
pub fn Visit(props: &Props) -> Html {
    let pulse = use_ref(|| Pulse::new(props.shell.clone()));
    let pulse = &*pulse;
    use_changes(
        pulse.clone(),
        Box::new(|cause| matches!(cause, Cause::Changed(_) | Cause::Time)),
    );
    let conversation = pulse.shell.read(|agent| agent.conversation(&props.with));
    let log = use_log(pulse, &conversation);
    let composer = use_composer(pulse, &conversation, None, Rc::new(|| {}));
    use_while(0, {
        let (pulse, with) = (pulse.clone(), props.with.clone());
        Box::new(move || {
            pulse.intend(Intent::Open { with });
            Box::new(move || pulse.intend(Intent::Close))
        })
    });
    tag("main").class("chat").with(log).with(composer).into()
}

pub fn run() {
    spawn_local(async move {
        let Ok(me) = Principal::parse("guest@x") else {
            return;
        };
        let Ok(with) = Address::parse("support@x") else {
            return;
        };
        let shell = Shell::open(me).await;
        shell.start();
        if let Some(root) = dom::by_id("app") {
            yew::Renderer::<Visit>::with_root_and_props(root, Props { shell, with }).render();
        }
    });
}
