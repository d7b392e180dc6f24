//! Visitors of sites: tokens by which a site's backend vouches for them, guests for whom nobody does, and what ends them.

use std::path::Path;
use std::time::Duration;

use lamplight_core::address::{InboxAddress, MessageId, Principal};
use lamplight_core::code::Code;
use lamplight_core::message::{Receipt, What};
use lamplight_core::wire::{Class, Credentials, ToAgent, ToService};
use lamplight_tests::outside::backend::{self, now, signed};
use lamplight_tests::outside::http::{Answer, Request};
use lamplight_tests::outside::{Account, Backend, Line, Relay, within};
use lamplight_tests::room::body;
use serde_json::{Value, json};

use crate::asking::{call, done, line_by, token, turned_away};
use crate::doors::refuses;
use crate::sites::{SHOP, options, registers, site};

/// Closing a line after its right to be has ended takes at most this long.
const AT_ONCE: Duration = Duration::from_secs(2);

/// What the shop says of its visitor.
pub fn claims(sub: &str) -> Value {
    backend::claims(SHOP, sub)
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims("customer 17");
    claims[name] = value.into();
    claims
}

async fn comes(relay: &Relay, body: Value) -> Answer {
    let request = Request::page_post(&relay.origin(), "/v1/visitors", &body);
    relay.call(&request).await
}

pub async fn brings(relay: &Relay, token: &str) -> Answer {
    comes(relay, json!({ "origin": SHOP, "token": token })).await
}

fn as_guest_of(origin: &str, to: &str) -> Value {
    json!({ "origin": origin, "to": to, "name": " Maria " })
}

async fn as_guest(relay: &Relay) -> Answer {
    comes(relay, as_guest_of(SHOP, "alice@localhost")).await
}

/// The shop of alice, and what its backend knows.
pub async fn shop(relay: &Relay, more: Value) -> (Account, Backend) {
    let alice = Account::sign_up(relay, "alice").await;
    let made = registers(relay, &alice, more).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let backend = Backend::of(&made.json()["keys"][0], SHOP);
    (alice, backend)
}

/// How often visitors were refused so.
async fn refused(relay: &Relay, code: Code) -> Option<f64> {
    let name = format!(
        "lamplight_visitors_refused_total{{code=\"{}\"}}",
        code.slug()
    );
    relay.metric(&name).await
}

/// Whether a login still opens something.
async fn holds(relay: &Relay, secret: &str) -> bool {
    let request = Request::get("/v1/session").bearer(secret);
    relay.call(&request).await.status == 200
}

/// Brings a token from a browser that has kept a login for the site.
async fn returns(relay: &Relay, token: &str, kept: &str) -> Answer {
    comes(
        relay,
        json!({ "origin": SHOP, "token": token, "login": kept }),
    )
    .await
}

async fn is_closed(mut line: Line) {
    let end = line.end(AT_ONCE).await.expect("an end within two seconds");
    assert_eq!(
        (end.close, end.goodbye),
        (Some(4001), Some(Code::SignedOut))
    );
}

#[tokio::test]
async fn a_visitor_of_a_site_is_the_same_principal_each_time_also_after_a_restart() {
    let mut relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let mut named = claims("customer 17");
    named["name"] = "Maria".into();
    let first = brings(&relay, &backend.signs(&named)).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let principal = first.field("principal");
    assert!(principal.starts_with("guest-"), "{principal}");
    assert_eq!(
        (first.field("class"), first.field("name")),
        ("guest".into(), "Maria".into())
    );
    assert_eq!(first.header("set-cookie"), None, "a frame has no cookies");
    let month = 30 * 86_400_000;
    let expires = first.json()["expires"].as_u64().expect("a time") / 1_000;
    assert!(expires.abs_diff(now() + month / 1_000) < 60);

    let (mut line, welcome) = line_by(&relay, token(&first.field("token"))).await;
    let is_guest = matches!(&welcome, ToAgent::Welcome { you, class: Class::Guest, .. } if you.as_str() == principal);
    assert!(is_guest, "{welcome:?}");
    line.send(&ToService::Ping { number: 1 }).await;
    line.until("a pong", |frame| matches!(frame, ToAgent::Pong { .. }))
        .await;

    let again = brings(&relay, &backend.mints("customer 17")).await;
    assert_eq!(again.field("principal"), principal);
    assert_ne!(again.field("token"), first.field("token"));
    let other = brings(&relay, &backend.mints("customer 18")).await;
    assert_ne!(other.field("principal"), principal);
    relay.kill();
    relay.start_again().await;
    let later = brings(&relay, &backend.mints("customer 17")).await;
    assert_eq!(later.field("principal"), principal);
    assert_eq!(
        relay.metric("lamplight_visitors_vouched_total").await,
        Some(1.0)
    );
}

#[tokio::test]
async fn the_same_name_at_another_site_is_somebody_else() {
    let relay = Relay::start(options()).await;
    let (alice, backend) = shop(&relay, json!({})).await;
    let blog = json!({ "name": "blog.example", "origins": ["https://blog.example"] });
    let made = registers(&relay, &alice, blog).await.json();
    let blog = Backend::of(&made["keys"][0], SHOP);
    let mut elsewhere = claims("customer 17");
    elsewhere["origin"] = "https://blog.example".into();
    let body = json!({ "origin": "https://blog.example", "token": blog.signs(&elsewhere) });
    let there = comes(&relay, body).await;
    assert_eq!(there.status, 201, "{}", there.text());
    let here = brings(&relay, &backend.mints("customer 17")).await;
    assert_ne!(here.field("principal"), there.field("principal"));
    // The blog's key opens no door of the shop's, not under the name of the shop's key either.
    refuses(
        &brings(&relay, &blog.mints("customer 17")).await,
        403,
        Code::TokenInvalid,
    );
    let renamed = json!({ "alg": "HS256", "kid": backend.kid });
    let forged = blog.signs_as(&renamed, &claims("customer 17"));
    refuses(&brings(&relay, &forged).await, 403, Code::TokenInvalid);
}

#[tokio::test]
async fn a_token_that_does_not_hold_lets_nobody_in_and_says_why_to_the_site_alone() {
    let relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let good = claims("customer 17");
    let thief = Backend {
        secret: "lamp_guessed".into(),
        ..backend.clone()
    };
    let header = |alg: &str| json!({ "alg": alg, "kid": backend.kid });
    let unsigned = |alg: &str| signed(&header(alg), &good, |_| Vec::new());
    let mut cut = backend.signs(&good);
    cut.pop();
    for (what, token) in [
        ("a forged signature", thief.signs(&good)),
        ("no signature", unsigned("HS256")),
        ("alg none", unsigned("none")),
        ("alg none, signed", backend.signs_as(&header("none"), &good)),
        ("another alg", backend.signs_as(&header("RS256"), &good)),
        (
            "no kid",
            backend.signs_as(&json!({ "alg": "HS256" }), &good),
        ),
        (
            "an unknown kid",
            backend.signs_as(&json!({ "alg": "HS256", "kid": "x" }), &good),
        ),
        (
            "a kid that is SQL",
            backend.signs_as(&json!({ "alg": "HS256", "kid": "' OR 1=1 --" }), &good),
        ),
        ("a cut one", cut),
        ("no token at all", String::new()),
        ("a book", "a".repeat(10_000)),
        ("exp as a text", backend.signs(&with("exp", "soon"))),
        ("no sub", backend.signs(&with("sub", Value::Null))),
        ("no jti", backend.signs(&with("jti", Value::Null))),
    ] {
        let answer = brings(&relay, &token).await;
        assert_eq!(answer.code(), Code::TokenInvalid.slug(), "{what}");
        refuses(&answer, 403, Code::TokenInvalid);
    }
    let mut endless = good.clone();
    endless["exp"] = (now() + 3_600).into();
    for (claims, code) in [
        (with("exp", now() - 61), Code::TokenExpired),
        (with("iat", now() + 120), Code::TokenWrongTimes),
        (with("nbf", now() + 120), Code::TokenWrongTimes),
        (endless, Code::TokenWrongTimes),
        (with("aud", "elsewhere.example"), Code::TokenWrongAudience),
        (
            with("aud", json!(["elsewhere.example", "localhost"])),
            Code::TokenWrongAudience,
        ),
        (
            with("origin", "https://evil.example"),
            Code::TokenWrongOrigin,
        ),
    ] {
        refuses(&brings(&relay, &backend.signs(&claims)).await, 403, code);
    }
    let used = backend.mints("customer 17");
    assert_eq!(brings(&relay, &used).await.status, 201);
    refuses(&brings(&relay, &used).await, 403, Code::TokenUsed);
    for (code, times) in [
        (Code::TokenInvalid, 14.0),
        (Code::TokenExpired, 1.0),
        (Code::TokenWrongTimes, 3.0),
        (Code::TokenWrongAudience, 2.0),
        (Code::TokenWrongOrigin, 1.0),
        (Code::TokenUsed, 1.0),
    ] {
        assert_eq!(refused(&relay, code).await, Some(times), "{code:?}");
    }
    // The relay is also meant by its address.
    let by_address = backend.signs(&with("aud", relay.origin()));
    assert_eq!(brings(&relay, &by_address).await.status, 201);
}

#[tokio::test]
async fn a_used_token_stays_used_over_a_restart_and_lets_in_one_of_many_at_once() {
    let mut relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let one = backend.mints("customer 17");
    let answers = futures_util::future::join_all((0..8).map(|_| brings(&relay, &one))).await;
    let let_in = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(let_in, 1);
    relay.kill();
    relay.start_again().await;
    refuses(&brings(&relay, &one).await, 403, Code::TokenUsed);
}

#[tokio::test]
async fn who_has_no_key_is_told_the_same_whatever_is_there() {
    let relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let thief = Backend {
        secret: "lamp_guessed".into(),
        ..backend.clone()
    };
    let stranger = Backend {
        kid: "unknown".into(),
        secret: "lamp_guessed".into(),
        origin: SHOP.into(),
    };
    let mut elsewhere = claims("customer 17");
    elsewhere["origin"] = "https://nobody.example".into();
    let known = brings(&relay, &thief.mints("customer 17")).await;
    let expected = (known.status, known.text());
    for body in [
        json!({ "origin": SHOP, "token": stranger.mints("customer 17") }),
        json!({ "origin": SHOP, "token": thief.mints("customer 18") }),
        json!({ "origin": "https://nobody.example", "token": thief.signs(&elsewhere) }),
        json!({ "origin": "https://nobody.example", "token": backend.signs(&elsewhere) }),
        json!({ "origin": "null", "token": backend.signs(&elsewhere) }),
    ] {
        let answer = comes(&relay, body).await;
        assert_eq!((answer.status, answer.text()), expected);
    }
}

#[tokio::test]
async fn two_keys_hold_while_one_takes_the_place_of_the_other() {
    let relay = Relay::start(options()).await;
    let (alice, first) = shop(&relay, json!({})).await;
    let path = "/v1/sites/shop.example/rotate";
    let rotated = done(&relay, &alice, "POST", path, None).await.json();
    let second = Backend::of(&rotated, SHOP);
    let day = 86_400;
    let until = rotated["former_until"].as_u64().expect("a time") / 1_000;
    assert!(until.abs_diff(now() + day) < 60);
    for backend in [&first, &second] {
        assert_eq!(
            brings(&relay, &backend.mints("customer 17")).await.status,
            201
        );
    }
    // Of two former keys the later one holds.
    let third = Backend::of(&done(&relay, &alice, "POST", path, None).await.json(), SHOP);
    refuses(
        &brings(&relay, &first.mints("customer 17")).await,
        403,
        Code::TokenInvalid,
    );
    for backend in [&second, &third] {
        assert_eq!(
            brings(&relay, &backend.mints("customer 17")).await.status,
            201
        );
    }
    // And none, if there is no overlap; at the command line alike.
    let said = site(
        relay.folder(),
        &[
            "rotate",
            "shop.example",
            "--of",
            "alice@localhost",
            "--overlap",
            "0 s",
        ],
    );
    let said = said.expect("it has a new key");
    let word = |of: &str| {
        let mut words = said.split(|c: char| c.is_whitespace() || c == '"');
        words
            .find(|word| word.starts_with(of))
            .expect("a word")
            .to_owned()
    };
    let kid = said
        .split("\"kid\": \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let fourth = Backend {
        kid: kid.expect("a kid").to_owned(),
        secret: word("lamp_"),
        origin: SHOP.into(),
    };
    for former in [&second, &third] {
        let answer = brings(&relay, &former.mints("customer 17")).await;
        refuses(&answer, 403, Code::TokenInvalid);
    }
    assert_eq!(
        brings(&relay, &fourth.mints("customer 17")).await.status,
        201
    );
    let listed = site(relay.folder(), &["list"]).expect("a list");
    assert!(listed.contains(&format!("{}, over", third.kid)), "{listed}");
}

#[tokio::test]
async fn guests_come_in_where_the_site_takes_them_and_not_in_floods() {
    let relay = Relay::start(options()).await;
    let terms = json!({ "guests": true, "guests_per_hour": 3 });
    let (alice, backend) = shop(&relay, terms).await;
    let strict = json!({ "name": "bank.example", "origins": ["https://bank.example"] });
    registers(&relay, &alice, strict).await;
    let bank = as_guest_of("https://bank.example", "alice@localhost");
    refuses(&comes(&relay, bank).await, 403, Code::GuestsClosed);
    for (origin, to) in [
        ("https://nobody.example", "alice@localhost"),
        (SHOP, "bob@localhost"),
        (SHOP, ""),
        ("", "alice@localhost"),
    ] {
        let unknown = comes(&relay, as_guest_of(origin, to)).await;
        refuses(&unknown, 404, Code::UnknownSite);
    }

    let guest = as_guest(&relay).await;
    assert_eq!((guest.status, guest.field("name")), (201, "Maria".into()));
    assert_eq!(guest.header("set-cookie"), None);
    let (_, welcome) = line_by(&relay, token(&guest.field("token"))).await;
    assert!(matches!(
        welcome,
        ToAgent::Welcome {
            class: Class::Guest,
            ..
        }
    ));
    let other = as_guest(&relay).await;
    assert_ne!(other.field("principal"), guest.field("principal"));
    assert_eq!(as_guest(&relay).await.status, 201);
    let flood = as_guest(&relay).await;
    refuses(&flood, 429, Code::TooManyRequests);
    let wait: u64 = flood
        .header("retry-after")
        .and_then(|wait| wait.parse().ok())
        .expect("a wait");
    assert!((3_400..=3_600).contains(&wait), "{wait}");
    // Those for whom the site vouches are not counted among them.
    assert_eq!(
        brings(&relay, &backend.mints("customer 17")).await.status,
        201
    );
    assert_eq!(
        relay.metric("lamplight_visitors_guests_total").await,
        Some(3.0)
    );
    let frame = "/embed/chat?to=alice@localhost&origin=https://nobody.example";
    refuses(&relay.get(frame).await, 404, Code::UnknownSite);
    for (code, times) in [
        ("unknown_site", 5.0),
        ("guests_closed", 1.0),
        ("too_many_requests", 1.0),
    ] {
        let name = format!("lamplight_visitors_refused_total{{code=\"{code}\"}}");
        assert_eq!(relay.metric(&name).await, Some(times), "{code}");
    }
}

#[tokio::test]
async fn a_site_has_so_many_guests_at_a_time() {
    let relay = Relay::start(options()).await;
    shop(&relay, json!({ "guests": true, "guests_most": 2 })).await;
    for _ in 0..2 {
        assert_eq!(as_guest(&relay).await.status, 201);
    }
    let full = as_guest(&relay).await;
    refuses(&full, 429, Code::TooManyRequests);
    let wait: u64 = full
        .header("retry-after")
        .and_then(|wait| wait.parse().ok())
        .expect("a wait");
    assert!(
        (86_000..=86_400).contains(&wait),
        "until the first one is forgotten: {wait}"
    );
}

#[tokio::test]
async fn where_it_is_open_a_page_of_any_site_brings_guests_of_the_relay() {
    let relay = Relay::start(options().set("sites.unregistered", "open")).await;
    let body = as_guest_of("https://blog.example", "alice@localhost");
    assert_eq!(comes(&relay, body.clone()).await.status, 201);
    let closed = options()
        .set("sites.unregistered", "open")
        .set("accounts.guests", "closed");
    let relay = Relay::start(closed).await;
    refuses(&comes(&relay, body).await, 403, Code::GuestsClosed);
}

#[tokio::test]
async fn a_site_that_is_removed_takes_its_visitors_with_it() {
    let relay = Relay::start(options()).await;
    let guests = json!({ "guests": true });
    let (alice, backend) = shop(&relay, guests.clone()).await;
    let visitor = brings(&relay, &backend.mints("customer 17")).await;
    let guest = as_guest(&relay).await;
    let (vouched_line, _) = line_by(&relay, token(&visitor.field("token"))).await;
    let (guest_line, _) = line_by(&relay, token(&guest.field("token"))).await;
    let (mut owner, _) = line_by(&relay, token(&alice.token)).await;
    done(&relay, &alice, "DELETE", "/v1/sites/shop.example", None).await;
    is_closed(vouched_line).await;
    is_closed(guest_line).await;
    for gone in [&visitor, &guest] {
        let again = turned_away(&relay, token(&gone.field("token"))).await;
        assert_eq!(again, Some(Code::NotSignedIn));
    }
    refuses(
        &brings(&relay, &backend.mints("customer 17")).await,
        403,
        Code::TokenInvalid,
    );
    // A site that is registered anew has new visitors.
    let made = registers(&relay, &alice, guests).await.json();
    let backend = Backend::of(&made["keys"][0], SHOP);
    let anew = brings(&relay, &backend.mints("customer 17")).await;
    assert_ne!(anew.field("principal"), visitor.field("principal"));

    // At the command line, beside the running relay.
    let (line, _) = line_by(&relay, token(&anew.field("token"))).await;
    site(
        relay.folder(),
        &["remove", "shop.example", "--of", "alice@localhost"],
    )
    .expect("it is removed");
    is_closed(line).await;
    owner.send(&ToService::Ping { number: 1 }).await;
    owner
        .until("a pong", |frame| matches!(frame, ToAgent::Pong { .. }))
        .await;
}

#[tokio::test]
async fn what_was_removed_while_no_relay_ran_is_ended_by_the_next_one() {
    let mut relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let visitor = brings(&relay, &backend.mints("customer 17")).await;
    relay.kill();
    site(
        relay.folder(),
        &["remove", "shop.example", "--of", "alice@localhost"],
    )
    .expect("it is removed");
    relay.start_again().await;
    let secret = visitor.field("token");
    within(
        Duration::from_secs(10),
        "the visitor is ended",
        async || {
            let request = Request::get("/v1/session").bearer(&secret);
            (relay.call(&request).await.status == 401).then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn a_browser_that_kept_its_login_goes_on_with_it_however_many_pages_it_opens() {
    let relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let first = brings(&relay, &backend.mints("customer 17")).await;
    let kept = first.field("token");
    let phone = brings(&relay, &backend.mints("customer 17")).await;
    let (mut line, _) = line_by(&relay, token(&kept)).await;
    for page in 0..12 {
        let mut named = claims("customer 17");
        named["name"] = format!("Maria {page}").into();
        let again = returns(&relay, &backend.signs(&named), &kept).await;
        assert_eq!(again.status, 200, "{}", again.text());
        assert_eq!(again.field("token"), kept);
        assert_eq!(again.field("principal"), first.field("principal"));
        assert_eq!(again.field("name"), format!("Maria {page}"));
    }
    line.send(&ToService::Ping { number: 1 }).await;
    line.until("a pong", |frame| matches!(frame, ToAgent::Pong { .. }))
        .await;
    assert!(holds(&relay, &phone.field("token")).await);
    // The login alone lets nobody in, and a token that does not hold no less because of it.
    let used = backend.mints("customer 17");
    assert_eq!(returns(&relay, &used, &kept).await.status, 200);
    refuses(&returns(&relay, &used, &kept).await, 403, Code::TokenUsed);
    let alone = json!({ "origin": SHOP, "to": "alice@localhost", "login": kept });
    refuses(&comes(&relay, alone).await, 403, Code::GuestsClosed);
    // One that has ended is as good as none.
    let account = Account {
        principal: Principal::parse(&first.field("principal")).expect("a principal"),
        token: kept.clone(),
    };
    done(&relay, &account, "DELETE", "/v1/sessions/current", None).await;
    is_closed(line).await;
    let anew = returns(&relay, &backend.mints("customer 17"), &kept).await;
    assert_eq!(anew.status, 201);
    assert_ne!(anew.field("token"), kept);
    assert_eq!(anew.field("principal"), first.field("principal"));
}

#[tokio::test]
async fn another_customer_at_the_same_browser_ends_the_visit_of_the_one_before() {
    let relay = Relay::start(options()).await;
    let (alice, backend) = shop(&relay, json!({ "guests": true })).await;
    let maria = brings(&relay, &backend.mints("customer 17")).await;
    let elsewhere = brings(&relay, &backend.mints("customer 17")).await;
    let (line, _) = line_by(&relay, token(&maria.field("token"))).await;
    let paul = returns(&relay, &backend.mints("customer 18"), &maria.field("token")).await;
    assert_eq!(paul.status, 201, "{}", paul.text());
    assert_ne!(paul.field("principal"), maria.field("principal"));
    assert_ne!(paul.field("token"), maria.field("token"));
    is_closed(line).await;
    assert!(!holds(&relay, &maria.field("token")).await);
    // On her own phone she is as she was.
    assert!(holds(&relay, &elsewhere.field("token")).await);
    // What is no visitor's of this site is left alone, and no way in: a guest's, an account's, another site's, no login at all.
    let guest = as_guest(&relay).await.field("token");
    let blog = json!({ "name": "blog.example", "origins": ["https://blog.example"] });
    let blog = registers(&relay, &alice, blog).await.json();
    let blog = Backend::of(&blog["keys"][0], "https://blog.example");
    let reader = json!({ "origin": "https://blog.example", "token": blog.mints("customer 17") });
    let reader = comes(&relay, reader).await.field("token");
    for kept in [&guest, &alice.token, &reader] {
        let comes = returns(&relay, &backend.mints("customer 18"), kept).await;
        assert_eq!(comes.status, 201);
        assert_eq!(comes.field("principal"), paul.field("principal"));
        assert!(holds(&relay, kept).await);
    }
    let none = returns(&relay, &backend.mints("customer 18"), "lamp_none").await;
    assert_eq!(none.status, 201);
}

#[tokio::test]
async fn a_network_that_tries_out_tokens_is_told_to_wait() {
    let relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let thief = Backend {
        secret: "lamp_guessed".into(),
        ..backend.clone()
    };
    // Those that hold are not counted.
    for _ in 0..3 {
        assert_eq!(
            brings(&relay, &backend.mints("customer 17")).await.status,
            201
        );
    }
    let mut tried = 0;
    let flood = loop {
        let answer = brings(&relay, &thief.mints("customer 17")).await;
        if answer.status != 403 {
            break answer;
        }
        tried += 1;
        assert!(tried < 200, "nobody is told to wait");
    };
    assert!(tried >= 60, "{tried}");
    refuses(&flood, 429, Code::TooManyRequests);
    assert_eq!(flood.header("retry-after"), Some("1"));
    assert_eq!(refused(&relay, Code::TooManyRequests).await, Some(1.0));
    assert_eq!(
        refused(&relay, Code::TokenInvalid).await,
        Some(tried.into())
    );
    // The wait is over soon, for whoever brings one that holds.
    within(Duration::from_secs(10), "a way in", async || {
        let answer = brings(&relay, &backend.mints("customer 17")).await;
        (answer.status == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_visitor_who_opens_many_pages_keeps_the_latest_logins() {
    let relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let first = brings(&relay, &backend.mints("customer 17")).await;
    let (line, _) = line_by(&relay, token(&first.field("token"))).await;
    for _ in 0..10 {
        assert_eq!(
            brings(&relay, &backend.mints("customer 17")).await.status,
            201
        );
    }
    is_closed(line).await;
    let again = turned_away(&relay, token(&first.field("token"))).await;
    assert_eq!(again, Some(Code::NotSignedIn));
}

#[tokio::test]
async fn a_visitor_is_no_account() {
    let relay = Relay::start(options()).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let visitor = brings(&relay, &backend.mints("customer 17")).await;
    let visitor = Account {
        principal: Principal::parse(&visitor.field("principal")).expect("a principal"),
        token: visitor.field("token"),
    };
    for (method, path, body) in [
        ("POST", "/v1/groups", json!({ "name": "visitors" })),
        (
            "POST",
            "/v1/tokens",
            json!({ "name": "one", "scope": ["watch"] }),
        ),
        (
            "POST",
            "/v1/sites",
            json!({ "name": "x.example", "origins": ["https://x.example"] }),
        ),
    ] {
        let answer = call(&relay, &visitor, method, path, Some(body)).await;
        refuses(&answer, 403, Code::NotAllowed);
    }
}

/// How the sender of the next message that comes is called; none: as anybody.
async fn hears_from(line: &mut Line) -> Option<String> {
    let called = |frame: &ToAgent| match frame {
        ToAgent::Deliver { entries, .. } => {
            let mut came = entries
                .iter()
                .filter(|entry| matches!(entry.what, What::Received(..) | What::Held(..)));
            came.next().map(|entry| entry.called.clone())
        }
        _ => None,
    };
    let called = line.find("a message", called).await;
    called.map(|called| called.shown("a guest"))
}

async fn writes(line: &mut Line, id: u128, to: &str) -> Option<Code> {
    let frame = ToService::Send {
        id: MessageId(id),
        to: InboxAddress::parse(to).expect("an address"),
        body: body("are you open?"),
        from: None,
    };
    line.send(&frame).await;
    let answer = |frame: &ToAgent| match frame {
        ToAgent::Receipt { receipt, .. } => Some(receipt.clone()),
        _ => None,
    };
    match line.find("a receipt", answer).await {
        Receipt::Accepted(..) => None,
        Receipt::Refused(refusal) => Some(refusal.code),
    }
}

#[tokio::test]
async fn who_answers_reads_what_a_visitor_is_called_and_who_says_so() {
    let mut relay = Relay::start(options()).await;
    let (alice, backend) = shop(&relay, json!({ "guests": true })).await;
    let (mut answers, _) = line_by(&relay, token(&alice.token)).await;
    let mut named = claims("customer 17");
    named["name"] = "Maria · bank.example".into();
    let vouched = brings(&relay, &backend.signs(&named)).await;
    let (mut maria, _) = line_by(&relay, token(&vouched.field("token"))).await;
    assert_eq!(writes(&mut maria, 1, "alice@localhost").await, None);
    let name = hears_from(&mut answers).await;
    assert_eq!(name.as_deref(), Some("Maria bank.example · shop.example"));
    let (mut guest, _) = line_by(&relay, token(&as_guest(&relay).await.field("token"))).await;
    assert_eq!(writes(&mut guest, 1, "alice@localhost").await, None);
    let name = hears_from(&mut answers).await;
    assert_eq!(name.as_deref(), Some("“Maria” · shop.example"));
    // A page of the relay's own comes in by a ticket, and is the same visitor.
    let account = Account {
        principal: Principal::parse(&vouched.field("principal")).expect("a principal"),
        token: vouched.field("token"),
    };
    let ticket = done(&relay, &account, "POST", "/v1/tickets", None).await;
    let ticket = Credentials::Ticket(ticket.field("ticket").into());
    let (mut by_ticket, _) = line_by(&relay, ticket).await;
    assert_eq!(writes(&mut by_ticket, 2, "alice@localhost").await, None);
    assert!(
        hears_from(&mut answers)
            .await
            .is_some_and(|name| name.starts_with("Maria"))
    );
    assert_eq!(
        writes(&mut by_ticket, 3, "bob@localhost").await,
        Some(Code::NotAllowed)
    );

    // The next token says another name. What was written before keeps its own, also over a restart.
    named = claims("customer 17");
    named["name"] = "Maria C.".into();
    let again = brings(&relay, &backend.signs(&named)).await;
    let (mut maria, _) = line_by(&relay, token(&again.field("token"))).await;
    assert_eq!(writes(&mut maria, 4, "alice@localhost").await, None);
    let name = hears_from(&mut answers).await;
    assert_eq!(name.as_deref(), Some("Maria C. · shop.example"));
    relay.kill();
    relay.start_again().await;
    let (mut answers, _) = line_by(&relay, token(&alice.token)).await;
    answers
        .send(&ToService::FetchConversations { number: 1 })
        .await;
    let names = |frame: &ToAgent| match frame {
        ToAgent::Conversations { conversations, .. } => {
            let called = conversations.iter().map(|one| one.called.clone());
            Some(
                called
                    .flatten()
                    .map(|called| called.shown("a guest"))
                    .collect::<Vec<_>>(),
            )
        }
        _ => None,
    };
    assert_eq!(
        answers.find("the conversations", names).await,
        ["Maria C. · shop.example", "“Maria” · shop.example"]
    );
    let page = ToService::FetchInbox {
        number: 2,
        with: Some(account.principal.address().clone()),
        before: None,
        limit: 1,
    };
    answers.send(&page).await;
    let names = |frame: &ToAgent| match frame {
        ToAgent::Page { entries, .. } => Some(entries[0].called.clone()),
        _ => None,
    };
    let last = answers
        .find("a page", names)
        .await
        .map(|called| called.shown("a guest"));
    assert_eq!(last.as_deref(), Some("Maria C. · shop.example"));
}

#[tokio::test]
async fn a_visitor_has_to_do_with_whom_the_site_shows_and_with_whoever_writes_to_them() {
    let relay = Relay::start(options()).await;
    let (alice, backend) = shop(&relay, json!({})).await;
    let bob = Account::sign_up(&relay, "bob").await;
    let visitor = brings(&relay, &backend.mints("customer 17")).await;
    let (mut line, _) = line_by(&relay, token(&visitor.field("token"))).await;
    for whom in ["bob@localhost", "nobody@localhost", "alice+work@localhost"] {
        assert_eq!(
            writes(&mut line, 1, whom).await,
            Some(Code::NotAllowed),
            "{whom}"
        );
        let path = format!("/v1/presence/{whom}.json");
        let request = Request::get(&path).bearer(&visitor.field("token"));
        refuses(&relay.call(&request).await, 403, Code::NotAllowed);
    }
    let request = Request::get("/v1/presence/alice@localhost.json").bearer(&visitor.field("token"));
    assert_eq!(relay.call(&request).await.status, 200);
    assert_eq!(writes(&mut line, 2, "alice@localhost").await, None);
    let (mut of_bob, _) = line_by(&relay, token(&bob.token)).await;
    assert_eq!(
        writes(&mut of_bob, 1, &visitor.field("principal")).await,
        None
    );
    assert_eq!(writes(&mut line, 3, "bob@localhost").await, None);

    // A group that the maker of the site owns no more is not shown any more.
    let group = json!({ "name": "support", "members": ["bob"] });
    done(&relay, &alice, "POST", "/v1/groups", Some(group)).await;
    let help = json!({ "name": "help.example", "origins": ["https://help.example"], "chat": ["support@localhost"] });
    let help = registers(&relay, &alice, help).await.json();
    let mut helped = claims("customer 17");
    helped["origin"] = "https://help.example".into();
    let helped = Backend::of(&help["keys"][0], SHOP).signs(&helped);
    let helped = comes(
        &relay,
        json!({ "origin": "https://help.example", "token": helped }),
    )
    .await;
    let shown = line;
    let (mut line, _) = line_by(&relay, token(&helped.field("token"))).await;
    assert_eq!(writes(&mut line, 1, "support@localhost").await, None);
    let members = "/v1/groups/support/members";
    let owner = Some(json!({ "owner": true }));
    done(&relay, &alice, "PUT", &format!("{members}/bob"), owner).await;
    done(&relay, &bob, "DELETE", &format!("{members}/alice"), None).await;
    // Also to whoever is in: their line comes again with what holds now.
    let end = line.end(AT_ONCE).await.expect("an end within two seconds");
    assert_eq!(end.goodbye, Some(Code::TryLater));
    let (mut line, _) = line_by(&relay, token(&helped.field("token"))).await;
    assert_eq!(
        writes(&mut line, 2, "support@localhost").await,
        Some(Code::NotAllowed)
    );
    // Whoever came by another site is not disturbed: their line ends with their site, and the other one goes on.
    let path = "/v1/sites/shop.example";
    done(&relay, &alice, "DELETE", path, None).await;
    is_closed(shown).await;
    line.send(&ToService::Ping { number: 9 }).await;
    line.until("a pong", |frame| matches!(frame, ToAgent::Pong { .. }))
        .await;
}

/// Whoever made a site changes it in place: its key, its visitors and their logins stay, and an open line follows.
#[tokio::test]
async fn a_site_is_changed_by_its_maker_and_by_whoever_runs_the_relay_and_open_lines_follow() {
    let relay = Relay::start(options()).await;
    let (alice, backend) = shop(&relay, json!({})).await;
    let bob = Account::sign_up(&relay, "bob").await;
    let group = json!({ "name": "support", "members": ["bob"] });
    done(&relay, &alice, "POST", "/v1/groups", Some(group)).await;
    let path = "/v1/sites/shop.example";
    let visitor = brings(&relay, &backend.mints("customer 17")).await;
    let secret = visitor.field("token");
    let (mut line, _) = line_by(&relay, token(&secret)).await;
    assert_eq!(writes(&mut line, 1, "alice@localhost").await, None);

    let support = json!({ "chat": ["support@localhost"], "guests": true });
    done(&relay, &alice, "PATCH", path, Some(support)).await;
    let end = line.end(AT_ONCE).await.expect("an end within two seconds");
    assert_eq!(end.goodbye, Some(Code::TryLater));
    let (mut line, _) = line_by(&relay, token(&secret)).await;
    let refused = writes(&mut line, 2, "alice@localhost").await;
    assert_eq!(refused, Some(Code::NotAllowed));
    assert_eq!(writes(&mut line, 3, "support@localhost").await, None);
    let listed = done(&relay, &alice, "GET", "/v1/sites", None).await.json();
    let listed = &listed["sites"][0];
    assert_eq!(listed["chat"], json!(["support@localhost"]));
    assert_eq!(
        (&listed["guests"], &listed["guests_most"]),
        (&json!(true), &json!(5000))
    );
    assert_eq!(listed["origins"], json!([SHOP]), "what was not said stays");
    let guest = comes(&relay, as_guest_of(SHOP, "support@localhost")).await;
    assert_eq!(guest.status, 201, "{}", guest.text());

    // Of its pages one goes and one comes; the name is still that of one of them.
    let pages = json!({ "origins": ["https://shop.example:8443"] });
    done(&relay, &alice, "PATCH", path, Some(pages)).await;
    let former = brings(&relay, &backend.mints("customer 17")).await;
    refuses(&former, 403, Code::TokenInvalid);

    for (who, body, status, code) in [
        (&bob, json!({ "guests": false }), 404, Code::NotFound),
        (
            &alice,
            json!({ "chat": ["bob@localhost"] }),
            403,
            Code::NotAllowed,
        ),
        (&alice, json!({ "chat": [] }), 400, Code::BadFrame),
        (&alice, json!({ "origins": [] }), 400, Code::BadFrame),
        (
            &alice,
            json!({ "origins": ["https://bank.example"] }),
            400,
            Code::BadName,
        ),
        (&alice, json!({ "visitor_life_ms": 1 }), 400, Code::BadFrame),
    ] {
        let answer = call(&relay, who, "PATCH", path, Some(body.clone())).await;
        let whole = format!("{body}: {} {}", answer.status, answer.text());
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code.slug()),
            "{whole}"
        );
    }
    let other = json!({ "name": "help.example", "origins": ["https://help.example"] });
    assert_eq!(registers(&relay, &alice, other).await.status, 201);
    let taken = json!({ "origins": ["https://shop.example", "https://help.example"] });
    let taken = call(&relay, &alice, "PATCH", path, Some(taken)).await;
    assert_eq!(
        (taken.status, taken.code().as_str()),
        (409, Code::NameTaken.slug())
    );
    // Nothing of what was refused was done.
    let now = done(&relay, &alice, "GET", "/v1/sites", None).await.json();
    let shop = now["sites"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["name"] == "shop.example");
    assert_eq!(
        shop.expect("her shop")["origins"],
        json!(["https://shop.example:8443"])
    );

    // At the command line, beside the relay.
    let folder = relay.folder();
    let of = ["--of", "alice@localhost"];
    let said = site(
        folder,
        &[
            &[
                "change",
                "shop.example",
                "--chat",
                "alice@localhost",
                "--guests",
                "no",
            ],
            &of[..],
        ]
        .concat(),
    );
    let said = said.expect("it is changed");
    assert!(
        said.contains("alice@localhost") && said.contains("none without a token"),
        "{said}"
    );
    let end = line.end(AT_ONCE).await.expect("an end within two seconds");
    assert_eq!(end.goodbye, Some(Code::TryLater));
    for (words, why) in [
        (
            &["change", "shop.example", "--guests", "no"][..],
            "--of alice@localhost",
        ),
        (&["change", "shop.example"], "--origin"),
        (
            &["change", "none.example", "--guests", "no"],
            "no site of this name",
        ),
        (
            &[
                "change",
                "shop.example",
                "--chat",
                "alice",
                "--of",
                "alice@localhost",
            ],
            "is no address",
        ),
    ] {
        let said = site(folder, words).expect_err("it is refused");
        assert!(said.contains(why), "{words:?}: {said}");
    }
}

#[tokio::test]
async fn neither_tokens_nor_names_of_visitors_stand_in_a_log_or_in_the_store() {
    let mut relay = Relay::start(options().set("log.level", "debug")).await;
    let (_, backend) = shop(&relay, json!({})).await;
    let mut named = claims("canary-sub");
    named["name"] = "canary-name".into();
    named["jti"] = "canary-jti".into();
    let minted = backend.signs(&named);
    let visitor = brings(&relay, &minted).await;
    let login = visitor.field("token");
    line_by(&relay, token(&login)).await;
    let (status, _) = relay.stop().await;
    assert!(status.success());
    let log = relay.log();
    for secret in ["canary", &backend.secret, &login, &minted, "shop.example"] {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }
    let holds = |file: &Path, text: &str| {
        let bytes = std::fs::read(file).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    for file in std::fs::read_dir(relay.folder()).expect("a folder") {
        let file = file.expect("a file").path();
        for secret in ["canary-sub", "canary-jti", &login, &minted] {
            assert!(
                !holds(&file, secret),
                "{secret} stands in {}",
                file.display()
            );
        }
    }
}
