//! `lamplight audit`: what admins did, and what was done at the command line.

use clap::{Arg, ArgMatches, Command, value_parser};

use super::beside::{failed, moment, open, with_folder};
use crate::store::audit;

pub fn command() -> Command {
    let most = Arg::new("last")
        .long("last")
        .value_name("number")
        .default_value("100")
        .value_parser(value_parser!(u32))
        .help("So many of the newest");
    with_folder(
        Command::new("audit")
            .about("Who did what to the relay and its accounts, the newest last")
            .arg(most),
    )
}

pub fn run(words: &ArgMatches) -> Result<(), String> {
    let most = words.get_one::<u32>("last").copied().unwrap_or_default();
    let db = open(words)?;
    let acts = audit::list(&db, most).map_err(|error| failed(&error))?;
    if acts.is_empty() {
        println!("Nothing was done yet.");
    }
    for act in &acts {
        let who = act.who.as_deref().unwrap_or("command line");
        let line = format!("{}  {who:<24} {} {}", moment(act.at), act.what, act.about);
        println!("{}", line.trim_end());
    }
    Ok(())
}
