//! By what a person comes in: a token, or a password that is typed without being shown.

use std::io::{self, IsTerminal};

use clap::ArgMatches;
use lamplight_client::Credentials;

use super::texts;

const TOKEN: &str = "LAMPLIGHT_TOKEN";
const PASSWORD: &str = "LAMPLIGHT_PASSWORD";

/// Finds the credentials in flags and environment, or asks.
pub fn find(words: &ArgMatches) -> Result<Credentials, String> {
    let word = |key: &str| words.get_one::<String>(key).cloned();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let name = word("name");
    // A name on the command line is nearer than a token in the environment.
    let token = word("token").or_else(|| variable(TOKEN).filter(|_| name.is_none()));
    if let Some(token) = token {
        return Ok(Credentials::token(token));
    }
    let name = name.ok_or(texts::NO_NAME)?;
    let password = match variable(PASSWORD) {
        Some(password) => password,
        None => ask(&name)?,
    };
    Ok(Credentials::password(name, password))
}

fn ask(name: &str) -> Result<String, String> {
    if !io::stdin().is_terminal() {
        return Err(texts::NO_PASSWORD.into());
    }
    rpassword::prompt_password(format!("Password of {name}: "))
        .map_err(|error| format!("the password cannot be read: {error}"))
}
