//! Layers of the configuration, its words, and what it refuses.

use std::collections::BTreeSet;
use std::time::Duration;

use lamplight_core::address::ServerId;
use lamplight_core::rules::Login;

use super::*;

fn sources(environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Sources {
    let owned = |pairs: &[(&str, &str)]| {
        let one = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
        pairs.iter().map(one).collect()
    };
    Sources {
        file: None,
        environment: owned(environment),
        flags: owned(flags),
    }
}

fn refused(flags: &[(&str, &str)]) -> String {
    Config::read(&sources(&[], flags)).unwrap_err().0
}

#[test]
fn the_defaults_stand_and_print_as_a_file_that_reads_back() {
    let config = Config::default();
    config.check().unwrap();
    for comments in [false, true] {
        let mut read = Config::default();
        read.set("domain", "example.org").unwrap();
        read.lay_toml(&config.print(comments)).unwrap();
        assert_eq!(read, config);
    }
}

#[test]
fn every_key_has_a_flag_and_a_variable_of_its_own_and_prints_what_it_reads() {
    let mut names = BTreeSet::new();
    for setting in SETTINGS {
        assert!(
            names.insert(setting.flag()),
            "{} stands twice",
            setting.key()
        );
        assert!(
            names.insert(setting.environment()),
            "{} stands twice",
            setting.key()
        );
        let mut config = Config::default();
        let printed = config.get(&setting.key()).unwrap();
        config.set(&setting.key(), &printed).unwrap();
        assert_eq!(config, Config::default(), "{}", setting.key());
    }
}

#[test]
fn the_file_is_overridden_by_the_environment_and_that_by_flags() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lamplight.toml");
    std::fs::write(
        &file,
        "[bounds]\nping = \"1 s\"\npong = \"1 s\"\ngrace = \"1 s\"\n",
    )
    .unwrap();
    let environment = [
        ("LAMPLIGHT_BOUNDS_PONG", "2 s"),
        ("LAMPLIGHT_BOUNDS_GRACE", "2 s"),
    ];
    let mut sources = sources(&environment, &[("bounds.grace", "3 s")]);
    sources.file = Some(file);
    let bounds = Config::read(&sources).unwrap().config.bounds;
    let seconds = [bounds.ping, bounds.pong, bounds.grace].map(|wait| wait.as_secs());
    assert_eq!(seconds, [1, 2, 3]);
    sources.file = Some(folder.path().join("elsewhere.toml"));
    assert!(
        Config::read(&sources)
            .unwrap_err()
            .0
            .contains("elsewhere.toml")
    );
}

#[test]
fn a_key_that_is_not_known_is_an_error_with_the_one_that_was_meant() {
    let mut config = Config::default();
    for (text, meant) in [
        ("lisen = \"127.0.0.1:1\"", "`listen`"),
        ("[limits]\nsesions = 3", "`limits.sessions`"),
        ("[limits]\nping = \"1 s\"", "`bounds.ping`"),
    ] {
        let error = config.lay_toml(text).unwrap_err().0;
        assert!(error.contains(meant), "{error}");
    }
    let error = config.lay_toml("xyzzyplugh = 1").unwrap_err().0;
    assert!(!error.contains("did you mean"), "{error}");
}

#[test]
fn a_variable_that_is_not_known_is_a_warning() {
    let read = Config::read(&sources(
        &[
            ("LAMPLIGHT_LISEN", "x"),
            ("LAMPLIGHT_BIN", "x"),
            ("PATH", "x"),
        ],
        &[],
    ));
    let warnings = read.unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("LAMPLIGHT_LISTEN"), "{warnings:?}");
}

#[test]
fn what_is_unsafe_is_refused_with_the_reason() {
    for (flags, reason) in [
        (&[("listen", "0.0.0.0:80")][..], "public_url"),
        (&[("public_url", "http://chat.example.org")], "use https"),
        (&[("origins", "http://example.org")], "use https"),
        (&[("public_url", "chat.example.org")], "an origin such as"),
        (
            &[("public_url", "https://chat.example.org/path")],
            "only a scheme",
        ),
        (&[("bounds.ping", "0 s")], "above zero"),
        (&[("accounts.password_memory", "1 KiB")], "password_memory"),
        (&[("domain", "not a domain")], "is not a domain"),
    ] {
        let error = refused(flags);
        assert!(error.contains(reason), "{flags:?}: {error}");
    }
    assert!(Config::read(&sources(&[], PUBLIC)).is_ok());
}

/// A relay that others reach through a proxy.
const PUBLIC: &[(&str, &str)] = &[
    ("public_url", "https://chat.example.org"),
    ("domain", "example.org"),
];

#[test]
fn a_relay_for_others_that_would_be_unsafe_is_refused_with_the_cure() {
    for (more, cure) in [
        (&[("domain", "localhost")][..], "set domain to your own"),
        (&[("listen", "0.0.0.0:80")], "connections.proxies"),
        (&[("origins", "http://localhost:3000")], "take it out"),
        (&[("accounts.sign_up", "open")], "set contact"),
        (
            &[("accounts.password_memory", "8 KiB")],
            "leave them as they are",
        ),
        (
            &[
                ("accounts.password_memory", "16 MiB"),
                ("accounts.password_passes", "1"),
            ],
            "35 MiB or more",
        ),
    ] {
        let error = refused(&[PUBLIC, more].concat());
        assert!(error.contains(cure), "{more:?}: {error}");
    }
    for cured in [
        &[
            ("listen", "0.0.0.0:80"),
            ("connections.proxies", "10.0.0.0/8"),
        ][..],
        &[
            ("listen", "0.0.0.0:443"),
            ("tls.certificate", "/etc/chat/fullchain.pem"),
            ("tls.key", "/etc/chat/privkey.pem"),
            ("tls.redirect", "0.0.0.0:80"),
        ],
        &[
            ("accounts.sign_up", "open"),
            ("contact", "mailto:a@example.org"),
        ],
        &[
            ("accounts.password_memory", "7 MiB"),
            ("accounts.password_passes", "5"),
        ],
    ] {
        let read = Config::read(&sources(&[], &[PUBLIC, cured].concat()));
        assert!(read.is_ok(), "{cured:?}: {read:?}");
    }
    // All that is in the way is said at once.
    let error = refused(&[("listen", "0.0.0.0:80")]);
    for cure in ["public_url", "connections.proxies", "set domain"] {
        assert!(error.contains(cure), "{error}");
    }
    // A proxy of this machine's own, for a try: nobody else comes by it.
    let at_home = [
        ("public_url", "http://localhost:8080"),
        ("accounts.sign_up", "open"),
    ];
    assert!(Config::read(&sources(&[], &at_home)).is_ok());
}

#[test]
fn tls_is_whole_or_not_there() {
    let pair = [("tls.certificate", "a.pem"), ("tls.key", "b.pem")];
    for (flags, cure) in [
        (&[pair[0]][..], "set both"),
        (&[pair[1]], "set both"),
        (
            &[pair[0], pair[1], ("public_url", "http://localhost:2778")],
            "public_url must say https",
        ),
        (
            &[pair[0], pair[1], ("tls.redirect", "127.0.0.1:80")],
            "must then say https",
        ),
    ] {
        let error = refused(flags);
        assert!(error.contains(cure), "{flags:?}: {error}");
    }
    let config = Config::read(&sources(&[], &pair)).unwrap().config;
    assert_eq!(
        config.page(config.relay.listen),
        "https://127.0.0.1:2778",
        "where it is found"
    );
    // A relay with a certificate has no proxy in front of it but those that are named.
    let public = [&pair[..], PUBLIC].concat();
    let config = Config::read(&sources(&[], &public)).unwrap().config;
    assert_eq!(config.trusted_proxies(), []);
}

#[cfg(unix)]
#[test]
fn a_folder_that_everyone_reads_is_refused_where_others_reach_the_relay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let chmod = |mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let mut config = Config::default();
    config.set("data", path).unwrap();
    chmod(0o755);
    assert!(config.check_folder().is_ok(), "on loopback");
    for (key, text) in PUBLIC {
        config.set(key, text).unwrap();
    }
    let error = config.check_folder().unwrap_err().0;
    assert!(error.contains("chmod 700"), "{error}");
    chmod(0o750);
    assert!(config.check_folder().is_ok());
    config.set("data", "/nowhere/at/all").unwrap();
    assert!(config.check_folder().is_ok(), "it is made private");
}

#[test]
fn each_value_says_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lamplight.toml");
    std::fs::write(
        &file,
        "# mine\ndomain = \"localhost\"\n\n[limits]\nsessions = 3\n",
    )
    .unwrap();
    let environment = [("LAMPLIGHT_LIMITS_PAGE", "200")];
    let mut sources = sources(&environment, &[("bounds.grace", "3 s")]);
    sources.file = Some(file.clone());
    let read = Config::read(&sources).unwrap();
    let shown = read.config.print_with(&read.from);
    let name = file.display();
    for (key, from) in [
        ("domain = \"localhost\"", format!("# {name}:2")),
        ("sessions = 3", format!("# {name}:5")),
        ("page = 200", "# LAMPLIGHT_LIMITS_PAGE".into()),
        ("grace = \"3 s\"", "# --bounds-grace".into()),
        ("ping = \"20 s\"", "# default".into()),
    ] {
        let line = shown.lines().find(|line| line.starts_with(key));
        let line = line.unwrap_or_else(|| panic!("no {key} in {shown}"));
        assert!(line.ends_with(&from), "{line}");
    }
    // It is still a file.
    let mut again = Config::default();
    again.lay_toml(&shown).unwrap();
    assert_eq!(again, read.config);
    // An error says the line.
    std::fs::write(&file, "[limits]\nsessions = 3\n\nsesions = 3").unwrap();
    let error = Config::read(&sources).unwrap_err().0;
    assert!(
        error.contains("lamplight.toml:4") && error.contains("`limits.sessions`"),
        "{error}"
    );
}

#[test]
fn a_secret_may_stand_in_a_file_and_is_never_shown() {
    const SECRET: &str = "4f1c0ffee9d0d2b1a7";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let path = file.to_str().unwrap();
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    for (environment, flags) in [
        (vec![("LAMPLIGHT_METRICS_TOKEN", SECRET)], vec![]),
        (vec![("LAMPLIGHT_METRICS_TOKEN_FILE", path)], vec![]),
        (vec![], vec![("metrics.token_file", path)]),
    ] {
        let read = Config::read(&sources(&environment, &flags)).unwrap();
        assert_eq!(read.config.metrics.token.get(), Some(SECRET));
        let shown = read.config.print_with(&read.from) + &read.config.print(true);
        let printed = format!("{shown}{:?}", read.config);
        assert!(!printed.contains(SECRET), "{printed}");
        assert!(shown.contains("token is set"), "{shown}");
    }
    // Neither is a wrong one repeated, nor the file that it stood in.
    std::fs::write(&file, "hunter2").unwrap();
    for flags in [("metrics.token", "hunter2"), ("metrics.token_file", path)] {
        let error = refused(&[flags]);
        assert!(
            error.contains("at least 16 characters") && !error.contains("hunter2"),
            "{error}"
        );
    }
    let error = refused(&[("metrics.token_file", "/nowhere/at/all")]);
    assert!(error.contains("/nowhere/at/all"), "{error}");
    let error = Config::default()
        .lay_toml("[metrics]\ntokn_file = \"x\"")
        .unwrap_err()
        .0;
    assert!(error.contains("`metrics.token_file`"), "{error}");
}

#[test]
fn the_reference_is_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CONFIGURATION.md");
    if std::env::var_os("LAMPLIGHT_BLESS").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == reference(),
        "docs/CONFIGURATION.md is not what `lamplight config doc` prints; write it anew with LAMPLIGHT_BLESS=1"
    );
}

#[test]
fn a_relay_offers_at_least_one_of_its_services() {
    let offers = |flags: &[(&str, &str)]| {
        let read = Config::read(&sources(&[], flags));
        read.map(|read| read.config.service(ServerId::default()).offers)
            .map_err(|error| error.0)
    };
    assert_eq!(offers(&[]), Ok(Offers::Both));
    assert_eq!(offers(&[("messages", "false")]), Ok(Offers::Presence));
    assert_eq!(offers(&[("presence", "false")]), Ok(Offers::Messages));
    let neither = offers(&[("presence", "false"), ("messages", "false")]);
    assert!(neither.unwrap_err().contains("nothing left to serve"));
    let mut config = Config::default();
    config
        .lay_toml("presence = false\nrequire_watch = \"account\"\nwatchers_span = \"2 d\"")
        .unwrap();
    let service = config.service(ServerId::default());
    assert_eq!(service.offers, Offers::Messages);
    assert_eq!(service.watchers_span, Duration::from_hours(48));
    assert_eq!(service.requires.watch, Login::Account);
    assert_eq!(service.requires.publish, Login::Nobody);
    let error = config.lay_toml("require_watch = \"fresh\"").unwrap_err().0;
    assert!(error.contains("expected nobody"), "{error}");
}

#[test]
fn loopback_opens_what_the_world_does_not() {
    let mut config = Config::default();
    assert!(config.offers(Offer::Loopback) && config.offers(Offer::Open));
    config
        .set("public_url", "https://chat.example.org")
        .unwrap();
    assert!(!config.offers(Offer::Loopback) && config.offers(Offer::Open));
    assert!(!config.offers(Offer::Closed));
}

#[test]
fn words_read_as_people_write_them() {
    assert_eq!(Duration::read("90 s").unwrap().print(), "90 s");
    assert_eq!(Duration::read("120s").unwrap().print(), "2 min");
    assert_eq!(Size::read("64 KiB").unwrap(), Size(65_536));
    for wrong in [
        "",
        "s",
        "10",
        "10 parsecs",
        "-1 s",
        "99999999999999999999 s",
    ] {
        assert!(Duration::read(wrong).is_err(), "{wrong:?}");
    }
    let rate = lamplight_core::service::Rate::read("20 then 1 per 200 ms").unwrap();
    assert_eq!(rate.print(), "20 then 1 per 200 ms");
    for wrong in ["20", "0 then 1 per 1 s", "1 then 1 per 0 s"] {
        assert!(
            lamplight_core::service::Rate::read(wrong).is_err(),
            "{wrong:?}"
        );
    }
}

#[test]
fn an_origin_is_as_a_browser_writes_it() {
    let origin = |url: &str| Origin::parse(url).map(|origin| origin.as_str().to_owned());
    assert_eq!(
        origin("https://Chat.Example.org:443/").unwrap(),
        "https://chat.example.org"
    );
    assert_eq!(origin("http://localhost:80").unwrap(), "http://localhost");
    assert_eq!(origin("http://[::1]:2778").unwrap(), "http://[::1]:2778");
    assert!(origin("ftp://localhost").is_err());
    assert!(origin("http://localhost.example.org").is_err());
    assert_eq!(
        Origin::parse("https://a.example").unwrap().web_socket(),
        "wss://a.example"
    );
}
