//! The configuration as whoever runs the relay meets it: what `lamplight config` says, what `lamplight serve` refuses, and that
//! secrets stay where they are.

use std::path::Path;
use std::process::{Command, Output};

use lamplight_tests::outside::http::Request;
use lamplight_tests::outside::relay::program;
use lamplight_tests::outside::{Options, Relay};
use tempfile::TempDir;

const SECRET: &str = "b1946ac92492d2347c6235b4d2611184";

fn run(folder: &Path, environment: &[(&str, &str)], words: &[&str]) -> Output {
    Command::new(program())
        .args(words)
        .envs(environment.iter().copied())
        .current_dir(folder)
        .output()
        .expect("lamplight starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_relay_that_would_be_unsafe_does_not_start_and_says_what_to_set() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("lamplight.toml"),
        "listen = \"0.0.0.0:0\"\npublic_url = \"https://chat.example.org\"\n",
    )
    .unwrap();
    for words in [&["serve"][..], &["config", "check"]] {
        let ended = run(folder.path(), &[], words);
        let said = text(&ended.stderr);
        assert!(!ended.status.success(), "{words:?}: {said}");
        for cure in ["set domain to your own", "connections.proxies"] {
            assert!(said.contains(cure), "{words:?}: {said}");
        }
        assert!(!folder.path().join("lamplight-data").exists(), "{words:?}");
    }
    let cures = ["--listen", "127.0.0.1:0", "--domain", "example.org"];
    let ended = run(
        folder.path(),
        &[],
        &[&["config", "check"], &cures[..]].concat(),
    );
    assert!(ended.status.success(), "{}", text(&ended.stderr));

    // A folder that everybody on the machine can read.
    let data = folder.path().join("lamplight-data");
    std::fs::create_dir(&data).unwrap();
    set_mode(&data, 0o755);
    for command in [&["serve"][..], &["config", "check"]] {
        let ended = run(folder.path(), &[], &[command, &cures[..]].concat());
        assert!(!ended.status.success());
        assert!(
            text(&ended.stderr).contains("chmod 700"),
            "{}",
            text(&ended.stderr)
        );
    }
    set_mode(&data, 0o700);
    let ended = run(
        folder.path(),
        &[],
        &[&["config", "check"], &cures[..]].concat(),
    );
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}

#[test]
fn show_tells_where_each_value_came_from_and_shows_no_secret() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    std::fs::write(
        folder.path().join("lamplight.toml"),
        "[limits]\nsessions = 3\n\n[metrics]\ntoken_file = \"secret\"\n",
    )
    .unwrap();
    let environment = [("LAMPLIGHT_BOUNDS_GRACE", "4 s")];
    let words = ["config", "show", "--listen", "127.0.0.1:1"];
    let shown = run(folder.path(), &environment, &words);
    let said = text(&shown.stdout);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    for (value, from) in [
        ("listen = \"127.0.0.1:1\"", "# --listen"),
        ("sessions = 3", "# ./lamplight.toml:2"),
        ("grace = \"4 s\"", "# LAMPLIGHT_BOUNDS_GRACE"),
        ("domain = \"localhost\"", "# default"),
        (
            "# token is set",
            "the file secret, which ./lamplight.toml:5 names",
        ),
    ] {
        let line = said.lines().find(|line| line.starts_with(value));
        let line = line.unwrap_or_else(|| panic!("no {value} in {said}"));
        assert!(line.ends_with(from), "{line}");
    }
    assert!(!said.contains(SECRET), "{said}");
    let wrong = run(
        folder.path(),
        &[("LAMPLIGHT_METRICS_TOKEN", "hunter2")],
        &["config", "check"],
    );
    assert!(!wrong.status.success());
    assert!(
        !text(&wrong.stderr).contains("hunter2"),
        "{}",
        text(&wrong.stderr)
    );
}

#[test]
fn a_misspelt_key_is_an_error_that_says_where_and_what_was_meant() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("lamplight.toml"),
        "\n[limits]\nsesions = 3\n",
    )
    .unwrap();
    let ended = run(folder.path(), &[], &["serve"]);
    let said = text(&ended.stderr);
    assert!(!ended.status.success());
    assert!(
        said.contains("lamplight.toml:3") && said.contains("`limits.sessions`"),
        "{said}"
    );
}

#[test]
fn the_whole_default_file_is_a_configuration() {
    let folder = TempDir::new().unwrap();
    let default = run(folder.path(), &[], &["config", "default"]);
    std::fs::write(folder.path().join("lamplight.toml"), &default.stdout).unwrap();
    let ended = run(folder.path(), &[], &["config", "check"]);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}

#[tokio::test]
async fn figures_are_for_whoever_brings_the_token_where_there_is_one() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let relay = Relay::start(Options::new().set("metrics.token_file", &path)).await;
    for (token, status) in [(None, 403), (Some("wrong"), 403), (Some(SECRET), 200)] {
        let request = Request::get("/metrics");
        let request = token.map_or(request.clone(), |token| request.bearer(token));
        let answer = relay.call(&request).await;
        assert_eq!(answer.status, status, "{token:?}");
        assert_eq!(answer.code() == "not_allowed", status == 403);
    }
    assert!(!relay.log().contains(SECRET));
    // Without one, and with nobody else in reach, they are everyone's.
    let open = Relay::start(Options::new()).await;
    assert_eq!(open.get("/metrics").await.status, 200);
    for (figure, least) in [
        ("memory_bytes", 1e6),
        ("started_seconds", 1.7e9),
        ("store_sound", 1.0),
    ] {
        let value = open.metric(&format!("lamplight_{figure}")).await;
        assert!(
            value.is_some_and(|value| value >= least),
            "{figure}: {value:?}"
        );
    }
    assert_eq!(open.metric("lamplight_draining").await, Some(0.0));
}

#[tokio::test]
async fn where_others_reach_the_relay_figures_are_nobodys_by_default_and_its_contact_is_told() {
    let options = Options::default()
        .set("public_url", "https://chat.example.org")
        .set("domain", "example.org")
        .set("contact", "mailto:host@example.org");
    let relay = Relay::start(options).await;
    assert_eq!(relay.get("/metrics").await.code(), "not_allowed");
    let facts = relay.get("/v1/relay").await;
    assert_eq!(facts.field("contact"), "mailto:host@example.org");
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
