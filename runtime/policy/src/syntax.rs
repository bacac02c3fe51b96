//! JSON5 text to a value, within bounds, and from a place in the value back to its line.
//!
//! The size is checked before the first byte is parsed, the nesting while the parser descends, so no text can
//! exhaust the stack. A key that stands twice in one object is an error: two readers could take different ones.
//! Only in a config schema, which grants nothing, the last one counts.
//! The line of a place costs a second parse and is looked for only when there is an error to report.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};
use crate::typed::Step;

/// The largest manifest, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// The largest stored grant, in bytes. What a manifest says in short is written out in a grant, and the longest
/// request, placed in the longest folders, stays below this.
pub const MAX_GRANT_BYTES: usize = 4 * 1024 * 1024;
/// How deep objects and lists may be nested.
pub const MAX_NESTING: usize = 48;

/// Whole numbers below this are exact in a double, so that `1.0` means `1`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Parses at most so many bytes, and gives their text too.
pub(crate) fn parse_bytes<'b>(of: &'static str, max: usize, bytes: &'b [u8]) -> Result<(&'b str, Value)> {
    if bytes.len() > max {
        return Err(Error::TooLarge {
            of,
            bytes: bytes.len(),
            max,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Error::NotText {
        of,
        at: error.valid_up_to(),
    })?;
    // Some editors begin a file with a mark that no parser of JSON knows.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok((text, parse(text)?))
}

/// Parses a text of bounded size.
fn parse(text: &str) -> Result<Value> {
    let whole: Result<Whole, _> = json5::from_str(text);
    whole.map(|whole| whole.0).map_err(|error| Error::Syntax {
        line: error.position().map_or(1, |at| at.line + 1),
        what: error
            .code()
            .map_or_else(|| message(&error), |code| code.to_string()),
    })
}

/// The parser's words without the position, which is told apart.
fn message(error: &json5::Error) -> String {
    let text = error.to_string();
    let position = error.position().map(|at| format!(" at {at}")).unwrap_or_default();
    text.strip_suffix(&position).unwrap_or(&text).to_owned()
}

/// The line of a place in a text that parses, from 1. A key's line is that of the key.
pub(crate) fn find_line(text: &str, path: &[Step]) -> Option<usize> {
    let mut parser = json5::Deserializer::from_str(text);
    // The probe stops the parser at the place by an error, because only errors know positions.
    let stopped = Probe { path }.deserialize(&mut parser).err()?;
    stopped.position().map(|at| at.line + 1)
}

struct Whole(Value);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seed = Seed {
            depth: 0,
            lenient: false,
        };
        seed.deserialize(deserializer).map(Self)
    }
}

struct Seed {
    depth: usize,
    /// Whether a key may stand twice.
    lenient: bool,
}

impl Seed {
    fn descend<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth == MAX_NESTING {
            return Err(E::custom(format_args!("nested deeper than {MAX_NESTING} levels")));
        }
        Ok(Self {
            depth: self.depth + 1,
            lenient: self.lenient,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON5 value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() < EXACT {
            // Exact: whole and below 2^53.
            #[allow(clippy::cast_possible_truncation)]
            return Ok(Value::from(value as i64));
        }
        let number = Number::from_f64(value).map(Value::Number);
        number.ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self.descend()?)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !self.lenient && object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key \"{key}\" stands twice")));
            }
            let mut inside = self.descend()?;
            inside.lenient |= self.depth == 0 && key == "configSchema";
            let value = entries.next_value_seed(inside)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// Follows a path and stops with an error where it ends.
struct Probe<'p> {
    path: &'p [Step],
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the place")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Some((Step::Index(wanted), path)) = self.path.split_first() else {
            return Err(A::Error::custom("here"));
        };
        for _ in 0..*wanted {
            elements.next_element::<IgnoredAny>()?;
        }
        elements.next_element_seed(Probe { path })?;
        Err(A::Error::custom("here"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((Step::Key(wanted), path)) = self.path.split_first() else {
            return Err(A::Error::custom("here"));
        };
        let key = ProbeKey {
            wanted,
            last: path.is_empty(),
        };
        while let Some(found) = entries.next_key_seed(&key)? {
            if found {
                entries.next_value_seed(Probe { path })?;
                break;
            }
            entries.next_value::<IgnoredAny>()?;
        }
        Err(A::Error::custom("here"))
    }
}

struct ProbeKey<'p> {
    wanted: &'p str,
    last: bool,
}

impl<'de> DeserializeSeed<'de> for &ProbeKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for &ProbeKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        if key == self.wanted && self.last {
            return Err(E::custom("here"));
        }
        Ok(key == self.wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json5_is_read() {
        let value = parse("{ a: 0x10, 'b': [1.0, .5,], /* c */ d: \"x\\\ny\" } // end").unwrap();
        assert_eq!(value, serde_json::json!({"a": 16, "b": [1, 0.5], "d": "xy"}));
    }

    #[test]
    fn nesting_and_size_are_bounded() {
        for (open, close) in [("[", "]"), ("{a:", "}")] {
            let nest = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(parse(&nest(MAX_NESTING)).is_ok());
            assert!(
                parse(&nest(MAX_NESTING + 1))
                    .unwrap_err()
                    .to_string()
                    .contains("nested deeper")
            );
            assert!(parse(&open.repeat(MAX_BYTES / 3)).is_err());
        }
        assert!(matches!(
            parse_bytes("the manifest", MAX_BYTES, &[b' '; MAX_BYTES + 1]),
            Err(Error::TooLarge { .. })
        ));
    }

    #[test]
    fn a_key_that_stands_twice_and_a_second_value_are_refused() {
        let twice = parse("{ a: 1,\n 'a': 2 }").unwrap_err().to_string();
        assert!(twice.contains("\"a\" stands twice"), "{twice}");
        let schema = parse("{ configSchema: { a: 1, b: { c: 2, c: 3 }, a: 4 } }").unwrap();
        assert_eq!(
            schema,
            serde_json::json!({"configSchema": {"a": 4, "b": {"c": 3}}})
        );
        assert!(parse("{ x: { configSchema: { a: 1, a: 2 } } }").is_err());
        assert!(parse("{} {}").is_err() && parse("").is_err() && parse("[NaN]").is_err());
    }

    #[test]
    fn a_place_has_its_line() {
        let text = "{\n a: 1,\n b: [ 2,\n { c:\n 3 } ] }";
        let key = |name: &str| Step::Key(name.to_owned());
        let path = [key("b"), Step::Index(1), key("c")];
        assert_eq!(find_line(text, &path), Some(4));
        assert_eq!(find_line(text, &path[..2]), Some(4));
        assert_eq!(find_line(text, &path[..1]), Some(3));
        assert_eq!(find_line(text, &[]), Some(1));
    }
}
