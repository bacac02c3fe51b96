//! Telegram's own calls.
//!
//! **Promise.** Nothing in a request counts before its secret word was compared, in a time that tells nothing. What is
//! answered with 200 was delivered; what could not be is answered with an error, and Telegram calls again.

use openclaw_sdk::channel::{WebhookRequest, WebhookResponse};
use openclaw_sdk::{Error, ErrorCode, secrets};

use crate::batch;
use crate::state::State;
use crate::transport::{advance, take};

/// The header with the word that was agreed on with `setWebhook`.
const SECRET: &str = "x-telegram-bot-api-secret-token";

/// Answers a request.
pub(crate) fn answer(state: &mut State, request: &WebhookRequest) -> Result<WebhookResponse, Error> {
    let secret = secrets::get("webhookSecret")?;
    let said = request
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(SECRET));
    let is_genuine = match said {
        Some(said) => secrets::matches(&secret, &said.value)?,
        None => false,
    };
    if !is_genuine {
        return Ok(respond(401));
    }
    if request.method != "POST" {
        return Ok(respond(405));
    }
    if state.me.is_none() {
        let message = "the account does not know yet who it is; Telegram will call again";
        return Err(Error::new(ErrorCode::Unavailable, message));
    }
    let update = batch::update(&String::from_utf8_lossy(&request.body));
    let id = update.id;
    // One that cannot be read would come again for a day, and no better.
    take(state, update)?;
    if let Some(id) = id {
        advance(state, id)?;
    }
    Ok(respond(200))
}

fn respond(status: u16) -> WebhookResponse {
    WebhookResponse {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    }
}
