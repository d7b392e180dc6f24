//! INSTANT MESSAGEs by agents: accepted only when the disk has them.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::Bench;
use crate::clock;
use crate::crowd::{Crowd, Ears, PATIENCE};
use crate::drive::share;
use crate::raw::Writes;
use crate::report::{Budget, Row};
use crate::side::Side;

const PEOPLE: usize = 1_000;
const TEXT: &str = "Shall we meet at eight, at the usual place?";

/// Everyone with an even number writes to the next one, who is there, and again once that one's agent has it.
pub fn live(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(PEOPLE, 20);
    let time = Duration::from_secs(if bench.small { 1 } else { 5 });
    let senders = town.people / 2;

    let server = bench.relay(town)?;
    let mut crowd = Crowd::new(town, server.address)?;
    crowd.enter(0..town.people)?;
    crowd.last(Duration::from_secs(1))?;
    let mut said = vec![0; senders];
    let mut ages = Vec::new();
    drop(crowd.take());
    let (cpu, begun) = (server.cpu(), clock::micros());
    for (sender, said) in said.iter_mut().enumerate() {
        *said = clock::micros();
        crowd.send(2 * sender, 2 * sender + 1, TEXT);
    }
    let end = begun + time.as_micros() as u64;
    while clock::micros() < end {
        crowd.turn(Duration::from_millis(5))?;
        for receiver in std::mem::take(&mut crowd.heard.taken) {
            let sender = receiver / 2;
            let now = clock::micros();
            ages.push(u32::try_from(now - said[sender]).unwrap_or(u32::MAX));
            said[sender] = now;
            crowd.send(2 * sender, 2 * sender + 1, TEXT);
        }
    }
    let seconds = (clock::micros() - begun) as f64 / 1e6;
    let heard = crowd.take();
    ensure!(heard.lost == 0, "{} lines ended", heard.lost);
    let messages = heard.messages as f64;
    let each = (server.cpu() - cpu) / messages;
    ages.sort_unstable();
    drop((crowd, server));

    let raw = raw_messages(bench, time)?;
    Ok(vec![
        Row::new("live", "CPU per message, kept and delivered", "us", each)
            .beside(raw)
            .within(Budget::Times(1.4)),
        Row::new("live", "messages per second", "", messages / seconds),
        Row::new("live", "age p50 when taken", "us", share(&ages, 0.5)),
        Row::new("live", "age p99 when taken", "us", share(&ages, 0.99)),
    ])
}

/// The same through the reference, which keeps nothing.
fn raw_messages(bench: &mut Bench, time: Duration) -> Result<f64> {
    let town = bench.town(PEOPLE, 20);
    let mut side = bench.raw_side(town, Writes::AtOnce, 130)?;
    side.settle(Duration::from_millis(300))?;
    let Side::Raw(server, crowd) = &mut side else {
        return Ok(0.0);
    };
    let (cpu, begun) = (server.cpu(), clock::micros());
    drop(std::mem::take(&mut crowd.heard));
    for sender in 0..town.people / 2 {
        crowd.send(2 * sender, 2 * sender + 1, TEXT);
    }
    while clock::micros() < begun + time.as_micros() as u64 {
        crowd.turn(Duration::from_millis(5))?;
        for receiver in std::mem::take(&mut crowd.heard.taken) {
            crowd.send(receiver - 1, receiver, TEXT);
        }
    }
    Ok((server.cpu() - cpu) / crowd.heard.messages as f64)
}

/// Everyone with an even number writes to the next one, who is not there; a few messages of each are on their way at a time.
pub fn stored(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(PEOPLE, 20);
    let time = Duration::from_secs(if bench.small { 1 } else { 5 });
    let at_once = 4;

    let server = bench.relay(town)?;
    let mut crowd = Crowd::new(town, server.address)?;
    crowd.enter((0..town.people).step_by(2))?;
    crowd.last(Duration::from_secs(1))?;
    crowd.ears = Ears::Agents;
    // The first one reads who the other is.
    for sender in (0..town.people).step_by(2) {
        crowd.send(sender, sender + 1, TEXT);
    }
    let all = town.people as u64 / 2;
    crowd.until("first messages are accepted", |crowd| {
        crowd.heard.accepted >= all
    })?;
    drop(crowd.take());

    let (cpu, begun) = (server.cpu(), clock::micros());
    let mut said = vec![std::collections::VecDeque::new(); town.people];
    let mut ages: Vec<u32> = Vec::new();
    for sender in (0..town.people).step_by(2) {
        for _ in 0..at_once {
            said[sender].push_back(clock::micros());
            crowd.send(sender, sender + 1, TEXT);
        }
    }
    let mut on_their_way = said.iter().map(|of| of.len() as u64).sum::<u64>();
    let end = begun + time.as_micros() as u64;
    while clock::micros() < end {
        crowd.turn(Duration::from_millis(5))?;
        for sender in std::mem::take(&mut crowd.heard.receipts) {
            let now = clock::micros();
            if let Some(at) = said[sender].pop_front() {
                ages.push(u32::try_from(now - at).unwrap_or(u32::MAX));
            }
            on_their_way -= 1;
            if now < end {
                said[sender].push_back(now);
                crowd.send(sender, sender + 1, TEXT);
                on_their_way += 1;
            }
        }
    }
    let accepted = crowd.heard.accepted as f64;
    let seconds = (clock::micros() - begun) as f64 / 1e6;
    let each = (server.cpu() - cpu) / accepted;
    let patience = clock::micros() + PATIENCE.as_micros() as u64;
    while on_their_way > 0 && clock::micros() < patience {
        crowd.turn(Duration::from_millis(5))?;
        on_their_way -= std::mem::take(&mut crowd.heard.receipts).len() as u64;
    }
    ensure!(
        on_their_way == 0,
        "{on_their_way} messages were never accepted"
    );
    ages.sort_unstable();
    Ok(vec![
        Row::new(
            "stored",
            "messages accepted per second",
            "",
            accepted / seconds,
        )
        .within(Budget::Least(20_000.0)),
        Row::new("stored", "CPU per message", "us", each).within(Budget::Most(20.0)),
        Row::new("stored", "age p50 when accepted", "us", share(&ages, 0.5)),
        Row::new("stored", "age p99 when accepted", "us", share(&ages, 0.99)),
    ])
}
