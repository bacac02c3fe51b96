//! Changes a value in a JSON5 text and leaves the rest of it as it was written.
//!
//! **Promise.** Comments, order and spelling of all that is not named stay. The result parses to the value asked
//! for, with all other values as before, or there is no result. **Bound.** One outline of the text for each change.

use serde_json::{Map, Value};

use crate::path::{Path, Segment};
use crate::syntax::{self, Content, Outline};

/// Why a text cannot be changed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EditError {
    /// The text is no JSON5.
    #[error("the file cannot be changed, because it cannot be understood: {0}")]
    Syntax(#[from] syntax::SyntaxError),
    /// Something on the way is no object, so nothing can be put into it.
    #[error("{0} is not an object, so nothing can be set inside it")]
    NotObject(Path),
    /// The element of a list is not there.
    #[error("{0} is not there")]
    NoElement(Path),
}

/// How far one level is indented where the text does not tell.
const INDENT: &str = "  ";

/// The text with a value in its place. Objects on the way are made where they are missing.
pub fn set(text: &str, path: &Path, value: &Value) -> Result<String, EditError> {
    let text = match text.trim() {
        "" => "{}\n",
        _ => text,
    };
    syntax::parse(text)?;
    let outline = Outline::read(text).ok_or_else(|| EditError::NotObject(Path::root()))?;
    let mut here = &outline;
    let mut at = Path::root();
    for (depth, segment) in path.segments().iter().enumerate() {
        if let Some(next) = here.step(segment) {
            here = next;
            at.push(segment.clone());
            continue;
        }
        let Segment::Key(key) = segment else {
            at.push(segment.clone());
            return Err(EditError::NoElement(at));
        };
        let Content::Object(entries) = &here.content else {
            return Err(EditError::NotObject(at));
        };
        let rest = path.segments().get(depth + 1..).unwrap_or_default();
        let nested = nest(rest, value).map_err(|index| {
            let mut whole = path.clone();
            while whole.segments().len() > depth + 2 + index {
                whole.pop();
            }
            EditError::NoElement(whole)
        })?;
        return Ok(insert(text, here, entries, key, &nested));
    }
    let indent = indent_at(text, here.head().start);
    Ok(splice(
        text,
        here.value.start,
        here.value.end,
        &print(value, indent),
    ))
}

/// The value inside of the objects that lead to it. An index has nothing to count in: its place is the error.
fn nest(rest: &[Segment], value: &Value) -> Result<Value, usize> {
    let mut nested = value.clone();
    for (index, segment) in rest.iter().enumerate().rev() {
        let Segment::Key(key) = segment else {
            return Err(index);
        };
        nested = Value::Object(Map::from_iter([(key.clone(), nested)]));
    }
    Ok(nested)
}

fn insert(text: &str, object: &Outline, entries: &[(String, Outline)], key: &str, value: &Value) -> String {
    let open = object.value.start + 1;
    let close = object.value.end.saturating_sub(1);
    let outer = indent_at(text, object.head().start);
    let last = entries.last().map(|(_, entry)| entry);
    let inner = match last {
        Some(entry) if is_first_on_line(text, entry.head().start) => {
            indent_at(text, entry.head().start).to_owned()
        }
        _ => format!("{outer}{INDENT}"),
    };
    let from = last.map_or(open, |entry| entry.value.end);
    let between = text.get(from..close).unwrap_or_default();
    // A comma may be there already, behind the last entry and not inside of a comment.
    let comma = match last {
        Some(_) if !starts_with_comma(between) => ",",
        _ => "",
    };
    let kept = between.trim_end();
    let entry = format!("{inner}{}: {}", quote(key), print(value, &inner));
    splice(text, from, close, &format!("{comma}{kept}\n{entry},\n{outer}"))
}

/// Whether the first thing behind blanks and comments is a comma.
fn starts_with_comma(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        rest = if let Some(comment) = rest.strip_prefix("//") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            return rest.starts_with(',');
        }
        .trim_start();
    }
}

fn splice(text: &str, start: usize, end: usize, new: &str) -> String {
    let (head, tail) = (
        text.get(..start).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    );
    format!("{head}{new}{tail}")
}

/// The blanks at the beginning of the line in which a byte stands.
fn indent_at(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(line..).unwrap_or_default();
    let length = line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len());
    line.get(..length).unwrap_or_default()
}

fn is_first_on_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    before.get(line..).unwrap_or_default().trim().is_empty()
}

/// A key as people write it: without quotes where none are needed.
fn quote(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    match key.chars().all(plain) && key.starts_with(|c: char| !c.is_ascii_digit()) {
        true => key.to_owned(),
        false => Value::from(key).to_string(),
    }
}

fn print(value: &Value, indent: &str) -> String {
    let inner = format!("{indent}{INDENT}");
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            let lines: String = entries
                .iter()
                .map(|(key, value)| format!("{inner}{}: {},\n", quote(key), print(value, &inner)))
                .collect();
            format!("{{\n{lines}{indent}}}")
        }
        Value::Array(elements)
            if elements
                .iter()
                .any(|element| element.is_object() || element.is_array()) =>
        {
            let lines: String = elements
                .iter()
                .map(|element| format!("{inner}{},\n", print(element, &inner)))
                .collect();
            format!("[\n{lines}{indent}]")
        }
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(Value::to_string).collect();
            format!("[{}]", elements.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    fn edit(text: &str, at: &str, value: Value) -> String {
        set(text, &path(at), &value).unwrap()
    }

    #[test]
    fn a_value_changes_in_its_place_and_comments_stay() {
        let text = "{\n  // mine\n  gateway: { port: 18789 /* usual */ }, // end\n}\n";
        let expected = "{\n  // mine\n  gateway: { port: 19000 /* usual */ }, // end\n}\n";
        assert_eq!(edit(text, "gateway.port", json!(19000)), expected);
    }

    #[test]
    fn a_new_key_follows_the_last_one_and_its_comment() {
        let text = "{\n    a: 1 // one\n}\n";
        assert_eq!(
            edit(text, "b.c", json!("x")),
            "{\n    a: 1, // one\n    b: {\n      c: \"x\",\n    },\n}\n"
        );
    }

    #[test]
    fn a_comma_inside_of_a_comment_counts_for_nothing() {
        let text = "{ a: 1 /* , */ }";
        let edited = edit(text, "b", json!(2));
        assert_eq!(syntax::parse(&edited).unwrap().value, json!({"a": 1, "b": 2}));
    }

    #[test]
    fn an_empty_file_becomes_an_object() {
        assert_eq!(
            edit("", "gateway.mode", json!("local")),
            "{\n  gateway: {\n    mode: \"local\",\n  },\n}\n"
        );
    }

    #[test]
    fn nothing_is_set_inside_of_what_is_no_object() {
        let error = set("{a: 1}", &path("a.b"), &json!(1)).unwrap_err();
        assert_eq!(error, EditError::NotObject(path("a")));
        assert!(set("{a: ", &path("b"), &json!(1)).is_err());
        assert!(set("{}", &path("a[2]"), &json!(1)).is_err());
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z\\-é\"]{1,4}", inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_set_is_read_back_and_all_else_is_as_before(
            before in prop::collection::btree_map("[a-c]{1,2}", document(), 0..4),
            keys in prop::collection::vec("[a-d]{1,2}", 1..4),
            value in document(),
            pretty in any::<bool>(),
        ) {
            let before = Value::Object(before.into_iter().collect());
            let text = match pretty {
                true => print(&before, ""),
                false => before.to_string(),
            };
            let mut at = Path::root();
            keys.iter().for_each(|key| at.push_key(key));
            let Ok(edited) = set(&text, &at, &value) else { return Ok(()) };
            let mut expected = before;
            let mut here = &mut expected;
            for key in &keys {
                let Some(object) = here.as_object_mut() else {
                    return Err(TestCaseError::fail("it was set inside of no object"));
                };
                here = object.entry(key.as_str()).or_insert_with(|| json!({}));
            }
            *here = value;
            prop_assert_eq!(syntax::parse(&edited).unwrap().value, expected);
        }
    }
}
