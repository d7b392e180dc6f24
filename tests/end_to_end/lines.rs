//! What a line takes, what it refuses and how it then ends: each with a stable code, a number and a sentence.

use std::time::Duration;

use lamplight_core::address::{Address, MessageId, Presentity, Token};
use lamplight_core::code::{Code, Retry};
use lamplight_core::message::{Body, Receipt};
use lamplight_core::presence::{Basic, PresenceTuple, Status, TupleKind};
use lamplight_core::private::Private;
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Codec, Contact, Credentials, Standing, ToAgent, ToService, VERSION};
use lamplight_tests::outside::line::{End, hello};
use lamplight_tests::outside::{Account, Line, Options, Relay};
use tokio_tungstenite::tungstenite::Message;

const SOON: Duration = Duration::from_secs(10);

async fn ended(line: &mut Line) -> End {
    line.end(SOON).await.expect("the relay ends the line")
}

fn end(close: u16, goodbye: Code) -> End {
    End {
        close: Some(close),
        goodbye: Some(goodbye),
    }
}

fn token(account: &Account) -> Credentials {
    Credentials::Token(Private(account.token.clone()))
}

#[tokio::test]
async fn a_line_begins_with_a_hello_in_the_right_version() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    for codec in [Codec::Cbor, Codec::Json] {
        let mut early = Line::open(relay.address(), codec).await;
        early.send(&ToService::Ping { number: 1 }).await;
        assert_eq!(ended(&mut early).await, end(4003, Code::HelloFirst));

        let mut newer = Line::open(relay.address(), codec).await;
        newer.send(&hello(VERSION + 1, token(&alice), None)).await;
        assert_eq!(ended(&mut newer).await, end(4002, Code::WrongVersion));

        let mut wrong = Line::open(relay.address(), codec).await;
        let credentials = Credentials::Token(Private("lamp_wrong".into()));
        wrong.send(&hello(VERSION, credentials, None)).await;
        assert_eq!(ended(&mut wrong).await, end(4001, Code::NotSignedIn));
    }
    let other = Line::knock(relay.address(), Some("lamplight.v2.cbor"), &[]).await;
    let error = other.err().expect("a subprotocol that is not ours");
    assert!(error.to_string().contains("400"), "{error}");
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let relay = Relay::start(Options::quick()).await;
    let mut silent = Line::open(relay.address(), Codec::Cbor).await;
    let end = ended(&mut silent).await;
    assert_eq!(end.close, Some(4003), "{end:?}");
}

#[tokio::test]
async fn what_is_no_frame_is_refused_and_the_line_goes_on() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    // An unknown kind, a wrong type, deep nesting, bytes without sense.
    let cbor: [&[u8]; 4] = [
        b"\x82\x18\x63\x80",
        b"\x82\x0d\x81\x61x",
        &[0x81; 5_000],
        b"\xff\xfe",
    ];
    let json: [&[u8]; 4] = [
        br#"{"frame": "teleport"}"#,
        br#"{"frame": "ping", "number": "one"}"#,
        &b"[".repeat(50_000),
        b"hello?",
    ];
    for (codec, samples) in [(Codec::Cbor, cbor), (Codec::Json, json)] {
        let mut line = Line::hello(relay.address(), codec, &alice.token, None).await;
        for sample in samples {
            line.send_bytes(sample.to_vec()).await;
            let refused = |frame: &ToAgent| match frame {
                ToAgent::Refused { refusal, .. } => Some(refusal.clone()),
                _ => None,
            };
            let refusal = line.find("a refusal", refused).await;
            assert_eq!(refusal, Code::BadFrame.refusal());
        }
        line.send(&ToService::Ping { number: 7 }).await;
        line.until("a pong", |frame| *frame == ToAgent::Pong { number: 7 })
            .await;
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_and_a_frame_that_is_ends_the_line() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut line = Line::hello(relay.address(), Codec::Json, &alice.token, None).await;
    let send = |length: usize| {
        let body = "x".repeat(length);
        let id = "0193f0c2a1b47d3e8f5a6b7c8d9e0f10";
        format!(r#"{{"frame": "send", "id": "{id}", "to": "alice@localhost", "body": "{body}"}}"#)
    };
    line.send_bytes(send(16 * 1024 + 1).into_bytes()).await;
    let refused = line
        .find("a refusal", |frame| match frame {
            ToAgent::Refused { refusal, .. } => Some(refusal.clone()),
            ToAgent::Receipt {
                receipt: Receipt::Refused(refusal),
                ..
            } => Some(refusal.clone()),
            _ => None,
        })
        .await;
    assert_eq!(refused, Code::TooLarge.refusal());
    line.send_bytes(send(16 * 1024).into_bytes()).await;
    line.until("a receipt", |frame| {
        matches!(
            frame,
            ToAgent::Receipt {
                receipt: Receipt::Accepted(..),
                ..
            }
        )
    })
    .await;

    line.send_bytes(send(64 * 1024).into_bytes()).await;
    assert_eq!(ended(&mut line).await, end(1009, Code::TooLarge));

    let mut pieces = Line::hello(relay.address(), Codec::Cbor, &alice.token, None).await;
    pieces
        .send_message(Message::Binary(vec![0; 1 << 20].into()))
        .await;
    assert_eq!(ended(&mut pieces).await, end(1009, Code::TooLarge));
}

#[tokio::test]
async fn an_address_of_nobody_is_told_by_every_frame_that_names_it() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut line = Line::hello(relay.address(), Codec::Cbor, &alice.token, None).await;
    let nobody = Presentity::parse("nobody@localhost").expect("an address");
    let contacts = vec![Contact {
        presentity: nobody.clone(),
        petname: None,
        group: None,
    }];
    line.send(&ToService::Subscribe {
        number: 3,
        standing: Standing::Contact,
        contacts,
    })
    .await;
    let refused = ToAgent::Refused {
        number: Some(3),
        refusal: Code::UnknownAddress.refusal(),
    };
    line.until("a refusal", |frame| *frame == refused).await;
    let id = MessageId(77);
    line.send(&message(id, "nobody@localhost", "hello?")).await;
    let receipt = ToAgent::Receipt {
        id,
        receipt: Receipt::Refused(Code::UnknownAddress.refusal()),
    };
    line.until("a refused receipt", |frame| *frame == receipt)
        .await;
}

fn message(id: MessageId, to: &str, body: &str) -> ToService {
    ToService::Send {
        id,
        to: Address::parse(to).expect("an address").into(),
        body: Body::parse(body).expect("a body"),
        from: None,
    }
}

#[tokio::test]
async fn too_many_messages_are_refused_with_a_wait_and_go_through_after_it() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut line = Line::hello(relay.address(), Codec::Cbor, &alice.token, None).await;
    let mut accepted = 0;
    let mut wait = None;
    for n in 0..30 {
        let id = MessageId(1_000 + n);
        line.send(&message(id, "alice@localhost", "again")).await;
        let receipt = line
            .find("a receipt", |frame| match frame {
                ToAgent::Receipt {
                    id: known, receipt, ..
                } if *known == id => Some(receipt.clone()),
                _ => None,
            })
            .await;
        match receipt {
            Receipt::Accepted(..) => accepted += 1,
            Receipt::Refused(refusal) => {
                assert_eq!(refusal.code, Code::TooManyRequests);
                wait = Some((id, refusal.retry));
                break;
            }
        }
    }
    let (id, Retry::AfterMs(ms)) = wait.expect("a limit") else {
        panic!("no wait is named: {wait:?}")
    };
    assert!((20..30).contains(&accepted), "{accepted}");
    // The relay named the time: that is what is tried.
    tokio::time::sleep(Duration::from_millis(ms + 50)).await;
    line.send(&message(id, "alice@localhost", "again")).await;
    line.until("a receipt", |frame| {
        matches!(frame, ToAgent::Receipt { id: known, receipt: Receipt::Accepted(..) } if *known == id)
    })
    .await;
}

#[tokio::test]
async fn too_many_changes_of_presence_are_refused() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut line = Line::hello(relay.address(), Codec::Cbor, &alice.token, None).await;
    let tuple = |n: u64| PresenceTuple {
        id: Token::parse("test").expect("a token"),
        kind: TupleKind::Device,
        status: Status {
            basic: [Basic::Open, Basic::Closed][n as usize % 2],
            ..Status::open()
        },
        address: None,
        markup: Vec::new(),
        since: Timestamp(n),
        until: None,
        hours: vec![],
        only_open: false,
    };
    for n in 0..40 {
        line.send(&ToService::Publish {
            tuple: tuple(n),
            of: None,
        })
        .await;
    }
    let retry = line
        .find("a refusal", |frame| match frame {
            ToAgent::Refused { number, refusal } => {
                assert_eq!((*number, refusal.code), (None, Code::TooManyRequests));
                Some(refusal.retry)
            }
            _ => None,
        })
        .await;
    assert!(matches!(retry, Retry::AfterMs(ms) if ms > 0), "{retry:?}");
}

#[tokio::test]
async fn who_is_in_too_many_places_is_told_and_the_others_go_on() {
    let relay = Relay::start(Options::new().set("limits.sessions", "2")).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut lines = Vec::new();
    for _ in 0..2 {
        lines.push(Line::hello(relay.address(), Codec::Cbor, &alice.token, None).await);
    }
    let mut third = Line::open(relay.address(), Codec::Cbor).await;
    third.send(&hello(VERSION, token(&alice), None)).await;
    assert_eq!(ended(&mut third).await, end(4029, Code::TooManySessions));
    lines[0].send(&ToService::Ping { number: 1 }).await;
    lines[0]
        .until("a pong", |frame| *frame == ToAgent::Pong { number: 1 })
        .await;
}

#[tokio::test]
async fn who_says_bye_is_closed_in_order() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut line = Line::hello(relay.address(), Codec::Json, &alice.token, None).await;
    line.send(&ToService::Bye).await;
    let end = ended(&mut line).await;
    assert_eq!(end.goodbye, None, "nothing was wrong");
    assert!(end.close.is_some(), "{end:?}");
}
