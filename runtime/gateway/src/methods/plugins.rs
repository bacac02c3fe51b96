//! `plugins.*`: what is installed, what each extension may reach and did, and changing that.
//!
//! **Promise.** Whatever gives an extension more than it had takes an admin, and stands in the audit with who did it.
//! Looking starts no extension. What is changed here holds for the next call, without a restart.

mod change;
mod look;

use openclaw_policy::PluginId;
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use serde_json::json;

use crate::event::Event;
use crate::gateway::Gateway;
use crate::method::Method;

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "plugins.list",
        scope: Some(Scope::Read),
        run: |gateway, caller, params| Box::pin(look::list(gateway, caller, params)),
    },
    Method {
        name: "plugins.inspect",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(look::inspect(gateway, params)),
    },
    Method {
        name: "plugins.activity",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(look::activity(gateway, params)),
    },
    Method {
        name: "plugins.install",
        scope: Some(Scope::Admin),
        run: |gateway, caller, params| Box::pin(change::install(gateway, caller, params)),
    },
    Method {
        name: "plugins.grant",
        scope: Some(Scope::Admin),
        run: |gateway, caller, params| Box::pin(change::grant(gateway, caller, params)),
    },
    Method {
        name: "plugins.revoke",
        scope: Some(Scope::Admin),
        run: |gateway, caller, params| Box::pin(change::revoke(gateway, caller, params)),
    },
    Method {
        name: "plugins.setEnabled",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(change::set_enabled(gateway, params)),
    },
    Method {
        name: "plugins.uninstall",
        scope: Some(Scope::Admin),
        run: |gateway, caller, params| Box::pin(change::uninstall(gateway, caller, params)),
    },
];

fn id(text: &str) -> Result<PluginId, Error> {
    text.parse()
        .map_err(|error: openclaw_policy::Error| Error::invalid(error.to_string()))
}

fn missing(id: &PluginId) -> Error {
    Error::invalid(format!("no extension \"{id}\" is installed"))
}

/// What went wrong with an extension is for whoever asked.
fn told(error: &openclaw_components::Error) -> Error {
    Error::invalid(error.to_string())
}

fn tell_changed(gateway: &Gateway, id: &PluginId) {
    if let Some(event) = Event::new(
        "plugins.changed",
        &json!({ "id": id, "ts": crate::clock::now_ms() }),
    ) {
        gateway.hub().tell(&event);
    }
}
