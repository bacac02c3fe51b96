//! What inputs are made of: values that look as they should, and then are changed.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Number, Value};

/// How deep a value is that is made from nothing.
const DEPTH: u32 = 4;

/// Texts that somebody may have forgotten about.
const ODD: [&str; 18] = [
    "",
    " ",
    "\0",
    "\n",
    "\u{1b}[2J",
    "\u{202e}abc",
    "\u{feff}",
    "a\u{301}",
    "ß",
    "💥",
    "\u{10ffff}",
    "..",
    "../..",
    "%2e",
    "${x}",
    "__proto__",
    "null",
    "-1",
];

/// Words that matter, as they stand in a text.
pub(crate) fn words(text: &str) -> Vec<&str> {
    text.split('|').collect()
}

/// A text: a word of those that matter, an odd one, or anything.
pub(crate) fn text(u: &mut Unstructured<'_>, words: &[&str]) -> Result<String> {
    Ok(match u.int_in_range(0..=9)? {
        0..=3 if !words.is_empty() => (*u.choose(words)?).to_owned(),
        0..=6 => (*u.choose(&ODD)?).to_owned(),
        7 => u.choose(&ODD)?.repeat(u.int_in_range(1..=2000)?),
        _ => u.arbitrary()?,
    })
}

fn number(u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match u.int_in_range(0..=5)? {
        0 => Value::from(0),
        1 => Value::from(u.arbitrary::<i64>()?),
        2 => Value::from(u.arbitrary::<u64>()?),
        3 => Value::from(i64::MIN),
        4 => Value::from(u.arbitrary::<u8>()?),
        _ => Number::from_f64(u.arbitrary()?).map_or(Value::Null, Value::Number),
    })
}

/// A value of any shape.
pub(crate) fn value(u: &mut Unstructured<'_>, words: &[&str]) -> Result<Value> {
    nested(u, words, DEPTH)
}

fn nested(u: &mut Unstructured<'_>, words: &[&str], depth: u32) -> Result<Value> {
    let most = if depth == 0 { 4 } else { 6 };
    Ok(match u.int_in_range(0..=most)? {
        0 => Value::Null,
        1 => Value::Bool(u.arbitrary()?),
        2 => number(u)?,
        3 | 4 => Value::String(text(u, words)?),
        5 => {
            let count = u.int_in_range(0..=4)?;
            let items: Result<_> = (0..count).map(|_| nested(u, words, depth - 1)).collect();
            Value::Array(items?)
        }
        _ => {
            let mut members = Map::new();
            for _ in 0..u.int_in_range(0..=4)? {
                members.insert(text(u, words)?, nested(u, words, depth - 1)?);
            }
            Value::Object(members)
        }
    })
}

/// A value with some changes: parts replaced, left out, repeated, or put in under a word that matters.
pub(crate) fn changed(u: &mut Unstructured<'_>, seed: &Value, words: &[&str]) -> Result<Value> {
    let mut value = seed.clone();
    for _ in 0..u.int_in_range(0..=6)? {
        let count = size(&value);
        let mut at = u.int_in_range(0..=count - 1)?;
        let Some(part) = nth(&mut value, &mut at) else {
            continue;
        };
        match (u.int_in_range(0..=5)?, part) {
            (0, Value::Object(members)) => {
                let names: Vec<_> = members.keys().cloned().collect();
                if !names.is_empty() {
                    members.remove(u.choose(&names)?);
                }
            }
            (1, Value::Object(members)) => {
                members.insert(text(u, words)?, nested(u, words, 2)?);
            }
            (0, Value::Array(items)) => drop(items.pop()),
            (1, Value::Array(items)) => {
                if let Some(last) = items.last().cloned() {
                    items.extend(vec![last; u.int_in_range(1..=300)?]);
                }
            }
            (2, part) => *part = Value::Array(vec![part.take()]),
            (_, part) => *part = nested(u, words, 2)?,
        }
    }
    Ok(value)
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}

fn nth<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, left)),
        _ => None,
    }
}

/// A text as it stands, or torn: bytes changed, taken out, repeated, put in.
pub(crate) fn torn(u: &mut Unstructured<'_>, text: String) -> Result<Vec<u8>> {
    let mut bytes = text.into_bytes();
    let changes = match u.ratio(1, 2)? {
        true => 0,
        false => u.int_in_range(1..=4)?,
    };
    for _ in 0..changes {
        let at = u.int_in_range(0..=bytes.len())?;
        let to = bytes.len().min(at + u.int_in_range(0..=16)?);
        match u.int_in_range(0..=4)? {
            0 => drop(bytes.drain(at..to)),
            1 => {
                let again = bytes[at..to].repeat(u.int_in_range(1..=200)?);
                bytes.splice(at..at, again);
            }
            2 => bytes.truncate(at),
            3 => {
                let pieces: [&[u8]; 8] = [b"{", b"[[[[", b"\"", b"\\ud800", b"1e999", b",", b"\xff", b"\0"];
                bytes.splice(at..to, u.choose(&pieces)?.iter().copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u.arbitrary()?;
                }
            }
        }
    }
    Ok(bytes)
}

/// The same of a text that stays one.
pub(crate) fn torn_text(u: &mut Unstructured<'_>, text: String) -> Result<String> {
    Ok(String::from_utf8_lossy(&torn(u, text)?).into_owned())
}
