//! What happened, delivered as events that a test reads.

use serde_json::{Value, json};

use crate::bindings::exports::openclaw::channel::adapter::{Error, Event};
use crate::bindings::openclaw::channel::events::Happening;
use crate::bindings::openclaw::channel::state;
use crate::bindings::openclaw::http::types::Response;
use crate::bindings::openclaw::secrets::placeholders::capture;
use crate::bindings::openclaw::secrets::types::{Keep, SecretPlace};
use crate::bindings::openclaw::sockets::types::{ConnectionId, Frame};
use crate::{deliver, steps};

/// Tells of an event. A timer whose name is steps does them, and so does a frame that is; a state that is steps does
/// them at every event.
pub(crate) fn tell(event: Event) -> Result<(), Error> {
    if let Some(state) = state::load()?
        && state.starts_with(b"[")
    {
        steps::run(&String::from_utf8_lossy(&state))?;
    }
    let (name, data) = match event.what {
        Happening::Timer(name) if name.starts_with('[') => {
            steps::run(&name)?;
            return Ok(());
        }
        Happening::Timer(name) => ("timer", json!(name)),
        Happening::Started(reason) => ("started", json!(format!("{reason:?}"))),
        Happening::Stopping => ("stopping", Value::Null),
        Happening::HttpDone(done) => {
            let outcome = match &done.outcome {
                Ok(response) => read(&done.token, response)?,
                Err(error) => {
                    json!({"error": format!("{:?}", error.code), "sent": format!("{:?}", error.sent)})
                }
            };
            (
                "http-done",
                json!({"token": done.token, "attempt": event.attempt, "outcome": outcome}),
            )
        }
        Happening::SocketOpened(opened) => {
            let headers: Vec<_> = opened.headers.iter().map(|header| &header.name).collect();
            (
                "opened",
                json!({"on": id(&opened.connection), "subprotocol": opened.subprotocol, "headers": headers}),
            )
        }
        Happening::SocketFrames(arrived) => {
            let frames: Vec<_> = arrived.frames.iter().map(text).collect();
            if frames.iter().all(|frame| frame.starts_with("[{")) {
                return frames.iter().try_for_each(|steps| steps::run(steps).map(drop));
            }
            ("frames", json!({"on": id(&arrived.connection), "frames": frames}))
        }
        Happening::SocketClosed(closed) => (
            "closed",
            json!({
                "on": id(&closed.connection),
                "reason": format!("{:?}", closed.reason),
                "code": closed.code,
                "message": closed.message,
            }),
        ),
        _ => ("other", Value::Null),
    };
    deliver::tell(name, &data)
}

fn id(id: &ConnectionId) -> Value {
    json!({"name": id.name, "serial": id.serial})
}

fn text(frame: &Frame) -> String {
    match frame {
        Frame::Text(text) => text.clone(),
        Frame::Binary(bytes) => format!("{bytes:?}"),
        Frame::Event(event) => format!("{}: {}", event.name, event.data),
        Frame::Other(text) => format!("? {text}"),
    }
}

/// Reads a response. With a token that says so, a secret is taken out of it first.
fn read(token: &str, response: &Response) -> Result<Value, Error> {
    if token.starts_with("capture") {
        let place = SecretPlace::Json("/token".to_owned());
        capture(response, &place, "fresh", Keep::UntilRestart)?;
    }
    let mut body = Vec::new();
    loop {
        let piece = response.read(1 << 16)?;
        if piece.is_empty() {
            break;
        }
        body.extend(piece);
    }
    Ok(json!({"status": response.status(), "body": String::from_utf8_lossy(&body)}))
}
