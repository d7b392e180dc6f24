//! What lasts, in other hands: backups made while people talk, folders made of them, what takes how much room, and everything of
//! one person.

use std::time::Duration;

use lamplight_core::address::Seq;
use lamplight_core::agent::Intent;
use lamplight_core::code::Code;
use lamplight_core::wire::{Codec, Cursor, Resume, ToAgent};
use lamplight_tests::outside::people::{PASSWORD, ask};
use lamplight_tests::outside::relay::keep_private;
use lamplight_tests::outside::{Account, Line, Options, Program, Relay, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::asking::{call, done};
use crate::doors::refuses;
use crate::hosting::host;

fn without_rates() -> Options {
    Options::quick()
        .set("limits.sends", "100000 then 1 per 1 ms")
        .set("limits.frames", "100000 then 1 per 1 ms")
}

/// The texts that an export says somebody received, in order.
fn received(export: &Value) -> Vec<String> {
    let messages = export["messages"].as_array().expect("a list").iter();
    let received = messages.filter(|one| one["kind"] == "received");
    received
        .map(|one| one["text"].as_str().expect("a text").to_owned())
        .collect()
}

fn exported(folder: &std::path::Path, who: &str) -> Value {
    let text = host(folder, &["account", "export", who, "-"]).expect("an export");
    serde_json::from_str(&text).expect("JSON")
}

/// Everything of a conversation, read page by page as somebody does who scrolls up.
async fn reads_all(of: &Program, with: &Account, count: usize) -> Vec<String> {
    let address = with.principal.address().clone();
    of.intend(Intent::Open {
        with: address.clone(),
    });
    loop {
        let before = of.texts(with).len();
        if before >= count {
            // What must not come has time to.
            tokio::time::sleep(Duration::from_millis(200)).await;
            return of.texts(with);
        }
        of.intend(Intent::LoadOlder {
            with: address.clone(),
        });
        of.until("more of the conversation", |agent| {
            let items = agent.conversation(&address).items;
            (items.len() > before).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_backup_under_load_restores_to_what_it_held_and_agents_begin_anew() {
    let mut relay = Relay::start(without_rates()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let at_alices = Program::up(&alice, relay.address(), "desk").await;
    let at_bobs = Program::up(&bob, relay.address(), "desk").await;
    at_bobs.sees(&alice).await;
    at_alices.lets_see(&bob).await;
    at_alices.sees(&bob).await;
    at_bobs.lets_see(&alice).await;
    for n in 0..600 {
        at_alices.say(&bob, &format!("message {n}"));
    }
    let copies = TempDir::new().expect("a folder");
    let file = copies.path().join("copy.sqlite");
    let path = file.to_str().expect("a path");
    let address = alice.principal.address().clone();
    let has = |count: u64| {
        let address = address.clone();
        move |agent: &lamplight_core::agent::Agent| {
            let row = agent.row(&address)?;
            (u64::from(row.unread) >= count).then_some(())
        }
    };
    at_bobs.until("some of them", has(20)).await;
    // While the rest is on its way.
    let said = host(relay.folder(), &["backup", path]).expect("a backup");
    assert!(said.contains("Every page was read and is sound"), "{said}");
    at_bobs.until("all of them", has(600)).await;
    let kept = at_bobs.kept();
    relay.kill();
    drop((at_alices, at_bobs));

    let folder = TempDir::new().expect("a folder");
    keep_private(folder.path());
    let said = host(folder.path(), &["restore", path]).expect("a folder");
    assert!(said.contains("2 accounts"), "{said}");
    let export = exported(folder.path(), "bob");
    let held = received(&export);
    assert!(
        (20..600).contains(&held.len()),
        "in the midst of it: {}",
        held.len()
    );
    let expected: Vec<String> = (0..held.len()).map(|n| format!("message {n}")).collect();
    assert_eq!(held, expected, "one moment, without holes");

    let second = Relay::start_in(without_rates(), folder).await;
    let at_bobs = Program::start_with(&bob, second.address(), "desk", kept);
    at_bobs.is_up().await;
    assert_eq!(reads_all(&at_bobs, &alice, held.len()).await, held);
    let at_alices = Program::up(&alice, second.address(), "desk").await;
    at_alices.say(&bob, "and on it goes");
    at_bobs
        .until("a new one", |agent| {
            let items = agent.conversation(&address).items;
            (items.last()?.text == "and on it goes").then_some(())
        })
        .await;
    let all: Vec<String> = held
        .into_iter()
        .chain(["and on it goes".to_owned()])
        .collect();
    assert_eq!(at_bobs.texts(&alice), all);
}

#[tokio::test]
async fn a_restored_folder_has_another_epoch_and_may_sign_everybody_out() {
    let mut relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let epoch_of = |welcome: ToAgent| match welcome {
        ToAgent::Welcome { head, resume, .. } => (head.epoch, resume),
        other => panic!("no welcome: {other:?}"),
    };
    let enter = async |relay: &Relay, cursor: Option<Cursor>| {
        let entered = Line::try_hello(relay.address(), Codec::Json, &alice.token, cursor).await;
        entered.map(|(_, welcome)| epoch_of(welcome))
    };
    let (epoch, _) = enter(&relay, None).await.expect("a welcome");
    let copies = TempDir::new().expect("a folder");
    let file = copies.path().join("copy.sqlite");
    let path = file.to_str().expect("a path");
    host(relay.folder(), &["backup", path]).expect("a backup");

    // Nothing is overwritten: neither a backup nor data, running or not.
    let again = host(relay.folder(), &["backup", path]).expect_err("it is there");
    assert!(again.contains("not overwritten"), "{again}");
    let over = host(relay.folder(), &["restore", path]).expect_err("it is there");
    assert!(over.contains("not overwritten"), "{over}");
    assert!(enter(&relay, None).await.is_some());
    relay.stop().await;

    for (sign_out, comes_in) in [(false, true), (true, false)] {
        let folder = TempDir::new().expect("a folder");
        keep_private(folder.path());
        let words: &[&str] = match sign_out {
            true => &["restore", path, "--sign-out"],
            false => &["restore", path],
        };
        host(folder.path(), words).expect("a folder");
        let restored = Relay::start_in(Options::new(), folder).await;
        let seq = Seq(0);
        let entered = enter(&restored, Some(Cursor { epoch, seq })).await;
        assert_eq!(entered.is_some(), comes_in);
        if let Some((other, resume)) = entered {
            assert_ne!(other, epoch);
            assert_eq!(resume, Resume::ResetEpoch);
        }
        Account::sign_in(&restored, "alice").await;
    }
}

#[tokio::test]
async fn what_is_no_sound_backup_is_not_restored() {
    let relay = Relay::start(Options::new()).await;
    Account::sign_up(&relay, "alice").await;
    let copies = TempDir::new().expect("a folder");
    let at = |name: &str| copies.path().join(name);
    let path = |name: &str| at(name).to_str().expect("a path").to_owned();
    host(relay.folder(), &["backup", &path("good")]).expect("a backup");
    let good = std::fs::read(at("good")).expect("a file");
    let damage = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        std::fs::write(at(name), bytes).expect("a file");
    };
    damage("torn", &|bytes| bytes.truncate(bytes.len() / 2));
    damage("flipped", &|bytes| {
        let from = bytes.len() / 3;
        bytes[from..from + 4096].fill(0xa5);
    });
    damage("empty", &|bytes| bytes.clear());
    std::fs::write(
        at("text"),
        "no database at all, but long enough to be taken for one",
    )
    .expect("a file");
    damage("newer", &|bytes| {
        // The version that the database says of itself (SQLite's file format, 1.3.15).
        bytes[60..64].copy_from_slice(&4_711_u32.to_be_bytes());
    });
    for (name, why) in [
        ("torn", "no sound backup"),
        ("flipped", "no sound backup"),
        ("empty", "no sound backup"),
        ("text", "no sound backup"),
        ("newer", "newer Lamplight (schema 4711"),
        ("nothing", "No such file"),
    ] {
        let folder = TempDir::new().expect("a folder");
        let said = host(folder.path(), &["restore", &path(name)]).expect_err(name);
        assert!(said.contains(why), "{name}: {said}");
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0, "{name} leaves nothing behind");
    }
    let nowhere = TempDir::new().expect("a folder");
    let said = host(nowhere.path(), &["backup", &path("none")]).expect_err("there is no data");
    assert!(said.contains("no data of a relay"), "{said}");
}

#[tokio::test]
async fn sizes_say_what_takes_the_room() {
    let relay = Relay::start(Options::new()).await;
    for name in ["alice", "bob", "carol"] {
        Account::sign_up(&relay, name).await;
    }
    let said = host(relay.folder(), &["data", "sizes"]).expect("sizes");
    let row = |name: &str| {
        let row = said.lines().find(|row| row.starts_with(name));
        row.unwrap_or_else(|| panic!("no {name} in {said}"))
            .to_owned()
    };
    assert_eq!(row("principals").split_whitespace().nth(1), Some("3"));
    assert_eq!(row("logins").split_whitespace().nth(1), Some("3"));
    for other in [
        "entries",
        "ledger",
        "sent",
        "audit",
        "the file",
        "write-ahead log",
    ] {
        row(other);
    }
    let figures = relay.get("/metrics").await.text();
    for name in ["database_bytes", "write_ahead_log_bytes"] {
        let head = format!("lamplight_{name} ");
        let line = figures.lines().find_map(|line| line.strip_prefix(&head));
        let bytes: u64 = line.and_then(|bytes| bytes.parse().ok()).expect(name);
        assert!(bytes >= 4096, "{name} {bytes}");
    }
}

#[tokio::test]
async fn a_person_has_everything_that_is_kept_of_them_and_leaves_with_it() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let at_alices = Program::up(&alice, relay.address(), "desk").await;
    let at_bobs = Program::up(&bob, relay.address(), "desk").await;
    at_bobs.sees(&alice).await;
    at_alices.lets_see(&bob).await;
    at_bobs.say(&alice, "from bob");
    at_alices.say(&bob, "from alice");
    let address = bob.principal.address().clone();
    at_alices
        .until("both", |agent| {
            (agent.conversation(&address).items.len() == 2).then_some(())
        })
        .await;
    // It is kept once it has come.
    let hers = alice.principal.address().clone();
    at_bobs
        .until("hers", |agent| {
            let items = agent.conversation(&hers).items;
            items
                .iter()
                .any(|item| item.text == "from alice")
                .then_some(())
        })
        .await;
    let answer = done(&relay, &alice, "GET", "/v1/account/export", None).await;
    assert!(
        answer
            .header("content-disposition")
            .is_some_and(|how| how.starts_with("attachment"))
    );
    let own = answer.json();
    let texts: Vec<(&str, &str)> = own["messages"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| Some((one["kind"].as_str()?, one["text"].as_str()?)))
        .collect();
    assert!(texts.contains(&("sent", "from alice")), "{own}");
    assert!(
        texts
            .iter()
            .any(|(kind, text)| *text == "from bob" && *kind != "sent"),
        "{own}"
    );
    assert_eq!(own["decisions"][0]["watcher"], "bob@localhost");
    assert_eq!(own["sessions"].as_array().map(Vec::len), Some(1));
    // Neither a secret nor a hash of one.
    for secret in [alice.token.as_str(), "argon2", PASSWORD] {
        assert!(!answer.text().contains(secret), "{secret}");
    }
    assert_eq!(
        exported(relay.folder(), "alice")["messages"],
        own["messages"]
    );
    assert_eq!(
        exported(relay.folder(), "bob")["contacts"][0]["address"],
        "alice@localhost"
    );

    let leave = |password: &str| Some(json!({ "password": password }));
    let wrong = call(
        &relay,
        &alice,
        "DELETE",
        "/v1/account",
        leave("not her password"),
    )
    .await;
    refuses(&wrong, 401, Code::WrongCredentials);
    done(&relay, &alice, "DELETE", "/v1/account", leave(PASSWORD)).await;
    at_alices
        .until("she is out", |_| at_alices.signed_out().map(drop))
        .await;
    refuses(
        &ask(&relay, "/v1/sessions", "alice", PASSWORD).await,
        401,
        Code::WrongCredentials,
    );
    assert!(host(relay.folder(), &["account", "show", "alice"]).is_err());
    assert!(at_bobs.texts(&alice).contains(&"from alice".to_owned()));
    let audit = host(relay.folder(), &["audit"]).expect("a log");
    assert!(audit.contains("left the relay"), "{audit}");
}

async fn hears(who: &Program, from: &Account, text: &str) {
    let address = from.principal.address().clone();
    who.until(text, |agent| {
        let items = agent.conversation(&address).items;
        items.iter().any(|item| item.text == text).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_too_old_goes_beside_a_running_relay_and_what_comes_after_stays() {
    let relay = Relay::start(without_rates()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let at_alices = Program::up(&alice, relay.address(), "desk").await;
    let at_bobs = Program::up(&bob, relay.address(), "desk").await;
    at_bobs.sees(&alice).await;
    at_alices.lets_see(&bob).await;
    at_bobs.say(&alice, "hello");
    hears(&at_alices, &bob, "hello").await;
    at_alices.say(&bob, "of long ago");
    hears(&at_bobs, &alice, "of long ago").await;
    let tidy = |age: &str| {
        let text = format!("[retention]\nmessages = \"{age}\"\n");
        std::fs::write(relay.folder().join("lamplight.toml"), text).expect("a file");
        host(relay.folder(), &["data", "tidy"]).expect("it is tidy")
    };
    let said = tidy("730 d");
    assert!(
        said.starts_with("0 copies of messages are gone, and 0 rows"),
        "{said}"
    );
    let said = tidy("1 ms");
    assert!(
        said.starts_with("4 copies of messages are gone, and 0 rows"),
        "{said}"
    );
    assert!(
        host(relay.folder(), &["audit"])
            .expect("a log")
            .contains("tidied")
    );

    // The same people go on: nothing is sent twice, and new places follow the old ones.
    at_alices.say(&bob, "of today");
    hears(&at_bobs, &alice, "of today").await;
    for who in ["alice", "bob"] {
        let export = exported(relay.folder(), who);
        let messages = export["messages"].as_array().expect("a list");
        assert_eq!(messages.len(), 1, "{who}: {export}");
        assert_eq!(messages[0]["text"], "of today");
        assert!(messages[0]["seq"].as_u64() > Some(2), "{who}: {export}");
    }
    let anew = Program::up(&bob, relay.address(), "anew").await;
    assert_eq!(reads_all(&anew, &alice, 1).await, ["of today"]);
}

#[tokio::test]
async fn the_relay_forgets_by_itself_what_is_too_old_and_says_how_much() {
    let mut relay = Relay::start(without_rates().set("retention.messages", "1 ms")).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let at_alices = Program::up(&alice, relay.address(), "desk").await;
    let at_bobs = Program::up(&bob, relay.address(), "desk").await;
    at_bobs.sees(&alice).await;
    at_alices.lets_see(&bob).await;
    at_bobs.say(&alice, "of long ago");
    hears(&at_alices, &bob, "of long ago").await;
    assert_eq!(
        exported(relay.folder(), "bob")["messages"][0]["text"],
        "of long ago"
    );
    drop((at_alices, at_bobs));
    relay.stop().await;
    relay.start_again().await;
    eventually("the relay to forget it", || async {
        let gone = relay.metric("lamplight_messages_forgotten_total").await;
        (gone == Some(2.0)).then_some(())
    })
    .await;
    assert_eq!(exported(relay.folder(), "bob")["messages"], json!([]));
}
