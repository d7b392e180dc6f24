//! Programs written with `lamplight_client`, and a person at a terminal, against the real relay.

use std::time::Duration;

use lamplight_client::{
    Client, Code, Credentials, Error, Event, ItemState, LinkView, Options as Dial, Person, Word,
};
use lamplight_core::agent::Choice;
use lamplight_core::wire::Decision;
use lamplight_tests::outside::{Account, Options, PASSWORD, Program, Relay, Terminal, eventually};
use serde_json::json;

use crate::asking::done;

/// The bot of the README, to the letter.
#[allow(dead_code, reason = "its `main` is for people who run it")]
#[path = "../../crates/client/examples/echo.rs"]
mod echo;

/// Longer than the longest wait between two attempts to connect, which a slow machine may have come to.
const PATIENCE: Duration = Duration::from_mins(1);

fn url(relay: &Relay) -> String {
    format!("http://{}", relay.address())
}

async fn client(relay: &Relay, name: &str) -> Client {
    let options = Dial::new(url(relay), Credentials::password(name, PASSWORD)).device(name);
    Client::connect(options).await.expect("a client")
}

/// A token of an account with this scope.
async fn token(relay: &Relay, of: &Account, scope: &[&str]) -> String {
    let body = json!({ "name": "a test", "scope": scope });
    done(relay, of, "POST", "/v1/tokens", Some(body))
        .await
        .field("token")
}

async fn by_token(relay: &Relay, token: &str) -> Client {
    let options = Dial::new(url(relay), Credentials::token(token));
    Client::connect(options).await.expect("a client")
}

/// What `look` finds in the first event in which it finds something.
async fn find<T>(client: &mut Client, what: &str, look: impl Fn(&Event) -> Option<T>) -> T {
    let mut passed = Vec::new();
    let finding = async {
        while let Some(event) = client.next().await {
            if let Some(found) = look(&event) {
                return Some(found);
            }
            passed.push(event);
        }
        None
    };
    let found = tokio::time::timeout(PATIENCE, finding).await;
    found
        .ok()
        .flatten()
        .unwrap_or_else(|| panic!("{what} did not come: {passed:#?}"))
}

async fn hears(client: &mut Client, wanted: &str) {
    find(client, wanted, |event| {
        matches!(event, Event::Message { text, .. } if text == wanted).then_some(())
    })
    .await;
}

async fn reads(client: &mut Client, of: &Account, word: Word) -> Person {
    find(client, &format!("{word:?}"), |event| match event {
        Event::Presence { of: who, person } if who == of.principal.address() => {
            (person.word == word && !person.stale).then(|| person.clone())
        }
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_bot_of_thirty_lines_answers_everyone_and_is_seen() {
    let relay = Relay::start(Options::new().set("bounds.settle", "1 s")).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let scope = ["watch", "publish", "send", "read", "manage"];
    let body = json!({ "name": "parrot", "scope": scope });
    let made = done(&relay, &alice, "POST", "/v1/programs", Some(body)).await;
    let token = made.json()["token"]["token"].as_str().map(str::to_owned);
    let bot = by_token(&relay, &token.expect("a token")).await;
    assert_eq!(bot.me().as_str(), "parrot@localhost");
    let running = tokio::spawn(echo::echo(bot));

    let mut alice = client(&relay, "alice").await;
    let parrot = Account {
        principal: lamplight_core::address::Principal::parse("parrot@localhost").unwrap(),
        token: String::new(),
    };
    alice.send("parrot", "Hello?").unwrap();
    hears(&mut alice, "Hello?").await;
    alice.watch("parrot").unwrap();
    let person = reads(&mut alice, &parrot, Word::Available).await;
    let note = person.note.as_ref().map(|note| note.as_str().to_owned());
    assert_eq!(note.as_deref(), Some("I say what you say"));

    running.abort();
    reads(&mut alice, &parrot, Word::Offline).await;
}

#[tokio::test]
async fn what_came_while_a_program_did_not_run_is_told_once_when_it_does() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let bob_there = Program::up(&bob, relay.address(), "bob-desk").await;
    let mut alice_there = client(&relay, "alice").await;
    alice_there.allow("bob").unwrap();
    alice_there.send("bob", "I am going.").unwrap();
    find(&mut alice_there, "a receipt", |event| {
        let done = [ItemState::Accepted, ItemState::Delivered];
        matches!(event, Event::Sent { state, .. } if done.contains(state)).then_some(())
    })
    .await;
    alice_there.sign_out().await.unwrap();

    // Some of it comes while the next life begins.
    let texts: Vec<String> = (1..=150).map(|n| format!("message {n}")).collect();
    for text in &texts {
        bob_there.say(&alice, text);
    }
    bob_there
        .until("half of it accepted", |agent| {
            (1..=75).contains(&agent.link().waiting).then_some(())
        })
        .await;
    let mut back = client(&relay, "alice").await;
    let mut told = Vec::new();
    while told.len() < texts.len() {
        let text = find(&mut back, "the next", |event| match event {
            Event::Message { text, .. } => Some(text.clone()),
            _ => None,
        })
        .await;
        told.push(text);
    }
    assert_eq!(told, texts);
    bob_there.say(&alice, "And one more.");
    hears(&mut back, "And one more.").await;
    // Asking for what comes next says that this was read.
    let nothing = tokio::time::timeout(Duration::from_secs(1), hears(&mut back, "-")).await;
    assert!(nothing.is_err());
    back.sign_out().await.unwrap();

    let mut again = client(&relay, "alice").await;
    bob_there.say(&alice, "Still there?");
    let first = find(&mut again, "a message", |event| match event {
        Event::Message { text, .. } => Some(text.clone()),
        _ => None,
    })
    .await;
    assert_eq!(first, "Still there?");
}

#[tokio::test]
async fn a_member_speaks_from_a_program_in_the_groups_name() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    Account::sign_up(&relay, "carol").await;
    let group = json!({ "name": "support" });
    done(&relay, &alice, "POST", "/v1/groups", Some(group)).await;
    let credentials = || Credentials::password("alice", PASSWORD);
    let options = Dial::new(url(&relay), credentials()).speak_as("support");
    let mut support = Client::connect(options).await.unwrap();
    assert_eq!(support.me().as_str(), "support@localhost");
    let mut carol = client(&relay, "carol").await;
    carol.send("support", "My lamp is dark.").unwrap();
    let from = find(&mut support, "a question", |event| match event {
        Event::Message { from, .. } | Event::Held { from, .. } => Some(from.clone()),
        _ => None,
    })
    .await;
    support.send(from, "Turn it on.").unwrap();
    hears(&mut carol, "Turn it on.").await;

    let options = Dial::new(url(&relay), Credentials::password("carol", PASSWORD));
    let refused = Client::connect(options.speak_as("support")).await.map(drop);
    assert!(
        matches!(refused, Err(Error::Refused(Code::NotAllowed))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_token_that_is_ended_ends_its_programs() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let token = token(&relay, &alice, &["watch", "publish"]).await;
    let mut program = by_token(&relay, &token).await;
    find(&mut program, "a line", |event| {
        matches!(event, Event::Line(line) if line.link == LinkView::Up).then_some(())
    })
    .await;
    let tokens = done(&relay, &alice, "GET", "/v1/tokens", None).await.json();
    let path = format!("/v1/tokens/{}", tokens["tokens"][0]["id"]);
    done(&relay, &alice, "DELETE", &path, None).await;
    let code = find(&mut program, "the end", |event| match event {
        Event::SignedOut(code) => Some(*code),
        _ => None,
    })
    .await;
    assert_eq!(code, Code::SignedOut);
    assert_eq!(program.next().await, None);
}

#[tokio::test]
async fn two_talk_one_of_them_at_a_terminal() {
    let relay = Relay::start(Options::new().set("bounds.settle", "1 s")).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let bob_there = Program::up(&bob, relay.address(), "bob-desk").await;
    let mut terminal = Terminal::of(&relay, "alice");
    terminal.shows("You are alice@localhost").await;

    bob_there.sees(&alice).await;
    terminal.shows("bob asks to see you").await;
    terminal.types("/allow bob");
    bob_there.reads(&alice, Word::Available).await;
    terminal.types("/add bob");
    bob_there.lets_see(&alice).await;
    terminal.shows("bob is available").await;
    terminal.types("/status busy in a meeting");
    terminal.shows("You are busy").await;
    bob_there.reads(&alice, Word::Busy).await;
    bob_there.intend(lamplight_core::agent::Intent::SetStatus {
        choice: Choice::Away,
        note: None,
        until: None,
        of: None,
    });
    terminal.shows("bob is away").await;

    terminal.types("Tea at four?");
    terminal.shows("To whom?").await;
    terminal.types("/to bob Tea at four?");
    terminal.shows("You talk with bob (away)").await;
    terminal.shows("to bob: Tea at four? (delivered)").await;
    bob_there.say(&alice, "At five.\nOr \u{1b}[2Jsix.");
    terminal
        .shows("bob: At five.\n      Or \u{fffd}[2Jsix.")
        .await;
    terminal.types("//five it is");
    terminal.shows("to bob: /five it is (delivered)").await;
    terminal.types("/who");
    terminal.shows("◐ bob").await;
    assert_eq!(
        bob_there.texts(&alice).last().map(String::as_str),
        Some("/five it is")
    );
    terminal.types("/quit");
    assert!(terminal.ends().await.success());
    bob_there.reads(&alice, Word::Offline).await;
    assert!(!terminal.shown().contains(PASSWORD));
}

#[tokio::test]
async fn a_script_says_its_line_and_goes() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let bob_there = Program::up(&bob, relay.address(), "bob-desk").await;
    bob_there.intend(lamplight_core::agent::Intent::Decide {
        watcher: alice.principal.clone(),
        decision: Some(Decision::Allow),
        of: None,
    });
    let token = token(&relay, &alice, &["watch", "publish", "send", "read"]).await;
    let mut script = Terminal::start(&relay, &["--to", "bob"], &[("LAMPLIGHT_TOKEN", &token)]);
    script.types("The build is green.");
    script.stops_typing();
    assert!(script.ends().await.success(), "{}", script.shown());
    bob_there
        .until("the script's line", |agent| {
            let view = agent.conversation(alice.principal.address());
            (view.items.last()?.text == "The build is green.").then_some(())
        })
        .await;

    let mut nobody = Terminal::start(&relay, &["--name", "alice"], &[]);
    assert!(!nobody.ends().await.success());
    nobody.shows("LAMPLIGHT_PASSWORD").await;
    let wrong = [("LAMPLIGHT_PASSWORD", "not the right one")];
    let mut wrong = Terminal::start(&relay, &["--name", "alice"], &wrong);
    assert!(!wrong.ends().await.success());
    wrong.shows(Code::WrongCredentials.sentence()).await;
}

#[tokio::test]
async fn all_come_back_after_a_crash_of_the_relay_and_what_waited_goes_out() {
    let mut relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    Account::sign_up(&relay, "bob").await;
    let mut bob_there = client(&relay, "bob").await;
    let place = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::keeping(&relay, "alice", place.path());
    terminal.shows("You are alice@localhost").await;
    bob_there.watch("alice").unwrap();
    terminal.shows("bob asks to see you").await;
    terminal.types("/allow bob");
    reads(&mut bob_there, &alice, Word::Available).await;
    bob_there.allow("alice").unwrap();
    terminal.types("/to bob Before.");
    hears(&mut bob_there, "Before.").await;

    relay.kill();
    terminal.shows("No connection.").await;
    terminal.types("Meanwhile.");
    terminal.shows("Meanwhile. (waiting)").await;
    find(&mut bob_there, "a line that is down", |event| {
        matches!(event, Event::Line(line) if line.link != LinkView::Up).then_some(())
    })
    .await;
    bob_there.send("alice", "Are you there?").unwrap();
    relay.start_again().await;
    hears(&mut bob_there, "Meanwhile.").await;
    terminal.shows("Are you there?").await;
    eventually("alice is seen again", || {
        let row = bob_there.view(|agent| agent.row(alice.principal.address()));
        let person = row.map(|row| row.person);
        let again = |person: &Person| person.word == Word::Available && !person.stale;
        std::future::ready(person.filter(again))
    })
    .await;

    // What waits in the folder goes out in the next life.
    relay.kill();
    terminal.shows("No connection.").await;
    terminal.types("Later.");
    terminal.shows("Later. (waiting)").await;
    terminal.types("/quit");
    terminal.shows("did not go out; next time they do").await;
    terminal.ends().await;
    relay.start_again().await;
    let mut next = Terminal::keeping(&relay, "alice", place.path());
    hears(&mut bob_there, "Later.").await;
    next.shows("Later. (delivered)").await;
}

#[tokio::test]
async fn a_token_that_may_only_send_is_refused_to_watch() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let mut bob_there = client(&relay, "bob").await;
    bob_there.allow("alice").unwrap();
    let token = token(&relay, &alice, &["send"]).await;
    let mut sender = by_token(&relay, &token).await;
    assert_eq!(*sender.me(), alice.principal);
    sender.watch("bob").unwrap();
    let code = find(&mut sender, "a refusal", |event| match event {
        Event::Notice {
            about: Some(about),
            code,
        } if about == bob.principal.address() => Some(*code),
        _ => None,
    })
    .await;
    assert_eq!(code, Code::NotAllowed);
    sender.send("bob", "The door is open.").unwrap();
    hears(&mut bob_there, "The door is open.").await;

    let wrong = Dial::new(url(&relay), Credentials::token("lamp_never"));
    let refused = Client::connect(wrong).await.map(drop);
    assert!(
        matches!(refused, Err(Error::Refused(Code::NotSignedIn))),
        "{refused:?}"
    );
}
