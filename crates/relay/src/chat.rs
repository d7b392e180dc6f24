//! `lamplight chat`: a person, or a script, talks in a terminal. Line by line, so that it works through pipes as well.
//!
//! `words` reads what is typed, `screen` writes, `texts` has the sentences, `secret` finds the way in. What happens is told by
//! [`lamplight_client`], as to any other program.

mod screen;
mod secret;
mod texts;
mod words;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use lamplight_client::{
    Address, Client, Event, IDLE_AFTER, ItemState, Line, LinkView, Options, Person, Relay, RowKind,
    Word,
};
use tokio::sync::mpsc;
use tokio::time::Instant;

use screen::Screen;
use words::{About, Said};

/// Who leaves waits so long for what is still to go out.
const LEAVE_WITHIN: Duration = Duration::from_secs(10);
/// Typed lines that wait for the one before.
const TYPED_MAX: usize = 64;

pub fn command() -> Command {
    let word = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    Command::new("chat")
        .about("Talks in the terminal, line by line; /help there says how")
        .after_help(
            "The password is asked for, or read from LAMPLIGHT_PASSWORD; a token from LAMPLIGHT_TOKEN.",
        )
        .arg(word("relay", "url", "Where the relay is").default_value("http://127.0.0.1:2778"))
        .arg(word("name", "name", "Who you are"))
        .arg(word("token", "token", "A token instead of name and password"))
        .arg(word("as", "group", "The group in whose name you speak, as its member"))
        .arg(word("to", "name", "Whom to talk with from the start"))
        .arg(
            word("keep", "folder", "Where messages wait for the connection when you have left")
                .value_parser(value_parser!(PathBuf)),
        )
}

/// Runs until the person leaves.
pub fn run(words: &ArgMatches) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the system gives no runtime: {error}"))?;
    runtime.block_on(chat(words))
}

async fn chat(words: &ArgMatches) -> Result<(), String> {
    let word = |key: &str| words.get_one::<String>(key).cloned();
    let url = word("relay").unwrap_or_default();
    let relay = Relay::parse(&url).map_err(|error| error.to_string())?;
    if !relay.is_private() {
        eprintln!("{}", texts::PLAIN);
    }
    let keep = words.get_one::<PathBuf>("keep").cloned();
    let options = Options {
        keep: keep.clone(),
        speak_as: word("as"),
        ..Options::new(url, secret::find(words)?)
            .device("terminal")
            .idle_after(IDLE_AFTER)
    };
    let client = Client::connect(options)
        .await
        .map_err(|error| error.to_string())?;
    let to = word("to").map(|name| client.address(name)).transpose();
    let chat = Chat {
        to: to.map_err(|error| error.to_string())?,
        screen: Screen::new(client.me().address().domain()),
        keeps: keep.is_some(),
        client,
        shown: BTreeMap::new(),
        is_known: false,
        trouble: false,
        leaving: None,
    };
    chat.talk(typed()).await
}

/// Lines as they are typed. A thread of its own reads them: it may wait for ever, and the process does not wait for it.
fn typed() -> mpsc::Receiver<String> {
    let (lines, typed) = mpsc::channel(TYPED_MAX);
    std::thread::spawn(move || {
        for line in io::stdin().lines() {
            // What is no text ends the typing like its end does.
            let Ok(line) = line else { return };
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    typed
}

/// A person's end of the conversation.
struct Chat {
    client: Client,
    screen: Screen,
    /// To whom text goes.
    to: Option<Address>,
    keeps: bool,
    /// How contacts were when that was last shown.
    shown: BTreeMap<Address, (Word, String)>,
    /// Whether the relay has welcomed us once.
    is_known: bool,
    /// Whether the person was told that there is no connection.
    trouble: bool,
    /// Until when to wait for what is still to go out.
    leaving: Option<Instant>,
}

impl Chat {
    async fn talk(mut self, mut typed: mpsc::Receiver<String>) -> Result<(), String> {
        let over = self.until_over(&mut typed).await;
        let waiting = self.waiting();
        let ended = match over {
            // Nobody reads any more: as good as leaving.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(format!("the terminal cannot be written: {error}")),
            Ok(ended) => ended,
        };
        if waiting > 0 {
            eprintln!("{}", texts::left_behind(waiting, self.keeps));
        }
        // A login that a broken line could not end ends by itself in time.
        let _ = self.client.sign_out().await;
        ended
    }

    async fn until_over(
        &mut self,
        typed: &mut mpsc::Receiver<String>,
    ) -> io::Result<Result<(), String>> {
        loop {
            if self.leaving.is_some() && self.has_left_nothing() {
                return Ok(Ok(()));
            }
            let patience = self.leaving;
            let out_of_patience = async {
                match patience {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = self.client.next() => match event {
                    Some(Event::SignedOut(code)) => return Ok(Err(code.sentence().into())),
                    Some(event) => self.happened(event)?,
                    None => return Ok(Ok(())),
                },
                line = typed.recv(), if patience.is_none() => match line {
                    Some(line) => self.said(words::read(&line))?,
                    None => self.leave()?,
                },
                _ = tokio::signal::ctrl_c() => return Ok(Ok(())),
                () = out_of_patience => return Ok(Ok(())),
            }
        }
    }

    fn leave(&mut self) -> io::Result<()> {
        self.leaving = Some(Instant::now() + LEAVE_WITHIN);
        match self.waiting() {
            0 => Ok(()),
            waiting => self.screen.mention(&texts::leaving(waiting)),
        }
    }

    fn waiting(&self) -> usize {
        self.client.view(|agent| agent.link().waiting)
    }

    /// Whether everything that was typed has gone out: wishes go with the welcome, messages are counted.
    fn has_left_nothing(&self) -> bool {
        self.client.view(|agent| {
            let line = agent.link();
            line.link == LinkView::Up && line.waiting == 0
        })
    }

    // What is typed.

    fn said(&mut self, said: Said) -> io::Result<()> {
        self.client.active();
        let done = match said {
            Said::Nothing => Ok(()),
            Said::Text(text) => match &self.to {
                Some(to) => self.client.send(to, text),
                None => return self.screen.say(texts::TO_WHOM),
            },
            Said::To(name, text) => return self.turn_to(&name, text),
            Said::About(what, name) => self.about(what, &name),
            Said::Status(choice, note) => {
                let set = match choice {
                    Some(choice) => self.client.set_status(choice, &note),
                    None => {
                        self.client.clear_status();
                        Ok(())
                    }
                };
                if set.is_ok() {
                    self.screen.mention(&texts::my_status(choice))?;
                }
                set
            }
            Said::Who => return self.who(),
            Said::Help => return self.help(),
            Said::Quit => return self.leave(),
            Said::NeedsName(word) => return self.screen.say(&texts::needs_name(word)),
            Said::NeedsStatus => return self.screen.say(texts::WHICH_STATUS),
            Said::Unknown(word) => return self.screen.say(&texts::unknown(&word)),
        };
        match done {
            Ok(()) => Ok(()),
            Err(error) => self.screen.say(&error.to_string()),
        }
    }

    fn turn_to(&mut self, name: &str, text: Option<String>) -> io::Result<()> {
        let to = match self.client.address(name) {
            Ok(to) => to,
            Err(error) => return self.screen.say(&error.to_string()),
        };
        let row = self.client.view(|agent| agent.row(&to));
        let contact = row.filter(|row| row.kind == RowKind::Contact);
        let how = contact.map_or_else(|| "not a contact".into(), |row| self.how(&row.person));
        self.screen
            .mention(&texts::now_to(&self.screen.name(&to), &how))?;
        let sent = text.map_or(Ok(()), |text| self.client.send(&to, text));
        self.to = Some(to);
        match sent {
            Ok(()) => Ok(()),
            Err(error) => self.screen.say(&error.to_string()),
        }
    }

    fn about(&self, what: About, name: &str) -> Result<(), lamplight_client::Error> {
        match what {
            About::Add => self.client.watch(name),
            About::Remove => self.client.unwatch(name),
            About::Allow => self.client.allow(name),
            About::Deny => self.client.deny(name),
            About::Block => self.client.block(name),
            About::Admit => self.client.admit(name),
        }
    }

    fn help(&self) -> io::Result<()> {
        texts::HELP
            .lines()
            .try_for_each(|line| self.screen.say(line))
    }

    fn who(&self) -> io::Result<()> {
        let (rows, requests, held) = self.client.view(|agent| {
            let rows = agent.roster("", str::to_lowercase);
            (rows, agent.requests(), agent.held())
        });
        let contacts = rows.iter().filter(|row| row.kind == RowKind::Contact);
        let mut alone = true;
        for row in contacts {
            alone = false;
            let sign = texts::sign(row.person.word);
            let name = self.screen.name(&row.address);
            self.screen
                .say(&format!("{sign} {name:<16} {}", self.how(&row.person)))?;
        }
        if alone {
            self.screen.say(texts::ALONE)?;
        }
        for row in requests {
            let name = self.screen.name(row.watcher.address());
            self.screen.say(&texts::asks(&name))?;
        }
        for row in held {
            let name = self.screen.name(&row.address);
            self.screen.say(&texts::held(&name, row.count, &row.last))?;
        }
        Ok(())
    }

    fn how(&self, person: &Person) -> String {
        texts::how(person, |at| self.screen.time(at))
    }

    // What happens.

    fn happened(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Message { from, text, at, .. } => {
                let (time, name) = (self.screen.time(at), self.screen.name(&from));
                self.screen.say(&format!("{time} {name}: {text}"))
            }
            Event::Presence { of, person } => self.presence(of, &person),
            Event::Request { from } => {
                let name = self.screen.name(from.address());
                self.screen.say(&texts::asks(&name))
            }
            Event::Held { from, count, text } => {
                let name = self.screen.name(&from);
                self.screen.say(&texts::held(&name, count, &text))
            }
            Event::Sent {
                to, text, state, ..
            } => self.sent(&to, &text, state),
            Event::Line(line) => self.line(&line),
            Event::Notice { about, code } => {
                let name = about.map(|about| self.screen.name(&about));
                self.screen
                    .say(&texts::refused(name.as_deref(), code.sentence()))
            }
            Event::KeepsNothing => self.screen.say(texts::KEEPS_NOTHING),
            _ => Ok(()),
        }
    }

    /// What is merely old because the line is down was said with the line.
    fn presence(&mut self, of: Address, person: &Person) -> io::Result<()> {
        if person.stale {
            return Ok(());
        }
        let now = (person.word, self.how(person));
        if self.shown.get(&of) == Some(&now) {
            return Ok(());
        }
        let text = texts::is_now(&self.screen.name(&of), &now.1);
        self.shown.insert(of, now);
        self.screen.mention(&text)
    }

    fn sent(&self, to: &Address, text: &str, state: ItemState) -> io::Result<()> {
        let state = match state {
            ItemState::Queued => "waiting",
            ItemState::Accepted => "sent",
            ItemState::Delivered => "delivered",
            ItemState::Failed(code) => code.sentence(),
            ItemState::Sending | ItemState::Received => return Ok(()),
        };
        let name = self.screen.name(to);
        self.screen
            .mention(&format!("      to {name}: {text} ({state})"))
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let is_up = line.link == LinkView::Up;
        if is_up && !self.is_known {
            self.is_known = true;
            self.trouble = false;
            let me = self.client.me().as_str();
            return self.screen.say(&texts::welcome(me));
        }
        if is_up && std::mem::take(&mut self.trouble) {
            return self.screen.say(texts::LINE_AGAIN);
        }
        if line.banner && !std::mem::replace(&mut self.trouble, true) {
            return self.screen.say(texts::NO_LINE);
        }
        Ok(())
    }
}
