//! `lamplight print`: what packages put beside the program, made of the commands themselves: completions for shells and the man page.

use std::io::{self, Write};

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

pub fn command() -> Command {
    let shell = Arg::new("shell")
        .value_name("shell")
        .required(true)
        .value_parser(value_parser!(Shell))
        .help("bash, zsh, fish, elvish or powershell");
    Command::new("print")
        .about("Completions for a shell, and the man page")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("completions")
                .about("Completions for a shell")
                .arg(shell),
        )
        .subcommand(Command::new("manual").about("The man page, as roff"))
}

pub fn run(words: &ArgMatches, mut whole: Command) -> Result<(), String> {
    let mut text = Vec::new();
    match words.subcommand() {
        Some(("completions", words)) => {
            let shell = words.get_one::<Shell>("shell").copied();
            let shell = shell.ok_or("there is no such shell")?;
            clap_complete::generate(shell, &mut whole, "lamplight", &mut text);
        }
        Some(("manual", _)) => {
            let made = clap_mangen::Man::new(whole).render(&mut text);
            made.map_err(|error| error.to_string())?;
        }
        _ => return Err("there is no such command".into()),
    }
    // Whoever read enough may have gone.
    let _ = io::stdout().write_all(&text);
    Ok(())
}
