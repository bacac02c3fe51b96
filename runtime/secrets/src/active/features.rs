//! Plugins, skills and features that are switched off.

use openclaw_config::Segment;
use serde_json::Value;

use super::View;

/// The plugin is off, by its entry, by the lists or by the switch of all plugins.
pub(super) fn plugin_disabled(view: &View<'_>) -> Option<&'static str> {
    let plugin = entry_of(view, "plugins")?;
    let listed = |list: &str| {
        let items = view.at(&["plugins", list]).and_then(Value::as_array)?;
        (!items.is_empty()).then(|| items.iter().any(|item| item.as_str() == Some(plugin)))
    };
    let off = view.is_off(&["plugins", "enabled"])
        || view.is_off(&["plugins", "entries", plugin, "enabled"])
        || listed("deny") == Some(true)
        || listed("allow") == Some(false);
    off.then_some("the plugin is disabled")
}

/// The skill is off.
pub(super) fn skill_disabled(view: &View<'_>) -> Option<&'static str> {
    let skill = entry_of(view, "skills")?;
    view.is_off(&["skills", "entries", skill, "enabled"])
        .then_some("the skill is disabled")
}

/// Web search is off, or another provider was chosen for it.
pub(super) fn web_search_not_selected(view: &View<'_>) -> Option<&'static str> {
    let plugin = entry_of(view, "plugins")?;
    if view.path.key_at(3) != Some("config") || view.path.key_at(4) != Some("webSearch") {
        return None;
    }
    if view.is_off(&["tools", "web", "search", "enabled"]) {
        return Some("web search is disabled");
    }
    let chosen = view.text(&["tools", "web", "search", "provider"])?;
    let other = !matches!(chosen, "" | "auto") && plugin_of_search(chosen) != plugin;
    other.then_some("another web search provider is selected")
}

/// The plugin that brings a web search provider, where their names differ.
fn plugin_of_search(provider: &str) -> &str {
    match provider {
        "gemini" => "google",
        "grok" => "xai",
        "kimi" => "moonshot",
        other => other,
    }
}

/// Memory search is off, for the agent or for all.
pub(super) fn memory_search_disabled(view: &View<'_>) -> Option<&'static str> {
    let concerned = view.path.passes("memorySearch")
        || view.path.starts_with(&["memory"])
        || (view.path.starts_with(&["agents"]) && view.path.passes("memory"));
    let section = section(view, &["memorySearch", "search"]).filter(|_| concerned)?;
    is_off(section).then_some("memory search is disabled")
}

/// Speech is off.
pub(super) fn speech_disabled(view: &View<'_>) -> Option<&'static str> {
    let section = section(view, &["tts"])?;
    let auto_off = section.get("auto").and_then(Value::as_str) == Some("off");
    (is_off(section) || auto_off).then_some("speech is disabled")
}

/// The media tool is off.
pub(super) fn media_disabled(view: &View<'_>) -> Option<&'static str> {
    let kind = view
        .path
        .starts_with(&["tools", "media"])
        .then(|| view.path.key_at(2))??;
    let off =
        view.is_off(&["tools", "media", "enabled"]) || view.is_off(&["tools", "media", kind, "enabled"]);
    off.then_some("the media tool is disabled")
}

/// The scheduler is off.
pub(super) fn cron_disabled(view: &View<'_>) -> Option<&'static str> {
    let concerned = view.path.starts_with(&["cron"]);
    (concerned && view.is_off(&["cron", "enabled"])).then_some("cron is disabled")
}

fn entry_of<'a>(view: &View<'a>, section: &str) -> Option<&'a str> {
    view.path
        .starts_with(&[section, "entries"])
        .then(|| view.path.key_at(2))?
}

/// The object that the path enters by one of these names.
fn section<'a>(view: &View<'a>, names: &[&str]) -> Option<&'a Value> {
    let mut value = view.source;
    for step in view.path.segments() {
        value = step.get(value)?;
        if matches!(step, Segment::Key(key) if names.contains(&key.as_str())) {
            return Some(value);
        }
    }
    None
}

fn is_off(section: &Value) -> bool {
    section.get("enabled").and_then(Value::as_bool) == Some(false)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::active::tests::reason;

    fn brave(plugins: Value, tools: Value) -> Option<&'static str> {
        let mut plugins = plugins;
        plugins["entries"]["brave"]["config"]["webSearch"]["apiKey"] = json!("${K}");
        reason(
            &json!({"plugins": plugins, "tools": tools}),
            "plugins.entries.*.config.webSearch.apiKey",
        )
    }

    #[test]
    fn a_plugin_can_be_off_in_four_ways() {
        assert_eq!(brave(json!({"allow": ["brave"], "deny": []}), json!({})), None);
        for off in [
            json!({"enabled": false}),
            json!({"entries": {"brave": {"enabled": false}}}),
            json!({"deny": ["brave"]}),
            json!({"allow": ["exa"]}),
        ] {
            assert!(brave(off.clone(), json!({})).is_some(), "{off}");
        }
    }

    #[test]
    fn only_the_selected_web_search_needs_its_key() {
        let with = |search: Value| brave(json!({}), json!({"web": {"search": search}}));
        assert_eq!(with(json!({})), None);
        assert_eq!(with(json!({"provider": "brave"})), None);
        assert_eq!(with(json!({"provider": "auto"})), None);
        assert!(with(json!({"provider": "exa"})).is_some());
        assert!(with(json!({"enabled": false})).is_some());
        let grok = json!({
            "plugins": {"entries": {"xai": {"config": {"webSearch": {"apiKey": "${K}"}}}}},
            "tools": {"web": {"search": {"provider": "grok"}}},
        });
        assert_eq!(reason(&grok, "plugins.entries.*.config.webSearch.apiKey"), None);
    }

    #[test]
    fn a_switch_beside_the_secret_turns_it_off() {
        let body = |on: bool| {
            json!({
                "skills": {"entries": {"s": {"enabled": on, "apiKey": "${K}"}}},
                "memory": {"search": {"enabled": on, "remote": {"apiKey": "${K}"}}},
                "agents": {
                    "defaults": {"memorySearch": {"enabled": on, "remote": {"apiKey": "${K}"}}},
                    "entries": {"a": {"memory": {"search": {"enabled": on, "remote": {"apiKey": "${K}"}}}}},
                },
                "messages": {"tts": {"enabled": on, "providers": {"p": {"apiKey": "${K}"}}}},
                "tools": {"media": {"image": {"enabled": on, "request": {"auth": {"token": "${K}"}}}}},
                "cron": {"enabled": on, "webhookToken": "${K}"},
            })
        };
        for pattern in [
            "skills.entries.*.apiKey",
            "memory.search.remote.apiKey",
            "agents.defaults.memorySearch.remote.apiKey",
            "agents.entries.*.memory.search.remote.apiKey",
            "messages.tts.providers.*.apiKey",
            "tools.media.*.request.auth.token",
            "cron.webhookToken",
        ] {
            assert_eq!(reason(&body(true), pattern), None, "{pattern}");
            assert!(reason(&body(false), pattern).is_some(), "{pattern}");
        }
    }

    #[test]
    fn speech_that_never_speaks_needs_no_key() {
        let source = json!({"messages": {"tts": {"auto": "off", "providers": {"p": {"apiKey": "${K}"}}}}});
        assert!(reason(&source, "messages.tts.providers.*.apiKey").is_some());
    }
}
