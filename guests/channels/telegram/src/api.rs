//! Calling the Bot API, and what its answers mean.
//!
//! The token is a segment of the path: `bot` and then the placeholder, which the gate replaces.

mod reply;

use std::time::Duration;

use openclaw_sdk::http::{self, Multipart, Request};
use openclaw_sdk::{Error, secrets};
use serde_json::Value;

pub(crate) use reply::{judge, migrated_to, read, says};

use crate::settings::Settings;

/// How long a call may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(9);
/// How much an answer may be. A batch of updates is the largest.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;

/// A call that was not sent yet.
pub(crate) fn prepare(settings: &Settings, method: &str, arguments: &Value) -> Result<Request, Error> {
    Ok(address(settings, method)?.json(arguments))
}

/// Calls a method and waits for its result.
pub(crate) fn call(settings: &Settings, method: &str, arguments: &Value) -> Result<Value, Error> {
    let response = prepare(settings, method, arguments)?.timeout(PATIENCE).send()?;
    read(response, method)
}

/// Calls a method with files, which takes longer, and waits for its result.
pub(crate) fn upload(settings: &Settings, method: &str, form: Multipart) -> Result<Value, Error> {
    let response = address(settings, method)?.multipart(form).send()?;
    read(response, method)
}

fn address(settings: &Settings, method: &str) -> Result<Request, Error> {
    let token = secrets::get("botToken")?;
    Ok(http::post(settings.server())
        .segment(format!("bot{token}"))
        .segment(method)
        .max_bytes(MAX_ANSWER)
        .redirects(0))
}

/// Asks for a file, by the path that `getFile` gave.
pub(crate) fn file(settings: &Settings, path: &str) -> Result<Request, Error> {
    let token = secrets::get("botToken")?;
    let begun = http::get(settings.server())
        .segment("file")
        .segment(format!("bot{token}"));
    let whole = path.split('/').filter(|part| !part.is_empty());
    Ok(whole
        .fold(begun, |request, part| request.segment(part))
        .redirects(0))
}
