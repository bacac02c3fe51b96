//! `health`: how the gateway fares, for whoever is connected.

use std::sync::Arc;

use crate::gateway::Gateway;
use crate::health::refresh;
use crate::method::{Answer, Method, Params};

pub(crate) const METHODS: &[Method] = &[Method {
    name: "health",
    scope: None,
    run: |gateway, _, params| Box::pin(health(gateway, params)),
}];

/// Takes whatever else a client sends along, as OpenClaw's gateway does here.
async fn health(gateway: Arc<Gateway>, params: Params) -> Answer {
    let probe = params.into_value().get("probe") == Some(&true.into());
    if probe || !gateway.health().is_fresh() {
        Ok(refresh(&gateway, probe).await)
    } else {
        Ok(gateway.health().payload())
    }
}
