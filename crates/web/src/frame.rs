//! experiment
use lamplight_embed::{Address, Intent, Principal, Shell};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::dom;
use crate::draw::tag;
use crate::house::{Cause, House, use_changes};
use crate::kept::use_while;
use crate::parts::composer::use_composer;
use crate::parts::log::use_log;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shell: Shell,
    pub with: Address,
}

#[component]
pub fn Visit(props: &Props) -> Html {
    let draw = use_force_update();
    let leave = Callback::noop();
    let house = use_ref(|| House::new(props.shell.clone(), leave, draw));
    let house = &*house;
    use_while(0, {
        let house = house.clone();
        Box::new(move || {
            let standing = house.start();
            Box::new(move || drop(standing))
        })
    });
    use_changes(
        house.clone(),
        Box::new(|cause| matches!(cause, Cause::Changed(_) | Cause::Time)),
    );
    let conversation = house.shell.read(|agent| agent.conversation(&props.with));
    let log = use_log(house, &conversation);
    let composer = use_composer(house, &conversation, None);
    use_while(0, {
        let (house, with) = (house.clone(), props.with.clone());
        Box::new(move || {
            house.intend(Intent::Open { with });
            Box::new(move || house.intend(Intent::Close))
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
