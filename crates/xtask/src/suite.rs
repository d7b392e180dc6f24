//! `cargo xtask test`: the layers one after the other, each timed, and what came out of each in the end.
//!
//! A layer that fails does not hide what the later ones would say; the command as a whole then fails. Wanted alone, a layer
//! takes further words as filters for its tests: `cargo xtask test scenes alice -- --nocapture`.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::layers::{Ground, LAYERS, Layer};
use crate::options::Options;
use crate::shell::seconds;
use crate::workspace::Workspace;

/// What the caller asked of the layers.
pub struct Wish {
    /// Kills of the kill test.
    pub rounds: Option<u32>,
    passed: Vec<String>,
}

impl Wish {
    /// The same wish, with one more flag for the test programs.
    pub fn with(&self, flag: &str) -> Self {
        let mut passed = self.passed.clone();
        passed.push(flag.to_owned());
        Self {
            rounds: self.rounds,
            passed,
        }
    }

    /// Whether nobody named filters or flags.
    pub fn is_plain(&self) -> bool {
        self.passed.is_empty()
    }

    /// Hands filters and flags on to the test programs.
    pub fn pass<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if !self.passed.is_empty() {
            command.arg("--").args(&self.passed);
        }
        command
    }
}

pub fn test(arguments: &[String]) -> Result<()> {
    let mut options = Options::read(arguments);
    if options.switch("--list") {
        list();
        return options.finish();
    }
    let rounds = options.number("--rounds")?;
    let repeat = options.number("--repeat")?.unwrap_or(1);
    let chosen = options.word().map(|name| find(&name)).transpose()?;
    if chosen.is_none() {
        options.finish()?;
    }
    options.pass_the_rest();
    let wish = Wish {
        rounds,
        passed: options.passed,
    };
    let layers = chosen.map_or(LAYERS, std::slice::from_ref);
    run(layers, repeat, &wish)
}

fn find(name: &str) -> Result<&'static Layer> {
    let spelt = name.replace('-', "_");
    LAYERS
        .iter()
        .find(|layer| layer.name == spelt)
        .with_context(|| {
            let names: Vec<_> = LAYERS.iter().map(|layer| layer.name).collect();
            format!("there is no layer `{name}`; there are {}", names.join(", "))
        })
}

fn list() {
    for layer in LAYERS {
        println!("{:12}{}", layer.name, layer.about);
    }
}

struct Report {
    name: String,
    took: Duration,
    outcome: Result<()>,
}

fn run(layers: &[Layer], repeat: u32, wish: &Wish) -> Result<()> {
    let mut ground = Ground::new(Workspace::find()?);
    let mut reports = Vec::new();
    let begun = Instant::now();
    for round in 1..=repeat {
        for layer in layers {
            let name = match repeat {
                1 => layer.name.to_owned(),
                _ => format!("{} {round}/{repeat}", layer.name),
            };
            reports.push(run_one(layer, name, &mut ground, wish));
        }
    }
    summary(&reports, begun.elapsed())
}

fn run_one(layer: &Layer, name: String, ground: &mut Ground, wish: &Wish) -> Report {
    eprintln!("\n==> layer {name}: {}", layer.about);
    let begun = Instant::now();
    let outcome = (layer.run)(ground, wish);
    let took = begun.elapsed();
    match &outcome {
        Ok(()) => eprintln!("    layer {name}: ok, {}", seconds(took)),
        Err(error) => eprintln!("    layer {name}: FAILED, {}\n{error:#}", seconds(took)),
    }
    Report {
        name,
        took,
        outcome,
    }
}

fn summary(reports: &[Report], whole: Duration) -> Result<()> {
    println!("\nlayer          outcome   time");
    for report in reports {
        let outcome = if report.outcome.is_ok() {
            "ok"
        } else {
            "FAILED"
        };
        println!("{:15}{outcome:10}{}", report.name, seconds(report.took));
    }
    println!("{:25}{}", "all", seconds(whole));
    let failed: Vec<_> = reports
        .iter()
        .filter(|report| report.outcome.is_err())
        .map(|report| report.name.as_str())
        .collect();
    anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

#[cfg(test)]
mod test {
    use super::*;

    fn report(name: &str, outcome: Result<()>) -> Report {
        Report {
            name: name.into(),
            took: Duration::from_secs(1),
            outcome,
        }
    }

    #[test]
    fn one_failed_layer_fails_the_whole_and_is_named() {
        let reports = [
            report("fmt", Ok(())),
            report("kill", Err(anyhow::anyhow!("lost a message"))),
        ];
        let error = summary(&reports, Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "failed: kill");
        assert!(summary(&reports[..1], Duration::ZERO).is_ok());
    }

    #[test]
    fn a_layer_is_found_by_either_spelling_and_an_unknown_one_is_answered_with_the_list() {
        assert_eq!(find("end-to-end").unwrap().name, "end_to_end");
        let error = find("e2e").map(|layer| layer.name).unwrap_err();
        assert!(error.to_string().contains("end_to_end"), "{error}");
    }
}
