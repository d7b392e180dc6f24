//! What is given to whoever runs a relay: the package for Debian is laid into a clean root and checked there, and the line that systemd
//! would run is run, as a user that may write nothing but the data folder.
#![forbid(unsafe_code)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lamplight_tests::outside::Options;
use lamplight_tests::outside::http::{self, Request};
use lamplight_tests::outside::relay::Relay;
use serde_json::Value;
use tempfile::TempDir;

/// Who writes nothing on this machine.
const NOBODY: &str = "65534";

/// The folder that `cargo xtask dist` left.
fn dist() -> PathBuf {
    let named = std::env::var_os("LAMPLIGHT_DIST");
    named
        .expect("LAMPLIGHT_DIST is set by `cargo xtask test dist`")
        .into()
}

fn package() -> PathBuf {
    let entries = fs::read_dir(dist()).expect("a folder").flatten();
    let mut packages = entries.map(|entry| entry.path());
    let found = packages.find(|path| path.extension().is_some_and(|end| end == "deb"));
    found.expect("a package for Debian")
}

fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A root with nothing in it but the package, which everybody may look into.
fn installed() -> TempDir {
    let root = TempDir::new().expect("a temporary folder");
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    run(Command::new("dpkg-deb")
        .arg("-x")
        .arg(package())
        .arg(root.path()));
    root
}

#[test]
fn the_package_holds_what_its_lists_say() {
    let root = installed();
    let lists = TempDir::new().unwrap();
    run(Command::new("dpkg-deb")
        .arg("-e")
        .arg(package())
        .arg(lists.path()));
    let read = |name: &str| fs::read_to_string(lists.path().join(name)).unwrap();
    let sums = lists.path().join("md5sums");
    run(Command::new("md5sum")
        .args(["--check", "--strict", "--quiet"])
        .arg(&sums)
        .current_dir(root.path()));
    let sums = read("md5sums");
    for file in [
        "usr/bin/lamplight",
        "usr/lib/systemd/system/lamplight.service",
        "etc/lamplight/lamplight.toml",
        "usr/share/man/man1/lamplight.1.gz",
        "usr/share/bash-completion/completions/lamplight",
        "usr/share/doc/lamplight/copyright",
        "usr/share/doc/lamplight/SELF_HOSTING.md",
    ] {
        assert!(root.path().join(file).is_file(), "{file}");
        assert!(sums.contains(&format!("  {file}\n")), "{file}");
    }
    assert_eq!(read("conffiles"), "/etc/lamplight/lamplight.toml\n");
    let control = read("control");
    assert!(control.contains("\nDepends: libc6"), "{control}");
    for script in ["postinst", "prerm", "postrm"] {
        let path = lists.path().join(script);
        run(Command::new("sh").arg("-n").arg(&path));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    }
    // Whoever installs it over ssh reads what comes next; without systemd nothing is started and nothing fails.
    let postinst = read("postinst");
    assert!(postinst.contains("lamplight doctor") && postinst.contains("first admin"));
}

#[test]
fn sums_completions_and_the_bill_are_of_this_program() {
    let dist = dist();
    run(Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(&dist));
    let completions = fs::read_to_string(dist.join("completions/lamplight")).unwrap();
    run(Command::new("bash")
        .arg("-n")
        .arg(dist.join("completions/lamplight")));
    assert!(completions.contains("doctor") && completions.contains("--limits-sessions"));
    let manual = fs::read_to_string(dist.join("lamplight.1")).unwrap();
    assert!(manual.contains(".TH lamplight 1") && manual.contains("doctor"));
    let bill: Value =
        serde_json::from_slice(&fs::read(dist.join("lamplight.cdx.json")).unwrap()).unwrap();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let components = bill["components"].as_array().unwrap();
    let has = |name: &str| components.iter().any(|one| one["name"] == name);
    // The relay's, the page's; and what only tests use is in neither.
    assert!(has("rusqlite") && has("yew") && !has("chromiumoxide"));
    for one in components {
        assert!(one["licenses"].is_array(), "{one}");
    }
    let docker = fs::read_to_string(dist.join("Dockerfile")).unwrap();
    assert!(docker.contains("USER 65532"));
    for line in docker.lines().filter(|line| line.starts_with("COPY ")) {
        let from = line
            .split(' ')
            .filter(|word| !word.starts_with("--"))
            .nth(1)
            .unwrap();
        assert!(dist.join(from).exists(), "{line}");
    }
}

/// The words after `ExecStart=`, with paths of the clean root.
fn start_line(root: &Path) -> Vec<String> {
    let unit = root.join("usr/lib/systemd/system/lamplight.service");
    let unit = fs::read_to_string(unit).unwrap();
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let rooted = |word: &str| match word.strip_prefix('/') {
        Some(path) => root.join(path).to_str().unwrap().to_owned(),
        None => word.to_owned(),
    };
    line.expect("a line to start")
        .split(' ')
        .map(rooted)
        .collect()
}

#[tokio::test]
async fn the_units_line_serves_as_its_user_shows_the_first_admins_link_and_stops_on_sigterm() {
    let root = installed();
    let is_root = said(&run(Command::new("id").arg("-u"))).trim() == "0";
    let words = start_line(root.path());
    let (program, words) = words.split_first().expect("a program");
    let ["serve", "--config", config] = words.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        panic!("an unknown line to start: {words:?}")
    };
    // What StateDirectory= makes.
    let state = root.path().join("var/lib");
    fs::create_dir_all(&state).unwrap();
    let data = TempDir::new_in(&state).unwrap();
    let mut options = Options::default()
        .program(Path::new(program))
        .set("config", config);
    if is_root {
        run(Command::new("chown").args([NOBODY, data.path().to_str().unwrap()]));
        // What User= and NoNewPrivileges= do.
        let reuid = format!("--reuid={NOBODY}");
        let regid = format!("--regid={NOBODY}");
        options = options.under(&[
            "setpriv",
            &reuid,
            &regid,
            "--clear-groups",
            "--no-new-privs",
        ]);
    }
    let mut relay = Relay::start_in(options, data).await;
    let answer = http::call(relay.address(), &Request::get("/healthz")).await;
    assert_eq!(answer.unwrap().status, 200);
    let log = relay.log();
    assert!(
        log.contains("There is no admin yet.") && log.contains("/#invite="),
        "{log}"
    );
    if is_root {
        let status = fs::read_to_string(format!("/proc/{}/status", relay.pid())).unwrap();
        assert!(
            status.contains(&format!("\nUid:\t{NOBODY}\t{NOBODY}")),
            "{status}"
        );
    }
    let (status, _) = relay.stop().await;
    assert!(status.success(), "{status}");
    assert!(relay.log().contains("stopped"), "{}", relay.log());
}
