//! A native program: the same `Agent` that a tab runs, over the shell that all programs have, signed in by a bearer token.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lamplight_client::{Follower, Keep, Memory, News, Relay, Shell};
use lamplight_core::address::{Address, Token};
use lamplight_core::agent::{
    Agent, AgentConfig, ContactRow, IDLE_AFTER, Input, Intent, Keepsake, LinkView, Notice, RowKind,
};
use lamplight_core::code::Code;
use lamplight_core::message::Body;
use lamplight_core::person::Word;
use lamplight_core::private::Private;
use lamplight_core::time::millis;
use lamplight_core::wire::Decision;
use tokio::sync::watch;

use super::people::Account;

/// A running program. Dropping it breaks its line without a goodbye.
pub struct Program {
    pub account: Account,
    shell: Arc<Shell>,
    told: Arc<Mutex<Told>>,
    kept: Memory,
    changes: watch::Sender<u64>,
}

/// What the agent told its shell.
#[derive(Default)]
struct Told {
    notices: Vec<Notice>,
    signed_out: Option<Code>,
    /// Lines that opened so far.
    lines: u64,
}

/// Notes what is told, and that something may be different.
struct Noting {
    told: Arc<Mutex<Told>>,
    changes: watch::Sender<u64>,
}

impl Follower for Noting {
    fn follow(&mut self, _: &Agent, news: &[News]) -> Vec<Intent> {
        let mut told = self.told.lock().expect("no holder panics");
        for one in news {
            match one {
                News::Tell(notice) => told.notices.push(notice.clone()),
                News::SignedOut(code) => told.signed_out = Some(*code),
                News::Opened => told.lines += 1,
                News::Changed(_) | News::KeepsNothing => {}
            }
        }
        self.changes.send_modify(|count| *count += 1);
        Vec::new()
    }
}

impl Program {
    /// Starts a program of this account on a device and tuple of this name, over this address: the relay's or a proxy's.
    pub fn start(account: &Account, over: SocketAddr, device: &str) -> Self {
        Self::start_with(account, over, device, Vec::new())
    }

    /// The same, with what an earlier life kept.
    pub fn start_with(
        account: &Account,
        over: SocketAddr,
        device: &str,
        kept: Vec<Keepsake>,
    ) -> Self {
        let name = Token::parse(device).expect("a token");
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("randomness");
        let config = AgentConfig {
            seed: u64::from_le_bytes(seed),
            principal: account.principal.clone(),
            device: name.clone(),
            tuple: name,
            idle_after_ms: millis(IDLE_AFTER),
        };
        let relay = Relay::parse(&format!("http://{over}")).expect("an address");
        let token = Private(account.token.clone());
        let (told, changes) = (Arc::default(), watch::Sender::new(0));
        let noting = Noting {
            told: Arc::clone(&told),
            changes: changes.clone(),
        };
        let kept = Memory::of(kept);
        let keep = Keep::Memory(kept.clone());
        Self {
            account: account.clone(),
            shell: Arc::new(Shell::start(config, relay, token, keep, noting)),
            told,
            kept,
            changes,
        }
    }

    /// Starts a program and waits until its line is up.
    pub async fn up(account: &Account, over: SocketAddr, device: &str) -> Self {
        let program = Self::start(account, over, device);
        program.is_up().await;
        program
    }

    pub fn address(&self) -> &Address {
        self.account.principal.address()
    }

    pub fn input(&self, input: Input) {
        self.shell.input(input);
    }

    pub fn intend(&self, intent: Intent) {
        self.input(Input::Intent(intent));
    }

    pub fn say(&self, to: &Account, text: &str) {
        self.intend(Intent::Send {
            to: to.principal.inbox(),
            body: Body::parse(text).expect("a body"),
        });
    }

    /// Reads the agent's getters.
    pub fn read<T>(&self, look: impl FnOnce(&Agent) -> T) -> T {
        self.shell.read(look)
    }

    pub fn row(&self, who: &Account) -> Option<ContactRow> {
        self.read(|agent| agent.row(who.principal.address()))
    }

    /// The texts of a conversation, oldest first.
    pub fn texts(&self, with: &Account) -> Vec<String> {
        let view = self.read(|agent| agent.conversation(with.principal.address()));
        view.items.into_iter().map(|item| item.text).collect()
    }

    /// What a later life of this device starts with.
    pub fn kept(&self) -> Vec<Keepsake> {
        self.kept.kept()
    }

    /// What the person was told, and forgets it.
    pub fn notices(&self) -> Vec<Notice> {
        self.told(|told| std::mem::take(&mut told.notices))
    }

    pub fn signed_out(&self) -> Option<Code> {
        self.told(|told| told.signed_out)
    }

    /// Lines that opened so far: grows by one with each reconnect.
    pub fn lines(&self) -> u64 {
        self.told(|told| told.lines)
    }

    fn told<T>(&self, look: impl FnOnce(&mut Told) -> T) -> T {
        look(&mut self.told.lock().expect("no holder panics"))
    }

    /// The value of `look` as soon as there is one, and how long that took. Looked at after every change.
    pub async fn within<T>(
        &self,
        bound: Duration,
        what: &str,
        look: impl Fn(&Agent) -> Option<T>,
    ) -> (T, Duration) {
        let begun = std::time::Instant::now();
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(value) = self.read(&look) {
                return (value, begun.elapsed());
            }
            let left = bound.saturating_sub(begun.elapsed());
            assert!(
                !left.is_zero(),
                "{} did not see within {bound:?}: {what}\nlink {:?}\nroster {:#?}",
                self.address(),
                self.read(Agent::link),
                self.read(|agent| agent.roster("", str::to_lowercase)),
            );
            // Some answers change with time alone.
            let look_again = left.min(Duration::from_millis(100));
            let _ = tokio::time::timeout(look_again, changes.changed()).await;
        }
    }

    pub async fn until<T>(&self, what: &str, look: impl Fn(&Agent) -> Option<T>) -> T {
        self.within(Duration::from_secs(15), what, look).await.0
    }

    /// Asks to see somebody, and waits until they are a contact.
    pub async fn sees(&self, other: &Account) {
        self.intend(Intent::AddContact {
            presentity: other.principal.presentity(),
            petname: None,
            group: None,
        });
        self.until("a new contact", |agent| {
            let row = agent.row(other.principal.address())?;
            (row.kind == RowKind::Contact).then_some(())
        })
        .await;
    }

    /// Waits for somebody's request and allows it.
    pub async fn lets_see(&self, other: &Account) {
        self.decides(other, Decision::Allow).await;
    }

    /// Waits for somebody's request and decides.
    pub async fn decides(&self, about: &Account, decision: Decision) {
        let asks = |agent: &Agent| {
            let requests = agent.requests();
            let asks = requests.iter().any(|row| row.watcher == about.principal);
            asks.then_some(())
        };
        self.until("a request", asks).await;
        self.intend(Intent::Decide {
            watcher: about.principal.clone(),
            decision: Some(decision),
            of: None,
        });
        self.until("no request", |agent| asks(agent).is_none().then_some(()))
            .await;
    }

    /// Waits until somebody's row says this word.
    pub async fn reads(&self, who: &Account, word: Word) {
        self.until(&format!("{word:?}"), |agent| {
            let person = agent.row(who.principal.address())?.person;
            (person.word == word && !person.stale).then_some(())
        })
        .await;
    }

    /// Notes every word that somebody's row says from now on.
    pub fn watches(&self, who: &Account) -> Words {
        let (shell, address) = (Arc::downgrade(&self.shell), who.principal.address().clone());
        let mut changes = self.changes.subscribe();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        let watching = tokio::spawn(async move {
            loop {
                let Some(shell) = shell.upgrade() else {
                    return;
                };
                let row = shell.read(|agent| agent.row(&address));
                drop(shell);
                let word = row.map(|row| row.person.word);
                noted.lock().expect("no holder panics").extend(word);
                if changes.changed().await.is_err() {
                    return;
                }
            }
        });
        Words { seen, watching }
    }

    pub async fn is_up(&self) {
        self.until("the line is up", |agent| {
            (agent.link().link == LinkView::Up).then_some(())
        })
        .await;
    }
}

/// The words that a row said.
pub struct Words {
    seen: Arc<Mutex<Vec<Word>>>,
    watching: tokio::task::JoinHandle<()>,
}

impl Words {
    pub fn seen(&self) -> Vec<Word> {
        self.seen.lock().expect("no holder panics").clone()
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.watching.abort();
    }
}
