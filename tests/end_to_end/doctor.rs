//! `lamplight doctor`: misconfigurations are planted one by one, and each is named with its cure. A relay that is well is told so.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use lamplight_tests::outside::odd_proxy::{OddProxy, Oddity};
use lamplight_tests::outside::relay::program;
use lamplight_tests::outside::{Identity, Options, Relay};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

/// What the doctor said, and how it ended.
struct Told {
    code: Option<i32>,
    report: Value,
}

impl Told {
    fn finding(&self, check: &str, level: &str) -> Option<&Value> {
        let findings = self.report["findings"].as_array().expect("a list");
        let mut found = findings.iter();
        found.find(|one| one["check"] == check && one["level"] == level)
    }

    /// Asserts that something is named, and the cure, and that the process says so by how it ends.
    fn names(&self, what: &str, (check, level): (&str, &str), says: &str, cure: &str) {
        let report = &self.report;
        let found = self.finding(check, level);
        let found = found.unwrap_or_else(|| panic!("{what}: no {level} of {check} in {report:#}"));
        let has = |field: &str, text: &str| {
            let said = found[field].as_str().expect("a text");
            assert!(said.contains(text), "{what}: no {text:?} in {said:?}");
        };
        has("says", says);
        has("cure", cure);
        let code = if report["level"] == "fault" { 2 } else { 1 };
        assert_eq!(self.code, Some(code), "{what}");
    }

    fn is_well(&self, check: &str) {
        let report = &self.report;
        assert!(self.finding(check, "ok").is_some(), "{check} in {report:#}");
        for level in ["warning", "fault"] {
            let found = self.finding(check, level);
            assert!(found.is_none(), "{check} in {report:#}");
        }
    }
}

async fn doctor(folder: &Path, words: &[&str]) -> Told {
    under("exec \"$@\"", folder, words).await
}

/// Runs the doctor from a shell that does something before, in a folder with the configuration's file.
async fn under(script: &str, folder: &Path, words: &[&str]) -> Told {
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(program())
        .args(["doctor", "--json"])
        .args(words)
        .current_dir(folder)
        .output()
        .await
        .expect("a shell");
    let complaint = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {complaint}"));
    Told {
        code: output.status.code(),
        report,
    }
}

/// A misconfiguration that a file can have, or a folder.
struct Planted {
    what: &'static str,
    file: &'static str,
    /// Does something to the folder with the configuration, whose data is in `data`.
    plant: fn(&Path),
    finding: (&'static str, &'static str),
    says: &'static str,
    cure: &'static str,
}

const PUBLIC: &str =
    "listen = \"127.0.0.1:0\"\ndata = \"data\"\npublic_url = \"https://127.0.0.1:1\"\n";
const LOCAL: &str = "listen = \"127.0.0.1:0\"\ndata = \"data\"\n";

const PLANTED: [Planted; 12] = [
    Planted {
        what: "a misspelt key",
        file: "[limits]\nsesions = 3\n",
        plant: |_| {},
        finding: ("configuration", "fault"),
        says: "did you mean `limits.sessions`",
        cure: "lamplight config default",
    },
    Planted {
        what: "a port that others reach without TLS",
        file: "listen = \"0.0.0.0:0\"\npublic_url = \"https://127.0.0.1:1\"\n",
        plant: |_| {},
        finding: ("configuration", "fault"),
        says: "connections.proxies",
        cure: "lamplight config show",
    },
    Planted {
        what: "a certificate that is not there",
        file: "listen = \"127.0.0.1:0\"\ndata = \"data\"\npublic_url = \"https://127.0.0.1:1\"\n[tls]\ncertificate = \"none.pem\"\nkey = \"none.key\"\n",
        plant: |_| {},
        finding: ("tls", "fault"),
        says: "none.pem",
        cure: "made anew",
    },
    Planted {
        what: "an address for browsers without TLS",
        file: "public_url = \"http://chat.example.org\"\n",
        plant: |_| {},
        finding: ("configuration", "fault"),
        says: "use https",
        cure: "set what is named",
    },
    Planted {
        what: "an address that this machine does not have",
        file: "listen = \"192.0.2.1:2778\"\ndata = \"data\"\n",
        plant: |_| {},
        finding: ("listen", "fault"),
        says: "cannot listen on 192.0.2.1:2778",
        cure: "set `listen` to 127.0.0.1",
    },
    Planted {
        what: "data that everyone on the machine can read",
        file: LOCAL,
        plant: |folder| {
            std::fs::create_dir(folder.join("data")).unwrap();
            set_mode(&folder.join("data"), 0o755);
        },
        finding: ("data folder", "warning"),
        says: "can be read by everyone",
        cure: "chmod 700 data",
    },
    Planted {
        what: "a file where the data folder is to be",
        file: LOCAL,
        plant: |folder| std::fs::write(folder.join("data"), "no folder").unwrap(),
        finding: ("data folder", "fault"),
        says: "data is no folder",
        cure: "name a folder",
    },
    Planted {
        what: "a folder that cannot be made",
        file: "listen = \"127.0.0.1:0\"\ndata = \"/proc/none/data\"\n",
        plant: |_| {},
        finding: ("data folder", "fault"),
        says: "cannot be made",
        cure: "install -d -m 700",
    },
    Planted {
        what: "a damaged database",
        file: LOCAL,
        plant: |folder| {
            std::fs::create_dir(folder.join("data")).unwrap();
            let file = folder.join("data/lamplight.sqlite");
            std::fs::write(file, [0x42; 8192]).unwrap();
        },
        finding: ("database", "fault"),
        says: "is damaged",
        cure: "lamplight restore",
    },
    Planted {
        what: "the data of a newer relay",
        file: LOCAL,
        plant: |folder| {
            std::fs::create_dir(folder.join("data")).unwrap();
            let file = folder.join("data/lamplight.sqlite");
            let db = rusqlite::Connection::open(file).unwrap();
            db.execute_batch("CREATE TABLE a (b); PRAGMA user_version = 99")
                .unwrap();
        },
        finding: ("database", "fault"),
        says: "schema 99",
        cure: "install that version",
    },
    Planted {
        what: "a name that leads nowhere",
        file: PUBLIC,
        plant: |_| {},
        finding: ("public_url", "fault"),
        says: "https://127.0.0.1:1: ",
        cure: "start the proxy",
    },
    Planted {
        what: "a variable that means nothing",
        file: LOCAL,
        // Set for all of them below.
        plant: |_| {},
        finding: ("configuration", "warning"),
        says: "LAMPLIGHT_PORT",
        cure: "correct its name",
    },
];

#[tokio::test]
async fn what_is_planted_is_named_with_its_cure() {
    for planted in PLANTED {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("lamplight.toml"), planted.file).unwrap();
        (planted.plant)(folder.path());
        let script = "LAMPLIGHT_PORT=tcp://10.0.0.1:2778 exec \"$@\"";
        let told = under(script, folder.path(), &[]).await;
        told.names(planted.what, planted.finding, planted.says, planted.cure);
    }
}

#[tokio::test]
async fn a_port_that_something_else_has_and_few_open_files_are_named() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    // Says something that is no HTTP, to everyone.
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = taken.accept() {
            let _ = std::io::Write::write_all(&mut stream, b"220 mail.example.org\r\n");
        }
    });
    let few = "ulimit -n 256; exec \"$@\"";
    let told = under(few, folder.path(), &["--listen", &address]).await;
    let listen = ("listen", "fault");
    told.names(
        "a port in use",
        listen,
        "something else than a relay",
        "ss -ltnp",
    );
    let files = ("open files", "warning");
    told.names(
        "few files",
        files,
        "256 for whatever is started",
        "LimitNOFILE=",
    );
}

/// A relay behind a proxy that is odd in some way.
async fn behind(oddity: Oddity) -> (Relay, OddProxy) {
    let proxy = OddProxy::listen(oddity).await;
    let relay = Relay::start(Options::quick().behind(&proxy.origin())).await;
    proxy.aim(relay.address());
    (relay, proxy)
}

/// The doctor with the configuration of a relay that runs.
async fn visit(relay: &Relay, public_url: &str, more: &[&str]) -> Told {
    let listen = relay.address().to_string();
    let data = relay.folder().to_str().unwrap();
    let words = [
        "--listen",
        &listen,
        "--data",
        data,
        "--public-url",
        public_url,
    ];
    let bounds = ["--bounds-ping", "1 s", "--bounds-pong", "500 ms"];
    let words = [&words[..], &bounds[..], more].concat();
    doctor(relay.folder(), &words).await
}

#[tokio::test]
async fn a_relay_that_is_well_is_told_so_and_its_own_limit_of_files_is_looked_at() {
    let (relay, proxy) = behind(Oddity::default()).await;
    let told = visit(
        &relay,
        &proxy.origin(),
        &["--slow", "--connections-most", "10"],
    )
    .await;
    for check in [
        "configuration",
        "data folder",
        "database",
        "clock",
        "listen",
        "public_url",
        "origin",
        "websocket",
        "idle line",
        "open files",
    ] {
        told.is_well(check);
    }
    let files = told.finding("open files", "ok").unwrap()["says"].to_string();
    assert!(
        files.contains(&format!("process {}", relay.pid())),
        "{files}"
    );
}

#[tokio::test]
async fn a_proxy_without_upgrade_is_named() {
    let oddity = Oddity {
        drops: &["upgrade:", "connection: upgrade"],
        ..Oddity::default()
    };
    let (relay, proxy) = behind(oddity).await;
    let told = visit(&relay, &proxy.origin(), &[]).await;
    told.is_well("public_url");
    let finding = ("websocket", "fault");
    told.names(
        "no upgrade",
        finding,
        "no WebSocket comes through",
        "Upgrade and Connection",
    );
}

#[tokio::test]
async fn a_proxy_that_cuts_silent_lines_before_the_ping_is_named_by_whoever_waits() {
    let oddity = Oddity {
        patience: Some(Duration::from_millis(400)),
        ..Oddity::default()
    };
    let (relay, proxy) = behind(oddity).await;
    let hasty = visit(&relay, &proxy.origin(), &[]).await;
    hasty.is_well("idle line");
    let told = visit(&relay, &proxy.origin(), &["--slow"]).await;
    let finding = ("idle line", "fault");
    told.names(
        "a hasty proxy",
        finding,
        "before the relay pinged",
        "proxy_read_timeout",
    );
}

#[tokio::test]
async fn a_wrong_origin_a_wrong_relay_and_a_wrong_domain_are_named() {
    let (relay, proxy) = behind(Oddity::default()).await;
    // The same relay under an address that it was not started with.
    let other = OddProxy::listen(Oddity::default()).await;
    other.aim(relay.address());
    let told = visit(&relay, &other.origin(), &[]).await;
    told.is_well("public_url");
    told.names(
        "origin",
        ("origin", "fault"),
        "refuses its own page",
        "another public_url",
    );

    let stranger = Relay::start(Options::quick()).await;
    let told = visit(&stranger, &proxy.origin(), &[]).await;
    let finding = ("public_url", "fault");
    told.names("relay", finding, "leads to another relay", "let the proxy");

    let told = visit(&relay, &proxy.origin(), &["--domain", "example.org"]).await;
    let finding = ("listen", "fault");
    told.names("domain", finding, "is that of \"localhost\"", "--config");
}

#[tokio::test]
async fn a_proxy_whose_relay_is_away_and_data_from_the_future_are_named() {
    let (mut relay, proxy) = behind(Oddity::default()).await;
    relay.kill();
    let db = rusqlite::Connection::open(relay.folder().join("lamplight.sqlite")).unwrap();
    db.execute_batch(
        "INSERT INTO principals (address, skeleton, class, created) VALUES ('a@localhost', 'a', 0, 1);
         INSERT INTO logins (principal, token, created, used) VALUES (1, x'00', 1, 4102444800000)",
    )
    .unwrap();
    let told = visit(&relay, &proxy.origin(), &[]).await;
    let finding = ("public_url", "warning");
    told.names(
        "no relay",
        finding,
        "no relay runs behind it",
        "start the relay",
    );
    let finding = ("clock", "warning");
    told.names("a late clock", finding, "after now", "timedatectl");
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_relay_with_tls_of_its_own_is_asked_by_the_name_of_its_certificate() {
    let files = TempDir::new().unwrap();
    let (certificate, key) = Identity::new("localhost").write(files.path());
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let url = "https://localhost:1";
    let options = Options::quick()
        .behind(url)
        .set("tls.certificate", certificate)
        .set("tls.key", key);
    let relay = Relay::start(options).await;
    let (listen, data) = (
        relay.address().to_string(),
        relay.folder().to_str().unwrap(),
    );
    let words = ["--listen", &listen, "--data", data, "--public-url", url];
    let tls = ["--tls-certificate", certificate, "--tls-key", key];
    // Whom the system believes is said by this variable.
    let believing = format!("SSL_CERT_FILE={certificate} exec \"$@\"");
    let told = under(&believing, relay.folder(), &[&words[..], &tls[..]].concat()).await;
    told.is_well("tls");
    told.is_well("listen");
    let finding = ("public_url", "fault");
    told.names(
        "a closed port",
        finding,
        "https://localhost:1",
        "listen on that port",
    );
    // Whom nobody believes is told apart from something that is no relay.
    let told = under(
        "SSL_CERT_FILE=/dev/null exec \"$@\"",
        relay.folder(),
        &[&words[..], &tls[..]].concat(),
    )
    .await;
    let finding = ("listen", "fault");
    told.names(
        "an unknown authority",
        finding,
        "no relay with TLS",
        "certificate for exactly this name",
    );
}
