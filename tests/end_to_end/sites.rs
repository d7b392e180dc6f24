//! Sites: who registers them over HTTP and at the command line, also while the relay runs, and which pages show a chat.

use std::path::Path;
use std::process::Command;

use lamplight_core::address::Principal;
use lamplight_core::code::Code;
use lamplight_tests::outside::http::{Answer, Request};
use lamplight_tests::outside::relay::program;
use lamplight_tests::outside::{Account, Options, Relay};
use serde_json::{Value, json};

use crate::asking::{call, done};
use crate::doors::refuses;

pub const SHOP: &str = "https://shop.example";

/// Nobody but registered sites shows a chat, and accounts may register them.
pub fn options() -> Options {
    Options::new().set("sites.unregistered", "closed")
}

/// What `lamplight site` said, and whether it did what it was told.
pub fn site(folder: &Path, words: &[&str]) -> Result<String, String> {
    let output = Command::new(program())
        .arg("site")
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

/// A refusal of whoever sets up a site: it says in words of its own what was wrong.
fn tells(answer: &Answer, status: u16, code: Code) {
    let whole = format!("{} {}", answer.status, answer.text());
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code.slug()),
        "{whole}"
    );
    assert_ne!(answer.field("message"), code.sentence());
}

/// Registers a site by HTTP, for its maker.
pub async fn registers(relay: &Relay, who: &Account, more: Value) -> Answer {
    let mut body = json!({ "name": "shop.example", "origins": [SHOP] });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    call(relay, who, "POST", "/v1/sites", Some(body)).await
}

async fn frame(relay: &Relay, to: &str, origin: &str) -> Answer {
    relay
        .get(&format!("/embed/chat?to={to}&origin={origin}"))
        .await
}

fn ancestors(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy").expect("a policy");
    let mut rules = policy.split("; ");
    let rule = rules.find_map(|rule| rule.strip_prefix("frame-ancestors "));
    rule.expect("a rule about frames").to_owned()
}

#[tokio::test]
async fn an_account_registers_a_site_for_its_own_addresses_and_sees_no_others() {
    let relay = Relay::start(options()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let group = json!({ "name": "support", "members": ["bob"] });
    done(&relay, &alice, "POST", "/v1/groups", Some(group)).await;

    let made = registers(&relay, &alice, json!({})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    assert_eq!(
        made["chat"],
        json!(["alice@localhost"]),
        "by default her own"
    );
    let secret = made["keys"][0]["secret"].as_str().expect("a secret");
    assert!(secret.starts_with("lamp_") && secret.len() > 40);
    let listed = done(&relay, &alice, "GET", "/v1/sites", None).await;
    assert_eq!(listed.json()["sites"][0]["name"], "shop.example");
    assert!(!listed.text().contains(secret), "it is told once");
    let none = done(&relay, &bob, "GET", "/v1/sites", None).await;
    assert_eq!(none.json(), json!({ "sites": [] }));

    for (more, status, code) in [
        (json!({}), 409, Code::NameTaken),
        (
            json!({ "name": "www.shop.example", "origins": ["https://www.shop.example", SHOP] }),
            409,
            Code::NameTaken,
        ),
        (json!({ "name": "bank.example" }), 400, Code::BadName),
        (
            json!({ "name": "a b", "origins": ["https://other.example"] }),
            400,
            Code::BadName,
        ),
        (
            json!({ "name": "other.example", "origins": ["http://other.example"] }),
            400,
            Code::BadFrame,
        ),
        (
            json!({ "name": "other.example", "origins": [] }),
            400,
            Code::BadFrame,
        ),
        (
            json!({ "name": "other.example", "origins": ["https://other.example"], "chat": ["bob@localhost"] }),
            403,
            Code::NotAllowed,
        ),
        (
            json!({ "name": "other.example", "origins": ["https://other.example"], "chat": ["nobody@localhost"] }),
            403,
            Code::NotAllowed,
        ),
        (
            json!({ "name": "other.example", "origins": ["https://other.example"], "chat": ["alice+x@localhost"] }),
            404,
            Code::UnknownAddress,
        ),
        (
            json!({ "name": "other.example", "origins": ["https://other.example"], "key": { "alg": "none" } }),
            400,
            Code::BadFrame,
        ),
        (
            json!({ "name": "other.example", "origins": ["https://other.example"], "key": { "alg": "RS256" } }),
            400,
            Code::BadFrame,
        ),
        (
            json!({ "name": "other.example", "origins": ["https://other.example"], "visitor_life_ms": 1 }),
            400,
            Code::BadFrame,
        ),
    ] {
        tells(&registers(&relay, &alice, more).await, status, code);
    }
    // What was wrong is said in words.
    for (more, why) in [
        (json!({}), "a site of this name is registered already."),
        (
            json!({ "name": "x.example", "origins": ["http://x.example"] }),
            "use https",
        ),
        (
            json!({ "name": "x.example", "origins": ["https://x.example"], "key": { "alg": "RS256", "public_key": "x" } }),
            "no public key",
        ),
        (
            json!({ "name": "x.example", "origins": ["https://y.example"] }),
            "the host of one of its origins",
        ),
    ] {
        let said = registers(&relay, &alice, more).await.field("message");
        assert!(said.contains(why), "{said}");
    }
    let support = |chat: &str| json!({ "name": "help.example", "origins": ["https://help.example"], "chat": [chat] });
    // A member who does not own the group registers nothing for it.
    let foreign = registers(&relay, &bob, support("support@localhost")).await;
    tells(&foreign, 403, Code::NotAllowed);
    let own = registers(&relay, &alice, support("support@localhost")).await;
    assert_eq!(own.status, 201, "{}", own.text());

    for (method, path) in [
        ("DELETE", "/v1/sites/shop.example"),
        ("POST", "/v1/sites/shop.example/rotate"),
    ] {
        let foreign = call(&relay, &bob, method, path, None).await;
        tells(&foreign, 404, Code::NotFound);
        let unknown = call(&relay, &bob, method, &path.replace("shop", "none"), None).await;
        assert_eq!(foreign.text(), unknown.text());
    }
    // Nobody proves that a page is theirs, so nobody takes it from others: bob shows his own chat there, and only his.
    let of_bob = registers(&relay, &bob, json!({ "guests": true })).await;
    assert_eq!(of_bob.status, 201, "{}", of_bob.text());
    for whom in ["alice@localhost", "bob@localhost"] {
        assert_eq!(frame(&relay, whom, SHOP).await.status, 200);
    }
    done(&relay, &alice, "DELETE", "/v1/sites/Shop.example", None).await;
    assert_eq!(frame(&relay, "bob@localhost", SHOP).await.status, 200);
    let gone = frame(&relay, "alice@localhost", SHOP).await;
    refuses(&gone, 404, Code::UnknownSite);
    // Its name and origin are free again.
    assert_eq!(registers(&relay, &alice, json!({})).await.status, 201);
}

#[tokio::test]
async fn who_has_no_account_registers_nothing_and_where_it_is_closed_nobody_does() {
    let relay = Relay::start(options().set("sites.register", "closed")).await;
    let alice = Account::sign_up(&relay, "alice").await;
    refuses(
        &registers(&relay, &alice, json!({})).await,
        403,
        Code::NotAllowed,
    );
    refuses(&relay.get("/v1/sites").await, 401, Code::NotSignedIn);
    let guest = Request::new("POST", "/v1/guests")
        .header("x-lamplight", "1")
        .json(&json!({ "token": true }));
    let guest = relay.call(&guest).await;
    let guest = Account {
        principal: Principal::parse(&guest.field("principal")).expect("a principal"),
        token: guest.field("token"),
    };
    refuses(
        &registers(&relay, &guest, json!({})).await,
        403,
        Code::NotAllowed,
    );
    // Whoever runs the relay may all the same.
    let words = [
        "add",
        "shop.example",
        "--origin",
        SHOP,
        "--chat",
        "alice@localhost",
    ];
    site(relay.folder(), &words).expect("it is registered");
}

#[tokio::test]
async fn a_chat_is_framed_by_the_pages_of_its_site_alone() {
    let relay = Relay::start(options()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    Account::sign_up(&relay, "bob").await;
    let origins = json!({ "origins": [SHOP, "https://www.shop.example:8443"] });
    assert_eq!(registers(&relay, &alice, origins).await.status, 201);

    let shown = frame(&relay, "alice@localhost", SHOP).await;
    assert_eq!(shown.status, 200);
    assert_eq!(
        ancestors(&shown),
        "https://shop.example https://www.shop.example:8443"
    );
    assert_eq!(shown.header("x-frame-options"), None);
    assert_eq!(
        shown.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(
        shown.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
    let encoded = frame(&relay, "alice%40localhost", "https%3A%2F%2Fshop.example").await;
    assert_eq!(encoded.status, 200);

    let refused = frame(&relay, "alice@localhost", "https://evil.example").await;
    for (to, origin) in [
        ("alice@localhost", "https://evil.example"),
        ("alice@localhost", "https://shop.example.evil.example"),
        ("alice@localhost", "http://shop.example"),
        ("alice@localhost", "https://shop.example:444"),
        ("alice@localhost", "null"),
        ("alice@localhost", "*"),
        ("alice@localhost", ""),
        ("bob@localhost", SHOP),
        ("nobody@localhost", SHOP),
        ("alice", SHOP),
        ("", SHOP),
        // Twice is as good as never: nobody may choose which of the two counts.
        ("alice@localhost&to=bob@localhost", SHOP),
        (
            "alice@localhost",
            "https://shop.example&origin=https://evil.example",
        ),
    ] {
        let answer = frame(&relay, to, origin).await;
        refuses(&answer, 404, Code::UnknownSite);
        assert_eq!(ancestors(&answer), "'none'", "{to} {origin}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.text(), refused.text(), "{to} {origin}");
    }
    // The relay's own page is framed by nobody.
    let page = relay.get("/").await;
    assert_eq!(ancestors(&page), "'none'");
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
}

#[tokio::test]
async fn a_site_shows_no_chat_of_a_group_that_its_maker_owns_no_more() {
    let relay = Relay::start(options()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let bob = Account::sign_up(&relay, "bob").await;
    let group = json!({ "name": "support", "members": ["bob"] });
    done(&relay, &alice, "POST", "/v1/groups", Some(group)).await;
    let chat = json!({ "chat": ["support@localhost"] });
    assert_eq!(registers(&relay, &alice, chat).await.status, 201);
    assert_eq!(frame(&relay, "support@localhost", SHOP).await.status, 200);
    let owner = json!({ "owner": true });
    done(
        &relay,
        &alice,
        "PUT",
        "/v1/groups/support/members/bob",
        Some(owner),
    )
    .await;
    done(
        &relay,
        &bob,
        "DELETE",
        "/v1/groups/support/members/alice",
        None,
    )
    .await;
    let gone = frame(&relay, "support@localhost", SHOP).await;
    refuses(&gone, 404, Code::UnknownSite);
}

#[tokio::test]
async fn where_it_is_open_any_page_shows_a_chat_but_only_its_own() {
    let relay = Relay::start(Options::new()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    Account::sign_up(&relay, "bob").await;
    let blog = frame(&relay, "alice@localhost", "https://blog.example").await;
    assert_eq!(
        (blog.status, ancestors(&blog).as_str()),
        (200, "https://blog.example")
    );
    let opaque = frame(&relay, "alice@localhost", "null").await;
    refuses(&opaque, 404, Code::UnknownSite);
    // An account that registers a page takes it from nobody; where the host did, it shows whom the host names.
    assert_eq!(registers(&relay, &alice, json!({})).await.status, 201);
    assert_eq!(frame(&relay, "alice@localhost", SHOP).await.status, 200);
    assert_eq!(frame(&relay, "bob@localhost", SHOP).await.status, 200);
    let chat = ["--chat", "alice@localhost"];
    let add = [&["add", "shop.example", "--origin", SHOP][..], &chat].concat();
    site(relay.folder(), &add).expect("it is registered");
    assert_eq!(frame(&relay, "alice@localhost", SHOP).await.status, 200);
    let other = frame(&relay, "bob@localhost", SHOP).await;
    refuses(&other, 404, Code::UnknownSite);
}

#[tokio::test]
async fn the_command_line_registers_sites_while_the_relay_runs() {
    let mut relay = Relay::start(options()).await;
    let alice = Account::sign_up(&relay, "alice").await;
    let folder = relay.folder().to_owned();
    let cli = |words: &[&str]| site(&folder, words);
    assert!(
        cli(&["list"])
            .expect("a list")
            .contains("No site is registered")
    );
    let add = [
        "add",
        "Shop.example",
        "--origin",
        SHOP,
        "--origin",
        "https://www.shop.example",
        "--chat",
        "alice@localhost",
        "--guests",
    ];
    let said = cli(&add).expect("it is registered");
    let secret = said
        .split_whitespace()
        .find(|word| word.starts_with("lamp_"));
    let secret = secret.expect("the secret is shown").to_owned();
    assert_eq!(frame(&relay, "alice@localhost", SHOP).await.status, 200);
    // What the host registers is bound by no ownership: the list of addresses alone says whom it shows.
    Account::sign_up(&relay, "bob").await;
    let unnamed = frame(&relay, "bob@localhost", SHOP).await;
    refuses(&unnamed, 404, Code::UnknownSite);
    let list = cli(&["list"]).expect("a list");
    for shown in [
        "shop.example",
        SHOP,
        "https://www.shop.example",
        "alice@localhost",
        "HS256",
        "at most 5000, 200 in an hour",
    ] {
        assert!(list.contains(shown), "{shown} is missing in\n{list}");
    }
    assert!(!list.contains(&secret), "the secret is shown once");

    for (words, why) in [
        (
            &[
                "add",
                "shop.example",
                "--origin",
                "https://x.example",
                "--chat",
                "alice@localhost",
            ][..],
            "registered already",
        ),
        (
            &[
                "add",
                "x.example",
                "--origin",
                SHOP,
                "--chat",
                "alice@localhost",
            ],
            "belongs to another site",
        ),
        (
            &[
                "add",
                "x.example",
                "--origin",
                "http://x.example",
                "--chat",
                "alice@localhost",
            ],
            "use https",
        ),
        (
            &[
                "add",
                "x.example",
                "--origin",
                "https://x.example",
                "--chat",
                "nobody@localhost",
            ],
            "nobody on this relay",
        ),
        (
            &[
                "add",
                "x.example",
                "--origin",
                "https://x.example",
                "--chat",
                "alice",
            ],
            "no address",
        ),
        (
            &[
                "add",
                "x y",
                "--origin",
                "https://x.example",
                "--chat",
                "alice@localhost",
            ],
            "no name of a site",
        ),
        (
            &["add", "x.example", "--chat", "alice@localhost"],
            "--origin",
        ),
        (
            &["add", "x.example", "--origin", "https://x.example"],
            "--chat",
        ),
        (
            &[
                "add",
                "x.example",
                "--origin",
                "https://x.example",
                "--chat",
                "alice@localhost",
                "--key",
                "rsa",
            ],
            "none of hs256",
        ),
        (
            &[
                "add",
                "x.example",
                "--origin",
                "https://x.example",
                "--chat",
                "alice@localhost",
                "--key",
                "eddsa:none.pem",
            ],
            "none.pem",
        ),
        (
            &[
                "add",
                "x.example",
                "--origin",
                "https://x.example",
                "--chat",
                "alice@localhost",
                "--life",
                "1 s",
            ],
            "at least an hour",
        ),
        (&["rotate", "none.example"], "no site of this name"),
        (&["remove", "none.example"], "no site of this name"),
    ] {
        let said = cli(words).expect_err("it is refused");
        assert!(said.contains(why), "{words:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    let empty = tempfile::tempdir().expect("a folder");
    let said = site(empty.path(), &["list"]).expect_err("nothing is there");
    assert!(said.contains("no data of a relay"), "{said}");
    let left = empty.path().read_dir().expect("it is there").count();
    assert_eq!(left, 0, "nothing is made where nothing was");

    // What an account registered under the same name is another site.
    assert_eq!(registers(&relay, &alice, json!({})).await.status, 201);
    let list = cli(&["list"]).expect("a list");
    assert!(list.contains("account   alice@localhost"), "{list}");
    let of_alice = ["shop.example", "--of", "alice@localhost"];
    let help = json!({ "name": "help.example", "origins": ["https://help.example"] });
    assert_eq!(registers(&relay, &alice, help).await.status, 201);
    let hint = cli(&["remove", "help.example"]).expect_err("it is not the host's own");
    assert!(hint.contains("say --of alice@localhost"), "{hint}");
    cli(&[&["rotate"][..], &of_alice].concat()).expect("it has a new key");
    cli(&[&["remove"][..], &of_alice].concat()).expect("it is removed");
    let again = cli(&[&["remove"][..], &of_alice].concat()).expect_err("there is none");
    assert!(again.contains("no site of this name"), "{again}");

    // Whoever has an account does not remove what the host registered; it stays over a restart.
    let foreign = call(&relay, &alice, "DELETE", "/v1/sites/shop.example", None).await;
    tells(&foreign, 404, Code::NotFound);
    relay.kill();
    assert!(cli(&["list"]).expect("also while none runs").contains(SHOP));
    relay.start_again().await;
    assert_eq!(frame(&relay, "alice@localhost", SHOP).await.status, 200);
    cli(&["remove", "shop.example"]).expect("it is removed");
    let gone = frame(&relay, "alice@localhost", SHOP).await;
    refuses(&gone, 404, Code::UnknownSite);
    cli(&add).expect("its name and origins are free again");
}
