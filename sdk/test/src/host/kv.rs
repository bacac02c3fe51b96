//! The store of `openclaw:kv` in memory, with the gateway's rules for keys, values and quotas.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Value, json};

use super::{refuse, text};
use crate::value::{read_bytes, tell_bytes};

const MAX_KEY: usize = 1024;
const MAX_ENTRIES: u64 = 1000;
const MAX_LIST: usize = 1 << 20;

/// The store.
#[derive(Debug)]
pub(crate) struct Kv {
    pub(crate) entries: BTreeMap<String, Vec<u8>>,
    pub(crate) max_bytes: usize,
    pub(crate) max_entries: usize,
}

impl Default for Kv {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            max_bytes: 1 << 20,
            max_entries: 1000,
        }
    }
}

impl Kv {
    /// Answers a function; none if there is no such function.
    pub(crate) fn answer(&mut self, function: &str, arguments: &Value) -> Option<Value> {
        if function == "list-entries" {
            return Some(self.list(arguments));
        }
        let key = text(arguments, "key");
        let bytes = |name: &str| {
            arguments
                .get(name)
                .filter(|value| !value.is_null())
                .and_then(read_bytes)
        };
        if !["get", "set", "swap", "delete"].contains(&function) {
            return None;
        }
        if key.is_empty() || key.len() > MAX_KEY {
            let message = format!("a key has 1 to {MAX_KEY} bytes, and this one has {}", key.len());
            return Some(refuse("invalid", &message));
        }
        Some(match function {
            "get" => json!({"ok": self.entries.get(key).map(|value| tell_bytes(value))}),
            "delete" => json!({"ok": self.entries.remove(key).is_some()}),
            "set" => match self.put(key, bytes("value").unwrap_or_default()) {
                Ok(()) => json!({"ok": null}),
                Err(refusal) => refusal,
            },
            _ => {
                if self.entries.get(key) != bytes("expected").as_ref() {
                    return Some(json!({"ok": false}));
                }
                match bytes("value") {
                    Some(value) => match self.put(key, value) {
                        Ok(()) => json!({"ok": true}),
                        Err(refusal) => refusal,
                    },
                    None => {
                        self.entries.remove(key);
                        json!({"ok": true})
                    }
                }
            }
        })
    }

    /// Writes a value if the quota allows it.
    fn put(&mut self, key: &str, value: Vec<u8>) -> Result<(), Value> {
        if value.len() > self.max_bytes {
            let message = format!(
                "the value has {} bytes; {} are the most",
                value.len(),
                self.max_bytes
            );
            return Err(refuse("too-large", &message));
        }
        let is_new = !self.entries.contains_key(key);
        let others = self.entries.iter().filter(|(name, _)| *name != key);
        let used: usize = others.map(|(name, value)| name.len() + value.len()).sum();
        if is_new && self.entries.len() >= self.max_entries {
            return Err(refuse(
                "quota",
                &format!("the store has {} entries, the most it may", self.max_entries),
            ));
        }
        if used + key.len() + value.len() > self.max_bytes {
            return Err(refuse(
                "quota",
                &format!("the store may have {} bytes", self.max_bytes),
            ));
        }
        self.entries.insert(key.to_owned(), value);
        Ok(())
    }

    fn list(&self, arguments: &Value) -> Value {
        let prefix = text(arguments, "prefix");
        let after = arguments.get("after").and_then(Value::as_str);
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let limit = arguments
            .get("limit")
            .and_then(Value::as_u64)
            .unwrap_or_default()
            .min(MAX_ENTRIES);
        let mut listed = Vec::new();
        let mut bytes = 0;
        let range = self.entries.range::<str, _>((start, Bound::Unbounded));
        for (key, value) in range.take_while(|(key, _)| key.starts_with(prefix)) {
            bytes += key.len() + value.len();
            if listed.len() as u64 >= limit || (bytes > MAX_LIST && !listed.is_empty()) {
                break;
            }
            listed.push(json!({"key": key, "value": tell_bytes(value)}));
        }
        json!({"ok": listed})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(answer: Option<Value>) -> String {
        answer.unwrap()["err"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    #[test]
    fn a_swap_needs_the_present_value() {
        let mut kv = Kv::default();
        let mut swap = |expected: Value, value: Value| {
            kv.answer("swap", &json!({"key": "k", "expected": expected, "value": value}))
                .unwrap()["ok"]
                .clone()
        };
        assert_eq!(swap(json!("x"), json!("a")), false);
        assert_eq!(swap(Value::Null, json!("a")), true);
        assert_eq!(swap(Value::Null, json!("b")), false);
        assert_eq!(swap(json!("a"), Value::Null), true);
        assert_eq!(swap(Value::Null, json!([])), true, "an empty value is a value");
        assert_eq!(kv.entries.get("k"), Some(&Vec::new()));
    }

    #[test]
    fn the_quota_holds_and_leaves_what_was_there() {
        let mut kv = Kv {
            max_bytes: 6,
            max_entries: 2,
            ..Kv::default()
        };
        let mut set = |key: &str, value: &str| code(kv.answer("set", &json!({"key": key, "value": value})));
        assert_eq!(set("a", "1"), "");
        assert_eq!(set("b", "1234"), "quota");
        assert_eq!(set("b", "1234567"), "too-large");
        assert_eq!(set("b", "123"), "");
        assert_eq!(set("c", ""), "quota");
        assert_eq!(set("", ""), "invalid");
        assert_eq!(kv.entries.len(), 2);
    }

    #[test]
    fn a_list_goes_on_behind_a_key_and_ends() {
        let mut kv = Kv::default();
        for key in ["a", "b/1", "b/2", "b/3", "c"] {
            kv.entries.insert(key.to_owned(), vec![0xff]);
        }
        let list = |kv: &mut Kv, after: Value| {
            let page = kv
                .answer(
                    "list-entries",
                    &json!({"prefix": "b/", "after": after, "limit": 2}),
                )
                .unwrap();
            let keys = page["ok"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| entry["key"].as_str().unwrap().to_owned());
            keys.collect::<Vec<_>>()
        };
        assert_eq!(list(&mut kv, Value::Null), ["b/1", "b/2"]);
        assert_eq!(list(&mut kv, json!("a")), ["b/1", "b/2"]);
        assert_eq!(list(&mut kv, json!("b/2")), ["b/3"]);
        assert_eq!(list(&mut kv, json!("b/3")), Vec::<String>::new());
    }
}
