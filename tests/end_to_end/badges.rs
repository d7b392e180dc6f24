//! The badge on pages of other sites: what it is, what it says of whom, how often it is asked for, and who is counted by it.

use std::time::Duration;

use lamplight_core::code::Code;
use lamplight_core::ledger::{Kind, WatcherName, Watchers};
use lamplight_core::presence::{Activity, PresenceTuple, Status, TupleKind, by_hand};
use lamplight_core::rules::{AccessRule, AccessRules, Decision, Login, Part, Who};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{OwnPresentity, ToAgent, ToService};
use lamplight_tests::outside::http::{Answer, Request};
use lamplight_tests::outside::{Account, Line, Options, PASSWORD, Relay, within};
use serde_json::json;

use crate::asking::{carried_out, decides, line};
use crate::doors::refuses;

/// Several times as long as one answer holds.
const LONG: Duration = Duration::from_secs(40);

/// Somebody who is there and shows their availability on other sites.
pub async fn public(relay: &Relay, name: &str) -> (Account, Line) {
    let account = Account::sign_up(relay, name).await;
    let mut line = line(relay, &account).await;
    decides(
        &mut line,
        Who::Visitor,
        Decision::Availability,
        Login::Nobody,
    )
    .await;
    publish(&mut line, tuple("desk", TupleKind::Device, None)).await;
    (account, line)
}

fn tuple(id: &str, kind: TupleKind, activity: Option<Activity>) -> PresenceTuple {
    let mut status = Status::open();
    status.activities.extend(activity);
    PresenceTuple {
        id: lamplight_core::address::Token::parse(id).unwrap(),
        kind,
        status,
        address: None,
        markup: Vec::new(),
        since: Timestamp(1_795_400_000_000),
        until: None,
        hours: Vec::new(),
        only_open: false,
    }
}

pub fn set_by_hand(activity: Activity) -> PresenceTuple {
    PresenceTuple {
        id: by_hand(),
        ..tuple("x", TupleKind::Person, Some(activity))
    }
}

/// Publishes and waits until one's own view shows it.
pub async fn publish(line: &mut Line, tuple: PresenceTuple) {
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

/// As a page of this site asks for a picture.
async fn from(relay: &Relay, site: &str, path: &str) -> Answer {
    let referer = format!("https://{site}/");
    get(relay, path, &[("referer", &referer)]).await
}

/// An answer without what differs from one second to the next.
fn plain(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date");
    (answer.status, headers.cloned().collect(), answer.text())
}

fn title(answer: &Answer) -> String {
    let text = answer.text();
    let title = text.split_once("<title id=\"t\">");
    let title = title.and_then(|(_, rest)| rest.split_once("</title>"));
    title.unwrap_or_else(|| panic!("{text}")).0.to_owned()
}

/// None: asked too soon after the last time.
pub async fn watchers(line: &mut Line) -> Option<Watchers> {
    let presentity = lamplight_core::address::Presentity::parse("alice@localhost").unwrap();
    let frame = ToService::FetchWatchers {
        number: 77,
        presentity,
    };
    line.send(&frame).await;
    let is_answer =
        |frame: &ToAgent| matches!(frame, ToAgent::Watchers { .. } | ToAgent::Refused { .. });
    match line.until("the watchers", is_answer).await {
        ToAgent::Watchers { watchers, .. } => Some(watchers),
        ToAgent::Refused { refusal, .. } if refusal.code == Code::TooManyRequests => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_badge_is_a_picture_that_any_page_may_show() {
    let relay = Relay::start(Options::new()).await;
    let (_, mut line) = public(&relay, "alice").await;
    let path = "/v1/presence/alice@localhost.svg";
    let answer = from(&relay, "shop.example", path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for (name, value) in [
        ("content-type", "image/svg+xml"),
        (
            "cache-control",
            "public, max-age=30, stale-while-revalidate=60",
        ),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("vary", "accept"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.ends_with("sandbox"),
        "{policy}"
    );
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(title(&answer), "alice: available");

    // The same by what is accepted, as browsers ask for pictures.
    let accept = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
    let chosen = get(
        &relay,
        "/v1/presence/alice@localhost",
        &[("accept", accept)],
    )
    .await;
    assert_eq!(chosen.text(), answer.text());

    // What one has already is not sent again; when it changed it is.
    let tag = answer.header("etag").expect("a tag").to_owned();
    let again = get(&relay, path, &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    assert_eq!(
        again.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
    publish(&mut line, set_by_hand(Activity::Busy)).await;
    let referer = ("referer", "https://other.example/");
    let changed = get(&relay, path, &[("if-none-match", &tag), referer]).await;
    assert_eq!(changed.status, 200);
    assert_eq!(title(&changed), "alice: not available");

    // What shields.io draws from.
    let shields = from(
        &relay,
        "third.example",
        "/v1/presence/alice@localhost.shields",
    )
    .await;
    assert_eq!(shields.header("content-type"), Some("application/json"));
    assert_eq!(
        shields.json(),
        json!({ "schemaVersion": 1, "label": "alice", "message": "not available", "color": "#57606a" })
    );
    // What programs read is for other sites too, unless somebody has signed in.
    let open = get(
        &relay,
        "/v1/presence/alice@localhost",
        &[("origin", "https://fourth.example")],
    )
    .await;
    assert_eq!(open.header("access-control-allow-origin"), Some("*"));
    assert_eq!(open.json()["person"]["word"], "not_available");
}

#[tokio::test]
async fn a_badge_that_was_never_switched_on_is_that_of_nobody_to_the_byte() {
    let relay = Relay::start(Options::new()).await;
    let quiet = Account::sign_up(&relay, "quiet").await;
    let _there = line(&relay, &quiet).await;
    let (_, mut off) = public(&relay, "off").await;
    carried_out(&mut off, &with_rules(Vec::new())).await;
    for (name, decision) in [("blocks", Decision::Block), ("denies", Decision::Deny)] {
        let account = Account::sign_up(&relay, name).await;
        let mut line = line(&relay, &account).await;
        decides(&mut line, Who::Anyone, decision, Login::Nobody).await;
    }
    for end in [
        ".svg?label=x",
        ".svg?label=x&style=plain",
        ".shields?label=x",
    ] {
        let nobody = get(&relay, &format!("/v1/presence/nobody@localhost{end}"), &[]).await;
        assert_eq!(nobody.status, 200);
        assert!(nobody.text().contains("not shared"), "{}", nobody.text());
        for name in ["quiet", "off", "blocks", "denies", "quiet+tag", "admin"] {
            let path = format!("/v1/presence/{name}@localhost{end}");
            let answer = get(&relay, &path, &[]).await;
            assert_eq!(plain(&answer), plain(&nobody), "{name}{end}");
            let tag = nobody.header("etag").unwrap_or_default();
            let again = get(&relay, &path, &[("if-none-match", tag)]).await;
            assert_eq!(again.status, 304, "{name}{end}");
        }
        let path = format!("/v1/presence/quiet@elsewhere{end}");
        let elsewhere = get(&relay, &path, &[]).await;
        assert_eq!(plain(&elsewhere), plain(&nobody));
    }
    // Without a label it is what was asked for that differs (nobody has these same letters), and nothing else.
    let of = async |name: &str| {
        let path = format!("/v1/presence/{name}@localhost.svg");
        get(&relay, &path, &[]).await.text().replace(name, "*****")
    };
    assert_eq!(of("quiet").await, of("qieut").await);
}

fn with_rules(rules: Vec<AccessRule>) -> ToService {
    ToService::SetPresentity {
        number: 78,
        own: OwnPresentity {
            tag: None,
            label: None,
            rules: AccessRules {
                rules,
                ..AccessRules::default()
            },
        },
    }
}

#[tokio::test]
async fn the_offline_the_invisible_and_the_blocking_have_one_badge_to_the_byte() {
    let relay = Relay::start(Options::quick()).await;
    let activity = Part {
        activity: true,
        ..Part::AVAILABILITY
    };
    let shows = |decision| AccessRule {
        who: Who::Visitor,
        decision,
        needs: Login::Nobody,
        from: None,
        until: None,
    };
    for (turn, decision) in [Decision::Availability, Decision::Chosen(activity)]
        .into_iter()
        .enumerate()
    {
        let name = |name: &str| format!("{name}{turn}");
        let (_, mut gone) = public(&relay, &name("gone")).await;
        let (_, mut hidden) = public(&relay, &name("hidden")).await;
        let (_, mut blocking) = public(&relay, &name("blocking")).await;
        for line in [&mut gone, &mut hidden, &mut blocking] {
            carried_out(line, &with_rules(vec![shows(decision.clone())])).await;
        }
        let badge = async |who: &str, site: &str| {
            let path = format!("/v1/presence/{}@localhost.svg?label=", name(who));
            from(&relay, site, &path).await
        };
        assert_eq!(title(&badge("gone", "before.example").await), "available");
        gone.send(&ToService::Bye).await;
        publish(&mut hidden, set_by_hand(Activity::Invisible)).await;
        let mut block = shows(Decision::Block);
        block.who = Who::Anyone;
        let both = vec![block, shows(decision.clone())];
        carried_out(&mut blocking, &with_rules(both)).await;
        let word = ["not available", "offline"][turn];
        for at in 0..30 {
            let answer = badge("gone", &format!("{at}.example")).await;
            if title(&answer) == word {
                break;
            }
            assert!(at < 29, "{}", title(&answer));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let of_gone = badge("gone", "after.example").await;
        for who in ["hidden", "blocking"] {
            let answer = badge(who, "after.example").await;
            assert_eq!(plain(&answer), plain(&of_gone), "{who}");
        }
    }
}

#[tokio::test]
async fn what_a_badge_is_asked_for_is_bounded_and_escaped() {
    let relay = Relay::start(Options::new()).await;
    let path = "/v1/presence/alice@localhost.svg";
    let hostile = "%3C/title%3E%3Cscript%3Ealert(1)%3C/script%3E%26%22%27";
    for style in ["flat", "plain", "for-the-badge"] {
        let asked = format!("{path}?style={style}&theme=dark&label={hostile}");
        let answer = get(&relay, &asked, &[]).await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        assert!(!text.to_lowercase().contains("<script"), "{text}");
        let told =
            "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&apos;: not shared";
        assert_eq!(title(&answer), told);
    }
    let long = format!("label={}", "x".repeat(61));
    for (asked, says) in [
        ("style=shiny", "flat, plain or for-the-badge"),
        ("theme=pink", "auto, light or dark"),
        ("label=%0A", "one line"),
        (long.as_str(), "at most 60"),
        ("theme=dark&theme=dark", "more than once"),
    ] {
        let answer = get(&relay, &format!("{path}?{asked}"), &[]).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, Code::BadFrame.slug())
        );
        let message = answer.field("message");
        assert!(message.contains(says), "{asked}: {message}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    refuses(
        &get(&relay, "/v1/presence/alice.svg", &[]).await,
        400,
        Code::BadAddress,
    );
}

#[tokio::test]
async fn a_page_that_many_read_locks_nobody_out_and_each_of_them_is_counted() {
    let relay = Relay::start(Options::new()).await;
    let (_, line) = public(&relay, "alice").await;
    let path = "/v1/presence/alice@localhost.svg";
    for _ in 0..300 {
        assert_eq!(from(&relay, "Shop.Example:443", path).await.status, 200);
    }
    for _ in 0..7 {
        assert_eq!(get(&relay, path, &[]).await.status, 200);
    }
    let looks = relay
        .metric("lamplight_looks_total")
        .await
        .expect("counted");
    assert!(looks <= 4.0, "{looks} questions for 307 readers");
    let line = tokio::sync::Mutex::new(line);
    let counting = within(LONG, "all of them to be counted", || async {
        let seen = watchers(&mut *line.lock().await).await?;
        assert!(seen.named.iter().all(|row| row.kind == Kind::Fetcher));
        let rows = seen.named.into_iter();
        let mut rows: Vec<_> = rows.map(|row| (row.watcher, row.count)).collect();
        rows.sort();
        let all: u32 = rows.iter().map(|(_, count)| count).sum();
        (all >= 307).then_some(rows)
    });
    assert_eq!(
        counting.await.0,
        [
            (WatcherName::Site("shop.example".into()), 300),
            (WatcherName::Nobody, 7),
        ]
    );
}

/// What is held for readers to come is held no more when its owner has been told that it is off.
#[tokio::test]
async fn a_badge_that_was_switched_off_is_off_for_whoever_asks_next() {
    let relay = Relay::start(Options::new()).await;
    let (_, mut line) = public(&relay, "alice").await;
    let path = "/v1/presence/alice@localhost.svg?label=";
    for _ in 0..2 {
        let on = from(&relay, "shop.example", path).await;
        assert_eq!(title(&on), "available");
        decides(&mut line, Who::Visitor, Decision::Deny, Login::Nobody).await;
        let off = from(&relay, "shop.example", path).await;
        assert_eq!(title(&off), "not shared");
        decides(
            &mut line,
            Who::Visitor,
            Decision::Availability,
            Login::Nobody,
        )
        .await;
    }
}

#[tokio::test]
async fn who_asks_too_often_for_a_badge_is_told_when_to_come_again() {
    let options = Options::new().set("limits.polls", "1 then 1 per 1 h");
    let relay = Relay::start(options).await;
    let (_, _line) = public(&relay, "alice").await;
    for name in ["alice", "nobody"] {
        let path = format!("/v1/presence/{name}@localhost.svg");
        assert_eq!(get(&relay, &path, &[]).await.status, 200);
    }
    // When the answers that are held have ended.
    for name in ["alice", "nobody"] {
        let path = format!("/v1/presence/{name}@localhost.svg");
        let (late, _) = within(LONG, "a refusal", || async {
            let answer = get(&relay, &path, &[]).await;
            (answer.status == 429).then_some(answer)
        })
        .await;
        refuses(&late, 429, Code::TooManyRequests);
        let wait = late.header("retry-after").and_then(|it| it.parse().ok());
        assert!(
            wait.is_some_and(|wait: u64| wait > 3_000),
            "{name} {wait:?}"
        );
    }
}

#[tokio::test]
async fn ones_own_badge_is_what_visitors_see_at_this_moment_and_counts_nobody() {
    let relay = Relay::start(Options::new()).await;
    let body = json!({ "name": "alice", "password": PASSWORD });
    let entered = Request::page_post(&relay.origin(), "/v1/accounts", &body);
    let cookie = relay.call(&entered).await.cookie().expect("a cookie");
    let account = Account::sign_in(&relay, "alice").await;
    let mut line = line(&relay, &account).await;
    publish(&mut line, tuple("desk", TupleKind::Device, None)).await;
    let path = "/v1/presence/alice@localhost.svg";
    let own = async || get(&relay, path, &[("cookie", &cookie)]).await;
    for _ in 0..10 {
        let off = own().await;
        assert_eq!(title(&off), "alice: not shared", "also to herself");
        assert_eq!(off.header("cache-control"), Some("private, no-cache"));
        decides(
            &mut line,
            Who::Visitor,
            Decision::Availability,
            Login::Nobody,
        )
        .await;
        assert_eq!(title(&own().await), "alice: available");
        carried_out(&mut line, &with_rules(Vec::new())).await;
    }
    assert_eq!(watchers(&mut line).await, Some(Watchers::default()));
    // Whom she has looked at is told anew to everyone.
    assert_eq!(title(&get(&relay, path, &[]).await), "alice: not shared");
    decides(
        &mut line,
        Who::Visitor,
        Decision::Availability,
        Login::Nobody,
    )
    .await;
    own().await;
    assert_eq!(title(&get(&relay, path, &[]).await), "alice: available");
}
