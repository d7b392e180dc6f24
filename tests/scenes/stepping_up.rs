//! How sure the service must be who someone is: for whom, to see what, and to publish what (RFC 2778 3).

use lamplight_core::address::SessionId;
use lamplight_core::code::Code;
use lamplight_core::presence::Activity;
use lamplight_core::rules::{AccessRule, AccessRules, FRESH_FOR, Login, Who};
use lamplight_core::service::{Identity, Requires, ServiceConfig};
use lamplight_core::wire::{Decision, ToAgent, ToService};

use super::support::{
    codes, comes_as, comes_by_hand, device_tuple, does, fetch, hand_tuple, is_there, message,
    own_presentity, rule, rules, told, watches, words,
};
use crate::room::{Room, ms, secs};

fn needs(who: Who, needs: Login) -> AccessRule {
    AccessRule {
        needs,
        ..rule(who, Decision::Allow)
    }
}

fn shop_and_alice(room: &mut Room) -> SessionId {
    let shop = is_there(room, "shop");
    let open = vec![rule(Who::Anyone, Decision::Allow)];
    does(room, shop, &rules(open));
    let alice = is_there(room, "alice");
    does(room, alice, &rules(vec![needs(Who::Account, Login::Fresh)]));
    alice
}

/// S7: the same watcher sees one presentity at once and is asked to sign in again for another; with the password said, the same
/// subscription goes on, and after a quarter of an hour it asks again.
pub fn a_fresh_login_is_asked_for_and_the_same_subscription_goes_on() {
    let mut room = Room::new();
    shop_and_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    assert_eq!(watches(&mut room, bob, "shop"), "available");
    assert_eq!(watches(&mut room, bob, "alice"), "sign_in_again");
    let begun = room.clock();
    room.confirms_password("bob");
    let frames = room.hears(bob);
    assert_eq!(words(&frames, "alice"), ["available"]);
    assert_eq!(words(&frames, "shop"), [""; 0]);
    room.passes(FRESH_FOR.saturating_sub(secs(1)));
    assert_eq!(told(&mut room, bob, "alice"), [""; 0]);
    room.passes(secs(60));
    let later = room.hears_when(bob);
    let ends: Vec<_> = later
        .into_iter()
        .map(|(at, frame)| (at - begun, words(&[frame], "alice")))
        .collect();
    assert_eq!(ends, [(900_010, vec!["sign_in_again".to_owned()])]);
    room.confirms_password("bob");
    assert_eq!(told(&mut room, bob, "alice"), ["available"]);
}

/// S7: the password counts for the login at which it was said, and for lines that it opens afterwards.
pub fn a_password_counts_where_it_was_said() {
    let mut room = Room::new();
    shop_and_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    let elsewhere = Identity {
        login: 5,
        ..room.identity("bob")
    };
    let elsewhere = comes_as(&mut room, elsewhere);
    for session in [bob, elsewhere] {
        assert_eq!(watches(&mut room, session, "alice"), "sign_in_again");
    }
    room.confirms_password("bob");
    assert_eq!(told(&mut room, bob, "alice"), ["available"]);
    assert_eq!(told(&mut room, elsewhere, "alice"), [""; 0]);
    room.passes(secs(600));
    room.hangs_up(bob);
    let identity = room.identity("bob");
    let bob = comes_as(&mut room, identity);
    assert_eq!(watches(&mut room, bob, "alice"), "available");
    room.passes(secs(301));
    assert_eq!(told(&mut room, bob, "alice"), ["sign_in_again"]);
}

/// S7, R3: a fetch asks for the same, with and without a session; nobody is asked about by it.
pub fn a_fetch_is_asked_to_sign_in_again_too() {
    let mut room = Room::new();
    let alice = shop_and_alice(&mut room);
    let bob = comes_by_hand(&mut room, "bob");
    let seen = room.asks_relay(bob, &fetch(&["alice", "shop"]));
    assert_eq!(words(&seen, "alice"), ["sign_in_again"]);
    assert_eq!(words(&seen, "shop"), ["available"]);
    let looked = |room: &mut Room| {
        let views = room.looks_up(Some("bob"), None, &["alice"]);
        let views = views.expect("there is an answer");
        super::support::word(&views[0])
    };
    assert_eq!(looked(&mut room), "sign_in_again");
    room.confirms_password("bob");
    assert_eq!(looked(&mut room), "available");
    let asked = |frame: &ToAgent| matches!(frame, ToAgent::Requested { .. });
    assert!(!room.hears(alice).iter().any(asked));
}

/// S5, S6: a rule can want an account; guests and programs are asked to sign in, and what stands behind the rule is not theirs.
pub fn a_rule_that_wants_an_account_shows_nothing_to_guests_and_programs() {
    let mut room = Room::new();
    let alice = is_there(&mut room, "alice");
    does(
        &mut room,
        alice,
        &rules(vec![needs(Who::Anyone, Login::Account)]),
    );
    room.enters_as_guest("guest");
    room.installs("robot");
    for who in ["guest", "robot"] {
        let identity = room.identity(who);
        let session = comes_as(&mut room, identity);
        assert_eq!(watches(&mut room, session, "alice"), "sign_in_again");
    }
    let bob = comes_by_hand(&mut room, "bob");
    assert_eq!(watches(&mut room, bob, "alice"), "available");
}

/// S4, S5: a presentity can want its own devices to have signed in lately before they publish.
pub fn a_presentity_says_how_one_must_have_signed_in_to_publish() {
    let mut room = Room::new();
    let alice = comes_by_hand(&mut room, "alice");
    let strict = AccessRules {
        publishing_needs: Login::Fresh,
        rules: vec![rule(Who::Account, Decision::Allow)],
        ..AccessRules::default()
    };
    does(&mut room, alice, &own_presentity(None, strict));
    let bob = comes_by_hand(&mut room, "bob");
    assert_eq!(watches(&mut room, bob, "alice"), "offline");
    let publish = |room: &mut Room| {
        let tuple = device_tuple("tab", None);
        codes(&room.asks_relay(alice, &ToService::Publish { tuple, of: None }))
    };
    assert_eq!(publish(&mut room), [Code::SignInAgain]);
    assert_eq!(told(&mut room, bob, "alice"), [""; 0]);
    room.confirms_password("alice");
    assert_eq!(publish(&mut room), []);
    assert_eq!(told(&mut room, bob, "alice"), ["available"]);
}

/// S4: what a whole relay requires comes before every rule: to watch, to publish, each on its own.
pub fn a_relay_requires_a_login_of_all_who_watch_or_publish() {
    let matrix = [
        (Login::Nobody, Login::Nobody),
        (Login::Account, Login::Nobody),
        (Login::Nobody, Login::Account),
        (Login::Account, Login::Account),
    ];
    for (watch, publish) in matrix {
        let mut room = Room::with(ServiceConfig {
            requires: Requires { watch, publish },
            ..ServiceConfig::default()
        });
        let alice = is_there(&mut room, "alice");
        let open = vec![rule(Who::Anyone, Decision::Allow)];
        does(&mut room, alice, &rules(open));
        room.enters_as_guest("guest");
        let identity = room.identity("guest");
        let guest = comes_as(&mut room, identity);
        let seen = match watch {
            Login::Nobody => "available",
            _ => "sign_in_again",
        };
        assert_eq!(watches(&mut room, guest, "alice"), seen);
        let nobody = room.looks_up(None, None, &["alice"]);
        let nobody = nobody.expect("there is an answer");
        let open_to_nobody = super::support::word(&nobody[0]) == "available";
        assert_eq!(open_to_nobody, watch == Login::Nobody);
        let tuple = hand_tuple(Activity::Busy, room.wall());
        let answers = room.asks_relay(guest, &ToService::Publish { tuple, of: None });
        let refused = match publish {
            Login::Nobody => vec![],
            _ => vec![Code::SignInAgain],
        };
        assert_eq!(codes(&answers), refused);
        // An account does both, whatever is required of guests.
        let bob = is_there(&mut room, "bob");
        assert_eq!(watches(&mut room, bob, "alice"), "available");
    }
}

/// S4: a relay that wants a fresh login of all watchers asks all of them again in time.
pub fn a_relay_can_require_a_fresh_login_to_watch() {
    let mut room = Room::with(ServiceConfig {
        requires: Requires {
            watch: Login::Fresh,
            publish: Login::Nobody,
        },
        ..ServiceConfig::default()
    });
    let alice = is_there(&mut room, "alice");
    let open = vec![rule(Who::Anyone, Decision::Allow)];
    does(&mut room, alice, &rules(open));
    let bob = comes_by_hand(&mut room, "bob");
    assert_eq!(watches(&mut room, bob, "alice"), "sign_in_again");
    room.confirms_password("bob");
    assert_eq!(told(&mut room, bob, "alice"), ["available"]);
    room.passes(FRESH_FOR + ms(100));
    assert_eq!(told(&mut room, bob, "alice"), ["sign_in_again"]);
    // Messages are another service: they are asked nothing.
    assert_eq!(codes(&room.asks_relay(bob, &message(1, "alice", "hi"))), []);
}
