//! `cargo xtask run`: from source to a relay that listens; `cargo xtask page`: the page alone.

use std::process::Command;

use anyhow::Result;

use crate::options::Options;
use crate::page::{self, Kind};
use crate::relay::{self, Build};
use crate::shell;
use crate::workspace::Workspace;

/// Builds page and relay and becomes `lamplight serve`. Both are optimised unless `--dev` asks for quick edits: argon2 and
/// SQLite without optimisation would make a first impression that is not ours. `--page-dev` keeps the relay optimised.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut options = Options::read(arguments);
    let dev = options.switch("--dev");
    let page_dev = options.switch("--page-dev") || dev;
    options.switch("--release");
    options.pass_the_rest();

    let workspace = Workspace::find()?;
    let page = page::build(&workspace, Kind::of(page_dev))?;
    let build = if dev { Build::Dev } else { Build::Release };
    let program = relay::build(&workspace, &page, build)?;
    eprintln!("==> lamplight serve {}", options.passed.join(" "));
    become_program(Command::new(program).arg("serve").args(&options.passed))
}

pub fn page(arguments: &[String]) -> Result<()> {
    let mut options = Options::read(arguments);
    let kind = Kind::of(options.switch("--dev"));
    options.switch("--release");
    options.finish()?;
    let page = page::build(&Workspace::find()?, kind)?;
    shell::note(&page.folder.display().to_string());
    Ok(())
}

/// On Unix the relay takes our place, so that signals reach it and nothing stands between it and the terminal.
fn become_program(command: &mut Command) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        let error = command.exec();
        Err(anyhow::Error::from(error).context("cannot start the relay"))
    }
    #[cfg(not(unix))]
    {
        shell::call(command)
    }
}
