//! `exec.approval.list`, `plugin.approval.list` and `openclaw.approval.list`: what waits for a person to allow it.
//!
//! Clients ask for all three when they connect. Nothing in this build asks a person before it goes on, so that nothing
//! waits.

use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::Object;
use serde_json::{Value, json};

use crate::method::{Answer, Method, Params};

const NOTHING: Object = Object::closed(&[]);

fn nothing_waits(params: Params) -> Answer {
    params.read::<Value>(&NOTHING)?;
    Ok(json!([]).into())
}

pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "exec.approval.list",
        scope: Some(Scope::Approvals),
        run: |_, _, params| Box::pin(async move { nothing_waits(params) }),
    },
    Method {
        name: "plugin.approval.list",
        scope: Some(Scope::Approvals),
        run: |_, _, params| Box::pin(async move { nothing_waits(params) }),
    },
    Method {
        name: "openclaw.approval.list",
        scope: Some(Scope::Approvals),
        run: |_, _, params| Box::pin(async move { nothing_waits(params) }),
    },
];
