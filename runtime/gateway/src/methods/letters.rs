//! `channels.deadLetters.*` and `channels.parked.*`: what did not get through, for a person to look at and decide.
//!
//! **Promise.** Nothing here is sent or handed over again unless somebody says so by its number. Texts of messages are
//! for those who may read conversations.

use std::sync::Arc;

use openclaw_channels::Channels;
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{COUNT, Field, Object};
use serde::Deserialize;
use serde_json::json;

use super::internal;
use crate::gateway::Gateway;
use crate::method::{Answer, Method, Params};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "channels.deadLetters.list",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(letters(gateway, params)),
    },
    Method {
        name: "channels.deadLetters.resubmit",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(decide(gateway, params, Decision::Resubmit)),
    },
    Method {
        name: "channels.deadLetters.drop",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(decide(gateway, params, Decision::Drop)),
    },
    Method {
        name: "channels.parked.list",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(parked(gateway, params)),
    },
    Method {
        name: "channels.parked.replay",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(decide(gateway, params, Decision::Replay)),
    },
];

const NOTHING: Object = Object::closed(&[]);
const ONE: Object = Object::closed(&[Field::required("id", COUNT)]);

#[derive(Deserialize)]
struct One {
    id: i64,
}

#[derive(Clone, Copy)]
enum Decision {
    Resubmit,
    Drop,
    Replay,
}

fn channels(gateway: &Gateway) -> Result<&Channels, Error> {
    let channels = gateway.parts()?.channels.as_ref();
    channels.ok_or_else(|| Error::unavailable("this gateway runs no channels"))
}

async fn letters(gateway: Arc<Gateway>, params: Params) -> Answer {
    let _: serde_json::Map<_, _> = params.read(&NOTHING)?;
    let found = channels(&gateway)?.dead_letters().await;
    let found = found.map_err(|error| internal(&error))?;
    let letters: Vec<_> = found
        .iter()
        .map(|letter| {
            let sent = &letter.outbound.message;
            json!({
                "id": letter.outbound.seq,
                "channel": sent.channel,
                "accountId": sent.account,
                "to": sent.to,
                "threadId": sent.thread,
                "kind": sent.kind,
                "body": sent.body,
                "error": letter.error,
                "since": letter.since_ms,
            })
        })
        .collect();
    Ok(json!({ "deadLetters": letters }).into())
}

async fn parked(gateway: Arc<Gateway>, params: Params) -> Answer {
    let _: serde_json::Map<_, _> = params.read(&NOTHING)?;
    let found = channels(&gateway)?.parked().await;
    let found = found.map_err(|error| internal(&error))?;
    let events: Vec<_> = found
        .iter()
        .map(|event| {
            json!({
                "id": event.id,
                "channel": event.of.channel(),
                "accountId": event.of.account(),
                "event": event.event,
                "attempts": event.attempts,
                "error": event.error,
                "since": event.parked_ms,
            })
        })
        .collect();
    Ok(json!({ "parked": events }).into())
}

async fn decide(gateway: Arc<Gateway>, params: Params, decision: Decision) -> Answer {
    let One { id } = params.read(&ONE)?;
    let channels = channels(&gateway)?;
    let done = match decision {
        Decision::Resubmit => channels.replay(id).await,
        Decision::Drop => channels.drop_letter(id).await,
        Decision::Replay => channels.replay_parked(id).await,
    };
    done.map_err(|error| Error::invalid(error.to_string()))?;
    Ok(json!({ "ok": true, "id": id }).into())
}
