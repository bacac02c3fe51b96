//! `health`: how the gateway fares, for whoever is connected.

use std::sync::Arc;

use openclaw_protocol::scope::Scope;

use crate::gateway::Gateway;
use crate::health::refresh;
use crate::method::{Answer, Caller, Method, Params};

pub(crate) const METHODS: &[Method] = &[Method {
    name: "health",
    scope: None,
    run: |gateway, caller, params| Box::pin(health(gateway, caller, params)),
}];

/// Takes whatever else a client sends along, as OpenClaw's gateway does here. Channels are asked live only for who may
/// read: that takes long.
async fn health(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let probe = caller.grant().allows(Scope::Read) && params.into_value().get("probe") == Some(&true.into());
    if probe || !gateway.health().is_fresh() {
        Ok(refresh(&gateway, probe).await)
    } else {
        Ok(gateway.health().payload())
    }
}
