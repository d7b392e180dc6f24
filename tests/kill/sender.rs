//! Who writes: up to 32 messages under way, and after a kill the unanswered ones again under the same ids, in their order.

use std::collections::VecDeque;
use std::net::SocketAddr;

use lamplight_core::address::{InboxAddress, MessageId};
use lamplight_core::message::{Body, Receipt};
use lamplight_core::wire::{Codec, ToAgent, ToService};
use lamplight_tests::outside::{Account, Line};

const IN_FLIGHT: usize = 32;
/// The upper bits of an id say whose it is.
const WHOSE: u32 = 64;

pub struct Sender {
    pub account: Account,
    /// Every id that was acknowledged, in the order of sending.
    pub sent: Vec<MessageId>,
    to: InboxAddress,
    whose: u128,
    written: u128,
    /// Sent and not answered, oldest first.
    open: VecDeque<MessageId>,
}

impl Sender {
    pub fn new(account: Account, to: InboxAddress, place: usize) -> Self {
        Self {
            account,
            sent: Vec::new(),
            to,
            whose: place as u128 + 1,
            written: 0,
            open: VecDeque::new(),
        }
    }

    pub fn acknowledged(&self) -> usize {
        self.sent.len()
    }

    pub fn in_flight(&self) -> usize {
        self.open.len()
    }

    pub fn wrote(&self, id: MessageId) -> bool {
        id.0 >> WHOSE == self.whose
    }

    /// Writes until the relay is gone.
    pub async fn work(mut self, relay: SocketAddr) -> Self {
        self.converse(relay, true).await;
        self
    }

    /// Writes nothing new and waits until everything is answered.
    pub async fn settle(&mut self, relay: SocketAddr) {
        self.converse(relay, false).await;
        assert!(self.open.is_empty(), "the relay answers every send");
    }

    async fn converse(&mut self, relay: SocketAddr, goes_on: bool) {
        let token = self.account.token.clone();
        let entered = Line::try_hello(relay, Codec::Cbor, &token, None).await;
        let Some((mut line, _)) = entered else { return };
        for id in self.open.clone() {
            line.send(&self.frame(id)).await;
        }
        loop {
            while goes_on && self.open.len() < IN_FLIGHT {
                let id = self.next();
                line.send(&self.frame(id)).await;
            }
            if self.open.is_empty() {
                return;
            }
            match line.next().await {
                Ok(ToAgent::Receipt { id, receipt }) => self.answered(id, &receipt),
                Ok(ToAgent::Refused { refusal, .. }) => panic!("refused: {refusal}"),
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    fn next(&mut self) -> MessageId {
        self.written += 1;
        let id = MessageId((self.whose << WHOSE) | self.written);
        self.open.push_back(id);
        id
    }

    fn answered(&mut self, id: MessageId, receipt: &Receipt) {
        assert!(matches!(receipt, Receipt::Accepted(..)), "{receipt:?}");
        // Receipts come in the order of the sends.
        assert_eq!(self.open.pop_front(), Some(id));
        self.sent.push(id);
    }

    fn frame(&self, id: MessageId) -> ToService {
        let text = format!("message {id} of {}", self.account.principal.as_str());
        ToService::Send {
            id,
            to: self.to.clone(),
            body: Body::parse(&text).expect("a body"),
            from: None,
        }
    }
}
