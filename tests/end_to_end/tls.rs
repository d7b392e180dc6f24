//! HTTPS by the relay itself: what comes through, what happens when the certificate is replaced, and what it does not start with.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lamplight_core::code::Code;
use lamplight_core::private::Private;
use lamplight_core::wire::{Codec, Credentials, ToAgent, ToService, VERSION};
use lamplight_tests::outside::front::free_ports;
use lamplight_tests::outside::http::{Answer, Request, call, call_over};
use lamplight_tests::outside::line::hello;
use lamplight_tests::outside::people::words;
use lamplight_tests::outside::relay::{program, signal};
use lamplight_tests::outside::{Identity, Line, Options, PASSWORD, Relay, within};
use tempfile::TempDir;

const NAME: &str = "chat.example.org";
const ORIGIN: &str = "https://chat.example.org";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The files are looked at every five seconds, twice.
const NOTICED: Duration = Duration::from_secs(30);

/// What every relay of these tests is started with.
fn settings(certificate: &Path, key: &Path) -> Vec<(&'static str, String)> {
    let path = |path: &Path| path.display().to_string();
    vec![
        ("domain", "example.org".into()),
        ("contact", "mailto:host@example.org".into()),
        ("accounts.password_memory", "19 MiB".into()),
        ("accounts.password_passes", "2".into()),
        ("accounts.failures", "2 then 1 per 1 h".into()),
        ("tls.certificate", path(certificate)),
        ("tls.key", path(key)),
    ]
}

struct House {
    relay: Relay,
    plain: SocketAddr,
    files: TempDir,
}

impl House {
    async fn new(identity: &Identity) -> Self {
        let files = TempDir::new().expect("a temporary folder");
        let (certificate, key) = identity.write(files.path());
        let [plain] = free_ports().await;
        let mut options = Options::new().behind(ORIGIN);
        for (name, value) in settings(&certificate, &key) {
            options = options.set(name, &value);
        }
        options = options.set("tls.redirect", &plain.to_string());
        let relay = Relay::start(options).await;
        Self {
            relay,
            plain,
            files,
        }
    }

    async fn ask(&self, identity: &Identity, request: &Request) -> Answer {
        let stream = identity.dial(self.relay.address(), HERE).await;
        let answer = call_over(stream.expect("a line under TLS"), NAME, request).await;
        answer.unwrap_or_else(|error| panic!("{error}\n{}", self.relay.log()))
    }

    /// Whether who believes this certificate, and no other, gets a connection.
    async fn shows(&self, identity: &Identity) -> bool {
        identity.dial(self.relay.address(), HERE).await.is_ok()
    }

    async fn logs(&self, what: &str) {
        let logged = async || self.relay.log().contains(what).then_some(());
        within(NOTICED, what, logged).await;
    }
}

/// A line of somebody new, welcomed.
async fn enter(house: &House, identity: &Identity) -> Line {
    let body = words("alice", PASSWORD);
    let made = house
        .ask(identity, &Request::page_post(ORIGIN, "/v1/accounts", &body))
        .await;
    assert!(made.status < 300, "{} {}", made.status, made.text());
    let stream = identity.dial(house.relay.address(), HERE).await;
    let stream = stream.expect("a line under TLS");
    let mut line = Line::open_over(stream, NAME, Codec::Cbor).await;
    let credentials = Credentials::Token(Private(made.field("token")));
    line.send(&hello(VERSION, credentials, None)).await;
    line.welcome().await;
    line
}

async fn answers(line: &mut Line, number: u32) {
    let question = ToService::FetchInbox {
        number,
        with: None,
        before: None,
        limit: 1,
    };
    line.send(&question).await;
    let is_page =
        |frame: &ToAgent| matches!(frame, ToAgent::Page { number: of, .. } if *of == number);
    line.until("a page", is_page).await;
}

#[tokio::test]
async fn page_questions_and_lines_come_under_tls_and_nothing_without() {
    let identity = Identity::new(NAME);
    let mut house = House::new(&identity).await;
    assert!(house.relay.log().contains("ready at https://127.0.0.1:"));
    let page = house.ask(&identity, &Request::get("/")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("strict-transport-security").is_some());
    let mut line = enter(&house, &identity).await;
    answers(&mut line, 7).await;

    // There is no proxy, so nobody is believed who they are.
    let guess = async |claim: &str| {
        let request =
            Request::page_post(ORIGIN, "/v1/sessions", &words("alice", "wrong wrong wrong"))
                .header("x-forwarded-for", claim);
        house.ask(&identity, &request).await.code()
    };
    for claim in ["192.0.2.1", "198.51.100.1"] {
        assert_eq!(guess(claim).await, Code::WrongCredentials.slug());
    }
    assert_eq!(guess("203.0.113.1").await, Code::TooManyRequests.slug());

    // Without TLS: the one port says nothing, the other one where to go.
    assert!(
        call(house.relay.address(), &Request::get("/"))
            .await
            .is_err()
    );
    let led = call(house.plain, &Request::get("/v1/relay?x=1")).await;
    let led = led.expect("an answer");
    assert_eq!(
        (led.status, led.header("location")),
        (308, Some("https://chat.example.org/v1/relay?x=1"))
    );

    // The last words arrive before the process ends.
    let (status, _) = house.relay.stop().await;
    assert!(status.success());
    let end = line.end(Duration::from_secs(5)).await.expect("an end");
    assert_eq!((end.close, end.goodbye), (Some(1012), Some(Code::Draining)));
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart_and_a_bad_one_never() {
    let (first, second) = (Identity::new(NAME), Identity::new(NAME));
    let house = House::new(&first).await;
    let mut line = enter(&house, &first).await;

    second.write(house.files.path());
    signal(house.relay.pid(), "HUP");
    house.logs("a new certificate is shown").await;
    assert!(house.shows(&second).await && !house.shows(&first).await);
    answers(&mut line, 1).await;

    // One that is over already is told of, and the one before stays.
    Identity::holding(NAME, 2000, 2020).write(house.files.path());
    house
        .logs("is over since 2020-01-01T00:00:00Z: renew it")
        .await;
    assert!(house.shows(&second).await);

    // What is put right is noticed by itself.
    first.write(house.files.path());
    let shown = async || house.shows(&first).await.then_some(());
    within(NOTICED, "the first certificate again", shown).await;
    answers(&mut line, 2).await;
}

/// What a start with these files said.
fn refused(certificate: &Path, key: &Path) -> String {
    let folder = TempDir::new().expect("a temporary folder");
    let mut command = Command::new(program());
    command.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--public-url",
        ORIGIN,
        "--data",
    ]);
    command.arg(folder.path().join("data"));
    for (name, value) in settings(certificate, key) {
        command
            .arg(format!("--{}", name.replace(['.', '_'], "-")))
            .arg(value);
    }
    let output = command.output().expect("lamplight starts");
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn files_that_no_browser_would_take_end_the_start_with_what_to_do() {
    let folder = TempDir::new().expect("a temporary folder");
    let (certificate, key) = Identity::new(NAME).write(folder.path());
    let put = |identity: &Identity| identity.write(folder.path());
    let says = |certificate: &Path, key: &Path, what: &str, cure: &str| {
        let said = refused(certificate, key);
        assert!(
            said.contains(what) && said.contains(cure),
            "{what:?}: {said}"
        );
    };
    put(&Identity::holding(NAME, 2000, 2020));
    says(
        &certificate,
        &key,
        "is over since 2020-01-01T00:00:00Z",
        "renew it",
    );
    put(&Identity::holding(NAME, 4000, 4096));
    says(
        &certificate,
        &key,
        "holds from 4000-01-01T00:00:00Z on only",
        "clock",
    );
    put(&Identity::new("www.example.org"));
    says(
        &certificate,
        &key,
        "is not for chat.example.org",
        "get one for that name",
    );
    let other = TempDir::new().expect("a temporary folder");
    let (_, key_of_another) = Identity::new(NAME).write(other.path());
    put(&Identity::new(NAME));
    says(
        &certificate,
        &key_of_another,
        "does not belong to tls.certificate",
        "made together",
    );
    says(&key, &key, "no certificate in PEM", "fullchain.pem");
    says(
        &certificate,
        &certificate,
        "no private key in PEM",
        "privkey.pem",
    );
    says(
        Path::new("/nowhere/at/all"),
        &key,
        "/nowhere/at/all",
        "may read",
    );
    says(
        &certificate,
        Path::new(""),
        "tls.certificate and tls.key belong together",
        "set both",
    );
}
