//! A restart under load: many agents who watch and write to each other go through a SIGTERM and the next start, once with a socket
//! of the relay's own and once with one that the service manager holds. Nobody who is there may be called offline, and every message arrives once.
//!
//! `LAMPLIGHT_RESTART_AGENTS` says how many (1,000). The figures are printed; how long it took is one of them and fails nothing.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use lamplight_core::agent::{Intent, LinkView, RowKind};
use lamplight_core::person::Word;
use lamplight_core::wire::Decision;
use lamplight_tests::outside::program::Words;
use lamplight_tests::outside::{Account, Options, Program, Relay};

const AGENTS: usize = 1_000;
/// Each watches so many of the next ones.
const WATCHED: usize = 2;
/// Done at once while the town is built.
const AT_ONCE: usize = 16;
/// Each writes once in such a time.
const WRITE_EVERY: Duration = Duration::from_secs(4);
/// Who is not back by then does not come.
const BACK: Duration = Duration::from_mins(2);
/// What issue and budget ask for.
const WANTED: Duration = Duration::from_secs(15);
/// Beyond `bounds.settle`, after which an absent one is called offline.
const SETTLED: Duration = Duration::from_secs(32);

fn agents() -> usize {
    let named = std::env::var("LAMPLIGHT_RESTART_AGENTS");
    named
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(AGENTS)
}

/// Everybody in a circle: each sees and writes to the next ones.
struct Town {
    programs: Vec<Program>,
}

impl Town {
    async fn build(relay: &Relay, size: usize) -> Self {
        let names: Vec<String> = (0..size).map(|n| format!("agent{n}")).collect();
        let accounts: Vec<Account> = stream::iter(&names)
            .map(|name| Account::sign_up(relay, name))
            .buffered(AT_ONCE)
            .collect()
            .await;
        let address = relay.address();
        let programs: Vec<Program> = stream::iter(&accounts)
            .map(|account| Program::up(account, address, "bot"))
            .buffered(AT_ONCE)
            .collect()
            .await;
        let town = Self { programs };
        for (n, program) in town.programs.iter().enumerate() {
            for before in town.around(n, -1) {
                program.intend(Intent::Decide {
                    watcher: before.account.principal.clone(),
                    decision: Some(Decision::Allow),
                    of: None,
                });
            }
        }
        let watching = stream::iter(0..size).map(|n| town.watch(n));
        watching
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<()>>()
            .await;
        town
    }

    /// The next ones in the circle, or those before.
    fn around(&self, n: usize, step: isize) -> impl Iterator<Item = &Program> {
        let size = self.programs.len();
        let places = (1..=WATCHED).map(move |far| match step {
            1 => (n + far) % size,
            _ => (n + size - far) % size,
        });
        places.map(|place| &self.programs[place])
    }

    async fn watch(&self, n: usize) {
        for next in self.around(n, 1) {
            let (me, other) = (&self.programs[n], &next.account);
            me.intend(Intent::AddContact {
                presentity: other.principal.presentity(),
                petname: None,
                group: None,
            });
            let seen = me.within(BACK, "a contact who is here", |agent| {
                let row = agent.row(other.principal.address())?;
                let is_here = row.kind == RowKind::Contact && row.person.word == Word::Available;
                is_here.then_some(())
            });
            seen.await;
        }
    }

    fn all_words(&self) -> Vec<Words> {
        let each = self.programs.iter().enumerate();
        each.flat_map(|(n, me)| self.around(n, 1).map(|next| me.watches(&next.account)))
            .collect()
    }

    /// Everyone writes to the next one, spread over the time, until told to stop; how many each wrote.
    async fn write(&self, mut over: tokio::sync::watch::Receiver<bool>) -> usize {
        let size = self.programs.len();
        let mut times =
            tokio::time::interval(WRITE_EVERY / u32::try_from(size).unwrap_or(u32::MAX));
        let mut written = 0;
        loop {
            tokio::select! {
                _ = over.wait_for(|over| *over) => return written,
                _ = times.tick() => {}
            }
            let (from, to) = (written % size, (written + 1) % size);
            let text = format!("message {written}");
            self.programs[from].say(&self.programs[to].account, &text);
            written += 1;
        }
    }

    /// How long each took to be back after the order to stop, shortest first.
    async fn return_of_all(&self, begun: Instant, lines: &[u64]) -> Vec<Duration> {
        let returns = self
            .programs
            .iter()
            .zip(lines)
            .map(|(program, before)| async move {
                let back = program.within(BACK, "a new line", |agent| {
                    let is_up = agent.link().link == LinkView::Up;
                    (is_up && program.lines() > *before).then_some(())
                });
                back.await;
                begun.elapsed()
            });
        let mut took: Vec<Duration> = futures_util::future::join_all(returns).await;
        took.sort();
        took
    }

    /// What became of every message: how many are missing, and how many are there more than once.
    async fn count(&self, written: usize) -> (usize, usize) {
        let size = self.programs.len();
        let (mut missing, mut twice) = (0, 0);
        for (n, to) in self.programs.iter().enumerate() {
            let from = &self.programs[(n + size - 1) % size].account;
            let wanted: Vec<String> = (0..written)
                .filter(|number| (number + 1) % size == n)
                .map(|number| format!("message {number}"))
                .collect();
            let begun = Instant::now();
            loop {
                let mut found: BTreeMap<String, usize> = BTreeMap::new();
                for text in to.texts(from) {
                    *found.entry(text).or_default() += 1;
                }
                let lacking = wanted
                    .iter()
                    .filter(|text| !found.contains_key(*text))
                    .count();
                if lacking == 0 || begun.elapsed() > Duration::from_secs(20) {
                    missing += lacking;
                    twice += found.values().map(|times| times - 1).sum::<usize>();
                    break;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        (missing, twice)
    }
}

async fn restart(what: &str, options: Options) {
    let size = agents();
    let mut relay = Relay::start(options).await;
    let built = Instant::now();
    let town = Town::build(&relay, size).await;
    println!(
        "{what}: {size} agents, {} watches, built in {:.1?}",
        size * WATCHED,
        built.elapsed()
    );
    let words = town.all_words();
    let lines: Vec<u64> = town.programs.iter().map(Program::lines).collect();
    let (over, is_over) = tokio::sync::watch::channel(false);
    let restarting = async {
        tokio::time::sleep(WRITE_EVERY).await;
        let begun = Instant::now();
        let (status, stopped) = relay.stop().await;
        assert!(status.success(), "{status}");
        relay.start_again().await;
        let (away, started) = (begun.elapsed(), Instant::now());
        let took = town.return_of_all(begun, &lines).await;
        // Then whoever is not there is called offline: everybody is.
        tokio::time::sleep(SETTLED.saturating_sub(started.elapsed())).await;
        over.send_replace(true);
        (stopped, away, took)
    };
    let (written, (stopped, away, took)) = tokio::join!(town.write(is_over), restarting);
    let (missing, twice) = town.count(written).await;
    let seen: Vec<Word> = words.iter().flat_map(Words::seen).collect();
    let offline = seen.iter().filter(|word| **word == Word::Offline).count();
    let unknown = seen.iter().filter(|word| **word == Word::Unknown).count();
    let at = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
    println!("{what}: stopped in {stopped:.1?}, the next one ready after {away:.1?}");
    println!(
        "{what}: everyone back after {:.1?} (half {:.1?}, 95 % {:.1?}); wanted within {WANTED:?}: {}",
        at(100),
        at(50),
        at(95),
        if at(100) <= WANTED { "yes" } else { "NO" }
    );
    println!("{what}: false offline = {offline}, said to be unknown for a while = {unknown}");
    println!("{what}: {written} messages, lost = {missing}, twice = {twice}");
    assert_eq!((offline, missing, twice), (0, 0, 0));
    for (n, me) in town.programs.iter().enumerate() {
        for next in town.around(n, 1) {
            me.reads(&next.account, Word::Available).await;
        }
    }
}

fn options() -> Options {
    Options::new()
        .set("limits.sends", "100 then 1 per 10 ms")
        .set("connections.most", "20000")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_called_offline_and_nothing_is_lost() {
    restart("plain", options()).await;
    restart("with the manager's socket", options().activated()).await;
}
