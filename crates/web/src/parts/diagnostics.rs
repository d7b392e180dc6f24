//! What is going on, for whoever asks why: the line, the session, and the recording that replays everything elsewhere.

use lamplight_embed::{Changed, LinkView};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::dialog::Dialog;
use super::icon::{Glyph, Icon};
use super::notices::Toast;
use crate::dom;
use crate::house::{use_changes, use_house};
use crate::texts::t;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub closed: Callback<()>,
}

#[component]
pub fn Diagnostics(props: &Props) -> Html {
    let house = use_house();
    use_changes(|changed| matches!(changed, Changed::Link | Changed::Me));
    let (line, me) = house.shell.read(|agent| (agent.link(), agent.me()));
    let now = house.shell.now().instant;
    let since = |at: lamplight_embed::Instant| format!("{} s", now.since(at).as_secs());
    let state = match line.link {
        LinkView::Idle => t().line_idle.to_owned(),
        LinkView::Up => t().line_up.to_owned(),
        LinkView::Connecting { since: at, attempt } => {
            format!("{} ({}, {attempt})", t().line_connecting, since(at))
        }
        LinkView::Down { since: at, .. } => format!("{} ({})", t().line_down, since(at)),
    };
    let kept = if house.shell.keeps() { t().yes } else { t().no };
    // Both of one moment, so that a replay of the one gives the other.
    let (recorded, trace) = &*use_memo((), |()| (house.shell.recording(), house.shell.trace()));
    let recording = use_memo((), |()| base64(recorded));
    let facts = [
        (t().fact_line, state, "line"),
        (t().fact_waiting, line.waiting.to_string(), "waiting"),
        (t().fact_principal, me.principal.to_string(), "principal"),
        (t().fact_devices, me.devices.to_string(), "devices"),
        (t().fact_keeps, kept.to_owned(), "keeps"),
        (
            t().fact_version,
            env!("CARGO_PKG_VERSION").to_owned(),
            "version",
        ),
        (t().fact_trace, format!("{trace:016x}"), "trace"),
    ];
    let copy = {
        let (recording, say) = (recording.clone(), house.say.clone());
        Callback::from(move |_: MouseEvent| {
            let (recording, say) = (recording.clone(), say.clone());
            spawn_local(async move {
                say.emit(if dom::copy(&recording).await {
                    Toast::word(t().copied.into())
                } else {
                    Toast::fault(t().not_copied.into())
                });
            });
        })
    };
    let save = {
        let recorded = recorded.clone();
        Callback::from(move |_: MouseEvent| {
            // A browser that saves nothing leaves the field to copy from.
            let _ = dom::save("lamplight-recording.cbor", &recorded);
        })
    };
    html! {
        <Dialog title={t().diagnostics} closed={props.closed.clone()}>
            <dl class="facts">
                { for facts.into_iter().map(|(name, value, fact)| html! {
                    <div><dt>{ name }</dt><dd data-fact={fact}>{ value }</dd></div>
                }) }
            </dl>
            <div class="field">
                <label for="recording">{ t().recording }</label>
                <textarea id="recording" readonly=true rows="3" spellcheck="false" value={(*recording).clone()} />
                <p class="field-hint">{ t().recording_hint }</p>
            </div>
            <div class="dialog-actions">
                <button type="button" onclick={save}>{ t().save_recording }</button>
                <button type="button" onclick={copy}><Glyph icon={Icon::Copy} />{ t().copy_recording }</button>
            </div>
        </Dialog>
    }
}

/// RFC 4648 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]);
            text.push(if at <= three.len() { digit } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let known = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ];
        for (plain, coded) in known {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
