//! NOTIFICATIONs: a thousand people with twenty contacts each, at rates that grow.

use std::time::Duration;

use anyhow::Result;

use crate::bench::Bench;
use crate::drive::{self, Figures};
use crate::raw::Writes;
use crate::report::{Budget, Row};
use crate::side::Side;
use crate::town::Town;

const PEOPLE: usize = 1_000;
const CONTACTS: usize = 20;
/// People who are never done changing, where the server is to have no rest.
const BUSY: usize = 200;
/// Neighbours who change in the same moment.
const GROUP: usize = 100;

fn seconds(bench: &Bench, whole: u64) -> Duration {
    Duration::from_secs(if bench.small { 1 } else { whole })
}

fn relay(bench: &mut Bench, town: Town) -> Result<Side> {
    let mut side = bench.relay_side(town)?;
    side.settle(Duration::from_millis(300))?;
    Ok(side)
}

fn raw(bench: &mut Bench, town: Town, writes: Writes, like: &Figures) -> Result<Side> {
    let mut side = bench.raw_side(town, writes, like.size as usize)?;
    side.settle(Duration::from_millis(300))?;
    Ok(side)
}

pub fn churn(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(PEOPLE, CONTACTS);
    let time = seconds(bench, 4);
    let mut ours = relay(bench, town)?;
    let mut rows = Vec::new();
    let mut theirs: Option<Side> = None;
    for rate in [1_000_u32, 5_000, 20_000] {
        let changes = rate / (CONTACTS as u32 + 1);
        let found = drive::steady(&mut ours, changes, time)?;
        let beside = match &mut theirs {
            Some(side) => side,
            None => theirs.insert(raw(bench, town, Writes::AtOnce, &found)?),
        };
        let limit = drive::steady(beside, changes, time)?;
        let of = |what: &str| format!("{what} at {rate} notifications/s");
        let (p50, p99) = match rate {
            20_000 => (Budget::Times(1.5), Budget::Times(2.0)),
            _ => (Budget::None, Budget::None),
        };
        rows.extend([
            Row::new("churn", of("CPU each"), "us", found.cpu_each()).beside(limit.cpu_each()),
            Row::new("churn", of("age p50"), "us", found.p50)
                .beside(limit.p50)
                .within(p50),
            Row::new("churn", of("age p99"), "us", found.p99)
                .beside(limit.p99)
                .within(p99),
        ]);
    }
    Ok(rows)
}

pub fn saturation(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(PEOPLE, CONTACTS);
    let time = seconds(bench, 5);
    let mut ours = relay(bench, town)?;
    ours.only_count();
    let found = drive::saturate(&mut ours, BUSY, time)?;
    drop(ours);
    let mut beside = raw(bench, town, Writes::AtOnce, &found)?;
    let limit = drive::saturate(&mut beside, BUSY, time)?;
    drop(beside);
    let mut beside = raw(bench, town, Writes::Coalesced, &found)?;
    let coalesced = drive::saturate(&mut beside, BUSY, time)?;
    Ok(vec![
        Row::new("saturation", "CPU per notification", "us", found.cpu_each())
            .beside(limit.cpu_each())
            .within(Budget::Times(1.3)),
        Row::new(
            "saturation",
            "CPU per notification, raw coalesced beside it",
            "us",
            found.cpu_each(),
        )
        .beside(coalesced.cpu_each()),
        Row::new(
            "saturation",
            "notifications per second of a core",
            "",
            found.per_core(),
        )
        .beside(limit.per_core())
        .within(Budget::Least(250_000.0)),
        Row::new("saturation", "notifications per second", "", found.rate()).beside(limit.rate()),
        Row::new("saturation", "bytes of a notification", "", found.size),
    ])
}

pub fn bursts(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(PEOPLE, CONTACTS);
    let time = seconds(bench, 4);
    let mut ours = relay(bench, town)?;
    ours.only_count();
    let found = drive::bursts(&mut ours, GROUP.min(town.people), time)?;
    drop(ours);
    let mut beside = raw(bench, town, Writes::Coalesced, &found)?;
    let limit = drive::bursts(&mut beside, GROUP.min(town.people), time)?;
    Ok(vec![
        Row::new("bursts", "CPU per notification", "us", found.cpu_each())
            .beside(limit.cpu_each())
            .within(Budget::Most(1.0)),
        Row::new(
            "bursts",
            "notifications per second of a core",
            "",
            found.per_core(),
        )
        .beside(limit.per_core()),
    ])
}

pub fn overload(bench: &mut Bench) -> Result<Vec<Row>> {
    let town = bench.town(PEOPLE, CONTACTS);
    let mut ours = relay(bench, town)?;
    ours.only_count();
    let most = drive::saturate(&mut ours, BUSY, seconds(bench, 2))?.rate();
    ours.settle(Duration::from_millis(300))?;
    let changes = 2.0 * most / (CONTACTS as f64 + 1.0);
    let found = drive::overload(&mut ours, changes as u32, seconds(bench, 5))?;
    let peak = ours.server().peak();
    Ok(vec![
        Row::new(
            "overload",
            "notifications per second, of those at saturation",
            "",
            found.rate,
        )
        .beside(most),
        Row::new("overload", "age p99", "us", found.figures.p99),
        Row::new(
            "overload",
            "pairs without the newest state at the end",
            "",
            found.missing as f64,
        )
        .within(Budget::Most(0.0)),
        Row::new(
            "overload",
            "changes left out by those whose last one had not left",
            "",
            found.skipped as f64,
        ),
        Row::new("overload", "most memory of the relay", "bytes", peak),
    ])
}
