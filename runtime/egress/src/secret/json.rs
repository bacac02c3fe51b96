//! Where the strings of a JSON text stand, so that one can change and everything else stays byte for byte.
//!
//! serde_json says whether it is JSON at all; the walk over it only finds the strings. Linear in the text; at most
//! [`MAX_DEPTH`] levels.

use std::collections::HashSet;
use std::ops::Range;

use openclaw_secrets::SecretValue;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

/// The most levels of a document that is changed.
const MAX_DEPTH: usize = 128;

/// What the walk met.
pub(super) enum Met<'w> {
    /// The name of a member.
    Key,
    /// A string, by the way to it.
    Text(&'w Way),
}

/// Why a text cannot be walked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unwalkable {
    /// It is no JSON.
    Malformed,
    /// It has too many levels.
    Deep,
}

/// What a finished walk knows.
pub(super) struct Walked {
    /// Whether an object has two members of one name, which readers take differently.
    pub(super) has_twins: bool,
}

/// The way from the document to a value.
pub(super) struct Way(Vec<Level>);

enum Level {
    Object {
        keys: HashSet<String>,
        key: String,
        is_key_next: bool,
    },
    Array {
        index: usize,
    },
}

impl Way {
    /// The JSON pointer; none if it is longer, and then no more of it is copied than that.
    pub(super) fn pointer(&self, most: usize) -> Option<String> {
        let mut pointer = String::new();
        for level in &self.0 {
            pointer.push('/');
            match level {
                Level::Object { key, .. } => {
                    let fits = |key: &&String| key.len() <= most.saturating_sub(pointer.len());
                    let key = Some(key).filter(fits)?;
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
                Level::Array { index } => pointer.push_str(&index.to_string()),
            }
        }
        (pointer.len() <= most).then_some(pointer)
    }

    /// Whether it leads to this place. Most ways to other places differ in their length or end.
    pub(super) fn leads_to(&self, place: &Pointer) -> bool {
        let is_step = |(level, step): (&Level, &Step)| match level {
            Level::Object { key, .. } => *key == step.key,
            Level::Array { index } => Some(*index) == step.index,
        };
        self.0.len() == place.0.len() && self.0.iter().zip(&place.0).rev().all(is_step)
    }
}

/// A JSON pointer, read.
pub(super) struct Pointer(Vec<Step>);

struct Step {
    key: String,
    index: Option<usize>,
}

impl Pointer {
    /// None if it is no pointer.
    pub(super) fn read(text: &str) -> Option<Self> {
        let Some(steps) = text.strip_prefix('/') else {
            return text.is_empty().then(|| Self(Vec::new()));
        };
        let step = |text: &str| {
            let mut parts = text.split('~');
            let mut key = parts.next()?.to_owned();
            for part in parts {
                let (sign, rest) = part.split_at_checked(1)?;
                key.push(match sign {
                    "0" => '~',
                    "1" => '/',
                    _ => return None,
                });
                key.push_str(rest);
            }
            // An index has one spelling.
            let index = text
                .parse()
                .ok()
                .filter(|index: &usize| index.to_string() == text);
            Some(Step { key, index })
        };
        steps.split('/').map(step).collect::<Option<_>>().map(Self)
    }
}

/// Whether it is one JSON document.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Shows every string with the range inside its quotes.
pub(super) fn walk(text: &str, mut meet: impl FnMut(Met<'_>, Range<usize>)) -> Result<Walked, Unwalkable> {
    if !is_json(text) {
        return Err(Unwalkable::Malformed);
    }
    let bytes = text.as_bytes();
    let mut way = Way(Vec::new());
    let mut walked = Walked { has_twins: false };
    let mut at: usize = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' if way.0.len() >= MAX_DEPTH => return Err(Unwalkable::Deep),
            b'{' => way.0.push(Level::Object {
                keys: HashSet::new(),
                key: String::new(),
                is_key_next: true,
            }),
            b'[' => way.0.push(Level::Array { index: 0 }),
            b'}' | b']' => {
                way.0.pop();
            }
            b',' => match way.0.last_mut() {
                Some(Level::Object { is_key_next, .. }) => *is_key_next = true,
                Some(Level::Array { index }) => *index = index.saturating_add(1),
                None => {}
            },
            b'"' => {
                let end = end_of_string(bytes, at).ok_or(Unwalkable::Malformed)?;
                let inside = at.saturating_add(1)..end;
                match way.0.last_mut() {
                    Some(Level::Object {
                        keys,
                        key,
                        is_key_next,
                    }) if *is_key_next => {
                        *is_key_next = false;
                        *key = read(text, &inside).ok_or(Unwalkable::Malformed)?;
                        walked.has_twins |= !keys.insert(key.clone());
                        meet(Met::Key, inside);
                    }
                    _ => meet(Met::Text(&way), inside),
                }
                at = end;
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    Ok(walked)
}

/// Where the quote stands that ends the string whose first quote stands there.
fn end_of_string(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.checked_add(1)?;
    loop {
        at = at.checked_add(memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?)?;
        match bytes.get(at)? {
            b'"' => return Some(at),
            _ => at = at.checked_add(2)?,
        }
    }
}

/// The text of a string, by the range inside its quotes.
pub(super) fn read(text: &str, inside: &Range<usize>) -> Option<String> {
    let quoted = text.get(inside.start.checked_sub(1)?..inside.end.checked_add(1)?)?;
    serde_json::from_str(quoted).ok()
}

/// The value at a place: a string's text, anything else as JSON.
pub(super) fn field(text: &str, pointer: &str) -> Option<SecretValue> {
    // A document with the same name twice has no one value there.
    let walked = walk(text, |_, _| {}).ok()?;
    if walked.has_twins {
        return None;
    }
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let mut document = Wiped(document);
    match document.0.pointer_mut(pointer)? {
        serde_json::Value::String(text) => Some(SecretValue::new(text)),
        other => Some(SecretValue::new(&Zeroizing::new(other.to_string()))),
    }
}

/// A parsed document whose strings are wiped when it is dropped.
struct Wiped(serde_json::Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => zeroize::Zeroize::zeroize(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(wipe),
        serde_json::Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strings(text: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        walk(text, |met, at| {
            if let Met::Text(way) = met {
                found.push((way.pointer(usize::MAX).unwrap(), read(text, &at).unwrap()));
            }
        })
        .unwrap();
        found
    }

    #[test]
    fn every_string_is_found_with_its_pointer() {
        let text = r#" {"a":[1,{"b/~":"x\"]"},"y"], "\u0063": {"":"z"}} "#;
        let expected = [("/a/1/b~1~0", "x\"]"), ("/a/2", "y"), ("/c/", "z")];
        let expected = expected.map(|(pointer, text)| (pointer.to_owned(), text.to_owned()));
        assert_eq!(strings(text), expected);
        assert_eq!(strings("\"alone\""), [(String::new(), "alone".to_owned())]);
    }

    #[test]
    fn a_way_that_is_longer_than_asked_has_no_pointer() {
        let pointer = |most: usize| {
            let mut found = None;
            walk(r#"{"a/":["x"]}"#, |met, _| {
                if let Met::Text(way) = met {
                    found = way.pointer(most);
                }
            })
            .unwrap();
            found
        };
        assert_eq!(pointer(6).as_deref(), Some("/a~1/0"));
        assert!((0..6).all(|most| pointer(most).is_none()));
    }

    #[test]
    fn what_is_no_pointer_leads_nowhere() {
        for text in ["a", "a/b", "/~", "/~2", "/a~/b", "/~ä"] {
            assert!(Pointer::read(text).is_none(), "{text}");
        }
        let leads = |text: &str, pointer: &str| {
            let place = Pointer::read(pointer).unwrap();
            let mut leads = 0;
            walk(text, |met, _| {
                leads += usize::from(matches!(met, Met::Text(way) if way.leads_to(&place)))
            })
            .unwrap();
            leads
        };
        assert_eq!(leads(r#"["a","b"]"#, "/1"), 1);
        assert_eq!(leads(r#"{"1":"a","01":"b"}"#, "/01"), 1);
        for pointer in ["/01", "/+1", "/-", "", "/1/", "/2", "/"] {
            assert_eq!(leads(r#"["a","b"]"#, pointer), 0, "{pointer}");
        }
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_not_walked() {
        for text in [
            "",
            "{\"a\":}",
            "{\"a\":\"b\"} x",
            "\"a",
            "{'a':1}",
            "{\"\\ud800\":1}",
        ] {
            assert!(walk(text, |_, _| {}).is_err(), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
        assert!(matches!(walk(&deep, |_, _| {}), Err(Unwalkable::Deep)));
    }

    #[test]
    fn one_name_twice_is_told_also_in_two_spellings() {
        let twins = |text| walk(text, |_, _| {}).unwrap().has_twins;
        assert!(twins(r#"{"a":1,"\u0061":2}"#) && twins(r#"[{"x":{"a":1,"a":1}}]"#));
        assert!(!twins(r#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#));
    }

    fn document() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_pointer_of_the_walk_is_a_pointer_of_the_document(document in document()) {
            let text = serde_json::to_string_pretty(&document).unwrap();
            let found = strings(&text);
            for (pointer, _) in &found {
                let place = Pointer::read(pointer).unwrap();
                let mut at = Vec::new();
                walk(&text, |met, inside| {
                    if let Met::Text(way) = met && way.leads_to(&place) {
                        at.push(read(&text, &inside).unwrap());
                    }
                })
                .unwrap();
                prop_assert_eq!(&at, &Vec::from_iter(document.pointer(pointer).and_then(|v| v.as_str())));
            }
            for (pointer, found) in found {
                prop_assert_eq!(document.pointer(&pointer).and_then(|v| v.as_str()), Some(found.as_str()));
            }
        }
    }
}
