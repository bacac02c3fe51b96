//! Who may do what: one grant for all cases, in which each host has its own rule, and one for whoever may go anywhere.

use std::collections::BTreeMap;

use openclaw_policy::Capabilities;
use openclaw_secrets::SecretValue;
use serde_json::{Value, json};

/// What a case was granted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Grant {
    /// The rules below.
    #[default]
    Usual,
    /// Every host that is public, on the usual ports.
    Wide,
}

/// The secrets by name. `unset` is granted and has no value.
pub(crate) const SECRETS: &[(&str, &str)] = &[
    ("token", "tok3n.of-the-corpus_0123456789"),
    ("odd", "o\"d&d%41 v\\a=l+ue ü #?;:'9876"),
    ("broken", "br0ken-value\r\nx-injected: 1"),
    ("slashed", "sl4shed/../value/31415926"),
    ("apart", "only-for-b-example-27182818"),
    ("code", "a-key-for-codes-16180339"),
    ("shown", "a-value-that-may-be-seen-1414"),
    ("account", r#"{"user": "u", "pass": "pa55-in-a-document-1732"}"#),
    ("pem", PEM),
    ("foreign", "a-value-that-nobody-granted-2236"),
];

/// The key of RFC 8410's example.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                   -----END PRIVATE KEY-----\n";

/// Values that a server issues while cases run.
pub(crate) const ISSUED: &[&str] = &["issued-t0ken-in-a-body-5772", "issued-t0ken-in-a-header-6931"];

/// The value of a secret.
pub(crate) fn value_of(name: &str) -> &'static str {
    SECRETS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// The values by name, as the gate takes them.
pub(crate) fn values() -> BTreeMap<String, SecretValue> {
    let value = |(name, value): &(&str, &str)| ((*name).to_owned(), SecretValue::new(value));
    SECRETS.iter().map(value).collect()
}

/// Every value that must not be read anywhere. The one that may be seen is not among them.
pub(crate) fn hidden() -> Vec<&'static str> {
    let configured = SECRETS
        .iter()
        .filter(|(name, _)| *name != "shown")
        .map(|(_, value)| *value);
    configured
        .chain(ISSUED.iter().copied())
        .chain(["pa55-in-a-document-1732"])
        .collect()
}

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
];

/// The rules of a grant.
pub(crate) fn rules(grant: Grant) -> Value {
    match grant {
        Grant::Usual => usual(),
        Grant::Wide => wide(),
    }
}

/// All that the extension asks for.
pub(crate) fn asked() -> Value {
    let (mut asked, more) = (usual(), wide());
    for kind in ["http", "sockets"] {
        let more = more[kind].as_array().unwrap().clone();
        asked[kind].as_array_mut().unwrap().extend(more);
    }
    asked
}

/// The rules of a grant, as the gate takes them.
pub(crate) fn capabilities(grant: Grant) -> Capabilities {
    serde_json::from_value(rules(grant)).unwrap()
}

fn wide() -> Value {
    json!({
        "http": [
            {"scheme": "http", "host": "*", "methods": METHODS},
            {"scheme": "https", "host": "*", "methods": METHODS},
        ],
        "sockets": [
            {"transport": "ws", "host": "*"},
            {"transport": "wss", "host": "*"},
            {"transport": "tcp", "host": "*", "port": 6667},
        ],
    })
}

fn usual() -> Value {
    let open = |host: &str| {
        [
            json!({"scheme": "http", "host": host, "methods": METHODS}),
            json!({"scheme": "https", "host": host, "methods": METHODS}),
        ]
    };
    let mut http: Vec<_> = [
        "a.example",
        "b.example",
        "two.example",
        "two-b.example",
        "slow.example",
    ]
    .iter()
    .flat_map(|host| open(host))
    .collect();
    http.extend([
        json!({"scheme": "http", "host": "a.example", "port": 8080}),
        json!({"scheme": "https", "host": "only-tls.example"}),
        json!({"scheme": "http", "host": "reading.example"}),
        json!({"scheme": "http", "host": "narrow.example", "methods": METHODS, "paths": ["/v1", "/bot*/send"]}),
        json!({"scheme": "http", "host": "small.example", "methods": METHODS, "maxBody": "1 KiB"}),
        json!({"scheme": "http", "host": "lan.example", "private": true}),
        json!({"scheme": "http", "host": "10.0.0.1", "private": true}),
        json!({"scheme": "http", "host": "*.many.example"}),
        json!({"scheme": "http", "host": "moving.example"}),
        json!({"scheme": "http", "host": "mixed.example"}),
        json!({"scheme": "http", "host": "inner.example"}),
        json!({"scheme": "http", "host": "never.example"}),
        json!({"scheme": "http", "host": "fails.example"}),
        json!({"scheme": "http", "host": "empty.example"}),
        json!({"scheme": "http", "host": "deaf.example", "port": 81}),
        json!({"scheme": "https", "host": "wrong.example"}),
        json!({"scheme": "https", "host": "a.example", "port": 8443}),
    ]);
    let sockets = json!([
        {"transport": "ws", "host": "a.example"},
        {"transport": "wss", "host": "a.example"},
        {"transport": "wss", "host": "b.example"},
        {"transport": "ws", "host": "narrow.example", "paths": ["/v1"]},
        {"transport": "ws", "host": "lan.example", "private": true},
        {"transport": "ws", "host": "moving.example"},
        {"transport": "ws", "host": "mixed.example"},
        {"transport": "ws", "host": "inner.example"},
        {"transport": "tcp", "host": "a.example", "port": 6667},
        {"transport": "tls", "host": "a.example", "port": 6697},
    ]);
    let everywhere = [
        "header authorization",
        "header x-token",
        "query key",
        "path segment",
        "json /token",
        "form token",
        "line PASS",
    ];
    let to = ["a.example", "two.example"];
    json!({
        "http": http,
        "sockets": sockets,
        "kv": {"quota": "64 KiB"},
        "secrets": [
            {"name": "token", "audience": to, "places": everywhere},
            {"name": "odd", "audience": to, "places": everywhere},
            {"name": "broken", "audience": to, "places": everywhere},
            {"name": "slashed", "audience": to, "places": everywhere},
            {"name": "open", "audience": ["a.example"], "plaintext": true},
            {"name": "apart", "audience": ["b.example"]},
            {"name": "account", "audience": ["a.example"], "places": ["header authorization"]},
            {"name": "code", "hmac": true},
            {"name": "pem", "sign": true},
            {"name": "shown", "reveal": true, "audience": ["a.example"]},
            {"name": "fresh", "audience": ["a.example"], "capture": true},
            {"name": "unset", "audience": ["a.example"]},
        ],
    })
}
