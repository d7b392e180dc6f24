//! `lamplight backup`, `restore`, `data sizes` and `data tidy`: copies of everything that lasts, where its bytes are, and
//! what is too old.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use rusqlite::{Connection, TransactionBehavior};

use super::account::print_size;
use super::beside::{act, failed, open, with_folder};
use super::read_aloud;
use crate::clock::wall;
use crate::store::copies::{self, Held};
use crate::store::retention::{self, Before, Gone};
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
        .subcommand(with_folder(Command::new("tidy").about(
            "Forgets at once what is older than `retention` says, which the relay does every ten minutes; also while it runs",
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
        Some(("tidy", words)) => tidy(words),
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

/// Rows that go in one transaction: a relay that runs waits for no longer.
const TIDY_AT_ONCE: u32 = 500;

fn tidy(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let ages = &config.retention;
    let before = Before::of(wall(), ages.messages, ages.receipts);
    let mut db = open(words)?;
    let (mut messages, mut receipts) = (0, 0);
    loop {
        let gone = forget_some(&mut db, before).map_err(|error| failed(&error))?;
        messages += gone.messages;
        receipts += gone.receipts;
        if gone.rows() == 0 {
            break;
        }
    }
    println!(
        "{messages} copies of messages are gone, and {receipts} rows of what was sent and deleted."
    );
    if messages + receipts > 0 {
        act(words, "tidied", "old messages", |_| Ok(Ok(())))?;
        // While the relay reads it cannot be emptied; the next checkpoint does it then.
        let emptied = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        emptied.map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn forget_some(db: &mut Connection, before: Before) -> rusqlite::Result<Gone> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let gone = retention::forget_old(&transaction, before, TIDY_AT_ONCE)?;
    transaction.commit()?;
    Ok(gone)
}
