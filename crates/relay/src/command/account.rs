//! `lamplight account …`: who is here, for whoever runs the relay; also while it runs.

use std::fs;
use std::io::{self, Write};

use clap::{Arg, ArgAction, ArgMatches, Command};
use lamplight_core::address::Principal;
use lamplight_core::wire::Class;
use rusqlite::Connection;

use super::beside::{act, failed, moment, named, nobody, open, principal, with_folder, word};
use super::read_aloud;
use crate::clock::wall;
use crate::config::{Config, Size, Value};
use crate::identity::passwords::{Password, Passwords};
use crate::identity::{hash_of, invitations as links};
use crate::store::accounts::hosted::{self, Hosted};
use crate::store::accounts::members::circles_of;
use crate::store::accounts::{self, NewPrincipal};
use crate::store::export;
use crate::store::invitations::{self, Kind};
use crate::store::orders::{self, Order};

/// How long a link to a new password holds.
const RESET_LIFE: std::time::Duration = std::time::Duration::from_hours(24);
/// Accounts that are read at once while they are listed.
const PAGE: u32 = 500;

pub fn command() -> Command {
    let who = || {
        Arg::new("name")
            .value_name("name")
            .required(true)
            .help("The account, such as alice or alice@example.org")
    };
    let password = || {
        Arg::new("password-file")
            .long("password-file")
            .value_name("file")
            .help("Takes the password from this file (- is the input) instead of printing a link by which it is chosen")
    };
    let one = |name: &'static str, about: &'static str| {
        with_folder(Command::new(name).about(about).arg(who()))
    };
    Command::new("account")
        .about("Who is here; also while the relay runs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_folder(
            Command::new("list")
                .about("All accounts, and what their inboxes hold")
                .arg(
                    Arg::new("kind")
                        .long("kind")
                        .value_name("kind")
                        .default_value("account")
                        .value_parser(["account", "guest", "group", "program"])
                        .help("Of which kind"),
                ),
        ))
        .subcommand(one("show", "What there is to know of one, without reading what they wrote"))
        .subcommand(
            one("add", "Makes an account and prints a link by which its password is chosen")
                .arg(password())
                .arg(
                    Arg::new("admin")
                        .long("admin")
                        .action(ArgAction::SetTrue)
                        .help("Makes it an admin"),
                ),
        )
        .subcommand(
            one("reset", "Prints a link by which a new password is chosen; the old one holds until then").arg(password()),
        )
        .subcommand(one(
            "suspend",
            "Signs somebody out everywhere within two seconds and lets them in no more; messages to them wait",
        ))
        .subcommand(one("resume", "Takes a suspension back"))
        .subcommand(one(
            "remove",
            "Removes somebody with everything that is kept for them; what they wrote to others stays with those, and nobody else gets the name",
        ))
        .subcommand(
            one("export", "Writes everything that is kept of somebody into a file, as JSON").arg(
                Arg::new("file")
                    .value_name("file")
                    .required(true)
                    .help("The file, which must not be there yet; - is the output"),
            ),
        )
        .subcommand(
            one("admin", "Makes an account an admin").arg(
                Arg::new("off")
                    .long("off")
                    .action(ArgAction::SetTrue)
                    .help("Takes that back"),
            ),
        )
}

pub fn run(words: &ArgMatches) -> Result<(), String> {
    match words.subcommand() {
        Some(("list", words)) => list(words),
        Some(("show", words)) => show(words),
        Some(("add", words)) => add(words),
        Some(("reset", words)) => reset(words),
        Some(("suspend", words)) => suspend(words),
        Some(("resume", words)) => resume(words),
        Some(("remove", words)) => remove(words),
        Some(("export", words)) => export(words),
        Some(("admin", words)) => admin(words),
        _ => Err("there is no such command".into()),
    }
}

fn list(words: &ArgMatches) -> Result<(), String> {
    let class = match word(words, "kind").as_str() {
        "guest" => Class::Guest,
        "group" => Class::Group,
        "program" => Class::Program,
        _ => Class::Account,
    };
    let db = open(words)?;
    let mut out = io::stdout().lock();
    let mut after = String::new();
    let mut count = 0_usize;
    loop {
        let page = hosted::list(&db, class, &after, PAGE).map_err(|error| failed(&error))?;
        for one in &page {
            if count == 0 {
                let _ = writeln!(
                    out,
                    "{}",
                    row(&["address", "made", "last seen", "messages", "size", ""])
                );
            }
            count += 1;
            let seen = one.last_seen.map_or_else(|| "never".into(), moment);
            let size = print_size(one.bytes);
            let cells = [
                one.principal.as_str(),
                &moment(one.created),
                &seen,
                &one.messages.to_string(),
                &size,
                remarks(one),
            ];
            // Whoever reads may have read enough.
            if writeln!(out, "{}", row(&cells)).is_err() {
                return Ok(());
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => {
                last.principal.as_str().clone_into(&mut after);
            }
            _ => break,
        }
    }
    if count == 0 {
        println!(
            "There is none. `lamplight invite new` makes a link by which somebody gets an account."
        );
    }
    Ok(())
}

fn row(cells: &[&str; 6]) -> String {
    let [who, made, seen, messages, size, remarks] = cells;
    let row = format!("{who:<32} {made:<16}  {seen:<16}  {messages:>8}  {size:>10}  {remarks}");
    row.trim_end().to_owned()
}

/// Bytes as people read them: to the unit that leaves few digits.
pub fn print_size(bytes: u64) -> String {
    let unit = [1 << 30, 1 << 20, 1 << 10]
        .into_iter()
        .find(|unit| bytes >= 10 * *unit)
        .unwrap_or(1);
    Size(bytes / unit * unit).print()
}

fn remarks(one: &Hosted) -> &'static str {
    match (one.suspended.is_some(), one.admin) {
        (true, true) => "suspended, admin",
        (true, false) => "suspended",
        (false, true) => "admin",
        (false, false) => "",
    }
}

fn show(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let of = principal(words, &config, "name")?;
    let db = open(words)?;
    let told = describe(&db, &of).map_err(|error| failed(&error))?;
    print!("{}", told.ok_or_else(|| nobody(&of))?);
    Ok(())
}

fn describe(db: &Connection, of: &Principal) -> rusqlite::Result<Option<String>> {
    let Some(one) = hosted::show(db, of)? else {
        return Ok(None);
    };
    let class = match one.class {
        Class::Account => "account",
        Class::Guest => "guest",
        Class::Group => "group",
        Class::Program => "program",
    };
    let mut lines = vec![
        ("kind", class.to_owned()),
        ("made", moment(one.created)),
        (
            "last seen",
            one.last_seen.map_or_else(|| "never".into(), moment),
        ),
        (
            "inbox",
            format!("{} messages, {}", one.messages, print_size(one.bytes)),
        ),
        ("contacts", one.contacts.to_string()),
        (
            "signed in",
            format!("{} times; `lamplight session list {of}`", one.logins),
        ),
    ];
    if one.admin {
        lines.push(("admin", "yes".into()));
    }
    if let Some(at) = one.suspended {
        lines.push(("suspended", format!("since {}", moment(at))));
    }
    if let Some(at) = one.expires {
        lines.push(("forgotten", moment(at)));
    }
    for (name, class) in [("groups", Class::Group), ("programs", Class::Program)] {
        let circles = circles_of(db, of, class)?;
        let names: Vec<&str> = circles
            .iter()
            .map(|circle| circle.principal.as_str())
            .collect();
        if !names.is_empty() {
            lines.push((name, names.join(", ")));
        }
    }
    let lines = lines
        .iter()
        .map(|(name, text)| format!("  {name:<10} {text}\n"));
    Ok(Some(format!("{of}\n{}", lines.collect::<String>())))
}

fn add(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let name = named(&config, &word(words, "name"))?;
    let of = name.principal.clone();
    let new = NewPrincipal {
        principal: of.clone(),
        class: Class::Account,
        skeleton: name.skeleton,
        password: password(words, &config)?,
        at: wall(),
        expires: None,
    };
    let link = match new.password {
        Some(_) => None,
        None => Some(reset_link(&of)?),
    };
    let admin = words.get_flag("admin");
    act(words, "added", of.as_str(), |db| {
        if let Some(code) = accounts::create(db, &new)?.refusal() {
            return Ok(Err(format!("{of}: {}", code.sentence())));
        }
        if admin {
            hosted::set_admin(db, &of, true)?;
        }
        orders::leave(db, &of, Order::Made)?;
        add_link(db, link.as_ref())
    })?;
    println!("{of} has an account now.");
    tell_link(&config, link);
    Ok(())
}

fn reset(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let of = principal(words, &config, "name")?;
    if let Some(hash) = password(words, &config)? {
        act(words, "set the password of", of.as_str(), |db| {
            if !is_account(db, &of)? {
                return Ok(Err(nobody(&of)));
            }
            accounts::set_password(db, &of, &hash)?;
            hosted::end_sessions(db, &of)?;
            Ok(Ok(()))
        })?;
        println!("{of} has a new password, and is signed out everywhere.");
        return Ok(());
    }
    let link = Some(reset_link(&of)?);
    act(
        words,
        "made a link to a new password of",
        of.as_str(),
        |db| match is_account(db, &of)? {
            true => add_link(db, link.as_ref()),
            false => Ok(Err(nobody(&of))),
        },
    )?;
    tell_link(&config, link);
    Ok(())
}

fn is_account(db: &Connection, of: &Principal) -> rusqlite::Result<bool> {
    let found = hosted::show(db, of)?;
    Ok(found.is_some_and(|found| found.class == Class::Account))
}

type Link = (invitations::New, String);

fn reset_link(of: &Principal) -> Result<Link, String> {
    let wanted = links::Wanted::default();
    links::new(Kind::Password, Some(of.clone()), &wanted, RESET_LIFE)
        .map_err(|refusal| refusal.sentence)
}

fn add_link(db: &Connection, link: Option<&Link>) -> rusqlite::Result<Result<(), String>> {
    let Some((new, secret)) = link else {
        return Ok(Ok(()));
    };
    let added = invitations::add(db, new, &hash_of(secret))?;
    Ok(added.map(drop).map_err(|code| code.sentence().to_owned()))
}

fn tell_link(config: &Config, link: Option<Link>) {
    if let Some((_, secret)) = link {
        println!(
            "By this link the password is chosen, once, within 24 hours:\n  {}",
            links::link(&config.page(config.relay.listen), &secret)
        );
    }
}

/// The hash of a password from a file, if one is named.
fn password(words: &ArgMatches, config: &Config) -> Result<Option<String>, String> {
    let Some(file) = words.get_one::<String>("password-file") else {
        return Ok(None);
    };
    let text = match file.as_str() {
        "-" => io::read_to_string(io::stdin()),
        file => fs::read_to_string(file),
    };
    let text = text.map_err(|error| format!("{file}: {error}"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    let password = Password::read(text).map_err(|code| code.sentence().to_owned())?;
    let accounts = &config.accounts;
    let hasher = Passwords::new(accounts.password_memory.0, accounts.password_passes, 0)?;
    hasher.hash_here(&password).map(Some)
}

fn suspend(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let of = principal(words, &config, "name")?;
    act(words, "suspended", of.as_str(), |db| {
        Ok(match hosted::suspend(db, &of, wall())? {
            true => Ok(()),
            false => Err(format!("{of} is nobody, or suspended already")),
        })
    })?;
    println!("{of} is suspended. A relay that runs closes their connections within two seconds.");
    Ok(())
}

fn resume(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let of = principal(words, &config, "name")?;
    act(words, "resumed", of.as_str(), |db| {
        Ok(match hosted::resume(db, &of)? {
            true => Ok(()),
            false => Err(format!("{of} is nobody, or not suspended")),
        })
    })?;
    println!("{of} may sign in again.");
    Ok(())
}

fn remove(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let of = principal(words, &config, "name")?;
    act(words, "removed", of.as_str(), |db| {
        Ok(match hosted::remove(db, &of, wall())? {
            true => Ok(()),
            false => Err(nobody(&of)),
        })
    })?;
    println!(
        "{of} is removed with everything that was kept for them. What they wrote to others stays with those."
    );
    println!("Nobody else gets the name, because others may still trust it.");
    Ok(())
}

fn export(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let of = principal(words, &config, "name")?;
    let found = act(words, "exported", of.as_str(), |db| {
        Ok(export::export(db, &of)?.ok_or_else(|| nobody(&of)))
    })?;
    let text = format!("{found:#}\n");
    let file = word(words, "file");
    if file == "-" {
        print!("{text}");
        return Ok(());
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&file)
        .and_then(|mut out| out.write_all(text.as_bytes()));
    written.map_err(|error| format!("{file}: {error}"))?;
    println!("{file} holds everything that is kept of {of}, for them alone.");
    Ok(())
}

fn admin(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let of = principal(words, &config, "name")?;
    let on = !words.get_flag("off");
    let what = if on {
        "made an admin of"
    } else {
        "took admin from"
    };
    act(words, what, of.as_str(), |db| {
        Ok(match hosted::set_admin(db, &of, on)? {
            true => Ok(()),
            false => Err(nobody(&of)),
        })
    })?;
    match on {
        true => println!("{of} is an admin."),
        false => println!("{of} is no admin."),
    }
    Ok(())
}
