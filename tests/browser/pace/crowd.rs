//! Many people whom alice knows, put into the store of a relay that stands still, and what a relay would tell her of them.

use lamplight::store::FILE;
use lamplight_core::address::{InboxAddress, Presentity, Token};
use lamplight_core::presence::{
    Activity, Basic, Extent, Freshness, Notification, PresenceInformation, PresenceTuple, Status,
    TupleKind, View,
};
use lamplight_core::time::Timestamp;
use lamplight_core::wire::{Codec, ToAgent};
use lamplight_tests::outside::{Account, Options, Relay};
use rusqlite::Connection;

use super::prompter::framed;

/// When all that was; a page shows no more of it than that it was long ago.
const AT: Timestamp = Timestamp(1_795_000_000_000);

/// So many people, `p0@localhost` and on.
#[derive(Clone, Copy)]
pub struct Crowd(pub u32);

impl Crowd {
    /// A relay where alice knows them all, and all let her see them. Its page is loaded from `origin`.
    pub async fn relay(self, origin: &str) -> Relay {
        let mut relay = Relay::start(Options::new().behind(origin)).await;
        Account::sign_up(&relay, "alice").await;
        relay.stop().await;
        let many = self.0;
        let db = Connection::open(relay.folder().join(FILE)).expect("the database opens");
        let made = db.execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN;
             CREATE TEMP TABLE n AS
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {many}) SELECT i FROM n;
             INSERT INTO principals (id, address, skeleton, class, created)
             SELECT i + 1000, 'p' || i || '@localhost', 'p' || i || '@localhost', 0, 0 FROM n;
             INSERT INTO access (principal, tag, watcher, decision, at)
             SELECT i + 1000, '', 'alice@localhost', 0, 0 FROM n;
             INSERT INTO contacts (watcher, presentity)
             SELECT id, 'p' || i || '@localhost' FROM n, principals WHERE address = 'alice@localhost';
             COMMIT;"
        ));
        made.expect("the schema is the one that this measurement knows");
        drop(db);
        relay.start_again().await;
        relay
    }

    /// Of each a notification, as it stands on a WebSocket: another one with each `round`.
    pub fn changes(self, round: &mut u64) -> Vec<Vec<u8>> {
        *round += 1;
        (0..self.0).map(|nr| change(nr, *round)).collect()
    }
}

fn change(nr: u32, round: u64) -> Vec<u8> {
    let address = format!("p{nr}@localhost");
    let at = Timestamp(AT.0 + round);
    let away = (u64::from(nr) + round).is_multiple_of(2);
    let device = PresenceTuple {
        id: Token::parse("tab").expect("a token"),
        kind: TupleKind::Device,
        status: Status {
            activities: if away { vec![Activity::Away] } else { vec![] },
            ..Status::open()
        },
        address: None,
        markup: vec![],
        since: at,
        until: None,
        hours: vec![],
        only_open: false,
    };
    let inbox = InboxAddress::parse(&address).expect("an address");
    let view = View::Shown(PresenceInformation {
        tuples: vec![PresenceTuple::inbox(&inbox, Basic::Open, AT), device],
        freshness: Freshness::Fresh,
        since: at,
        extent: Extent::Whole,
    });
    let presentity = Presentity::parse(&address).expect("an address");
    let notifications = vec![Notification { presentity, view }];
    framed(&Codec::Cbor.encode(&ToAgent::Notify { notifications }))
}
