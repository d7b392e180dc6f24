//! What connections cost by being there, and by coming in.

use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::clock;
use crate::crowd::Crowd;
use crate::machine::{kernel_memory, rest};
use crate::raw::Writes;
use crate::report::{Budget, Row};
use crate::side::Side;

/// Bytes of a state on the reference's line.
const STATE_SIZE: usize = 130;

pub fn idle(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(5_000, 20);
    let people = town.people as f64;

    let server = bench.relay(town)?;
    let mut crowd = Crowd::new(town, server.address)?;
    // One in each hundred first: what the first ones bring is not what one more costs.
    let some = town.people / 100;
    crowd.enter(0..some)?;
    rest(Duration::from_millis(500));
    let (before, kernel) = (server.memory(), kernel_memory());
    crowd.enter(some..town.people)?;
    crowd.last(Duration::from_secs(3))?;
    let each = (server.memory() - before) / (people - some as f64);
    // Both ends of each line are on this machine.
    let of_kernel = (kernel_memory() - kernel) / (people - some as f64) / 2.0;
    drop((crowd, server));

    let server = bench.raw(town, Writes::AtOnce)?;
    let before = server.memory();
    let mut side = Side::raw(server, town, STATE_SIZE)?;
    side.settle(Duration::from_millis(500))?;
    let raw = (side.server().memory() - before) / people;

    Ok(vec![
        Row::new("idle", "user memory per connection", "bytes", each)
            .beside(raw)
            .within(Budget::Most(3_000.0)),
        Row::new("idle", "kernel memory per socket", "bytes", of_kernel),
    ])
}

pub fn login(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(5_000, 20);
    let people = town.people as f64;

    let server = bench.relay(town)?;
    let (cpu, begun) = (server.cpu(), clock::micros());
    let mut side = Side::relay(server, town)?;
    side.settle(Duration::from_millis(200))?;
    let took = (clock::micros() - begun) as f64 / 1e6 - 0.2;
    let each = (side.server().cpu() - cpu) / people;
    let states = side.take().states as f64 / (town.pairs() as f64 + people);
    let back = come_back(&mut side)?;

    let server = bench.raw(town, Writes::AtOnce)?;
    let cpu = server.cpu();
    let mut side = Side::raw(server, town, STATE_SIZE)?;
    side.settle(Duration::from_millis(200))?;
    let raw_each = (side.server().cpu() - cpu) / people;

    Ok(vec![
        Row::new("login", "everyone in and seen by everyone", "s", took).within(Budget::Most(1.3)),
        Row::new("login", "CPU per login in the storm", "us", each).beside(raw_each),
        Row::new("login", "notifications per pair", "", states).within(Budget::Most(1.0)),
        Row::new("login", "CPU per reconnect", "us", back)
            .within(Budget::Most(100.0))
            .beside(raw_each),
    ])
}

/// One in five loses the line and comes back within the grace: nobody else hears of it. Microseconds of CPU for each.
fn come_back(side: &mut Side) -> Result<f64> {
    let people = side.town().people / 5;
    let Side::Relay(server, crowd) = side else {
        return Ok(0.0);
    };
    (0..people).for_each(|index| crowd.drop_line(index * 5));
    crowd.last(Duration::from_secs(1))?;
    let cpu = server.cpu();
    crowd.enter((0..people).map(|index| index * 5))?;
    crowd.last(Duration::from_millis(200))?;
    Ok((server.cpu() - cpu) / people as f64)
}
