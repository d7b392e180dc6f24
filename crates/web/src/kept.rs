//! What a part keeps between two drawings, and what stands as long as it does. Few kinds, each once in the page.

use std::cell::RefCell;
use std::rc::Rc;

use yew::functional::UseForceUpdateHandle;
use yew::prelude::*;

/// A value that the part is drawn from: to change it is to draw again.
pub struct Kept<T>(Rc<Slot<T>>);

struct Slot<T> {
    value: RefCell<T>,
    draw: UseForceUpdateHandle,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: PartialEq + Clone> Kept<T> {
    pub fn change(&self, how: impl FnOnce(&mut T)) {
        let mut value = self.get();
        how(&mut value);
        self.set(value);
    }
}

impl<T: PartialEq> Kept<T> {
    pub fn set(&self, value: T) {
        let old = self.0.value.replace(value);
        if old != *self.0.value.borrow() {
            self.0.draw.force_update();
        }
    }
}

impl<T: Clone> Kept<T> {
    pub fn get(&self) -> T {
        self.0.value.borrow().clone()
    }
}

#[hook]
pub fn use_kept<T: 'static>(first: impl FnOnce() -> T) -> Kept<T> {
    let draw = use_force_update();
    Kept(use_ref(|| Slot {
        value: RefCell::new(first()),
        draw,
    }))
}

/// Where an element of this part is on the page.
#[hook]
pub fn use_node() -> NodeRef {
    (*use_ref(NodeRef::default)).clone()
}

/// What is undone when its time is over.
pub type Undo = Box<dyn FnOnce()>;

/// Begins something after drawing and undoes it when the part goes, or when `key` is another: then it begins anew.
#[hook]
pub fn use_while(key: u64, begin: Box<dyn FnOnce() -> Undo>) {
    use_effect_with(key, move |_| begin());
}

/// Does something after the first drawing, and after each with another `key`.
#[hook]
pub fn use_after(key: u64, then: Box<dyn FnOnce()>) {
    use_while(
        key,
        Box::new(move || {
            then();
            Box::new(|| {})
        }),
    );
}
