//! Rules between keys, which no schema can say. Each looks at the value by path and says what is wrong, where.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::issue::Issue;
use crate::path::Path;

/// A rule: the whole value, and where to put what is wrong.
type Rule = fn(&Value, &mut Vec<Issue>);

const RULES: &[Rule] = &[
    one_of_allow_and_also_allow,
    open_needs_a_star,
    token_and_password_need_a_mode,
    custom_bind_needs_a_host,
    environment_label_has_a_length,
    hooks_need_a_token,
    hooks_path_is_not_the_root,
    explicit_ownership_has_no_marker,
    default_role_is_defined,
    slack_http_needs_a_signing_secret,
    broadcast_names_agents,
    exec_provider_has_one_program,
];

/// Checks all rules.
pub(crate) fn check(value: &Value) -> Vec<Issue> {
    let mut issues = Vec::new();
    for rule in RULES {
        rule(value, &mut issues);
    }
    issues
}

fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path)?.as_str()
}

fn entries<'v>(value: &'v Value, path: &[&str]) -> impl Iterator<Item = (&'v String, &'v Value)> {
    at(value, path).and_then(Value::as_object).into_iter().flatten()
}

fn path(keys: &[&str]) -> Path {
    keys.iter()
        .map(|key| crate::path::Segment::Key((*key).to_owned()))
        .collect()
}

fn is_set(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(_) => true,
    }
}

/// Every object of the value, with its place.
fn each_object(value: &Value, at: &mut Path, visit: &mut dyn FnMut(&Path, &Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(at, object);
            for (key, value) in object
                .iter()
                .filter(|(_, value)| value.is_object() || value.is_array())
            {
                at.push_key(key);
                each_object(value, at, visit);
                at.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                at.push_index(index);
                each_object(element, at, visit);
                at.pop();
            }
        }
        _ => {}
    }
}

fn one_of_allow_and_also_allow(value: &Value, issues: &mut Vec<Issue>) {
    let filled = |object: &Map<String, Value>, key: &str| {
        object
            .get(key)
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    let mut visit = |at: &Path, object: &Map<String, Value>| {
        if filled(object, "allow") && filled(object, "alsoAllow") {
            issues.push(Issue::new(
                at.key("alsoAllow"),
                "cannot be set together with allow in one scope; merge alsoAllow into allow, or drop allow and use profile with alsoAllow",
            ));
        }
    };
    if let Some(tools) = value.get("tools") {
        each_object(tools, &mut Path::of(["tools"]), &mut visit);
    }
    for (id, agent) in entries(value, &["agents", "entries"]) {
        if let Some(tools) = agent.get("tools") {
            each_object(tools, &mut path(&["agents", "entries", id, "tools"]), &mut visit);
        }
    }
}

fn open_needs_a_star(value: &Value, issues: &mut Vec<Issue>) {
    let mut check = |at: Path, channel: &Value, above: Option<&Value>| {
        let policy = channel.get("dmPolicy");
        if policy.and_then(Value::as_str) != Some("open") {
            return;
        }
        let list = channel.get("allowFrom").or_else(|| above?.get("allowFrom"));
        let star = list
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|entry| entry == "*"));
        if !star {
            let message = format!(
                "{}=\"open\" requires {} to include \"*\"",
                at.key("dmPolicy"),
                at.key("allowFrom")
            );
            issues.push(Issue::new(at.key("allowFrom"), message));
        }
    };
    for (id, channel) in entries(value, &["channels"]) {
        check(path(&["channels", id]), channel, None);
        for (account, settings) in entries(channel, &["accounts"]) {
            check(
                path(&["channels", id, "accounts", account]),
                settings,
                Some(channel),
            );
        }
    }
}

fn token_and_password_need_a_mode(value: &Value, issues: &mut Vec<Issue>) {
    let auth = ["gateway", "auth"];
    let Some(settings) = at(value, &auth) else { return };
    if is_set(settings.get("token")) && is_set(settings.get("password")) && !is_set(settings.get("mode")) {
        issues.push(Issue::new(
            path(&["gateway", "auth", "mode"]),
            "gateway.auth.token and gateway.auth.password are both set; set gateway.auth.mode to \"token\" or \"password\"",
        ));
    }
}

fn custom_bind_needs_a_host(value: &Value, issues: &mut Vec<Issue>) {
    if text(value, &["gateway", "bind"]) != Some("custom") {
        return;
    }
    let host = text(value, &["gateway", "customBindHost"])
        .unwrap_or_default()
        .trim();
    if host.parse::<std::net::Ipv4Addr>().is_err() {
        issues.push(Issue::new(
            path(&["gateway", "customBindHost"]),
            "gateway.bind=\"custom\" requires gateway.customBindHost to be an IPv4 address",
        ));
    }
}

fn environment_label_has_a_length(value: &Value, issues: &mut Vec<Issue>) {
    let keys = ["gateway", "controlUi", "environment", "label"];
    if let Some(label) = text(value, &keys)
        && !(1..=24).contains(&label.trim().chars().count())
    {
        issues.push(Issue::new(path(&keys), "must be 1 to 24 characters long"));
    }
}

fn hooks_need_a_token(value: &Value, issues: &mut Vec<Issue>) {
    if at(value, &["hooks", "enabled"]) == Some(&Value::Bool(true)) && !is_set(at(value, &["hooks", "token"]))
    {
        issues.push(Issue::new(
            path(&["hooks", "token"]),
            "hooks.enabled requires a hooks.token that is not empty",
        ));
    }
}

fn hooks_path_is_not_the_root(value: &Value, issues: &mut Vec<Issue>) {
    if let Some(place) = text(value, &["hooks", "path"])
        && !place.trim().is_empty()
        && place.trim().trim_matches('/').is_empty()
    {
        issues.push(Issue::new(
            path(&["hooks", "path"]),
            "hooks.path must not be \"/\"",
        ));
    }
}

fn explicit_ownership_has_no_marker(value: &Value, issues: &mut Vec<Issue>) {
    if text(value, &["agents", "ownership"]) != Some("explicit") {
        return;
    }
    for (id, agent) in entries(value, &["agents", "entries"]) {
        if agent.get("default") == Some(&Value::Bool(true)) {
            issues.push(Issue::new(
                path(&["agents", "entries", id, "default"]),
                "agents.ownership=\"explicit\" does not allow default: true; remove the marker",
            ));
        }
    }
}

fn default_role_is_defined(value: &Value, issues: &mut Vec<Issue>) {
    let keys = ["gateway", "roles", "default"];
    if let Some(role) = text(value, &keys)
        && at(value, &["gateway", "roles", "definitions", role]).is_none()
    {
        issues.push(Issue::new(
            path(&keys),
            "must name a role of gateway.roles.definitions",
        ));
    }
}

fn slack_http_needs_a_signing_secret(value: &Value, issues: &mut Vec<Issue>) {
    let Some(slack) = at(value, &["channels", "slack"]) else {
        return;
    };
    let mut check = |at: Path, settings: &Value| {
        let own = |key: &str| settings.get(key).or_else(|| slack.get(key));
        let off = settings.get("enabled") == Some(&Value::Bool(false));
        if !off && own("mode").and_then(Value::as_str) == Some("http") && !is_set(own("signingSecret")) {
            let message = format!("{}=\"http\" requires {}", at.key("mode"), at.key("signingSecret"));
            issues.push(Issue::new(at.key("signingSecret"), message));
        }
    };
    let mut accounts = entries(slack, &["accounts"]).peekable();
    if accounts.peek().is_none() {
        check(path(&["channels", "slack"]), slack);
    }
    for (id, account) in accounts {
        check(path(&["channels", "slack", "accounts", id]), account);
    }
}

fn broadcast_names_agents(value: &Value, issues: &mut Vec<Issue>) {
    let configured: BTreeSet<&str> = entries(value, &["agents", "entries"])
        .map(|(id, _)| id.as_str())
        .collect();
    if configured.is_empty() {
        return;
    }
    for (peer, target) in entries(value, &["broadcast"]).filter(|(peer, _)| *peer != "strategy") {
        let (list, at) = match target {
            Value::Object(_) => (target.get("agents"), path(&["broadcast", peer, "agents"])),
            list => (Some(list), path(&["broadcast", peer])),
        };
        for (index, agent) in list.and_then(Value::as_array).into_iter().flatten().enumerate() {
            if agent.as_str().is_some_and(|agent| !configured.contains(agent)) {
                issues.push(Issue::new(
                    at.index(index),
                    format!("Unknown agent id {agent} (not in agents.entries)"),
                ));
            }
        }
    }
}

fn exec_provider_has_one_program(value: &Value, issues: &mut Vec<Issue>) {
    for (alias, provider) in entries(value, &["secrets", "providers"]) {
        if provider.get("source").and_then(Value::as_str) != Some("exec") {
            continue;
        }
        let count = ["command", "pluginIntegration"]
            .iter()
            .filter(|key| is_set(provider.get(**key)))
            .count();
        if count != 1 {
            issues.push(Issue::new(
                path(&["secrets", "providers", alias]),
                "an exec provider needs exactly one of \"command\" and \"pluginIntegration\"",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(value: Value) -> Vec<String> {
        check(&value).iter().map(|issue| issue.path.to_string()).collect()
    }

    #[test]
    fn allow_and_also_allow_exclude_each_other_in_one_scope() {
        assert_eq!(
            places(json!({"tools": {"allow": ["a"], "alsoAllow": ["b"]}})),
            ["tools.alsoAllow"]
        );
        let agent = json!({"agents": {"entries": {"x": {"tools": {"byProvider": {"p": {"allow": ["a"], "alsoAllow": ["b"]}}}}}}});
        assert_eq!(places(agent), ["agents.entries.x.tools.byProvider.p.alsoAllow"]);
        assert!(
            places(
                json!({"tools": {"allow": [], "alsoAllow": ["b"], "byProvider": {"p": {"allow": ["a"]}}}})
            )
            .is_empty()
        );
    }

    #[test]
    fn an_open_policy_needs_a_star() {
        let open = json!({"channels": {"telegram": {"dmPolicy": "open", "allowFrom": ["1"]}}});
        assert_eq!(
            check(&open)[0].message,
            "channels.telegram.dmPolicy=\"open\" requires channels.telegram.allowFrom to include \"*\""
        );
        assert!(
            places(json!({"channels": {"telegram": {"dmPolicy": "open", "allowFrom": ["*"]}}})).is_empty()
        );
        let account = json!({"channels": {"x": {"allowFrom": ["*"], "accounts": {"a": {"dmPolicy": "open"}, "b": {"dmPolicy": "open", "allowFrom": []}}}}});
        assert_eq!(places(account), ["channels.x.accounts.b.allowFrom"]);
    }

    #[test]
    fn gateway_rules_are_kept() {
        let auth = |auth: Value| places(json!({"gateway": {"auth": auth}}));
        assert_eq!(
            auth(json!({"token": "a", "password": "${B}"})),
            ["gateway.auth.mode"]
        );
        assert!(auth(json!({"token": "a", "password": "b", "mode": "token"})).is_empty());
        assert!(auth(json!({"token": "a", "password": ""})).is_empty());
        let bind = |host: &str| places(json!({"gateway": {"bind": "custom", "customBindHost": host}}));
        assert!(bind("10.0.0.1").is_empty());
        assert_eq!(bind("::1"), ["gateway.customBindHost"]);
        let label =
            |label: &str| places(json!({"gateway": {"controlUi": {"environment": {"label": label}}}})).len();
        assert_eq!(
            (label(&"ä".repeat(24)), label(""), label(&"a".repeat(25))),
            (0, 1, 1)
        );
        let roles = json!({"gateway": {"roles": {"default": "x", "definitions": {"y": {}}}}});
        assert_eq!(places(roles), ["gateway.roles.default"]);
    }

    #[test]
    fn hooks_need_a_token_and_a_path_of_their_own() {
        assert_eq!(
            places(json!({"hooks": {"enabled": true, "token": " "}})),
            ["hooks.token"]
        );
        assert_eq!(places(json!({"hooks": {"path": "//"}})), ["hooks.path"]);
        assert!(places(json!({"hooks": {"enabled": true, "token": "t", "path": "/hooks"}})).is_empty());
    }

    #[test]
    fn agents_and_broadcasts_agree() {
        let roster = json!({"agents": {"ownership": "explicit", "entries": {"a": {"default": true}, "b": {}}},
            "broadcast": {"strategy": "parallel", "p": ["a", "c"], "q": {"agents": ["d"]}}});
        assert_eq!(
            places(roster),
            [
                "agents.entries.a.default",
                "broadcast.p[1]",
                "broadcast.q.agents[0]"
            ]
        );
    }

    #[test]
    fn slack_over_http_needs_a_signing_secret() {
        assert_eq!(
            places(json!({"channels": {"slack": {"mode": "http"}}})),
            ["channels.slack.signingSecret"]
        );
        let accounts = json!({"channels": {"slack": {"mode": "http", "accounts": {"a": {"signingSecret": "s"}, "b": {}}}}});
        assert_eq!(places(accounts), ["channels.slack.accounts.b.signingSecret"]);
    }

    #[test]
    fn an_exec_provider_has_one_program() {
        let provider = |provider: Value| places(json!({"secrets": {"providers": {"p": provider}}})).len();
        assert_eq!(provider(json!({"source": "exec"})), 1);
        assert_eq!(
            provider(json!({"source": "exec", "command": "/x", "pluginIntegration": {}})),
            1
        );
        assert_eq!(provider(json!({"source": "exec", "command": "/x"})), 0);
    }
}
