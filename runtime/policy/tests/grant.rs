//! A grant never has more than was asked, and is told in plain words.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::capabilities;
use openclaw_policy::words::{MAX_LINE, Severity, Words};
use openclaw_policy::{Capabilities, Choice, Consent, Digest, Effective, Error, Grant, Limit, LimitSet};
use proptest::prelude::*;
use serde_json::json;

fn consent() -> Consent {
    Consent {
        extension: "example".parse().unwrap(),
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
        let stored = Grant::parse(serde_json::to_string(&grant).unwrap().as_bytes()).unwrap();
        prop_assert_eq!(&stored, &grant);
        let id = grant.extension().clone();
        prop_assert_eq!(stored.check(&id, grant.digest(), (&asked, &limits)), Ok(()));
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
fn a_refusal_stays_short_however_much_is_beyond_the_request() {
    let targets: Vec<_> = (0..256).map(|n| format!("irc:{}{n}", "z".repeat(200))).collect();
    let more = read(json!({"messaging": {"send": targets}}));
    let choice = Choice::Some(Box::new(more), LimitSet::default());
    let nothing = (&Capabilities::default(), &LimitSet::default());
    let error = Grant::new(consent(), nothing, choice).unwrap_err().to_string();
    assert!(error.len() < 1500 && error.contains("and 252 more"), "{error}");
}

#[test]
fn a_limit_below_the_usual_one_is_not_lost_by_granting_less() {
    let mut low = LimitSet::default();
    low.set(Limit::Memory, 1 << 20).unwrap();
    low.set(Limit::Cpu, 60_000).unwrap();
    let asked = (&Capabilities::default(), &low);
    let empty = Choice::Some(Box::default(), LimitSet::default());
    assert!(matches!(
        Grant::new(consent(), asked, empty),
        Err(Error::NotAsked { .. })
    ));
    let none = Grant::new(consent(), asked, Choice::None).unwrap();
    assert_eq!(none.limits().get(Limit::Memory).unwrap().get(), 1 << 20);
    assert_eq!(none.limits().get(Limit::Cpu), None);
}

/// A grant as it is stored, with some of it changed.
fn stored(change: impl FnOnce(&mut serde_json::Value)) -> Result<Grant, Error> {
    let asked =
        read(json!({"http": [{"host": "api.example.com"}], "files": [{"path": "/in", "access": "ro"}]}));
    let grant = Grant::new(consent(), (&asked, &LimitSet::default()), Choice::All).unwrap();
    let mut value = serde_json::to_value(&grant).unwrap();
    change(&mut value);
    Grant::parse(value.to_string().as_bytes())
}

#[test]
fn a_stored_grant_counts_only_for_what_its_manifest_asks() {
    let asked =
        read(json!({"http": [{"host": "api.example.com"}], "files": [{"path": "/in", "access": "ro"}]}));
    let limits = LimitSet::default();
    let (id, digest) = (consent().extension, consent().digest);
    let check = |grant: Grant| grant.check(&id, digest, (&asked, &limits));
    assert_eq!(check(stored(|_| ()).unwrap()), Ok(()));
    for (key, wide) in [
        ("http", json!([{"host": "*", "methods": ["POST"]}])),
        ("bridge", json!(["sh"])),
        ("files", json!([{"path": "/in", "access": "rw"}])),
    ] {
        let grant = stored(|value| value["capabilities"][key] = wide).unwrap();
        assert!(matches!(check(grant), Err(Error::NotAsked { .. })), "{key}");
    }
    let grant = stored(|value| value["limits"] = json!({"memory": "4 GiB"})).unwrap();
    assert!(matches!(check(grant), Err(Error::NotAsked { .. })));
    let grant = stored(|value| value["extension"] = json!("other")).unwrap();
    assert!(matches!(check(grant), Err(Error::Foreign { .. })));
    let other = Digest::of(b"other");
    assert!(matches!(
        stored(|_| ()).unwrap().check(&id, other, (&asked, &limits)),
        Err(Error::Foreign { .. })
    ));
}

#[test]
fn a_stored_grant_is_read_in_one_way_or_not_at_all() {
    let text = serde_json::to_string(&stored(|_| ()).unwrap()).unwrap();
    let twice = text.replacen("\"limits\":{}", "\"limits\":{\"cpu\":\"1 s\",\"cpu\":\"1 h\"}", 1);
    assert!(
        Grant::parse(twice.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("stands twice")
    );
    for (key, value) in [
        ("more", json!(1)),
        ("extension", json!("../x")),
        ("capabilities", json!([[{"host": "evil.example"}]])),
        ("directories", json!({"/other": "/etc"})),
        ("directories", json!({"/in": "etc"})),
    ] {
        assert!(stored(|grant| grant[key] = value).is_err(), "{key}");
    }
    assert!(Grant::parse(b"[]").is_err() && Grant::parse(b"\xff").is_err());
}

#[test]
fn the_longest_request_is_stored_and_read_again() {
    let long = |n: u32| format!("{}{n}", "x".repeat(240));
    let hosts: Vec<_> = (0..16)
        .map(|n| format!("h{n}.{}.example", vec!["y".repeat(60); 3].join(".")))
        .collect();
    let paths: Vec<_> = (0..8).map(|n| format!("/{}", long(n))).collect();
    let rules = |kind: &str| {
        hosts
            .iter()
            .map(|host| json!({kind: "wss", "host": host, "paths": paths}))
            .collect::<Vec<_>>()
    };
    let places: Vec<_> = (0..16).map(|n| format!("line {}", long(n))).collect();
    let why = "\u{1}".repeat(500);
    let asked = json!({
        "http": hosts.iter().map(|host| json!({"host": host, "paths": paths})).collect::<Vec<_>>(),
        "sockets": rules("transport"),
        "secrets": [{"name": "a", "audience": hosts, "places": places}],
        "messaging": {"send": (0..256).map(|n| format!("irc:{}", long(n))).collect::<Vec<_>>()},
        "files": (0..32).map(|n| json!({"path": format!("/{}", long(n)), "access": "rw", "why": why})).collect::<Vec<_>>(),
    });
    let asked = read(asked);
    let grant = Grant::new(consent(), (&asked, &LimitSet::default()), Choice::All).unwrap();
    let place = |guest| (guest, format!("/{}", "\u{1}".repeat(4095)).into());
    let directories = grant.unplaced().into_iter().map(place).collect();
    let grant = grant.place(directories).unwrap();
    let stored = serde_json::to_vec(&grant).unwrap();
    assert!(stored.len() > openclaw_policy::MAX_BYTES, "{}", stored.len());
    assert_eq!(Grant::parse(&stored).unwrap(), grant);
    let longer = json!({"files": [{"path": "/a", "access": "ro", "why": "x".repeat(501)}]});
    assert!(serde_json::from_value::<Capabilities>(longer).is_err());
}

#[test]
fn an_author_cannot_end_the_quotation_around_his_words() {
    let asked = read(json!({
        "files": [{"path": "/data", "access": "rw", "why": "x\" (why: harmless) \\"}],
        "messaging": {"send": ["irc:a\", and nothing else"]},
        "http": [{"host": "a.example", "paths": ["/a),(b"]}],
    }));
    insta::assert_snapshot!(told(&asked));
    for (kind, value) in [
        (
            "files",
            json!([{"path": "/data (only the empty folder)", "access": "rw"}]),
        ),
        (
            "secrets",
            json!([{"name": "a", "audience": ["a.example"], "places": ["query k\" without"]}]),
        ),
        (
            "secrets",
            json!([{"name": "a", "audience": ["a.example"], "places": ["json /a (x)"]}]),
        ),
    ] {
        assert!(
            serde_json::from_value::<Capabilities>(json!({kind: value})).is_err(),
            "{kind}"
        );
    }
}

#[test]
fn what_deserves_most_care_is_told_first() {
    let hosts: Vec<_> = (0..80)
        .map(|n| json!({"host": format!("h{n}.example")}))
        .collect();
    let asked = read(json!({"http": hosts, "bridge": ["signal-cli"], "env": ["LANG"]}));
    let severities: Vec<_> = asked.lines().iter().map(|line| line.severity()).collect();
    assert_eq!(severities.first(), Some(&Severity::Danger));
    assert!(severities.is_sorted_by(|one, other| one >= other));
}

#[test]
fn names_that_strangers_share_and_names_of_secrets_are_dangers() {
    for (kind, value) in [
        ("http", json!([{"host": "*.co.uk"}])),
        ("http", json!([{"host": "*.s3.amazonaws.com"}])),
        ("http", json!([{"host": "[2002:7f00:1::]"}])),
        ("secrets", json!([{"name": "a", "audience": ["*.github.io"]}])),
        ("env", json!(["DATABASE_URL"])),
        ("env", json!(["GH_PAT"])),
        ("env", json!(["SESSION_COOKIE"])),
        ("env", json!(["MONGO_DSN"])),
        ("env", json!(["TLS_CERT"])),
    ] {
        let lines = read(json!({kind: value})).lines();
        assert_eq!(
            lines.first().unwrap().severity(),
            Severity::Danger,
            "{}",
            lines.first().unwrap()
        );
    }
    for (kind, value) in [
        ("http", json!([{"host": "*.example.com"}])),
        ("http", json!([{"host": "a.example", "maxBody": "1 GiB"}])),
        ("env", json!(["PATH"])),
    ] {
        let lines = read(json!({kind: value})).lines();
        assert_eq!(lines.first().unwrap().severity(), Severity::Caution);
    }
}

#[test]
fn a_rule_that_has_everything_is_told_as_everything() {
    let rule: openclaw_policy::capability::http::HttpRule =
        serde_json::from_value(json!({"host": "a.example", "paths": ["/", "/api"]})).unwrap();
    assert!(!told(&rule).contains("/api"), "{}", told(&rule));
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
    let stored = Grant::parse(serde_json::to_string(&placed).unwrap().as_bytes()).unwrap();
    assert_eq!(stored, placed);
    assert!(place("/other", "/srv/texts").is_err());
    assert!(place("/in", "texts").is_err());
    assert!(place("/in", &format!("/{}", "x".repeat(4096))).is_err());
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
            {"name": "key", "hmac": true, "sign": true, "reveal": true, "capture": true},
            {"name": "password", "audience": ["irc.libera.chat"], "places": ["line PASS", "form client_secret"], "plaintext": true},
        ],
        "files": [
            {"path": "/workspace", "access": "ro", "why": "to \u{1b}[31mcount\u{202e} words"},
            {"path": "/out", "access": "rw"},
        ],
        "kv": {"quota": "2 MiB"},
        "messaging": {"send": ["telegram:-100*", "irc:*", "discord:7"]},
        "tools": {"search": "web_search"},
        "model": {"calls": 2, "tokens": 5000, "models": ["anthropic/opus", "openai/gpt"]},
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
    assert!(
        Effective::new(limits.clone(), LimitSet::default())
            .settings()
            .all(|setting| setting.limit != Limit::Kv)
    );
    let grant = Grant::new(consent(), (&asked, &limits), Choice::All).unwrap();
    insta::assert_snapshot!("grant", told(&grant));
    insta::assert_snapshot!("effective", told(&Effective::new(limits, LimitSet::default())));
    insta::assert_snapshot!("nothing", told(&Capabilities::default()));
}
