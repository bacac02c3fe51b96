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
    /// The JSON pointer.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for level in &self.0 {
            pointer.push('/');
            match level {
                Level::Object { key, .. } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Level::Array { index } => pointer.push_str(&index.to_string()),
            }
        }
        pointer
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
                found.push((way.pointer(), read(text, &at).unwrap()));
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
            for (pointer, found) in strings(&text) {
                prop_assert_eq!(document.pointer(&pointer).and_then(|v| v.as_str()), Some(found.as_str()));
            }
        }
    }
}
