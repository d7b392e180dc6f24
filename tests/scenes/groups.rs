//! A group is a PRINCIPAL: several members who appear as one (RFC 2778 2.6).

use lamplight_core::address::SessionId;
use lamplight_core::presence::{Activity, PresenceInformation, TupleKind, View};
use lamplight_core::rules::{Part, Shares, Who};
use lamplight_core::wire::{Class, Decision, ToAgent, ToService};

use super::support::{
    accepted, came_in, comes_as, comes_by_hand, decide, device_tuple, does, entries, fetch,
    in_lines, mentions, message, publishes, rule, rules, subscribe, told, views, watches,
};
use crate::room::{Room, secs};

/// A member who speaks in the group's name, with this device.
fn on_duty(room: &mut Room, member: &str) -> SessionId {
    let identity = room.speaks_for(member, "helpdesk");
    let session = comes_as(room, identity);
    let device = device_tuple(&format!("{member}-tab"), None);
    publishes(room, session, device);
    session
}

/// A helpdesk that shows itself to everyone, with these members on duty.
fn helpdesk<const N: usize>(room: &mut Room, members: [&str; N]) -> [SessionId; N] {
    room.founds("helpdesk");
    for member in members {
        room.signs_up(member);
    }
    let identity = room.speaks_for("boss", "helpdesk");
    let boss = comes_as(room, identity);
    does(room, boss, &rules(vec![rule(Who::Anyone, Decision::Allow)]));
    room.hangs_up(boss);
    members.map(|member| on_duty(room, member))
}

fn seen(room: &mut Room, session: SessionId) -> PresenceInformation {
    let views = views(&room.asks_relay(session, &fetch(&["helpdesk"])), "helpdesk");
    match views.into_iter().next() {
        Some(View::Shown(information)) => information,
        other => panic!("nothing is shown: {other:?}"),
    }
}

/// G1: a group is there as long as any member is on duty.
pub fn a_group_is_there_while_any_member_is() {
    let mut room = Room::new();
    let members = helpdesk(&mut room, ["mia", "max"]);
    let carol = comes_by_hand(&mut room, "carol");
    assert_eq!(watches(&mut room, carol, "helpdesk"), "available");
    room.passes(secs(5));
    room.asks_relay(members[0], &ToService::Bye);
    room.passes(secs(30));
    assert_eq!(told(&mut room, carol, "helpdesk"), [""; 0]);
    room.asks_relay(members[1], &ToService::Bye);
    assert_eq!(told(&mut room, carol, "helpdesk"), ["offline"]);
    room.passes(secs(5));
    on_duty(&mut room, "max");
    assert_eq!(told(&mut room, carol, "helpdesk"), ["available"]);
}

/// G1: nothing tells how many members there are, who they are or what each does: not a tuple, not a name, not the moment at which
/// another comes, goes or turns away.
pub fn a_group_does_not_tell_of_its_members() {
    let mut room = Room::new();
    let [mia] = helpdesk(&mut room, ["mia"]);
    let carol = comes_by_hand(&mut room, "carol");
    room.says(carol, &subscribe(1, &["helpdesk"]));
    let first = room.hears(carol);
    room.passes(secs(30));
    room.signs_up("max");
    let max = on_duty(&mut room, "max");
    let mut away = device_tuple("max-tab", Some("at lunch, says max"));
    away.status.activities.push(Activity::Away);
    publishes(&mut room, max, away);
    room.passes(secs(30));
    assert_eq!(room.hears(carol), [], "a second member is nothing to see");
    let information = seen(&mut room, carol);
    let devices = |information: &PresenceInformation| {
        let all = information.tuples.iter();
        all.filter(|tuple| tuple.kind == TupleKind::Device).count()
    };
    assert_eq!(devices(&information), 1);
    room.hangs_up(mia);
    room.passes(secs(30));
    let mut all = first;
    all.extend(room.hears(carol));
    for name in ["mia", "max-tab", "boss"] {
        assert!(!mentions(&all, name), "{name}: {all:?}");
    }
    // Unless the group's rules say so.
    let each = Decision::Chosen(Part {
        means: Shares::These(vec![]),
        ..Part::ALL
    });
    does(&mut room, max, &decide("carol", Some(each)));
    on_duty(&mut room, "mia");
    assert_eq!(devices(&seen(&mut room, carol)), 2);
}

/// G1, R6: whoever writes to a group is a stranger to it most of the time: it takes their messages at once.
pub fn a_group_takes_messages_of_strangers_at_once() {
    let mut room = Room::new();
    let members = helpdesk(&mut room, ["mia", "max"]);
    let carol = comes_by_hand(&mut room, "carol");
    let sent = room.asks_relay(carol, &message(1, "helpdesk", "my lamp is broken"));
    assert_eq!(accepted(&sent).len(), 1);
    for member in members {
        assert_eq!(came_in(&mut room, member), ["carol: my lamp is broken"]);
    }
    // Faster than strangers may write to a person.
    for id in 2..=15 {
        let sent = room.asks_relay(carol, &message(id, "helpdesk", "hello?"));
        assert_eq!(accepted(&sent).len(), 1, "{id}");
    }
}

/// G1: members answer as the group; its own log says who did, the customer's does not.
pub fn the_groups_log_says_who_answered_and_the_customers_does_not() {
    let mut room = Room::new();
    let [mia, max] = helpdesk(&mut room, ["mia", "max"]);
    let carol = comes_by_hand(&mut room, "carol");
    room.asks_relay(carol, &message(1, "helpdesk", "my lamp is broken"));
    room.hears(max);
    room.asks_relay(mia, &message(1, "carol", "turn it off and on"));
    let log = entries(&room.hears(max));
    assert_eq!(in_lines(&log), ["to carol: turn it off and on"]);
    assert_eq!(log[0].by, Some(room.principal("mia")));
    let heard = room.hears(carol);
    let answer = entries(&heard);
    assert_eq!(in_lines(&answer), ["helpdesk: turn it off and on"]);
    assert_eq!(answer[0].by, None);
    assert!(!mentions(&heard, "mia"), "{heard:?}");
    let page = ToService::FetchInbox {
        number: 1,
        with: None,
        before: None,
        limit: 10,
    };
    assert!(!mentions(&room.asks_relay(carol, &page), "mia"));
    assert!(mentions(&room.asks_relay(max, &page), "mia"));
}

/// G1: a member is told for whom they speak; a group watches, and is a principal to rules like any other.
pub fn a_member_speaks_in_the_groups_name() {
    let mut room = Room::new();
    let [mia] = helpdesk(&mut room, ["mia"]);
    let identity = room.speaks_for("mia", "helpdesk");
    let session = room.logs_in_as(identity, "phone");
    let welcome = room
        .hears(session)
        .into_iter()
        .find_map(|frame| match frame {
            ToAgent::Welcome { you, class, by, .. } => Some((you, class, by)),
            _ => None,
        });
    let (helpdesk, by) = (room.principal("helpdesk"), room.principal("mia"));
    assert_eq!(welcome, Some((helpdesk, Class::Group, Some(by))));
    let alice = super::support::is_there(&mut room, "alice");
    does(&mut room, alice, &decide("helpdesk", Some(Decision::Allow)));
    assert_eq!(watches(&mut room, mia, "alice"), "available");
    let own = comes_by_hand(&mut room, "mia");
    assert_eq!(watches(&mut room, own, "alice"), "not shared yet");
}
