//! Core is handed time, randomness and bytes; it fetches none of them. What it must not name is listed here.

use std::path::Path;

use anyhow::Result;

use super::Complaints;
use crate::source::{self, Source};

/// A token, and what stands in its place in core.
const FORBIDDEN: &[(&str, &str)] = &[
    ("std::time", "time is handed in: use core's `Now`"),
    ("Instant::now", "time is handed in: use core's `Now`"),
    ("SystemTime", "time is handed in: use core's `Now`"),
    ("std::net", "core never touches the network"),
    ("std::fs", "what lasts leaves as an Output"),
    ("std::io", "core never reads or writes"),
    ("std::env", "settings are handed in"),
    ("std::process", "core starts nothing"),
    ("std::thread", "one task owns a machine"),
    ("std::sync", "one task owns a machine: nothing is shared"),
    ("tokio", "core has no runtime"),
    ("futures", "core has no runtime"),
    ("async", "core is called and returns"),
    ("await", "core is called and returns"),
    ("Mutex", "one task owns a machine: nothing is shared"),
    ("RwLock", "one task owns a machine: nothing is shared"),
    ("Atomic", "one task owns a machine: nothing is shared"),
    ("AtomicBool", "one task owns a machine: nothing is shared"),
    ("AtomicU32", "one task owns a machine: nothing is shared"),
    ("AtomicU64", "one task owns a machine: nothing is shared"),
    ("AtomicUsize", "one task owns a machine: nothing is shared"),
    ("static mut", "one task owns a machine: nothing is shared"),
    (
        "std::collections",
        "std's maps have an order of their own in each run: use those of alloc",
    ),
    ("RandomState", "randomness is handed in as a seed"),
    ("web_sys", "core knows no browser"),
    ("js_sys", "core knows no browser"),
    ("wasm_bindgen", "core knows no browser"),
    ("getrandom", "randomness is handed in as a seed"),
    ("thread_rng", "randomness is handed in as a seed"),
];

pub fn check(root: &Path) -> Result<Complaints> {
    let sources = source::files(root, "crates/core/src", &["rs"])?;
    let mut complaints: Complaints = sources.iter().flat_map(complaints_about).collect();
    let front = sources
        .iter()
        .find(|source| source.path.ends_with("core/src/lib.rs"));
    if !front.is_some_and(|front| front.code.contains("#![no_std]")) {
        complaints.push("crates/core/src/lib.rs: is not `#![no_std]`".into());
    }
    Ok(complaints)
}

fn complaints_about(source: &Source) -> Complaints {
    let mut complaints = Complaints::new();
    for (token, instead) in FORBIDDEN {
        for line in source.lines_naming(token) {
            complaints.push(format!(
                "{}:{line}: names `{token}`; {instead}",
                source.path
            ));
        }
    }
    for (number, line) in source.code.lines().enumerate() {
        if asks_for_a_target(line) {
            let number = number + 1;
            complaints.push(format!(
                "{}:{number}: asks for more than tests and features; core is the same everywhere",
                source.path
            ));
        }
    }
    complaints
}

fn asks_for_a_target(line: &str) -> bool {
    let tight: String = line
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let asks = ["cfg(", "cfg!(", "cfg_attr("];
    // Features say how much of an agent there is, and of that the same everywhere.
    let allowed = [
        "cfg(test)",
        "cfg!(test)",
        "cfg(feature=",
        "cfg(not(feature=",
        "cfg_attr(not(feature=",
    ];
    let left = allowed
        .iter()
        .fold(tight, |left, form| left.replace(form, ""));
    asks.iter().any(|form| left.contains(form))
}

#[cfg(test)]
mod test {
    use super::*;

    fn complaints(text: &str) -> Complaints {
        complaints_about(&Source::new("crates/core/src/a.rs", text))
    }

    #[test]
    fn clocks_sockets_tasks_and_locks_are_noticed_with_their_line() {
        for code in [
            "use std::time::Duration;",
            "let now = Instant::now();",
            "let t: SystemTime;",
            "use std::net::IpAddr;",
            "std::fs::read(p)",
            "std::thread::spawn(f)",
            "tokio::spawn(f)",
            "async fn f() {}",
            "f().await;",
            "let m: Mutex<u8>;",
            "let m: RwLock<u8>;",
            "use std::collections::HashMap;",
            "static mut X: u8 = 0;",
        ] {
            let found = complaints(&format!("//! x\n{code}\n"));
            assert!(!found.is_empty(), "{code}");
            assert!(
                found[0].starts_with("crates/core/src/a.rs:2: "),
                "{found:?}"
            );
        }
    }

    #[test]
    fn talking_about_them_is_allowed() {
        let text = "//! no tokio, no Mutex here\nlet a = \"async\"; // std::time\nlet instant: Instant = now.instant;\n";
        assert_eq!(complaints(text), Complaints::new());
    }

    #[test]
    fn only_tests_and_features_may_be_asked_for() {
        for allowed in [
            "#[cfg(test)]",
            "if cfg!(test) {",
            "# [cfg( test )]",
            "#[cfg(feature = \"settings\")]",
            "#[cfg(not(feature = \"settings\"))]",
        ] {
            assert_eq!(complaints(allowed), Complaints::new(), "{allowed}");
        }
        for asked in [
            "#[cfg(target_arch = \"wasm32\")]",
            "#[cfg(not(test))]",
            "#[cfg(any(feature = \"settings\", unix))]",
            "#![cfg_attr(not(test), no_std)]",
            "if cfg!(debug_assertions) {",
        ] {
            assert_eq!(complaints(asked).len(), 1, "{asked}");
        }
    }
}
