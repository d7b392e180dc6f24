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
    let public = [
        ("listen", "0.0.0.0:80"),
        ("public_url", "https://chat.example.org"),
    ];
    assert!(Config::read(&sources(&[], &public)).is_ok());
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
