//! Where things are: the root of the project, cargo's target folder and the test targets that exist.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

/// The browser's target. The page and the parity module are built for it.
pub const WASM: &str = "wasm32-unknown-unknown";

pub struct Workspace {
    pub root: PathBuf,
    /// Cargo's target folder, wherever `CARGO_TARGET_DIR` or a configuration file has put it.
    pub target: PathBuf,
    metadata: Value,
}

impl Workspace {
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("xtask does not lie in crates/xtask")?
            .to_path_buf();
        let output = Command::new(cargo())
            .current_dir(&root)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()
            .context("cannot start cargo")?;
        anyhow::ensure!(
            output.status.success(),
            "cargo metadata failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let target = metadata["target_directory"]
            .as_str()
            .context("cargo metadata names no target folder")?
            .into();
        Ok(Self {
            root,
            target,
            metadata,
        })
    }

    /// Whether `package` is a member of the workspace.
    pub fn has_package(&self, package: &str) -> bool {
        self.package(package).is_some()
    }

    /// The version of a member.
    pub fn version(&self, package: &str) -> Result<String> {
        let version = self
            .package(package)
            .and_then(|found| found["version"].as_str());
        Ok(version
            .with_context(|| format!("no member {package}"))?
            .to_owned())
    }

    /// Whether `package` has an integration test of this name (`tests/<name>.rs` or a `[[test]]` table).
    pub fn has_test(&self, package: &str, test: &str) -> bool {
        self.targets(package)
            .any(|target| target["name"] == test && kinds(target).any(|kind| kind == "test"))
    }

    /// Whether `package` can be built as a module for the browser's virtual machine.
    pub fn has_cdylib(&self, package: &str) -> bool {
        self.targets(package)
            .any(|target| kinds(target).any(|kind| kind == "cdylib"))
    }

    fn targets(&self, package: &str) -> impl Iterator<Item = &Value> {
        self.package(package)
            .and_then(|package| package["targets"].as_array())
            .into_iter()
            .flatten()
    }

    fn package(&self, name: &str) -> Option<&Value> {
        self.metadata["packages"]
            .as_array()?
            .iter()
            .find(|package| package["name"] == name)
    }
}

fn kinds(target: &Value) -> impl Iterator<Item = &str> {
    target["kind"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The cargo that started us, so that `cargo +nightly xtask` stays on that toolchain.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// The rustc that cargo would use.
pub fn rustc() -> String {
    std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into())
}
