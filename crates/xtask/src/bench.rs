//! `cargo xtask bench`: builds the relay as people run it and the load generator, and lets the one loose on the other.

use std::process::Command;

use anyhow::Result;

use crate::layers::Ground;
use crate::options::Options;
use crate::page::{self, Kind};
use crate::relay::{self, Build};
use crate::shell;
use crate::workspace::{Workspace, cargo};

/// Below the target folder: the tables, as JSON and as Markdown, and what the servers complained about.
const OUT: &str = "bench";

/// All words but `--page-dev` are the generator's: `cargo xtask bench --runs 3 saturation`.
pub fn bench(arguments: &[String]) -> Result<()> {
    if arguments.first().is_some_and(|first| first == "page") {
        return measure_page(&arguments[1..]);
    }
    let mut options = Options::read(arguments);
    let page = Kind::of(options.switch("--page-dev"));
    options.pass_the_rest();

    let workspace = Workspace::find()?;
    let page = page::build(&workspace, page)?;
    let relay = relay::build(&workspace, &page, Build::Release)?;
    let generator = shell::step("the load generator", || {
        let mut command = Command::new(cargo());
        command.current_dir(&workspace.root);
        shell::call(command.args(["build", "--release", "--package", "lamplight-bench"]))?;
        let name = format!("lamplight-bench{}", std::env::consts::EXE_SUFFIX);
        Ok(workspace.target.join("release").join(name))
    })?;
    let out = workspace.target.join(OUT);
    let mut command = Command::new(generator);
    command.arg("run").arg("--relay").arg(relay);
    command.arg("--out").arg(&out).args(&options.passed);
    shell::call(&mut command)?;
    shell::note(&format!("{}", out.join("bench.md").display()));
    Ok(())
}

/// `cargo xtask bench page`: how quick the page is in a real browser.
fn measure_page(arguments: &[String]) -> Result<()> {
    let mut options = Options::read(arguments);
    let runs = options.number("--runs")?;
    options.finish()?;
    let mut ground = Ground::new(Workspace::find()?);
    let mut command = ground.in_browser()?;
    if let Some(runs) = runs {
        command.env("LAMPLIGHT_BENCH_ROUNDS", runs.to_string());
    }
    shell::call(command.args(["--", "--ignored", "--nocapture", "the_page_is_measured"]))
}
