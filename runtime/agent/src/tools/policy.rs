//! Which tools a turn has, and which rule decided.
//!
//! **Promise.** A tool passes every layer or is not there. A layer only takes away: none gives back what one before
//! it took, and in each of them a refusal comes before everything else. The verdict names the layer, the key of the
//! config and the entry that decided. The same config and the same turn make the same verdict.
//! **Bound.** The lists of the config. **Cost.** A walk over them for each tool; nothing is read and nothing waits.

mod change;
mod layers;
mod lists;
mod names;
mod rooms;
mod rule;
mod sandbox;
mod senders;
mod subject;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use openclaw_config::tree::Config;
use openclaw_config::{Loaded, Path};
use openclaw_policy::PluginId;
use parking_lot::Mutex;
use serde_json::Value;

use lists::Filter;

pub use change::Change;
pub use layers::profiles_of;
pub use names::{fold, group_of, lists};
pub use rule::{Effect, Key, Layer, Rule, Verdict};
pub use sandbox::{SandboxTools, Source};
pub(crate) use senders::{is_called, is_id, is_number};
pub use subject::{Machine, Person, Room, Subagent, Subject, sandbox_mode};

/// The most entries that are warned of.
const WARNED: usize = 1000;

/// What the config says, as far as policies go.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The config.
    pub config: &'a Config,
    /// What it has under `channels`, as it is written: every channel spells its groups in its own way.
    pub channels: &'a Value,
}

impl<'a> From<&'a Loaded<Config>> for Sources<'a> {
    fn from(loaded: &'a Loaded<Config>) -> Self {
        Self {
            config: &loaded.config,
            channels: loaded.source.get("channels").unwrap_or(&Value::Null),
        }
    }
}

/// Which key says where the commands of an agent run.
fn host_key(config: &Config, agent: &str) -> Key {
    let own = config.agents.entries.get(agent);
    let own = own.and_then(|agent| agent.tools.as_ref()?.exec.as_ref()?.host);
    let path = match own {
        Some(_) => Path::of(["agents", "entries", agent, "tools", "exec", "host"]),
        None => Path::of(["tools", "exec", "host"]),
    };
    Key {
        path,
        is_default: false,
    }
}

/// A tool, as far as it decides who has it.
#[derive(Clone, Copy, Debug)]
pub struct Tool<'a> {
    /// Its name.
    pub name: &'a str,
    /// The extension that it comes from; none for the gateway's own.
    pub extension: Option<&'a PluginId>,
    /// Whether it is kept for the owner.
    pub is_owner_only: bool,
    /// Whether it is not there until the operator lists it.
    pub is_opt_in: bool,
    /// What it works with.
    pub needs: Need,
}

/// What a tool works with besides its arguments.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Need {
    /// Nothing.
    #[default]
    Nothing,
    /// Files.
    Files,
    /// Commands.
    Commands,
}

/// Which tools a turn has.
#[derive(Clone, Debug)]
pub struct Policy {
    subject: Subject,
    /// One for each layer of lists, in their order.
    filters: Vec<Filter>,
    /// What says which sessions are sandboxed.
    mode: Key,
    mode_word: &'static str,
    /// What says where commands run.
    host: Key,
    /// What keeps `apply_patch` away.
    patch: Option<Rule>,
    /// What keeps the tools away that change files.
    lent: Option<Rule>,
}

impl Policy {
    /// The policy of a turn.
    pub fn of(sources: Sources<'_>, subject: Subject) -> Self {
        let (mode, is_own) = sandbox_mode(sources.config, &subject.agent);
        let path = match is_own {
            true => Path::of(["agents", "entries", &subject.agent, "sandbox", "mode"]),
            false => Path::of(["agents", "defaults", "sandbox", "mode"]),
        };
        let is_set = is_own || sources.config.agents.defaults.sandbox.mode.is_some();
        Self {
            filters: layers::all(sources, &subject),
            patch: layers::patch(sources.config, &subject),
            lent: layers::lent(sources.config, &subject),
            host: host_key(sources.config, &subject.agent),
            subject,
            mode: Key {
                path,
                is_default: !is_set,
            },
            mode_word: layers::mode_word(mode),
        }
    }

    /// For whom it decides.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether the lists let a tool pass.
    pub fn decide(&self, tool: &str, extension: Option<&PluginId>) -> Verdict {
        Verdict::of(self.filters.iter().map(|filter| filter.rule(tool, extension)))
    }

    /// Whether a turn has a tool.
    pub fn judge(&self, tool: &Tool<'_>) -> Verdict {
        Verdict::of(self.rules(tool))
    }

    /// What each layer says about a tool, in their order.
    pub fn rules<'a>(&'a self, tool: &'a Tool<'a>) -> impl Iterator<Item = Rule> + 'a {
        let gates = [
            self.machine(tool),
            self.switch(tool),
            self.owner(tool),
            self.opt_in(tool),
        ];
        let lists = self
            .filters
            .iter()
            .map(|filter| filter.rule(tool.name, tool.extension));
        gates.into_iter().chain(lists)
    }

    fn machine(&self, tool: &Tool<'_>) -> Rule {
        let subject = &self.subject;
        let at = match tool.needs {
            Need::Nothing => return Rule::silent(Layer::Machine, "it needs no machine"),
            Need::Files => subject.machine,
            Need::Commands => subject.commands,
        };
        match at {
            Machine::Host => Rule::silent(Layer::Machine, "it runs on the gateway's machine"),
            Machine::Sandbox => Rule::silent(Layer::Machine, "it runs in the session's sandbox"),
            // Files have a place, and commands have none: that is for the rules of commands.
            Machine::Nowhere if subject.machine != Machine::Nowhere => Rule {
                layer: Layer::Machine,
                key: Some(self.host.clone()),
                entry: None,
                effect: Effect::Refused("commands of this session do not run where they are configured to"),
            },
            Machine::Nowhere => Rule {
                layer: Layer::Machine,
                key: Some(self.mode.clone()),
                entry: Some(self.mode_word.to_owned()),
                effect: Effect::Refused(
                    "it needs a machine, and a session that is neither the owner's main session nor sandboxed has none",
                ),
            },
        }
    }

    fn switch(&self, tool: &Tool<'_>) -> Rule {
        let name = fold(tool.name);
        let is = |names: &[&str]| tool.extension.is_none() && names.contains(&name.as_str());
        let patch = self.patch.as_ref().filter(|_| is(&["apply_patch"]));
        let lent = self
            .lent
            .as_ref()
            .filter(|_| is(&["write", "edit", "apply_patch"]));
        patch
            .or(lent)
            .cloned()
            .unwrap_or_else(|| Rule::silent(Layer::Switch, "nothing switches it off"))
    }

    fn owner(&self, tool: &Tool<'_>) -> Rule {
        let is_kept = tool.is_owner_only || (tool.extension.is_none() && layers::is_for_owner(tool.name));
        match (is_kept, self.subject.is_owner) {
            (false, _) => Rule::silent(Layer::Owner, "it is for everybody"),
            (true, true) => Rule::silent(Layer::Owner, "it is for the owner, who asks"),
            (true, false) => Rule {
                layer: Layer::Owner,
                key: Some(Key {
                    path: Path::of(["commands", "ownerAllowFrom"]),
                    is_default: false,
                }),
                entry: None,
                effect: Effect::Refused("it is for the owner, and whoever writes is not"),
            },
        }
    }

    fn opt_in(&self, tool: &Tool<'_>) -> Rule {
        if !tool.is_opt_in {
            return Rule::silent(Layer::OptIn, "it does not wait to be listed");
        }
        match self.names(tool.name, tool.extension) {
            true => Rule::silent(Layer::OptIn, "it waits to be listed, and is"),
            false => Rule {
                layer: Layer::OptIn,
                key: None,
                entry: None,
                effect: Effect::Refused("it waits to be listed by its name or its extension's, and is not"),
            },
        }
    }

    /// Whether the operator listed a tool by its name or its extension's, and not only all of them.
    fn names(&self, tool: &str, extension: Option<&PluginId>) -> bool {
        let mut lists = self.filters.iter().flat_map(Filter::written);
        lists.any(|list| {
            list.entries.iter().any(|entry| {
                let entry = fold(entry);
                !entry.contains('*')
                    && entry != names::ALL_PLUGINS
                    && names::is_about(&entry, tool, extension)
            })
        })
    }

    /// Entries of lists of allowed tools that name nothing: no tool that OpenClaw knows, none of these, and none of
    /// their extensions.
    pub fn unknown<'a>(&'a self, tools: &[Tool<'_>]) -> Vec<(Path, &'a str)> {
        let is_known = |entry: &str| {
            names::is_known(entry)
                || tools
                    .iter()
                    .any(|tool| names::is_about(entry, tool.name, tool.extension))
        };
        let mut found = Vec::new();
        for list in self.filters.iter().flat_map(Filter::written) {
            let Some(path) = &list.path else { continue };
            for (index, entry) in list.entries.iter().enumerate() {
                if !is_known(&fold(entry)) {
                    found.push((path.index(index), entry.as_str()));
                }
            }
        }
        found
    }

    /// Says in the log, once for each, which entries name nothing.
    pub(crate) fn warn(&self, tools: &[Tool<'_>]) {
        static SAID: LazyLock<Mutex<BTreeSet<(String, String)>>> = LazyLock::new(Mutex::default);
        for (path, entry) in self.unknown(tools) {
            let mut said = SAID.lock();
            if said.len() < WARNED && said.insert((path.to_string(), entry.to_owned())) {
                tracing::warn!(key = %path, entry, "a list of tools names one that is not there; it is passed over");
            }
        }
    }
}
