//! Every frame reads back as it was, and its bytes are those of the golden file: a change of them is a change of the protocol.
//!
//! `LAMPLIGHT_BLESS=1` writes the file anew, for when the change is meant.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use lamplight_core::wire::{Codec, ToAgent, ToService};

use crate::samples::{self, TO_AGENT, TO_SERVICE, word_to_agent, word_to_service};

fn golden_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("wire/golden.txt")
}

fn golden_now() -> String {
    let mut text = String::new();
    let mut line = |direction, word, cbor: &[u8], json: &[u8]| {
        let hex = cbor.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let json = String::from_utf8_lossy(json);
        let _ = write!(text, "{direction} {word}\n  cbor {hex}\n  json {json}\n");
    };
    for frame in samples::to_service() {
        let (cbor, json) = (Codec::Cbor.encode(&frame), Codec::Json.encode(&frame));
        line("to_service", word_to_service(&frame), &cbor, &json);
    }
    for frame in samples::to_agent() {
        let (cbor, json) = (Codec::Cbor.encode(&frame), Codec::Json.encode(&frame));
        line("to_agent", word_to_agent(&frame), &cbor, &json);
    }
    text
}

#[test]
fn the_bytes_of_every_frame_are_those_of_the_golden_file() {
    let now = golden_now();
    let path = golden_path();
    if std::env::var_os("LAMPLIGHT_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(&path, &now).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there");
    for (golden, now) in golden.lines().zip(now.lines()) {
        assert_eq!(golden, now, "the wire has changed");
    }
    assert_eq!(golden.lines().count(), now.lines().count());
}

#[test]
fn the_golden_bytes_read_as_the_frames_they_were_made_from() {
    let golden = std::fs::read_to_string(golden_path()).expect("the golden file is there");
    let frames = golden.lines().filter(|line| !line.starts_with(' ')).count();
    let mut bodies = golden.lines().filter(|line| line.starts_with(' '));
    let sent = samples::to_service();
    let told = samples::to_agent();
    assert_eq!(frames, sent.len() + told.len());
    let mut body = |prefix: &str| {
        let line = bodies
            .next()
            .expect("each frame has its bytes")
            .trim_start();
        line.strip_prefix(prefix)
            .expect("CBOR, then JSON")
            .to_owned()
    };
    for frame in sent {
        let (cbor, json) = (unhex(&body("cbor ")), body("json "));
        assert_eq!(Codec::Cbor.decode::<ToService>(&cbor).as_ref(), Ok(&frame));
        assert_eq!(
            Codec::Json.decode::<ToService>(json.as_bytes()).as_ref(),
            Ok(&frame)
        );
    }
    for frame in told {
        let (cbor, json) = (unhex(&body("cbor ")), body("json "));
        assert_eq!(Codec::Cbor.decode::<ToAgent>(&cbor).as_ref(), Ok(&frame));
        assert_eq!(
            Codec::Json.decode::<ToAgent>(json.as_bytes()).as_ref(),
            Ok(&frame)
        );
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] * 16 + pair[1]) as u8)
        .collect()
}

#[test]
fn every_kind_of_frame_has_a_sample_and_its_word_on_the_wire() {
    let sent: BTreeSet<_> = samples::to_service().iter().map(word_to_service).collect();
    assert_eq!(sent, BTreeSet::from(TO_SERVICE));
    let told: BTreeSet<_> = samples::to_agent().iter().map(word_to_agent).collect();
    assert_eq!(told, BTreeSet::from(TO_AGENT));
    for frame in samples::to_service() {
        let json = Codec::Json.encode(&frame);
        let tag = format!("\"frame\":\"{}\"", word_to_service(&frame));
        assert!(String::from_utf8_lossy(&json).contains(&tag), "no {tag}");
    }
    for frame in samples::to_agent() {
        let json = Codec::Json.encode(&frame);
        let tag = format!("\"frame\":\"{}\"", word_to_agent(&frame));
        assert!(String::from_utf8_lossy(&json).contains(&tag), "no {tag}");
    }
}
