//! Presence over HTTP: who may ask, in which form it is told, how long an answer holds, and what nobody learns from it.

use lamplight_core::address::Token;
use lamplight_core::code::Code;
use lamplight_core::presence::{Activity, Note, PresenceTuple, Status, TupleKind, by_hand};
use lamplight_core::rules::{Decision, Login, Who};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Codec, Standing, ToAgent, ToService};
use lamplight_tests::outside::http::{Answer, Request};
use lamplight_tests::outside::{Account, Line, Options, PASSWORD, Relay};
use serde_json::{Value, json};

use crate::asking::{call, carried_out, decides, done, line};
use crate::doors::refuses;

/// Somebody who is there and whom everyone may see.
async fn public(relay: &Relay, name: &str) -> (Account, Line) {
    let account = Account::sign_up(relay, name).await;
    let mut line = line(relay, &account).await;
    decides(&mut line, Who::Anyone, Decision::Allow, Login::Nobody).await;
    publish(&mut line, tuple("desk", TupleKind::Device)).await;
    (account, line)
}

fn tuple(id: &str, kind: TupleKind) -> PresenceTuple {
    PresenceTuple {
        id: Token::parse(id).unwrap(),
        kind,
        status: Status::open(),
        address: None,
        markup: Vec::new(),
        since: Timestamp(1_795_400_000_000),
        until: None,
        hours: Vec::new(),
        only_open: false,
    }
}

/// Publishes and waits until one's own view shows it.
async fn publish(line: &mut Line, tuple: PresenceTuple) {
    let id = tuple.id.clone();
    line.send(&ToService::Publish { tuple, of: None }).await;
    line.until("what was published", |frame| match frame {
        ToAgent::Notify { notifications } => format!("{notifications:?}").contains(id.as_str()),
        _ => false,
    })
    .await;
}

async fn get(relay: &Relay, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers
        .iter()
        .fold(Request::get(path), |request, (name, value)| {
            request.header(name, value)
        });
    relay.call(&request).await
}

/// An answer without what differs from one second to the next.
fn plain(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date");
    (answer.status, headers.cloned().collect(), answer.text())
}

#[tokio::test]
async fn nobody_in_particular_learns_from_a_refusal_whether_there_is_someone() {
    let relay = Relay::start(Options::new()).await;
    Account::sign_up(&relay, "quiet").await;
    let denies = Account::sign_up(&relay, "denies").await;
    let mut denying = line(&relay, &denies).await;
    decides(&mut denying, Who::Anyone, Decision::Deny, Login::Nobody).await;
    let asks = Account::sign_up(&relay, "asks").await;
    let mut asking = line(&relay, &asks).await;
    decides(&mut asking, Who::Anyone, Decision::Ask, Login::Nobody).await;
    let wants = Account::sign_up(&relay, "wants").await;
    let mut wanting = line(&relay, &wants).await;
    decides(&mut wanting, Who::Anyone, Decision::Allow, Login::Account).await;
    for end in ["", ".json", ".pidf"] {
        let unknown = get(&relay, &format!("/v1/presence/nobody@localhost{end}"), &[]).await;
        refuses(&unknown, 403, Code::NotAllowed);
        for name in ["quiet", "denies", "asks", "wants", "quiet+tag", "admin"] {
            let path = format!("/v1/presence/{name}@localhost{end}");
            let answer = get(&relay, &path, &[]).await;
            assert_eq!(plain(&answer), plain(&unknown), "{name}");
        }
        let elsewhere = get(&relay, &format!("/v1/presence/quiet@elsewhere{end}"), &[]).await;
        assert_eq!(plain(&elsewhere), plain(&unknown));
    }
    let several = "/v1/presence?of=quiet@localhost&of=nobody@localhost";
    let answer = get(&relay, several, &[]).await.json();
    for (place, name) in ["quiet", "nobody"].iter().enumerate() {
        let expected = json!({
            "presentity": format!("{name}@localhost"),
            "state": "ended",
            "code": "not_allowed",
            "person": { "word": "not_shared" },
        });
        assert_eq!(answer[place], expected);
    }
}

#[tokio::test]
async fn whoever_comes_too_often_waits_whether_there_is_someone_or_not() {
    let relay = Relay::start(Options::new()).await;
    let (_, _line) = public(&relay, "alice").await;
    Account::sign_up(&relay, "quiet").await;
    let mut patience = Vec::new();
    for name in ["alice", "quiet", "nobody"] {
        let path = format!("/v1/presence/{name}@localhost");
        let mut answered = 0;
        let late = loop {
            let answer = get(&relay, &path, &[]).await;
            if answer.status == 429 {
                break answer;
            }
            answered += 1;
            assert!(answered < 50, "{name} may be asked for without an end");
        };
        refuses(&late, 429, Code::TooManyRequests);
        let wait = late
            .header("retry-after")
            .and_then(|it| it.parse::<u64>().ok());
        assert!(wait.is_some_and(|wait| wait > 0), "{name}: {wait:?}");
        patience.push(answered);
    }
    assert_eq!(patience, [patience[0]; 3]);
    assert!(relay.metric("lamplight_looks_total").await > Some(3.0));
}

#[tokio::test]
async fn what_is_shown_says_a_word_for_people_and_the_tuples_for_programs() {
    let relay = Relay::start(Options::new()).await;
    let (_, mut line) = public(&relay, "alice").await;
    let mut by_hand_tuple = tuple("x", TupleKind::Person);
    by_hand_tuple.id = by_hand();
    by_hand_tuple.status.activities = vec![Activity::Busy];
    by_hand_tuple.status.note = Note::parse("R&D <now>").ok();
    publish(&mut line, by_hand_tuple).await;
    let answer = get(&relay, "/v1/presence/alice@localhost", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("max-age=10"));
    let json = answer.json();
    assert_eq!(json["presentity"], "alice@localhost");
    assert_eq!(
        (&json["state"], &json["freshness"]),
        (&json!("shown"), &json!("fresh"))
    );
    assert_eq!(json["person"]["word"], "busy");
    assert_eq!(json["person"]["note"], "R&D <now>");
    let ids: Vec<&str> = json["tuples"]
        .as_array()
        .expect("tuples")
        .iter()
        .filter_map(|tuple| tuple["id"].as_str())
        .collect();
    assert!(
        ids.contains(&"inbox") && ids.contains(&"by-hand"),
        "{ids:?}"
    );
    for path in [
        "/v1/presence/alice%40localhost",
        "/v1/presence/pres:alice@localhost.json",
    ] {
        assert_eq!(get(&relay, path, &[]).await.text(), answer.text(), "{path}");
    }
}

#[tokio::test]
async fn the_ietfs_format_is_xml_with_the_status_of_each_means() {
    let relay = Relay::start(Options::new()).await;
    let (_, mut line) = public(&relay, "alice").await;
    let mut by_hand_tuple = tuple("x", TupleKind::Person);
    by_hand_tuple.id = by_hand();
    by_hand_tuple.status.activities = vec![Activity::Away];
    by_hand_tuple.status.note = Note::parse("</note> & \"more\"").ok();
    publish(&mut line, by_hand_tuple).await;
    let accepts = [("accept", "application/pidf+xml")];
    let answer = get(&relay, "/v1/presence/alice@localhost", &accepts).await;
    assert_eq!(answer.header("content-type"), Some("application/pidf+xml"));
    let by_suffix = get(&relay, "/v1/presence/alice@localhost.pidf", &[]).await;
    assert_eq!(by_suffix.text(), answer.text());
    let presence = xml::read(&answer.text());
    assert_eq!(presence.name, "presence");
    assert_eq!(presence.attribute("xmlns"), "urn:ietf:params:xml:ns:pidf");
    assert_eq!(presence.attribute("entity"), "pres:alice@localhost");
    let inbox = presence
        .children("tuple")
        .find(|tuple| tuple.attribute("id") == "t-inbox")
        .expect("the inbox");
    assert_eq!(inbox.child("status").child("basic").text, "open");
    assert_eq!(inbox.child("contact").text, "im:alice@localhost");
    assert_eq!(presence.child("note").text, "</note> & \"more\"");
    let activities = presence.child("dm:person").child("rpid:activities");
    assert_eq!(activities.children[0].name, "rpid:away");

    let mut closed = tuple("inbox", TupleKind::Service);
    closed.status.basic = lamplight_core::presence::Basic::Closed;
    closed.address = Some(lamplight_core::presence::CommunicationAddress {
        means: Token::parse("im").unwrap(),
        contact: "alice@localhost".into(),
    });
    publish(&mut line, closed).await;
    let answer = get(&relay, "/v1/presence/alice@localhost", &accepts).await;
    let presence = xml::read(&answer.text());
    let inbox = presence
        .children("tuple")
        .find(|tuple| tuple.attribute("id") == "t-inbox")
        .expect("the inbox");
    assert_eq!(inbox.child("status").child("basic").text, "closed");
}

/// An answer about someone, without the name and with every digit the same.
fn of_whom_ever(answer: &Answer, name: &str) -> (u16, String) {
    let text = answer.text().replace(name, "someone");
    let calm = |sign: char| if sign.is_ascii_digit() { '0' } else { sign };
    (answer.status, text.chars().map(calm).collect())
}

/// What bob is answered about these, in both formats; signed in and not.
async fn found(relay: &Relay, bob: &Account, name: &str) -> Vec<(u16, String)> {
    let mut found = Vec::new();
    for end in ["", ".pidf"] {
        let path = format!("/v1/presence/{name}@localhost{end}");
        let signed_in = relay.call(&Request::get(&path).bearer(&bob.token)).await;
        for answer in [signed_in, get(relay, &path, &[]).await] {
            found.push(of_whom_ever(&answer, name));
        }
    }
    found
}

#[tokio::test]
async fn who_left_and_who_blocks_are_answered_alike_also_after_a_restart() {
    let mut relay = Relay::start(Options::new()).await;
    let bob = Account::sign_up(&relay, "bob").await;
    let about_bob = |decision| ToService::SetAccess {
        number: 5,
        watcher: bob.principal.clone(),
        decision: Some(decision),
        of: None,
    };
    let phone = |contact: &str| {
        let mut phone = tuple("phone", TupleKind::Service);
        phone.address = Some(lamplight_core::presence::CommunicationAddress {
            means: Token::parse("tel").unwrap(),
            contact: contact.into(),
        });
        phone
    };
    let mut lines = Vec::new();
    let mut accounts = Vec::new();
    for name in ["gone", "cross"] {
        let account = Account::sign_up(&relay, name).await;
        let mut line = line(&relay, &account).await;
        carried_out(&mut line, &about_bob(Decision::Allow)).await;
        publish(&mut line, tuple("desk", TupleKind::Device)).await;
        publish(&mut line, phone("+1 202 555 0100")).await;
        lines.push(line);
        accounts.push(account);
    }
    let present = found(&relay, &bob, "cross").await;
    assert_eq!(present, found(&relay, &bob, "gone").await);
    assert!(present[0].1.contains("desk"), "{present:?}");

    lines[0].send(&ToService::Bye).await;
    carried_out(&mut lines[1], &about_bob(Decision::Block)).await;
    publish(&mut lines[1], phone("canary")).await;
    // A message that waits for the disk behind it says that what comes before is there.
    carried_out(&mut lines[1], &about_bob(Decision::Block)).await;
    let gone = found(&relay, &bob, "gone").await;
    assert_eq!(gone, found(&relay, &bob, "cross").await);
    assert!(
        gone[0].1.contains("tel") && !gone[0].1.contains("desk"),
        "{gone:?}"
    );

    relay.kill();
    relay.start_again().await;
    let mut again = line(&relay, &accounts[1]).await;
    publish(&mut again, tuple("desk", TupleKind::Device)).await;
    let gone = found(&relay, &bob, "gone").await;
    assert_eq!(gone, found(&relay, &bob, "cross").await);
    assert!(
        gone[0].1.contains("tel") && !gone[0].1.contains("desk"),
        "{gone:?}"
    );
}

#[tokio::test]
async fn what_a_watcher_gets_is_told_to_whose_it_is_and_is_what_they_get() {
    let relay = Relay::start(Options::new()).await;
    let bob = Account::sign_up(&relay, "bob").await;
    let alice = Account::sign_up(&relay, "alice").await;
    let mut line = line(&relay, &alice).await;
    publish(&mut line, tuple("desk", TupleKind::Device)).await;
    let seen_by_bob = |by: &Account| {
        let bearer = format!("Bearer {}", by.token);
        let path = "/v1/presence/alice@localhost?as=bob@localhost";
        let relay = &relay;
        async move { get(relay, path, &[("authorization", &bearer)]).await }
    };
    for decision in [Decision::Allow, Decision::Availability, Decision::Block] {
        let decide = ToService::SetAccess {
            number: 5,
            watcher: bob.principal.clone(),
            decision: Some(decision.clone()),
            of: None,
        };
        carried_out(&mut line, &decide).await;
        let preview = seen_by_bob(&alice).await;
        assert_eq!(preview.status, 200, "{decision:?}");
        let mut preview: serde_json::Value = serde_json::from_slice(&preview.body).unwrap();
        let cbor = preview.as_object_mut().unwrap().remove("cbor").unwrap();
        assert!(cbor.as_str().is_some_and(|text| text.len() > 4), "{cbor}");
        let bearer = format!("Bearer {}", bob.token);
        let path = "/v1/presence/alice@localhost";
        let got = get(&relay, path, &[("authorization", &bearer)]).await;
        let got: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
        assert_eq!(preview, got, "{decision:?}");
    }
    for (by, code) in [(&bob, "not_allowed")] {
        let refused = seen_by_bob(by).await;
        let text = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(refused.status == 403 && text.contains(code), "{text}");
    }
    let nobody = get(&relay, "/v1/presence/alice@localhost?as=bob@localhost", &[]).await;
    assert_eq!(nobody.status, 403);
    let bearer = format!("Bearer {}", alice.token);
    let path = "/v1/presence/alice@localhost?as=@";
    let nonsense = get(&relay, path, &[("authorization", &bearer)]).await;
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn an_answer_that_still_holds_is_not_sent_again() {
    let relay = Relay::start(Options::new()).await;
    let (alice, mut line) = public(&relay, "alice").await;
    let path = "/v1/presence/alice@localhost";
    let first = get(&relay, path, &[]).await;
    let tag = first.header("etag").expect("a tag").to_owned();
    let again = get(&relay, path, &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    assert_eq!(again.header("cache-control"), Some("max-age=10"));
    let mut busy = tuple("x", TupleKind::Person);
    busy.id = by_hand();
    busy.status.activities = vec![Activity::Busy];
    publish(&mut line, busy).await;
    let changed = get(&relay, path, &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    let bearer = format!("Bearer {}", alice.token);
    let own = get(&relay, path, &[("authorization", &bearer)]).await;
    assert_eq!(own.header("cache-control"), Some("private, no-cache"));
    let vary = own.header("vary").unwrap_or_default().to_owned();
    assert!(
        vary.contains("authorization") && vary.contains("cookie"),
        "{vary}"
    );
}

#[tokio::test]
async fn who_has_signed_in_is_told_more() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let path = "/v1/presence/alice@localhost";
    let pending = done(&relay, &bob, "GET", path, None).await.json();
    assert_eq!(
        pending,
        json!({ "presentity": "alice@localhost", "state": "pending", "person": { "word": "not_shared" } })
    );
    let unknown = call(&relay, &bob, "GET", "/v1/presence/nobody@localhost", None).await;
    refuses(&unknown, 404, Code::UnknownAddress);
    let mut alices = line(&relay, &alice).await;
    let bobs = Who::Address(bob.principal.address().clone());
    decides(&mut alices, bobs.clone(), Decision::Allow, Login::Nobody).await;
    publish(&mut alices, tuple("desk", TupleKind::Device)).await;
    let shown = done(&relay, &bob, "GET", path, None).await.json();
    assert_eq!(shown["person"]["word"], "available");
    decides(&mut alices, bobs, Decision::Deny, Login::Nobody).await;
    let denied = call(&relay, &bob, "GET", path, None).await;
    refuses(&denied, 403, Code::NotAllowed);

    let several = "/v1/presence?of=alice@localhost&of=nobody@localhost&of=bob@localhost";
    let several = done(&relay, &bob, "GET", several, None).await.json();
    let codes: Vec<&Value> = several
        .as_array()
        .expect("an array")
        .iter()
        .map(|it| &it["code"])
        .collect();
    assert_eq!(
        codes,
        [
            &json!("not_allowed"),
            &json!("unknown_address"),
            &Value::Null
        ]
    );

    // What is brought must be good.
    let wrong = get(&relay, path, &[("authorization", "Bearer lamp_never")]).await;
    refuses(&wrong, 401, Code::NotSignedIn);
    let scope = json!({ "name": "sender", "scope": ["send"] });
    let made = done(&relay, &bob, "POST", "/v1/tokens", Some(scope)).await;
    let bearer = format!("Bearer {}", made.field("token"));
    let blind = get(&relay, path, &[("authorization", &bearer)]).await;
    refuses(&blind, 403, Code::NotAllowed);
    let scope = json!({ "name": "watcher", "scope": ["watch"] });
    let made = done(&relay, &bob, "POST", "/v1/tokens", Some(scope)).await;
    let bearer = format!("Bearer {}", made.field("token"));
    let own = get(
        &relay,
        "/v1/presence/bob@localhost",
        &[("authorization", &bearer)],
    )
    .await;
    assert_eq!(own.json()["state"], "shown");
}

#[tokio::test]
async fn a_page_asks_by_its_cookie() {
    let relay = Relay::start(Options::new()).await;
    let body = json!({ "name": "alice", "password": PASSWORD });
    let entered = Request::page_post(&relay.origin(), "/v1/accounts", &body);
    let cookie = relay.call(&entered).await.cookie().expect("a cookie");
    let own = get(
        &relay,
        "/v1/presence/alice@localhost",
        &[("cookie", &cookie)],
    )
    .await;
    assert_eq!(own.json()["state"], "shown", "{}", own.text());
    assert_eq!(own.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused() {
    let relay = Relay::start(Options::new()).await;
    for (path, status, code) in [
        ("/v1/presence/alice", 400, Code::BadAddress),
        ("/v1/presence/%ff@localhost", 400, Code::BadAddress),
        ("/v1/presence?of=alice", 400, Code::BadAddress),
        ("/v1/presence?of=%zz", 400, Code::BadFrame),
        ("/v1/presence", 400, Code::BadFrame),
    ] {
        refuses(&get(&relay, path, &[]).await, status, code);
    }
    let many: Vec<String> = (0..101).map(|one| format!("of=a{one}@localhost")).collect();
    let many = get(&relay, &format!("/v1/presence?{}", many.join("&")), &[]).await;
    refuses(&many, 413, Code::TooLarge);
}

#[tokio::test]
async fn a_relay_without_presence_says_so_and_one_without_messages_too() {
    let relay = Relay::start(Options::new().set("presence", "false")).await;
    let facts = relay.get("/v1/relay").await.json();
    assert_eq!(
        (&facts["presence"], &facts["messages"]),
        (&json!(false), &json!(true))
    );
    let answer = relay.get("/v1/presence/alice@localhost").await;
    refuses(&answer, 501, Code::NoPresence);
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let refused = |frame: &ToAgent| match frame {
        ToAgent::Refused { refusal, .. } => Some(refusal.code),
        ToAgent::Receipt {
            receipt: lamplight_core::message::Receipt::Refused(refusal),
            ..
        } => Some(refusal.code),
        _ => None,
    };
    let watch = ToService::Subscribe {
        number: 1,
        standing: Standing::Session,
        contacts: vec![lamplight_core::wire::Contact {
            presentity: bob.principal.presentity(),
            petname: None,
            group: None,
        }],
    };
    let send = ToService::Send {
        id: lamplight_core::address::MessageId(1),
        to: bob.principal.inbox(),
        body: lamplight_core::message::Body::parse("Tea?").unwrap(),
        from: None,
    };
    let mut quiet = line(&relay, &alice).await;
    quiet.send(&watch).await;
    assert_eq!(quiet.find("a refusal", refused).await, Code::NoPresence);

    let relay = Relay::start(Options::new().set("messages", "false")).await;
    let facts = relay.get("/v1/relay").await.json();
    assert_eq!(
        (&facts["presence"], &facts["messages"]),
        (&json!(true), &json!(false))
    );
    let alice = Account::sign_up(&relay, "alice").await;
    Account::sign_up(&relay, "bob").await;
    let mut mute = line(&relay, &alice).await;
    mute.send(&send).await;
    assert_eq!(mute.find("a refusal", refused).await, Code::NoMessages);
    carried_out(&mut mute, &watch).await;
}

/// Ways to come in, from the least sure upwards; the first is not to come in at all.
const WAYS: [&str; 4] = ["nobody", "guest", "program", "account"];

/// The secrets of a guest, of a program and of an account.
async fn ways_in(relay: &Relay) -> [String; 3] {
    let guest = Request::new("POST", "/v1/guests")
        .header("x-lamplight", "1")
        .json(&json!({ "token": true }));
    let guest = relay.call(&guest).await.field("token");
    let account = Account::sign_up(relay, "bob").await;
    let scope = json!({ "name": "one", "scope": ["watch", "publish"] });
    let token = done(relay, &account, "POST", "/v1/tokens", Some(scope)).await;
    [guest, token.field("token"), account.token]
}

#[tokio::test]
async fn a_relay_says_how_one_must_have_come_in_to_watch() {
    for (least, required) in WAYS.iter().enumerate() {
        let relay = Relay::start(Options::new().set("require_watch", required)).await;
        let facts = relay.get("/v1/relay").await.json();
        assert_eq!(facts["require_watch"], *required);
        let (_, _line) = public(&relay, "alice").await;
        let path = "/v1/presence/alice@localhost";
        let mut answers = vec![get(&relay, path, &[]).await];
        for secret in ways_in(&relay).await {
            answers.push(relay.call(&Request::get(path).bearer(&secret)).await);
        }
        for (way, answer) in answers.iter().enumerate() {
            if way >= least {
                assert_eq!(answer.status, 200, "{} of {required}", WAYS[way]);
            } else if way == 0 {
                refuses(answer, 403, Code::NotAllowed);
            } else {
                refuses(answer, 403, Code::SignInAgain);
            }
        }
    }
}

#[tokio::test]
async fn a_relay_says_how_one_must_have_come_in_to_publish() {
    for (least, required) in WAYS.iter().enumerate() {
        let relay = Relay::start(Options::new().set("require_publish", required)).await;
        for (way, secret) in ways_in(&relay).await.iter().enumerate() {
            let mut line = Line::hello(relay.address(), Codec::Json, secret, None).await;
            let tuple = tuple("desk", TupleKind::Device);
            line.send(&ToService::Publish { tuple, of: None }).await;
            let refused = line
                .find("an answer", |frame| match frame {
                    ToAgent::Refused { refusal, .. } => Some(Some(refusal.code)),
                    ToAgent::Notify { notifications } => {
                        let shows = format!("{notifications:?}").contains("desk");
                        shows.then_some(None)
                    }
                    _ => None,
                })
                .await;
            // The first way is not to come in at all.
            let expected = (way + 1 < least).then_some(Code::SignInAgain);
            assert_eq!(refused, expected, "{} of {required}", WAYS[way + 1]);
        }
    }
}

/// Reads XML as far as these documents use it; anything that is not well formed fails.
mod xml {
    /// One element.
    #[derive(Debug)]
    pub struct Element {
        pub name: String,
        attributes: Vec<(String, String)>,
        pub children: Vec<Element>,
        pub text: String,
    }

    impl Element {
        pub fn attribute(&self, name: &str) -> &str {
            let found = self.attributes.iter().find(|(known, _)| known == name);
            found.map_or_else(|| panic!("no {name} in {self:?}"), |(_, value)| value)
        }

        pub fn children(&self, name: &str) -> impl Iterator<Item = &Self> {
            self.children.iter().filter(move |child| child.name == name)
        }

        pub fn child(&self, name: &str) -> &Self {
            let found = self.children(name).next();
            found.unwrap_or_else(|| panic!("no {name} in {self:?}"))
        }
    }

    pub fn read(document: &str) -> Element {
        let mut rest = document
            .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
            .expect("a declaration");
        let root = element(&mut rest);
        assert_eq!(rest.trim(), "", "behind the root");
        root
    }

    fn element(rest: &mut &str) -> Element {
        let (tag, after) = rest
            .strip_prefix('<')
            .and_then(|it| it.split_once('>'))
            .expect("a tag");
        *rest = after;
        let (tag, is_empty) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut element = Element {
            name: name.into(),
            attributes: Vec::new(),
            children: Vec::new(),
            text: String::new(),
        };
        while !attributes.trim().is_empty() {
            let (name, after) = attributes.trim().split_once("=\"").expect("a value");
            let (value, after) = after.split_once('"').expect("the end of a value");
            element.attributes.push((name.into(), plain(value)));
            attributes = after;
        }
        if is_empty {
            return element;
        }
        loop {
            let next = rest.find('<').expect("an end");
            element.text.push_str(&plain(&rest[..next]));
            *rest = &rest[next..];
            if let Some(after) = rest.strip_prefix("</") {
                let (end, after) = after.split_once('>').expect("an end");
                assert_eq!(end, element.name);
                *rest = after;
                return element;
            }
            element.children.push(self::element(rest));
        }
    }

    fn plain(text: &str) -> String {
        let mut parts = text.split('&');
        let mut plain = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, after) = part.split_once(';').expect("the end of a reference");
            plain.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => panic!("&{name};"),
            });
            plain.push_str(after);
        }
        assert!(!plain.contains("]]>"));
        plain
    }
}
