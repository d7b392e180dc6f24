//! A labelled field with its rule and, when something is wrong, what to do about it.

use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub id: AttrValue,
    pub label: AttrValue,
    #[prop_or(AttrValue::Static("text"))]
    pub kind: AttrValue,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub autocomplete: Option<AttrValue>,
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    #[prop_or_default]
    pub value: Option<AttrValue>,
    #[prop_or_default]
    pub required: bool,
    #[prop_or_default]
    pub autofocus: bool,
    pub node: NodeRef,
    #[prop_or_default]
    pub oninput: Callback<InputEvent>,
    /// Stands at the end of the field: a suffix or a button.
    #[prop_or_default]
    pub children: Html,
}

#[component]
pub fn Field(props: &Props) -> Html {
    let (hint_id, error_id) = (format!("{}-hint", props.id), format!("{}-error", props.id));
    let described = match (&props.error, &props.hint) {
        (Some(_), _) => Some(error_id.clone()),
        (None, Some(_)) => Some(hint_id.clone()),
        (None, None) => None,
    };
    html! {
        <div class={classes!("field", props.error.is_some().then_some("has-error"))}>
            <label for={&props.id}>{ &props.label }</label>
            <div class="field-box">
                <input id={&props.id} name={&props.id} type={&props.kind} ref={props.node.clone()}
                    autocomplete={props.autocomplete.clone()} placeholder={props.placeholder.clone()}
                    value={props.value.clone()} required={props.required} autofocus={props.autofocus}
                    autocapitalize="none" spellcheck="false" dir="auto"
                    aria-invalid={props.error.is_some().then_some("true")} aria-describedby={described}
                    oninput={props.oninput.clone()} />
                { props.children.clone() }
            </div>
            if let Some(error) = &props.error {
                <p class="field-error" id={error_id} role="alert">{ error }</p>
            } else if let Some(hint) = &props.hint {
                <p class="field-hint" id={hint_id}>{ hint }</p>
            }
        </div>
    }
}
