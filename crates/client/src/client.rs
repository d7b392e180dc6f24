//! The client: an agent with words for what programs do most, and one place to hear what happens.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lamplight_core::address::{Address, DeviceId, Principal, Token};
use lamplight_core::agent::{Agent, AgentConfig, Choice, Input, Intent};
use lamplight_core::message::Body;
use lamplight_core::presence::Note;
use lamplight_core::private::Private;
use lamplight_core::rules::Decision;
use lamplight_core::time::millis;

use crate::door::{self, Login};
use crate::error::Error;
use crate::event::{Event, Mailbox};
use crate::keep::{Folder, Keep, Memory};
use crate::line;
use crate::reader::Reader;
use crate::relay::Relay;
use crate::shell::{Entry, Shell};

/// A century.
const NEVER: Duration = Duration::from_hours(100 * 365 * 24);

/// By what a program comes in. Prints without its secret.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A bearer token, from `POST /v1/tokens` or `POST /v1/programs`. It may do what its scope says.
    Token(Private<String>),
    /// A person's name and password.
    Password {
        name: String,
        password: Private<String>,
    },
}

impl Credentials {
    pub fn token(token: impl Into<String>) -> Self {
        Self::Token(Private(token.into()))
    }

    pub fn password(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Password {
            name: name.into(),
            password: Private(password.into()),
        }
    }
}

/// Where to, as whom, and what to keep.
#[derive(Clone, Debug)]
pub struct Options {
    /// The relay's address, such as `https://chat.example.org`.
    pub relay: String,
    pub credentials: Credentials,
    /// The name of this program on this machine: the relay keeps for it how far it has come. Letters, digits, `-`, `_` and `.`.
    pub device: String,
    /// Where messages that wait for the line outlive the program. Without a folder they do not.
    pub keep: Option<PathBuf>,
    /// The group in whose name to speak, for its members; asks for a password.
    pub speak_as: Option<String>,
    /// After how long without [`Client::active`] a person is away. Nothing: a program is there as long as it runs.
    pub idle_after: Option<Duration>,
}

impl Options {
    /// A device called `program` that keeps nothing and is never away.
    pub fn new(relay: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            relay: relay.into(),
            credentials,
            device: "program".into(),
            keep: None,
            speak_as: None,
            idle_after: None,
        }
    }

    #[must_use]
    pub fn device(mut self, name: impl Into<String>) -> Self {
        self.device = name.into();
        self
    }

    #[must_use]
    pub fn keep(mut self, folder: impl Into<PathBuf>) -> Self {
        self.keep = Some(folder.into());
        self
    }

    #[must_use]
    pub fn speak_as(mut self, group: impl Into<String>) -> Self {
        self.speak_as = Some(group.into());
        self
    }

    #[must_use]
    pub fn idle_after(mut self, wait: Duration) -> Self {
        self.idle_after = Some(wait);
        self
    }
}

/// A principal's agent in this program. It connects again by itself. Dropping it breaks its line without a goodbye; to be seen
/// to leave at once there is [`Client::sign_out`].
pub struct Client {
    principal: Principal,
    relay: Relay,
    /// The login that this client made and ends.
    login: Option<Login>,
    shell: Shell,
    mailbox: Arc<Mailbox>,
    /// Whose message the program has in hand.
    in_hand: Option<Address>,
}

impl Client {
    /// Signs in and goes to work. Answers when it is known for whom; the line itself comes, and goes, as [`Event::Line`] says.
    pub async fn connect(options: Options) -> Result<Self, Error> {
        let relay = Relay::parse(&options.relay)?;
        let bad_device = |_| Error::BadAddress(options.device.clone());
        let device = Token::parse(&options.device).map_err(bad_device)?;
        let mut login = None;
        let (principal, entry) = match &options.credentials {
            Credentials::Token(token) => (
                line::whose(&relay, &device, token).await?,
                Entry::Token(token.clone()),
            ),
            Credentials::Password { name, password } => {
                let made = door::sign_in(&relay, name, &password.0).await?;
                login = Some(made.clone());
                let group = options.speak_as.as_ref();
                let group = group.map(|name| named(name, &made.principal)).transpose()?;
                let group = group.map(Principal);
                if group.is_some() {
                    // Whoever is no member is told here and not at the line.
                    door::ticket(&relay, &made, group.as_ref()).await?;
                }
                let speaker = group.clone().unwrap_or_else(|| made.principal.clone());
                (speaker, Entry::Tickets(made, group))
            }
        };
        let keep = match &options.keep {
            Some(folder) => Keep::Folder(Folder::open(folder, &principal)?),
            None => Keep::Memory(Memory::default()),
        };
        let mailbox = Arc::new(Mailbox::default());
        let reader = Reader::new(mailbox.clone());
        let config = config(principal.clone(), device, options.idle_after)?;
        let shell = Shell::enter(config, relay.clone(), entry, keep, reader);
        Ok(Self {
            principal,
            relay,
            login,
            shell,
            mailbox,
            in_hand: None,
        })
    }

    /// For whom this works.
    pub fn me(&self) -> &Principal {
        &self.principal
    }

    /// What happened next; nothing after [`Event::SignedOut`]. May be dropped and called again, as in `select!`.
    pub async fn next(&mut self) -> Option<Event> {
        if let Some(with) = self.in_hand.take() {
            self.mailbox.done_with(with);
            self.shell.look_again();
        }
        let next = self.mailbox.next().await;
        if let Some(Event::Message { from, .. }) = &next {
            self.in_hand = Some(from.clone());
        }
        next
    }

    /// Writes to someone; waits for the line if there is none. How it fares is told by [`Event::Sent`].
    pub fn send(&self, to: impl Display, text: impl Into<String>) -> Result<(), Error> {
        let to = self.address(to)?.into();
        let body = Body::parse(&text.into()).map_err(|_| Error::BadText)?;
        self.intent(Intent::Send { to, body });
        Ok(())
    }

    /// Asks to see someone, now and in later lives; how they are is told by [`Event::Presence`].
    pub fn watch(&self, address: impl Display) -> Result<(), Error> {
        self.intent(Intent::AddContact {
            presentity: self.address(address)?.into(),
            petname: None,
            group: None,
        });
        Ok(())
    }

    /// Does not watch them any more.
    pub fn unwatch(&self, address: impl Display) -> Result<(), Error> {
        let presentity = self.address(address)?.into();
        self.intent(Intent::RemoveContact { presentity });
        Ok(())
    }

    /// Lets someone see me.
    pub fn allow(&self, watcher: impl Display) -> Result<(), Error> {
        self.decide(watcher, Some(Decision::Allow))
    }

    /// Shows someone nothing, and tells them so.
    pub fn deny(&self, watcher: impl Display) -> Result<(), Error> {
        self.decide(watcher, Some(Decision::Deny))
    }

    /// Blocks someone politely: to them I am never there, and what they write never comes.
    pub fn block(&self, watcher: impl Display) -> Result<(), Error> {
        self.decide(watcher, Some(Decision::Block))
    }

    /// Takes what someone wrote who is held, and what they write from now on. To answer them does the same.
    pub fn admit(&self, sender: impl Display) -> Result<(), Error> {
        let with = self.address(sender)?;
        self.intent(Intent::Admit { with });
        Ok(())
    }

    /// What someone sees of me; nothing forgets what was decided.
    pub fn decide(&self, watcher: impl Display, decision: Option<Decision>) -> Result<(), Error> {
        self.intent(Intent::Decide {
            watcher: Principal(self.address(watcher)?),
            decision,
            of: None,
        });
        Ok(())
    }

    /// Says how I am, with a line of text if it is not empty.
    pub fn set_status(&self, choice: Choice, note: &str) -> Result<(), Error> {
        let note = match note.trim() {
            "" => None,
            note => Some(Note::parse(note).map_err(|_| Error::BadNote)?),
        };
        self.intent(Intent::SetStatus {
            choice,
            note,
            until: None,
            of: None,
        });
        Ok(())
    }

    /// Says nothing of it any more: I am as my devices are.
    pub fn clear_status(&self) {
        self.intent(Intent::ClearStatus { of: None });
    }

    /// The person touched something.
    pub fn active(&self) {
        self.shell.input(Input::Active);
    }

    /// Anything else that an agent can want.
    pub fn intent(&self, intent: Intent) {
        match &intent {
            Intent::Open { with } => self.mailbox.view(Some(with.clone())),
            Intent::Close => self.mailbox.view(None),
            _ => {}
        }
        self.shell.intend(intent);
    }

    /// Reads what the agent knows: contacts, conversations, oneself. Everything waits meanwhile.
    pub fn view<T>(&self, look: impl FnOnce(&Agent) -> T) -> T {
        self.shell.read(look)
    }

    /// An address as people write it: who has no domain is of the own one.
    pub fn address(&self, text: impl Display) -> Result<Address, Error> {
        named(&text.to_string(), &self.principal)
    }

    /// Leaves and is seen to; ends the login too, if a password made it. What waits to be sent stays in the folder, if there is
    /// one.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shell.sign_out().await;
        match &self.login {
            Some(login) => door::sign_out(&self.relay, login).await,
            None => Ok(()),
        }
    }
}

fn named(text: &str, beside: &Principal) -> Result<Address, Error> {
    let text = text.trim();
    let whole = match text.contains('@') {
        true => text.to_owned(),
        false => format!("{text}@{}", beside.address().domain()),
    };
    Address::parse(&whole).map_err(|_| Error::BadAddress(text.to_owned()))
}

fn config(
    principal: Principal,
    device: DeviceId,
    idle_after: Option<Duration>,
) -> Result<AgentConfig, Error> {
    let seed = random()?;
    // Two of the same device are two tuples, and the one does not leave with the other.
    let name = device.as_str();
    let tuple = format!("{}-{:08x}", &name[..name.len().min(30)], random()? as u32);
    Ok(AgentConfig {
        seed,
        principal,
        device,
        tuple: Token::parse(&tuple).map_err(|_| Error::BadAddress(tuple.clone()))?,
        idle_after_ms: millis(idle_after.unwrap_or(NEVER)),
    })
}

fn random() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| Error::NoChance)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_domain_is_of_the_own_one() {
        let me = Principal::parse("alice@example.org").unwrap();
        let named = |text| named(text, &me).map(|address| address.to_string()).ok();
        assert_eq!(named(" Bob ").as_deref(), Some("bob@example.org"));
        assert_eq!(named("bob@localhost").as_deref(), Some("bob@localhost"));
        assert_eq!(named("bob smith"), None);
        assert_eq!(named(""), None);
    }

    #[test]
    fn credentials_print_without_their_secret() {
        let password = Credentials::password("alice", "correct horse");
        let token = Credentials::token("lamp_secret");
        let printed = format!("{password:?} {token:?}");
        assert!(!printed.contains("horse") && !printed.contains("lamp_secret"));
    }

    #[test]
    fn a_long_device_has_a_tuple_all_the_same() {
        let me = Principal::parse("alice@example.org").unwrap();
        let device = Token::parse(&"d".repeat(40)).unwrap();
        assert!(config(me, device, None).is_ok());
    }
}
