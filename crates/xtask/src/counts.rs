//! Instructions of the hot paths, counted under callgrind: the same on a busy machine as on a quiet one, so that a slower path is seen
//! by the change that made it slower.

use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;
use crate::tools;
use crate::workspace::{Workspace, cargo};

/// What is counted, how often it is done, and the most instructions that each time may take. Lower them when they are undercut; the
/// tenth above what was measured (docs/PERFORMANCE.md) is for compilers. A notification is a change that twenty are told of.
const BUDGETS: &[(&str, u64, u64)] = &[
    ("notifications", 300, 80_000),
    ("logins", 100, 540_000),
    ("messages", 300, 43_500),
];

/// Counts all, and fails if one takes more than its budget.
pub fn judge(workspace: &Workspace) -> Result<()> {
    let valgrind = tools::valgrind()?;
    let mut build = Command::new(cargo());
    build.current_dir(&workspace.root);
    shell::call(build.args(["build", "--release", "--package", "lamplight-bench"]))?;
    let program = workspace
        .target
        .join("release")
        .join(format!("lamplight-bench{}", std::env::consts::EXE_SUFFIX));
    let count = |what: &str, times: u64| {
        let mut command = Command::new(&valgrind);
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        command.arg(&program).args(["counts", what]);
        let output = command.arg(times.to_string()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "valgrind failed:\n{said}");
        collected(&said).with_context(|| format!("valgrind counted nothing:\n{said}"))
    };
    let mut over = Vec::new();
    println!("instructions     each      budget");
    for (what, times, budget) in BUDGETS {
        // What the beginning takes is in both, so it is in neither.
        let each = (count(what, 2 * times)? - count(what, *times)?) / times;
        println!("{what:15}{each:7}{budget:12}");
        if each > *budget {
            over.push(format!("{what}: {each} of {budget}"));
        }
    }
    anyhow::ensure!(
        over.is_empty(),
        "more instructions than the budget: {}",
        over.join(", ")
    );
    Ok(())
}

/// The number in the line in which callgrind says how many instructions there were.
fn collected(said: &str) -> Option<u64> {
    let (_, number) = said.split_once("Collected : ")?;
    number.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod test {
    use super::collected;

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        let said = "==7== Events    : Ir\n==7== Collected : 123456\n==7==\n";
        assert_eq!(collected(said), Some(123_456));
        assert_eq!(collected("==7== nothing"), None);
    }
}
