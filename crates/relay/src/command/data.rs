//! `lamplight backup`, `restore` and `data sizes`: copies of everything that lasts, and where its bytes are.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::account::print_size;
use super::beside::{failed, open, with_folder};
use super::read_aloud;
use crate::store::copies::{self, Held};
use crate::store::{FILE, sizes};

fn file(help: &'static str) -> Arg {
    Arg::new("file")
        .value_name("file")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .help(help)
}

pub fn backup() -> Command {
    with_folder(
        Command::new("backup")
            .about("Copies everything that lasts into one file, checked and synced; also while the relay runs")
            .arg(file("The copy; it must not be there yet")),
    )
}

pub fn restore() -> Command {
    with_folder(
        Command::new("restore")
            .about("Makes a data folder of a backup; pages and programs then ask for everything anew")
            .arg(file("The backup"))
            .arg(
                Arg::new("sign-out")
                    .long("sign-out")
                    .action(ArgAction::SetTrue)
                    .help("Ends all sessions: after theft of a device, say, since those that were ended after the backup hold again"),
            ),
    )
}

pub fn data() -> Command {
    Command::new("data")
        .about("What the data folder holds")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_folder(Command::new("sizes").about(
            "Rows and bytes of each table, and of the write-ahead log; also while the relay runs",
        )))
}

fn named(words: &ArgMatches) -> PathBuf {
    words
        .get_one::<PathBuf>("file")
        .cloned()
        .unwrap_or_default()
}

fn told(held: &Held) -> String {
    format!(
        "{} accounts, {} messages, {}, schema {}",
        held.accounts,
        held.messages,
        print_size(held.bytes),
        held.schema
    )
}

pub fn run_backup(words: &ArgMatches) -> Result<(), String> {
    let (config, to) = (read_aloud(words)?, named(words));
    let held = copies::back_up(&config.relay.data, &to).map_err(|error| error.to_string())?;
    println!(
        "{}: {}. Every page was read and is sound.",
        to.display(),
        told(&held)
    );
    println!(
        "It holds everybody's messages and the hashes of their passwords: keep it as the data folder is kept."
    );
    Ok(())
}

pub fn run_restore(words: &ArgMatches) -> Result<(), String> {
    let (config, from) = (read_aloud(words)?, named(words));
    let folder = &config.relay.data;
    let sign_out = words.get_flag("sign-out");
    let held = copies::restore(&from, folder, sign_out).map_err(|error| error.to_string())?;
    println!("{} is made of it: {}.", folder.display(), told(&held));
    println!(
        "What came after the backup is not in it. Pages and programs notice, and ask for everything anew."
    );
    match sign_out {
        true => println!("Everybody has to sign in again."),
        false => println!("Who was signed in then is so again; --sign-out would have ended that."),
    }
    Ok(())
}

pub fn run_data(words: &ArgMatches) -> Result<(), String> {
    match words.subcommand() {
        Some(("sizes", words)) => show_sizes(words),
        _ => Err("there is no such command".into()),
    }
}

fn show_sizes(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let db = open(words)?;
    let path = config.relay.data.join(FILE);
    let found = sizes::sizes(&db, &path).map_err(|error| failed(&error))?;
    println!("{:<16} {:>12}  {:>12}", "table", "rows", "size");
    for table in &found.tables {
        println!(
            "{:<16} {:>12}  {:>12}",
            table.name,
            table.rows,
            print_size(table.bytes)
        );
    }
    for (name, bytes) in [
        ("free inside", found.free),
        ("the file", found.file),
        ("write-ahead log", found.wal),
    ] {
        println!("{name:<16} {:>12}  {:>12}", "", print_size(bytes));
    }
    Ok(())
}
