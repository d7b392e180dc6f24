//! A script of this folder in Node. What it is given stands in a variable of its environment, its assertions are its own, and each line
//! that it prints can be waited for.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Longer than any step of a story on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Script {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

fn named(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test runtime`"))
}

/// A folder in which the package is installed, beside what the builder fetched from npm.
pub fn installs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let modules = folder.path().join("node_modules");
    let package = modules.join("lamplight-runtime");
    std::fs::create_dir_all(&package).expect("a folder");
    let files = |of: &Path| std::fs::read_dir(of).expect("a folder that is there");
    for file in files(Path::new(&named("LAMPLIGHT_PACKAGE"))) {
        let file = file.expect("a file");
        std::fs::copy(file.path(), package.join(file.file_name())).expect("it is copied");
    }
    // What is fetched is named by the compiler among it.
    let compiler = named("LAMPLIGHT_TSC");
    let fetched = Path::new(&compiler).ancestors().nth(3).expect("a folder");
    for entry in files(fetched) {
        let entry = entry.expect("an entry");
        let there = modules.join(entry.file_name());
        std::os::unix::fs::symlink(entry.path(), there).expect("a link");
    }
    folder
}

/// Copies a file of this folder; gives where it is then.
pub fn copies(name: &str, to: &Path) -> std::path::PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("runtime")
        .join(name);
    let place = to.join(name);
    std::fs::copy(source, &place).expect("it is copied");
    place
}

/// Whether TypeScript takes this file; if not, what it says.
pub fn compiles(file: &Path) -> Result<(), String> {
    let output = std::process::Command::new(named("LAMPLIGHT_NODE"))
        .arg(named("LAMPLIGHT_TSC"))
        .args(["--noEmit", "--strict", "--target", "es2022"])
        .args(["--lib", "es2022,dom,dom.iterable"])
        .args(["--module", "nodenext", "--skipLibCheck", "false"])
        .args(["--jsx", "react-jsx"])
        .arg(file)
        .output()
        .expect("Node starts");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stdout).into_owned()),
    }
}

pub fn start(name: &str, given: &Value) -> Script {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime");
    runs(&folder.join(name), given)
}

/// The same of a script that lies elsewhere.
pub fn runs(script: &Path, given: &Value) -> Script {
    let mut child = Command::new(named("LAMPLIGHT_NODE"))
        // Node 20 has a WebSocket behind this; later ones have it anyway.
        .args(["--experimental-websocket", "--no-warnings"])
        .arg(script)
        .env("LAMPLIGHT_PACKAGE", named("LAMPLIGHT_PACKAGE"))
        .env("GIVEN", given.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("Node starts");
    let said = child.stdout.take().expect("it is piped");
    Script {
        child,
        said: BufReader::new(said).lines(),
    }
}

/// Plays a script to its end.
pub async fn plays(name: &str, given: &Value) {
    start(name, given).ends_well().await;
}

impl Script {
    /// Waits until the script prints this line.
    pub async fn says(&mut self, wanted: &str) {
        let heard = async {
            while let Ok(Some(line)) = self.said.next_line().await {
                if line == wanted {
                    return true;
                }
            }
            false
        };
        let heard = tokio::time::timeout(PATIENCE, heard).await;
        assert_eq!(heard, Ok(true), "the script never said {wanted:?}");
    }

    /// Waits for its end, which a script without a fault comes to by itself: nothing of a closed connection keeps Node running.
    pub async fn ends_well(mut self) {
        let drained = async {
            while let Ok(Some(line)) = self.said.next_line().await {
                println!("{line}");
            }
            self.child.wait().await.expect("it ends")
        };
        let ended = tokio::time::timeout(PATIENCE, drained).await;
        let status = ended.expect("the script ends by itself");
        assert!(status.success(), "{status}");
    }
}
