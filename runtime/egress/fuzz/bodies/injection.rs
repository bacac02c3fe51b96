//! Reads a text as everything that may carry a secret; `@` stands for a placeholder. Wherever the value is put in, a
//! reader of that format finds it only where the rule says, and no placeholder is left.

use std::collections::BTreeMap;

use openclaw_egress::secret::{Captured, Injected, PlaceholderKey, SecretFailure, Vault};
use openclaw_policy::capability::secrets::{SecretRule, Secrets};
use openclaw_policy::{AccountValues, Host};
use openclaw_secrets::SecretValue;
use serde_json::Value;

const VALUE: &str = "Q\"&%+ =\\Z";
const RULES: &str = r#"[{"name": "token", "audience": ["api.example.com"], "places": [
    "query key", "json /auth/token", "form key", "line PASS"]}]"#;

/// Where strings with the value stand.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains(VALUE) => found.push(pointer.to_owned()),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                places(item, &format!("{pointer}/{at}"), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                assert!(!key.contains(VALUE), "a key");
                places(member, &format!("{pointer}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// To begin with.
pub const SEEDS: &[&[u8]] = &[
    br#"{"auth": {"token": "@"}, "x": [1, "y"]}"#,
    b"a=b&key=@&c=%20",
    b"PASS @\r\nNICK a\r\n",
    br#"{"auth": {"t\u006fken": "@"}, "auth": 1}"#,
    b"key=@;key=@#key=@?key=@",
];

/// What the formats are made of.
pub const TOKENS: &[&[u8]] = &[
    b"@",
    b"key=@",
    b"key",
    b"=",
    b"&",
    b";",
    b"%",
    b"%26",
    b"%3D",
    b"+",
    b"#",
    b"?",
    b"PASS ",
    b"pass ",
    b"\r\n",
    b"\n",
    b"\r",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\"",
    b"\"@\"",
    b"\"auth\"",
    b"\"token\"",
    b"\\u0074oken",
    b"\\",
    b"null",
    b"/auth/token",
    b"\0",
    b"\xc3\xa9",
    b"\xe2\x80\xa8",
];

/// Keeps the promises of injection.
pub fn run(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    // What is put in must be told from what was there.
    if ["Q", "Z", "51"].iter().any(|part| data.contains(part)) {
        return;
    }
    let rules: Vec<SecretRule> = serde_json::from_str(RULES).expect("rules");
    let matcher = Secrets::new(rules)
        .expect("rules")
        .resolve(&AccountValues::default());
    let values = BTreeMap::from([("token".to_owned(), SecretValue::new(VALUE))]);
    let key = PlaceholderKey::random().expect("a key");
    let vault = Vault::new(&key, "fuzz", None, matcher, values, Captured::default());
    let placeholder = vault.lookup("token").expect("a placeholder");
    let text = data.replace('@', &placeholder);
    let host: Host = "api.example.com".parse().expect("a host");
    let injector = vault.inject(&host, true);
    let filled = |result: Result<Injected<'_>, SecretFailure>| {
        let injected = result.ok()?;
        assert!(!vault.holds_placeholder(injected.as_bytes()));
        injected
            .has_secret()
            .then(|| injected.as_str().expect("text").to_owned())
    };
    let is_in_key = |text: &str| {
        for (name, value) in ::url::form_urlencoded::parse(text.as_bytes()) {
            assert!(!name.contains(VALUE) && (name == "key" || !value.contains(VALUE)));
        }
    };
    if let Some(query) = filled(injector.query(&text)) {
        is_in_key(&query);
    }
    if let Some(form) = filled(injector.body(Some("application/x-www-form-urlencoded"), text.as_bytes())) {
        is_in_key(&form);
    }
    for result in [
        injector.body(Some("application/json"), text.as_bytes()),
        injector.text_frame(&text),
    ] {
        let Some(text) = filled(result) else { continue };
        let Ok(document) = serde_json::from_str(&text) else {
            continue;
        };
        let mut found = Vec::new();
        places(&document, "", &mut found);
        assert_eq!(found, ["/auth/token"]);
    }
    if let Some(lines) = filled(injector.body(None, text.as_bytes())) {
        let with = lines.split(['\r', '\n']).filter(|line| line.contains(VALUE));
        assert!(with.into_iter().all(|line| line.starts_with("PASS ")));
    }
    assert!(
        filled(injector.path(&text)).is_none() && filled(injector.header("authorization", &text)).is_none()
    );
}
