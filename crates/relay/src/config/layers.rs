//! The layers: what stands in the file, in the environment and in flags is laid over the defaults, with a note of where each value
//! came from.
//!
//! All layers speak the same words: a key and a text. An unknown key in the file is an error that names the nearest known one,
//! because a setting that is silently ignored is worse than a relay that does not start. An unknown variable is a warning only: some
//! systems set variables of our prefix by themselves (a Kubernetes service called `lamplight` gives every pod `LAMPLIGHT_PORT`).
//!
//! A secret has a second key, `…_file`, which names the file it stands in. It has no flag of its own: what is typed there, everyone
//! on the machine reads in the list of processes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::{Config, ConfigError, SETTINGS, Setting, words::Value};

/// The file that is read when none is named, if it is there.
pub const FILE: &str = "./lamplight.toml";

/// What a secret's key ends with where it names a file.
pub(super) const IN_FILE: &str = "_file";

/// Variables with our prefix that mean something to the builder and the tests, not to the relay.
const NOT_OURS: &[&str] = &[
    "LAMPLIGHT_BIN",
    "LAMPLIGHT_DIST",
    "LAMPLIGHT_BLESS",
    "LAMPLIGHT_KILL_ROUNDS",
    "LAMPLIGHT_BENCH_ROUNDS",
    "LAMPLIGHT_AXE",
    "LAMPLIGHT_BOOTSTRAP",
    "LAMPLIGHT_MEASURE",
    "LAMPLIGHT_CHROMIUM",
    "LAMPLIGHT_RESTART_AGENTS",
    "LAMPLIGHT_HAPROXY",
    "LAMPLIGHT_NGINX",
    "LAMPLIGHT_NODE",
    "LAMPLIGHT_PACKAGE",
    "LAMPLIGHT_TSC",
    "LAMPLIGHT_PARITY_WASM",
    "LAMPLIGHT_PAGE_DIR",
    "LAMPLIGHT_LOG",
    "LAMPLIGHT_PASSWORD",
    "LAMPLIGHT_TOKEN",
];

/// Where layers come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file that was named; it must be there.
    pub file: Option<PathBuf>,
    pub environment: Vec<(String, String)>,
    /// Keys and texts from flags.
    pub flags: Vec<(String, String)>,
}

/// A configuration with what was odd about its sources.
#[derive(Debug)]
pub struct Read {
    pub config: Config,
    /// Where each value came from that is not the default, by key.
    pub from: BTreeMap<String, String>,
    /// Sentences about variables that look like ours and are not known.
    pub warnings: Vec<String>,
}

impl Config {
    /// Lays all layers over each other and checks the whole.
    pub fn read(sources: &Sources) -> Result<Read, ConfigError> {
        let read = Self::read_unchecked(sources)?;
        read.config.check()?;
        Ok(read)
    }

    /// Lays all layers over each other, whatever comes out: to be shown, not to be served.
    pub fn read_unchecked(sources: &Sources) -> Result<Read, ConfigError> {
        let mut read = Read {
            config: Self::default(),
            from: BTreeMap::new(),
            warnings: Vec::new(),
        };
        if let Some(path) = &sources.file {
            read.lay_file(path)?;
        } else if Path::new(FILE).exists() {
            read.lay_file(Path::new(FILE))?;
        }
        read.lay_environment(&sources.environment)?;
        for (key, text) in &sources.flags {
            let flag = format!("--{}", key.replace(['.', '_'], "-"));
            read.lay(key, text, flag)?;
        }
        Ok(read)
    }

    /// Sets one key from words.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), ConfigError> {
        if let Some(setting) = secret_in_file(key) {
            let path = text.trim();
            let secret = fs::read_to_string(path)
                .map_err(|error| ConfigError(format!("{key} = {path:?}: {error}")))?;
            return (setting.set)(self, &secret)
                .map_err(|why| ConfigError(format!("{key} = {path:?} does not read: {why}")));
        }
        let setting = SETTINGS
            .iter()
            .find(|setting| setting.key() == key)
            .ok_or_else(|| unknown(key))?;
        (setting.set)(self, text).map_err(|why| {
            // A secret is not repeated, not even a wrong one.
            let said = match setting.is_secret {
                true => String::new(),
                false => format!(" = {text:?}"),
            };
            ConfigError(format!("{key}{said} does not read: {why}"))
        })
    }

    /// The words of one key.
    pub fn get(&self, key: &str) -> Option<String> {
        let setting = SETTINGS.iter().find(|setting| setting.key() == key)?;
        Some((setting.get)(self))
    }

    /// Lays the text of a file over what is set.
    pub fn lay_toml(&mut self, text: &str) -> Result<(), ConfigError> {
        for entry in entries(text)? {
            let set = self.set(&entry.key, &entry.text);
            set.map_err(|error| ConfigError(format!("line {}: {error}", entry.line)))?;
        }
        Ok(())
    }
}

impl Read {
    fn lay(&mut self, key: &str, text: &str, from: String) -> Result<(), ConfigError> {
        self.config.set(key, text)?;
        match secret_in_file(key) {
            Some(setting) => {
                let from = format!("the file {}, which {from} names", text.trim());
                self.from.insert(setting.key(), from);
            }
            None => {
                self.from.insert(key.to_owned(), from);
            }
        }
        Ok(())
    }

    fn lay_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let name = path.display();
        let place = |error: &dyn Display| ConfigError(format!("{name}: {error}"));
        let text = fs::read_to_string(path).map_err(|error| place(&error))?;
        for entry in entries(&text).map_err(|error| place(&error))? {
            let from = format!("{name}:{}", entry.line);
            let laid = self.lay(&entry.key, &entry.text, from.clone());
            laid.map_err(|error| ConfigError(format!("{from}: {error}")))?;
        }
        Ok(())
    }

    fn lay_environment(&mut self, all: &[(String, String)]) -> Result<(), ConfigError> {
        let names: BTreeMap<String, String> = keys()
            .map(|key| (super::settings::environment(&key), key))
            .collect();
        for (name, text) in all {
            if let Some(key) = names.get(name) {
                self.lay(key, text, name.clone())
                    .map_err(|error| ConfigError(format!("{name}: {error}")))?;
            } else if name.starts_with("LAMPLIGHT_") && !NOT_OURS.contains(&name.as_str()) {
                let hint =
                    nearest(name, names.keys()).map(|near| format!(", did you mean {near}?"));
                let hint = hint.unwrap_or_default();
                self.warnings.push(format!(
                    "the variable {name} means nothing to the relay{hint}"
                ));
            }
        }
        Ok(())
    }
}

/// All keys that may stand in a layer.
fn keys() -> impl Iterator<Item = String> {
    SETTINGS.iter().flat_map(|setting| {
        let in_file = setting.is_secret.then(|| setting.key() + IN_FILE);
        std::iter::once(setting.key()).chain(in_file)
    })
}

/// The secret that a key with the name of a file stands for.
fn secret_in_file(key: &str) -> Option<&'static Setting> {
    let key = key.strip_suffix(IN_FILE)?;
    SETTINGS
        .iter()
        .find(|setting| setting.is_secret && setting.key() == key)
}

/// A key with dots, its words and the line where it stands.
struct Entry {
    key: String,
    text: String,
    line: usize,
}

fn entries(text: &str) -> Result<Vec<Entry>, ConfigError> {
    let table = DeTable::parse(text).map_err(|error| ConfigError(error.to_string()))?;
    let line_of = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
    let mut found = Vec::new();
    for (name, value) in table.get_ref() {
        let (key, line) = (name.get_ref().to_string(), line_of(name.span().start));
        match value.get_ref() {
            DeValue::Table(section) => {
                for (name, value) in section {
                    let line = line_of(name.span().start);
                    let key = format!("{key}.{}", name.get_ref());
                    let text = words(&key, value.get_ref())
                        .map_err(|error| ConfigError(format!("line {line}: {error}")))?;
                    found.push(Entry { key, text, line });
                }
            }
            value => {
                let text = words(&key, value)
                    .map_err(|error| ConfigError(format!("line {line}: {error}")))?;
                found.push(Entry { key, text, line });
            }
        }
    }
    Ok(found)
}

fn words(key: &str, value: &DeValue<'_>) -> Result<String, ConfigError> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => {
            let read = i64::from_str_radix(number.as_str(), number.radix());
            // What is too large for TOML is refused with the key's own range.
            Ok(read.map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()))
        }
        DeValue::Boolean(truth) => Ok(Value::print(truth)),
        DeValue::Array(parts) => {
            let parts: Result<Vec<_>, _> = parts
                .iter()
                .map(|part| words(key, part.get_ref()))
                .collect();
            Ok(parts?.join(","))
        }
        _ if !keys().any(|known| known == key) => Err(unknown(key)),
        _ => Err(ConfigError(format!(
            "{key}: expected a text, a whole number, true, false or a list of texts"
        ))),
    }
}

fn unknown(key: &str) -> ConfigError {
    let keys: Vec<String> = keys().collect();
    let hint = nearest(key, keys.iter()).map(|near| format!("; did you mean `{near}`?"));
    ConfigError(format!(
        "there is no setting `{key}`{}",
        hint.unwrap_or_default()
    ))
}

/// The known word that was most likely meant, if any is near.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    known
        .map(|key| {
            // A key in the wrong section is as near as a misspelt one.
            let whole = strsim::damerau_levenshtein(word, key);
            let name = strsim::damerau_levenshtein(&last(word), &last(key)) + 1;
            (whole.min(name), key)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 1 + word.len() / 4)
        .map(|(_, key)| key)
}
