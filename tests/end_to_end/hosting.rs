//! What whoever runs the relay does at the command line, also while it runs: the first admin, invitations, accounts that are
//! suspended, reset and removed, sessions, and the log of all that.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lamplight_core::address::Principal;
use lamplight_core::agent::RowKind;
use lamplight_core::code::Code;
use lamplight_core::person::Word;
use lamplight_tests::outside::http::{Answer, Request};
use lamplight_tests::outside::people::{PASSWORD, ask};
use lamplight_tests::outside::program::Program;
use lamplight_tests::outside::relay::program;
use lamplight_tests::outside::{Account, Options, Relay, eventually};
use serde_json::{Value, json};

use crate::asking::{call, done, line, line_by, token, turned_away};
use crate::doors::refuses;

/// What is bound to be noticed by then (DESIGN.md, part 5).
const NOTICED: Duration = Duration::from_secs(2);

/// What `lamplight` said beside a relay with this folder, and whether it did what it was told.
pub fn host(folder: &Path, words: &[&str]) -> Result<String, String> {
    let output = Command::new(program())
        .args(words)
        .arg("--data")
        .arg(folder)
        .current_dir(folder)
        .output()
        .expect("lamplight starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}

/// The secret of the last link in a text.
pub fn secret_in(text: &str) -> Option<String> {
    let (_, rest) = text.rsplit_once("/#invite=")?;
    Some(rest.split_whitespace().next()?.to_owned())
}

async fn post(relay: &Relay, path: &str, body: Value) -> Answer {
    let request = Request::page_post(&relay.origin(), path, &body);
    relay.call(&request).await
}

/// Signs up by a link.
async fn comes_by(relay: &Relay, secret: &str, name: &str) -> Answer {
    let body = json!({ "name": name, "password": PASSWORD, "token": true, "invitation": secret });
    post(relay, "/v1/accounts", body).await
}

fn account(answer: &Answer) -> Account {
    assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    Account {
        principal: Principal::parse(&answer.field("principal")).expect("a principal"),
        token: answer.field("token"),
    }
}

fn by_invitation() -> Options {
    Options::new().set("accounts.sign_up", "invitation")
}

#[tokio::test]
async fn the_first_start_prints_a_link_that_makes_the_first_admin_once() {
    let mut relay = Relay::start(Options::new().set("accounts.sign_up", "closed")).await;
    // It stands behind the line that says that the relay is ready.
    let first = eventually("a link", || async { secret_in(&relay.log()) }).await;
    // A restart before it was used makes another.
    relay.stop().await;
    relay.start_again().await;
    let other = |secret: &String| *secret != first;
    let second = eventually("another link", || async {
        secret_in(&relay.log()).filter(other)
    })
    .await;
    refuses(
        &comes_by(&relay, &first, "alice").await,
        404,
        Code::InvitationOver,
    );
    let looked = post(
        &relay,
        "/v1/invitations/look",
        json!({ "invitation": second }),
    )
    .await;
    assert_eq!(
        (looked.json()["opens"].as_str(), &looked.json()["of"]),
        (Some("admin"), &Value::Null)
    );
    let alice = account(&comes_by(&relay, &second, "alice").await);
    let session = done(&relay, &alice, "GET", "/v1/session", None).await;
    assert_eq!(session.json()["admin"], true);
    refuses(
        &comes_by(&relay, &second, "mallory").await,
        404,
        Code::InvitationOver,
    );
    // Then there is one, and no further start makes another.
    relay.stop().await;
    relay.start_again().await;
    assert_eq!(secret_in(&relay.log()), Some(second));
    assert_eq!(relay.log().matches("/#invite=").count(), 2);
    let audit = host(relay.folder(), &["audit"]).expect("a log");
    assert!(
        audit.contains("alice@localhost") && audit.contains("became an admin"),
        "{audit}"
    );
}

#[tokio::test]
async fn an_invitation_makes_an_account_and_two_contacts_in_one_go() {
    let relay = Relay::start(by_invitation()).await;
    refuses(
        &ask(&relay, "/v1/accounts", "mallory", PASSWORD).await,
        403,
        Code::RegistrationClosed,
    );
    let first = eventually("a link", || async { secret_in(&relay.log()) }).await;
    let alice = account(&comes_by(&relay, &first, "alice").await);
    let at_alices = Program::up(&alice, relay.address(), "desk").await;
    let body = json!({ "note": "for bob", "uses": 2 });
    let made = done(&relay, &alice, "POST", "/v1/invitations", Some(body)).await;
    let secret = made.field("invitation");
    let looked = post(
        &relay,
        "/v1/invitations/look",
        json!({ "invitation": secret }),
    )
    .await;
    assert_eq!(looked.field("of"), "alice@localhost");
    // A name that is taken uses nothing up.
    refuses(
        &comes_by(&relay, &secret, "alice").await,
        409,
        Code::NameTaken,
    );
    let bob = account(&comes_by(&relay, &secret, "bob").await);
    // Alice did nothing: he is in her list, and both see each other.
    let is_contact = |of: &Account| {
        let address = of.principal.address().clone();
        move |agent: &lamplight_core::agent::Agent| {
            let row = agent.row(&address)?;
            (row.kind == RowKind::Contact).then_some(())
        }
    };
    at_alices
        .until("bob among the contacts", is_contact(&bob))
        .await;
    let at_bobs = Program::up(&bob, relay.address(), "desk").await;
    at_bobs
        .until("alice among the contacts", is_contact(&alice))
        .await;
    at_alices.reads(&bob, Word::Available).await;
    at_bobs.reads(&alice, Word::Available).await;
    // Nor is what he writes held among the strangers'.
    at_bobs.say(&alice, "Here I am.");
    at_alices
        .until("his message", |agent| {
            let view = agent.conversation(bob.principal.address());
            (view.items.last()?.text == "Here I am.").then_some(())
        })
        .await;
    assert!(at_alices.read(|agent| agent.requests().is_empty()));

    account(&comes_by(&relay, &secret, "carol").await);
    refuses(
        &comes_by(&relay, &secret, "dave").await,
        404,
        Code::InvitationOver,
    );
    let listed = done(&relay, &alice, "GET", "/v1/invitations", None).await;
    let one = &listed.json()["invitations"][0];
    assert_eq!(
        (&one["used"], &one["remaining"], &one["note"]),
        (&json!(2), &json!(0), &json!("for bob"))
    );
    assert!(!listed.text().contains(&secret));
    assert!(!relay.log().contains(&secret));
    let kept = std::fs::read(relay.folder().join("lamplight.sqlite")).expect("a database");
    assert!(
        !kept
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    );
}

#[tokio::test]
async fn a_link_that_is_revoked_over_or_of_somebody_suspended_lets_nobody_in() {
    let relay = Relay::start(by_invitation()).await;
    let first = eventually("a link", || async { secret_in(&relay.log()) }).await;
    let alice = account(&comes_by(&relay, &first, "alice").await);
    let cli = |words: &[&str]| host(relay.folder(), words);
    let made = done(&relay, &alice, "POST", "/v1/invitations", Some(json!({}))).await;
    let (secret, id) = (made.field("invitation"), made.json()["id"].clone());

    // Others neither see nor revoke it.
    let bob = secret_in(&cli(&["invite", "new"]).expect("a link")).expect("its secret");
    let bob = account(&comes_by(&relay, &bob, "bob").await);
    let of_bob = done(&relay, &bob, "GET", "/v1/invitations", None).await;
    assert_eq!(of_bob.json()["invitations"], json!([]));
    let path = format!("/v1/invitations/{id}");
    refuses(
        &call(&relay, &bob, "DELETE", &path, None).await,
        404,
        Code::NotFound,
    );
    done(&relay, &alice, "DELETE", &path, None).await;
    refuses(
        &comes_by(&relay, &secret, "carol").await,
        404,
        Code::InvitationOver,
    );

    let said = cli(&[
        "invite",
        "new",
        "--from",
        "alice",
        "--uses",
        "3",
        "--note",
        "all of us",
    ])
    .expect("a link");
    assert!(said.contains("for 3 people"), "{said}");
    let secret = secret_in(&said).expect("its secret");
    let list = cli(&["invite", "list"]).expect("a list");
    assert!(
        list.contains("contact of alice@localhost") && list.contains("all of us"),
        "{list}"
    );
    assert!(!list.contains(&secret), "{list}");
    cli(&["account", "suspend", "alice"]).expect("she is suspended");
    refuses(
        &comes_by(&relay, &secret, "carol").await,
        404,
        Code::InvitationOver,
    );
    cli(&["account", "resume", "alice"]).expect("she is back");
    account(&comes_by(&relay, &secret, "carol").await);

    let short =
        secret_in(&cli(&["invite", "new", "--for", "1 ms"]).expect("a link")).expect("its secret");
    tokio::time::sleep(Duration::from_millis(5)).await;
    refuses(
        &comes_by(&relay, &short, "dave").await,
        404,
        Code::InvitationOver,
    );
    let last = list.lines().next_back().unwrap_or_default();
    let number = last.split_whitespace().next().expect("a number");
    cli(&["invite", "revoke", number]).expect("it is revoked");
    refuses(
        &comes_by(&relay, &secret, "dave").await,
        404,
        Code::InvitationOver,
    );
    for wrong in ["lamp_x", ""] {
        refuses(
            &comes_by(&relay, wrong, "dave").await,
            404,
            Code::InvitationOver,
        );
    }
    for (words, why) in [
        (&["invite", "new", "--uses", "0"][..], "1 to 100"),
        (
            &["invite", "new", "--from", "nobody"],
            "Nobody has this address",
        ),
        (&["invite", "revoke", "99"], "no link 99"),
    ] {
        let said = cli(words).expect_err("it is refused");
        assert!(said.contains(why), "{words:?}: {said}");
    }
}

#[tokio::test]
async fn whoever_is_suspended_is_out_within_two_seconds_and_told_so_only_with_the_password() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let body = json!({ "name": "lamp", "scope": ["watch"] });
    let made = done(&relay, &alice, "POST", "/v1/tokens", Some(body.clone())).await;
    let bot = json!({ "name": "parrot", "scope": ["watch"] });
    let bot = done(&relay, &alice, "POST", "/v1/programs", Some(bot)).await;
    let mut open = line(&relay, &alice).await;
    let (mut by_token, _) = line_by(&relay, token(&made.field("token"))).await;
    let of_bot = bot.json()["token"]["token"]
        .as_str()
        .expect("a secret")
        .to_owned();
    let (mut bots, _) = line_by(&relay, token(&of_bot)).await;

    let begun = Instant::now();
    host(relay.folder(), &["account", "suspend", "alice"]).expect("she is suspended");
    for line in [&mut open, &mut by_token, &mut bots] {
        let end = line.end(NOTICED).await.expect("it closes in time");
        assert_eq!(
            (end.close, end.goodbye),
            (Some(4001), Some(Code::Suspended))
        );
    }
    assert!(begun.elapsed() < NOTICED, "{:?}", begun.elapsed());
    for secret in [&alice.token, &made.field("token"), &of_bot] {
        assert_eq!(
            turned_away(&relay, token(secret)).await,
            Some(Code::NotSignedIn)
        );
    }
    refuses(
        &call(&relay, &alice, "GET", "/v1/session", None).await,
        401,
        Code::NotSignedIn,
    );
    refuses(
        &ask(&relay, "/v1/sessions", "alice", PASSWORD).await,
        403,
        Code::Suspended,
    );
    let wrong = ask(&relay, "/v1/sessions", "alice", "not her password").await;
    let unknown = ask(&relay, "/v1/sessions", "nobody", "not her password").await;
    refuses(&wrong, 401, Code::WrongCredentials);
    assert_eq!(wrong.body, unknown.body, "nothing tells her from nobody");

    host(relay.folder(), &["account", "resume", "alice"]).expect("she is back");
    Account::sign_in(&relay, "alice").await;
    assert_eq!(turned_away_or_in(&relay, &made.field("token")).await, None);
    let said = host(relay.folder(), &["account", "suspend", "nobody"]).expect_err("there is none");
    assert!(said.contains("is nobody"), "{said}");
}

/// Why a token opens nothing, if it does not.
async fn turned_away_or_in(relay: &Relay, secret: &str) -> Option<Code> {
    let answer = relay
        .call(&Request::get("/v1/presence/alice@localhost").bearer(secret))
        .await;
    (answer.status != 200).then(|| Code::from_slug(&answer.code()))
}

#[tokio::test]
async fn whoever_is_removed_leaves_what_they_wrote_to_others_and_their_name_to_nobody() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    for name in ["support", "lonely"] {
        let members = if name == "support" {
            json!(["bob"])
        } else {
            json!([])
        };
        let body = json!({ "name": name, "members": members });
        done(&relay, &alice, "POST", "/v1/groups", Some(body)).await;
    }
    let at_alices = Program::up(&alice, relay.address(), "desk").await;
    let at_bobs = Program::up(&bob, relay.address(), "desk").await;
    at_bobs.sees(&alice).await;
    at_alices.lets_see(&bob).await;
    at_alices.say(&bob, "Remember me.");
    let address = alice.principal.address().clone();
    at_bobs
        .until("her message", |agent| {
            (agent.conversation(&address).items.last()?.text == "Remember me.").then_some(())
        })
        .await;

    let said = host(relay.folder(), &["account", "remove", "alice"]).expect("she is removed");
    assert!(said.contains("What they wrote to others stays"), "{said}");
    at_alices
        .within(NOTICED, "she is out", |_| at_alices.signed_out().map(drop))
        .await;
    assert_eq!(at_bobs.texts(&alice), ["Remember me."]);
    refuses(
        &ask(&relay, "/v1/sessions", "alice", PASSWORD).await,
        401,
        Code::WrongCredentials,
    );
    refuses(
        &ask(&relay, "/v1/accounts", "alice", PASSWORD).await,
        409,
        Code::NameTaken,
    );
    refuses(
        &ask(&relay, "/v1/accounts", "a1ice", PASSWORD).await,
        409,
        Code::NameLooksAlike,
    );
    // The group goes on with the member who is left; the other one had nobody else.
    let groups = done(&relay, &bob, "GET", "/v1/groups", None).await.json();
    let bobs = json!([{ "member": "bob@localhost", "owner": true }]);
    assert_eq!(groups["groups"][0]["members"], bobs, "{groups}");
    let list = host(relay.folder(), &["account", "list", "--kind", "group"]).expect("a list");
    assert!(
        list.contains("support@localhost") && !list.contains("lonely"),
        "{list}"
    );
}

#[tokio::test]
async fn accounts_are_made_shown_reset_and_signed_out_from_outside() {
    let relay = Relay::start(by_invitation()).await;
    let cli = |words: &[&str]| host(relay.folder(), words);
    let said = cli(&["account", "add", "alice", "--admin"]).expect("she is made");
    let secret = secret_in(&said).expect("a link");
    let body = json!({ "password": PASSWORD, "invitation": secret, "token": true });
    let alice = account(&post(&relay, "/v1/passwords", body.clone()).await);
    refuses(
        &post(&relay, "/v1/passwords", body).await,
        404,
        Code::InvitationOver,
    );
    Account::sign_in(&relay, "alice").await;
    let list = cli(&["account", "list"]).expect("a list");
    let row = list
        .lines()
        .find(|row| row.starts_with("alice@localhost"))
        .expect("her row");
    assert!(row.ends_with("admin"), "{row}");
    let shown = cli(&["account", "show", "alice"]).expect("her");
    assert!(
        shown.contains("2 times") && shown.contains("admin"),
        "{shown}"
    );

    // A session that is ended closes what it opened, and no other.
    let mut open = line(&relay, &alice).await;
    let sessions = cli(&["session", "list", "alice"]).expect("a list");
    assert_eq!(sessions.matches("alice@localhost").count(), 2, "{sessions}");
    let mut numbers: Vec<u64> = sessions
        .lines()
        .filter_map(|row| row.split_whitespace().next()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    let first = numbers[0].to_string();
    cli(&["session", "end", &first]).expect("it is ended");
    let end = open.end(NOTICED).await.expect("it closes in time");
    assert_eq!(end.goodbye, Some(Code::SignedOut));
    let alice = Account::sign_in(&relay, "alice").await;

    // A reset by link changes nothing until it is used; then it ends every login.
    let secret =
        secret_in(&cli(&["account", "reset", "alice"]).expect("a link")).expect("its secret");
    done(&relay, &alice, "GET", "/v1/session", None).await;
    let looked = post(
        &relay,
        "/v1/invitations/look",
        json!({ "invitation": secret }),
    )
    .await;
    assert_eq!(
        (looked.field("opens"), looked.field("of")),
        ("password".into(), "alice@localhost".into())
    );
    refuses(
        &comes_by(&relay, &secret, "mallory").await,
        404,
        Code::InvitationOver,
    );
    let mut open = line(&relay, &alice).await;
    let body = json!({ "password": "another horse battery", "invitation": secret, "token": true });
    account(&post(&relay, "/v1/passwords", body).await);
    let end = open.end(NOTICED).await.expect("it closes in time");
    assert_eq!(end.goodbye, Some(Code::SignedOut));
    refuses(
        &ask(&relay, "/v1/sessions", "alice", PASSWORD).await,
        401,
        Code::WrongCredentials,
    );

    let file = relay.folder().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).expect("a file");
    let path = file.to_str().expect("a path");
    cli(&["account", "reset", "alice", "--password-file", path]).expect("it is set");
    Account::sign_in(&relay, "alice").await;
    cli(&["account", "add", "bob", "--password-file", path]).expect("he is made");
    Account::sign_in(&relay, "bob").await;
    cli(&["session", "end", "--all-of", "bob"]).expect("he is out");
    for (words, why) in [
        (&["account", "add", "alice"][..], "taken"),
        (&["account", "add", "a b"], "neither a name"),
        (
            &["account", "reset", "nobody"],
            "nobody called nobody@localhost",
        ),
        (
            &["account", "show", "nobody"],
            "nobody called nobody@localhost",
        ),
        (
            &["account", "admin", "nobody"],
            "nobody called nobody@localhost",
        ),
        (&["session", "end", "4711"], "no session 4711"),
    ] {
        let said = cli(words).expect_err("it is refused");
        assert!(said.contains(why), "{words:?}: {said}");
    }
    // All of that is in the log, and no secret is.
    let audit = cli(&["audit"]).expect("a log");
    for act in [
        "added alice@localhost",
        "ended the session",
        "made a link to a new password of alice@localhost",
        "set the password of alice@localhost",
        "added bob@localhost",
    ] {
        assert!(audit.contains(act), "{act} is missing in\n{audit}");
    }
    for told in [&audit, &relay.log()] {
        assert!(!told.contains(&secret) && !told.contains(PASSWORD));
    }
}

#[tokio::test]
async fn who_has_an_account_accepts_an_invitation_and_becomes_a_contact() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let made = done(&relay, &alice, "POST", "/v1/invitations", Some(json!({}))).await;
    let body = json!({ "invitation": made.field("invitation") });
    let (at_alices, at_bobs) = (
        Program::up(&alice, relay.address(), "desk").await,
        Program::up(&bob, relay.address(), "desk").await,
    );
    let accepted = done(
        &relay,
        &bob,
        "POST",
        "/v1/invitations/accept",
        Some(body.clone()),
    )
    .await;
    assert_eq!(accepted.field("of"), "alice@localhost");
    at_alices.reads(&bob, Word::Available).await;
    at_bobs.reads(&alice, Word::Available).await;
    let own = call(&relay, &alice, "POST", "/v1/invitations/accept", Some(body)).await;
    refuses(&own, 400, Code::NotYourself);
    // Only so many links hold at once.
    for _ in 1..20 {
        done(&relay, &alice, "POST", "/v1/invitations", Some(json!({}))).await;
    }
    let more = call(&relay, &alice, "POST", "/v1/invitations", Some(json!({}))).await;
    refuses(&more, 409, Code::TooManyAddresses);
    for bad in [
        json!({ "uses": 0 }),
        json!({ "uses": 101 }),
        json!({ "life_ms": 0 }),
        json!({ "note": "two\nlines" }),
    ] {
        refuses(
            &call(&relay, &bob, "POST", "/v1/invitations", Some(bad)).await,
            400,
            Code::BadFrame,
        );
    }
    let admins = Relay::start(Options::new().set("accounts.invitations", "admins")).await;
    let carol = Account::sign_up(&admins, "carol").await;
    refuses(
        &call(&admins, &carol, "POST", "/v1/invitations", Some(json!({}))).await,
        403,
        Code::NotAllowed,
    );
}
