//! `cargo xtask dist`: what is given to whoever runs a relay, in `target/dist`: the program, a Debian package, what a container is made
//! of, completions, a man page, a dashboard, what is inside (SBOM), and the sums of all of it.

mod debian;
mod sbom;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::options::Options;
use crate::page::{self, Kind};
use crate::relay::{self, Build};
use crate::shell::{self, step};
use crate::workspace::Workspace;

/// Completions by shell, and the name under which its folder has them.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "lamplight"),
    ("zsh", "_lamplight"),
    ("fish", "lamplight.fish"),
];

pub fn dist(arguments: &[String]) -> Result<()> {
    let mut options = Options::read(arguments);
    let program = options.text("--program")?;
    options.finish()?;
    let workspace = Workspace::find()?;
    let program = match program {
        Some(named) => PathBuf::from(named),
        None => {
            let page = page::build(&workspace, Kind::Release)?;
            relay::build(&workspace, &page, Build::Release)?
        }
    };
    let folder = pack(&workspace, &program)?;
    shell::note(&folder.display().to_string());
    Ok(())
}

/// Puts everything around a built relay; gives the folder.
pub fn pack(workspace: &Workspace, built: &Path) -> Result<PathBuf> {
    let folder = workspace.target.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("completions"))?;
    let program = folder.join("lamplight");
    step("the program without its symbols", || strip(built, &program))?;
    step("completions, man page, dashboard", || {
        let say = |words: &[&str]| shell::ask(Command::new(&program).args(words));
        for (shell, name) in SHELLS {
            let text = say(&["print", "completions", shell])?;
            fs::write(folder.join("completions").join(name), text + "\n")?;
        }
        fs::write(
            folder.join("lamplight.1"),
            say(&["print", "manual"])? + "\n",
        )?;
        fs::write(
            folder.join("grafana.json"),
            say(&["metrics", "grafana"])? + "\n",
        )?;
        Ok(())
    })?;
    let packaging = workspace.root.join("crates/relay/packaging");
    for name in ["Dockerfile", "lamplight.service", "lamplight.toml"] {
        fs::copy(packaging.join(name), folder.join(name))?;
    }
    // What the container's volume begins with: git keeps no empty folder, and a builder copies none without a file.
    fs::create_dir_all(folder.join("data"))?;
    fs::write(folder.join("data/.keep"), "")?;
    step("what is inside", || {
        let bill = sbom::write(workspace)?;
        fs::write(folder.join("lamplight.cdx.json"), format!("{bill:#}\n"))?;
        Ok(())
    })?;
    step("the package for Debian", || {
        debian::pack(workspace, &folder)
    })?;
    let sums = sums(&folder)?;
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(folder)
}

fn strip(built: &Path, to: &Path) -> Result<()> {
    anyhow::ensure!(
        shell::on_path("strip").is_some(),
        "strip is missing; on Debian: apt-get install binutils"
    );
    shell::ask(Command::new("strip").arg("-o").arg(to).arg(built)).map(drop)
}

/// Lines for `sha256sum -c`, of every file below the folder.
fn sums(folder: &Path) -> Result<String> {
    let mut lines = String::new();
    for path in files(folder)? {
        let bytes = fs::read(&path)?;
        let name = path.strip_prefix(folder)?.display();
        for byte in Sha256::digest(bytes) {
            let _ = write!(lines, "{byte:02x}");
        }
        let _ = writeln!(lines, "  {name}");
    }
    Ok(lines)
}

/// Every file below a folder, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
