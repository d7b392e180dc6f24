//! What a client may send and what not, frame by frame; and that it does not matter how the bytes are cut.

use super::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const LAST: u8 = 0x80;

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, 0, payload);
    out[0] = first;
    let head = out.len() - payload.len();
    out[1] |= 0x80;
    let mut masked = payload.to_vec();
    unmask(&mut masked, MASK);
    out.truncate(head);
    out.extend(MASK);
    out.extend(masked);
    out
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Message(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

/// What is heard when the bytes come in pieces of this length, and how it ends.
fn heard(bytes: &[u8], piece: usize) -> (Vec<Said>, Result<(), Fault>, Reader) {
    let (mut reader, mut said) = (Reader::default(), Vec::new());
    for part in bytes.chunks(piece) {
        let read = reader.read(&mut part.to_vec(), |what| {
            said.push(match what {
                Heard::Message(message) => Said::Message(message.to_vec()),
                Heard::Ping(payload) => Said::Ping(payload.to_vec()),
                Heard::Pong => Said::Pong,
                Heard::Close(number) => Said::Close(number),
            });
        });
        if read.is_err() {
            return (said, read, reader);
        }
    }
    (said, Ok(()), reader)
}

fn whole(bytes: &[u8]) -> (Vec<Said>, Result<(), Fault>) {
    let (said, end, _) = heard(bytes, bytes.len().max(1));
    (said, end)
}

fn fault(bytes: &[u8]) -> Option<Fault> {
    whole(bytes).1.err()
}

#[test]
fn messages_of_every_length_are_read_and_nothing_is_held_afterwards() {
    for length in [0, 1, 7, 8, 9, 125, 126, 127, 65_535, FRAME_MAX] {
        let payload: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let bytes = frame(LAST | opcode::BINARY, &payload);
        let (said, end, reader) = heard(&bytes, bytes.len());
        assert_eq!(end, Ok(()));
        assert_eq!(said, [Said::Message(payload)]);
        assert!(reader.is_idle(), "{length}");
    }
}

#[test]
fn it_does_not_matter_how_bytes_are_cut() {
    let mut bytes = frame(LAST | opcode::TEXT, "fünf".as_bytes());
    bytes.extend(frame(opcode::TEXT, &"zwölf".as_bytes()[..3]));
    bytes.extend(frame(LAST | opcode::PING, b"are you there"));
    bytes.extend(frame(opcode::CONTINUATION, &[]));
    bytes.extend(frame(LAST | opcode::CONTINUATION, &"zwölf".as_bytes()[3..]));
    bytes.extend(frame(LAST | opcode::BINARY, &[9; 300]));
    bytes.extend(frame(LAST | opcode::PONG, b"yes"));
    bytes.extend(frame(LAST | opcode::CLOSE, &[0x03, 0xe8, b'b', b'y', b'e']));
    bytes.extend(b"what is behind a close is not read");
    let expected = [
        Said::Message("fünf".into()),
        Said::Ping(b"are you there".to_vec()),
        Said::Message("zwölf".into()),
        Said::Message(vec![9; 300]),
        Said::Pong,
        Said::Close(Some(1000)),
    ];
    for piece in 1..bytes.len() {
        let end = bytes.len() - 34;
        let (said, end, _) = heard(&bytes[..end], piece);
        assert_eq!(end, Ok(()));
        assert_eq!(said, expected, "in pieces of {piece}");
    }
    assert_eq!(whole(&bytes), (expected.to_vec(), Ok(())));
}

#[test]
fn what_a_client_must_not_send_is_a_fault() {
    let protocol = Some(Fault::Protocol);
    // Without a mask.
    assert_eq!(fault(&[LAST | opcode::TEXT, 1, b'a']), protocol);
    for reserved in [0x40, 0x20, 0x10] {
        assert_eq!(
            fault(&frame(LAST | reserved | opcode::TEXT, b"a")),
            protocol
        );
    }
    for unknown in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(fault(&frame(LAST | unknown, b"a")), protocol, "{unknown}");
    }
    // A control frame in fragments, and one that is too long.
    assert_eq!(fault(&frame(opcode::PING, b"a")), protocol);
    assert_eq!(fault(&frame(LAST | opcode::PING, &[0; 126])), protocol);
    // A fragment of nothing, and a message within a message.
    assert_eq!(fault(&frame(LAST | opcode::CONTINUATION, b"a")), protocol);
    let mut within = frame(opcode::TEXT, b"a");
    within.extend(frame(LAST | opcode::BINARY, b"b"));
    assert_eq!(fault(&within), protocol);
}

#[test]
fn a_close_has_a_number_that_may_be_sent_and_a_reason_in_letters() {
    let close = |payload: &[u8]| whole(&frame(LAST | opcode::CLOSE, payload));
    assert_eq!(close(&[]), (vec![Said::Close(None)], Ok(())));
    assert_eq!(
        close(&4_000_u16.to_be_bytes()),
        (vec![Said::Close(Some(4_000))], Ok(()))
    );
    assert_eq!(close(&[3]).1, Err(Fault::Protocol));
    for number in [0_u16, 999, 1_004, 1_005, 1_006, 1_015, 2_999, 5_000] {
        let end = close(&number.to_be_bytes()).1;
        assert_eq!(end, Err(Fault::Protocol), "{number}");
    }
    assert_eq!(close(&[0x03, 0xe8, 0xff]).1, Err(Fault::NotText));
}

#[test]
fn a_text_is_utf_8_as_a_whole() {
    let broken = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80";
    assert_eq!(
        fault(&frame(LAST | opcode::TEXT, broken)),
        Some(Fault::NotText)
    );
    // Bytes may be anything.
    assert_eq!(fault(&frame(LAST | opcode::BINARY, broken)), None);
    let mut bytes = frame(opcode::TEXT, b"\xe1");
    bytes.extend(frame(LAST | opcode::CONTINUATION, b"a"));
    assert_eq!(fault(&bytes), Some(Fault::NotText));
}

#[test]
fn what_is_too_large_is_refused_by_its_head() {
    let mut head = frame(LAST | opcode::BINARY, &vec![0; FRAME_MAX + 1]);
    head.truncate(10);
    assert_eq!(fault(&head), Some(Fault::TooLarge));
    head[2..10].copy_from_slice(&u64::MAX.to_be_bytes());
    assert_eq!(fault(&head), Some(Fault::TooLarge));
    // In fragments too.
    let mut bytes = frame(opcode::BINARY, &vec![0; FRAME_MAX - 1]);
    bytes.extend(frame(LAST | opcode::CONTINUATION, &[0; 2]));
    assert_eq!(fault(&bytes), Some(Fault::TooLarge));
}

/// Whatever comes, it is read to the same end in one piece and in small ones, and nothing panics.
#[test]
fn damaged_bytes_are_read_to_the_same_end_however_they_are_cut() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..3_000 {
        let mut bytes = Vec::new();
        for _ in 0..random() % 5 {
            let opcode = [0, 1, 2, 9, 10, 8][(random() % 6) as usize];
            let last = if random() % 3 == 0 { 0 } else { LAST };
            let payload: Vec<u8> = (0..random() % 140)
                .map(|_| b'a' + (random() % 26) as u8)
                .collect();
            bytes.extend(frame(last | opcode, &payload));
        }
        for _ in 0..random() % 3 {
            if !bytes.is_empty() {
                let at = (random() % bytes.len() as u64) as usize;
                bytes[at] = random() as u8;
            }
        }
        let (said, end) = whole(&bytes);
        for piece in [1, 2, 3, 7, 64] {
            let (same, likewise, _) = heard(&bytes, piece);
            let closed = said.iter().any(|what| matches!(what, Said::Close(_)));
            if closed {
                // Nobody reads on behind a close; here the rest was handed in all the same.
                assert!(same.starts_with(&said));
            } else {
                assert_eq!((&same, likewise), (&said, end), "{bytes:?}");
            }
        }
    }
}

#[test]
fn what_is_written_has_the_heads_of_the_standard() {
    let written = |put: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        put(&mut out);
        out
    };
    assert_eq!(
        written(&|out| put_message(out, Kind::Text, b"Hello")),
        [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]
    );
    assert_eq!(
        &written(&|out| put_message(out, Kind::Binary, &[1; 256]))[..4],
        [0x82, 0x7e, 0x01, 0x00]
    );
    assert_eq!(
        &written(&|out| put_message(out, Kind::Binary, &vec![1; 65_536]))[..10],
        [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]
    );
    assert_eq!(written(&put_ping), [0x89, 0]);
    assert_eq!(written(&|out| put_pong(out, b"x")), [0x8a, 1, b'x']);
    assert_eq!(
        written(&|out| put_close(out, 1000, "ok")),
        [0x88, 4, 0x03, 0xe8, b'o', b'k']
    );
    assert_eq!(
        written(&|out| put_close(out, 1000, &"x".repeat(200)))[1],
        125
    );
}
