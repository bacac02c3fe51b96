//! Finds every secret of the config.
//!
//! Promise: each place that a pattern names and that is set is yielded once, in the order of its path. A reference
//! beside plain text (`serviceAccountRef` beside `serviceAccount`) wins, and a warning says so. Cost: one walk per
//! pattern over the members that it names.

use std::collections::BTreeMap;

use openclaw_config::secret_ref::REDACTED;
use openclaw_config::{Path, PlainText, SecretInput, SecretRef, Segment};
use serde_json::Value;

use crate::error::{MalformedReason, SecretError};
use crate::pattern::{Match, parse_pattern};

/// A secret field that is set.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it is.
    pub path: Path,
    /// What it holds.
    pub held: Held,
    /// Whether plain text stands beside a reference and is ignored.
    pub overrides_plaintext: bool,
}

/// What a secret field holds.
#[derive(Clone, Debug)]
pub enum Held {
    /// The value itself.
    Plain(PlainText),
    /// Where to find it.
    Ref(SecretRef),
    /// Neither.
    Malformed(MalformedReason),
}

/// Finds the secret fields of a config in its source view (references still in place).
pub fn collect(source: &Value, patterns: &[&str]) -> Result<Vec<Place>, SecretError> {
    let mut found = BTreeMap::new();
    for pattern in patterns {
        let steps = parse_pattern(pattern)?;
        descend(source, &steps, &mut Path::default(), &mut found);
    }
    Ok(found.into_values().collect())
}

fn descend(value: &Value, steps: &[Match], path: &mut Path, found: &mut BTreeMap<Path, Place>) {
    let (Some(step), Some(rest)) = (steps.first(), steps.get(1..)) else {
        return;
    };
    let mut visit =
        |step: Segment, parent: Option<&serde_json::Map<String, Value>>, child: Option<&Value>| {
            let name = match &step {
                Segment::Key(name) => Some(name.clone()),
                Segment::Index(_) => None,
            };
            path.push(step);
            if rest.is_empty() {
                let sibling = name.and_then(|name| parent?.get(&format!("{name}Ref")));
                if let Some(place) = read(path, child, sibling) {
                    found.insert(path.clone(), place);
                }
            } else if let Some(child) = child {
                descend(child, rest, path, found);
            }
            path.pop();
        };
    match (step, value) {
        (Match::Key(name), Value::Object(members)) => {
            visit(Segment::Key(name.clone()), Some(members), members.get(name));
        }
        (Match::AnyKey, Value::Object(members)) => {
            for (name, child) in members {
                visit(Segment::Key(name.clone()), Some(members), Some(child));
            }
        }
        (Match::EveryItem, Value::Array(items)) => {
            for (index, child) in items.iter().enumerate() {
                visit(Segment::Index(index), None, Some(child));
            }
        }
        (Match::Key(_) | Match::AnyKey | Match::EveryItem, _) => {}
    }
}

fn read(path: &Path, field: Option<&Value>, sibling: Option<&Value>) -> Option<Place> {
    let own = field.and_then(|value| read_field(path, value));
    let beside = sibling.and_then(|value| read_field(path, value));
    let (held, overrides_plaintext) = match (own, beside) {
        (own, Some(Held::Ref(reference))) => (Held::Ref(reference), matches!(own, Some(Held::Plain(_)))),
        (_, Some(Held::Malformed(reason))) => (Held::Malformed(reason), false),
        (own, _) => (own?, false),
    };
    Some(Place {
        path: path.clone(),
        held,
        overrides_plaintext,
    })
}

/// Reads one field. `None`: it is unset.
pub(crate) fn read_field(path: &Path, value: &Value) -> Option<Held> {
    match value {
        Value::Null => None,
        Value::String(text) if text == REDACTED => Some(Held::Malformed(MalformedReason::RedactionMark)),
        Value::String(text) => match SecretInput::from_text(text) {
            Ok(None) => None,
            Ok(Some(SecretInput::Plain(text))) => Some(Held::Plain(text)),
            Ok(Some(SecretInput::Ref(reference))) => Some(Held::Ref(reference)),
            Err(error) => Some(Held::Malformed(error.into())),
        },
        Value::Object(members) if members.contains_key("source") => Some(read_ref(value)),
        // A service account may be written out as the object that its provider hands out.
        Value::Object(_) if path.last_key() == Some("serviceAccount") => {
            Some(Held::Plain(PlainText::new(value.to_string())))
        }
        Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Number(_) => {
            Some(Held::Malformed(MalformedReason::Shape))
        }
    }
}

fn read_ref(value: &Value) -> Held {
    let part = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let source = value
        .get("source")
        .cloned()
        .and_then(|source| serde_json::from_value(source).ok());
    let three = value.as_object().is_some_and(|members| members.len() == 3);
    match (source, part("provider"), part("id")) {
        (Some(source), Some(provider), Some(id)) if three => {
            match SecretRef::new(source, Some(provider), id) {
                Ok(reference) => Held::Ref(reference),
                Err(error) => Held::Malformed(error.into()),
            }
        }
        _ => Held::Malformed(MalformedReason::Shape),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(source: &Value, patterns: &[&str]) -> Vec<String> {
        collect(source, patterns)
            .unwrap()
            .iter()
            .map(|place| place.path.to_string())
            .collect()
    }

    #[test]
    fn every_set_place_of_a_pattern_is_found_once() {
        let source = json!({
            "models": { "providers": { "a": { "apiKey": "one" }, "b.c": { "apiKey": "${B_KEY}" }, "d": {}, "e": { "apiKey": "" } } },
            "agents": { "list": [ { "tts": { "apiKey": { "source": "exec", "provider": "vault", "id": "x" } } }, {} ] },
        });
        assert_eq!(
            paths(
                &source,
                &[
                    "models.providers.*.apiKey",
                    "agents.list[].tts.apiKey",
                    "models.providers.a.apiKey",
                    "x.y"
                ]
            ),
            [
                "agents.list[0].tts.apiKey",
                "models.providers.a.apiKey",
                r#"models.providers."b.c".apiKey"#
            ]
        );
    }

    #[test]
    fn a_reference_beside_plain_text_wins_and_says_so() {
        let source = json!({"channels": {"googlechat": {
            "serviceAccount": {"type": "service_account", "private_key": "k"},
            "serviceAccountRef": {"source": "file", "provider": "disk", "id": "/google"},
        }}});
        let places = collect(&source, &["channels.googlechat.serviceAccount"]).unwrap();
        assert!(places[0].overrides_plaintext);
        assert!(matches!(&places[0].held, Held::Ref(reference) if reference.id() == "/google"));
    }

    #[test]
    fn a_reference_is_found_although_its_plain_sibling_is_missing() {
        let source = json!({"a": {"keyRef": "${A_KEY}"}});
        let places = collect(&source, &["a.key"]).unwrap();
        assert!(matches!(places[0].held, Held::Ref(_)) && !places[0].overrides_plaintext);
    }

    #[test]
    fn an_object_with_other_keys_is_malformed() {
        for wrong in [
            json!({"source": "env", "provider": "default", "id": "A", "extra": 1}),
            json!({"source": "vault", "provider": "default", "id": "A"}),
            json!({"source": "env", "provider": "default", "id": "lower"}),
            json!({"key": "value"}),
            json!(7),
            json!("secretref-env:A"),
            json!(REDACTED),
        ] {
            let places = collect(&json!({"a": {"key": wrong}}), &["a.key"]).unwrap();
            assert!(matches!(places[0].held, Held::Malformed(_)), "{wrong}");
        }
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_repeated() {
        for wrong in [
            json!({"source": "env", "provider": "default", "id": "hunter2-hunter2"}),
            json!({"source": "env", "provider": "Hunter2-hunter2", "id": "A"}),
            json!("secretref-env:hunter2-hunter2"),
            json!(["hunter2-hunter2"]),
        ] {
            let places = collect(&json!({"a": {"key": wrong}}), &["a.key"]).unwrap();
            let Held::Malformed(reason) = &places[0].held else {
                panic!("{wrong}")
            };
            assert!(!format!("{reason} {reason:?}").contains("unter2"), "{reason}");
        }
    }
}
