//! `system-presence`, `last-heartbeat` and `gateway.identity.get`: who is there.

use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::Object;
use serde_json::{Value, json};

use crate::method::{Method, Payload};

const NOTHING: Object = Object::closed(&[]);

pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "system-presence",
        scope: Some(Scope::Read),
        run: |gateway, _, params| {
            Box::pin(async move {
                params.read::<Value>(&NOTHING)?;
                Payload::new(&gateway.presence().entries())
            })
        },
    },
    Method {
        name: "last-heartbeat",
        scope: Some(Scope::Read),
        run: |_, _, params| {
            Box::pin(async move {
                params.read::<Value>(&NOTHING)?;
                // Agents do not look around by themselves here, so that there was no last time.
                Ok(Value::Null.into())
            })
        },
    },
    Method {
        name: "gateway.identity.get",
        scope: Some(Scope::Read),
        run: |gateway, _, params| {
            Box::pin(async move {
                params.read::<Value>(&NOTHING)?;
                let identity = gateway.identity();
                Ok(
                    json!({"deviceId": identity.device_id(), "publicKey": identity.public_key().text()})
                        .into(),
                )
            })
        },
    },
];
