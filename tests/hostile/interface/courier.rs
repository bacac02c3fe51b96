//! The courier: a component that sends what it is told with the standard's client.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The component, which the suite's first step has built.
pub(crate) fn component() -> Vec<u8> {
    let path = "guests/courier/target/wasm32-wasip2/release/courier.wasm";
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What it asks for, with this rule for hosts.
pub(crate) fn asks(host: Value) -> Value {
    json!({
        "contracts": {"tools": ["typed", "standard", "dial"]},
        "capabilities": {
            "kv": {"quota": "1 MiB"},
            "http": [host],
            "sockets": [{"transport": "wss", "host": "granted.example"}],
            "secrets": [{"name": "s", "audience": ["granted.example"], "capture": true, "reveal": true}],
        },
        "limits": {"memory": "256 MiB", "cpu": "60 s", "deadline": "60 s", "hostCalls": 10_000_000,
            "bytesIn": "64 MiB", "bytesOut": "64 MiB", "output": "16 MiB", "concurrency": 1},
    })
}

/// Its arguments: to ask for an address so many times.
pub(crate) fn errand(url: &str, times: usize) -> String {
    let step = json!({"Send": {"method": "GET", "url": url, "headers": [], "many": [0, 0], "body": "Empty", "limits": {},
        "unread": false}});
    json!({"errand": Value::from(vec![step; times]).to_string()}).to_string()
}
