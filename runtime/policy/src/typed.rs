//! From a parsed value to a type, with errors that know their place and the nearest known word.
//!
//! The value is bounded by [`crate::syntax`]; this walk descends it once.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// A step from a value to one inside it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// What is wrong, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    /// From the inside out; [`Fault::path`] turns it round.
    steps: Vec<Step>,
    pub(crate) what: String,
    pub(crate) nearest: Option<String>,
}

/// Reads a type from a value.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    T::deserialize(Node { value })
}

/// Reads a type from the bytes of a JSON5 document, which is called `whole`.
pub(crate) fn read_document<T: DeserializeOwned>(
    whole: &'static str,
    bytes: &[u8],
) -> crate::error::Result<T> {
    let (text, value) = crate::syntax::parse_bytes(whole, crate::syntax::MAX_BYTES, bytes)?;
    read(&value).map_err(|fault| crate::error::Error::Manifest {
        path: write_path(&fault.path(), whole),
        line: crate::syntax::find_line(text, &fault.path()),
        what: fault.what,
        nearest: fault.nearest,
    })
}

/// Writes a place as a person would: `capabilities.http[0].host`. The whole is what it is called.
pub(crate) fn write_path(path: &[Step], whole: &str) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    if text.is_empty() { whole.to_owned() } else { text }
}

/// The word that is spelled most like another, if one is near enough to have been meant.
pub(crate) fn find_nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    // A stranger's word may be long, and the distance is quadratic.
    let word: String = word.chars().take(64).flat_map(char::to_lowercase).collect();
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&word, &known.to_lowercase()), *known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).max(1))
        .min()
        .map(|(_, known)| known)
}

/// The known word that another is a slip of the pen away from, and is not.
pub(crate) fn find_slip<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    const SLIP: usize = 2;
    let word: String = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let near = |known: &&&str| strsim::damerau_levenshtein(&word, &known.to_lowercase()) <= SLIP;
    known.iter().find(near).copied()
}

impl Fault {
    pub(crate) fn path(&self) -> Vec<Step> {
        self.steps.iter().rev().cloned().collect()
    }

    fn at(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn unknown(word: &str, known: &[&str], what: &str) -> Self {
        let nearest = find_nearest(word, known).map(str::to_owned);
        let mut text = format!("\"{word}\" is no known {what}");
        if nearest.is_none() {
            text.push_str(&format!("; known are {}", known.join(", ")));
        }
        Self {
            steps: Vec::new(),
            what: text,
            nearest,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", write_path(&self.path(), "the whole"), self.what)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self {
            steps: Vec::new(),
            what: what.to_string(),
            nearest: None,
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown(field, expected, "key")
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown(variant, expected, "value")
    }
}

#[derive(Clone, Copy)]
struct Node<'v> {
    value: &'v Value,
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (_, _, Some(number)) => visitor.visit_f64(number),
                _ => Err(de::Error::custom("a number that is not finite")),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => visitor.visit_seq(Elements {
                rest: elements.iter().enumerate(),
            }),
            Value::Object(object) => visitor.visit_map(Entries {
                rest: object.iter(),
                current: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// Of the keys' names only; a list would give the values by their order, unseen by whoever looks for a key.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(de::Error::custom("must be an object, {…}")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Array(_) => self.deserialize_any(visitor),
            _ => Err(de::Error::custom("must be a list, […]")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.value {
            Value::String(text) => {
                let text: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(text)
            }
            _ => Err(de::Error::custom(format_args!(
                "must be one of {}",
                variants.join(", ")
            ))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct identifier ignored_any
    }
}

struct Elements<'v> {
    rest: std::iter::Enumerate<std::slice::Iter<'v, Value>>,
}

impl<'v> SeqAccess<'v> for Elements<'v> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'v>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, value)) = self.rest.next() else {
            return Ok(None);
        };
        let element = seed.deserialize(Node { value });
        element.map(Some).map_err(|fault| fault.at(Step::Index(index)))
    }
}

struct Entries<'v> {
    rest: serde_json::map::Iter<'v>,
    current: Option<(&'v String, &'v Value)>,
}

impl<'v> MapAccess<'v> for Entries<'v> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'v>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.current = self.rest.next();
        let Some((key, _)) = self.current else {
            return Ok(None);
        };
        let text = de::value::BorrowedStrDeserializer::new(key);
        let found = seed.deserialize(text);
        found
            .map(Some)
            .map_err(|fault: Fault| fault.at(Step::Key(key.clone())))
    }

    fn next_value_seed<T: DeserializeSeed<'v>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let Some((key, value)) = self.current.take() else {
            return Err(de::Error::custom("a value without its key"));
        };
        let value = seed.deserialize(Node { value });
        value.map_err(|fault| fault.at(Step::Key(key.clone())))
    }
}
