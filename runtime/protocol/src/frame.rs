//! What travels: requests one way, responses and events the other, each one JSON object in one text message.
//!
//! **Promise.** A request that is read has an id and a method and nothing that is not known; a fault is told as
//! [`shape`](crate::shape) tells it. A response carries its payload as it was handed over, so that one text can be
//! shared by all who ask. **Cost.** One pass over the text; what a request borrows is not copied.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::shape::{Field, Kind, Object, WORD};

/// A request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Request<'t> {
    #[serde(rename = "type")]
    kind: RequestKind,
    /// What the response carries again; the client's own.
    #[serde(borrow)]
    pub id: Cow<'t, str>,
    /// What is asked for.
    #[serde(borrow)]
    pub method: Cow<'t, str>,
    /// With what.
    #[serde(default)]
    pub params: Option<Value>,
    /// The trace that the client keeps.
    #[serde(borrow, default)]
    pub traceparent: Option<Cow<'t, str>>,
    /// The profile that the client believes it is bound to.
    #[serde(borrow, default)]
    pub expected_profile_id: Option<Cow<'t, str>>,
}

#[derive(Debug, Deserialize)]
enum RequestKind {
    #[serde(rename = "req")]
    Req,
}

const REQUEST: Object = Object::closed(&[
    Field::required("type", Kind::OneOf(&["req"])),
    Field::required("id", WORD),
    Field::required("method", WORD),
    Field::optional("params", Kind::Any),
    Field::optional("traceparent", Kind::Text(0, 128)),
    Field::optional("expectedProfileId", Kind::Text(1, 128)),
]);

/// Why text is not a request.
#[derive(Debug, thiserror::Error)]
pub enum NotARequest {
    /// It is not JSON.
    #[error("a frame is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// It is JSON of another shape.
    #[error("invalid request frame: {faults}")]
    Shape {
        /// What the response carries: the frame's own id, if it has one.
        id: Option<String>,
        /// What is wrong.
        faults: String,
    },
}

impl<'t> Request<'t> {
    /// Reads a frame.
    pub fn read(text: &'t str) -> Result<Self, NotARequest> {
        match serde_json::from_str::<Self>(text) {
            Ok(request) if request.is_bounded() => Ok(request),
            // The typed reading is quick and says little: the slow one finds the words.
            _ => {
                let value: Value = serde_json::from_str(text).map_err(NotARequest::NotJson)?;
                let faults = REQUEST.faults(&value);
                Err(NotARequest::Shape {
                    id: value
                        .get("id")
                        .and_then(Value::as_str)
                        .filter(|id| !id.is_empty())
                        .map(str::to_owned),
                    faults: faults.unwrap_or_else(|| "a field occurs twice".to_owned()),
                })
            }
        }
    }

    fn is_bounded(&self) -> bool {
        let RequestKind::Req = self.kind;
        let fits = |text: &Option<Cow<'_, str>>, least: usize| {
            text.as_ref()
                .is_none_or(|text| (least..=128).contains(&text.chars().count()))
        };
        !self.id.is_empty()
            && !self.method.is_empty()
            && fits(&self.traceparent, 0)
            && fits(&self.expected_profile_id, 1)
    }
}

/// A request, as a client writes it.
pub fn write_request(id: &str, method: &str, params: &Value) -> String {
    serde_json::json!({"type": "req", "id": id, "method": method, "params": params}).to_string()
}

/// A response that says yes, without its payload: what stands before it and what stands after it.
pub fn write_ok_parts(id: &str) -> (String, &'static str) {
    let mut head = String::with_capacity(id.len() + 48);
    head.push_str(r#"{"type":"res","id":"#);
    push_text(&mut head, id);
    head.push_str(r#","ok":true,"payload":"#);
    (head, "}")
}

/// A response that says no.
pub fn write_error(id: &str, error: &Error) -> String {
    let mut frame = String::with_capacity(160);
    frame.push_str(r#"{"type":"res","id":"#);
    push_text(&mut frame, id);
    frame.push_str(r#","ok":false,"error":"#);
    frame.push_str(&json(error));
    frame.push('}');
    frame
}

/// The counters that tell clients which picture of presence and health they have.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct StateVersion {
    /// Changes of presence.
    pub presence: u64,
    /// Changes of health.
    pub health: u64,
}

/// An event up to its number, which each client counts for itself: the part that is written once for all.
pub fn write_event_head(event: &str, payload: &str) -> String {
    let mut head = String::with_capacity(payload.len() + event.len() + 40);
    head.push_str(r#"{"type":"event","event":"#);
    push_text(&mut head, event);
    head.push_str(r#","payload":"#);
    head.push_str(payload);
    head
}

/// What follows the head of an event; without a number for an event that is meant for one client only.
pub fn write_event_tail(seq: Option<u64>, state: Option<StateVersion>) -> String {
    let mut tail = String::with_capacity(24);
    if let Some(seq) = seq {
        tail.push_str(r#","seq":"#);
        tail.push_str(&seq.to_string());
    }
    if let Some(state) = state {
        tail.push_str(r#","stateVersion":"#);
        tail.push_str(&json(&state));
    }
    tail.push('}');
    tail
}

/// What a client receives.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Incoming {
    /// An answer.
    Res {
        /// The id of the request.
        id: String,
        /// Whether it was done.
        ok: bool,
        /// What came of it.
        #[serde(default)]
        payload: Option<Value>,
        /// Why not.
        #[serde(default)]
        error: Option<Error>,
    },
    /// News.
    #[serde(rename_all = "camelCase")]
    Event {
        /// Its name.
        event: String,
        /// What is new.
        #[serde(default)]
        payload: Option<Value>,
        /// Its number on this connection.
        #[serde(default)]
        seq: Option<u64>,
        /// Which picture it belongs to.
        #[serde(default)]
        state_version: Option<StateVersion>,
    },
}

impl Incoming {
    /// Reads a frame from the gateway.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The types of this crate have string keys only, so that writing them to memory cannot fail.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn push_text(frame: &mut String, text: &str) {
    // Ids of clients are nearly always plain; those need no escaping and no copy.
    if text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
    {
        frame.push('"');
        frame.push_str(text);
        frame.push('"');
    } else {
        frame.push_str(&json(&text));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_read_with_what_it_has() {
        let request =
            Request::read(r#"{"type":"req","id":"1:x","method":"health","params":{"probe":true}}"#).unwrap();
        assert_eq!((request.id.as_ref(), request.method.as_ref()), ("1:x", "health"));
        assert_eq!(request.params, Some(json!({"probe": true})));
    }

    #[test]
    fn a_frame_of_another_shape_is_told_apart_from_one_that_is_not_json() {
        assert!(matches!(Request::read("{not json"), Err(NotARequest::NotJson(_))));
        let shape = |text: &str| match Request::read(text) {
            Err(NotARequest::Shape { id, faults }) => (id, faults),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            shape(r#"{"type":"req","method":"health"}"#),
            (None, "must have required property 'id'".to_owned())
        );
        assert_eq!(
            shape(r#"{"type":"req","id":"7","method":"health","extra":1}"#),
            (
                Some("7".to_owned()),
                "at root: unexpected property 'extra'".to_owned()
            )
        );
        assert_eq!(
            shape(r#"{"type":"req","id":"7","method":""}"#).1,
            "at /method: must NOT have fewer than 1 characters"
        );
        assert_eq!(
            shape(&format!(
                r#"{{"type":"req","id":"7","method":"m","traceparent":"{}"}}"#,
                "x".repeat(129)
            ))
            .1,
            "at /traceparent: must NOT have more than 128 characters"
        );
    }

    #[test]
    fn an_event_is_one_object_with_its_number() {
        let head = write_event_head("tick", r#"{"ts":5}"#);
        let state = StateVersion {
            presence: 1,
            health: 2,
        };
        let text = head.clone() + &write_event_tail(Some(3), Some(state));
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({"type": "event", "event": "tick", "payload": {"ts": 5}, "seq": 3, "stateVersion": {"presence": 1, "health": 2}})
        );
        let direct: Value = serde_json::from_str(&(head + &write_event_tail(None, None))).unwrap();
        assert!(direct.get("seq").is_none());
    }

    proptest! {
        #[test]
        fn whatever_the_id_is_the_response_carries_it(id in ".{1,40}") {
            let Ok(Incoming::Res { id: read, ok, .. }) = Incoming::read(&format!("{}{{}}{}", write_ok_parts(&id).0, write_ok_parts(&id).1)) else {
                panic!("not a response");
            };
            prop_assert_eq!((read, ok), (id.clone(), true));
            let refused = write_error(&id, &Error::invalid("no"));
            let Ok(Incoming::Res { id: read, ok, .. }) = Incoming::read(&refused) else {
                panic!("not a response");
            };
            prop_assert_eq!((read, ok), (id, false));
        }

        #[test]
        fn whatever_comes_reading_ends(text in ".{0,200}") {
            let _ = Request::read(&text);
            let _ = Incoming::read(&text);
        }
    }
}
