//! What a person types: `lamplight serve`, `lamplight config default|show|check|doc`, `lamplight account|invite|session|site|audit|backup|restore|data …`,
//! `lamplight chat`, `lamplight doctor`. Each key of the configuration is a flag.

mod account;
mod audit;
mod beside;
mod data;
mod doctor;
mod invite;
mod paper;
mod session;
mod site;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::config::{self, Config, ConfigError, Read, SETTINGS, Sources};
use crate::{chat, log, metrics, serve};

/// Runs what the words of the command line say.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    let done = match matches.subcommand() {
        Some(("serve", words)) => serve_with(words),
        Some(("config", words)) => configure(words),
        Some(("account", words)) => account::run(words),
        Some(("invite", words)) => invite::run(words),
        Some(("session", words)) => session::run(words),
        Some(("site", words)) => site::run(words),
        Some(("audit", words)) => audit::run(words),
        Some(("backup", words)) => data::run_backup(words),
        Some(("restore", words)) => data::run_restore(words),
        Some(("data", words)) => data::run_data(words),
        Some(("chat", words)) => chat::run(words),
        Some(("metrics", words)) => tell_metrics(words),
        Some(("print", words)) => paper::run(words, command()),
        // It has more to say than whether it went well.
        Some(("doctor", words)) => return doctor::run(words),
        _ => Err("there is no such command".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("lamplight: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    Command::new("lamplight")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Presence and instant messaging: the relay with its page")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_settings(Command::new("serve").about("Runs the relay")))
        .subcommand(account::command())
        .subcommand(invite::command())
        .subcommand(session::command())
        .subcommand(site::command())
        .subcommand(audit::command())
        .subcommand(data::backup())
        .subcommand(data::restore())
        .subcommand(data::data())
        .subcommand(paper::command())
        .subcommand(doctor::command())
        .subcommand(
            Command::new("metrics")
                .about("What the figures of /metrics mean")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(Command::new("doc").about("Every figure with when to worry, as Markdown: docs/METRICS.md"))
                .subcommand(Command::new("grafana").about("A dashboard of all of them, to be imported into Grafana")),
        )
        .subcommand(chat::command())
        .subcommand(
            Command::new("config")
                .about("Shows and checks the configuration")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(
                    Command::new("default")
                        .about("Every key with its default, unit and cost, as a file"),
                )
                .subcommand(with_settings(
                    Command::new("show")
                        .about("The configuration that `serve` would use, as a file, with where each value came from; without secrets"),
                ))
                .subcommand(
                    Command::new("doc").about("Every key as Markdown: docs/CONFIGURATION.md"),
                )
                .subcommand(with_settings(
                    Command::new("check")
                        .about("Whether `serve` would start with this configuration"),
                )),
        )
}

fn with_settings(command: Command) -> Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("file")
        .value_parser(value_parser!(PathBuf))
        .help("The configuration's file [default: ./lamplight.toml, if it is there]");
    let flags = SETTINGS.iter().map(|setting| {
        let default = if setting.default.is_empty() {
            "none"
        } else {
            setting.default
        };
        if setting.is_secret {
            // What is typed here, everyone on the machine reads in the list of processes.
            return Arg::new(format!("{}_file", setting.key()))
                .long(format!("{}-file", setting.flag()))
                .value_name("file")
                .help(format!("The file with this secret: {}", setting.about));
        }
        Arg::new(setting.key())
            .long(setting.flag())
            .value_name(setting.unit)
            .help(format!("{} [default: {default}]", setting.about))
    });
    command.arg(file).args(flags)
}

fn serve_with(words: &ArgMatches) -> Result<(), String> {
    let Read {
        config, warnings, ..
    } = read(words)?;
    config.check_folder().map_err(|error| error.to_string())?;
    log::start(&config.log);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the system gives no threads: {error}"))?;
    let ended = runtime.block_on(serve::serve(config));
    // What still hashes a password or writes to a dead line is not waited for.
    runtime.shutdown_background();
    ended.map_err(|error| error.to_string())
}

fn configure(words: &ArgMatches) -> Result<(), String> {
    match words.subcommand() {
        Some(("default", _)) => print!("{}", Config::default().print(true)),
        Some(("show", words)) => show(words)?,
        Some(("doc", _)) => print!("{}", config::reference()),
        Some(("check", words)) => {
            let config = read_aloud(words)?;
            config.check_folder().map_err(|error| error.to_string())?;
            println!("The configuration is good.");
        }
        _ => return Err("there is no such command".into()),
    }
    Ok(())
}

fn tell_metrics(words: &ArgMatches) -> Result<(), String> {
    match words.subcommand() {
        Some(("doc", _)) => print!("{}", metrics::reference()),
        Some(("grafana", _)) => println!("{:#}", metrics::dashboard()),
        _ => return Err("there is no such command".into()),
    }
    Ok(())
}

/// Shows what is set even where `serve` would refuse it: who looks for a fault wants to see it.
fn show(words: &ArgMatches) -> Result<(), String> {
    let read = Config::read_unchecked(&sources(words)).map_err(|error| error.to_string())?;
    print!("{}", read.config.print_with(&read.from));
    warn(&read.warnings);
    if let Err(error) = read.config.check() {
        eprintln!("lamplight: `serve` would not start: {error}");
    }
    Ok(())
}

fn warn(warnings: &[String]) {
    for warning in warnings {
        eprintln!("lamplight: {warning}");
    }
}

fn read_aloud(words: &ArgMatches) -> Result<Config, String> {
    let Read {
        config, warnings, ..
    } = read(words)?;
    warn(&warnings);
    Ok(config)
}

fn read(words: &ArgMatches) -> Result<Read, String> {
    Config::read(&sources(words)).map_err(|ConfigError(sentence)| sentence)
}

fn sources(words: &ArgMatches) -> Sources {
    let given = |key: &str| {
        // Not every command has a flag for every key.
        let text = words.try_get_one::<String>(key).ok().flatten()?;
        let typed = words.value_source(key) == Some(ValueSource::CommandLine);
        typed.then(|| text.clone())
    };
    let flags = SETTINGS.iter().map(|setting| match setting.is_secret {
        true => format!("{}_file", setting.key()),
        false => setting.key(),
    });
    Sources {
        file: words.get_one("config").cloned(),
        // A variable that is no text is none of ours.
        environment: std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
            .collect(),
        flags: flags
            .filter_map(|key| Some((key.clone(), given(&key)?)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_flag_and_no_flag_stands_twice() {
        command().debug_assert();
    }

    #[test]
    fn flags_override() {
        let words = [
            "lamplight",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--limits-sessions",
            "3",
        ];
        let matches = command().try_get_matches_from(words).unwrap();
        let (_, words) = matches.subcommand().unwrap();
        let flags = sources(words).flags;
        let expected = [("listen", "127.0.0.1:0"), ("limits.sessions", "3")];
        assert_eq!(flags.len(), expected.len());
        for (key, text) in expected {
            assert!(flags.contains(&(key.to_owned(), text.to_owned())), "{key}");
        }
    }
}
