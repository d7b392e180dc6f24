//! Any command of the debugging protocol, in the protocol's own words. The generated types of the driver know the protocol of
//! their day and reject answers with words that came later; a value accepts them all.

use std::borrow::Cow;

use chromiumoxide::{Command, Method, Page};
use serde_json::Value;

pub struct Call {
    method: &'static str,
    params: Value,
}

impl serde::Serialize for Call {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.params.serialize(serializer)
    }
}

impl Method for Call {
    fn identifier(&self) -> Cow<'static, str> {
        self.method.into()
    }
}

impl Command for Call {
    type Response = Value;
}

/// Calls a command of this page; the error is a sentence.
pub async fn call(page: &Page, method: &'static str, params: Value) -> Result<Value, String> {
    let answer = page.execute(Call { method, params }).await;
    match answer {
        Ok(answer) => Ok(answer.result),
        Err(error) => Err(format!("{method}: {error}")),
    }
}

/// Calls a command of the browser.
pub async fn ask(
    browser: &chromiumoxide::Browser,
    method: &'static str,
    params: Value,
) -> Result<Value, String> {
    let answer = browser.execute(Call { method, params }).await;
    match answer {
        Ok(answer) => Ok(answer.result),
        Err(error) => Err(format!("{method}: {error}")),
    }
}
