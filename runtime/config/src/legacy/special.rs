//! Old keys whose meaning takes more than a move.

use serde_json::{Map, Value, json};

use super::{Changes, fill_in, open, relocate};
use crate::issue::Issue;
use crate::path::Path;

/// `env.NAME` was `env.vars.NAME`.
pub(super) fn move_inline_variable(
    value: &mut Value,
    old: &Path,
    captures: &[String],
    changes: &mut Changes,
) {
    if let Some(name) = captures.first()
        && !matches!(name.as_str(), "vars" | "shellEnv")
        && old.get(value).is_some_and(Value::is_string)
    {
        relocate(value, old, &Path::of(["env", "vars", name]), changes);
    }
}

/// `identity` was that of the only agent: now of the default one.
pub(super) fn move_identity(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let is_default = |agent: &Value| agent.get("default") == Some(&Value::Bool(true));
    let list = value
        .pointer("/agents/list")
        .and_then(Value::as_array)
        .filter(|list| !list.is_empty());
    let entries = value.pointer("/agents/entries").and_then(Value::as_object);
    let agent = match (list, entries) {
        (Some(list), _) => {
            Path::of(["agents", "list"]).index(list.iter().position(is_default).unwrap_or_default())
        }
        (None, Some(entries)) => {
            let marked = entries.iter().find(|(_, agent)| is_default(agent));
            let only = entries.iter().next().filter(|_| entries.len() == 1);
            let id = marked.or(only).map_or("main", |(id, _)| id);
            Path::of(["agents", "entries", id])
        }
        (None, None) => Path::of(["agents", "entries", "main"]),
    };
    relocate(value, old, &agent.key("identity"), changes);
}

/// `agents.list` was a list of agents with ids.
pub(super) fn key_agents(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let Some(list) = old.get(value).and_then(Value::as_array).cloned() else {
        return;
    };
    old.remove(value);
    if !list.is_empty() {
        changes.note(old, "is the old spelling of agents.entries, which is keyed by id");
    }
    for (index, mut agent) in list.into_iter().enumerate() {
        let from = old.index(index);
        let id = agent.as_object_mut().and_then(|agent| agent.remove("id"));
        let Some(Value::String(id)) = id else {
            changes
                .issues
                .push(Issue::new(from, "each agent of agents.list needs an \"id\""));
            continue;
        };
        let new = Path::of(["agents", "entries", &id]);
        let Some(target) = open(value, &new) else { return };
        if target.is_null() {
            *target = agent;
        } else if !fill_in(target, agent) {
            changes.note(
                &from,
                format!("is ignored: {new} is set too, and it is the current spelling"),
            );
            continue;
        }
        changes.moves.push((from, new));
    }
}

/// `routing.groupChat.requireMention` was for all channels that had it.
pub(super) fn spread_require_mention(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let Some(required) = old.remove(value) else { return };
    let mut targets = Vec::new();
    for channel in ["whatsapp", "telegram", "imessage"] {
        // Naming a channel switches it on, so only those that are there already take part.
        if value
            .pointer("/channels")
            .is_none_or(|channels| channels.get(channel).is_none())
        {
            continue;
        }
        let new = Path::of(["channels", channel, "groups", "*", "requireMention"]);
        if let Some(target) = open(value, &new)
            && target.is_null()
        {
            *target = required.clone();
            targets.push(new.to_string());
        }
    }
    changes.note(
        old,
        match targets.as_slice() {
            [] => "has no effect: no channel that it was for is configured".to_owned(),
            targets => format!("is the old spelling of {}", targets.join(", ")),
        },
    );
}

/// WhatsApp's own reaction was `{emoji, direct, group}`.
pub(super) fn move_ack_reaction(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let Some(Value::Object(ack)) = old.get(value).cloned() else {
        return relocate(value, old, &Path::of(["messages", "ackReaction"]), changes);
    };
    old.remove(value);
    let direct = ack.get("direct").and_then(Value::as_bool).unwrap_or(true);
    let scope = match (
        direct,
        ack.get("group").and_then(Value::as_str).unwrap_or("mentions"),
    ) {
        (true, "always") => "all",
        (true, "never") => "direct",
        (false, "always") => "group-all",
        (false, "never") => "off",
        (true, _) => "all",
        (false, _) => "group-mentions",
    };
    let settings = json!({"ackReaction": ack.get("emoji"), "ackReactionScope": scope});
    let settings: Map<String, Value> = match settings {
        Value::Object(settings) => settings
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        _ => Map::new(),
    };
    if let Some(target) = open(value, &Path::of(["messages"])) {
        if target.is_null() {
            *target = Value::Object(Map::new());
        }
        fill_in(target, Value::Object(settings));
    }
    changes.note(
        old,
        "is the old spelling of messages.ackReaction and messages.ackReactionScope",
    );
}

/// A domain alone switches wide-area discovery on now.
pub(super) fn name_wide_area(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let enabled = old.remove(value) == Some(Value::Bool(true));
    let domain = Path::of(["discovery", "wideArea", "domain"]);
    if !enabled {
        domain.remove(value);
        return changes.note(old, format!("is not needed: without {domain} it is off"));
    }
    if let Some(target) = open(value, &domain)
        && target.is_null()
    {
        *target = json!("openclaw.internal.");
    }
    changes.note(old, format!("is not needed: {domain} switches it on"));
}

/// Speech settings belonged to the one provider there was.
pub(super) fn move_talk(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let provider = value
        .pointer("/talk/provider")
        .and_then(Value::as_str)
        .unwrap_or("elevenlabs")
        .to_owned();
    let key = old
        .segments()
        .last()
        .map(|segment| Path::from_iter([segment.clone()]).to_string());
    let new = Path::of(["talk", "providers", &provider]).key(&key.unwrap_or_default());
    relocate(value, old, &new, changes);
    if let Some(target) = open(value, &Path::of(["talk", "provider"]))
        && target.is_null()
    {
        *target = Value::String(provider);
    }
}

/// Models were listed per kind of media; now each says what it is for.
pub(super) fn tag_media_models(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let Some(Value::Array(models)) = old.remove(value) else {
        return;
    };
    let Some(kind) = old
        .segments()
        .get(2)
        .map(|segment| Path::from_iter([segment.clone()]).to_string())
    else {
        return;
    };
    let new = Path::of(["tools", "media", "models"]);
    let Some(target) = open(value, &new) else { return };
    if target.is_null() {
        *target = Value::Array(Vec::new());
    }
    if let Value::Array(target) = target {
        for mut model in models {
            if let Value::Object(model) = &mut model {
                model.entry("capabilities").or_insert_with(|| json!([kind]));
            }
            target.push(model);
        }
    }
    changes.note(
        old,
        format!("is the old spelling of {new} with \"capabilities\": [\"{kind}\"]"),
    );
}

/// Tools that have another name now.
pub(super) fn rename_tools(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let Some(Value::Array(names)) = old.get_mut(value) else {
        return;
    };
    for name in names {
        let new = match name.as_str() {
            Some("image") => "view_image",
            Some("cron") => "automations",
            Some("bash") => "exec",
            _ => continue,
        };
        changes.note(old, format!("{name} is the old name of the tool \"{new}\""));
        *name = Value::String(new.to_owned());
    }
}

/// Idle minutes alone meant that sessions end when idle.
pub(super) fn move_idle_minutes(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let reset = Path::of(["session", "reset"]);
    relocate(value, old, &reset.key("idleMinutes"), changes);
    if let Some(mode) = open(value, &reset.key("mode"))
        && mode.is_null()
    {
        *mode = json!("idle");
    }
}

/// Days were a number; now a duration says its unit.
pub(super) fn move_prune_days(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    if let Some(days) = old.get_mut(value)
        && days.is_number()
    {
        *days = Value::String(format!("{days}d"));
    }
    relocate(
        value,
        old,
        &Path::of(["session", "maintenance", "pruneAfter"]),
        changes,
    );
}

/// One container per session or one for all.
pub(super) fn name_scope(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let mut new = old.clone();
    new.pop();
    if let Some(flag @ Value::Bool(_)) = old.get_mut(value) {
        *flag = json!(if *flag == true { "session" } else { "shared" });
    }
    relocate(value, old, &new.key("scope"), changes);
}

/// `disabled` was the inverse of `enabled`.
pub(super) fn invert_disabled(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    let mut new = old.clone();
    new.pop();
    if let Some(Value::Bool(flag)) = old.get_mut(value) {
        *flag = !*flag;
    }
    relocate(value, old, &new.key("enabled"), changes);
}

/// Model references that name a provider which has another name now.
pub(super) fn rename_models(value: &mut Value, old: &Path, _: &[String], changes: &mut Changes) {
    // Whoever has a provider of that name means it.
    let providers = value.pointer("/models/providers");
    if ["codex", "openai-codex"]
        .iter()
        .any(|name| providers.is_some_and(|all| all.get(name).is_some()))
    {
        return;
    }
    let Some(Value::Object(agent)) = old.get_mut(value) else {
        return;
    };
    let mut renamed = Vec::new();
    for (key, value) in agent.iter_mut() {
        match (key.as_str(), value) {
            ("models", Value::Object(models)) => {
                let entries = std::mem::take(models);
                for (name, settings) in entries {
                    let name = current_model(&name)
                        .inspect(|_| renamed.push(name.clone()))
                        .unwrap_or(name);
                    models.entry(name).or_insert(settings);
                }
            }
            ("modelPolicy", value) => rename_strings(value, &mut renamed),
            (key, value) if key == "model" || key.ends_with("Model") || key == "mediaModels" => {
                rename_strings(value, &mut renamed);
            }
            ("heartbeat" | "subagents" | "compaction", Value::Object(part)) => {
                if let Some(model) = part.get_mut("model") {
                    rename_strings(model, &mut renamed);
                }
            }
            _ => {}
        }
    }
    for name in renamed {
        let new = current_model(&name).unwrap_or_default();
        changes.note(old, format!("\"{name}\" is the old name of the model \"{new}\""));
    }
}

fn current_model(name: &str) -> Option<String> {
    let model = name
        .strip_prefix("openai-codex/")
        .or_else(|| name.strip_prefix("codex/"))?;
    Some(format!("openai/{model}"))
}

fn rename_strings(value: &mut Value, renamed: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = current_model(text) {
                renamed.push(std::mem::replace(text, name));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rename_strings(value, renamed)),
        Value::Object(values) => values
            .values_mut()
            .for_each(|value| rename_strings(value, renamed)),
        _ => {}
    }
}
