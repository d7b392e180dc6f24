//! The configuration written down: every key with its default, as a file; the one in use, with where each value came from; and the
//! reference that `docs/CONFIGURATION.md` is.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::layers::IN_FILE;
use super::{Config, SETTINGS, Setting};

impl Config {
    /// Every key as a file; with `comments` each says what it means.
    pub fn print(&self, comments: bool) -> String {
        let mut text = String::new();
        each(&mut text, |text, setting| {
            if comments {
                let _ = writeln!(
                    text,
                    "\n# {}\n# Cost: {}\n# Unit: {}. Default: {:?}. Environment: {}. Flag: --{}",
                    setting.about,
                    setting.cost,
                    setting.unit,
                    setting.default,
                    setting.environment(),
                    setting.flag()
                );
            }
            let _ = writeln!(text, "{}", self.line(setting));
        });
        text
    }

    /// Every key as a file, with where its value came from behind it.
    pub fn print_with(&self, from: &BTreeMap<String, String>) -> String {
        let mut text = String::new();
        each(&mut text, |text, setting| {
            let line = self.line(setting);
            let from = from.get(&setting.key());
            let from = from.map_or("default", String::as_str);
            let _ = writeln!(text, "{line:<48} # {from}");
        });
        text
    }

    fn line(&self, setting: &Setting) -> String {
        let value = (setting.get)(self);
        if setting.is_secret && !value.is_empty() {
            return format!("# {} is set; it is not shown", setting.name);
        }
        let value = if setting.is_bare {
            value
        } else {
            // A JSON text is a TOML text.
            serde_json::Value::String(value).to_string()
        };
        format!("{} = {value}", setting.name)
    }
}

fn each(text: &mut String, mut line: impl FnMut(&mut String, &Setting)) {
    let mut section = "";
    for setting in SETTINGS {
        if setting.section != section {
            section = setting.section;
            let _ = writeln!(text, "\n[{section}]");
        }
        line(text, setting);
    }
}

/// The reference, as Markdown.
pub fn reference() -> String {
    let mut text = String::from(HEAD);
    let mut section = None;
    for setting in SETTINGS {
        if section != Some(setting.section) {
            section = Some(setting.section);
            let _ = match setting.section {
                "" => writeln!(text, "\n## Before all tables"),
                section => writeln!(text, "\n## `[{section}]`"),
            };
        }
        let default = match (setting.default, setting.is_bare) {
            (default, true) => format!("`{default}`"),
            ("", false) => "none".into(),
            (default, false) => format!("`\"{default}\"`"),
        };
        let (about, cost) = (setting.about, setting.cost);
        let (variable, flag) = (setting.environment(), setting.flag());
        let ways = match setting.is_secret {
            false => format!("`{variable}`, `--{flag}`"),
            true => format!(
                "`{variable}`; or the name of the file it stands in: `{}{IN_FILE}`, `{variable}_FILE`, `--{flag}-file`",
                setting.name
            ),
        };
        let _ = writeln!(
            text,
            "\n### `{}`\n\n{about}\n\nDefault: {default}. Unit: {}. Cost: {cost}\n{ways}",
            setting.key(),
            setting.unit,
        );
    }
    text
}

const HEAD: &str = "# Configuration

Every key of the relay, as `lamplight config doc` writes it. [SELF_HOSTING.md](SELF_HOSTING.md) says which of them you need.

Each key can stand in `lamplight.toml` (or the file that `--config` names), in an environment variable, or in a flag of
`lamplight serve`; later ones win. A key that does not exist is an error that names the one you probably meant. Times are written
`\"500 ms\"`, `\"10 s\"`, `\"5 min\"`, `\"24 h\"`, `\"7 d\"`; sizes `\"64 KiB\"`, `\"4 MiB\"`; rates `\"20 then 1 per 200 ms\"`: so many at
once, then one in each such time. Lists are written `[\"a\", \"b\"]` in the file, and with commas elsewhere.

* `lamplight config default` prints a whole file with every key, its default and what it costs to change it.
* `lamplight config check` says whether `serve` would start, and if not, everything that is in the way.
* `lamplight config show` prints the configuration in use, with where each value came from. Secrets are never shown.
";
