//! What is going on, for whoever asks why: the line, the session, and the recording that replays everything elsewhere.

use lamplight_embed::{Changed, Instant, LinkView, hex, joined};
use yew::prelude::*;

use super::dialog::dialog;
use super::icon::{Icon, glyph};
use super::live::Part;
use crate::dom;
use crate::draw::{act, button, div, list, p, tag};
use crate::house::{Deed, House};
use crate::pulse::Cause;
use crate::texts::t;

pub const PART: Part = Part {
    draw: diagnostics,
    wants: |cause| matches!(cause, Cause::Changed(Changed::Link | Changed::Me)),
};

fn diagnostics(house: &House) -> Html {
    let (line, me) = house.shell.read(|agent| (agent.link(), agent.me()));
    let now = house.shell.now().instant;
    let since = |at: Instant| joined(&[&now.since(at).as_secs().to_string(), " s"]);
    let state = match line.link {
        LinkView::Idle => t().line_idle.to_owned(),
        LinkView::Up => t().line_up.to_owned(),
        LinkView::Connecting { since: at, attempt } => {
            let (since, attempt) = (since(at), attempt.to_string());
            joined(&[t().line_connecting, " (", &since, ", ", &attempt, ")"])
        }
        LinkView::Down { since: at, .. } => joined(&[t().line_down, " (", &since(at), ")"]),
    };
    let kept = if house.shell.keeps() { t().yes } else { t().no };
    let server = house.shell.read(|agent| agent.server());
    let server = server.map_or_else(String::new, |server| hex(server.0, 16));
    let recorded = house.recorded();
    let recording = base64(&recorded.bytes);
    let facts = [
        (t().fact_line, "line", state),
        (t().fact_waiting, "waiting", line.waiting.to_string()),
        (t().fact_principal, "principal", me.principal.to_string()),
        (t().fact_server, "server", server),
        (t().fact_devices, "devices", me.devices.to_string()),
        (t().fact_keeps, "keeps", kept.to_owned()),
        (
            t().fact_version,
            "version",
            env!("CARGO_PKG_VERSION").to_owned(),
        ),
        (t().fact_trace, "trace", hex(recorded.trace, 16)),
    ];
    let facts = facts.into_iter().map(|(name, fact, value)| {
        tag("div")
            .with(tag("dt").say(name))
            .with(tag("dd").attr("data-fact", fact).text(&value))
    });
    let copy = house.does(Deed::Copy(recording.clone()));
    let field = tag("textarea")
        .attr("id", "recording")
        .attr("rows", "3")
        .attr("spellcheck", "false")
        .flag("readonly", true)
        .value(&recording);
    let save = act(move |_| {
        // A browser that saves nothing leaves the field to copy from.
        let _ = dom::save("lamplight-recording.cbor", &recorded.bytes);
    });
    let inside = vec![
        tag("dl").class("facts").each(facts).into(),
        div("field")
            .with(tag("label").attr("for", "recording").say(t().recording))
            .with(field)
            .with(p("field-hint").say(t().recording_hint))
            .into(),
        div("dialog-actions")
            .with(button("", save).say(t().save_recording))
            .with(
                button("", copy)
                    .with(glyph(Icon::Copy))
                    .say(t().copy_recording),
            )
            .into(),
    ];
    dialog(house, t().diagnostics, list(inside))
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
