//! Tests on text that arrives.
//!
//! **Cost.** Linear in the text; a test on JSON reads it once, at most 128 levels deep.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use crate::error::{Cause, Result};

/// A test on text.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// Everything passes.
    Anything,
    /// Text that begins with this.
    StartsWith(String),
    /// Text that has this anywhere in it.
    Contains(String),
    /// JSON that passes all of these tests.
    Json(Vec<JsonTest>),
}

/// A JSON value at a place in a document.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonTest {
    pointer: String,
    equals: Value,
}

impl JsonTest {
    /// A test of the value that a JSON pointer leads to against a value that is given as JSON.
    pub fn parse(pointer: &str, equals: &str) -> Result<Self> {
        let refuse = |why| Cause::Request { why };
        if !(pointer.is_empty() || pointer.starts_with('/')) {
            return Err(refuse("has a pattern with a JSON pointer that does not begin with /").unsent());
        }
        Ok(Self {
            pointer: pointer.to_owned(),
            equals: serde_json::from_str(equals)
                .map_err(|_| refuse("has a pattern that compares with what is no JSON"))?,
        })
    }

    fn passes(&self, document: &Value) -> bool {
        let found = document.pointer(&self.pointer);
        found.is_some_and(|found| is_same(found, &self.equals))
    }
}

impl Pattern {
    /// Whether a text passes.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::StartsWith(start) => text.starts_with(start.as_str()),
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Json(tests) => {
                let document: Result<Value, _> = serde_json::from_str(text);
                document.is_ok_and(|document| tests.iter().all(|test| test.passes(&document)))
            }
        }
    }
}

/// Numbers are compared by value, and members of objects in any order.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => is_same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => is_same_object(one, other),
        _ => one == other,
    }
}

fn is_same_object(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let is_in_other = |(name, value)| other.get(name).is_some_and(|found| is_same(value, found));
    one.len() == other.len() && one.iter().all(is_in_other)
}

fn is_same_number(one: &Number, other: &Number) -> bool {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.as_f64().partial_cmp(&other.as_f64()) == Some(Ordering::Equal),
        _ => false,
    }
}

/// The number as an integer, if it is one that has an exact value here.
fn whole(number: &Number) -> Option<i128> {
    let exact = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from));
    exact.or_else(|| {
        let float = number.as_f64()?;
        // Below this every integer of the type is exact in an i128.
        (float.fract() == 0.0 && float.abs() < 1e38).then_some(float as i128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(pointer: &str, equals: &str) -> Pattern {
        Pattern::Json(vec![JsonTest::parse(pointer, equals).unwrap()])
    }

    #[test]
    fn letter_case_counts() {
        let starts = Pattern::StartsWith("PING ".to_owned());
        assert!(starts.matches("PING :a") && !starts.matches("ping :a") && !starts.matches(" PING :a"));
        let contains = Pattern::Contains(" 670 ".to_owned());
        assert!(contains.matches(":irc 670 * :go") && !contains.matches(":irc 6700 * :go"));
        assert!(Pattern::Anything.matches(""));
    }

    #[test]
    fn numbers_are_compared_by_value() {
        for (one, other, same) in [
            ("11", "11.0", true),
            ("11", "1.1e1", true),
            ("-0", "0", true),
            ("0.5", "5e-1", true),
            ("18446744073709551615", "18446744073709551615", true),
            ("18446744073709551615", "18446744073709551614", false),
            ("9007199254740993", "9007199254740992.0", false),
            ("1e300", "1e300", true),
            ("11", "12", false),
            ("1", "true", false),
            ("11", "\"11\"", false),
        ] {
            assert_eq!(
                json("/op", other).matches(&format!("{{\"op\": {one}}}")),
                same,
                "{one} {other}"
            );
        }
    }

    #[test]
    fn members_are_compared_in_any_order_and_elements_in_theirs() {
        let test = json("/d", r#"{"a": [1, {"x": 1, "y": 2}], "b": null}"#);
        assert!(test.matches(r#"{"d": {"b": null, "a": [1.0, {"y": 2, "x": 1}]}}"#));
        assert!(!test.matches(r#"{"d": {"b": null, "a": [{"y": 2, "x": 1}, 1]}}"#));
        assert!(!test.matches(r#"{"d": {"b": null, "a": [1, {"y": 2, "x": 1}], "c": 0}}"#));
        assert!(!test.matches(r#"{"d": {"a": [1, {"y": 2, "x": 1}], "c": null}}"#));
    }

    #[test]
    fn all_tests_must_pass_and_none_takes_any_json() {
        let both = Pattern::Json(vec![
            JsonTest::parse("/a", "1").unwrap(),
            JsonTest::parse("/b/0", "\"x\"").unwrap(),
        ]);
        assert!(both.matches(r#"{"a": 1, "b": ["x"]}"#));
        assert!(!both.matches(r#"{"a": 1, "b": ["y"]}"#) && !both.matches(r#"{"a": 1}"#));
        let any = Pattern::Json(Vec::new());
        assert!(any.matches("null") && !any.matches("nil") && !any.matches(""));
        assert!(json("", "7").matches("7"));
    }

    #[test]
    fn a_place_that_is_not_there_is_not_null() {
        assert!(json("/a", "null").matches(r#"{"a": null}"#));
        assert!(!json("/a", "null").matches("{}"));
    }

    #[test]
    fn json_nested_without_end_does_not_match() {
        assert!(!Pattern::Json(Vec::new()).matches(&"[".repeat(1_000_000)));
    }

    #[test]
    fn a_test_that_is_none_is_refused() {
        assert!(JsonTest::parse("op", "1").is_err() && JsonTest::parse("/op", "one").is_err());
    }
}
