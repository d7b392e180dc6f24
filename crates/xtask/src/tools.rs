//! What the tests want beside Rust, such as Chromium, Node, axe-core, strace, nginx. Each is looked for first, installed where that is
//! allowed, and otherwise asked for with the line to type.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::shell;
use crate::workspace::Workspace;

/// The accessibility checks that browser tests put into the page; 4.14 is what they were written against.
const AXE: &str = "axe-core@4.14";
/// A style that many sites have, for the pages that tests put badges and chats into.
const BOOTSTRAP: &str = "bootstrap@5.3";
/// What the runtime has wrappers for.
const FRAMEWORKS: [&str; 5] = [
    "react@19",
    "react-dom@19",
    "@types/react@19",
    "vue@3.5",
    "svelte@5",
];
/// What reads the runtime's types as an integrator's editor does.
const TYPESCRIPT: &str = "typescript@5.9";

/// A Chromium that can be driven over its debugging port. `LAMPLIGHT_CHROMIUM` names one that is not on PATH.
pub fn chromium() -> Result<PathBuf> {
    if let Some(named) =
        std::env::var_os("LAMPLIGHT_CHROMIUM").or_else(|| std::env::var_os("CHROME"))
    {
        return Ok(named.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let find = || names.iter().find_map(|name| shell::on_path(name));
    if let Some(found) = find() {
        return Ok(found);
    }
    install("chromium")?;
    find().ok_or_else(|| missing("Chromium", "chromium"))
}

pub fn node() -> Result<PathBuf> {
    let find = || shell::on_path("node").or_else(|| shell::on_path("nodejs"));
    if let Some(found) = find() {
        return Ok(found);
    }
    install("nodejs")?;
    find().ok_or_else(|| missing("Node", "nodejs"))
}

/// Writes down the system's calls of a relay.
pub fn strace() -> Result<PathBuf> {
    if let Some(found) = shell::on_path("strace") {
        return Ok(found);
    }
    install("strace")?;
    shell::on_path("strace").ok_or_else(|| missing("strace", "strace"))
}

/// The proxies that the snippets of `docs/SELF_HOSTING.md` are for. Debian keeps them where only its admin looks.
pub fn nginx() -> Result<PathBuf> {
    served_by("nginx", "nginx")
}

pub fn haproxy() -> Result<PathBuf> {
    served_by("HAProxy", "haproxy")
}

fn served_by(what: &str, name: &str) -> Result<PathBuf> {
    let find = || {
        let beside = PathBuf::from("/usr/sbin").join(name);
        shell::on_path(name).or_else(|| Some(beside).filter(|path| path.is_file()))
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    install(name)?;
    find().ok_or_else(|| missing(what, name))
}

/// Counts instructions.
pub fn valgrind() -> Result<PathBuf> {
    if let Some(found) = shell::on_path("valgrind") {
        return Ok(found);
    }
    install("valgrind")?;
    shell::on_path("valgrind").ok_or_else(|| missing("valgrind", "valgrind"))
}

/// The file `axe.min.js`, fetched once into `target/tools`.
pub fn axe(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("LAMPLIGHT_AXE") {
        return Ok(named.into());
    }
    from_npm(workspace, AXE, "axe-core/axe.min.js")
}

/// The file `bootstrap.min.css`, fetched once into `target/tools`.
pub fn bootstrap(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("LAMPLIGHT_BOOTSTRAP") {
        return Ok(named.into());
    }
    from_npm(workspace, BOOTSTRAP, "bootstrap/dist/css/bootstrap.min.css")
}

/// TypeScript's compiler as a script for Node, and beside it the frameworks that the runtime has wrappers for.
pub fn typescript(workspace: &Workspace) -> Result<PathBuf> {
    for framework in FRAMEWORKS {
        let (name, _) = framework.rsplit_once('@').unwrap_or((framework, ""));
        from_npm(workspace, framework, &format!("{name}/package.json"))?;
    }
    from_npm(workspace, TYPESCRIPT, "typescript/bin/tsc")
}

/// A file of a package.
fn from_npm(workspace: &Workspace, package: &str, file: &str) -> Result<PathBuf> {
    let tools = workspace.target.join("tools");
    let file = tools.join("node_modules").join(file);
    if file.is_file() {
        return Ok(file);
    }
    if shell::on_path("npm").is_none() {
        install("npm")?;
    }
    std::fs::create_dir_all(&tools)?;
    shell::ask(
        Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&tools)
            .arg(package),
    )?;
    anyhow::ensure!(
        file.is_file(),
        "npm installed {package} but left no {}",
        file.display()
    );
    Ok(file)
}

fn install(package: &str) -> Result<()> {
    if !shell::may_install() {
        return Err(missing(package, package));
    }
    shell::step(&format!("apt-get install {package}"), || {
        shell::ask(Command::new("apt-get").arg("update"))?;
        shell::ask(
            Command::new("apt-get")
                .args(["install", "-y", "--no-install-recommends", package])
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )?;
        Ok(())
    })
}

fn missing(what: &str, package: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "{what} is missing and cannot be installed from here.\n\
         On Debian or Ubuntu: sudo apt-get install --no-install-recommends {package}\n\
         Elsewhere: install it in your usual way so that it is on PATH; then run this again."
    )
}
