//! The hello: what a client is told when it is let in.

use bytes::Bytes;
use openclaw_config::tree::Config;
use openclaw_config::tree::session::SessionScope;
use openclaw_protocol::hello::{Granted, Hello, Policy, Server, SessionDefaults, Snapshot, Suspension};
use openclaw_protocol::scope::Scope;
use openclaw_protocol::{PROTOCOL, VERSION};

use crate::connection::Connection;
use crate::gateway::Gateway;
use crate::health::default_agent;
use crate::pairing::Admitted;

/// Writes the hello for a connection.
pub(crate) fn write(gateway: &Gateway, connection: &Connection, admitted: Admitted) -> Bytes {
    let current = gateway.config().get();
    let admin = connection.grant().allows(Scope::Admin);
    let reads = connection.grant().allows(Scope::Read);
    let health = gateway.health().payload();
    let hello = Hello {
        kind: "hello-ok".to_owned(),
        protocol: PROTOCOL,
        server: Server {
            version: VERSION.to_owned(),
            boot_id: gateway.boot_id().to_owned(),
            control_ui_build_source: "configured".to_owned(),
            conn_id: connection.id().to_owned(),
        },
        features: gateway.features().clone(),
        snapshot: Snapshot {
            suspension: Suspension {
                phase: if gateway.is_draining() {
                    "draining"
                } else {
                    "accepting"
                }
                .to_owned(),
            },
            presence: if reads {
                gateway.presence().entries()
            } else {
                Vec::new()
            },
            health: serde_json::from_slice(health.json()).unwrap_or_default(),
            state_version: gateway.state_version(),
            uptime_ms: u64::try_from(gateway.uptime().as_millis()).unwrap_or_default(),
            session_defaults: Some(session_defaults(&current.config)),
            config_path: admin.then(|| current.place.config_path.to_string_lossy().into_owned()),
            state_dir: admin.then(|| current.place.state_dir.to_string_lossy().into_owned()),
            auth_mode: admin.then(|| gateway.access().credentials.mode().to_owned()),
        },
        auth: Granted {
            method: admitted.method.to_owned(),
            role: admitted.role.name().to_owned(),
            scopes: admitted.scopes,
            issued_at_ms: admitted.token.as_ref().map(|(_, at)| *at),
            device_token: admitted.token.map(|(token, _)| token),
        },
        policy: Policy::default(),
    };
    match serde_json::to_vec(&hello) {
        Ok(text) => text.into(),
        Err(fault) => {
            tracing::error!(%fault, "a hello cannot be written as JSON");
            Bytes::from_static(b"{}")
        }
    }
}

fn session_defaults(config: &Config) -> SessionDefaults {
    let default_agent_id = default_agent(config);
    let main_key = config
        .session
        .main_key
        .clone()
        .unwrap_or_else(|| "main".to_owned());
    let global = config.session.scope == SessionScope::Global;
    SessionDefaults {
        main_session_key: if global {
            "global".to_owned()
        } else {
            format!("agent:{default_agent_id}:{main_key}")
        },
        default_agent_id,
        model_configured: Some(config.agents.defaults.model.is_some()),
        main_key,
        scope: Some(if global { "global" } else { "per-sender" }.to_owned()),
    }
}
