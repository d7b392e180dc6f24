//! Running other programs and telling the person what happens: one line per step, with the time it took.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Says what begins, does it, and says how long it took. A failure passes through.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {what}");
    let begun = Instant::now();
    let done = work()?;
    eprintln!("    {what}: {}", seconds(begun.elapsed()));
    Ok(done)
}

/// A remark below the current step.
pub fn note(text: &str) {
    eprintln!("    {text}");
}

pub fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole >= 60 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// Runs a program with our own input and outputs, so that its lines stay visible; anything but success is an error.
pub fn call(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    anyhow::ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Runs a program whose lines stay visible, and collects what `pick` finds in those of its standard output. Gives whether it
/// succeeded, too.
pub fn watch(
    command: &mut Command,
    pick: impl Fn(&str) -> Option<String>,
) -> Result<(bool, Vec<String>)> {
    let shown = show(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let mut picked = Vec::new();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines())
    {
        let line = line?;
        println!("{line}");
        picked.extend(pick(&line));
    }
    command.stdout(Stdio::inherit());
    Ok((child.wait()?.success(), picked))
}

/// Runs a program and gives what it printed; anything but success is an error with what it complained about.
pub fn ask(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    anyhow::ensure!(
        output.status.success(),
        "`{shown}` failed ({}):\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The program of this name on PATH, if there is one.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        path.metadata()
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        path.is_file() || path.with_extension("exe").is_file()
    }
}

/// Whether we may install system packages: Debian's apt is here and we are root.
pub fn may_install() -> bool {
    on_path("apt-get").is_some()
        && ask(Command::new("id").arg("-u")).is_ok_and(|number| number == "0")
}

fn show(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_its_arguments() {
        let error = call(Command::new("false").arg("--really")).unwrap_err();
        assert!(error.to_string().contains("false --really"), "{error}");
    }

    #[test]
    fn what_a_failing_program_said_is_in_the_error() {
        let error = ask(Command::new("sh").args(["-c", "echo no such luck >&2; exit 3"]));
        assert!(error.unwrap_err().to_string().contains("no such luck"));
    }

    #[test]
    fn a_program_that_does_not_exist_is_not_on_path() {
        assert!(on_path("sh").is_some());
        assert!(on_path("lamplight-no-such-program").is_none());
    }
}
