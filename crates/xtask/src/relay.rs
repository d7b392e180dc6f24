//! The relay's binary with a built page inside it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::page::Page;
use crate::shell;
use crate::workspace::{Workspace, cargo};

/// The variable by which `crates/relay/build.rs` finds the page. Without it the relay carries a placeholder.
const PAGE_DIR: &str = "LAMPLIGHT_PAGE_DIR";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Build {
    Dev,
    Release,
}

pub fn build(workspace: &Workspace, page: &Page, build: Build) -> Result<PathBuf> {
    shell::step("the relay", || {
        let mut command = Command::new(cargo());
        command
            .current_dir(&workspace.root)
            .args(["build", "--package", "lamplight", "--bin", "lamplight"])
            .env(PAGE_DIR, &page.folder);
        if build == Build::Release {
            command.arg("--release");
        }
        shell::call(&mut command)?;
        let program = workspace.target.join(folder(build)).join(program_name());
        anyhow::ensure!(
            program.is_file(),
            "cargo left no relay at {}",
            program.display()
        );
        Ok(program)
    })
}

fn folder(build: Build) -> &'static Path {
    Path::new(match build {
        Build::Dev => "debug",
        Build::Release => "release",
    })
}

fn program_name() -> String {
    format!("lamplight{}", std::env::consts::EXE_SUFFIX)
}
