//! The page's files: the headers that guard it, the forms they come in, and how long they may be kept.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use lamplight_tests::outside::http::{Answer, Request};
use lamplight_tests::outside::{Options, Relay};
use sha2::{Digest, Sha256, Sha384};

/// What every answer carries.
const GUARDS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

#[tokio::test]
async fn every_answer_carries_the_headers_that_guard_the_page() {
    let relay = Relay::start(Options::new()).await;
    for path in [
        "/",
        "/v1/relay",
        "/v1/session",
        "/healthz",
        "/nothing",
        "/v1/ws",
    ] {
        let answer = relay.get(path).await;
        for (name, value) in GUARDS {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        let policy = answer
            .header("content-security-policy")
            .unwrap_or_else(|| panic!("{path} has no policy"));
        for rule in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(
                policy.split(';').any(|part| part.trim() == rule),
                "{path}: {rule} is missing in {policy}"
            );
        }
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert!(answer.header("permissions-policy").is_some(), "{path}");
        assert!(
            answer.header("access-control-allow-origin").is_none(),
            "{path}"
        );
    }
}

/// Addresses of the page's files, as the page names them.
fn addresses(page: &str) -> Vec<String> {
    let parts = page.split(['"', '\'']);
    let mut found: Vec<String> = parts
        .filter(|part| part.starts_with("/assets/"))
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

fn kind_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

async fn get(relay: &Relay, path: &str, coding: &str) -> Answer {
    let request = Request::get(path).header("accept-encoding", coding);
    relay.call(&request).await
}

fn unpack(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.header("content-encoding") {
        Some("br") => {
            let mut reader = brotli::Decompressor::new(&answer.body[..], 4_096);
            reader.read_to_end(&mut plain).expect("brotli");
        }
        Some("gzip") => {
            let mut reader = flate2::read::GzDecoder::new(&answer.body[..]);
            reader.read_to_end(&mut plain).expect("gzip");
        }
        Some(other) => panic!("nobody asked for {other}"),
        None => plain.clone_from(&answer.body),
    }
    plain
}

#[tokio::test]
async fn files_come_compressed_are_kept_for_ever_under_hashed_names_and_asked_for_once() {
    let relay = Relay::start(Options::new()).await;
    let page = relay.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let files = addresses(&page.text());
    assert!(
        files.iter().any(|file| kind_of(file) == "wasm"),
        "this relay was built without its page: {files:?}"
    );
    for path in files {
        let plain = get(&relay, &path, "identity").await;
        assert_eq!(plain.status, 200, "{path}");
        let kept = plain.header("cache-control").unwrap_or_default();
        assert!(kept.contains("immutable"), "{path}: {kept}");
        let kind = plain.header("content-type").unwrap_or_default();
        let wanted = match kind_of(&path) {
            "wasm" => "application/wasm",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            other => panic!("a file of kind {other:?}"),
        };
        assert_eq!(kind, wanted, "{path}");
        for coding in ["br", "gzip"] {
            let packed = get(&relay, &path, coding).await;
            assert_eq!(unpack(&packed), plain.body, "{path} as {coding}");
            // A picture is compressed already, and small text may not gain.
            if ["wasm", "js"].contains(&kind_of(&path)) {
                assert_eq!(packed.header("content-encoding"), Some(coding), "{path}");
                assert!(packed.body.len() < plain.body.len(), "{path}");
                assert_eq!(packed.header("vary"), Some("accept-encoding"));
            }
            let tag = packed.header("etag").expect("a tag").to_owned();
            let again = Request::get(&path)
                .header("accept-encoding", coding)
                .header("if-none-match", &tag);
            let again = relay.call(&again).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        }
    }
    assert_eq!(relay.get("/assets/page-0000.js").await.status, 404);
    assert_eq!(relay.get("/../Cargo.toml").await.status, 404);
}

/// What pages of other sites load: they may, it is what the manifest says, and it stays as long as its address says.
#[tokio::test]
async fn what_other_sites_load_is_theirs_to_load_and_is_what_the_manifest_says() {
    let relay = Relay::start(Options::new()).await;
    let manifest = relay.get("/embed/manifest.json").await;
    let named = manifest.json()["files"]["presence.js"].clone();
    let field = |name: &str| named[name].as_str().unwrap_or_default().to_owned();
    let (pinned, moving) = (field("pinned"), field("moving"));
    assert!(pinned.starts_with("/embed/1."), "{pinned}");
    for (path, held) in [(&pinned, "immutable"), (&moving, "max-age=600")] {
        let answer = get(&relay, path, "br").await;
        assert_eq!(answer.status, 200, "{path}");
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("timing-allow-origin", "*"),
            ("content-type", "text/javascript; charset=utf-8"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        let cached = answer.header("cache-control").unwrap_or_default();
        assert!(cached.contains(held), "{path}: {cached}");
        let plain = unpack(&answer);
        assert_eq!(Some(plain.len() as u64), named["bytes"].as_u64());
        let digest = STANDARD.encode(Sha384::digest(&plain));
        assert_eq!(field("integrity"), format!("sha384-{digest}"), "{path}");
        let known = Request::get(path).header("if-none-match", "*");
        let again = relay.call(&known).await;
        assert_eq!(
            (again.status, again.header("access-control-allow-origin")),
            (304, Some("*"))
        );
    }
    // Who follows the version gets script and module of one day: the one names the other by its pinned address.
    let pinned = manifest.json()["files"]["runtime.js"]["pinned"].clone();
    let pinned = pinned
        .as_str()
        .and_then(|path| path.strip_prefix("/embed/"));
    let follows = unpack(&get(&relay, "/embed/v1/runtime.js", "br").await);
    let wanted = format!("export * from \"../{}\";\n", pinned.expect("an address"));
    assert_eq!(String::from_utf8_lossy(&follows), wanted);
    let nothing = relay.get("/embed/9.9.9/presence.js").await;
    assert_eq!(nothing.status, 404);
    assert_eq!(nothing.header("access-control-allow-origin"), None);
}

/// A page that has pinned an address goes on getting what it got, from a relay that has a newer version by now.
#[tokio::test]
async fn what_was_pinned_stays_at_its_address_after_an_upgrade() {
    let mut relay = Relay::start(Options::new()).await;
    let manifest = relay.get("/embed/manifest.json").await.json();
    let folder = relay.folder().to_owned();
    let file = |path: &str| folder.join(path.trim_start_matches('/'));
    for name in ["presence.js", "runtime.js", "runtime.wasm"] {
        let pinned = manifest["files"][name]["pinned"].as_str();
        let pinned = pinned.expect("an address");
        let served = get(&relay, pinned, "identity").await.body;
        let kept = std::fs::read(file(pinned));
        assert_eq!(kept.expect("it is kept"), served, "{name}");
    }

    // What another version left there when it ran here.
    let former = b"export const version = 'former';";
    let hash = &format!("{:x}", Sha256::digest(former))[..8];
    let path = format!("/embed/0.9.1-{hash}/presence.js");
    assert_eq!(relay.get(&path).await.status, 404);
    let kept = file(&path);
    std::fs::create_dir_all(kept.parent().expect("a folder")).expect("a folder");
    std::fs::write(&kept, former).expect("a file");
    relay.kill();
    relay.start_again().await;
    let answer = relay.get(&path).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, &former[..]));
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=31536000, immutable"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    // Something else is not given out under its name.
    std::fs::write(&kept, b"import 'https://evil.example/'").expect("a file");
    assert_eq!(relay.get(&path).await.status, 404);
}
