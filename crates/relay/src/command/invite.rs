//! `lamplight invite new|list|revoke`: links that let somebody in. Their secrets are shown once, when they are made.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lamplight_core::time::Timestamp;

use super::beside::{act, failed, moment, named, open, time, with_folder};
use super::read_aloud;
use crate::clock::wall;
use crate::config::SignUp;
use crate::identity::{hash_of, invitations as links};
use crate::store::invitations::{self, Invitation, Kind};

pub fn command() -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let new = Command::new("new")
        .about("Makes a link by which somebody gets an account")
        .arg(option(
            "from",
            "account",
            "Who invites: whoever comes by the link is their contact, and they theirs",
        ))
        .arg(
            option("uses", "number", "How many may come by it [default: 1]")
                .value_parser(value_parser!(u32)),
        )
        .arg(option(
            "for",
            "time",
            "How long it holds [default: accounts.invitation_life]",
        ))
        .arg(option("note", "text", "What to call it in lists"))
        .arg(
            Arg::new("admin")
                .long("admin")
                .action(ArgAction::SetTrue)
                .conflicts_with("from")
                .help("Whoever comes by it is an admin"),
        );
    Command::new("invite")
        .about("Links that let somebody in; also while the relay runs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_folder(new))
        .subcommand(with_folder(
            Command::new("list").about("All links, without their secrets"),
        ))
        .subcommand(with_folder(
            Command::new("revoke").about("Takes a link back").arg(
                Arg::new("id")
                    .value_name("number")
                    .required(true)
                    .value_parser(value_parser!(u64).range(..=i64::MAX.unsigned_abs()))
                    .help("Its number, as the list says"),
            ),
        ))
}

pub fn run(words: &ArgMatches) -> Result<(), String> {
    match words.subcommand() {
        Some(("new", words)) => new(words),
        Some(("list", words)) => list(words),
        Some(("revoke", words)) => revoke(words),
        _ => Err("there is no such command".into()),
    }
}

fn new(words: &ArgMatches) -> Result<(), String> {
    let config = read_aloud(words)?;
    let kind = match words.get_flag("admin") {
        true => Kind::Admin,
        false => Kind::Account,
    };
    if kind == Kind::Account && config.accounts.sign_up == SignUp::Closed {
        return Err(
            "accounts.sign_up = \"closed\": no link lets anybody in but one with --admin".into(),
        );
    }
    let of = words.get_one::<String>("from");
    let of = of.map(|from| named(&config, from)).transpose()?;
    let of = of.map(|name| name.principal);
    let wanted = links::Wanted {
        note: words.get_one::<String>("note").cloned(),
        uses: words.get_one::<u32>("uses").copied(),
        life: time(words, "for")?.map(std::time::Duration::from_millis),
    };
    let life = config.accounts.invitation_life;
    let (new, secret) = links::new(kind, of.clone(), &wanted, life).map_err(|_| {
        "a link is for 1 to 100 people, holds for at most 90 d, and its note is one short line"
            .to_owned()
    })?;
    let about = of.as_ref().map_or("", |of| of.as_str());
    act(words, "made an invitation", about, |db| {
        let added = invitations::add(db, &new, &hash_of(&secret))?;
        Ok(added.map_err(|code| format!("--from {about}: {}", code.sentence())))
    })?;
    println!(
        "This link holds until {} UTC, {}:\n  {}",
        moment(new.until),
        match new.uses {
            1 => "for one person".into(),
            uses => format!("for {uses} people"),
        },
        links::link(&config.page(config.relay.listen), &secret)
    );
    Ok(())
}

fn list(words: &ArgMatches) -> Result<(), String> {
    let db = open(words)?;
    let all = invitations::list(&db, None).map_err(|error| failed(&error))?;
    if all.is_empty() {
        println!("There is none. `lamplight invite new` makes one.");
    }
    for one in &all {
        println!("{}", described(one, wall()));
    }
    Ok(())
}

fn described(one: &Invitation, now: Timestamp) -> String {
    let opens = match (one.kind, &one.of) {
        (Kind::Account, None) => "an account".into(),
        (Kind::Account, Some(of)) => format!("an account, contact of {of}"),
        (Kind::Admin, _) => "an account that is an admin".into(),
        (Kind::Password, of) => format!(
            "a new password of {}",
            of.as_ref().map_or("nobody", |of| of.as_str())
        ),
    };
    let state = match (one.remaining, one.until <= now) {
        (0, _) => "used up".into(),
        (_, true) => "over".into(),
        (remaining, false) => format!("{remaining} left, until {}", moment(one.until)),
    };
    let note = one.note.as_deref().unwrap_or_default();
    let line = format!(
        "{:>6}  {opens}; used {} times, {state}  {note}",
        one.id, one.used
    );
    line.trim_end().to_owned()
}

fn revoke(words: &ArgMatches) -> Result<(), String> {
    let id = words.get_one::<u64>("id").copied().unwrap_or_default();
    act(words, "revoked the invitation", &id.to_string(), |db| {
        Ok(match invitations::revoke(db, id, None)? {
            true => Ok(()),
            false => Err(format!("there is no link {id}")),
        })
    })?;
    println!("Nobody comes by this link any more.");
    Ok(())
}
