use serde_json::json;

use super::*;

fn schema() -> Value {
    let secret = json!({"anyOf": [{"type": "string"}], "x-secret": true});
    let sandbox = |backend: &str, key: &str| {
        json!({"type": "object", "additionalProperties": false, "required": ["backend"],
            "properties": {"backend": {"const": backend}, key: {"type": "string"}}})
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "gateway": {"type": "object", "additionalProperties": false, "properties": {
                "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                "bind": {"oneOf": [{"const": "lan", "type": "string"}, {"enum": ["loopback", "auto"], "type": "string"}]},
                "auth": {"type": "object", "additionalProperties": false,
                    "properties": {"token": secret, "label": {"type": "string", "minLength": 1, "maxLength": 24}}},
                "ratio": {"type": "number", "exclusiveMinimum": 0},
            }},
            "model": {"anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": false, "required": ["primary"], "properties": {
                    "primary": {"type": "string"},
                    "fallbacks": {"type": "array", "maxItems": 2, "uniqueItems": true, "items": {"type": "string"}},
                }},
            ]},
            "box": {"oneOf": [sandbox("docker", "image"), sandbox("ssh", "target")]},
            "flat": {"type": "object", "additionalProperties": false, "properties": {"shared": {"type": "string"}},
                "oneOf": [sandbox("docker", "image"), sandbox("ssh", "target")]},
            "agents": {"type": "object",
                "propertyNames": {"pattern": "^[a-z]+$"},
                "additionalProperties": {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": false}},
            "open": {"type": "object", "x-open": true, "additionalProperties": false},
            "hidden": {"type": "object", "properties": {"word": {"type": "string", "pattern": "^a", "x-sensitive": true}}},
        },
    })
}

fn issues(value: Value) -> Vec<String> {
    check(&Schema::parse(&schema()), &value)
        .issues
        .iter()
        .map(Issue::to_string)
        .collect()
}

#[test]
fn a_valid_config_has_no_issue() {
    let value = json!({
        "gateway": {"port": 18789, "bind": "lan", "auth": {"token": "x", "label": "ü"}, "ratio": 0.5},
        "model": {"primary": "a/b", "fallbacks": ["c"]},
        "box": {"backend": "ssh", "target": "h"},
        "flat": {"backend": "docker", "image": "i", "shared": "s"},
        "agents": {"main": {"name": "M"}},
        "open": {"any": {"thing": 1}},
    });
    assert_eq!(issues(value), Vec::<String>::new());
}

#[test]
fn every_issue_is_told_at_its_place() {
    let found = issues(json!({
        "gateway": {"port": 0, "ratio": 0, "auth": {"label": ""}},
        "model": {"primary": 3, "fallbacks": ["a", "a", "b"]},
        "agents": {"Main": {"name": 1}},
    }));
    assert_eq!(
        found,
        [
            "agents.Main: the key itself is wrong: \"Main\" does not match the pattern ^[a-z]+$",
            "agents.Main.name: expected string, got 1",
            "gateway.auth.label: must not be empty",
            "gateway.port: must be at least 1, not 0",
            "gateway.ratio: must be more than 0, not 0",
            "model.fallbacks: must have at most 2 entries, not 3",
            "model.fallbacks: entry 1 repeats an earlier one",
            "model.primary: expected string, got 3",
        ]
    );
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    assert_eq!(
        issues(json!({"gateway": {"prot": 1}})),
        ["gateway.prot: unknown key; did you mean \"port\"?"]
    );
    assert_eq!(
        issues(json!({"gatway": {}})),
        ["gatway: unknown key; did you mean \"gateway\"?"]
    );
    assert_eq!(
        issues(json!({"gateway": {"zzzzzzz": 1}})),
        ["gateway.zzzzzzz: unknown key"]
    );
}

#[test]
fn keys_that_openclaw_has_and_this_build_does_not_are_unused() {
    let found = check(
        &Schema::parse(&schema()),
        &json!({"gateway": {"mode": "local"}, "browser": {"enabled": true}}),
    );
    assert!(found.issues.is_empty());
    let unused: Vec<_> = found
        .unused
        .iter()
        .map(|unused| unused.path.to_string())
        .collect();
    assert_eq!(unused, ["browser", "gateway.mode"]);
    assert_eq!(
        issues(json!({"browser": {"enabld": true}})),
        ["browser.enabld: unknown key"]
    );
}

#[test]
fn a_choice_speaks_of_the_shape_that_was_meant() {
    assert_eq!(
        issues(json!({"box": {"backend": "ssh", "image": "x"}})),
        ["box.image: unknown key"]
    );
    assert_eq!(
        issues(json!({"flat": {"backend": "ssh", "image": "x"}})).len(),
        0,
        "known to a sibling shape"
    );
    assert_eq!(
        issues(json!({"box": {"backend": "shh"}})),
        ["box.backend: must be one of \"docker\", \"ssh\", not \"shh\""]
    );
    assert_eq!(
        issues(json!({"box": {"image": "x"}})),
        ["box.backend: is required: one of \"docker\", \"ssh\""]
    );
    assert_eq!(
        issues(json!({"model": 5})),
        ["model: expected string or object, got 5"]
    );
    assert_eq!(
        issues(json!({"model": {"fallbacks": []}})),
        ["model.primary: is required"]
    );
    assert_eq!(
        issues(json!({"gateway": {"bind": "lam"}})),
        ["gateway.bind: must be one of \"lan\", \"loopback\", \"auto\", not \"lam\""]
    );
}

#[test]
fn secrets_are_checked_by_their_own_rules() {
    let token = |token: Value| issues(json!({"gateway": {"auth": {"token": token}}})).join("\n");
    assert_eq!(
        token(json!({"source": "env", "provider": "default", "id": "A"})),
        ""
    );
    assert_eq!(token(json!("${A}")), "");
    assert!(token(json!({"source": "env", "id": "A"})).contains("\"provider\" is missing"));
    assert!(token(json!({"source": "env", "provider": "d", "id": "A", "x": 1})).contains("and no other key"));
    assert!(
        token(json!({"source": "env", "provider": "d", "id": "lower"}))
            .contains("reference with source \"env\"")
    );
    assert!(token(json!("secretref-env:A")).contains("write \"${NAME}\""));
    assert!(token(json!(5)).contains("expected a string or a secret reference"));
    let found = check(
        &Schema::parse(&schema()),
        &json!({"gateway": {"auth": {"token": REDACTED}}}),
    );
    assert!(found.issues.is_empty() && found.warnings.len() == 1);
}

#[test]
fn no_message_shows_a_secret_or_a_long_text() {
    let long = "x".repeat(61);
    let found = [
        issues(json!({"gateway": {"auth": {"token": ["hunter2"]}}})),
        issues(json!({"gateway": {"auth": {"password": "hunter2", "label": {"password": "hunter2"}}}})),
        issues(json!({"gateway": {"bind": long, "port": long}, "box": {"backend": long}})),
        issues(json!({"hidden": {"word": "hunter2"}})),
    ]
    .concat()
    .join("\n");
    assert!(!found.contains("hunter2") && !found.contains(&long), "{found}");
    assert!(found.contains("a string does not match"), "{found}");
}
