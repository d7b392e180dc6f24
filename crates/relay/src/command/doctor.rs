//! `lamplight doctor`: what is wrong with this relay, and the cure.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{sources, with_settings};
use crate::doctor::{Level, examine};

pub fn command() -> Command {
    let switch = |name: &'static str, help| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help)
    };
    with_settings(
        Command::new("doctor")
            .about("What is wrong with this relay and its surroundings, and what to do about it")
            .after_help("Ends with 0 if all is well, 1 if something is only doubtful, 2 if something is wrong. Run it as the user that runs the relay.")
            .arg(switch("json", "For programs"))
            .arg(switch(
                "slow",
                "Also keeps a line through the proxy silent until the relay's ping, which shows whether the proxy waits that long",
            )),
    )
}

pub fn run(words: &ArgMatches) -> ExitCode {
    let report = examine(&sources(words), words.get_flag("slow"));
    match words.get_flag("json") {
        true => println!("{:#}", report.json()),
        false => print!("{}", report.print()),
    }
    match report.level() {
        Level::Good => ExitCode::SUCCESS,
        Level::Warning => ExitCode::from(1),
        Level::Fault => ExitCode::from(2),
    }
}
