//! The examples of `docs/PROTOCOL.md` are frames: each reads, says nothing that is dropped, and is understood by a relay.
//!
//! An example is a block fenced as `json`, with a member `"frame"`. Every kind of frame must have one.

use std::collections::BTreeSet;
use std::path::Path;

use lamplight_core::cbor::Decode;
use lamplight_core::code::Code;
use lamplight_core::wire::{Codec, ToAgent, ToService};
use lamplight_tests::room::Room;
use serde_json::Value;

use crate::samples::{TO_AGENT, TO_SERVICE};

/// The frames among the JSON blocks of a document, each with the line at which its block begins.
fn examples(document: &str) -> Vec<(usize, Value)> {
    let mut found = Vec::new();
    let mut block: Option<(usize, String)> = None;
    for (number, line) in document.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut block, fence) {
            (None, Some(info)) if info.split_whitespace().next() == Some("json") => {
                block = Some((number + 1, String::new()));
            }
            (Some((at, text)), Some(_)) => {
                found.extend(frames_of(*at, text));
                block = None;
            }
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    found
}

/// A block holds one frame, or several one after the other.
fn frames_of(at: usize, text: &str) -> Vec<(usize, Value)> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let values = values.map(|value| {
        let value = value.unwrap_or_else(|error| panic!("PROTOCOL.md:{at}: not JSON: {error}"));
        (at, value)
    });
    values
        .filter(|(_, value)| value.get("frame").is_some())
        .collect()
}

fn word(at: usize, example: &Value) -> &str {
    let word = example["frame"].as_str();
    word.unwrap_or_else(|| panic!("PROTOCOL.md:{at}: the frame's name is not a text"))
}

/// Whether all that `said` says is in `read`; members that a codec leaves out when they are empty may be missing.
fn nothing_dropped(said: &Value, read: &Value) -> bool {
    match (said, read) {
        (Value::Object(said), Value::Object(read)) => said.iter().all(|(key, value)| {
            read.get(key).map_or_else(
                || value.is_null() || value.as_array().is_some_and(Vec::is_empty),
                |other| nothing_dropped(value, other),
            )
        }),
        (Value::Array(said), Value::Array(read)) => {
            said.len() == read.len()
                && said
                    .iter()
                    .zip(read)
                    .all(|(said, read)| nothing_dropped(said, read))
        }
        (said, read) => said == read,
    }
}

/// A kind of frame: whether it goes to the service, and its word. One word can stand for a frame in each direction.
type Kind<'w> = (bool, &'w str);

/// Replays the examples of a document; gives the kinds of frames that have none.
fn replay(document: &str) -> BTreeSet<Kind<'static>> {
    let sent = TO_SERVICE.into_iter().map(|word| (true, word));
    let told = TO_AGENT.into_iter().map(|word| (false, word));
    let mut missing: BTreeSet<Kind<'_>> = sent.chain(told).collect();
    for (at, example) in examples(document) {
        let word = word(at, &example);
        let bytes = example.to_string().into_bytes();
        let is_sent = TO_SERVICE.contains(&word)
            && (!TO_AGENT.contains(&word) || Codec::Json.decode::<ToService>(&bytes).is_ok());
        let read = if is_sent {
            let frame: ToService = decoded(at, &bytes);
            is_understood(at, &frame);
            Codec::Json.encode(&frame)
        } else {
            assert!(
                TO_AGENT.contains(&word),
                "PROTOCOL.md:{at}: there is no frame {word}"
            );
            let frame: ToAgent = decoded(at, &bytes);
            assert_eq!(from_cbor_again(&frame), frame, "PROTOCOL.md:{at}");
            Codec::Json.encode(&frame)
        };
        let read: Value = serde_json::from_slice(&read).expect("we write JSON");
        assert!(
            nothing_dropped(&example, &read),
            "PROTOCOL.md:{at}: the example says {example}, which reads as {read}"
        );
        missing.retain(|kind| *kind != (is_sent, word));
    }
    missing
}

fn decoded<T: Decode + serde::de::DeserializeOwned>(at: usize, bytes: &[u8]) -> T {
    let frame = Codec::Json.decode(bytes);
    frame.unwrap_or_else(|error| panic!("PROTOCOL.md:{at}: {error}"))
}

fn from_cbor_again(frame: &ToAgent) -> ToAgent {
    let bytes = Codec::Cbor.encode(frame);
    Codec::Cbor
        .decode(&bytes)
        .expect("what JSON says, CBOR can")
}

/// A relay takes the example for a frame, whatever it answers.
fn is_understood(at: usize, frame: &ToService) {
    let mut room = Room::new();
    room.signs_up("alice");
    let session = room.logs_in("alice", "script", None);
    let answers = room.asks_relay(session, frame);
    for answer in answers {
        if let ToAgent::Refused { refusal, .. } | ToAgent::Goodbye { refusal } = answer {
            let is_hello = matches!(frame, ToService::Hello { .. });
            assert!(
                is_hello || refusal.code != Code::BadFrame,
                "PROTOCOL.md:{at}: the relay does not understand this"
            );
        }
    }
}

#[test]
fn the_examples_of_the_protocol_are_replayed_and_no_frame_is_without() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROTOCOL.md");
    if !path.exists() {
        return;
    }
    let document = std::fs::read_to_string(path).expect("PROTOCOL.md can be read");
    let missing = replay(&document);
    assert!(
        missing.is_empty(),
        "PROTOCOL.md has no example of {missing:?}"
    );
}

#[test]
fn an_example_is_found_in_its_block_and_a_missing_one_is_missed() {
    let document = "# P\n```json\n{\"frame\":\"ping\",\"number\":1}\n{\"frame\":\"bye\"}\n```\n\
                    ```json\n{\"status\":\"http\"}\n```\n```cddl\n{\n```\n";
    let found = examples(document);
    assert_eq!(found.len(), 2);
    let missing = replay(document);
    let misses = |is_sent, word| missing.contains(&(is_sent, word));
    assert!(!misses(true, "ping") && !misses(true, "bye"));
    assert!(misses(true, "hello") && misses(false, "welcome"));
    assert!(misses(true, "signal") && misses(false, "signal"));
}

#[test]
#[should_panic(expected = "which reads as")]
fn an_example_with_a_word_that_nobody_reads_is_noticed() {
    replay("```json\n{\"frame\":\"ping\",\"number\":1,\"color\":\"red\"}\n```\n");
}
