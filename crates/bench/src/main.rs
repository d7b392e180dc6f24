//! What a relay costs: `cargo xtask bench` builds a relay and runs this beside it.
//!
//! Server and generator have a core each. In every stage the same is asked of the relay and of a raw reference (`raw`) in the same
//! run, because machines are shared and noisy: the honest figure is the ratio of both.
#![forbid(unsafe_code)]

mod bench;
mod clock;
mod counts;
mod crowd;
mod drive;
mod frames;
mod machine;
mod raw;
mod report;
mod side;
mod stages;
mod town;
mod wires;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use bench::Bench;
use raw::Writes;
use report::{Report, Row};
use stages::STAGES;
use town::Town;

const USAGE: &str = "\
lamplight-bench run --relay PROGRAM --out FOLDER [--runs N] [--small] [STAGE ...]
lamplight-bench raw PEOPLE CONTACTS at-once|coalesced
lamplight-bench list
lamplight-bench counts notifications|logins|messages TIMES
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match begin(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lamplight-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn begin(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["run", rest @ ..] => run(rest),
        ["raw", people, contacts, writes] => {
            let town = Town {
                people: people.parse()?,
                contacts: contacts.parse()?,
            };
            let writes = match *writes {
                "at-once" => Writes::AtOnce,
                "coalesced" => Writes::Coalesced,
                other => bail!("`{other}` is neither at-once nor coalesced"),
            };
            raw::serve(town, writes)
        }
        ["counts", what, times] => {
            println!("{} frames", counts::count(what, times.parse()?)?);
            Ok(())
        }
        ["list"] => {
            for stage in STAGES {
                println!("{:12}{}", stage.name, stage.about);
            }
            Ok(())
        }
        _ => bail!("{USAGE}"),
    }
}

fn run(words: &[&str]) -> Result<()> {
    let (mut relay, mut out, mut runs, mut small) = (None, None, 3, false);
    let mut chosen: Vec<&str> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().copied().context(USAGE);
        match *word {
            "--relay" => relay = Some(PathBuf::from(value()?)),
            "--out" => out = Some(PathBuf::from(value()?)),
            "--runs" => runs = value()?.parse()?,
            "--small" => small = true,
            name if STAGES.iter().any(|stage| stage.name == name) => chosen.push(name),
            other => bail!("there is no stage `{other}`; `lamplight-bench list` names them"),
        }
    }
    let (relay, out) = (relay.context(USAGE)?, out.context(USAGE)?);
    fs::create_dir_all(&out)?;
    machine::pin_myself()?;
    let mut bench = Bench::new(relay, out.clone(), small)?;
    let mut all: Vec<Vec<Row>> = Vec::new();
    for run in 1..=runs {
        let mut rows = Vec::new();
        for stage in STAGES {
            if chosen.is_empty() || chosen.contains(&stage.name) {
                eprintln!("==> run {run} of {runs}, {}: {}", stage.name, stage.about);
                let found =
                    (stage.run)(&mut bench).with_context(|| format!("stage {}", stage.name))?;
                rows.extend(found);
            }
        }
        all.push(rows);
        // What there is after each run: a long bench that is broken off has said something.
        let report = Report::of(&all);
        fs::write(out.join("bench.json"), report.json().to_string())?;
        fs::write(out.join("bench.md"), report.table())?;
    }
    println!("{}", Report::of(&all).table());
    Ok(())
}
