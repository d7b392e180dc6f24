//! What stages share: folders that are filled once, and how relay and reference are started.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::machine::{SERVER_CORE, Server};
use crate::raw::Writes;
use crate::side::Side;
use crate::town::Town;

/// Limits are what a relay refuses, so they are far away; and how often a presentity is told of is not held back.
const SETTINGS: &[(&str, &str)] = &[
    ("limits-frames", "1000000 then 1 per 1 ms"),
    ("limits-sends", "1000000 then 1 per 1 ms"),
    ("limits-publishes", "1000000 then 1 per 1 ms"),
    ("limits-polls", "1000000 then 1 per 1 ms"),
    ("limits-signals", "1000000 then 1 per 1 ms"),
    ("limits-letters-to-strangers", "1000000 then 1 per 1 ms"),
    ("bounds-notify-every", "0 s"),
    ("log-level", "warn"),
];

pub struct Bench {
    relay: PathBuf,
    out: PathBuf,
    /// A tenth of everything: to see whether it works at all.
    pub small: bool,
    filled: HashMap<(usize, usize), TempDir>,
    /// Folders of relays that ran.
    used: Vec<TempDir>,
    started: usize,
}

impl Bench {
    pub fn new(relay: PathBuf, out: PathBuf, small: bool) -> Result<Self> {
        anyhow::ensure!(relay.is_file(), "there is no relay at {}", relay.display());
        Ok(Self {
            relay,
            out,
            small,
            filled: HashMap::new(),
            used: Vec::new(),
            started: 0,
        })
    }

    /// A town of so many, or a tenth of it.
    pub fn town(&self, people: usize, contacts: usize) -> Town {
        let people = if self.small { people / 10 } else { people };
        Town {
            people: people.max(contacts + 2),
            contacts,
        }
    }

    /// A relay of its own for these people.
    pub fn relay(&mut self, town: Town) -> Result<Server> {
        self.relay_on(town, SERVER_CORE)
    }

    /// The relay that ran last once more: the same data, the same address.
    pub fn relay_again(&mut self, address: SocketAddr) -> Result<Server> {
        let folder = self.used.last().context("no relay has run yet")?;
        let arguments = arguments(folder.path(), address);
        let log = self.log("relay");
        Server::start(&self.relay, &arguments, SERVER_CORE, log)
    }

    pub fn relay_on(&mut self, town: Town, cores: &str) -> Result<Server> {
        let key = (town.people, town.contacts);
        if !self.filled.contains_key(&key) {
            let folder = self.folder()?;
            town.settle(folder.path())?;
            self.filled.insert(key, folder);
        }
        let folder = self.folder()?;
        copy(self.filled[&key].path(), folder.path())?;
        let arguments = arguments(folder.path(), SocketAddr::from(([127, 0, 0, 1], 0)));
        // One is running at a time: what earlier ones left is not needed any more.
        self.used.clear();
        self.used.push(folder);
        let log = self.log("relay");
        Server::start(&self.relay, &arguments, cores, log)
    }

    /// The reference for the same people.
    pub fn raw(&mut self, town: Town, writes: Writes) -> Result<Server> {
        let arguments = [
            "raw".to_owned(),
            town.people.to_string(),
            town.contacts.to_string(),
            match writes {
                Writes::AtOnce => "at-once",
                Writes::Coalesced => "coalesced",
            }
            .to_owned(),
        ];
        let me = std::env::current_exe().context("the path of this program")?;
        let log = self.log("raw");
        Server::start(&me, &arguments, SERVER_CORE, log)
    }

    pub fn relay_side(&mut self, town: Town) -> Result<Side> {
        Side::relay(self.relay(town)?, town)
    }

    pub fn raw_side(&mut self, town: Town, writes: Writes, size: usize) -> Result<Side> {
        Side::raw(self.raw(town, writes)?, town, size)
    }

    fn folder(&self) -> Result<TempDir> {
        TempDir::new_in(&self.out).context("a folder for the bench")
    }

    fn log(&mut self, name: &str) -> PathBuf {
        self.started += 1;
        self.out.join(format!("{name}.log"))
    }
}

fn arguments(folder: &Path, address: SocketAddr) -> Vec<String> {
    let mut arguments = ["serve", "--listen"].map(str::to_owned).to_vec();
    arguments.extend([address.to_string(), "--data".to_owned()]);
    arguments.push(folder.display().to_string());
    for (name, value) in SETTINGS {
        arguments.extend([format!("--{name}"), (*value).to_owned()]);
    }
    arguments
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
