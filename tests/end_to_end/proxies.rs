//! The proxies that the guide has snippets for, with those very snippets: what browsers need comes through, and each
//! visitor is known by their own address whatever they write.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use lamplight_core::code::Code;
use lamplight_core::private::Private;
use lamplight_core::wire::{Codec, Credentials, ToAgent, ToService, VERSION};
use lamplight_tests::outside::front::{self, Front, free_ports, put, snippets};
use lamplight_tests::outside::http::{Answer, Request, call, call_over};
use lamplight_tests::outside::line::hello;
use lamplight_tests::outside::people::words;
use lamplight_tests::outside::{Account, Identity, Line, Options, PASSWORD, Relay};
use tempfile::TempDir;

const GUIDE: &str = include_str!("../../docs/SELF_HOSTING.md");
const NAME: &str = "chat.example.org";
const ORIGIN: &str = "https://chat.example.org";
/// What the guide's snippets give a silent line, and what the test does.
const IDLE: (&str, &str) = ("75s", "3s");
const IDLE_OUT: Duration = Duration::from_secs(3);

/// Two visitors in networks of their own; the proxy itself is 127.0.0.1.
const ALICE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1));
const BOB: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 2, 1));

/// A relay that others reach, which pings more often than the proxies of this test lose patience.
async fn relay() -> Relay {
    let options = Options::new()
        .behind(ORIGIN)
        .set("domain", "example.org")
        .set("contact", "mailto:host@example.org")
        .set("accounts.password_memory", "19 MiB")
        .set("accounts.password_passes", "2")
        .set("accounts.failures", "3 then 1 per 1 h")
        .set("bounds.ping", "1 s")
        .set("bounds.pong", "1 s");
    Relay::start(options).await
}

/// A proxy with TLS before a relay.
struct Way {
    relay: Relay,
    identity: Identity,
    plain: SocketAddr,
    secure: SocketAddr,
    _front: Front,
}

impl Way {
    async fn nginx() -> Self {
        let (relay, identity) = (relay().await, Identity::new(NAME));
        let [plain, secure] = free_ports().await;
        let folder = TempDir::new().expect("a temporary folder");
        let (certificate, key) = identity.write(folder.path());
        let mut site = snippets(GUIDE, "nginx").concat();
        put(&mut site, "127.0.0.1:2778", &relay.address().to_string());
        put(&mut site, "listen 80;", &format!("listen {plain};"));
        put(
            &mut site,
            "listen 443 ssl;",
            &format!("listen {secure} ssl;"),
        );
        let place = "/etc/letsencrypt/live/chat.example.org";
        let paths = [("fullchain.pem", certificate), ("privkey.pem", key)];
        for (name, path) in paths {
            put(
                &mut site,
                &format!("{place}/{name}"),
                path.to_str().expect("a path"),
            );
        }
        put(&mut site, IDLE.0, IDLE.1);
        let here = folder.path().display();
        let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let kept = kept.map(|name| format!("{name}_temp_path {here}/{name};\n"));
        let whole = format!(
            "daemon off;\npid {here}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{}\n{site}\n}}\n",
            kept.concat()
        );
        std::fs::write(folder.path().join("nginx.conf"), whole).expect("a folder of ours");
        let conf = folder.path().join("nginx.conf");
        let conf = conf.to_str().expect("a path").to_owned();
        let program = front::program("LAMPLIGHT_NGINX", "nginx");
        let words = ["-e", "stderr", "-c", &conf];
        let front = Front::start(program, folder, &words, &[plain, secure]).await;
        Self {
            relay,
            identity,
            plain,
            secure,
            _front: front,
        }
    }

    async fn haproxy() -> Self {
        let (relay, identity) = (relay().await, Identity::new(NAME));
        let [plain, secure] = free_ports().await;
        let folder = TempDir::new().expect("a temporary folder");
        let both = folder.path().join("both.pem");
        let text = format!("{}{}", identity.certificate, identity.key);
        std::fs::write(&both, text).expect("a folder of ours");
        let mut whole = snippets(GUIDE, "haproxy").concat();
        put(&mut whole, "127.0.0.1:2778", &relay.address().to_string());
        put(&mut whole, "bind :80\n", &format!("bind {plain}\n"));
        put(&mut whole, "bind :443 ", &format!("bind {secure} "));
        let path = both.to_str().expect("a path");
        put(&mut whole, "/etc/haproxy/chat.example.org.pem", path);
        put(&mut whole, IDLE.0, IDLE.1);
        std::fs::write(folder.path().join("haproxy.cfg"), whole).expect("a folder of ours");
        let program = front::program("LAMPLIGHT_HAPROXY", "haproxy");
        let words = ["-db", "-f", "haproxy.cfg"];
        let front = Front::start(program, folder, &words, &[plain, secure]).await;
        Self {
            relay,
            identity,
            plain,
            secure,
            _front: front,
        }
    }

    async fn try_ask(&self, from: IpAddr, request: &Request) -> std::io::Result<Answer> {
        let stream = self.identity.dial(self.secure, from).await?;
        call_over(stream, NAME, request).await
    }

    async fn ask(&self, from: IpAddr, request: &Request) -> Answer {
        let answer = self.try_ask(from, request).await;
        answer.unwrap_or_else(|error| panic!("{error}\n{}", self.relay.log()))
    }

    /// A sign-in with a wrong password, with whatever the visitor writes of where they are.
    async fn guess(&self, from: IpAddr, written: &str) -> String {
        let body = words("carol", "a guess that is wrong");
        let request = Request::page_post(ORIGIN, "/v1/sessions", &body)
            .header("x-forwarded-for", written)
            .header("forwarded", &format!("for={written}"))
            .header("x-real-ip", written);
        self.ask(from, &request).await.code()
    }
}

async fn everything_comes_through(way: Way) {
    let relay = &way.relay;
    // The page, and what it may do.
    let page = way.ask(ALICE, &Request::get("/")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.header("strict-transport-security").is_some());
    let body = words("carol", PASSWORD);
    let made = way
        .ask(ALICE, &Request::page_post(ORIGIN, "/v1/accounts", &body))
        .await;
    assert!(made.status < 300, "{} {}", made.status, made.text());
    assert_eq!(made.field("principal"), "carol@example.org");

    // What is too large is refused in words, and what is far too large by whoever notices first.
    let large = |size| Request::page_post(ORIGIN, "/v1/accounts", &body).body(vec![b'a'; size]);
    let refused = way.ask(ALICE, &large(17 * 1024)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (413, Code::TooLarge.slug())
    );
    // HAProxy may close the line while all that is still on its way.
    if let Ok(refused) = way.try_ask(ALICE, &large(2 << 20)).await {
        assert_eq!(refused.status, 413);
    }

    // A line is opened, and lives without a word for longer than the proxy bears silence.
    let stream = way
        .identity
        .dial(way.secure, ALICE)
        .await
        .expect("a line under TLS");
    let mut line = Line::open_over(stream, NAME, Codec::Cbor).await;
    let credentials = Credentials::Token(Private(made.field("token")));
    line.send(&hello(VERSION, credentials, None)).await;
    line.welcome().await;
    let begun = Instant::now();
    while begun.elapsed() < IDLE_OUT * 3 / 2 {
        line.pinged().await.expect("the line to live");
    }
    let question = ToService::FetchInbox {
        number: 7,
        with: None,
        before: None,
        limit: 1,
    };
    line.send(&question).await;
    line.until("a page", |frame| {
        matches!(frame, ToAgent::Page { number: 7, .. })
    })
    .await;

    // Who guesses passwords is stopped, whatever address they claim; the neighbour is not.
    for claim in ["203.0.113.1", "203.0.113.2", "127.0.0.1"] {
        assert_eq!(way.guess(ALICE, claim).await, Code::WrongCredentials.slug());
    }
    for claim in ["203.0.113.4", "127.0.2.1", "unknown"] {
        assert_eq!(way.guess(ALICE, claim).await, Code::TooManyRequests.slug());
    }
    assert_eq!(
        way.guess(BOB, "127.0.1.1").await,
        Code::WrongCredentials.slug()
    );
    let right = Request::page_post(ORIGIN, "/v1/sessions", &words("carol", PASSWORD));
    assert!(way.ask(BOB, &right).await.status < 300);

    // Without TLS there is only the way to it.
    let request = Request::get("/v1/relay?x=1").header("host", NAME);
    let led = call(way.plain, &request).await.expect("an answer");
    assert!([301, 308].contains(&led.status), "{}", led.status);
    assert_eq!(
        led.header("location"),
        Some("https://chat.example.org/v1/relay?x=1")
    );

    // The limits for each address are those of visitors: the proxy itself may have any number.
    assert!(
        !relay.log().contains("a proxy does not say"),
        "{}",
        relay.log()
    );
}

#[tokio::test]
async fn nginx_as_the_guide_has_it_lets_everything_through() {
    everything_comes_through(Way::nginx().await).await;
}

#[tokio::test]
async fn haproxy_as_the_guide_has_it_lets_everything_through() {
    everything_comes_through(Way::haproxy().await).await;
}

#[tokio::test]
async fn what_a_proxy_was_asked_without_tls_is_led_to_it_and_nothing_is_done() {
    let relay = relay().await;
    let plain = |request: Request| {
        request
            .header("x-forwarded-for", "192.0.2.7")
            .header("x-forwarded-proto", "http")
    };
    let led = relay.call(&plain(Request::get("/v1/relay?x=1"))).await;
    assert_eq!(
        (led.status, led.header("location")),
        (308, Some("https://chat.example.org/v1/relay?x=1"))
    );
    let body = words("alice", PASSWORD);
    let refused = relay
        .call(&plain(Request::page_post(ORIGIN, "/v1/accounts", &body)))
        .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, Code::WrongOrigin.slug())
    );
    // Nobody was made by it.
    Account::sign_up(&relay, "alice").await;
}

#[tokio::test]
async fn a_proxy_that_says_nothing_of_its_visitors_is_told_of_once() {
    let relay = relay().await;
    for name in ["alice", "bob"] {
        Account::sign_up(&relay, name).await;
    }
    let said = relay
        .log()
        .matches("a proxy does not say who its visitors are")
        .count();
    assert_eq!(said, 1, "{}", relay.log());
}

#[test]
fn the_guide_gives_silent_lines_longer_than_the_relay_is_silent() {
    // Ping and pong together are the longest silence of a line that lives.
    let silence = lamplight::config::Config::default().bounds;
    let silence = (silence.ping + silence.pong).as_secs();
    for language in ["nginx", "haproxy"] {
        let text = snippets(GUIDE, language).concat();
        let waits = text.lines().filter(|line| line.contains(IDLE.0)).count();
        assert!(waits > 0 && silence < 75, "{language}: {silence}");
    }
}
