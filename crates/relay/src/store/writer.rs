//! The two threads of the store: one that writes, with group commit, and one that reads what is long.
//!
//! The writer takes everything that waits (at most [`BATCH_MAX`]), carries it out in one transaction, commits, and only then
//! answers: an answer means that the disk has it. While it waits for the disk the next batch gathers by itself, so the price of
//! one fsync is shared among all who came meanwhile. Short loads stand in the same line, so they see every change before them;
//! long ones run beside it and see every change that was answered before they were asked for, which is what the contract says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lamplight_core::address::{Epoch, Ticket};
use lamplight_core::service::Input;
use lamplight_core::store::{Change, Kept, Key, Loaded, StoreFault};
use rusqlite::{Connection, Result as Sql};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::loads;
use super::{OpenError, Store, fault_of};

/// Most jobs in one transaction: they share the sync of the disk, and the pages that many of them touch are written once.
const BATCH_MAX: usize = 1_024;

/// With nothing to do for so long, the writer sweeps out what is left of removed content.
const QUIET: Duration = Duration::from_secs(1);
/// With always something to do, it does so after this long: one checkpoint a minute costs nothing.
const SWEEP_WITHIN: Duration = Duration::from_mins(1);

/// Called once it is known whether the transaction that a task ran in was committed.
type Reply = Box<dyn FnOnce(Result<(), StoreFault>) + Send>;
/// A piece of SQL with its reply.
type Task = Box<dyn FnOnce(&Connection) -> (Sql<()>, Reply) + Send>;

enum Job {
    Keep(Ticket, Change),
    Load(Ticket, Key),
    Task(Task),
    /// A task of which nothing may be left on the disk that it takes away.
    Remove(Task),
    Stop,
}

/// What the rest of the relay holds of the store. Answers to tickets go to the hub as `Input`s.
#[derive(Clone)]
pub struct Handle {
    writer: Sender<Job>,
    reader: Sender<Job>,
    state: Arc<State>,
    epoch: Epoch,
}

/// What the threads tell without being asked.
#[derive(Default)]
struct State {
    /// The disk failed in a way that makes every later promise worthless.
    failed: AtomicBool,
    /// Jobs that wait or are under way.
    waiting: AtomicUsize,
}

/// The threads, to be joined at the end.
pub struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    /// Waits until everything that was handed over is carried out.
    pub fn join(self) {
        for thread in self.0 {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

/// Starts the threads of an opened store.
pub fn start(
    store: Store,
    answers: UnboundedSender<Input>,
) -> Result<(Handle, Threads), OpenError> {
    let (writer, to_write) = channel();
    let (reader, to_read) = channel();
    let state = Arc::new(State::default());
    let epoch = store.epoch();
    let beside = store.reader()?;
    let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(OpenError::Thread)
    };
    let line = Line {
        answers,
        state: Arc::clone(&state),
    };
    let other = line.clone();
    let threads = vec![
        spawn(
            "store-writer",
            Box::new(move || write_all(store, &to_write, &line)),
        )?,
        spawn(
            "store-reader",
            Box::new(move || read_all(&beside, epoch, &to_read, &other)),
        )?,
    ];
    let handle = Handle {
        writer,
        reader,
        state,
        epoch,
    };
    Ok((handle, Threads(threads)))
}

impl Handle {
    /// Makes a change durable; the answer comes as `Input::Stored`.
    pub fn keep(&self, ticket: Ticket, change: Change) {
        self.hand(&self.writer, Job::Keep(ticket, change));
    }

    /// Reads; the answer comes as `Input::Loaded`.
    pub fn load(&self, ticket: Ticket, key: Key) {
        let line = if loads::is_long(&key) {
            &self.reader
        } else {
            &self.writer
        };
        self.hand(line, Job::Load(ticket, key));
    }

    /// Runs SQL on the writer and answers after the commit.
    pub async fn write<T: Send + 'static>(
        &self,
        sql: impl FnOnce(&Connection) -> Sql<T> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.run(&self.writer, Job::Task, sql).await
    }

    /// Like `write`, for SQL that takes away what is to be gone, from the disk too.
    pub async fn remove<T: Send + 'static>(
        &self,
        sql: impl FnOnce(&Connection) -> Sql<T> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.run(&self.writer, Job::Remove, sql).await
    }

    /// Runs SQL beside the writer; sees everything that was answered before.
    pub async fn read<T: Send + 'static>(
        &self,
        sql: impl FnOnce(&Connection) -> Sql<T> + Send + 'static,
    ) -> Result<T, StoreFault> {
        self.run(&self.reader, Job::Task, sql).await
    }

    /// Whether changes can be kept, as far as is known.
    pub fn is_sound(&self) -> bool {
        !self.state.failed.load(Ordering::Relaxed)
    }

    /// Jobs that wait or are under way.
    pub fn waiting(&self) -> usize {
        self.state.waiting.load(Ordering::Relaxed)
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Lets the threads end after what was handed over before.
    pub fn stop(&self) {
        self.hand(&self.writer, Job::Stop);
        self.hand(&self.reader, Job::Stop);
    }

    async fn run<T: Send + 'static>(
        &self,
        line: &Sender<Job>,
        job: fn(Task) -> Job,
        sql: impl FnOnce(&Connection) -> Sql<T> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let (answer, answered) = oneshot::channel();
        let task: Task = Box::new(move |db| {
            let (done, value) = match sql(db) {
                Ok(value) => (Ok(()), Some(value)),
                Err(error) => (Err(error), None),
            };
            let reply: Reply = Box::new(move |verdict| {
                // Who asked may have given up meanwhile.
                let _ = answer.send(verdict.and_then(|()| value.ok_or(StoreFault::Failed)));
            });
            (done, reply)
        });
        self.hand(line, job(task));
        answered.await.unwrap_or(Err(StoreFault::Failed))
    }

    fn hand(&self, line: &Sender<Job>, job: Job) {
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        if line.send(job).is_err() {
            // Only after `stop`: nobody waits for an answer any more.
            self.state.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The way back to the hub.
#[derive(Clone)]
struct Line {
    answers: UnboundedSender<Input>,
    state: Arc<State>,
}

/// What is to be said once the transaction is committed, or could not be.
enum Answer {
    Stored(Ticket, Result<Kept, StoreFault>),
    Loaded(Ticket, Result<Loaded, StoreFault>),
    Replied(Reply, Result<(), StoreFault>),
}

impl Line {
    /// Says all answers of a batch; if the commit failed nothing in it happened, whatever each job had said.
    fn say(&self, answers: Vec<Answer>, committed: Result<(), StoreFault>) {
        for answer in answers {
            let input = match answer {
                Answer::Stored(ticket, kept) => Input::Stored(ticket, committed.and(kept)),
                Answer::Loaded(ticket, loaded) => Input::Loaded(ticket, committed.and(loaded)),
                Answer::Replied(reply, done) => {
                    reply(committed.and(done));
                    continue;
                }
            };
            // The hub ends before the store only when the relay ends.
            let _ = self.answers.send(input);
        }
    }
}

fn write_all(mut store: Store, jobs: &Receiver<Job>, line: &Line) {
    let mut stopping = false;
    while !stopping {
        let Some(first) = next(&mut store, jobs) else {
            return;
        };
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let taken = batch.len();
        stopping = batch.iter().any(|job| matches!(job, Job::Stop));
        write_batch(&mut store, batch, line);
        line.state.waiting.fetch_sub(taken, Ordering::Relaxed);
    }
}

/// Waits for something to do. What is left of removed content is swept out meanwhile, or at last in between.
fn next(store: &mut Store, jobs: &Receiver<Job>) -> Option<Job> {
    while let Some(since) = store.remains {
        if since.elapsed() >= SWEEP_WITHIN {
            store.sweep();
            // Whoever reads all the time is asked again after as long.
            store.remains = store.remains.map(|_| Instant::now());
        }
        match jobs.recv_timeout(QUIET) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Timeout) => store.sweep(),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    jobs.recv().ok()
}

fn write_batch(store: &mut Store, batch: Vec<Job>, line: &Line) {
    // Loads that no change precedes need no transaction and wait for no disk.
    let writes_from = batch
        .iter()
        .position(|job| matches!(job, Job::Keep(..) | Job::Task(_) | Job::Remove(_)));
    let mut loads = batch;
    let writes = writes_from.map_or_else(Vec::new, |from| loads.split_off(from));
    let answers = loads
        .into_iter()
        .filter_map(|job| load_one(store, job))
        .collect();
    line.say(answers, Ok(()));
    if writes.is_empty() {
        return;
    }

    let begun = store.begin();
    let mut answers = Vec::with_capacity(writes.len());
    let mut run = Run::default();
    for job in writes {
        match job {
            Job::Keep(ticket, change) => run.push(ticket, change),
            other => {
                run.carry_out(store, begun, &mut answers);
                answers.extend(carry_out(store, other, begun));
            }
        }
    }
    run.carry_out(store, begun, &mut answers);
    if cfg!(planted_early_ack) {
        // A fault that tests plant: what is said here may never reach the disk.
        line.say(answers, Ok(()));
        let _ = begun.and_then(|()| store.commit());
        return;
    }
    let committed = begun.and_then(|()| store.commit());
    if !store.is_sound() && !line.state.failed.swap(true, Ordering::Relaxed) {
        tracing::error!(
            "the disk failed: nothing is kept or acknowledged any more; restart after repair"
        );
    }
    line.say(answers, committed);
}

/// Changes that follow each other.
#[derive(Default)]
struct Run {
    tickets: Vec<Ticket>,
    changes: Vec<Change>,
}

impl Run {
    fn push(&mut self, ticket: Ticket, change: Change) {
        self.tickets.push(ticket);
        self.changes.push(change);
    }

    fn carry_out(
        &mut self,
        store: &mut Store,
        begun: Result<(), StoreFault>,
        answers: &mut Vec<Answer>,
    ) {
        let (tickets, changes) = (
            std::mem::take(&mut self.tickets),
            std::mem::take(&mut self.changes),
        );
        let kept = match begun {
            Ok(()) => store.carry_out_all(changes),
            Err(fault) => vec![Err(fault); tickets.len()],
        };
        let both = tickets.into_iter().zip(kept);
        answers.extend(both.map(|(ticket, kept)| Answer::Stored(ticket, kept)));
    }
}

fn load_one(store: &mut Store, job: Job) -> Option<Answer> {
    match job {
        Job::Load(ticket, key) => Some(Answer::Loaded(ticket, store.load(&key))),
        _ => None,
    }
}

fn carry_out(store: &mut Store, job: Job, begun: Result<(), StoreFault>) -> Option<Answer> {
    Some(match job {
        Job::Load(ticket, key) => {
            Answer::Loaded(ticket, begun.and_then(|()| store.load_within(&key)))
        }
        Job::Task(task) => {
            let (reply, done) = store.run_task(task);
            Answer::Replied(reply, done)
        }
        Job::Remove(task) => {
            let before = store.db.total_changes();
            let (reply, done) = store.run_task(task);
            if store.db.total_changes() > before {
                store.remains.get_or_insert_with(Instant::now);
            }
            Answer::Replied(reply, done)
        }
        // Changes are carried out in runs.
        Job::Keep(..) | Job::Stop => return None,
    })
}

impl Store {
    fn run_task(&mut self, task: Task) -> (Reply, Result<(), StoreFault>) {
        let mut reply: Option<Reply> = None;
        let done = self.within_savepoint(|db| {
            let (done, answer) = task(db);
            reply = Some(answer);
            done
        });
        // The task did not run if its savepoint could not be made.
        (reply.unwrap_or_else(|| Box::new(|_| ())), done)
    }
}

fn read_all(db: &Connection, epoch: Epoch, jobs: &Receiver<Job>, line: &Line) {
    let mut stopping = false;
    while !stopping && let Ok(job) = jobs.recv() {
        let answer = match job {
            Job::Load(ticket, key) => Some(Answer::Loaded(ticket, read(db, epoch, &key))),
            Job::Task(task) | Job::Remove(task) => {
                let (done, reply) = task(db);
                let done = done.map_err(|error| fault_of(&error));
                Some(Answer::Replied(reply, done))
            }
            // Changes are never handed to the reader.
            Job::Keep(..) => None,
            Job::Stop => {
                stopping = true;
                None
            }
        };
        line.say(answer.into_iter().collect(), Ok(()));
        line.state.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn read(db: &Connection, epoch: Epoch, key: &Key) -> Result<Loaded, StoreFault> {
    let load = || {
        let transaction = db.unchecked_transaction()?;
        let loaded = loads::load(&transaction, epoch, key)?;
        transaction.commit()?;
        Ok(loaded)
    };
    load().map_err(|error| fault_of(&error))
}
