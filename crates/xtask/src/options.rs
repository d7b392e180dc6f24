//! The few options that subcommands take, read by hand: what is unknown is refused with what would have been understood.

use anyhow::{Context, Result};

/// The arguments of one subcommand; everything after `--` belongs to the program that is run in the end.
pub struct Options {
    own: Vec<String>,
    pub passed: Vec<String>,
}

impl Options {
    pub fn read(arguments: &[String]) -> Self {
        let mut halves = arguments.splitn(2, |argument| argument == "--");
        let mut next = || halves.next().unwrap_or_default().to_vec();
        Self {
            own: next(),
            passed: next(),
        }
    }

    /// Takes a switch such as `--dev`, if it was given.
    pub fn switch(&mut self, name: &str) -> bool {
        let before = self.own.len();
        self.own.retain(|argument| argument != name);
        self.own.len() < before
    }

    /// Takes an option with a whole number, as `--rounds 50` or `--rounds=50`.
    pub fn number(&mut self, name: &str) -> Result<Option<u32>> {
        let Some(value) = self.text(name)? else {
            return Ok(None);
        };
        let number = value
            .parse()
            .with_context(|| format!("{name} wants a whole number, not `{value}`"))?;
        Ok(Some(number))
    }

    /// Takes an option with a word, as `--program FILE` or `--program=FILE`.
    pub fn text(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.own.iter().position(|argument| {
            argument == name
                || argument
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('='))
        }) else {
            return Ok(None);
        };
        let given = self.own.remove(at);
        let value = match given.split_once('=') {
            Some((_, value)) => value.to_owned(),
            None if at < self.own.len() => self.own.remove(at),
            None => anyhow::bail!("{name} wants something after it"),
        };
        Ok(Some(value))
    }

    /// Takes the next argument that is not an option.
    pub fn word(&mut self) -> Option<String> {
        let at = self
            .own
            .iter()
            .position(|argument| !argument.starts_with('-'))?;
        Some(self.own.remove(at))
    }

    /// Hands what was not understood to the program that is run in the end, before what stood after `--`.
    pub fn pass_the_rest(&mut self) {
        let mut passed = std::mem::take(&mut self.own);
        passed.append(&mut self.passed);
        self.passed = passed;
    }

    /// Refuses what nobody took.
    pub fn finish(&self) -> Result<()> {
        match self.own.first() {
            Some(unknown) => {
                anyhow::bail!("`{unknown}` is not understood here; see `cargo xtask help`")
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn options(line: &str) -> Options {
        Options::read(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn a_switch_is_taken_once_and_what_follows_the_dashes_is_passed_on() {
        let mut options = options("--dev -- --dev --port 1");
        assert!(options.switch("--dev"));
        assert!(!options.switch("--dev"));
        assert_eq!(options.passed, ["--dev", "--port", "1"]);
        assert!(options.finish().is_ok());
    }

    #[test]
    fn a_number_may_stand_apart_or_behind_an_equals_sign() {
        assert_eq!(
            options("kill --rounds 50").number("--rounds").unwrap(),
            Some(50)
        );
        assert_eq!(
            options("kill --rounds=7").number("--rounds").unwrap(),
            Some(7)
        );
        assert_eq!(options("kill").number("--rounds").unwrap(), None);
        assert!(options("--rounds many").number("--rounds").is_err());
        assert!(options("--rounds").number("--rounds").is_err());
    }

    #[test]
    fn what_nobody_took_is_refused_by_name() {
        let error = options("--fast").finish().unwrap_err();
        assert!(error.to_string().contains("--fast"));
    }

    #[test]
    fn the_rest_goes_before_what_was_behind_the_dashes() {
        let mut options = options("--port 0 -- --open");
        options.pass_the_rest();
        assert_eq!(options.passed, ["--port", "0", "--open"]);
    }
}
