//! `lamplight session list|end`: who is signed in, and ending that; also while the relay runs.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::beside::{act, failed, moment, named, nobody, open, principal, with_folder};
use super::read_aloud;
use crate::store::accounts::hosted;

/// Logins that are listed at most.
const SHOWN: u32 = 1_000;

pub fn command() -> Command {
    let of = Arg::new("name")
        .value_name("account")
        .help("Only those of this account");
    let id = Arg::new("id")
        .value_name("number")
        .required_unless_present("all-of")
        .value_parser(value_parser!(u64).range(..=i64::MAX.unsigned_abs()))
        .help("Its number, as the list says");
    let all = Arg::new("all-of")
        .long("all-of")
        .value_name("account")
        .action(ArgAction::Set)
        .conflicts_with("id")
        .help("All of this account");
    Command::new("session")
        .about("Who is signed in; also while the relay runs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_folder(
            Command::new("list")
                .about("Sign-ins that hold, the one used last first")
                .arg(of),
        ))
        .subcommand(with_folder(
            Command::new("end")
                .about("Signs somebody out there; open connections close within two seconds")
                .arg(id)
                .arg(all),
        ))
}

pub fn run(words: &ArgMatches) -> Result<(), String> {
    match words.subcommand() {
        Some(("list", words)) => list(words),
        Some(("end", words)) => end(words),
        _ => Err("there is no such command".into()),
    }
}

fn list(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let of = words.get_one::<String>("name");
    let of = of.map(|name| named(&config, name)).transpose()?;
    let of = of.map(|name| name.principal);
    let db = open(words)?;
    let all = hosted::sessions(&db, of.as_ref(), SHOWN).map_err(|error| failed(&error))?;
    if all.is_empty() {
        println!("Nobody is signed in.");
        return Ok(());
    }
    println!(
        "{:>8}  {:<32} {:<16}  used last",
        "number", "address", "signed in"
    );
    for one in &all {
        println!(
            "{:>8}  {:<32} {:<16}  {}",
            one.id,
            one.principal.as_str(),
            moment(one.created),
            moment(one.used)
        );
    }
    if all.len() == SHOWN as usize {
        println!("These are the {SHOWN} used last; name an account to see all of it.");
    }
    Ok(())
}

fn end(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    if words.contains_id("all-of") {
        let of = principal(words, &config, "all-of")?;
        let count = act(words, "signed out everywhere", of.as_str(), |db| {
            Ok(match hosted::show(db, &of)? {
                Some(_) => Ok(hosted::end_sessions(db, &of)?),
                None => Err(nobody(&of)),
            })
        })?;
        println!("{of} was signed in {count} times and is so no more.");
        return Ok(());
    }
    let id = words.get_one::<u64>("id").copied().unwrap_or_default();
    let of = act(words, "ended the session", &id.to_string(), |db| {
        let ended = hosted::end_session(db, id)?;
        Ok(ended.ok_or_else(|| format!("there is no session {id}")))
    })?;
    println!("{of} is signed out there.");
    Ok(())
}
