//! Elements, put together by calls.
//!
//! Yew's `html!` writes every element out where it stands, which is some hundred bytes of program each. Here an element is a few
//! calls of functions that the page carries once; what they make is the same tree for Yew. What is pressed or typed goes to the
//! element's own property (`onclick`), past Yew's way through the root of the page: nothing here wants more, and the builder
//! leaves that way behind.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, KeyboardEvent};
use yew::html::BaseComponent;
use yew::virtual_dom::{
    AttrValue, AttributeOrProperty, Attributes, Key, VComp, VList, VTag, VText,
};
use yew::{Html, NodeRef};

/// An element that is being put together.
pub struct Tag(Box<Made>);

struct Made {
    tag: VTag,
    class: AttrValue,
    attributes: Vec<(&'static str, AttributeOrProperty)>,
    children: Vec<Html>,
}

/// What is listened to.
#[derive(Clone, Copy)]
pub enum On {
    Blur,
    Change,
    Click,
    Focus,
    Input,
    KeyDown,
    Scroll,
    Submit,
}

impl On {
    /// The element's property that is called then.
    fn property(self) -> &'static str {
        match self {
            Self::Blur => "onblur",
            Self::Change => "onchange",
            Self::Click => "onclick",
            Self::Focus => "onfocus",
            Self::Input => "oninput",
            Self::KeyDown => "onkeydown",
            Self::Scroll => "onscroll",
            Self::Submit => "onsubmit",
        }
    }
}

pub fn tag(name: &'static str) -> Tag {
    Tag(Box::new(Made {
        tag: VTag::new(name),
        class: AttrValue::Static(""),
        attributes: Vec::new(),
        children: Vec::new(),
    }))
}

pub fn div(class: &'static str) -> Tag {
    tag("div").class(class)
}

pub fn span(class: &'static str) -> Tag {
    tag("span").class(class)
}

pub fn p(class: &'static str) -> Tag {
    tag("p").class(class)
}

/// A name, whose direction of writing is its own.
pub fn bdi(class: &'static str, name: &str) -> Tag {
    tag("bdi").class(class).text(name)
}

pub fn button(class: &'static str, pressed: Hand) -> Tag {
    tag("button")
        .class(class)
        .attr("type", "button")
        .on(On::Click, pressed)
}

/// A drawing that only those see who see the page.
pub fn svg(class: &'static str, view_box: &'static str) -> Tag {
    tag("svg")
        .class(class)
        .attr("viewBox", view_box)
        .attr("aria-hidden", "true")
        .attr("focusable", "false")
}

pub fn path(class: &'static str, d: &'static str) -> Tag {
    tag("path").class(class).attr("d", d)
}

impl Tag {
    pub fn class(mut self, class: &'static str) -> Self {
        self.0.class = AttrValue::Static(class);
        self
    }

    /// One more class.
    pub fn also(mut self, class: &str) -> Self {
        let mut classes = String::from(&*self.0.class);
        if !classes.is_empty() {
            classes.push(' ');
        }
        classes.push_str(class);
        self.0.class = classes.into();
        self
    }

    pub fn also_if(self, so: bool, class: &'static str) -> Self {
        if so { self.also(class) } else { self }
    }

    pub fn attr(self, name: &'static str, value: &'static str) -> Self {
        self.attribute(name, AttrValue::Static(value))
    }

    pub fn attr_of(self, name: &'static str, value: &str) -> Self {
        self.attribute(name, AttrValue::Rc(value.into()))
    }

    pub fn attr_if(self, so: bool, name: &'static str, value: &'static str) -> Self {
        if so { self.attr(name, value) } else { self }
    }

    /// An attribute that is there or not.
    pub fn flag(self, name: &'static str, so: bool) -> Self {
        self.attr_if(so, name, name)
    }

    /// An attribute that says yes or no.
    pub fn truth(self, name: &'static str, so: bool) -> Self {
        self.attr(name, if so { "true" } else { "false" })
    }

    fn attribute(mut self, name: &'static str, value: AttrValue) -> Self {
        let value = AttributeOrProperty::Attribute(value);
        self.0.attributes.push((name, value));
        self
    }

    /// The browser has the hand, and lets go of it when it has another or the element is gone.
    pub fn on(mut self, what: On, hand: Hand) -> Self {
        let hand = Closure::<dyn Fn(Event)>::new(move |event: Event| hand.act(&event));
        let hand = AttributeOrProperty::Property(hand.into_js_value());
        self.0.attributes.push((what.property(), hand));
        self
    }

    /// Words from the table of texts.
    pub fn say(self, words: &'static str) -> Self {
        self.child(self::words(words))
    }

    pub fn text(self, words: &str) -> Self {
        self.child(VText::new(AttrValue::Rc(words.into())).into())
    }

    pub fn with(self, child: impl Into<Html>) -> Self {
        self.child(child.into())
    }

    /// What is not there keeps its place, so that Yew does not take its neighbours for it.
    pub fn maybe(self, child: Option<Tag>) -> Self {
        self.child(child.map_or_else(Html::default, Html::from))
    }

    pub fn each(self, children: impl IntoIterator<Item = impl Into<Html>>) -> Self {
        self.child(list(children.into_iter().map(Into::into).collect()))
    }

    fn child(mut self, child: Html) -> Self {
        self.0.children.push(child);
        self
    }

    pub fn key(mut self, key: &str) -> Self {
        self.0.tag.key = Some(Key::from(key));
        self
    }

    pub fn node(mut self, node: &NodeRef) -> Self {
        self.0.tag.node_ref = node.clone();
        self
    }

    /// What stands in a field, put back with each drawing. What it only begins with is its attribute of that name.
    pub fn value(mut self, value: &str) -> Self {
        self.0.tag.set_value(AttrValue::Rc(value.into()));
        self
    }

    pub fn checked(mut self, so: bool) -> Self {
        self.0.tag.set_checked(so);
        self
    }
}

impl From<Tag> for Html {
    fn from(tag: Tag) -> Self {
        let Made {
            mut tag,
            class,
            mut attributes,
            mut children,
        } = *tag.0;
        if !class.is_empty() {
            attributes.push(("class", AttributeOrProperty::Attribute(class)));
        }
        let (names, values) = attributes
            .into_iter()
            .map(|(name, value)| (name, Some(value)))
            .unzip::<_, _, Vec<_>, Vec<_>>();
        tag.attributes = Attributes::Dynamic {
            keys: lasting(names),
            values: values.into_boxed_slice(),
        };
        if let Some(inside) = tag.children_mut() {
            *inside = match children.len() {
                1 => children.remove(0),
                _ => list(children),
            };
        }
        tag.into()
    }
}

/// The names as a list that stays, which Yew wants. The page has about a hundred different lists, each kept once, so that two
/// drawings of an element share theirs.
fn lasting(names: Vec<&'static str>) -> &'static [&'static str] {
    thread_local! {
        static LISTS: RefCell<Vec<&'static [&'static str]>> = const { RefCell::new(Vec::new()) };
    }
    LISTS.with_borrow_mut(|lists| {
        let known = lists.iter().find(|list| ***list == *names);
        known.copied().unwrap_or_else(|| {
            let list: &'static [&'static str] = names.leak();
            lists.push(list);
            list
        })
    })
}

/// Words from the table of texts, by themselves.
pub fn words(words: &'static str) -> Html {
    VText::new(AttrValue::Static(words)).into()
}

pub fn list(children: Vec<Html>) -> Html {
    VList::with_children(children, None).into()
}

/// Something drawn, told from others of its kind.
pub fn keyed(key: &str, drawn: Html) -> Html {
    VList::with_children(vec![drawn], Some(Key::from(key))).into()
}

/// A part of the page that draws itself again.
pub fn part<C: BaseComponent>(props: C::Properties) -> Html {
    VComp::new::<C>(Rc::new(props), None).into()
}

pub fn keyed_part<C: BaseComponent>(key: &str, props: C::Properties) -> Html {
    VComp::new::<C>(Rc::new(props), Some(Key::from(key))).into()
}

/// What is done when an event comes. Less than the language's own kind of function, of which each one made would bring along the
/// ways to be called that nobody uses here.
pub trait Act {
    fn act(&self, event: &Event);
}

impl<F: Fn(&Event)> Act for F {
    fn act(&self, event: &Event) {
        self(event);
    }
}

/// A hand on something that can be pressed, typed into or walked through.
pub type Hand = Rc<dyn Act>;

pub fn act(then: impl Fn(&Event) + 'static) -> Hand {
    Rc::new(then)
}

/// The key press that an event of the keyboard is.
pub fn pressed(event: &Event) -> &KeyboardEvent {
    event.unchecked_ref()
}
