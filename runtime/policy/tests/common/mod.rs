//! Random requests over a small alphabet, so that they often cover each other.
// Each test file uses a part of it.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

use openclaw_policy::Capabilities;
use openclaw_policy::capability::http::HttpRule;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

pub(crate) const HOSTS: &[&str] = &[
    "*",
    "*.example.com",
    "*.a.example.com",
    "a.example.com",
    "b.a.example.com",
    "example.com",
    "10.0.0.1",
    "${account.server}",
];
pub(crate) const PATHS: &[&str] = &["/", "/api", "/api/v1", "/ap*", "/*/v1", "/api/v*", "/other"];
pub(crate) const METHODS: &[&str] = &["GET", "POST", "PUT"];

fn some<T: Clone + std::fmt::Debug + 'static>(from: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    subsequence(from, 1..=from.len().min(3))
}

pub(crate) fn http_rule() -> impl Strategy<Value = Value> {
    let parts = (
        select(&["https", "http"][..]),
        select(HOSTS),
        some(METHODS),
        some(PATHS),
        1..4_u8,
        any::<bool>(),
    );
    parts.prop_map(|(scheme, host, methods, paths, size, private)| {
        let private = private && !host.starts_with('*');
        json!({"scheme": scheme, "host": host, "methods": methods, "paths": paths, "maxBody": format!("{size} MiB"), "private": private})
    })
}

fn socket_rule() -> impl Strategy<Value = Value> {
    let parts = (
        select(&["wss", "ws", "tls", "tcp"][..]),
        select(HOSTS),
        select(&[443, 80, 6697][..]),
        some(PATHS),
    );
    parts.prop_map(|(transport, host, port, paths)| match transport {
        "tls" | "tcp" => json!({"transport": transport, "host": host, "port": port}),
        _ => json!({"transport": transport, "host": host, "port": port, "paths": paths}),
    })
}

pub(crate) fn secret_rule() -> impl Strategy<Value = Value> {
    const PLACES: &[&str] = &[
        "header authorization",
        "header x-key",
        "query key",
        "path segment",
        "json /token",
        "form secret",
        "line PASS",
        "line PASS oauth:",
    ];
    let parts = (
        select(&["one", "two"][..]),
        some(&HOSTS[1..]),
        some(PLACES),
        any::<[bool; 5]>(),
    );
    parts.prop_map(
        |(name, audience, places, [plaintext, capture, hmac, sign, reveal])| {
            json!({
                "name": name, "audience": audience, "places": places, "plaintext": plaintext,
                "capture": capture, "hmac": hmac, "sign": sign, "reveal": reveal,
            })
        },
    )
}

pub(crate) fn capabilities() -> impl Strategy<Value = Capabilities> {
    let list = |rule: BoxedStrategy<Value>| prop::collection::vec(rule, 0..3);
    let directories = subsequence(&["/work", "/data", "/out"][..], 0..=3);
    let targets = subsequence(
        &["*", "telegram:*", "telegram:1*", "telegram:12", "irc:#a"][..],
        0..=3,
    );
    let parts = (
        list(http_rule().boxed()),
        list(socket_rule().boxed()),
        prop::collection::vec(secret_rule(), 0..6),
        (directories, select(&["ro", "rw"][..])),
        prop::option::of((1..3_u8, 1..3_u8)),
        targets,
        subsequence(&["a", "b", "c"][..], 0..=3),
    );
    parts.prop_map(|(http, sockets, secrets, (directories, access), amounts, targets, names)| {
        let files: Vec<_> = directories.iter().map(|path| json!({"path": path, "access": access})).collect();
        let tools: serde_json::Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!(format!("{name}_tool")))).collect();
        let kv = amounts.map(|(quota, entries)| json!({"quota": format!("{quota} KiB"), "entries": entries}));
        let models: Vec<_> = names.iter().map(|name| format!("{name}/model")).collect();
        let model = amounts.map(|(calls, tokens)| json!({"calls": calls, "tokens": tokens, "models": models}));
        let all = json!({
            "http": http, "sockets": sockets, "secrets": secrets, "files": files, "kv": kv, "model": model,
            "messaging": {"send": targets}, "tools": tools, "bridge": names, "env": names,
        });
        serde_json::from_value(all).unwrap()
    })
}

/// Rules of both.
pub(crate) fn join_http(one: &[HttpRule], other: &[HttpRule]) -> openclaw_policy::capability::Http {
    openclaw_policy::capability::Http::new([one, other].concat()).unwrap()
}
