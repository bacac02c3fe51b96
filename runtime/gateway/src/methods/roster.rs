//! The agents of the config, and which of them answers by default.

use openclaw_config::tree::Config;
use openclaw_config::tree::agents::Agent;

/// The agent there is when none is written out.
pub(crate) const ONLY: &str = "main";

/// The agents, read from a config.
#[derive(Clone, Copy)]
pub(crate) struct Roster<'c> {
    config: &'c Config,
}

impl<'c> Roster<'c> {
    /// Those of a config.
    pub(crate) fn of(config: &'c Config) -> Self {
        Self { config }
    }

    /// Their ids, sorted.
    pub(crate) fn ids(self) -> impl Iterator<Item = &'c str> {
        let entries = &self.config.agents.entries;
        let only = entries.is_empty().then_some(ONLY);
        entries.keys().map(String::as_str).chain(only)
    }

    /// What the config says of one.
    pub(crate) fn find(self, id: &str) -> Option<&'c Agent> {
        self.config.agents.entries.get(id)
    }

    /// Whether there is one of that id.
    pub(crate) fn is_known(self, id: &str) -> bool {
        self.ids().any(|known| known == id)
    }

    /// The one that answers what nothing assigns.
    pub(crate) fn default_id(self) -> &'c str {
        openclaw_agent::default_id(self.config)
    }

    /// The model that an agent thinks with, as the config names it.
    pub(crate) fn model(self, id: &str) -> Option<&'c str> {
        let own = self.find(id).and_then(|agent| agent.model.as_ref()?.primary());
        own.or_else(|| self.config.agents.defaults.model.as_ref()?.primary())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_roster_there_is_main() {
        let config = Config::default();
        let roster = Roster::of(&config);
        assert_eq!(roster.ids().collect::<Vec<_>>(), ["main"]);
        assert_eq!(roster.default_id(), "main");
        assert!(roster.is_known("main") && !roster.is_known("other"));
    }
}
