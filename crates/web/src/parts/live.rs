//! A part that keeps nothing of its own: it is drawn from what the agent says, and again when that is another.

use yew::prelude::*;

use crate::house::House;
use crate::pulse::{Cause, use_changes};

/// What is drawn, and what it wants to know of.
#[derive(Clone, Copy)]
pub struct Part {
    pub draw: fn(&House) -> Html,
    pub wants: fn(&Cause) -> bool,
}

#[derive(Properties)]
pub struct LiveProps {
    house: House,
    part: Part,
}

impl LiveProps {
    pub fn new(house: &House, part: Part) -> Self {
        Self {
            house: house.clone(),
            part,
        }
    }
}

impl PartialEq for LiveProps {
    fn eq(&self, other: &Self) -> bool {
        self.house == other.house && std::ptr::fn_addr_eq(self.part.draw, other.part.draw)
    }
}

#[component]
pub fn Live(props: &LiveProps) -> Html {
    use_changes(props.house.pulse.clone(), Box::new(props.part.wants));
    (props.part.draw)(&props.house)
}
