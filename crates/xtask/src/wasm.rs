//! From a crate to a raw WebAssembly module: the target is made sure of, cargo builds, names in it are told no path of ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;
use crate::workspace::{WASM, Workspace, cargo, rustc};

/// Adds the wasm target where it is missing, or says what to do.
pub fn ensure_target(workspace: &Workspace) -> Result<()> {
    if target_is_there(workspace)? {
        return Ok(());
    }
    shell::note(&format!("the target {WASM} is missing; rustup adds it"));
    let added = shell::call(
        Command::new("rustup")
            .current_dir(&workspace.root)
            .args(["target", "add", WASM]),
    );
    if added.is_ok() && target_is_there(workspace)? {
        return Ok(());
    }
    anyhow::bail!(
        "the Rust target {WASM} is missing and could not be added.\n\
         With rustup:    rustup target add {WASM}\n\
         Without rustup: install your distribution's package of the Rust standard library for {WASM}\n\
         (Debian: libstd-rust-dev-wasm32), then run this again."
    )
}

fn target_is_there(workspace: &Workspace) -> Result<bool> {
    let folder = shell::ask(Command::new(rustc()).current_dir(&workspace.root).args([
        "--print",
        "target-libdir",
        "--target",
        WASM,
    ]))?;
    Ok(std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}

/// What of a package is wanted: its program (the page) or its library (a module that somebody else drives).
#[derive(Clone, Copy)]
pub enum Part<'a> {
    Program(&'a str),
    /// A program that does without the package's default features.
    Lean(&'a str),
    Library,
    /// A library that is bound and taken apart as programs are: what scripts of other sites drive.
    Script,
}

/// Builds one package for the browser's virtual machine and gives the path of the module, names still inside.
pub fn build(
    workspace: &Workspace,
    package: &str,
    part: Part<'_>,
    profile: &str,
) -> Result<PathBuf> {
    let mut command = Command::new(cargo());
    command.current_dir(&workspace.root).args([
        "build",
        "--package",
        package,
        "--target",
        WASM,
        "--profile",
        profile,
    ]);
    let file = match part {
        Part::Program(name) => {
            command.args(["--bin", name]);
            format!("{name}.wasm")
        }
        Part::Lean(name) => {
            command.args(["--bin", name, "--no-default-features"]);
            format!("{name}.wasm")
        }
        Part::Library | Part::Script => {
            command.arg("--lib");
            format!("{}.wasm", package.replace('-', "_"))
        }
    };
    command
        .arg("--config")
        .arg(flags(&workspace.root, part, profile)?);
    shell::call(&mut command)?;
    let module = workspace.target.join(WASM).join(profile).join(file);
    anyhow::ensure!(
        module.is_file(),
        "cargo built {package} but left no {}",
        module.display()
    );
    Ok(module)
}

/// Panic messages name source files. The page shall not tell strangers where its builder's home is, and the same source
/// shall give the same bytes in every folder.
///
/// Behind a stack of half a megabyte the data begins where its addresses are a byte shorter than behind the usual one; programs
/// that are not optimised need the usual one.
///
/// A program is split afterwards, for which the linker has to leave what it knows of who refers to whom.
fn flags(root: &Path, part: Part<'_>, profile: &str) -> Result<String> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .context("there is no home folder")?;
    let mut flags = vec![
        remap(&home.join("registry").join("src"), "crates"),
        remap(root, "."),
    ];
    let sysroot = shell::ask(
        Command::new(rustc())
            .current_dir(root)
            .args(["--print", "sysroot"]),
    )?;
    flags.push(remap(Path::new(&sysroot), "rust"));
    if !matches!(part, Part::Library) {
        flags.push("-Clink-arg=--emit-relocs".into());
    }
    if profile == "wasm-release" {
        flags.push("-Clink-arg=-zstack-size=524288".into());
    }
    Ok(format!(
        "target.{WASM}.rustflags={}",
        serde_json::to_string(&flags)?
    ))
}

fn remap(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}={to}", from.display())
}
