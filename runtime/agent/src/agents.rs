//! Which agents there are, and what one is configured with.

use openclaw_config::tree::Config;

/// The agent that answers when no other is named: the one marked so, else `main`, else the only one, else the first.
pub fn default_id(config: &Config) -> &str {
    let entries = &config.agents.entries;
    let marked = entries.iter().find(|(_, agent)| agent.default);
    match marked {
        Some((id, _)) => id,
        None if entries.contains_key("main") => "main",
        None => entries.keys().next().map_or("main", String::as_str),
    }
}

/// Whether an agent is there. Where none is configured, `main` is.
pub fn is_known(config: &Config, agent: &str) -> bool {
    config.agents.entries.contains_key(agent) || default_id(config) == agent
}
