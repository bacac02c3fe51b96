//! `exec.approval.list`, `plugin.approval.list` and `openclaw.approval.list`: what waits for a person to allow it.
//!
//! Clients ask for all three when they connect. Only commands are asked about in this build, so that nothing waits of the
//! other two kinds.

use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::Object;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::method::{Answer, Method, Params};

const NOTHING: Object = Object::closed(&[]);

fn nothing_waits(params: Params) -> Answer {
    params.read::<Value>(&NOTHING)?;
    Ok(json!([]).into())
}

fn commands(gateway: &Gateway, params: Params) -> Answer {
    params.read::<Value>(&NOTHING)?;
    Ok(json!(super::nods::rows(gateway)).into())
}

pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "exec.approval.list",
        scope: Some(Scope::Approvals),
        run: |gateway, _, params| Box::pin(async move { commands(&gateway, params) }),
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
