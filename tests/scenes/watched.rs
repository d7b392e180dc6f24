//! Watchers as a presentity (RFC 2778 2.3): "`WATCHER INFORMATION` [...] may be presented to some WATCHERS as a special form of
//! PRESENTITY", by the ordinary frames of the presence protocol.

use lamplight_core::code::Code;
use lamplight_core::presence::{Activity, Basic, PresenceTuple, View};
use lamplight_core::rules::{AccessRules, Who};
use lamplight_core::wire::Decision;

use super::support::{
    codes, comes_by_hand, does, fetch, is_there, own_presentity, rule, rules, subscribe,
    unsubscribe, views, watches,
};
use crate::room::{Room, secs};

/// The tuples of watchers in words, sorted: who, how, and whether they are being told.
fn who(view: &View) -> Vec<String> {
    let View::Shown(information) = view else {
        return vec![format!("{view:?}")];
    };
    let row = |tuple: &PresenceTuple| {
        let who = tuple
            .address
            .as_ref()
            .map(|address| address.contact.clone());
        let how = match tuple.status.activities.first() {
            Some(Activity::Named(how)) => how.as_str().to_owned(),
            other => format!("{other:?}"),
        };
        let told = match tuple.status.basic {
            Basic::Open => "open",
            Basic::Closed => "closed",
        };
        format!("{} {how} {told}", who.unwrap_or_default())
    };
    let mut rows: Vec<_> = information.tuples.iter().map(row).collect();
    rows.sort();
    rows
}

/// V7: one's own watchers can be fetched and watched like any presentity, and each change is a notification.
pub fn ones_watchers_are_a_presentity_to_fetch_and_to_watch() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    let open = vec![rule(Who::Account, Decision::Allow)];
    does(&mut room, alice, &rules(open));
    let bob = comes_by_hand(&mut room, "bob");
    let carol = comes_by_hand(&mut room, "carol");
    room.asks_relay(carol, &fetch(&["alice"]));
    let own = "alice+watchers";
    let fetched = room.asks_relay(alice, &fetch(&[own]));
    let seen = views(&fetched, own);
    assert_eq!(who(&seen[0]), ["carol@localhost fetcher closed"]);

    let frames = room.asks_relay(alice, &subscribe(7, &[own]));
    assert_eq!(views(&frames, own).len(), 1, "{frames:?}");
    watches(&mut room, bob, "alice");
    room.passes(secs(3));
    let heard = room.hears(alice);
    let last = views(&heard, own).pop();
    assert_eq!(
        who(&last.expect("a notification")),
        [
            "bob@localhost subscriber open",
            "carol@localhost fetcher closed"
        ]
    );

    room.asks_relay(alice, &unsubscribe(own));
    room.asks_relay(carol, &fetch(&["alice"]));
    room.passes(secs(3));
    let heard = room.hears(alice);
    assert_eq!(views(&heard, own), [], "no more after it was cancelled");
}

/// V9, V7: of someone else's watchers there is no such presentity, and nobody can make one of that name.
pub fn the_watchers_of_others_are_nobody() {
    let mut room = Room::new();
    is_there(&mut room, "alice");
    let eve = comes_by_hand(&mut room, "eve");
    let of_alice = "alice+watchers";
    let nobody =
        |view: &View| matches!(view, View::Ended(refusal) if refusal.code == Code::UnknownAddress);
    let fetched = room.asks_relay(eve, &fetch(&[of_alice, "alice+nothing"]));
    assert!(views(&fetched, of_alice).iter().all(nobody), "{fetched:?}");
    assert!(views(&fetched, "alice+nothing").iter().all(nobody));
    let refused = room.asks_relay(eve, &subscribe(8, &[of_alice]));
    assert_eq!(codes(&refused), [Code::UnknownAddress]);
    let make = own_presentity(Some("watchers"), AccessRules::default());
    let made = room.asks_relay(eve, &make);
    assert_eq!(codes(&made), [Code::BadRules]);
}
