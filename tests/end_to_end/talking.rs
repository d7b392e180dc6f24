//! Two programs see each other come and go and talk, over stops and starts of the relay.

use std::time::Duration;

use lamplight_core::agent::{Agent, Choice, Intent, Item, ItemState, LinkView};
use lamplight_core::code::Code;
use lamplight_core::person::Word;
use lamplight_core::presence::Note;
use lamplight_core::wire::{Codec, Decision};
use lamplight_tests::outside::{Account, CutProxy, Line, Options, Program, Relay};

const SOON: Duration = Duration::from_secs(15);

/// Programs of two people who see each other.
pub async fn friends(relay: &Relay) -> (Program, Program) {
    friends_over(relay, relay.address(), relay.address()).await
}

/// The same, each over an address of their own.
pub async fn friends_over(
    relay: &Relay,
    alices: std::net::SocketAddr,
    bobs: std::net::SocketAddr,
) -> (Program, Program) {
    let alice = Account::sign_up(relay, "alice").await;
    let bob = Account::sign_up(relay, "bob").await;
    let alice = Program::up(&alice, alices, "alice-desk").await;
    let bob = Program::up(&bob, bobs, "bob-desk").await;
    bob.sees(&alice.account).await;
    alice.lets_see(&bob.account).await;
    alice.sees(&bob.account).await;
    bob.lets_see(&alice.account).await;
    alice.reads(&bob.account, Word::Available).await;
    bob.reads(&alice.account, Word::Available).await;
    (alice, bob)
}

fn states(agent: &Agent, with: &Account) -> Vec<(String, ItemState)> {
    let view = agent.conversation(with.principal.address());
    let state = |item: Item| (item.text, item.state);
    view.items.into_iter().map(state).collect()
}

#[tokio::test]
async fn a_status_and_messages_with_their_marks_reach_the_other() {
    let relay = Relay::start(Options::new()).await;
    let (alice, bob) = friends(&relay).await;
    alice.intend(Intent::SetStatus {
        choice: Choice::Busy,
        note: Note::parse("in a meeting").ok(),
        until: None,
        of: None,
    });
    bob.until("busy: in a meeting", |agent| {
        let person = agent.row(alice.address())?.person;
        let note = person.note.as_ref().map(Note::as_str);
        (person.word == Word::Busy && note == Some("in a meeting")).then_some(())
    })
    .await;

    bob.say(&alice.account, "Tea at four?");
    bob.until("delivered", |agent| {
        let delivered = vec![("Tea at four?".to_owned(), ItemState::Delivered)];
        (states(agent, &alice.account) == delivered).then_some(())
    })
    .await;
    alice
        .until("one unread", |agent| (agent.unread() == 1).then_some(()))
        .await;
    alice.say(&bob.account, "At five.");
    bob.until("the answer", |agent| {
        (states(agent, &alice.account).len() == 2).then_some(())
    })
    .await;
    let both = ["Tea at four?", "At five."];
    assert_eq!(bob.texts(&alice.account), both);
    alice.intend(Intent::Open {
        with: bob.address().clone(),
    });
    alice
        .until("both", |agent| {
            (states(agent, &bob.account).len() == 2).then_some(())
        })
        .await;
    assert_eq!(alice.texts(&bob.account), both);
}

#[tokio::test]
async fn who_is_denied_is_told_and_who_is_blocked_goes_on_waiting() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let (bob, carol) = (
        Account::sign_up(&relay, "bob").await,
        Account::sign_up(&relay, "carol").await,
    );
    let alice = Program::up(&alice, relay.address(), "alice-desk").await;
    let bob = Program::up(&bob, relay.address(), "bob-desk").await;
    let carol = Program::up(&carol, relay.address(), "carol-desk").await;
    for (watcher, decision) in [(&bob, Decision::Deny), (&carol, Decision::Block)] {
        watcher.sees(&alice.account).await;
        alice.decides(&watcher.account, decision).await;
    }
    bob.reads(&alice.account, Word::NotShared).await;
    carol.say(&alice.account, "Do you read me?");
    carol
        .until("accepted", |agent| {
            let states = states(agent, &alice.account);
            (states.last()?.1 == ItemState::Accepted).then_some(())
        })
        .await;
    bob.say(&alice.account, "And me?");
    // Neither is known to alice: what one of them writes waits among the requests, of the other nothing is there.
    let held = alice
        .until("bob's message", |agent| {
            let held = agent.held();
            (!held.is_empty()).then_some(held)
        })
        .await;
    let held: Vec<_> = held
        .into_iter()
        .map(|row| (row.address, row.last))
        .collect();
    assert_eq!(held, [(bob.address().clone(), "And me?".to_owned())]);
    assert!(alice.texts(&carol.account).is_empty());
}

#[tokio::test]
async fn a_relay_that_is_stopped_says_goodbye_and_after_its_start_all_is_as_before() {
    let mut relay = Relay::start(Options::new()).await;
    let (alice, bob) = friends(&relay).await;
    bob.say(&alice.account, "before");
    alice
        .until("a message", |agent| (agent.unread() == 1).then_some(()))
        .await;
    let mut line = Line::hello(relay.address(), Codec::Json, &alice.account.token, None).await;

    let (status, took) = relay.stop().await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let end = line.end(SOON).await.expect("an end");
    assert_eq!((end.close, end.goodbye), (Some(1012), Some(Code::Draining)));
    let is_down = |agent: &Agent| (agent.link().link != LinkView::Up).then_some(());
    alice.until("the line is down", is_down).await;
    bob.until("the line is down", is_down).await;
    bob.say(&alice.account, "meanwhile");
    bob.until("it waits", |agent| {
        (agent.link().waiting == 1).then_some(())
    })
    .await;

    relay.start_again().await;
    let back = Duration::from_secs(40);
    let is_up = |agent: &Agent| (agent.link().link == LinkView::Up).then_some(());
    alice.within(back, "the line is up again", is_up).await;
    bob.within(back, "the line is up again", is_up).await;
    alice
        .until("both messages", |agent| (agent.unread() == 2).then_some(()))
        .await;
    assert_eq!(alice.texts(&bob.account), ["before", "meanwhile"]);
    alice.reads(&bob.account, Word::Available).await;
    bob.reads(&alice.account, Word::Available).await;
    // Names, passwords and sessions are there too.
    let again = Account::sign_in(&relay, "alice").await;
    assert_ne!(again.token, alice.account.token);
}

#[tokio::test]
async fn a_second_device_has_the_same_conversations_unread_and_read() {
    let relay = Relay::start(Options::new()).await;
    let (alice, bob) = friends(&relay).await;
    for text in ["one", "two", "three"] {
        bob.say(&alice.account, text);
    }
    alice
        .until("three unread", |agent| (agent.unread() == 3).then_some(()))
        .await;
    let phone = Account::sign_in(&relay, "alice").await;
    let phone = Program::up(&phone, relay.address(), "alice-phone").await;
    phone
        .until("three unread", |agent| (agent.unread() == 3).then_some(()))
        .await;
    phone.intend(Intent::Open {
        with: bob.address().clone(),
    });
    phone
        .until("three messages", |agent| {
            (states(agent, &bob.account).len() == 3).then_some(())
        })
        .await;
    assert_eq!(phone.texts(&bob.account), ["one", "two", "three"]);
    phone.intend(Intent::Seen {
        with: bob.address().clone(),
    });
    alice
        .until("read there, read here", |agent| {
            (agent.unread() == 0).then_some(())
        })
        .await;
    phone.say(&bob.account, "from the phone");
    alice.intend(Intent::Open {
        with: bob.address().clone(),
    });
    alice
        .until("the copy", |agent| {
            let states = states(agent, &bob.account);
            (states.last()?.0 == "from the phone").then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_short_break_of_the_line_is_seen_by_nobody() {
    let relay = Relay::start(Options::new()).await;
    let proxy = CutProxy::before(relay.address()).await;
    let (alice, bob) = friends_over(&relay, proxy.address(), relay.address()).await;
    let lines = alice.lines();
    let words = bob.watches(&alice.account);
    proxy.reset();
    alice
        .until("a new line", |agent| {
            (alice.lines() > lines && agent.link().link == LinkView::Up).then_some(())
        })
        .await;
    bob.say(&alice.account, "still there?");
    alice
        .until("a message", |agent| (agent.unread() == 1).then_some(()))
        .await;
    let seen = words.seen();
    assert!(seen.iter().all(|word| *word == Word::Available), "{seen:?}");
}
