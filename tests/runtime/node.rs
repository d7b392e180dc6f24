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

pub fn start(name: &str, given: &Value) -> Script {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime");
    let mut child = Command::new(named("LAMPLIGHT_NODE"))
        // Node 20 has a WebSocket behind this; later ones have it anyway.
        .args(["--experimental-websocket", "--no-warnings"])
        .arg(folder.join(name))
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
