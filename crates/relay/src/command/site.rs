//! `lamplight site add|list|change|rotate|remove`: which sites may show a chat, for whoever runs the relay. It writes to the relay's
//! store beside the relay, which reads it for whoever asks next; nothing has to be restarted.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use lamplight_core::address::{Presentity, Principal};
use lamplight_core::time::Timestamp;
use rusqlite::Connection;

use super::beside::{act, failed, open, time, with_folder, word};
use crate::clock::wall;
use crate::config::Value;
use crate::identity::keys::{self, NewKey};
use crate::identity::sites::{Rewanted, Wanted};
use crate::store::sites::Fault;
use crate::store::sites::{self, Algorithm, By, Key, Site, Terms};

const ABOUT_TOKENS: &str =
    "How a backend signs tokens: docs/EMBEDDING.md, “Visitors of your site”.";

pub fn command() -> Command {
    let named = || {
        Arg::new("name")
            .value_name("name")
            .required(true)
            .help("The site's name, which looks like a host: shop.example")
    };
    let key = || {
        Arg::new("key").long("key").value_name("key").default_value("hs256").help(
            "What the site's backend signs tokens with: hs256 (the relay makes a secret), eddsa:<pem file> or rs256:<pem file> (its public key)",
        )
    };
    let of = || {
        let of = Arg::new("of").long("of").value_name("account");
        of.help("The account that registered it [default: it was registered here]")
    };
    let usual = Terms::USUAL;
    let option = |name: &'static str, value: &'static str, help: String| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let add = Command::new("add")
        .about("Registers a site, whose pages may then show a chat")
        .arg(named())
        .arg(
            Arg::new("origin")
                .long("origin")
                .value_name("URL")
                .required(true)
                .action(ArgAction::Append)
                .help("Where its pages are, such as https://shop.example; may be said several times"),
        )
        .arg(
            Arg::new("chat")
                .long("chat")
                .value_name("address")
                .required(true)
                .action(ArgAction::Append)
                .help("Whom its pages may show a chat with, such as support@example.org; may be said several times"),
        )
        .arg(key())
        .arg(
            Arg::new("guests")
                .long("guests")
                .action(ArgAction::SetTrue)
                .help("Lets visitors in for whom the site's backend does not vouch"),
        )
        .arg(
            option("guests-most", "number", format!("Such guests at most [default: {}]", usual.guests_most))
                .value_parser(value_parser!(u32)),
        )
        .arg(
            option("guests-per-hour", "number", format!("Such guests in an hour [default: {}]", usual.guests_per_hour))
                .value_parser(value_parser!(u32)),
        )
        .arg(option(
            "life",
            "time",
            format!(
                "How long after their last visit those are forgotten whom it vouches for [default: {}]",
                Duration::from_millis(usual.life).print()
            ),
        ))
        .after_help(ABOUT_TOKENS);
    let change = Command::new("change")
        .about("Changes a site; what is not said stays as it is")
        .arg(named())
        .arg(of())
        .arg(
            option("origin", "URL", "Where its pages are from now on, all of them; may be said several times".into())
                .action(ArgAction::Append),
        )
        .arg(
            option("chat", "address", "Whom its pages may show a chat with from now on, all of them; may be said several times".into())
                .action(ArgAction::Append),
        )
        .arg(
            option("guests", "yes|no", "Whether visitors come in without a token".into())
                .value_parser(BoolishValueParser::new()),
        )
        .arg(option("guests-most", "number", "Such guests at most".into()).value_parser(value_parser!(u32)))
        .arg(option("guests-per-hour", "number", "Such guests in an hour".into()).value_parser(value_parser!(u32)))
        .arg(option("life", "time", "How long after their last visit those are forgotten whom it vouches for".into()))
        .group(
            ArgGroup::new("something")
                .args(["origin", "chat", "guests", "guests-most", "guests-per-hour", "life"])
                .multiple(true)
                .required(true),
        );
    let rotate = Command::new("rotate")
        .about("Gives a site a new key; the one in use goes on holding for a while")
        .arg(named())
        .arg(of())
        .arg(key())
        .arg(
            option("overlap", "time", "How long the former key still holds".into())
                .default_value("24 h"),
        )
        .after_help("Of two former keys only the later one holds. With --overlap \"0 s\" the former key holds no more at once.");
    Command::new("site")
        .about("Which sites may show a chat on their pages; also while the relay runs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_folder(add))
        .subcommand(with_folder(
            Command::new("list").about("The sites with their addresses and keys"),
        ))
        .subcommand(with_folder(change))
        .subcommand(with_folder(rotate))
        .subcommand(with_folder(
            Command::new("remove")
                .about("Removes a site: its pages show no chat any more, and its visitors are signed out and forgotten")
                .arg(named())
                .arg(of()),
        ))
}

pub fn run(words: &ArgMatches) -> Result<(), String> {
    match words.subcommand() {
        Some(("add", words)) => add(words),
        Some(("list", words)) => list(words),
        Some(("change", words)) => change(words),
        Some(("rotate", words)) => rotate(words),
        Some(("remove", words)) => remove(words),
        _ => Err("there is no such command".into()),
    }
}

fn add(words: &ArgMatches) -> Result<(), String> {
    let usual = Terms::USUAL;
    let all = |key: &str| {
        let values = words.get_many::<String>(key).into_iter().flatten();
        values.cloned().collect::<Vec<_>>()
    };
    let number = |key: &str| words.get_one::<u32>(key).copied();
    let wanted = Wanted {
        name: word(words, "name"),
        origins: all("origin"),
        chats: all("chat"),
        terms: Terms {
            guests: words.get_flag("guests"),
            guests_most: number("guests-most").unwrap_or(usual.guests_most),
            guests_per_hour: number("guests-per-hour").unwrap_or(usual.guests_per_hour),
            life: time(words, "life")?.unwrap_or(usual.life),
        },
    };
    let key = new_key(words)?;
    let salt = keys::salt().map_err(|refusal| refusal.sentence)?;
    let new = wanted.read(key.key.clone(), salt, wall());
    let new = new.map_err(|why| why.to_string())?;
    act(words, "registered the site", &new.name, |db| {
        let added = sites::add(db, &new, &By::Host)?;
        Ok(added.map_err(|fault| fault.to_string()))
    })?;
    let chats: Vec<&str> = new.chats.iter().map(Presentity::as_str).collect();
    println!(
        "Pages of {} may now show a chat with {}.",
        new.origins.join(", "),
        chats.join(", ")
    );
    if new.terms.guests {
        println!(
            "Visitors come in without a token too: at most {} at a time, {} in an hour.",
            new.terms.guests_most, new.terms.guests_per_hour
        );
    }
    tell_key(&key);
    Ok(())
}

fn change(words: &ArgMatches) -> Result<(), String> {
    let name = word(words, "name");
    let by = by(words)?;
    let all = |key: &str| {
        let values = words.get_many::<String>(key)?;
        Some(values.cloned().collect::<Vec<_>>())
    };
    let wanted = Rewanted {
        origins: all("origin"),
        chats: all("chat"),
        guests: words.get_one::<bool>("guests").copied(),
        guests_most: words.get_one::<u32>("guests-most").copied(),
        guests_per_hour: words.get_one::<u32>("guests-per-hour").copied(),
        life: time(words, "life")?,
    };
    let wanted = wanted.read().map_err(|why| why.to_string())?;
    let site = act(words, "changed the site", &name, |db| {
        let name = named(&name);
        match sites::change(db, &name, &by, &wanted)? {
            Err(Fault::NoSuchSite) => Ok(Err(absent(db, &name, &by)?)),
            Err(fault) => Ok(Err(fault.to_string())),
            Ok(()) => {
                Ok(sites::named(db, &name, &by)?.ok_or_else(|| Fault::NoSuchSite.to_string()))
            }
        }
    })?;
    println!(
        "{name} is changed. A relay that runs cuts off whom it shows no more within two seconds."
    );
    let visitors = open(words).and_then(|db| {
        let all = sites::list(&db, &By::Host).map_err(|error| failed(&error))?;
        Ok(all
            .into_iter()
            .find(|(one, _)| one.id == site.id)
            .map_or(0, |(_, visitors)| visitors))
    })?;
    print!("{}", described(&site, visitors, wall()));
    Ok(())
}

fn rotate(words: &ArgMatches) -> Result<(), String> {
    let name = word(words, "name");
    let overlap = time(words, "overlap")?.unwrap_or_default();
    let key = new_key(words)?;
    let until = Timestamp(wall().0.saturating_add(overlap));
    let by = by(words)?;
    act(
        words,
        "gave a new key to the site",
        &name,
        |db| match sites::rotate(db, &named(&name), &by, &key.key, until)? {
            Err(Fault::NoSuchSite) => Ok(Err(absent(db, &name, &by)?)),
            done => Ok(done.map_err(|fault| fault.to_string())),
        },
    )?;
    let overlap = Duration::from_millis(overlap);
    match overlap.is_zero() {
        true => println!("{name} has a new key; the former one holds no more."),
        false => println!(
            "{name} has a new key; the former one holds for {} more.",
            overlap.print()
        ),
    }
    tell_key(&key);
    Ok(())
}

fn remove(words: &ArgMatches) -> Result<(), String> {
    let name = word(words, "name");
    let by = by(words)?;
    act(
        words,
        "removed the site",
        &name,
        |db| match sites::remove(db, &named(&name), &by)? {
            Err(Fault::NoSuchSite) => Ok(Err(absent(db, &name, &by)?)),
            done => Ok(done.map_err(|fault| fault.to_string())),
        },
    )?;
    println!("{name} is removed. A relay that runs signs its visitors out within two seconds.");
    Ok(())
}

fn list(words: &ArgMatches) -> Result<(), String> {
    let db = open(words)?;
    let sites = sites::list(&db, &By::Host).map_err(|error| failed(&error))?;
    if sites.is_empty() {
        println!("No site is registered. `lamplight site add` registers one.");
    }
    for (site, visitors) in &sites {
        print!("{}", described(site, *visitors, wall()));
    }
    Ok(())
}

fn described(site: &Site, visitors: u32, now: Timestamp) -> String {
    let chats: Vec<&str> = site.chats.iter().map(Presentity::as_str).collect();
    let terms = &site.terms;
    let guests = match terms.guests {
        true => format!(
            "at most {}, {} in an hour",
            terms.guests_most, terms.guests_per_hour
        ),
        false => "none without a token".into(),
    };
    let mut text = format!(
        "{}\n  pages     {}\n  chats     {}\n  visitors  {} now; those it vouches for last {}\n  guests    {guests}\n",
        site.name,
        site.origins.join(", "),
        chats.join(", "),
        visitors,
        Duration::from_millis(terms.life).print(),
    );
    if let By::Account(account) = &site.by {
        let _ = writeln!(text, "  account   {account}");
    }
    for key in &site.keys {
        let _ = writeln!(
            text,
            "  key       {} {}{}",
            key.algorithm.name(),
            key.kid,
            state_of(key, now)
        );
    }
    text
}

fn state_of(key: &Key, now: Timestamp) -> String {
    let Some(until) = key.until else {
        return String::new();
    };
    // To the minute: nobody waits for the second.
    let left = until.0.saturating_sub(now.0) / 60_000;
    match left {
        0 => ", over".into(),
        left => format!(", {} more", Duration::from_secs(left * 60).print()),
    }
}

fn tell_key(key: &NewKey) {
    let (kid, algorithm) = (&key.key.kid, key.key.algorithm.name());
    println!(
        "\nTokens of its backend name this key in their header: \"alg\": \"{algorithm}\", \"kid\": \"{kid}\""
    );
    if let Some(secret) = &key.secret {
        println!(
            "They are signed with this secret, which is shown only now and belongs on the backend alone:\n\n  {secret}"
        );
    }
    println!("\n{ABOUT_TOKENS}");
}

fn new_key(words: &ArgMatches) -> Result<NewKey, String> {
    let wanted = word(words, "key");
    let (algorithm, file) = wanted.split_once(':').unwrap_or((&wanted, ""));
    let found = Algorithm::ALL
        .into_iter()
        .find(|one| one.name().eq_ignore_ascii_case(algorithm));
    match (found, file) {
        (Some(Algorithm::Hs256), "") => NewKey::hs256(wall()).map_err(|refusal| refusal.sentence),
        (Some(Algorithm::Hs256), _) => {
            Err("with hs256 the relay makes the secret itself: say --key hs256".into())
        }
        (Some(algorithm), file) if !file.is_empty() => {
            let pem = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
            NewKey::public(algorithm, &pem, wall()).map_err(|why| format!("{file}: {why}"))
        }
        _ => Err(format!(
            "--key {wanted} is none of hs256, eddsa:<pem file>, rs256:<pem file>"
        )),
    }
}

/// Whose site is meant.
fn by(words: &ArgMatches) -> Result<By, String> {
    let Some(account) = words.get_one::<String>("of") else {
        return Ok(By::Host);
    };
    let account = Principal::parse(account).map_err(|_| format!("{account} is no address"))?;
    Ok(By::Account(account))
}

/// Why there is no such site; whoever else registered one of this name is told.
fn absent(db: &Connection, name: &str, by: &By) -> rusqlite::Result<String> {
    let why = Fault::NoSuchSite.to_string();
    let name = named(name);
    let mut others = sites::list(db, &By::Host)?.into_iter();
    let other = others.find_map(|(site, _)| match site.by {
        By::Account(account) if site.name == name && *by == By::Host => Some(account),
        _ => None,
    });
    Ok(match other {
        Some(account) => {
            format!("{why} that was registered here; for that of {account} say --of {account}")
        }
        None => why,
    })
}

/// A name as it is kept; what is none is found nowhere.
fn named(text: &str) -> String {
    keys::site_name(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_sites_fit_together() {
        command().debug_assert();
    }
}
