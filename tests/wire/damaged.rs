//! Bytes that somebody has damaged, and bytes of a later version: neither machine panics, and what can be read is read.

use lamplight_core::agent::Input;
use lamplight_core::code::Code;
use lamplight_core::wire::{Codec, ToAgent, ToService};
use lamplight_tests::random::Chance;
use lamplight_tests::room::Room;

use crate::samples;

const CODECS: [Codec; 2] = [Codec::Cbor, Codec::Json];

/// Every frame of one direction in one codec.
fn all_bytes(codec: Codec) -> [Vec<Vec<u8>>; 2] {
    let sent = samples::to_service();
    let told = samples::to_agent();
    [
        sent.iter().map(|frame| codec.encode(frame)).collect(),
        told.iter().map(|frame| codec.encode(frame)).collect(),
    ]
}

/// Reads bytes as a frame of either direction; what reads must be written and read as the same.
fn read_both_ways(codec: Codec, bytes: &[u8]) {
    if let Ok(frame) = codec.decode::<ToService>(bytes) {
        assert_eq!(codec.decode(&codec.encode(&frame)), Ok(frame));
    }
    if let Ok(frame) = codec.decode::<ToAgent>(bytes) {
        assert_eq!(codec.decode(&codec.encode(&frame)), Ok(frame));
    }
}

#[test]
fn no_flipped_bit_and_no_cut_makes_a_codec_panic() {
    for codec in CODECS {
        for mut bytes in all_bytes(codec).into_iter().flatten() {
            for at in 0..bytes.len() {
                assert!(
                    codec.decode::<ToService>(&bytes[..at]).is_err(),
                    "a part of a frame was taken for a frame"
                );
                read_both_ways(codec, &bytes[..at]);
                for bit in 0..8 {
                    bytes[at] ^= 1 << bit;
                    read_both_ways(codec, &bytes);
                    bytes[at] ^= 1 << bit;
                }
            }
        }
    }
}

/// Cuts, doubles, overwrites and mixes; what comes out is often almost a frame.
fn damage(chance: &mut Chance, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    for _ in 0..=chance.below(3) {
        let at = chance.below(damaged.len() as u64 + 1) as usize;
        let end = at + chance.below((damaged.len() - at) as u64 + 1) as usize;
        match chance.below(6) {
            0 => drop(damaged.drain(at..end)),
            1 => {
                let again = damaged[at..end].to_vec();
                damaged.splice(at..at, again);
            }
            2 => {
                let from = chance.below(other.len() as u64) as usize;
                damaged.splice(at..end, other[from..].iter().copied());
            }
            3 => damaged.insert(at, chance.bits() as u8),
            4 if at < damaged.len() => damaged[at] = chance.bits() as u8,
            _ => damaged.truncate(at.max(1)),
        }
        damaged.truncate(4096);
    }
    damaged
}

#[test]
fn frames_damaged_at_random_make_no_codec_panic() {
    let mut chance = Chance::new(2778);
    for codec in CODECS {
        let all: Vec<_> = all_bytes(codec).into_iter().flatten().collect();
        for _ in 0..40_000 {
            let (one, other) = (chance.pick(&all), chance.pick(&all));
            let damaged = damage(&mut chance.clone(), one, other);
            chance.bits();
            read_both_ways(codec, &damaged);
        }
    }
}

#[test]
fn damaged_frames_make_no_service_panic_and_the_others_notice_nothing() {
    let mut room = Room::new();
    room.arrive(&["alice", "bob"]);
    room.befriends("alice", "bob");
    room.signs_up("mallory");
    let mut chance = Chance::new(2779);
    for codec in CODECS {
        let [sent, told] = all_bytes(codec);
        let all: Vec<_> = sent.iter().chain(&told).cloned().collect();
        for _ in 0..300 {
            let session = room.dials(codec);
            if chance.happens(3, 4) {
                let hello = room.hello_of("mallory", "hostile", None);
                room.says(session, &hello);
            }
            for _ in 0..8 {
                let (one, other) = (chance.pick(&sent).clone(), chance.pick(&all).clone());
                let bytes = damage(&mut chance, &one, &other);
                room.says_bytes(session, &bytes);
            }
            room.hangs_up(session);
        }
    }
    room.passes(lamplight_tests::room::secs(60));
    assert_eq!(room.sees("bob", "alice"), "available");
    room.writes("alice", "bob", "still there");
    assert_eq!(
        room.reads("bob", "alice").last().map(String::as_str),
        Some("still there")
    );
}

#[test]
fn damaged_frames_make_no_agent_panic() {
    let mut room = Room::new();
    room.arrive(&["alice"]);
    let mut chance = Chance::new(2780);
    let [_, told] = all_bytes(Codec::Cbor);
    for _ in 0..3_000 {
        let (one, other) = (chance.pick(&told).clone(), chance.pick(&told).clone());
        let bytes = if chance.happens(1, 3) {
            one
        } else {
            damage(&mut chance, &one, &other)
        };
        room.hands("alice", Input::Frame(bytes));
        if chance.happens(1, 20) {
            room.passes(lamplight_tests::room::secs(5));
        }
        if room.device("alice").signed_out.is_some() {
            room.closes("alice");
            room.opens("alice", "laptop");
        }
    }
}

/// A frame of a later version: the same, with two more fields behind those of today. Fields that are left out because they
/// are empty and last have to be filled in; `fields` says how many there are today.
fn with_later_fields(cbor: &[u8], fields: u8) -> Vec<u8> {
    let mut later = cbor.to_vec();
    let left_out = fields - field_count(cbor);
    later[fields_at(cbor)] = 0x80 + fields + 2;
    later.extend(std::iter::repeat_n(0xf6, usize::from(left_out)));
    later.extend([0x63, b'n', b'e', b'w', 0xa1, 0x01, 0x81, 0x02]);
    later
}

/// Where a frame's fields begin: it is the array of its number and the array of its fields.
fn fields_at(cbor: &[u8]) -> usize {
    assert_eq!(cbor[0], 0x82, "a frame is its number and its fields");
    if cbor[1] == 0x18 { 3 } else { 2 }
}

/// How many fields a frame has.
fn field_count(cbor: &[u8]) -> u8 {
    let fields = cbor[fields_at(cbor)];
    assert!(
        (0x80..0x95).contains(&fields),
        "the fields are a short array"
    );
    fields - 0x80
}

/// Each frame's bytes with the most fields that any sample of its kind has.
fn all_with_fields() -> [Vec<(Vec<u8>, u8)>; 2] {
    all_bytes(Codec::Cbor).map(|frames| {
        let kind = |frame: &[u8]| frame[1..fields_at(frame)].to_vec();
        let most = |one: &[u8]| {
            let same = frames.iter().filter(|frame| kind(frame) == kind(one));
            same.map(|frame| field_count(frame)).max().unwrap_or(0)
        };
        frames
            .iter()
            .map(|frame| (frame.clone(), most(frame)))
            .collect()
    })
}

#[test]
fn fields_of_a_later_version_are_skipped() {
    let [sent, told] = all_with_fields();
    for (frame, (cbor, fields)) in samples::to_service().into_iter().zip(sent) {
        let later = with_later_fields(&cbor, fields);
        assert_eq!(Codec::Cbor.decode(&later).as_ref(), Ok(&frame));
        let json = with_later_member(&Codec::Json.encode(&frame));
        assert_eq!(Codec::Json.decode(&json), Ok(frame));
    }
    for (frame, (cbor, fields)) in samples::to_agent().into_iter().zip(told) {
        let later = with_later_fields(&cbor, fields);
        assert_eq!(Codec::Cbor.decode(&later).as_ref(), Ok(&frame));
        let json = with_later_member(&Codec::Json.encode(&frame));
        assert_eq!(Codec::Json.decode(&json), Ok(frame));
    }
}

fn with_later_member(json: &[u8]) -> Vec<u8> {
    let mut later = json.to_vec();
    assert_eq!(later.pop(), Some(b'}'));
    later.extend(br#","later":{"than":["now"]}}"#);
    later
}

#[test]
fn what_follows_a_frame_is_an_error() {
    for codec in CODECS {
        for frame in samples::to_service() {
            let mut bytes = codec.encode(&frame);
            bytes.extend(codec.encode(&ToService::Bye));
            assert!(codec.decode::<ToService>(&bytes).is_err());
        }
    }
}

#[test]
fn a_frame_of_a_later_version_is_refused_and_the_session_goes_on() {
    let later: [(Codec, &[u8]); 2] = [
        (Codec::Cbor, &[0x82, 0x18, 0x63, 0x81, 0x01]),
        (Codec::Json, br#"{"frame":"teleport","number":1}"#),
    ];
    for (codec, bytes) in later {
        let mut room = Room::new();
        room.signs_up("alice");
        let session = room.dials(codec);
        let hello = room.hello_of("alice", "script", None);
        room.says(session, &hello);
        room.hears(session);
        room.says_bytes(session, bytes);
        let answers = room.hears(session);
        let refused = |frame: &ToAgent| matches!(frame, ToAgent::Refused { refusal, .. } if refusal.code == Code::BadFrame);
        assert!(answers.iter().any(refused), "{answers:?}");
        let pong = room.asks_relay(session, &ToService::Ping { number: 5 });
        assert!(pong.contains(&ToAgent::Pong { number: 5 }), "{pong:?}");
    }
}

/// A frame of this number, from this session, in CBOR, whose field is of a later version.
fn refused_as_bad_frame(bytes: &[u8]) {
    let mut room = Room::new();
    room.signs_up("alice");
    let session = room.dials(Codec::Cbor);
    let hello = room.hello_of("alice", "script", None);
    room.says(session, &hello);
    room.hears(session);
    room.says_bytes(session, bytes);
    let answers = room.hears(session);
    assert!(
        matches!(&answers[..], [ToAgent::Refused { refusal, .. }] if refusal.code == Code::BadFrame),
        "{answers:?}"
    );
}

#[test]
fn a_decision_of_a_later_version_is_refused_and_not_taken_for_forgetting() {
    let forget = ToService::SetAccess {
        number: 1,
        watcher: lamplight_tests::room::presentity("bob").principal(),
        decision: None,
        of: None,
    };
    let mut bytes = Codec::Cbor.encode(&forget);
    assert_eq!(bytes[2], 0x82, "what is nothing at the end is left out");
    bytes[2] = 0x83;
    bytes.extend([0x82, 0x18, 99, 0x81, 1]);
    assert!(Codec::Cbor.decode::<ToService>(&bytes).is_err());
    refused_as_bad_frame(&bytes);
    // The same of visibility: an exception that this build does not know is not none.
    refused_as_bad_frame(&[0x82, 19, 0x83, 1, 0xf6, 0x18, 99]);
    let json = br#"{"frame":"set_access","number":1,"watcher":"bob@b","decision":"adore"}"#;
    assert!(Codec::Json.decode::<ToService>(json).is_err());
}

#[test]
fn an_entry_of_a_later_version_leaves_the_rest_of_a_conversation_readable() {
    // [10, [7, [["bob@b", [1, "bob@b", 2, [99, [1, "?"]]], 3, 1, 2, 0]], 5]]
    let conversation = [
        &[0x86, 0x65][..],
        b"bob@b",
        &[0x84, 1, 0x65],
        b"bob@b",
        &[2, 0x82, 0x18, 99, 0x82, 1, 0x61, b'?', 3, 1, 2, 0],
    ]
    .concat();
    let bytes = [&[0x82, 10, 0x83, 7, 0x81][..], &conversation, &[5]].concat();
    let frame = Codec::Cbor.decode::<ToAgent>(&bytes);
    let Ok(ToAgent::Conversations { conversations, .. }) = frame else {
        panic!("{frame:?}");
    };
    assert_eq!(conversations.len(), 1);
    assert_eq!(
        (&conversations[0].last, conversations[0].unread),
        (&None, 3)
    );
}
