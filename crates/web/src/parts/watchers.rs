//! "Who sees me": everyone who has received something of late and how, who asked and got nothing, and a way to end it from here.

use lamplight_embed::{
    Intent, Kind, Principal, Tag as Face, Verdict, WatchState, WatcherInformation, WatcherName,
    Watchers, after, joined,
};
use yew::prelude::*;

use super::about::decide;
use super::kit::{self, block};
use crate::draw::{Tag, p, tag, words};
use crate::house::House;
use crate::pages::settings::{face, faces, framed};
use crate::route::Page;
use crate::route::Place;
use crate::texts::{fill, t};
use crate::times;

type Belongs = fn(&WatcherInformation) -> bool;

/// How they stand on the page, each with its heading.
const GROUPS: [(Belongs, kit::Label); 4] = [
    (|one| one.state == WatchState::Active, || t().watching_now),
    (
        |one| one.state == WatchState::Ended && one.kind != Kind::Subscriber,
        || t().looked,
    ),
    (
        |one| one.state == WatchState::Ended && one.kind == Kind::Subscriber,
        || t().watch_ended,
    ),
    (|one| one.state == WatchState::Attempt, || t().got_nothing),
];

/// As long as this is open, the relay tells who comes and goes.
pub fn watching(house: &House) -> Html {
    let of = face(house).and_then(|own| own.tag.clone());
    let open = house
        .shell
        .read(|agent| agent.watchers(of.as_ref()).cloned());
    if open.is_none() {
        // Not while a page is drawn; to watch what is watched already does nothing.
        let (house, of) = (house.clone(), of.clone());
        let watch = move || house.intend(Intent::WatchWatchers { of });
        after(0, Box::new(watch)).forget();
    }
    let mut inside: Vec<Html> = vec![faces(house)];
    let Some(watchers) = open else {
        inside.push(p("muted").say(t().loading).into());
        return framed(house, Page::Watchers, inside);
    };
    let mut nobody = true;
    for (belongs, heading) in GROUPS {
        let rows = watchers.named.iter();
        let rows = rows.filter(|one| belongs(one) && !was_answered(one, &watchers));
        let rows: Vec<Tag> = rows.map(|one| watcher(house, of.as_ref(), one)).collect();
        if !rows.is_empty() {
            nobody = false;
            let block = block(words(heading()), "").with(kit::lines("", rows));
            inside.push(block.into());
        }
    }
    let mut unnamed = |count: u32, one, other| {
        if count > 0 {
            nobody = false;
            inside.push(p("").text(&times::plural(count, one, other)).into());
        }
    };
    unnamed(watchers.counted, t().counted_one, t().counted_other);
    unnamed(watchers.turned_away, t().turned_one, t().turned_other);
    if nobody {
        inside.push(p("muted").say(t().nobody_watches).into());
    }
    framed(house, Page::Watchers, inside)
}

fn watcher(house: &House, of: Option<&Face>, one: &WatcherInformation) -> Tag {
    let now = house.shell.now().timestamp;
    let how = match (one.state, one.kind) {
        (WatchState::Active, _) if one.devices > 0 => t().kind_live,
        (WatchState::Active, Kind::Subscriber) => t().kind_subscriber,
        (WatchState::Ended, Kind::Subscriber) => t().kind_ended,
        (WatchState::Attempt, _) => t().kind_attempt,
        (_, Kind::Poller) => t().kind_poller,
        _ => t().kind_fetcher,
    };
    let ago = times::ago(one.last, now);
    let last = fill(t().last_at, &ago);
    let follows = one.state == WatchState::Active && one.kind == Kind::Subscriber;
    let when = match follows {
        true => fill(t().first_at, &times::ago(one.first, now)),
        false => ago,
    };
    let more = match one.count {
        ..2 => joined(&[how, " · ", &when]),
        count => joined(&[
            how,
            " · ",
            &fill(t().times, &count.to_string()),
            " · ",
            &fill(t().first_at, &times::ago(one.first, now)),
            " · ",
            &last,
        ]),
    };
    let who = match &one.watcher {
        WatcherName::Principal(principal) => {
            let address = principal.address();
            let row = house.shell.read(|agent| agent.row(address));
            let name = row.map_or_else(|| address.to_string(), |row| row.name);
            tag("a")
                .attr_of("href", &Place::About(address.clone()).link())
                .text(&name)
                .into()
        }
        visitors => {
            let site = match visitors {
                WatcherName::Site(site) => site,
                _ => t().unknown_site,
            };
            Html::from(fill(t().visitors_of, site))
        }
    };
    let acts = match &one.watcher {
        WatcherName::Principal(principal) => acts(house, of, principal, one.state),
        _ => Vec::new(),
    };
    kit::line(who, &more, acts)
}

/// Who asked in vain first and was let see afterwards has got it.
fn was_answered(one: &WatcherInformation, all: &Watchers) -> bool {
    let got = |other: &&WatcherInformation| {
        other.watcher == one.watcher && other.state != WatchState::Attempt && other.last >= one.last
    };
    one.state == WatchState::Attempt && all.named.iter().any(|other| got(&other))
}

/// What was decided already is not offered again.
fn acts(house: &House, of: Option<&Face>, watcher: &Principal, state: WatchState) -> Vec<Tag> {
    let own = face(house);
    let decided = own.and_then(|own| {
        let mut all = own.access.iter();
        all.find(|one| one.watcher == *watcher)
            .map(|one| one.decision.clone())
    });
    let act = |class, words, verdict: Verdict| {
        let differs = decided.as_ref() != Some(&verdict);
        let deed = decide(house, of, watcher.address(), Some(verdict));
        differs.then(|| kit::small(house, class, words, watcher.as_str(), deed))
    };
    [
        // To show nothing more to someone who is blocked would tell them of it.
        act("", t().stop_showing, Verdict::Deny)
            .filter(|_| state != WatchState::Attempt && decided != Some(Verdict::Block)),
        act("grave", t().block, Verdict::Block),
    ]
    .into_iter()
    .flatten()
    .collect()
}
