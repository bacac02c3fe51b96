//! Which tools the config allows: the profile, then the lists of the whole gateway, then those of the agent, then those
//! for sandboxed sessions. Each layer only takes away, and a refusal comes before everything else.

use openclaw_config::tree::Config;
use openclaw_config::tree::tools::ToolProfile;
use openclaw_policy::PluginId;
use openclaw_sandbox::tools_inside;

const GROUPS: &[(&str, &[&str])] = &[
    ("group:fs", &["read", "write", "edit", "apply_patch", "ls"]),
    ("group:runtime", &["exec", "process"]),
    (
        "group:sessions",
        &[
            "sessions_list",
            "sessions_history",
            "sessions_send",
            "sessions_spawn",
            "session_status",
        ],
    ),
    (
        "group:openclaw",
        &["read", "write", "edit", "apply_patch", "ls", "session_status"],
    ),
];
const ALL_PLUGINS: &str = "group:plugins";

/// What one layer says.
struct Layer {
    /// Empty: everything.
    allow: Vec<String>,
    deny: Vec<String>,
}

/// What the config says about tools.
pub(super) struct Policy(Vec<Layer>);

impl Policy {
    pub(super) fn of(config: &Config, agent: &str, is_sandboxed: bool) -> Self {
        let tools = &config.tools;
        let own = config
            .agents
            .entries
            .get(agent)
            .and_then(|agent| agent.tools.as_ref());
        let profile = own.and_then(|own| own.profile).or(tools.profile);
        let mut base = profile.map(of_profile).unwrap_or_default();
        let more = own
            .and_then(|own| own.also_allow.as_ref())
            .or(tools.also_allow.as_ref());
        if !base.is_empty() {
            base.extend(more.into_iter().flatten().cloned());
        }
        let layer = |allow: Option<&Vec<String>>, deny: Option<&Vec<String>>| Layer {
            allow: fold(allow),
            deny: fold(deny),
        };
        let mut layers = vec![
            layer(Some(&base), None),
            layer(tools.allow.as_ref(), tools.deny.as_ref()),
        ];
        if let Some(own) = own {
            layers.push(layer(own.allow.as_ref(), own.deny.as_ref()));
        }
        if is_sandboxed {
            let (allow, deny) = tools_inside(config, agent);
            layers.push(layer(Some(&allow), Some(&deny)));
        }
        // Beside a profile or not, what is listed in addition has been named by the operator.
        layers.push(Layer {
            allow: std::iter::once("*".to_owned()).chain(fold(more)).collect(),
            deny: Vec::new(),
        });
        Self(layers)
    }

    pub(super) fn allows(&self, tool: &str, extension: Option<&PluginId>) -> bool {
        let matches = |entries: &[String]| entries.iter().any(|entry| is_about(entry, tool, extension));
        self.0
            .iter()
            .all(|layer| !matches(&layer.deny) && (layer.allow.is_empty() || matches(&layer.allow)))
    }

    /// Whether the operator listed a tool by its name or its extension's, and not only all of them.
    pub(super) fn names(&self, tool: &str, extension: &PluginId) -> bool {
        let mut entries = self.0.iter().flat_map(|layer| &layer.allow);
        entries.any(|entry| {
            !entry.contains('*') && entry != ALL_PLUGINS && is_about(entry, tool, Some(extension))
        })
    }
}

fn fold(list: Option<&Vec<String>>) -> Vec<String> {
    let entries = list.into_iter().flatten();
    let folded = entries.map(|entry| match entry.trim().to_lowercase().as_str() {
        "bash" => "exec".to_owned(),
        "apply-patch" => "apply_patch".to_owned(),
        other => other.to_owned(),
    });
    folded.collect()
}

fn of_profile(profile: ToolProfile) -> Vec<String> {
    let names: &[&str] = match profile {
        ToolProfile::Minimal => &["session_status"],
        ToolProfile::Coding => &["group:fs", "group:runtime", "group:sessions"],
        ToolProfile::Messaging => &[
            "session_status",
            "sessions_list",
            "sessions_history",
            "sessions_send",
        ],
        ToolProfile::Full => &[],
    };
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Whether an entry of a list is about a tool: by its name, a pattern, a group, or its extension.
fn is_about(entry: &str, tool: &str, extension: Option<&PluginId>) -> bool {
    let tool = tool.to_lowercase();
    if entry == ALL_PLUGINS || extension.is_some_and(|id| entry == id.as_str()) {
        return extension.is_some();
    }
    let group = GROUPS.iter().find(|(name, _)| *name == entry);
    match group {
        Some((_, members)) => extension.is_none() && members.contains(&tool.as_str()),
        None => is_like(entry, &tool),
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn is_like(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, behind)) => left = behind,
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(change: impl FnOnce(&mut Config)) -> Policy {
        let mut config = Config::default();
        change(&mut config);
        Policy::of(&config, "main", false)
    }

    fn id(text: &str) -> PluginId {
        text.parse().unwrap()
    }

    fn list(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn refusal_comes_before_everything_else() {
        let policy = policy(|config| {
            config.tools.allow = list(&["*"]);
            config.tools.deny = list(&["Calc", "wr*e"]);
        });
        assert!(policy.allows("read", None));
        assert!(!policy.allows("write", None));
        assert!(!policy.allows("calc", Some(&id("maths"))));
    }

    #[test]
    fn in_a_sandbox_there_is_what_its_lists_name() {
        let mut config = Config::default();
        let maths = id("maths");
        let usual = Policy::of(&config, "main", true);
        assert!(usual.allows("exec", None) && usual.allows("apply_patch", None));
        assert!(!usual.allows("calc", Some(&maths)) && !usual.allows("browser", None));
        config.tools.sandbox.tools.also_allow = list(&["maths", "browser"]);
        config.tools.sandbox.tools.deny = list(&["exec"]);
        let named = Policy::of(&config, "main", true);
        assert!(named.allows("calc", Some(&maths)) && named.allows("browser", None));
        assert!(!named.allows("exec", None) && Policy::of(&config, "main", false).allows("exec", None));
    }

    #[test]
    fn an_extension_and_a_group_stand_for_their_tools() {
        let maths = id("maths");
        let policy = policy(|config| config.tools.allow = list(&["group:fs", "maths"]));
        assert!(policy.allows("edit", None) && policy.allows("calc", Some(&maths)));
        assert!(!policy.allows("session_status", None));
        // An extension's tool is no member of a group of the gateway's own.
        assert!(!policy.allows("ls", Some(&id("other"))));
    }

    #[test]
    fn a_profile_is_where_lists_begin_and_additions_widen_it() {
        let maths = id("maths");
        let minimal = policy(|config| config.tools.profile = Some(ToolProfile::Minimal));
        assert!(minimal.allows("session_status", None) && !minimal.allows("read", None));
        let wider = policy(|config| {
            config.tools.profile = Some(ToolProfile::Minimal);
            config.tools.also_allow = list(&["maths"]);
        });
        assert!(wider.allows("calc", Some(&maths)) && !wider.allows("read", None));
    }

    #[test]
    fn a_tool_that_waits_to_be_listed_is_listed_by_name_or_extension_only() {
        let maths = id("maths");
        let named =
            |names: &[&str]| policy(|config| config.tools.also_allow = list(names)).names("calc", &maths);
        assert!(named(&["calc"]) && named(&["maths"]));
        assert!(!named(&["*"]) && !named(&["group:plugins"]) && !named(&["ca*"]));
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, fits) in [
            ("*", "x", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("a*", "ba", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(is_like(pattern, name), fits, "{pattern} {name}");
        }
    }
}
