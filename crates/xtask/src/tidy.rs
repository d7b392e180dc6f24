//! `cargo xtask tidy`: the rules of the house that no compiler checks. Each check reads files and gives complaints; none
//! changes anything, except `--bless`, which writes the wire's hash into PROTOCOL.md after somebody has read both.

mod core;
mod documents;
mod manifests;
mod openings;
mod page;

use std::path::Path;

use anyhow::Result;

use crate::options::Options;
use crate::shell;
use crate::workspace::Workspace;

/// Where a rule is broken, and how: `crates/core/src/a.rs:7: names tokio`.
type Complaints = Vec<String>;

type Check = fn(&Path) -> Result<Complaints>;

const CHECKS: &[(&str, Check)] = &[
    (
        "core names no clock, socket, task, lock or target",
        core::check,
    ),
    (
        "no rule of presence lives in the page, no markup is made from strings",
        page::check,
    ),
    ("versions stand in the root manifest only", manifests::check),
    ("each file says what it is for", openings::check),
    (
        "PROTOCOL.md was read after the wire last changed",
        documents::wire,
    ),
    ("what RFC2778.md names exists", documents::rfc),
];

pub fn tidy(arguments: &[String]) -> Result<()> {
    let mut options = Options::read(arguments);
    let bless = options.switch("--bless");
    options.finish()?;
    let workspace = Workspace::find()?;
    if bless && documents::bless(&workspace.root)? {
        shell::note("docs/PROTOCOL.md now carries the hash of the wire as it is");
    }
    check(&workspace)
}

/// Runs every check and fails if any of them complains.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut all = 0;
    for (rule, check) in CHECKS {
        let complaints = check(&workspace.root)?;
        println!(
            "{} {rule}",
            if complaints.is_empty() {
                "ok    "
            } else {
                "BROKEN"
            }
        );
        for complaint in &complaints {
            println!("       {complaint}");
        }
        all += complaints.len();
    }
    anyhow::ensure!(all == 0, "tidy has {all} complaints");
    Ok(())
}
