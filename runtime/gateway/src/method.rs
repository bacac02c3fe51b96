//! A method: its name, what the caller must be allowed, and what it does.
//!
//! **Promise.** A method runs only for a caller that holds its scope. It answers exactly once, and may answer once
//! before that through [`Caller::answer_early`]; a caller that has gone away does not stop it. **Cost.** A method that
//! has its answer at hand is run on the connection's own task, without another.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use openclaw_protocol::Error;
use openclaw_protocol::frame::{write_error, write_ok_parts};
use openclaw_protocol::scope::{Grant, Scope};
use openclaw_protocol::shape::Object;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::DropGuard;

use crate::connection::Connection;
use crate::gateway::Gateway;
use crate::outbox::Outgoing;

/// What a method does, in the end.
pub type Answer = Result<Payload, Error>;

/// A method on its way.
pub type Running = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A method.
pub struct Method {
    /// Its name on the wire.
    pub name: &'static str,
    /// What the caller must be allowed; none: nothing.
    pub scope: Option<Scope>,
    /// What it does.
    pub run: fn(Arc<Gateway>, Caller, Params) -> Running,
}

/// What a method says: JSON, written once, shared by all who are told it.
#[derive(Clone, Debug)]
pub struct Payload {
    json: Bytes,
    /// Dropped once the answer is on its way.
    before: Option<Arc<DropGuard>>,
}

impl Payload {
    /// What serialises to it.
    pub fn new(value: &impl Serialize) -> Result<Self, Error> {
        let text = serde_json::to_vec(value);
        text.map(Self::of_json).map_err(|fault| {
            tracing::error!(%fault, "an answer cannot be written as JSON");
            Error::unavailable("internal error")
        })
    }

    /// Text that is JSON already.
    pub fn of_json(text: impl Into<Bytes>) -> Self {
        Self {
            json: text.into(),
            before: None,
        }
    }

    /// The same, with what may go on only once this is on its way to the client.
    pub(crate) fn before(mut self, guard: DropGuard) -> Self {
        self.before = Some(Arc::new(guard));
        self
    }

    /// The JSON.
    pub fn json(&self) -> &Bytes {
        &self.json
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::of_json(value.to_string())
    }
}

/// With what a method is called.
#[derive(Debug, Default)]
pub struct Params {
    method: &'static str,
    value: Option<Value>,
}

impl Params {
    pub(crate) fn new(method: &'static str, value: Option<Value>) -> Self {
        Self { method, value }
    }

    /// Whether the client sent this field.
    pub fn has(&self, field: &str) -> bool {
        self.value
            .as_ref()
            .is_some_and(|value| value.get(field).is_some())
    }

    /// What the client sent; an empty object if it sent nothing.
    pub fn into_value(self) -> Value {
        self.value
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    }

    /// What the client sent, which must have this shape.
    pub fn read<T: DeserializeOwned>(self, shape: &Object) -> Result<T, Error> {
        let method = self.method;
        let invalid = |faults: String| Error::invalid(format!("invalid {method} params: {faults}"));
        let value = self.into_value();
        if let Some(faults) = shape.faults(&value) {
            return Err(invalid(faults));
        }
        serde_json::from_value(value).map_err(|fault| invalid(fault.to_string()))
    }
}

/// Who asks, and where the answer goes.
#[derive(Clone, Debug)]
pub struct Caller {
    connection: Arc<Connection>,
    id: Arc<str>,
}

impl Caller {
    pub(crate) fn new(connection: Arc<Connection>, id: &str) -> Self {
        Self {
            connection,
            id: id.into(),
        }
    }

    /// The connection that it came on: who the client is, and what it hears.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// What the caller may do.
    pub fn grant(&self) -> &Grant {
        self.connection.grant()
    }

    /// Refuses a caller that is not allowed this.
    pub fn require(&self, scope: Scope) -> Result<(), Error> {
        if self.grant().allows(scope) {
            Ok(())
        } else {
            Err(Error::missing_scope(scope.name()))
        }
    }

    /// Answers before the method is done; what it returns is the second answer to the same request.
    pub fn answer_early(&self, payload: Payload) {
        self.answer(Ok(payload));
    }

    pub(crate) fn answer(&self, answer: Answer) {
        match answer {
            Ok(Payload { json, before }) => {
                let (head, tail) = write_ok_parts(&self.id);
                let tail = Bytes::from_static(tail.as_bytes());
                self.connection.send(Outgoing::text(head.into(), json, tail));
                if before.is_some() {
                    self.connection.rest();
                }
                drop(before);
            }
            Err(error) => {
                let text = write_error(&self.id, &error);
                self.connection
                    .send(Outgoing::text(text.into(), Bytes::new(), Bytes::new()));
            }
        }
    }
}
