//! Key material of the ssh sandbox, while nothing is sandboxed by ssh.

use serde_json::Value;

use super::View;
use openclaw_config::Segment;

/// `sandbox.ssh.*` unless the backend is ssh and the mode is not off, for this agent or, for the defaults, for anyone.
pub(super) fn ssh_unused(view: &View<'_>) -> Option<&'static str> {
    let concerned =
        view.path.starts_with(&["agents"]) && view.path.passes("sandbox") && view.path.passes("ssh");
    if !concerned {
        return None;
    }
    let defaults = view.at(&["agents", "defaults", "sandbox"]);
    let used = match (view.path.key_at(1), view.path.segments().get(2)) {
        (Some("entries"), Some(Segment::Key(id))) => uses_ssh(
            view.at(&["agents", "entries", id])
                .and_then(|agent| agent.get("sandbox")),
            defaults,
        ),
        (Some("list"), Some(Segment::Index(index))) => {
            let agent = view.at(&["agents", "list"]).and_then(|list| list.get(*index));
            uses_ssh(agent.and_then(|agent| agent.get("sandbox")), defaults)
        }
        _ => uses_ssh(None, defaults) || agents(view).any(|agent| uses_ssh(agent.get("sandbox"), defaults)),
    };
    (!used).then_some("no sandbox uses ssh")
}

fn agents<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Value> {
    let agents = view.source.get("agents");
    let entries = agents
        .and_then(|agents| agents.get("entries"))
        .and_then(Value::as_object);
    let list = agents
        .and_then(|agents| agents.get("list"))
        .and_then(Value::as_array);
    entries
        .into_iter()
        .flat_map(|entries| entries.values())
        .chain(list.into_iter().flatten())
}

/// What an agent leaves out it takes from the defaults; the mode's own default is off.
fn uses_ssh(own: Option<&Value>, defaults: Option<&Value>) -> bool {
    let setting = |key: &str| {
        let text = |value: Option<&'_ Value>| value?.get(key)?.as_str().map(str::to_owned);
        text(own).or_else(|| text(defaults))
    };
    setting("backend").as_deref() == Some("ssh") && setting("mode").is_some_and(|mode| mode != "off")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::active::tests::reason;

    #[test]
    fn ssh_keys_count_only_where_ssh_is_the_backend_and_the_mode_is_on() {
        for (backend, mode, used) in [
            ("ssh", "all", true),
            ("ssh", "non-main", true),
            ("ssh", "off", false),
            ("docker", "all", false),
        ] {
            let sandbox = json!({"backend": backend, "mode": mode, "ssh": {"identityData": "${K}"}});
            let source = json!({"agents": {"defaults": {"sandbox": sandbox}}});
            assert_eq!(
                reason(&source, "agents.defaults.sandbox.ssh.identityData").is_none(),
                used,
                "{backend} {mode}"
            );
        }
    }

    #[test]
    fn an_agent_overrides_the_defaults_and_can_bring_them_into_use() {
        let source = json!({"agents": {
            "defaults": {"sandbox": {"backend": "ssh", "mode": "off", "ssh": {"identityData": "${K}"}}},
            "list": [{"sandbox": {"mode": "all"}}],
        }});
        assert_eq!(reason(&source, "agents.defaults.sandbox.ssh.identityData"), None);
        let source = json!({"agents": {
            "defaults": {"sandbox": {"backend": "ssh", "mode": "all"}},
            "entries": {"a": {"sandbox": {"backend": "docker", "ssh": {"identityData": "${K}"}}}},
        }});
        assert!(reason(&source, "agents.entries.*.sandbox.ssh.identityData").is_some());
    }
}
