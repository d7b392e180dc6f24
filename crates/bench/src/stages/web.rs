//! Presence over HTTP, on connections that stay open.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::Bench;
use crate::clock;
use crate::drive::share;
use crate::frames::Framing;
use crate::report::Row;
use crate::town::Town;
use crate::wires::{Happened, Wires};

/// Connections, each with one question on its way.
const LINES: usize = 32;

pub fn fetch(bench: &mut Bench) -> Result<Vec<Row>> {
    ask(bench, "fetch", |town, index| {
        let (who, whom) = (index % town.people, (index + 1) % town.people);
        format!(
            "GET /v1/presence/{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
            Town::principal(whom),
            Town::secret(who)
        )
    })
}

pub fn badge(bench: &mut Bench) -> Result<Vec<Row>> {
    ask(bench, "badge", |town, index| {
        let whom = index % town.people;
        format!(
            "GET /v1/presence/{}.svg HTTP/1.1\r\nHost: localhost\r\n\r\n",
            Town::principal(whom)
        )
    })
}

fn ask(
    bench: &mut Bench,
    stage: &'static str,
    question: fn(Town, usize) -> String,
) -> Result<Vec<Row>> {
    let town = bench.town(1_000, 20);
    let server = bench.relay(town)?;
    let mut wires = Wires::new(server.address, Framing::Http, LINES)?;
    for line in 0..LINES {
        wires.connect(line)?;
    }
    let mut asked = vec![0; LINES];
    let (mut answers, mut failed, mut next) = (0_u64, String::new(), 0);
    let mut ages: Vec<u32> = Vec::new();
    let mut run = |wires: &mut Wires, ages: &mut Vec<u32>, time: Duration| -> Result<u64> {
        let (before, end) = (answers, clock::micros() + time.as_micros() as u64);
        while clock::micros() < end {
            wires.turn(Duration::from_millis(5), &mut |line, what, out| {
                match what {
                    Happened::Open => {}
                    Happened::Frame(answer) if answer.starts_with(b"HTTP/1.1 200") => {
                        answers += 1;
                        let age = clock::micros() - asked[line];
                        ages.push(u32::try_from(age).unwrap_or(u32::MAX));
                    }
                    Happened::Frame(answer) => {
                        failed = String::from_utf8_lossy(answer).into_owned();
                    }
                    Happened::Gone => "the line ended".clone_into(&mut failed),
                }
                next += 1;
                asked[line] = clock::micros();
                out.say(question(town, next).as_bytes());
            })?;
            ensure!(failed.is_empty(), "{failed}");
        }
        Ok(answers - before)
    };
    // Everyone is read from the disk once.
    run(&mut wires, &mut ages, Duration::from_secs(1))?;
    ages.clear();
    let cpu = server.cpu();
    let time = Duration::from_secs(if bench.small { 1 } else { 3 });
    let answered = run(&mut wires, &mut ages, time)? as f64;
    let each = (server.cpu() - cpu) / answered;
    ages.sort_unstable();
    Ok(vec![
        Row::new(stage, "CPU per answer", "us", each),
        Row::new(
            stage,
            "answers per second",
            "",
            answered / time.as_secs_f64(),
        ),
        Row::new(stage, "age p50", "us", share(&ages, 0.5)),
        Row::new(stage, "age p99", "us", share(&ages, 0.99)),
    ])
}
