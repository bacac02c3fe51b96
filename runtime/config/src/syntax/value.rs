//! The parsed value: what the text says, with nothing that JSON cannot say.

use crate::issue::MOST_ISSUES;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use super::{Content, Outline, SyntaxError, line_column};
use crate::path::Path;

/// Whole numbers below this are exact in a double, so that `1.0` means `1`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A parsed text.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What it says. Of a repeated key the last value counts.
    pub value: Value,
    /// Keys that stand twice in one object.
    pub repeated: Vec<Repeated>,
}

/// A key that stands twice in one object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Repeated {
    /// The place.
    pub path: Path,
    /// Line and column of the one that is ignored.
    pub first: (usize, usize),
    /// Line and column of the one that counts.
    pub last: (usize, usize),
}

pub(super) fn read(text: &str) -> Result<Parsed, SyntaxError> {
    let whole: Whole = json5::from_str(text).map_err(|error| {
        let position = error.position().map(|at| (at.line + 1, at.column + 1));
        SyntaxError::new(message(&error), position)
    })?;
    let mut found = Vec::new();
    if whole.repeated
        && let Some(outline) = Outline::read(text)
    {
        find_repeated(text, &outline, &mut Path::root(), &mut found);
        found.sort_by_key(|repeated| repeated.first);
    }
    Ok(Parsed {
        value: whole.value,
        repeated: found,
    })
}

struct Whole {
    value: Value,
    repeated: bool,
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let repeated = Cell::new(false);
        let value = Seed { repeated: &repeated }.deserialize(deserializer)?;
        Ok(Self {
            value,
            repeated: repeated.get(),
        })
    }
}

/// The parser's words without the position, which is told apart.
fn message(error: &json5::Error) -> String {
    match (error.code(), error.position()) {
        (Some(code), _) => code.to_string(),
        (None, Some(position)) => {
            let text = error.to_string();
            text.strip_suffix(&format!(" at {position}"))
                .unwrap_or(&text)
                .to_owned()
        }
        (None, None) => error.to_string(),
    }
}

fn find_repeated(text: &str, outline: &Outline, path: &mut Path, found: &mut Vec<Repeated>) {
    match &outline.content {
        Content::Object(entries) => {
            let mut seen = std::collections::HashMap::new();
            for (key, value) in entries {
                path.push_key(key);
                let here = value.head().start;
                if let Some(first) = seen.insert(key, here)
                    && found.len() < MOST_ISSUES
                {
                    let (first, last) = (line_column(text, first), line_column(text, here));
                    found.push(Repeated {
                        path: path.clone(),
                        first,
                        last,
                    });
                }
                find_repeated(text, value, path, found);
                path.pop();
            }
        }
        Content::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push_index(index);
                find_repeated(text, element, path, found);
                path.pop();
            }
        }
        Content::Scalar => {}
    }
}

#[derive(Clone, Copy)]
struct Seed<'r> {
    repeated: &'r Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
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
        let number = Number::from_f64(value);
        number
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a finite number, which JSON cannot hold"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if object.insert(key, value).is_some() {
                self.repeated.set(true);
            }
        }
        Ok(Value::Object(object))
    }
}
