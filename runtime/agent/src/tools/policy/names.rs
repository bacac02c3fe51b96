//! Names of tools: the one spelling of each, and what stands for many of them.
//!
//! **Promise.** Older and newer names of one tool are the same tool, in lists as in calls. A group has only tools of
//! the gateway's own, so that no extension becomes a member by choosing a name. **Cost.** A walk over small tables.

use openclaw_policy::PluginId;

/// The tools of extensions, as one entry.
pub(super) const ALL_PLUGINS: &str = "group:plugins";
/// The gateway's own tools, as one entry.
const ALL_OWN: &str = "group:openclaw";

/// Other spellings, and the one that counts.
const ALIASES: &[(&str, &str)] = &[
    ("bash", "exec"),
    ("apply-patch", "apply_patch"),
    ("cron", "automations"),
    ("image", "view_image"),
    ("update_plan", "progress_card"),
];

/// Groups and their members.
pub(super) const GROUPS: &[(&str, &[&str])] = &[
    (
        "group:fs",
        &["read", "write", "edit", "apply_patch", "ls", "grep", "find"],
    ),
    ("group:runtime", &["exec", "process", "code_execution", "secrets"]),
    (
        "group:sessions",
        &[
            "sessions",
            "sessions_list",
            "sessions_history",
            "sessions_search",
            "sessions_send",
            "sessions_spawn",
            "sessions_yield",
            "session_status",
            "subagents",
            "conversations_list",
            "conversations_send",
            "conversations_turn",
            "suggest_task",
            "dismiss_task",
            "agents_wait",
        ],
    ),
    ("group:memory", &["memory_search", "memory_get"]),
    ("group:web", &["web_search", "web_fetch", "x_search"]),
    (
        "group:ui",
        &[
            "browser",
            "canvas",
            "screen",
            "theme",
            "dashboard",
            "terminal",
            "portal",
            "show_widget",
        ],
    ),
    (
        "group:automation",
        &[
            "automations",
            "gateway",
            "heartbeat_respond",
            "plugins",
            "openclaw",
        ],
    ),
    ("group:messaging", &["message"]),
    ("group:nodes", &["nodes", "computer", "mobile_ui"]),
    (
        "group:agents",
        &[
            "agents_list",
            "get_goal",
            "create_goal",
            "update_goal",
            "progress_card",
            "ask_user",
            "skill_workshop",
        ],
    ),
    (
        "group:media",
        &[
            "view_image",
            "image_generate",
            "music_generate",
            "video_generate",
            "tts",
            "pdf",
        ],
    ),
];

/// A name in its one spelling.
pub fn fold(name: &str) -> String {
    let name = name.trim().to_lowercase();
    let alias = ALIASES.iter().find(|(other, _)| *other == name);
    alias.map_or(name, |(_, own)| (*own).to_owned())
}

/// Whether an entry, folded, is about a tool: by its name, a pattern, a group, or its extension.
pub(super) fn is_about(entry: &str, tool: &str, extension: Option<&PluginId>) -> bool {
    if entry == ALL_PLUGINS {
        return extension.is_some();
    }
    if entry == ALL_OWN {
        return extension.is_none();
    }
    if extension.is_some_and(|id| entry == id.as_str()) {
        return true;
    }
    let tool = fold(tool);
    match GROUPS.iter().find(|(name, _)| *name == entry) {
        Some((_, members)) => extension.is_none() && members.contains(&tool.as_str()),
        // A pattern is about a tool under its older names too, but not under words that were only ever typed for it.
        None => is_like(entry, &tool) || (tool == "automations" && is_like(entry, "cron")),
    }
}

/// Whether an entry of a list, as people write it, is about a tool.
pub fn lists(entry: &str, tool: &str, extension: Option<&PluginId>) -> bool {
    is_about(&fold(entry), tool, extension)
}

/// The group that a tool of the gateway's own belongs to.
pub fn group_of(tool: &str) -> Option<&'static str> {
    let tool = fold(tool);
    let found = GROUPS
        .iter()
        .find(|(_, members)| members.contains(&tool.as_str()));
    found.map(|(name, _)| *name)
}

/// Whether an entry, folded, is a name that OpenClaw knows, a group or a pattern.
pub(super) fn is_known(entry: &str) -> bool {
    entry.contains('*')
        || [ALL_PLUGINS, ALL_OWN, "bundle-mcp"].contains(&entry)
        || GROUPS
            .iter()
            .any(|(name, members)| *name == entry || members.contains(&entry))
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

    fn about(entry: &str, tool: &str) -> bool {
        is_about(&fold(entry), tool, None)
    }

    #[test]
    fn older_and_newer_names_are_one_tool() {
        for (entry, tool) in [
            ("bash", "exec"),
            (" Apply-Patch ", "apply_patch"),
            ("cron", "automations"),
            ("automations", "cron"),
            ("cr*", "automations"),
            ("image", "view_image"),
            ("group:automation", "cron"),
        ] {
            assert!(about(entry, tool), "{entry} {tool}");
        }
        // Whoever refuses `b*` means the browser, and not commands.
        assert!(about("b*", "browser") && !about("b*", "exec"));
    }

    #[test]
    fn an_extension_never_becomes_a_member_of_a_group_by_a_name() {
        let other: PluginId = "other".parse().unwrap();
        assert!(!is_about("group:fs", "ls", Some(&other)));
        assert!(!is_about("group:openclaw", "ls", Some(&other)));
        assert!(is_about("group:plugins", "ls", Some(&other)) && is_about("other", "ls", Some(&other)));
        assert!(about("group:openclaw", "ls") && !about("group:plugins", "ls"));
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
