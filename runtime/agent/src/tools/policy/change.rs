//! The command that changes a verdict.
//!
//! **Promise.** What it sets is what stands there now, changed by one entry; nothing else changes with it, unless
//! the entry that goes stood for several tools, and then it says so.

use openclaw_config::Path;
use openclaw_config::tree::sandbox::SandboxMode;
use serde_json::{Value, json};

use super::lists::{Allow, Filter, List, Origin};
use super::rule::{Effect, Layer, Rule};
use super::{Machine, Policy, Sources, Tool};

/// A command, and what should be known before it is given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// What to type.
    pub command: String,
    /// What else it does.
    pub note: Option<String>,
}

impl Change {
    fn set(path: &Path, value: &Value) -> Self {
        let value = match value {
            Value::String(word) => word.clone(),
            value => quote(&value.to_string()),
        };
        Self {
            command: format!("openclaw config set {} {value}", quote(&path.to_string())),
            note: None,
        }
    }
}

/// As a shell reads it.
fn quote(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

impl Policy {
    /// The command after which a tool that is not there is no longer refused by the rule that decided; none where
    /// the config does not decide.
    pub fn give(&self, sources: Sources<'_>, tool: &Tool<'_>, rule: &Rule) -> Option<Change> {
        match rule.layer {
            Layer::Machine => {
                let key = rule.key.as_ref()?;
                if self.subject.machine != Machine::Nowhere {
                    return Some(Change::set(&key.path, &json!("auto")));
                }
                (!self.subject.is_sandboxed).then(|| {
                    let mode = serde_json::to_value(SandboxMode::NonMain).unwrap_or_default();
                    Change {
                        note: Some("the sessions that are not the owner's then work in a sandbox".to_owned()),
                        ..Change::set(&key.path, &mode)
                    }
                })
            }
            Layer::Switch => {
                let path = &rule.key.as_ref()?.path;
                let value = match path.last_key() {
                    Some("enabled") => json!(true),
                    Some("workspaceAccess") => {
                        return Some(Change {
                            note: Some("the agent's workspace is not shown inside then".to_owned()),
                            ..Change::set(path, &json!("none"))
                        });
                    }
                    // Empty is every model.
                    _ => json!([]),
                };
                Some(Change::set(path, &value))
            }
            Layer::Owner => self.make_owner(sources, rule),
            Layer::OptIn => Some(self.list(sources, tool.name)),
            Layer::Run => None,
            _ => self.change_lists(sources, tool, rule),
        }
    }

    /// The command after which a tool that is there is not.
    pub fn take(&self, sources: Sources<'_>, tool: &Tool<'_>) -> Change {
        let agents = &sources.config.agents.entries;
        let own = agents.get(&self.subject.agent);
        let (path, deny) = match own {
            Some(agent) => (
                Path::of(["agents", "entries", &self.subject.agent, "tools", "deny"]),
                agent.tools.as_ref().and_then(|tools| tools.deny.clone()),
            ),
            None => (Path::of(["tools", "deny"]), sources.config.tools.deny.clone()),
        };
        Change::set(&path, &json!(with(deny.unwrap_or_default(), tool.name)))
    }

    fn make_owner(&self, sources: Sources<'_>, rule: &Rule) -> Option<Change> {
        let person = self.subject.sender.as_ref()?;
        let id = person.ids.first()?;
        let owners = &sources.config.commands.owner_allow_from;
        let owners = owners.iter().map(|owner| owner.as_str().to_owned()).collect();
        let owners = with(owners, &format!("{}:{id}", person.channel));
        Some(Change {
            note: Some("they are the owner then, for everything".to_owned()),
            ..Change::set(&rule.key.as_ref()?.path, &json!(owners))
        })
    }

    /// Lists a tool that waits for it, where that takes nothing else away.
    fn list(&self, sources: Sources<'_>, name: &str) -> Change {
        let tools = &sources.config.tools;
        list_at(
            &Path::of(["tools"]),
            tools.allow.as_ref(),
            tools.also_allow.as_ref(),
            name,
        )
    }

    fn change_lists(&self, sources: Sources<'_>, tool: &Tool<'_>, rule: &Rule) -> Option<Change> {
        let filter = self.filters.iter().find(|filter| filter.layer == rule.layer)?;
        let key = rule.key.as_ref()?;
        if key.is_default {
            return Some(self.widen_sandbox(sources, tool.name));
        }
        match rule.effect {
            Effect::Denied => deny_no_more(filter, &key.path),
            Effect::NotListed => {
                let Allow::Only(lists) = &filter.allow else {
                    return None;
                };
                let list = lists.first()?;
                match &list.origin {
                    Origin::Word(_) => Some(add_to_profile(sources, lists, &key.path, tool.name)),
                    _ => Some(Change::set(
                        &key.path,
                        &json!(with(list.entries.clone(), tool.name)),
                    )),
                }
            }
            Effect::Silent(_) | Effect::Allowed | Effect::Refused(_) => None,
        }
    }

    fn widen_sandbox(&self, sources: Sources<'_>, name: &str) -> Change {
        let config = sources.config;
        let agent = &self.subject.agent;
        let own = config.agents.entries.get(agent);
        let own = own.and_then(|agent| Some(&agent.tools.as_ref()?.sandbox.as_ref()?.tools));
        // Each of the agent's lists stands in place of the one for all.
        let own = own.filter(|own| own.allow.is_some() || own.also_allow.is_some());
        let (path, lists) = match own {
            Some(own) => (
                Path::of(["agents", "entries", agent, "tools", "sandbox", "tools"]),
                own,
            ),
            None => (
                Path::of(["tools", "sandbox", "tools"]),
                &config.tools.sandbox.tools,
            ),
        };
        list_at(&path, lists.allow.as_ref(), lists.also_allow.as_ref(), name)
    }
}

/// Adds a name to the list that holds: the two cannot stand beside each other.
fn list_at(path: &Path, allow: Option<&Vec<String>>, also: Option<&Vec<String>>, name: &str) -> Change {
    let (key, list) = match allow.filter(|allow| !allow.is_empty()) {
        Some(allow) => ("allow", Some(allow)),
        None => ("alsoAllow", also),
    };
    let list = list.cloned().unwrap_or_default();
    Change::set(&path.key(key), &json!(with(list, name)))
}

/// Takes an entry out of a list of refusals.
fn deny_no_more(filter: &Filter, entry: &Path) -> Option<Change> {
    let mut path = entry.clone();
    let openclaw_config::Segment::Index(at) = path.pop()? else {
        return None;
    };
    let list = filter
        .deny
        .iter()
        .find(|list| list.path.as_ref() == Some(&path))?;
    let gone = list.entries.get(at)?;
    let left: Vec<_> = list
        .entries
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != at)
        .map(|(_, entry)| entry.clone())
        .collect();
    let change = Change::set(&path, &json!(left));
    let is_wide = gone.contains('*') || gone.contains(':');
    Some(Change {
        note: is_wide.then(|| format!("\"{gone}\" stands for more than this tool")),
        ..change
    })
}

/// Adds a tool to what a profile has.
fn add_to_profile(sources: Sources<'_>, lists: &[List], profile: &Path, name: &str) -> Change {
    let mut scope = profile.clone();
    scope.pop();
    let also = lists.iter().find(|list| list.origin == Origin::Written);
    let entries = also.map(|list| list.entries.clone()).unwrap_or_default();
    let typed = serde_json::to_value(sources.config).unwrap_or_default();
    let allow = scope.key("allow").get(&typed).and_then(Value::as_array);
    if allow.is_some_and(|allow| !allow.is_empty()) {
        // `allow` and `alsoAllow` cannot stand in one scope.
        return Change {
            note: Some("what the scope's allow does not name stays away".to_owned()),
            ..Change::set(profile, &json!("full"))
        };
    }
    let path = match also.and_then(|list| list.path.clone()) {
        Some(path) => path,
        None => scope.key("alsoAllow"),
    };
    Change::set(&path, &json!(with(entries, name)))
}

fn with(mut entries: Vec<String>, name: &str) -> Vec<String> {
    entries.push(name.to_owned());
    entries
}
