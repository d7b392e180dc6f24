//! What is said between the visitor and the one who is written to.

use std::rc::Rc;

use lamplight_embed::{Intent, Shell, Word};
use yew::prelude::*;

use super::Frame;
use crate::draw::{div, p, tag};
use crate::kept::{use_after, use_while};
use crate::parts::composer::use_composer;
use crate::parts::log::use_log;
use crate::parts::presence;
use crate::pulse::{Cause, Pulse, use_changes};
use crate::texts::{fill, t};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub frame: Frame,
    pub shell: Shell,
    /// What stands on the page's button.
    pub name: String,
    /// What the page's badge says.
    pub word: Option<Word>,
}

#[component]
pub fn Chat(props: &Props) -> Html {
    let frame = &props.frame;
    let pulse = use_ref(|| Pulse::new(props.shell.clone()));
    let pulse = &*pulse;
    use_while(0, {
        let pulse = pulse.clone();
        Box::new(move || {
            let heard = pulse.clone();
            let listening = pulse.shell.listen(move |news| heard.hear(news));
            pulse.count();
            Box::new(move || {
                pulse.stop();
                drop(listening);
            })
        })
    });
    use_changes(
        pulse.clone(),
        Box::new(|cause| matches!(cause, Cause::Changed(_) | Cause::Time)),
    );
    let with = &frame.asked.to;
    let (conversation, line, unread) = pulse
        .shell
        .read(|agent| (agent.conversation(with), agent.link(), agent.unread()));
    use_after(u64::from(unread), {
        let frame = frame.clone();
        Box::new(move || frame.unread(unread))
    });
    let log = use_log(pulse, &conversation);
    let composer = use_composer(pulse, &conversation, None, Rc::new(|| {}));
    use_while(0, {
        let (pulse, with) = (pulse.clone(), with.clone());
        Box::new(move || {
            pulse.intend(Intent::Open { with });
            Box::new(move || pulse.intend(Intent::Close))
        })
    });
    let row = &conversation.row;
    let called = frame.called.borrow();
    let note = |words: &str| p("visit-note").text(words);
    let word = props.word;
    tag("section")
        .class("chat")
        .attr("aria-labelledby", "chat-title")
        .with(head(&props.name, word))
        .with(
            div("visit-notes")
                .attr("role", "status")
                .maybe(line.banner.then(|| note(t().banner)))
                .maybe(is_away(word).then(|| note(t().leave_message)))
                .maybe((!frame.remembers.get()).then(|| note(t().forgets)))
                .with(match called.as_deref() {
                    Some(name) => note(&fill(t().writes_as, name)),
                    None => note(t().writes_as_guest),
                }),
        )
        .with(log)
        .maybe(
            row.typing
                .then(|| p("typing").text(&fill(t().types, &row.name))),
        )
        .with(composer)
        .into()
}

fn head(name: &str, word: Option<Word>) -> crate::draw::Tag {
    let title = tag("h1")
        .attr("id", "chat-title")
        .attr("tabindex", "-1")
        .text(name);
    let shown = word.filter(|word| *word != Word::NotShared);
    let presence =
        |word| p("chat-presence").with(tag("span").text(&presence::capital(presence::name(word))));
    tag("header")
        .class("chat-head")
        .maybe(shown.map(|word| presence::shape(word, false)))
        .with(div("chat-who").with(title).maybe(shown.map(presence)))
}

/// Whether nobody is there who would answer at once.
fn is_away(word: Option<Word>) -> bool {
    matches!(word, Some(Word::Away | Word::Offline | Word::NotAvailable))
}
