use std::collections::BTreeSet;

use super::*;

fn at<'a>(path: &str) -> &'a Value {
    path.split('.')
        .filter(|step| !step.is_empty())
        .fold(inlined(), |node, step| match step {
            "*" => &node["additionalProperties"],
            "[]" => &node["items"],
            key => &node["properties"][key],
        })
}

fn every_node(node: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
    match node {
        Value::Object(map) => {
            visit(map);
            map.values().for_each(|child| every_node(child, visit));
        }
        Value::Array(list) => list.iter().for_each(|child| every_node(child, visit)),
        _ => {}
    }
}

#[test]
fn the_default_config_survives_a_round_trip_and_is_what_an_empty_file_means() {
    let default = Config::default();
    let written = serde_json::to_value(&default).unwrap();
    assert_eq!(serde_json::from_value::<Config>(written).unwrap(), default);
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), default);
}

#[test]
fn the_schema_stands_alone() {
    every_node(inlined(), &mut |node| {
        assert!(
            !node.contains_key("$ref") && !node.contains_key("$defs"),
            "{node:?}"
        );
    });
    assert_eq!(
        inlined()["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(inlined()["title"], "OpenClawConfig");
    assert_eq!(at("$schema")["type"], "string");
}

#[test]
fn every_object_says_whether_it_is_open_and_every_key_has_title_and_description() {
    every_node(inlined(), &mut |node| {
        let Some(Value::Object(properties)) = node.get("properties") else {
            return;
        };
        // A key of the tree may itself be called `properties`; only a schema node has a type beside it.
        if node.get("type") != Some(&json!("object")) {
            return;
        }
        assert!(
            node.contains_key("additionalProperties"),
            "{:?}",
            properties.keys()
        );
        for (key, property) in properties {
            assert!(property.get("title").is_some_and(Value::is_string), "{key}");
            let is_tag = property.get("const").is_some();
            assert!(
                is_tag || property.get("description").is_some_and(Value::is_string),
                "{key}: {property}"
            );
        }
    });
    assert_eq!(at("gateway")["additionalProperties"], false);
    assert_eq!(at("channels")["additionalProperties"], true);
    assert_eq!(at("gateway.auth.rateLimit.maxAttempts")["title"], "Max attempts");
}

#[test]
fn null_is_no_value_of_the_file() {
    let mut nulls = Vec::new();
    every_node(inlined(), &mut |node| {
        let has_null = |value: &Value| {
            value == "null" || value.as_array().is_some_and(|list| list.contains(&json!("null")))
        };
        if node.get("type").is_some_and(has_null) || node.get("default") == Some(&Value::Null) {
            nulls.push(node.clone());
        }
    });
    assert_eq!(nulls, Vec::<Map<String, Value>>::new());
}

#[test]
fn bounds_defaults_and_words_are_told() {
    let port = at("gateway.port");
    assert_eq!(
        (&port["minimum"], &port["maximum"], &port["default"]),
        (&json!(1), &json!(65535), &json!(18789))
    );
    let bind = at("gateway.bind");
    assert_eq!(
        bind["enum"],
        json!(["auto", "lan", "loopback", "custom", "tailnet"])
    );
    assert_eq!(bind["enumDescriptions"].as_array().unwrap().len(), 5);
    assert_eq!(
        at("agents.defaults.sandbox.docker.image")["default"],
        "openclaw-sandbox:bookworm-slim"
    );
    assert!(
        at("models.providers.*.api")["enum"]
            .as_array()
            .unwrap()
            .contains(&json!("openai-codex-responses"))
    );
}

#[test]
fn fields_that_never_accept_a_reference_are_sensitive_text() {
    for path in [
        "hooks.token",
        "hooks.gmail.pushToken",
        "hooks.mappings.[].sessionKey",
        "channels.twitch.accessToken",
    ] {
        assert_eq!(
            (&at(path)["type"], &at(path)["x-sensitive"]),
            (&json!("string"), &json!(true)),
            "{path}"
        );
    }
}

#[test]
fn references_are_accepted_in_exactly_the_places_of_the_credential_surface() {
    let tls = |base: &str| ["ca", "cert", "key", "passphrase"].map(|key| format!("{base}.{key}"));
    let request = |base: &str| {
        let mut paths = vec![
            format!("{base}.headers.*"),
            format!("{base}.auth.token"),
            format!("{base}.auth.value"),
        ];
        paths.extend(tls(&format!("{base}.tls")));
        paths.extend(tls(&format!("{base}.proxy.tls")));
        paths
    };
    let mut expected: BTreeSet<String> = [
        "models.providers.*.apiKey",
        "models.providers.*.headers.*",
        "gateway.auth.token",
        "gateway.auth.password",
        "gateway.remote.token",
        "gateway.remote.password",
        "gateway.remote.edgeAuth.*",
        "gateway.controlUi.github.token",
        "skills.entries.*.apiKey",
        "cron.webhookToken",
        "memory.search.remote.apiKey",
        "agents.entries.*.memory.search.remote.apiKey",
        "talk.providers.*.apiKey",
        "talk.realtime.providers.*.apiKey",
        "channels.msteams.appPassword",
        "channels.nostr.privateKey",
    ]
    .map(str::to_owned)
    .into();
    expected.extend(request("models.providers.*.request"));
    for kind in ["models[]", "image", "audio", "video"] {
        expected.extend(request(&format!("tools.media.{kind}.request")));
    }
    for base in ["tts", "agents.entries.*.tts"] {
        expected.insert(format!("{base}.providers.*.apiKey"));
        expected.insert(format!("{base}.personas.*.providers.*.apiKey"));
    }
    for base in ["agents.defaults", "agents.entries.*"] {
        for key in ["identityData", "certificateData", "knownHostsData"] {
            expected.insert(format!("{base}.sandbox.ssh.{key}"));
        }
    }
    let channels: &[(&str, &[&str])] = &[
        ("telegram", &["botToken", "webhookSecret"]),
        (
            "discord",
            &[
                "token",
                "pluralkit.token",
                "voice.realtime.providers.*.apiKey",
                "voice.tts.providers.*.apiKey",
                "voice.tts.personas.*.providers.*.apiKey",
            ],
        ),
        (
            "slack",
            &[
                "botToken",
                "appToken",
                "userToken",
                "signingSecret",
                "relay.authToken",
            ],
        ),
        ("irc", &["password", "nickserv.password"]),
        ("matrix", &["accessToken", "password"]),
        ("mattermost", &["botToken"]),
        ("googlechat", &["serviceAccount", "serviceAccountRef"]),
        ("feishu", &["appSecret", "encryptKey", "verificationToken"]),
        ("nextcloud-talk", &["botSecret", "apiPassword"]),
        ("zalo", &["botToken", "webhookSecret"]),
        ("qqbot", &["clientSecret"]),
        ("sms", &["authToken"]),
        ("buzz", &["privateKey", "authTag"]),
        ("clickclack", &["token"]),
        ("bluebubbles", &["password"]),
    ];
    for (channel, keys) in channels {
        for key in *keys {
            expected.insert(format!("channels.{channel}.{key}"));
            expected.insert(format!("channels.{channel}.accounts.*.{key}"));
        }
    }
    for plugin in [
        "brave",
        "exa",
        "firecrawl",
        "google",
        "minimax",
        "moonshot",
        "parallel",
        "perplexity",
        "tavily",
        "xai",
    ] {
        expected.insert(format!("plugins.entries.{plugin}.config.webSearch.apiKey"));
    }
    expected.extend(
        [
            "firecrawl.config.webFetch.apiKey",
            "voice-call.config.realtime.providers.*.apiKey",
            "voice-call.config.streaming.providers.*.apiKey",
            "voice-call.config.tts.providers.*.apiKey",
            "voice-call.config.twilio.authToken",
            "google-meet.config.realtime.providers.*.apiKey",
            "facetime.config.realtime.providers.*.apiKey",
            "webhooks.config.routes.*.secret",
            "codex.config.appServer.authToken",
            "codex.config.appServer.headers.*",
            "comfy.config.headers.*",
            "imap.config.accounts.*.password",
            "acpx.config.mcpServers.*.env.*",
        ]
        .map(|path| format!("plugins.entries.{path}")),
    );
    let found: BTreeSet<String> = secret_paths().map(str::to_owned).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "missing: {missing:#?}\nsurplus: {surplus:#?}"
    );
}

#[test]
fn the_files_say_what_the_tree_says() {
    for (name, expected) in generate() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/schema")
            .join(name);
        if std::env::var_os("OPENCLAW_UPDATE").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }
        let held = std::fs::read_to_string(&path).unwrap();
        assert!(
            held == expected,
            "{name} is old: OPENCLAW_UPDATE=1 cargo test -p openclaw-config schema"
        );
    }
}

#[test]
fn the_validator_can_check_all_that_the_schema_says() {
    crate::Schema::parse(json_schema()).verify().unwrap();
    crate::Schema::of_tree().verify().unwrap();
}
