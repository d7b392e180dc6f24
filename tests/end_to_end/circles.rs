//! Groups: who makes them, who speaks in their name, and what ends that.

use std::time::Duration;

use lamplight_core::address::{MessageId, Principal};
use lamplight_core::code::Code;
use lamplight_core::message::{Body, What};
use lamplight_core::wire::{Class, Codec, ToAgent, ToService};
use lamplight_tests::outside::http::Answer;
use lamplight_tests::outside::{Account, Line, Options, Relay};
use serde_json::{Value, json};

use crate::asking::{call, done, line, line_by, ticket};
use crate::doors::refuses;

/// Closing a line after its right to be has ended takes at most this long.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Alice, who owns the group `support`, bob, who is in it, and carol, who is not.
async fn support(relay: &Relay) -> [Account; 3] {
    let alice = Account::sign_up(relay, "alice").await;
    let bob = Account::sign_up(relay, "bob").await;
    let carol = Account::sign_up(relay, "carol").await;
    let group = json!({ "name": "Support", "members": ["bob@localhost"] });
    let made = done(relay, &alice, "POST", "/v1/groups", Some(group)).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json(), the_group());
    [alice, bob, carol]
}

fn the_group() -> Value {
    json!({
        "group": "support@localhost",
        "members": [
            { "member": "alice@localhost", "owner": true },
            { "member": "bob@localhost", "owner": false },
        ],
    })
}

async fn asks_for_ticket(relay: &Relay, who: &Account, group: &str) -> Answer {
    let body = json!({ "as": group });
    call(relay, who, "POST", "/v1/tickets", Some(body)).await
}

/// A line in the group's name.
async fn speaks(relay: &Relay, who: &Account) -> (Line, ToAgent) {
    let answer = asks_for_ticket(relay, who, "support@localhost").await;
    assert_eq!(answer.field("principal"), "support@localhost");
    assert_eq!(answer.field("by"), who.principal.as_str());
    line_by(relay, ticket(&answer.field("ticket"))).await
}

async fn is_closed(mut line: Line) {
    let end = line.end(AT_ONCE).await.expect("an end within two seconds");
    assert_eq!(
        (end.close, end.goodbye),
        (Some(4001), Some(Code::SignedOut))
    );
}

#[tokio::test]
async fn a_member_speaks_in_the_groups_name_and_nobody_else_does() {
    let relay = Relay::start(Options::new()).await;
    let [_, bob, carol] = support(&relay).await;
    let (_line, welcome) = speaks(&relay, &bob).await;
    let ToAgent::Welcome { you, class, by, .. } = welcome else {
        panic!("{welcome:?}");
    };
    assert_eq!(you, Principal::parse("support@localhost").unwrap());
    assert_eq!((class, by), (Class::Group, Some(bob.principal.clone())));

    let foreign = asks_for_ticket(&relay, &carol, "support@localhost").await;
    refuses(&foreign, 403, Code::NotAllowed);
    for none in ["nobody@localhost", "bob@localhost", "support@elsewhere", ""] {
        let answer = asks_for_ticket(&relay, &carol, none).await;
        assert_eq!(answer.status, foreign.status, "{none}");
        assert_eq!(answer.text(), foreign.text(), "{none}");
    }
}

#[tokio::test]
async fn whoever_goes_or_is_sent_away_loses_the_groups_lines_at_once() {
    let relay = Relay::start(Options::new()).await;
    let [alice, bob, carol] = support(&relay).await;
    let theirs = "/v1/groups/support/members/bob";
    let mut own = line(&relay, &bob).await;

    let (spoken, _) = speaks(&relay, &bob).await;
    refuses(
        &call(&relay, &carol, "DELETE", theirs, None).await,
        403,
        Code::NotAllowed,
    );
    done(&relay, &alice, "DELETE", theirs, None).await;
    is_closed(spoken).await;
    let late = asks_for_ticket(&relay, &bob, "support").await;
    refuses(&late, 403, Code::NotAllowed);

    done(&relay, &alice, "PUT", theirs, None).await;
    let (spoken, _) = speaks(&relay, &bob).await;
    done(&relay, &bob, "DELETE", theirs, None).await;
    is_closed(spoken).await;

    done(&relay, &alice, "PUT", theirs, None).await;
    let (spoken, _) = speaks(&relay, &bob).await;
    let (owners, _) = speaks(&relay, &alice).await;
    refuses(
        &call(&relay, &bob, "DELETE", "/v1/groups/support", None).await,
        403,
        Code::NotAllowed,
    );
    done(&relay, &alice, "DELETE", "/v1/groups/support", None).await;
    is_closed(spoken).await;
    is_closed(owners).await;

    // His own line knows nothing of it.
    own.send(&ToService::Ping { number: 1 }).await;
    own.until("a pong", |frame| matches!(frame, ToAgent::Pong { .. }))
        .await;
}

#[tokio::test]
async fn signing_out_ends_the_lines_in_the_groups_name_too() {
    let relay = Relay::start(Options::new()).await;
    let [alice, bob, _] = support(&relay).await;
    let (spoken, _) = speaks(&relay, &bob).await;
    let (others, _) = speaks(&relay, &alice).await;
    done(&relay, &bob, "DELETE", "/v1/sessions/current", None).await;
    is_closed(spoken).await;
    let mut others = others;
    others.send(&ToService::Ping { number: 1 }).await;
    others
        .until("a pong", |frame| matches!(frame, ToAgent::Pong { .. }))
        .await;
}

#[tokio::test]
async fn only_members_know_who_is_in_a_group() {
    let relay = Relay::start(Options::new()).await;
    let [alice, bob, carol] = support(&relay).await;
    let known = json!({ "groups": [the_group()] });
    for who in [&alice, &bob] {
        let groups = done(&relay, who, "GET", "/v1/groups", None).await;
        assert_eq!(groups.json(), known);
    }
    let none = done(&relay, &carol, "GET", "/v1/groups", None).await;
    assert_eq!(none.json(), json!({ "groups": [] }));
    refuses(&relay.get("/v1/groups").await, 401, Code::NotSignedIn);
    let join = "/v1/groups/support/members/carol";
    for who in [&bob, &carol] {
        let answer = call(&relay, who, "PUT", join, None).await;
        refuses(&answer, 403, Code::NotAllowed);
    }
    let owner = json!({ "owner": true });
    done(&relay, &alice, "PUT", join, Some(owner)).await;
    let groups = done(&relay, &carol, "GET", "/v1/groups", None).await.json();
    let carols = json!({ "member": "carol@localhost", "owner": true });
    let members = groups["groups"][0]["members"].as_array().cloned();
    assert!(members.unwrap_or_default().contains(&carols), "{groups}");
}

#[tokio::test]
async fn the_name_of_a_group_is_a_name_like_any_other() {
    let relay = Relay::start(Options::new()).await;
    let [alice, _, carol] = support(&relay).await;
    for (name, status, code) in [
        ("support", 409, Code::NameTaken),
        ("alice", 409, Code::NameTaken),
        ("supp0rt", 409, Code::NameLooksAlike),
        ("postmaster", 409, Code::NameTaken),
        ("two words", 400, Code::BadName),
    ] {
        let body = json!({ "name": name });
        let answer = call(&relay, &carol, "POST", "/v1/groups", Some(body)).await;
        refuses(&answer, status, code);
    }
    for member in ["nobody@localhost", "support@localhost", "alice@elsewhere"] {
        let body = json!({ "name": "sales", "members": [member] });
        let answer = call(&relay, &carol, "POST", "/v1/groups", Some(body)).await;
        refuses(&answer, 404, Code::UnknownAddress);
    }
    let guest = relay
        .call(
            &lamplight_tests::outside::http::Request::new("POST", "/v1/guests")
                .header("x-lamplight", "1")
                .json(&json!({ "token": true })),
        )
        .await;
    let guest = Account {
        principal: Principal::parse(&guest.field("principal")).unwrap(),
        token: guest.field("token"),
    };
    let body = json!({ "name": "visitors" });
    let answer = call(&relay, &guest, "POST", "/v1/groups", Some(body)).await;
    refuses(&answer, 403, Code::NotAllowed);
    // Nobody signs in as a group.
    let entered = lamplight_tests::outside::people::ask(
        &relay,
        "/v1/sessions",
        "support",
        lamplight_tests::outside::PASSWORD,
    )
    .await;
    refuses(&entered, 401, Code::WrongCredentials);
    // Once it is gone its name is free.
    done(&relay, &alice, "DELETE", "/v1/groups/support", None).await;
    Account::sign_up(&relay, "support").await;
}

#[tokio::test]
async fn a_message_to_the_group_comes_to_its_members_and_is_answered_in_its_name() {
    let relay = Relay::start(Options::new()).await;
    let [_, bob, carol] = support(&relay).await;
    let (mut group, _) = speaks(&relay, &bob).await;
    let mut customer = Line::hello(relay.address(), Codec::Cbor, &carol.token, None).await;
    let send = |id, to: &str, body: &str| ToService::Send {
        id: MessageId(id),
        to: Principal::parse(to).unwrap().inbox(),
        body: Body::parse(body).unwrap(),
        from: None,
    };
    customer.send(&send(1, "support@localhost", "Help!")).await;
    let received = |frame: &ToAgent| match frame {
        ToAgent::Deliver { entries, .. } => entries.iter().find_map(|entry| match &entry.what {
            What::Received(_, body) | What::Held(_, body) => {
                Some((entry.with.to_string(), body.as_str().to_owned()))
            }
            _ => None,
        }),
        _ => None,
    };
    let question = group.find("carol's message", received).await;
    assert_eq!(question, ("carol@localhost".to_owned(), "Help!".to_owned()));
    group.send(&send(2, "carol@localhost", "With what?")).await;
    let answer = customer.find("the group's answer", received).await;
    assert_eq!(
        answer,
        ("support@localhost".to_owned(), "With what?".to_owned())
    );
    // Who of the group wrote it is nobody's business but the group's.
    let told = format!("{:?}", customer.passed);
    assert!(!told.contains("bob@localhost"), "{told}");
}

#[tokio::test]
async fn a_group_that_is_ended_is_nobody_any_more() {
    let relay = Relay::start(Options::new()).await;
    let [alice, bob, carol] = support(&relay).await;
    let (mut group, _) = speaks(&relay, &bob).await;
    let everyone = lamplight_core::rules::Who::Anyone;
    crate::asking::decides(
        &mut group,
        everyone,
        lamplight_core::rules::Decision::Allow,
        lamplight_core::rules::Login::Nobody,
    )
    .await;
    let path = "/v1/presence/support@localhost";
    assert_eq!(call(&relay, &carol, "GET", path, None).await.status, 200);
    done(&relay, &alice, "DELETE", "/v1/groups/support", None).await;
    is_closed(group).await;
    let gone = call(&relay, &carol, "GET", path, None).await;
    refuses(&gone, 404, Code::UnknownAddress);
}
