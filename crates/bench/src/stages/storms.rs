//! What happens seldom and to all at once.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::Bench;
use crate::clock;
use crate::crowd::Crowd;
use crate::drive::{self, share};
use crate::machine::rest;
use crate::report::{Budget, Row};
use crate::side::Side;

/// Those of the star who read nothing.
const DEAF: usize = 20;

/// The first one of a star changes fifty times a second, first for those who all read, then while some do not.
pub fn star(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(10_000, 0);
    let time = Duration::from_secs(if bench.small { 1 } else { 4 });
    let mut side = bench.relay_side(town)?;
    side.settle(Duration::from_millis(500))?;
    side.only_count();
    let change = |side: &mut Side| -> Result<(f64, f64, f64, f64)> {
        drop(side.take());
        let (cpu, begun) = (side.server().cpu(), clock::micros());
        let (mut said, whole) = (0, time.as_micros() as u64);
        while clock::micros() - begun < whole {
            if (clock::micros() - begun) / 20_000 >= said {
                side.change(0);
                said += 1;
            }
            side.turn(Duration::from_millis(1))?;
        }
        side.settle(Duration::from_millis(300))?;
        let mut heard = side.take();
        heard.ages.sort_unstable();
        let delivered = heard.ages.len() as f64;
        let each = (side.server().cpu() - cpu) / delivered;
        let all = delivered / (said as f64 * town.people as f64);
        Ok((each, share(&heard.ages, 0.5), share(&heard.ages, 0.99), all))
    };
    let (each, p50, p99, all) = change(&mut side)?;
    (1..=DEAF).for_each(|index| side.deafen(index));
    let (_, _, beside_slow, _) = change(&mut side)?;
    let peak = side.server().peak();
    Ok(vec![
        Row::new("star", "CPU per notification, 10,000 watchers", "us", each),
        Row::new("star", "age p50", "us", p50),
        Row::new("star", "age p99", "us", p99),
        Row::new("star", "share of changes that each was told of", "", all),
        Row::new("star", "age p99 while 20 do not read", "us", beside_slow).beside(p99),
        Row::new("star", "most memory of the relay", "bytes", peak),
    ])
}

/// As many as one process may have.
pub fn many(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(19_000, 20);
    let people = town.people as f64;
    let server = bench.relay(town)?;
    let cpu = server.cpu();
    let mut side = Side::relay(server, town)?;
    side.settle(Duration::from_millis(500))?;
    let login = (side.server().cpu() - cpu) / people;
    rest(Duration::from_secs(1));
    let idle = side.server().memory();
    side.only_count();
    // Once everyone, in a few seconds.
    let found = drive::steady(&mut side, (town.people / 4) as u32, Duration::from_secs(4))?;
    Ok(vec![
        Row::new(
            "many",
            "memory of the relay with 19,000 connections",
            "bytes",
            idle,
        )
        .within(Budget::Most(60e6)),
        Row::new(
            "many",
            "memory per connection, all in all",
            "bytes",
            idle / people,
        ),
        Row::new("many", "CPU per login", "us", login),
        Row::new(
            "many",
            "CPU per notification, a change by each",
            "us",
            found.cpu_each(),
        ),
        Row::new("many", "age p99", "us", found.p99),
        Row::new(
            "many",
            "memory after a change by each",
            "bytes",
            side.server().memory(),
        ),
    ])
}

/// Nobody says goodbye, everybody comes back by themselves.
pub fn restart(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(10_000, 20);
    let server = bench.relay(town)?;
    let address = server.address;
    let mut crowd = Crowd::new(town, address)?;
    crowd.enter(0..town.people)?;
    crowd.last(Duration::from_secs(1))?;
    drop(server);
    let begun = clock::micros();
    crowd.until("everyone has noticed", |crowd| crowd.up() == 0)?;
    let server = bench.relay_again(address)?;
    drop(crowd.take());
    let mut most = 0;
    let (mut second, mut before) = (clock::micros(), 0);
    crowd.until("everyone is back", |crowd| {
        if clock::micros() - second > 1_000_000 {
            most = most.max(crowd.up() - before.min(crowd.up()));
            (second, before) = (clock::micros(), crowd.up());
        }
        crowd.up() == town.people
    })?;
    let took = (clock::micros() - begun) as f64 / 1e6;
    let each = server.cpu() / town.people as f64;
    ensure!(crowd.up() == town.people, "not everyone is back");
    Ok(vec![
        Row::new("restart", "until all 10,000 are back", "s", took).within(Budget::Most(15.0)),
        Row::new(
            "restart",
            "most who came in within a second",
            "",
            most as f64,
        ),
        Row::new("restart", "CPU per login", "us", each),
        Row::new(
            "restart",
            "most memory of the relay",
            "bytes",
            server.peak(),
        ),
    ])
}
