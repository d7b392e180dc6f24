//! `cargo xtask size`: what the page weighs on the line, against its budget, and the proof that it does not carry the JSON codec
//! (the page speaks CBOR; the linker drops what nobody names).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::listing::Role;
use crate::options::Options;
use crate::page::{self, Kind, Page};
use crate::why;
use crate::workspace::Workspace;

/// What module, scripts and styles that a page loads to begin may weigh together, brotli. 150 kB are 150,000 bytes.
const BUDGET_BYTES: usize = 150_000;
/// What is loaded when it is first opened: dialogs, settings. It delays nobody who talks, and has a bound all the same.
const LATER_BYTES: usize = 53_000;

/// What a page of another site loads for a live badge and the button of a chat.
const EMBED_BYTES: usize = 5_000;
/// What a frame with a conversation loads, its document included, once somebody means to open it.
const FRAME_BYTES: usize = 110_000;
/// What a script of another site loads to draw its own interface: module and script.
const RUNTIME_BYTES: usize = 60_000;

/// Traces that `serde_json` leaves in a module that uses it: its name in symbols and panic messages, its sentences in errors.
const JSON_CODEC: [&str; 3] = [
    "serde_json",
    "EOF while parsing",
    "recursion limit exceeded",
];

pub fn size(arguments: &[String]) -> Result<()> {
    let mut options = Options::read(arguments);
    let wants_why = options.switch("--why");
    options.finish()?;
    let page = page::build(&Workspace::find()?, Kind::Release)?;
    if wants_why {
        print!("{}", why::explain(&fs::read(&page.linked)?)?);
    }
    judge(&page)
}

/// Prints the sizes and fails when the page is too heavy or carries what it should not.
pub fn judge(page: &Page) -> Result<()> {
    println!("          files       raw      gzip    brotli   (bytes)");
    for role in Role::ALL {
        let weight = page.listing.weight(role);
        println!(
            "{:10}{:5}{:10}{:10}{:10}",
            role.word(),
            weight.files,
            weight.raw,
            weight.gzip,
            weight.brotli
        );
    }
    let counted = [Role::Module, Role::Script, Role::Style];
    let total: usize = counted
        .into_iter()
        .map(|role| page.listing.weight(role).brotli)
        .sum();
    println!(
        "page: wasm + js + css, brotli: {total} bytes = {:.1} kB of {} kB (1 kB = 1,000 bytes)",
        total as f64 / 1000.0,
        BUDGET_BYTES / 1000
    );
    let later = page.listing.weight(Role::Later).brotli;
    println!(
        "what is loaded when it is opened: {later} bytes of {LATER_BYTES}; with everything opened: {} bytes",
        total + later
    );
    let embed = page.listing.weight(Role::Embed).brotli;
    println!(
        "what another site's page loads for badges and the button of a chat: {embed} bytes of {EMBED_BYTES}"
    );
    let frame = page.listing.weight(Role::Frame).brotli;
    println!(
        "a conversation on another site's page, when it is opened: {frame} bytes of {FRAME_BYTES}"
    );
    let runtime = page.listing.weight(Role::Runtime).brotli;
    println!(
        "what a script of another site loads to draw its own interface: {runtime} bytes of {RUNTIME_BYTES}"
    );
    no_json_codec(&page.linked)?;
    println!("the JSON codec is not in the page");
    anyhow::ensure!(
        total <= BUDGET_BYTES,
        "the page is {} bytes above its budget; `cargo xtask size --why` shows what is inside",
        total.saturating_sub(BUDGET_BYTES)
    );
    anyhow::ensure!(
        later <= LATER_BYTES,
        "what is loaded when it is opened is {} bytes above its bound",
        later.saturating_sub(LATER_BYTES)
    );
    anyhow::ensure!(
        embed <= EMBED_BYTES,
        "what another site's page loads is {} bytes above its bound",
        embed.saturating_sub(EMBED_BYTES)
    );
    anyhow::ensure!(
        frame <= FRAME_BYTES,
        "a conversation on another site's page is {} bytes above its bound",
        frame.saturating_sub(FRAME_BYTES)
    );
    anyhow::ensure!(
        runtime <= RUNTIME_BYTES,
        "what a script of another site loads is {} bytes above its bound",
        runtime.saturating_sub(RUNTIME_BYTES)
    );
    Ok(())
}

/// Looks into the module as the linker left it, where functions still have names. A module without names proves nothing.
fn no_json_codec(linked: &Path) -> Result<()> {
    let module = fs::read(linked).with_context(|| format!("cannot read {}", linked.display()))?;
    anyhow::ensure!(
        why::has_names(&module)?,
        "{} has no names, so nothing can be said about what is inside",
        linked.display()
    );
    match trace_of_json(&module) {
        Some(trace) => anyhow::bail!(
            "the page carries the JSON codec: \"{trace}\" is in the module. \
             `cargo xtask size --why` shows which functions"
        ),
        None => Ok(()),
    }
}

fn trace_of_json(module: &[u8]) -> Option<&'static str> {
    JSON_CODEC.into_iter().find(|trace| {
        module
            .windows(trace.len())
            .any(|window| window == trace.as_bytes())
    })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_json_codec_is_noticed_by_symbol_and_by_sentence() {
        let with_symbol = b"\0asm _ZN10serde_json2de9from_slice17h0E \0";
        assert_eq!(trace_of_json(with_symbol), Some("serde_json"));
        let with_sentence = b"\0asm EOF while parsing a value \0";
        assert_eq!(trace_of_json(with_sentence), Some("EOF while parsing"));
        assert_eq!(
            trace_of_json(b"\0asm lamplight_core and serde_core \0"),
            None
        );
    }

    #[test]
    fn a_module_without_names_is_no_proof() {
        let path = std::env::temp_dir().join(format!("lamplight-size-{}.wasm", std::process::id()));
        fs::write(&path, b"\0asm\x01\0\0\0").unwrap();
        let error = no_json_codec(&path).unwrap_err();
        fs::remove_file(&path).unwrap();
        assert!(error.to_string().contains("no names"), "{error}");
    }
}
