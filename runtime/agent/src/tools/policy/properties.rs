//! What holds whatever the config says.

use openclaw_config::{Path, Segment};
use openclaw_policy::PluginId;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::tests::{config, subject};
use super::*;

const NAMES: &[&str] = &[
    "read",
    "write",
    "apply_patch",
    "exec",
    "process",
    "session_status",
    "cron",
    "browser",
    "view_image",
    "message",
];
const ENTRIES: &[&str] = &[
    "read",
    "Write",
    "bash",
    "apply-patch",
    "cron",
    "image",
    "*",
    "s*",
    "*e*",
    "group:fs",
    "group:runtime",
    "group:sessions",
    "group:openclaw",
    "group:plugins",
    "maths",
    "nope",
];

fn entries() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(ENTRIES, 0..4).prop_shuffle()
}

/// The lists of one scope.
fn lists() -> impl Strategy<Value = Value> {
    let list = || prop::option::weighted(0.4, entries());
    (list(), list()).prop_map(|(allow, deny)| {
        let mut lists = Map::new();
        for (key, list) in [("allow", allow), ("deny", deny)] {
            if let Some(list) = list {
                lists.insert(key.to_owned(), json!(list));
            }
        }
        Value::Object(lists)
    })
}

/// Where lists may stand, all of which are about the subject below.
const SCOPES: &[&[&str]] = &[
    &["tools"],
    &["tools", "byProvider", "openai"],
    &["agents", "entries", "work", "tools"],
    &["agents", "entries", "work", "tools", "byProvider", "openai/small"],
    &["channels", "telegram", "groups", "-7", "tools"],
    &["tools", "toolsBySender", "*"],
    &["agents", "entries", "work", "tools", "toolsBySender", "id:1"],
    &["tools", "sandbox", "tools"],
    &["tools", "subagents", "tools"],
];

fn profile() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(
        &["minimal", "coding", "messaging", "full"][..],
    ))
}

/// A config with some of the scopes filled.
fn tree() -> impl Strategy<Value = Value> {
    let scopes = prop::collection::vec(prop::option::weighted(0.5, lists()), SCOPES.len());
    (scopes, profile()).prop_map(|(scopes, profile)| {
        let mut tree = json!({});
        for (keys, lists) in SCOPES.iter().zip(scopes) {
            if let Some(lists) = lists {
                put(&mut tree, keys, lists);
            }
        }
        if let Some(profile) = profile {
            put(&mut tree, &["tools", "profile"], json!(profile));
        }
        tree
    })
}

fn put(tree: &mut Value, keys: &[&str], value: Value) {
    let mut here = tree;
    for key in keys {
        here = &mut here[*key];
        if here.is_null() {
            *here = json!({});
        }
    }
    match (here.as_object_mut(), value) {
        (Some(old), Value::Object(new)) if !old.is_empty() => old.extend(new),
        (_, value) => *here = value,
    }
}

fn remove(tree: &mut Value, path: &Path) -> Option<Value> {
    let mut above = path.clone();
    match above.pop()? {
        Segment::Key(_) => path.remove(tree),
        Segment::Index(at) => Some(above.get_mut(tree)?.as_array_mut()?.remove(at)),
    }
}

fn policy(tree: &Value, is_sandboxed: bool) -> Policy {
    let config = config(tree.clone());
    let channels = tree.get("channels").cloned().unwrap_or_default();
    let mut subject = subject("work");
    subject.model = Some(("openai".to_owned(), "small".to_owned()));
    subject.room = Some(Room {
        channel: "telegram".to_owned(),
        ids: vec!["-7".to_owned()],
        ..Room::default()
    });
    subject.sender = Some(Person {
        channel: "telegram".to_owned(),
        ids: vec!["1".to_owned()],
        ..Person::default()
    });
    subject.is_sandboxed = is_sandboxed;
    subject.subagent = Some(Subagent { is_leaf: false });
    let sources = Sources {
        config: &config,
        channels: &channels,
    };
    Policy::of(sources, subject)
}

fn verdicts(policy: &Policy) -> Vec<(String, Verdict)> {
    let maths: PluginId = "maths".parse().unwrap();
    let own = NAMES
        .iter()
        .map(|name| ((*name).to_owned(), policy.decide(name, None)));
    let other = ("calc".to_owned(), policy.decide("calc", Some(&maths)));
    own.chain([other]).collect()
}

proptest! {
    #[test]
    fn the_same_config_makes_the_same_verdicts(tree in tree(), sandboxed in any::<bool>()) {
        prop_assert_eq!(verdicts(&policy(&tree, sandboxed)), verdicts(&policy(&tree, sandboxed)));
    }

    #[test]
    fn a_further_refusal_or_a_further_layer_never_adds_a_tool(
        tree in tree(), scope in 0..SCOPES.len(), entry in prop::sample::select(ENTRIES), lists in lists(),
        sandboxed in any::<bool>(),
    ) {
        let before = verdicts(&policy(&tree, sandboxed));
        let keys = SCOPES[scope];
        let place: Path = keys.iter().map(|key| Segment::Key((*key).to_owned())).collect();
        let mut denied = tree.clone();
        let mut deny = place.key("deny").get(&tree).cloned().unwrap_or_else(|| json!([]));
        deny.as_array_mut().unwrap().push(json!(entry));
        put(&mut denied, keys, json!({ "deny": deny }));
        let mut layered = tree.clone();
        // Where there is one already, it would be another in its place. What is said of sandboxes stands in place of
        // its defaults.
        if place.get(&tree).is_none() && !keys.contains(&"sandbox") {
            put(&mut layered, keys, lists);
        }
        // A list of refusals for sandboxes stands in place of the default one too.
        let is_in_place = keys.contains(&"sandbox") && place.key("deny").get(&tree).is_none();
        for (changed, counts) in [(denied, !is_in_place), (layered, true)] {
            let after = verdicts(&policy(&changed, sandboxed));
            for ((name, before), (_, after)) in before.iter().zip(&after).filter(|_| counts) {
                prop_assert!(before.allowed || !after.allowed, "{} came back: {:?} -> {:?}", name, before, after);
            }
        }
    }

    #[test]
    fn without_the_rule_that_refused_the_verdict_is_another(tree in tree(), sandboxed in any::<bool>()) {
        for (name, verdict) in verdicts(&policy(&tree, sandboxed)) {
            let Some(key) = verdict.rule.key.clone().filter(|key| !verdict.allowed && !key.is_default) else {
                continue;
            };
            let mut without = tree.clone();
            prop_assert!(remove(&mut without, &key.path).is_some(), "{} is not in the config", key);
            let after = verdicts(&policy(&without, sandboxed));
            let after = after.into_iter().find(|(known, _)| *known == name).unwrap().1;
            prop_assert_ne!(verdict, after, "{}", name);
        }
    }
}
