//! JSON from a provider, in memory that is wiped.
//!
//! Promise: every string of the document lives in a [`SecretValue`]. One copy cannot be avoided: the parser unescapes
//! a string that has escapes in a scratch buffer of its own, which is freed without being wiped. Bound: the parser's
//! nesting limit of 128; the caller bounds the bytes.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::value::SecretValue;

/// A JSON value whose texts are secrets. Of duplicate keys the last one counts.
#[derive(Clone)]
pub enum Node {
    /// A number.
    Number(f64),
    /// A text.
    Text(SecretValue),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Map(BTreeMap<String, Node>),
    /// `null`, `true` or `false`: never a secret.
    Other,
}

impl Node {
    /// Parses a whole document. The parser's message may quote its input, so it is not handed on.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The node that an RFC 6901 pointer leads to.
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        let mut node = self;
        for token in pointer.strip_prefix('/')?.split('/') {
            node = match node {
                Self::Map(members) => members.get(&unescape(token)?)?,
                Self::List(items) => items.get(index(token)?)?,
                Self::Number(_) | Self::Text(_) | Self::Other => return None,
            };
        }
        Some(node)
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut out = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}

/// An array index has no sign and no leading zero.
fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    (canonical && token.bytes().all(|b| b.is_ascii_digit())).then(|| token.parse().ok())?
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(SecretValue::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, node)) = members.next_entry::<String, Node>()? {
            map.insert(key, node);
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_at<'a>(node: &'a Node, pointer: &str) -> Option<&'a str> {
        match node.pointer(pointer)? {
            Node::Text(text) => Some(text.expose()),
            _ => None,
        }
    }

    /// The examples of RFC 6901, section 5, with texts for values.
    #[test]
    fn pointers_follow_the_rfc() {
        let document = Node::parse(
            br#"{"foo":["bar","baz"],"":"0","a/b":"1","c%d":"2","e^f":"3","g|h":"4","i\\j":"5","k\"l":"6"," ":"7","m~n":"8"}"#,
        )
        .unwrap();
        for (pointer, expected) in [
            ("/foo/0", "bar"),
            ("/foo/1", "baz"),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ] {
            assert_eq!(text_at(&document, pointer), Some(expected), "{pointer}");
        }
        for pointer in [
            "foo", "/foo/2", "/foo/01", "/foo/-", "/foo/+1", "/foo/0/x", "/m~n", "/m~", "/m~2n", "/foo",
        ] {
            assert_eq!(text_at(&document, pointer), None, "{pointer}");
        }
    }

    #[test]
    fn tilde_one_is_decoded_before_tilde_zero_could_mislead() {
        let document = Node::parse(br#"{"~1":"tilde one","/":"slash"}"#).unwrap();
        assert_eq!(text_at(&document, "/~01"), Some("tilde one"));
        assert_eq!(text_at(&document, "/~1"), Some("slash"));
    }

    #[test]
    fn nesting_without_end_is_refused() {
        assert!(Node::parse("[".repeat(100_000).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn any_key_is_reached_by_its_escaped_pointer(key in ".{0,20}", value in ".{1,20}") {
            let document = Node::parse(&serde_json::to_vec(&serde_json::json!({&key: &value})).unwrap()).unwrap();
            let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            prop_assert_eq!(text_at(&document, &pointer), Some(value.as_str()));
        }

        #[test]
        fn no_bytes_upset_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..200), pointer in ".{0,20}") {
            if let Some(document) = Node::parse(&bytes) {
                let _ = document.pointer(&pointer);
            }
        }
    }
}
