//! Who reads: a device that takes what is delivered and comes back with its cursor, and at the end the inbox from its beginning.

use std::net::SocketAddr;
use std::time::Duration;

use lamplight_core::address::{MessageId, Principal, Seq};
use lamplight_core::message::{Entry, What};
use lamplight_core::wire::{Codec, Cursor, Decision, Resume, ToAgent, ToService};
use lamplight_tests::outside::{Account, Line};

const PAGE: u16 = 300;
/// Nothing more is delivered to a device that has waited so long.
const QUIET: Duration = Duration::from_secs(20);

/// A device of the reader's.
pub struct Reader {
    pub account: Account,
    cursor: Cursor,
    received: Vec<MessageId>,
}

impl Reader {
    /// A device that begins at the end of the inbox's log as it is now; no sender is a stranger to it.
    pub async fn new(account: Account, relay: SocketAddr, senders: Vec<Principal>) -> Self {
        let mut line = Line::hello(relay, Codec::Cbor, &account.token, None).await;
        for (number, watcher) in (1..).zip(senders) {
            let allow = ToService::SetAccess {
                number,
                watcher,
                decision: Some(Decision::Allow),
                of: None,
            };
            line.send(&allow).await;
            let done =
                |frame: &ToAgent| matches!(frame, ToAgent::Done { number: of } if *of == number);
            line.until("the decision to be kept", done).await;
        }
        line.hang_up();
        let entered = Line::try_hello(relay, Codec::Cbor, &account.token, None).await;
        let Some((_, ToAgent::Welcome { head, .. })) = entered else {
            panic!("the relay lets the reader in")
        };
        Self {
            account,
            cursor: head,
            received: Vec::new(),
        }
    }

    /// Reads until the relay is gone.
    pub async fn read(mut self, relay: SocketAddr) -> Self {
        self.follow(relay, usize::MAX).await;
        self
    }

    /// Reads until it has so many messages; all that it has.
    pub async fn settle(mut self, relay: SocketAddr, wanted: usize) -> Vec<MessageId> {
        let reading = self.follow(relay, wanted);
        // What is missing then is counted, not waited for.
        let _ = tokio::time::timeout(QUIET, reading).await;
        self.received
    }

    async fn follow(&mut self, relay: SocketAddr, wanted: usize) {
        let token = self.account.token.clone();
        let entered = Line::try_hello(relay, Codec::Cbor, &token, Some(self.cursor)).await;
        let Some((mut line, welcome)) = entered else {
            return;
        };
        let ToAgent::Welcome { resume, .. } = welcome else {
            panic!("no welcome: {welcome:?}")
        };
        assert_eq!(
            resume,
            Resume::Resumed,
            "the relay knows no more of what it has delivered: acknowledged messages are lost"
        );
        while self.received.len() < wanted {
            let Ok(frame) = line.next().await else { return };
            if let ToAgent::Deliver { entries, up_to } = frame {
                self.take(&entries, up_to);
                line.send(&ToService::Acknowledge { up_to }).await;
            }
        }
    }

    fn take(&mut self, entries: &[Entry], up_to: Seq) {
        self.received.extend(entries.iter().filter_map(received));
        assert!(self.cursor.seq <= up_to, "the log goes forward only");
        self.cursor.seq = up_to;
    }
}

fn received(entry: &Entry) -> Option<MessageId> {
    match &entry.what {
        What::Received(id, _) => Some(*id),
        _ => None,
    }
}

/// All messages of an inbox, oldest first.
#[derive(Default)]
pub struct Kept {
    pub received: Vec<MessageId>,
    pub sent: Vec<MessageId>,
}

/// Reads an inbox page by page to its beginning.
pub async fn fetch_all(account: &Account, relay: SocketAddr) -> Kept {
    let mut line = Line::hello(relay, Codec::Cbor, &account.token, None).await;
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let before = all.first().map(|entry| entry.seq);
        let fetch = ToService::FetchInbox {
            number: 1,
            with: None,
            before,
            limit: PAGE,
        };
        line.send(&fetch).await;
        let (mut page, more) = line
            .find("a page", |frame| match frame {
                ToAgent::Page { entries, more, .. } => Some((entries.clone(), *more)),
                _ => None,
            })
            .await;
        page.append(&mut all);
        all = page;
        if !more {
            break;
        }
    }
    let mut kept = Kept::default();
    for entry in &all {
        match &entry.what {
            What::Received(id, _) => kept.received.push(*id),
            What::Sent(id, _) => kept.sent.push(*id),
            _ => {}
        }
    }
    kept
}
