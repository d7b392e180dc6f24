//! The line to the service: down, connecting or up; when to try again, when to ask whether anyone is still there.

use core::time::Duration;

use crate::agent::desk::Desk;
use crate::agent::{Changed, LinkView, Output};
use crate::code::{Code, Refusal, Retry};
use crate::time::{Instant, earliest, millis};
use crate::wire::{Announced, Offers, ToService};

/// From `Connect` to an open line, and from there to the welcome.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// The most that the first retry waits; each further one may wait twice as long ...
const RETRY_FIRST: Duration = Duration::from_millis(500);
/// ... up to this.
const RETRY_MOST: Duration = Duration::from_secs(30);
/// After the relay closed a working line, all its agents come back: spread over this time, well within their grace.
const SPREAD_CLOSED: Duration = Duration::from_secs(2);
/// A relay that restarts needs a moment more.
const SPREAD_DRAINING: Duration = Duration::from_secs(5);
/// Asking again is of no use, but a relay may be repaired: much later.
const RETRY_HOPELESS: Duration = Duration::from_mins(1);
/// Another tab took this one's place: only the person calls it back.
const RETRY_REPLACED: Duration = Duration::from_hours(1);
/// A line that held for so long starts over with short waits.
const STEADY: Duration = Duration::from_secs(10);
/// Trouble that lasts this long is shown.
const BANNER_AFTER: Duration = Duration::from_secs(3);
/// A ping, or any question, waits so long for its answer.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// A wake so late means that the machine slept.
const SLEPT: Duration = Duration::from_secs(30);
/// A wake so late means that frames wait which came in time.
const LATE: Duration = Duration::from_secs(1);
/// Coming back into view, a line that was quiet for so long is asked.
const SHOWN_QUIET: Duration = Duration::from_secs(5);
/// Until a welcome says otherwise.
const ASSUMED: Announced = Announced {
    frame_max: 64 * 1024,
    body_max: 16 * 1024,
    sends_in_flight: 8,
    contacts_max: 10_000,
    gone_after_ms: 45_000,
    grace_ms: 10_000,
    quiet_ms: 20_000,
    offers: Offers::Both,
    watchers_span_ms: 0,
};

/// How a line went, as far as it matters for the next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// It could not be opened, or nobody answered in time.
    Unreachable,
    /// It was open and closed.
    Closed,
    /// Nothing was heard any more.
    Silent,
    /// The service said so.
    Goodbye(Refusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    /// No line yet.
    Opening {
        since: Instant,
        until: Instant,
    },
    /// The hello is out.
    Greeting {
        since: Instant,
        until: Instant,
    },
    Up {
        since: Instant,
    },
    Down {
        since: Instant,
        retry_at: Instant,
    },
}

/// The line.
pub(super) struct Link {
    state: State,
    /// Attempts since the last steady line.
    attempt: u32,
    /// Since when there is no line, while there should be one.
    trouble: Option<Instant>,
    banner: bool,
    heard: Instant,
    /// Until when the ping that is out may be answered.
    ping: Option<Instant>,
    pinged: Instant,
    /// Whether what is waited for was given more time once, because this machine itself was late.
    excused: bool,
    announced: Announced,
}

impl Link {
    pub fn new() -> Self {
        Self {
            state: State::Idle,
            attempt: 0,
            trouble: None,
            banner: false,
            heard: Instant(0),
            ping: None,
            pinged: Instant(0),
            excused: false,
            announced: ASSUMED,
        }
    }

    // Getters.

    pub fn view(&self) -> LinkView {
        let attempt = self.attempt;
        match self.state {
            State::Idle => LinkView::Idle,
            State::Opening { since, .. } | State::Greeting { since, .. } => {
                LinkView::Connecting { since, attempt }
            }
            State::Up { .. } => LinkView::Up,
            State::Down { since, retry_at } => LinkView::Down { since, retry_at },
        }
    }

    pub fn banner(&self) -> bool {
        self.banner
    }

    pub fn announced(&self) -> &Announced {
        &self.announced
    }

    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    pub fn is_greeting(&self) -> bool {
        matches!(self.state, State::Greeting { .. })
    }

    /// The nearest deadline; `question` is since when the oldest question waits.
    pub fn timeout(&self, question: Option<Instant>) -> Option<Instant> {
        let state = match self.state {
            State::Idle => None,
            State::Opening { until, .. } | State::Greeting { until, .. } => Some(until),
            State::Down { retry_at, .. } => Some(retry_at),
            State::Up { .. } => Some(self.probe_at(question)),
        };
        earliest(&[state, self.banner_at()])
    }

    fn banner_at(&self) -> Option<Instant> {
        let trouble = self.trouble.filter(|_| !self.banner)?;
        Some(trouble.after(BANNER_AFTER))
    }

    /// When to ask whether anyone is there, or to give up on who was asked.
    fn probe_at(&self, question: Option<Instant>) -> Instant {
        if let Some(until) = self.ping {
            return until;
        }
        let quiet = Duration::from_millis(u64::from(self.announced.quiet_ms));
        let silent = self.heard.after(quiet);
        let unanswered = question.map(|since| since.max(self.pinged).after(ANSWER_WAIT));
        unanswered.map_or(silent, |unanswered| unanswered.min(silent))
    }

    // Handle.

    /// Go to work.
    pub fn start(&mut self, desk: &mut Desk) {
        if self.state == State::Idle {
            self.attempt = 0;
            self.trouble = Some(desk.at());
            self.connect(desk);
        }
    }

    /// There is reason to believe that the line works now: do not wait.
    pub fn hurry(&mut self, desk: &mut Desk) {
        match self.state {
            State::Down { .. } => self.connect(desk),
            // An attempt that began on another network may hang on it.
            State::Opening { since, .. } if desk.at().since(since) >= LATE => self.connect(desk),
            _ => {}
        }
    }

    /// The network changed under a line that is up: ask whether it still works.
    pub fn doubt(&mut self, desk: &mut Desk) {
        if self.is_up() && self.ping.is_none() {
            self.ask(desk);
        }
    }

    /// The page is looked at again.
    pub fn shown(&mut self, desk: &mut Desk) {
        if desk.at().since(self.heard) >= SHOWN_QUIET {
            self.doubt(desk);
        }
        self.hurry(desk);
    }

    fn connect(&mut self, desk: &mut Desk) {
        let since = desk.at();
        self.attempt = self.attempt.saturating_add(1);
        self.excused = false;
        self.state = State::Opening {
            since,
            until: since.after(CONNECT_WAIT),
        };
        desk.put(Output::Connect);
        desk.changed(Changed::Link);
    }

    /// The line is open. Says whether a hello is due: a line that nobody waits for is closed again.
    pub fn opened(&mut self, desk: &mut Desk) -> bool {
        if let State::Opening { since, .. } = self.state {
            let until = desk.at().after(CONNECT_WAIT);
            self.state = State::Greeting { since, until };
            self.excused = false;
            return true;
        }
        if !self.is_up() && !self.is_greeting() {
            desk.put(Output::Disconnect);
        }
        false
    }

    pub fn welcomed(&mut self, announced: Announced, desk: &mut Desk) {
        self.state = State::Up { since: desk.at() };
        self.announced = announced;
        self.heard = desk.at();
        self.pinged = desk.at();
        self.ping = None;
        self.trouble = None;
        self.banner = false;
        desk.up = true;
        desk.offers = announced.offers;
        desk.changed(Changed::Link);
    }

    /// A frame came, readable or not: someone is there.
    pub fn heard(&mut self, desk: &Desk) {
        self.heard = desk.at();
        self.ping = None;
    }

    /// Makes the line down and decides when to try again.
    pub fn down(&mut self, how: &Gone, desk: &mut Desk) {
        if let State::Up { since } = self.state {
            self.trouble = Some(desk.at());
            if desk.at().since(since) >= STEADY {
                self.attempt = 0;
            }
        }
        // Never at once: what ends a line may be seen again in the same moment.
        let wait = self.wait(how, desk).max(Duration::from_millis(1));
        self.state = State::Down {
            since: self.trouble.unwrap_or(desk.at()),
            retry_at: desk.at().after(wait),
        };
        self.ping = None;
        desk.changed(Changed::Link);
    }

    fn wait(&self, how: &Gone, desk: &mut Desk) -> Duration {
        let spread = |most: Duration, desk: &mut Desk| {
            let most = most.max(self.backoff());
            Duration::from_millis(desk.jitter(millis(most)))
        };
        match how {
            Gone::Closed if self.is_up() => spread(SPREAD_CLOSED, desk),
            Gone::Unreachable | Gone::Closed | Gone::Silent => spread(Duration::ZERO, desk),
            Gone::Goodbye(refusal) => match (refusal.code, refusal.retry) {
                (Code::Replaced, _) => RETRY_REPLACED,
                (_, Retry::AfterMs(ms)) => {
                    Duration::from_millis(ms).saturating_add(spread(SPREAD_CLOSED, desk))
                }
                (_, Retry::Later) => spread(SPREAD_DRAINING, desk),
                (_, Retry::No) => RETRY_HOPELESS + spread(RETRY_MOST, desk),
            },
        }
    }

    /// The most that the next attempt waits: full jitter is drawn below it.
    fn backoff(&self) -> Duration {
        let doublings = self.attempt.saturating_sub(1).min(8);
        (RETRY_FIRST * (1 << doublings)).min(RETRY_MOST)
    }

    /// No line is wanted any more.
    pub fn rest(&mut self, desk: &mut Desk) {
        if self.state != State::Idle {
            desk.put(Output::Disconnect);
        }
        self.state = State::Idle;
        self.trouble = None;
        self.banner = false;
        self.ping = None;
        desk.changed(Changed::Link);
    }

    /// Does what is due; says when the line has to be given up. `late`: how much later than asked for this moment is.
    pub fn tick(
        &mut self,
        question: Option<Instant>,
        late: Duration,
        desk: &mut Desk,
    ) -> Option<Gone> {
        let now = desk.at();
        if self.banner_at().is_some_and(|at| at <= now) {
            self.banner = true;
            desk.changed(Changed::Link);
        }
        match &mut self.state {
            State::Opening { until, .. } | State::Greeting { until, .. } if *until <= now => {
                let more = now.after(ANSWER_WAIT);
                if excuse(&mut self.excused, late) {
                    *until = more;
                    return None;
                }
                Some(Gone::Unreachable)
            }
            State::Down { retry_at, .. } if *retry_at <= now => {
                self.connect(desk);
                None
            }
            State::Up { .. } => self.probe(question, late, desk),
            _ => None,
        }
    }

    fn probe(
        &mut self,
        question: Option<Instant>,
        late: Duration,
        desk: &mut Desk,
    ) -> Option<Gone> {
        let due = self.probe_at(question) <= desk.at();
        if self.ping.is_none() {
            if due || late > SLEPT {
                self.ask(desk);
            }
            return None;
        }
        if !due {
            return None;
        }
        if excuse(&mut self.excused, late) {
            self.ping = Some(desk.at().after(ANSWER_WAIT));
            return None;
        }
        Some(Gone::Silent)
    }

    fn ask(&mut self, desk: &mut Desk) {
        let number = desk.next_number();
        self.pinged = desk.at();
        self.ping = Some(desk.at().after(ANSWER_WAIT));
        self.excused = false;
        desk.send(&ToService::Ping { number });
    }
}

/// Whether to wait a little longer: the answer may lie among what could not be handed in while this machine was held up. Once
/// only, since a page out of sight is late with every timer.
fn excuse(excused: &mut bool, late: Duration) -> bool {
    late > LATE && !core::mem::replace(excused, true)
}
