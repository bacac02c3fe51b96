//! Which tools there are in sandboxed sessions.

use openclaw_config::Path;
use openclaw_config::tree::Config;
use openclaw_config::tree::channels::PLATFORMS;
use openclaw_config::tree::tools::SandboxToolLists;

use super::lists::{Allow, Filter, List};
use super::names::{fold, is_about};
use super::rule::Layer;

/// What there is where nobody says otherwise.
const ALLOW: &[&str] = &[
    "exec",
    "process",
    "read",
    "write",
    "edit",
    "apply_patch",
    "ls",
    "grep",
    "find",
    IMAGE,
    "sessions_list",
    "sessions_history",
    "sessions_search",
    "sessions_send",
    "sessions_spawn",
    "sessions_yield",
    "subagents",
    "session_status",
];
/// What there is not, beside every channel's own tool.
const DENY: &[&str] = &[
    "browser",
    "canvas",
    "computer",
    "mobile_ui",
    "nodes",
    "automations",
    "gateway",
];
/// What every list of allowed tools gains.
const IMAGE: &str = "view_image";

/// Who wrote the list that holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// The agent's settings.
    Agent,
    /// The settings of the whole gateway.
    Global,
    /// Nobody.
    Default,
}

impl Source {
    /// Its name for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Global => "global",
            Self::Default => "default",
        }
    }
}

/// The lists that hold in the sandboxed sessions of an agent.
#[derive(Clone, Debug)]
pub struct SandboxTools {
    /// What there is; empty: everything that is not denied.
    pub allow: Vec<String>,
    /// Who says so.
    pub allow_source: Source,
    /// Where.
    pub allow_key: Path,
    /// What there is not.
    pub deny: Vec<String>,
    /// Who says so.
    pub deny_source: Source,
    /// Where.
    pub deny_key: Path,
    filter: Filter,
}

impl SandboxTools {
    /// The lists of an agent. Each of its own stands in place of the one for the whole gateway.
    pub fn of(config: &Config, agent: &str) -> Self {
        let shared = Side {
            path: Path::of(["tools", "sandbox", "tools"]),
            lists: Some(&config.tools.sandbox.tools),
            source: Source::Global,
        };
        let own = config
            .agents
            .entries
            .get(agent)
            .and_then(|agent| agent.tools.as_ref());
        let own = Side {
            path: Path::of(["agents", "entries", agent, "tools", "sandbox", "tools"]),
            lists: own
                .and_then(|tools| tools.sandbox.as_ref())
                .map(|sandbox| &sandbox.tools),
            source: Source::Agent,
        };
        let pick = |key: &str, take: fn(&SandboxToolLists) -> Option<&Vec<String>>| {
            [&own, &shared].into_iter().find_map(|side| {
                let entries = take(side.lists?)?;
                Some((List::written(side.path.key(key), entries), side.source))
            })
        };
        let allow = pick("allow", |lists| lists.allow.as_ref());
        let also = pick("alsoAllow", |lists| lists.also_allow.as_ref());
        let deny = pick("deny", |lists| lists.deny.as_ref());
        let written: Vec<String> = [&allow, &also]
            .into_iter()
            .flatten()
            .flat_map(|(list, _)| list.entries.iter().map(|entry| fold(entry)))
            .collect();
        let allow_source = also
            .as_ref()
            .or(allow.as_ref())
            .map_or(Source::Default, |(_, source)| *source);
        let allow_key = also
            .as_ref()
            .or(allow.as_ref())
            .and_then(|(list, _)| list.path.clone())
            .unwrap_or_else(|| shared.path.key("allow"));
        let base = allow.map(|(list, _)| list).unwrap_or_else(|| {
            let names = ALLOW.iter().map(|&name| name.to_owned()).collect();
            List::default_of(shared.path.key("allow"), names)
        });
        let mut allowed = vec![base];
        allowed.extend(also.map(|(list, _)| list));
        let allow = match Allow::of(allowed) {
            Allow::Only(mut lists) => {
                let has_image = lists
                    .iter()
                    .flat_map(|list| &list.entries)
                    .any(|entry| is_about(&fold(entry), IMAGE, None));
                if !has_image {
                    lists.push(List::default_of(shared.path.key("allow"), vec![IMAGE.to_owned()]));
                }
                Allow::Only(lists)
            }
            everything => everything,
        };
        let (deny, deny_source) = deny.unwrap_or_else(|| {
            let names = denied(config)
                .into_iter()
                .filter(|name| !written.iter().any(|entry| is_about(entry, name, None)))
                .collect();
            (List::default_of(shared.path.key("deny"), names), Source::Default)
        });
        Self {
            allow: match &allow {
                Allow::Everything => Vec::new(),
                Allow::Only(lists) => lists.iter().flat_map(|list| list.entries.clone()).collect(),
            },
            allow_source,
            allow_key,
            deny: deny.entries.clone(),
            deny_source,
            deny_key: deny.path.clone().unwrap_or_default(),
            filter: Filter {
                layer: Layer::Sandbox,
                allow,
                deny: vec![deny],
                named: Vec::new(),
                silence: "the list of sandboxed sessions is empty, which is everything",
            },
        }
    }

    pub(super) fn into_filter(self) -> Filter {
        self.filter
    }
}

struct Side<'a> {
    path: Path,
    lists: Option<&'a SandboxToolLists>,
    source: Source,
}

/// What there is not: the tools that leave the sandbox, and every channel's own.
fn denied(config: &Config) -> Vec<String> {
    let channels = PLATFORMS.iter().map(|&name| name.to_owned());
    let others = config.channels.others.keys().map(|name| name.to_lowercase());
    let tools = DENY.iter().map(|&name| name.to_owned());
    tools.chain(channels).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(tools: serde_json::Value) -> Config {
        serde_json::from_value(serde_json::json!({ "tools": {"sandbox": {"tools": tools}} })).unwrap()
    }

    #[test]
    fn without_a_word_there_are_commands_files_sessions_and_images() {
        let tools = SandboxTools::of(&Config::default(), "main");
        let filter = tools.filter;
        let passes = |name: &str| filter.rule(name, None).passes();
        assert!(
            ["bash", "read", "apply_patch", "grep", "image", "session_status"]
                .iter()
                .all(|name| passes(name))
        );
        assert!(
            ["browser", "cron", "gateway", "telegram", "memory_search"]
                .iter()
                .all(|name| !passes(name))
        );
        assert_eq!(
            filter.rule("cron", None).to_string(),
            "tools.sandbox.tools.deny (default) = \"automations\" denies it"
        );
        assert_eq!(
            filter.rule("memory_search", None).to_string(),
            "tools.sandbox.tools.allow (default) does not have it"
        );
    }

    #[test]
    fn what_is_allowed_by_name_is_no_longer_denied_by_default() {
        let config = config(serde_json::json!({"alsoAllow": ["group:ui", "Cron"]}));
        let tools = SandboxTools::of(&config, "main");
        assert!(
            tools.filter.rule("browser", None).passes() && tools.filter.rule("automations", None).passes()
        );
        assert!(!tools.filter.rule("nodes", None).passes());
        assert_eq!(
            (tools.allow_source, tools.deny_source),
            (Source::Global, Source::Default)
        );
    }

    #[test]
    fn a_list_of_refusals_is_taken_as_it_is_and_an_empty_list_of_tools_is_all() {
        let config = config(serde_json::json!({"allow": [], "deny": ["exec"]}));
        let filter = SandboxTools::of(&config, "main").filter;
        assert!(filter.rule("browser", None).passes() && filter.rule("anything", None).passes());
        assert!(!filter.rule("exec", None).passes());
    }

    #[test]
    fn every_list_of_tools_has_images_unless_they_are_denied() {
        let allowed = config(serde_json::json!({"allow": ["exec"]}));
        let filter = SandboxTools::of(&allowed, "main").filter;
        assert!(filter.rule("view_image", None).passes() && !filter.rule("read", None).passes());
        let denied = config(serde_json::json!({"allow": ["exec"], "deny": ["image"]}));
        assert!(
            !SandboxTools::of(&denied, "main")
                .filter
                .rule("view_image", None)
                .passes()
        );
    }

    #[test]
    fn an_agents_list_stands_in_place_of_the_shared_one_and_leaves_the_others() {
        let mut config = config(serde_json::json!({"allow": ["exec"], "deny": ["read"]}));
        let own = serde_json::json!({"sandbox": {"tools": {"allow": ["read", "write"]}}});
        let agent = config.agents.entries.entry("work".to_owned()).or_default();
        agent.tools = Some(serde_json::from_value(own).unwrap());
        let tools = SandboxTools::of(&config, "work");
        assert_eq!(
            (tools.allow_source, tools.deny_source),
            (Source::Agent, Source::Global)
        );
        let passes = |name: &str| tools.filter.rule(name, None).passes();
        assert_eq!(
            [passes("write"), passes("read"), passes("exec")],
            [true, false, false]
        );
    }
}
