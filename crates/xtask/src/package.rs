//! `cargo xtask package`: the runtime as a folder that can be published to npm as it lies there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bindgen;
use crate::elements;
use crate::options::Options;
use crate::page::Kind;
use crate::runtime::{self, Runtime};
use crate::shell::{self, step};
use crate::wasm;
use crate::workspace::Workspace;

pub fn package(arguments: &[String]) -> Result<()> {
    Options::read(arguments).finish()?;
    let folder = build(&Workspace::find()?)?;
    shell::note(&folder.display().to_string());
    Ok(())
}

/// Builds the package; gives its folder.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let runtime = step("the module for scripts of other sites", || {
        wasm::ensure_target(workspace)?;
        let linked = runtime::link(workspace, Kind::Release.profile())?;
        runtime::assemble(workspace, &linked, true)
    })?;
    let folder = workspace.target.join("package");
    assemble(&workspace.root, &runtime, &folder)?;
    Ok(folder)
}

fn assemble(root: &Path, runtime: &Runtime, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    };
    let written = root.join("crates/runtime/package");
    for entry in fs::read_dir(&written)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        put(&name, &fs::read(&path)?)?;
    }
    let manifest = fs::read_to_string(written.join("custom-elements.json"))?;
    let wrapped = elements::write(&manifest)?;
    put("elements.js", wrapped.script.as_bytes())?;
    put("elements.d.ts", wrapped.types.as_bytes())?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        put(licence, &fs::read(root.join(licence))?)?;
    }
    let presence = fs::read_to_string(root.join("www/embed/presence.js"))?;
    put("presence.js", bindgen::minify(&presence)?.as_bytes())?;
    put("runtime.js", &runtime.script)?;
    put("runtime.wasm", &runtime.module)
}
