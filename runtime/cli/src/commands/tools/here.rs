//! Which tools a session has, from the config and the state, without a gateway.
//!
//! **Promise.** The same code decides as in the gateway. Of extensions there are those that have a grant and are not
//! switched off; whether their component still runs is not tried.

use openclaw_agent::session::Key;
use openclaw_agent::{Explanation, Question, default_id, is_known};
use openclaw_components::ToolSpec;
use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_policy::PluginId;
use openclaw_state::View;
use serde_json::Value;

use crate::args::OfSession;
use crate::commands::plugins::{Extensions, has_grant, is_off};
use crate::failure::Failure;
use crate::fields::Fields as _;

/// A session, and what decides of its tools.
pub(crate) struct Found {
    /// The config.
    pub(crate) snapshot: Snapshot<Config>,
    /// The session.
    pub(crate) key: Key,
    /// Its agent.
    pub(crate) agent: String,
    /// What was decided.
    pub(crate) explanation: Explanation,
}

/// Tells of one tool, or of all.
pub(super) fn explain(extensions: &Extensions, name: Option<&str>, of: &OfSession) -> Result<Value, Failure> {
    let explanation = find(extensions, &of.session, of.agent.as_deref())?.explanation;
    Ok(match name {
        Some(name) => explanation.of_tool(name),
        None => explanation.to_value(),
    })
}

/// Decides of the tools of a session.
pub(crate) fn find(extensions: &Extensions, session: &str, agent: Option<&str>) -> Result<Found, Failure> {
    let snapshot = extensions.context.load()?;
    let config = &snapshot.config;
    let named = agent.map(|id| id.trim().to_ascii_lowercase());
    let meant = named.as_deref().unwrap_or_else(|| default_id(config));
    let key = Key::parse(session, meant).map_err(|error| Failure::negative(error.to_string()))?;
    let agent = key.agent().unwrap_or(meant).to_owned();
    if !is_known(config, &agent) {
        return Err(Failure::negative(format!(
            "unknown agent id \"{}\"; the agents are under agents.entries in the config",
            agent.escape_debug()
        )));
    }
    if named.is_some_and(|named| named != agent) {
        return Err(Failure::negative(format!(
            "--agent does not match the session, which belongs to {agent}"
        )));
    }
    let entry = session_entry(extensions, &key)?;
    let chosen = chosen_model(&entry);
    let explanation = Explanation::of(&Question {
        sources: (&*snapshot).into(),
        key: &key,
        agent: &agent,
        model: chosen
            .as_ref()
            .map(|(provider, id)| (provider.as_str(), id.as_str())),
        extensions: &tools(extensions, &snapshot)?,
        has_shell: true,
        elevated: entry.as_object().and_then(openclaw_agent::elevated::set_in),
    });
    Ok(Found {
        snapshot,
        key,
        agent,
        explanation,
    })
}

/// The tools of extensions that a gateway would enable.
fn tools(extensions: &Extensions, snapshot: &Snapshot<Config>) -> Result<Vec<(PluginId, ToolSpec)>, Failure> {
    let mut found = Vec::new();
    for id in extensions.packages.list()? {
        let Ok(Some(installed)) = extensions.packages.find(&id) else {
            continue;
        };
        if is_off(snapshot, &id).is_none() && has_grant(extensions, &installed)? {
            found.extend(installed.tools.into_iter().map(|tool| (id.clone(), tool)));
        }
    }
    Ok(found)
}

/// What is kept of the session.
fn session_entry(extensions: &Extensions, key: &Key) -> Result<Value, Failure> {
    let key = key.to_string();
    let session = extensions.look_into_state(move |view: &View<'_>| view.session(&key))?;
    let entry = session.flatten().map(|session| session.entry);
    Ok(entry
        .and_then(|entry| serde_json::from_str(&entry).ok())
        .unwrap_or_default())
}

/// The model that the session was set to.
fn chosen_model(entry: &Value) -> Option<(String, String)> {
    let (provider, model) = (entry.text("providerOverride"), entry.text("modelOverride"));
    match (provider, model) {
        (_, "") => None,
        ("", model) => model
            .split_once('/')
            .map(|(provider, id)| (provider.to_owned(), id.to_owned())),
        (provider, model) => Some((provider.to_owned(), model.to_owned())),
    }
}
