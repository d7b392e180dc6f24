//! A labelled field with its rule and, when something is wrong, what to do about it.

use lamplight_embed::joined;
use yew::prelude::*;

use crate::draw::{Tag, div, p, tag};
use crate::texts::t;

/// What a field says of itself. It is read by its `id`.
pub struct Field<'a> {
    pub id: &'static str,
    pub label: &'static str,
    pub hint: &'a str,
    pub error: &'a str,
    pub autocomplete: &'static str,
}

impl Field<'_> {
    /// `more` goes on with the input itself; `end` stands at the end of the field: a suffix or a button.
    pub fn draw(self, more: impl FnOnce(Tag) -> Tag, end: Html) -> Tag {
        let (state, error) = (["field", "field has-error"], !self.error.is_empty());
        let below = ["hint", "error"][usize::from(error)];
        let below_id = joined(&[self.id, "-", below]);
        let has_below = error || !self.hint.is_empty();
        let input = tag("input")
            .attr("id", self.id)
            .attr("name", self.id)
            .attr("autocomplete", self.autocomplete)
            .attr("autocapitalize", "none")
            .attr("spellcheck", "false")
            .attr("dir", "auto")
            .attr_if(error, "aria-invalid", "true");
        let input = if has_below {
            input.attr_of("aria-describedby", &below_id)
        } else {
            input
        };
        let note = || {
            let (class, words) = if error {
                ("field-error", self.error)
            } else {
                ("field-hint", self.hint)
            };
            p(class)
                .attr_of("id", &below_id)
                .attr_if(error, "role", "alert")
                .text(words)
        };
        div(state[usize::from(error)])
            .with(tag("label").attr("for", self.id).say(self.label))
            .with(div("field-box").with(more(input)).with(end))
            .maybe(has_below.then(note))
    }
}

/// The field for the name that one gives to a contact.
pub fn petname(more: impl FnOnce(Tag) -> Tag) -> Tag {
    Field {
        id: "petname",
        label: t().petname,
        hint: t().petname_hint,
        error: "",
        autocomplete: "off",
    }
    .draw(|input| more(input.attr("type", "text")), Html::default())
}

/// A button that sends the form around it.
pub fn submit(class: &'static str, words: &'static str) -> Tag {
    tag("button").class(class).attr("type", "submit").say(words)
}
