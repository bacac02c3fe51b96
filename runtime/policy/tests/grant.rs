//! A grant never has more than was asked, and is told in plain words.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::capabilities;
use openclaw_policy::words::{MAX_LINE, Severity, Words};
use openclaw_policy::{Capabilities, Choice, Consent, Digest, Effective, Error, Grant, Limit, LimitSet};
use proptest::prelude::*;
use serde_json::json;

fn consent() -> Consent {
    Consent {
        digest: Digest::of(b"component"),
        account: Some("main".into()),
        at: 1_700_000_000_000,
        by: "owner on a terminal".into(),
    }
}

fn told(words: &impl Words) -> String {
    words
        .lines()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn read(value: serde_json::Value) -> Capabilities {
    serde_json::from_value(value).unwrap()
}

proptest! {
    #[test]
    fn a_grant_is_never_more_than_was_asked(asked in capabilities(), chosen in capabilities()) {
        let limits = LimitSet::default();
        let choice = Choice::Some(Box::new(chosen.clone()), limits.clone());
        match Grant::new(consent(), (&asked, &limits), choice) {
            Ok(grant) => prop_assert!(asked.covers(grant.capabilities())),
            Err(error) => {
                prop_assert!(!asked.covers(&chosen));
                let not_asked = matches!(error, Error::NotAsked { .. });
                prop_assert!(not_asked);
            }
        }
    }

    #[test]
    fn a_grant_survives_storage_and_answers_its_own_request(asked in capabilities()) {
        let limits = LimitSet::default();
        let grant = Grant::new(consent(), (&asked, &limits), Choice::All).unwrap();
        let stored: Grant = serde_json::from_str(&serde_json::to_string(&grant).unwrap()).unwrap();
        prop_assert_eq!(&stored, &grant);
        prop_assert_eq!(stored.difference((&asked, &limits)), Default::default());
    }

    #[test]
    fn words_fit_their_line_and_hold_no_control_character(asked in capabilities()) {
        for line in asked.lines() {
            prop_assert!(!line.text().contains(char::is_control) && line.text().chars().count() <= MAX_LINE);
            prop_assert!(!line.text().ends_with('…'));
        }
    }
}

#[test]
fn a_choice_beyond_the_request_is_refused_in_words() {
    let asked = read(json!({"http": [{"host": "api.example.com"}]}));
    let more = read(json!({"http": [{"host": "*.example.com"}]}));
    let choice = Choice::Some(Box::new(more), LimitSet::default());
    let error = Grant::new(consent(), (&asked, &LimitSet::default()), choice).unwrap_err();
    insta::assert_snapshot!(error.to_string());
    let mut limits = LimitSet::default();
    limits.set(Limit::Memory, 128 << 20).unwrap();
    let choice = Choice::Some(Box::default(), limits);
    assert!(Grant::new(consent(), (&asked, &LimitSet::default()), choice).is_err());
}

#[test]
fn nothing_granted_is_nothing_held() {
    let asked = read(json!({"env": ["HOME"]}));
    let grant = Grant::new(consent(), (&asked, &LimitSet::default()), Choice::None).unwrap();
    assert!(grant.capabilities().is_empty());
    assert_eq!(grant.difference((&asked, &LimitSet::default())).0, asked);
}

#[test]
fn only_granted_directories_are_placed_and_only_where_paths_are_absolute() {
    let asked = read(json!({"files": [{"path": "/in", "access": "ro"}, {"path": "/out", "access": "rw"}]}));
    let grant = Grant::new(consent(), (&asked, &LimitSet::default()), Choice::All).unwrap();
    let place = |guest: &str, path: &str| {
        grant
            .clone()
            .place(BTreeMap::from([(guest.parse().unwrap(), path.into())]))
    };
    let placed = place("/in", "/srv/texts").unwrap();
    assert_eq!(
        placed.directory(&"/in".parse().unwrap()),
        Some("/srv/texts".as_ref())
    );
    assert_eq!(placed.unplaced(), ["/out".parse().unwrap()]);
    let stored: Grant = serde_json::from_str(&serde_json::to_string(&placed).unwrap()).unwrap();
    assert_eq!(stored, placed);
    assert!(place("/other", "/srv/texts").is_err());
    assert!(place("/in", "texts").is_err());
}

#[test]
fn a_new_version_shows_only_what_it_asks_beyond_the_grant() {
    let old = read(json!({
        "http": [{"host": "api.example.com", "methods": ["GET"], "paths": ["/v1", "/v2"]}],
        "secrets": [{"name": "token", "audience": ["api.example.com"]}],
    }));
    let new = read(json!({
        "http": [{"host": "api.example.com", "methods": ["GET", "POST"], "paths": ["/v1"]}],
        "secrets": [{"name": "token", "audience": ["api.example.com"], "places": ["header authorization", "query key"]}],
    }));
    insta::assert_snapshot!(told(&old.difference(&new)));
}

#[test]
fn what_deserves_care_is_marked() {
    let asked = read(json!({
        "http": [
            {"host": "api.telegram.org", "methods": ["GET", "POST"], "paths": ["/bot*"]},
            {"scheme": "http", "host": "*"},
            {"host": "nas.local", "private": true, "port": 8443, "maxBody": "1 GiB"},
            {"host": "${account.server}", "port": "${account.port}"},
            {"host": "*.example.com", "methods": ["DELETE"]},
        ],
        "sockets": [
            {"transport": "wss", "host": "gateway.discord.gg"},
            {"transport": "tls", "host": "irc.libera.chat", "port": 6697},
            {"transport": "tcp", "host": "${account.server}", "private": true},
        ],
        "secrets": [
            {"name": "token", "audience": ["api.telegram.org"], "places": ["path segment", "header x-key"]},
            {"name": "key", "hmac": true, "sign": true, "reveal": true},
        ],
        "files": [
            {"path": "/workspace", "access": "ro", "why": "to \u{1b}[31mcount\u{202e} words"},
            {"path": "/out", "access": "rw"},
        ],
        "kv": {"quota": "2 MiB"},
        "messaging": {"send": ["telegram:-100*", "irc:*", "discord:7"]},
        "tools": {"search": "web_search"},
        "model": {"calls": 2, "tokens": 5000},
        "bridge": ["signal-cli"],
        "env": ["LANG", "SOME_API_KEY"],
    }));
    insta::assert_snapshot!(told(&asked));
    let danger = |lines: Vec<openclaw_policy::words::Line>| {
        lines.iter().any(|line| line.severity() == Severity::Danger)
    };
    assert!(danger(asked.lines()) && !danger(asked.kv.unwrap().lines()));
}

#[test]
fn a_grant_and_its_limits_are_told() {
    let asked = read(json!({"files": [{"path": "/workspace", "access": "ro"}]}));
    let mut limits = LimitSet::default();
    limits.set(Limit::Cpu, 60_000).unwrap();
    limits.set(Limit::HostCalls, 5).unwrap();
    let grant = Grant::new(consent(), (&asked, &limits), Choice::All).unwrap();
    insta::assert_snapshot!("grant", told(&grant));
    insta::assert_snapshot!("effective", told(&Effective::new(limits, LimitSet::default())));
    insta::assert_snapshot!("nothing", told(&Capabilities::default()));
}
