//! Values of components as JSON, and back by their type.
//!
//! **Promise.** What a component passes to the host is told in one way only, so that equal values are equal texts;
//! the way back knows the type and says where a value does not fit it.
//!
//! | WIT | JSON |
//! |---|---|
//! | record, list, tuple | object, array, array |
//! | `list<u8>` | the text if it is UTF-8, else `{"hex": "00ff"}`; an array of numbers is read too |
//! | enum; variant | the case's name; `{"case": payload}`, or the name alone where there is no payload |
//! | `option<T>` | `null` or the value; a nested one is `{"some": …}` |
//! | `result<T, E>` | `{"ok": …}` or `{"err": …}` |
//! | flags | an array of names |
//! | a resource | its number |
//! | NaN and infinities | `"NaN"`, `"inf"`, `"-inf"` |
//!
//! **Cost.** Proportional to the value; `list<u8>` is carried byte by byte.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use wasmtime::component::{ResourceAny, Type, Val};

/// What turns handles into numbers and back; it knows the store.
pub(crate) trait Handles {
    /// The number of a handle that the component passed.
    fn number(&mut self, handle: ResourceAny) -> Result<u32, String>;
    /// A handle for a number, of the type that is wanted.
    fn handle(&mut self, number: u32, ty: &Type) -> Result<ResourceAny, String>;
}

/// Tells a value.
pub(crate) fn tell(value: &Val, handles: &mut impl Handles) -> Result<Value, String> {
    Ok(match value {
        Val::Bool(value) => json!(value),
        Val::S8(value) => json!(value),
        Val::U8(value) => json!(value),
        Val::S16(value) => json!(value),
        Val::U16(value) => json!(value),
        Val::S32(value) => json!(value),
        Val::U32(value) => json!(value),
        Val::S64(value) => json!(value),
        Val::U64(value) => json!(value),
        Val::Float32(value) => tell_float(f64::from(*value)),
        Val::Float64(value) => tell_float(*value),
        Val::Char(value) => json!(value),
        Val::String(value) => json!(value),
        Val::List(values) => match bytes_of(values) {
            Some(bytes) => tell_bytes(&bytes),
            None => tell_all(values, handles)?,
        },
        Val::Tuple(values) => tell_all(values, handles)?,
        Val::Record(fields) => {
            let mut object = Map::new();
            for (name, value) in fields {
                object.insert(name.clone(), tell(value, handles)?);
            }
            object.into()
        }
        Val::Variant(case, None) => json!(case),
        Val::Variant(case, Some(value)) => wrap(case, tell(value, handles)?),
        Val::Enum(case) => json!(case),
        Val::Option(None) => Value::Null,
        Val::Option(Some(value)) if matches!(**value, Val::Option(_)) => wrap("some", tell(value, handles)?),
        Val::Option(Some(value)) => tell(value, handles)?,
        Val::Result(Ok(value)) => wrap("ok", tell_option(value.as_deref(), handles)?),
        Val::Result(Err(value)) => wrap("err", tell_option(value.as_deref(), handles)?),
        Val::Flags(names) => json!(names),
        Val::Resource(handle) => json!(handles.number(*handle)?),
        other => return Err(format!("{other:?} has no form in JSON")),
    })
}

fn tell_option(value: Option<&Val>, handles: &mut impl Handles) -> Result<Value, String> {
    value.map_or(Ok(Value::Null), |value| tell(value, handles))
}

fn tell_all(values: &[Val], handles: &mut impl Handles) -> Result<Value, String> {
    let all = values.iter().map(|value| tell(value, handles));
    all.collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn tell_float(value: f64) -> Value {
    match value.is_finite() {
        true => json!(value),
        false => json!(value.to_string()),
    }
}

/// An empty list of anything is told like no bytes, which the way back reads as an empty list of anything.
fn bytes_of(values: &[Val]) -> Option<Vec<u8>> {
    let bytes = values.iter().map(|value| match value {
        Val::U8(byte) => Some(*byte),
        _ => None,
    });
    bytes
        .collect::<Option<Vec<u8>>>()
        .filter(|bytes| !bytes.is_empty())
}

/// The one form of bytes.
pub(crate) fn tell_bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => {
            let mut hex = String::with_capacity(bytes.len() * 2);
            for byte in bytes {
                // Writing to a string does not fail.
                let _ = write!(hex, "{byte:02x}");
            }
            wrap("hex", json!(hex))
        }
    }
}

/// Bytes in any of their forms.
pub(crate) fn read_bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Array(numbers) => {
            let byte = |number: &Value| u8::try_from(number.as_u64()?).ok();
            numbers.iter().map(byte).collect()
        }
        Value::Object(object) => {
            let hex = object.get("hex").filter(|_| object.len() == 1)?.as_str()?;
            let digits = hex.as_bytes().chunks(2);
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            hex.len().is_multiple_of(2).then(|| digits.map(byte).collect())?
        }
        _ => None,
    }
}

fn wrap(name: &str, value: Value) -> Value {
    Map::from_iter([(name.to_owned(), value)]).into()
}

/// Reads a value of a type; `place` names it in errors.
pub(crate) fn read(value: &Value, ty: &Type, place: &str, handles: &mut impl Handles) -> Result<Val, String> {
    let misfit = |wanted: &str| format!("at {place}: {wanted} is wanted, and there is {}", shorten(value));
    Ok(match ty {
        Type::Bool => Val::Bool(value.as_bool().ok_or_else(|| misfit("true or false"))?),
        Type::S8 => Val::S8(number(value).ok_or_else(|| misfit("an s8"))?),
        Type::U8 => Val::U8(number(value).ok_or_else(|| misfit("a u8"))?),
        Type::S16 => Val::S16(number(value).ok_or_else(|| misfit("an s16"))?),
        Type::U16 => Val::U16(number(value).ok_or_else(|| misfit("a u16"))?),
        Type::S32 => Val::S32(number(value).ok_or_else(|| misfit("an s32"))?),
        Type::U32 => Val::U32(number(value).ok_or_else(|| misfit("a u32"))?),
        Type::S64 => Val::S64(number(value).ok_or_else(|| misfit("an s64"))?),
        Type::U64 => Val::U64(number(value).ok_or_else(|| misfit("a u64"))?),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "that is what the narrower type is"
        )]
        Type::Float32 => Val::Float32(float(value).ok_or_else(|| misfit("a number"))? as f32),
        Type::Float64 => Val::Float64(float(value).ok_or_else(|| misfit("a number"))?),
        Type::Char => {
            let mut chars = value.as_str().unwrap_or_default().chars();
            match (chars.next(), chars.next()) {
                (Some(char), None) => Val::Char(char),
                _ => return Err(misfit("one character")),
            }
        }
        Type::String => match value {
            Value::String(text) => Val::String(text.clone()),
            // JSON travels as text, and a test is easier to read without quoted quotes.
            Value::Object(_) | Value::Array(_) => Val::String(value.to_string()),
            _ => return Err(misfit("a string")),
        },
        Type::List(list) if matches!(list.ty(), Type::U8) => {
            let bytes = read_bytes(value).ok_or_else(|| misfit("bytes (text, numbers or {\"hex\": …})"))?;
            Val::List(bytes.into_iter().map(Val::U8).collect())
        }
        Type::List(list) => {
            let values = value.as_array().ok_or_else(|| misfit("an array"))?;
            let read = |(at, value)| read(value, &list.ty(), &format!("{place}[{at}]"), handles);
            Val::List(values.iter().enumerate().map(read).collect::<Result<_, _>>()?)
        }
        Type::Tuple(tuple) => {
            let values = value.as_array().ok_or_else(|| misfit("an array"))?;
            let types = tuple.types();
            if values.len() != types.len() {
                return Err(misfit(&format!("an array of {}", types.len())));
            }
            let mut read_values = Vec::new();
            for (at, (value, ty)) in values.iter().zip(types).enumerate() {
                read_values.push(read(value, &ty, &format!("{place}[{at}]"), handles)?);
            }
            Val::Tuple(read_values)
        }
        Type::Record(record) => {
            let object = value.as_object().ok_or_else(|| misfit("an object"))?;
            let names: Vec<&str> = record.fields().map(|field| field.name).collect();
            if let Some(name) = object.keys().find(|name| !names.contains(&name.as_str())) {
                return Err(format!(
                    "at {place}: there is no field {name:?}; the fields are {}",
                    names.join(", ")
                ));
            }
            let mut fields = Vec::new();
            for field in record.fields() {
                let inner = match (object.get(field.name), &field.ty) {
                    (Some(value), ty) => read(value, ty, &format!("{place}.{}", field.name), handles)?,
                    (None, Type::Option(_)) => Val::Option(None),
                    (None, _) => return Err(format!("at {place}: the field {:?} is missing", field.name)),
                };
                fields.push((field.name.to_owned(), inner));
            }
            Val::Record(fields)
        }
        Type::Variant(variant) => {
            let (name, payload) = match value {
                Value::String(name) => (name.as_str(), None),
                Value::Object(object) if object.len() == 1 => object
                    .iter()
                    .next()
                    .map_or(("", None), |(name, value)| (name.as_str(), Some(value))),
                _ => return Err(misfit("a case's name, or an object with one")),
            };
            let Some(case) = variant.cases().find(|case| case.name == name) else {
                let names: Vec<&str> = variant.cases().map(|case| case.name).collect();
                return Err(misfit(&format!("one of {}", names.join(", "))));
            };
            let payload = match (&case.ty, payload) {
                (None, None | Some(Value::Null)) => None,
                (Some(ty), Some(value)) => {
                    Some(Box::new(read(value, ty, &format!("{place}.{name}"), handles)?))
                }
                (None, Some(_)) => return Err(misfit(&format!("{name:?} without a value"))),
                (Some(_), None) => return Err(misfit(&format!("{{\"{name}\": …}}"))),
            };
            Val::Variant(name.to_owned(), payload)
        }
        Type::Enum(cases) => {
            let name = value
                .as_str()
                .filter(|name| cases.names().any(|case| case == *name));
            let names = || {
                misfit(&format!(
                    "one of {}",
                    cases.names().collect::<Vec<_>>().join(", ")
                ))
            };
            Val::Enum(name.ok_or_else(names)?.to_owned())
        }
        Type::Option(option) => match (value, option.ty()) {
            (Value::Null, _) => Val::Option(None),
            (Value::Object(object), ty @ Type::Option(_)) if object.contains_key("some") => {
                let inner = object.get("some").unwrap_or(&Value::Null);
                Val::Option(Some(Box::new(read(inner, &ty, place, handles)?)))
            }
            (value, ty) => Val::Option(Some(Box::new(read(value, &ty, place, handles)?))),
        },
        Type::Result(result) => {
            let object = value.as_object().filter(|object| object.len() == 1);
            let entry = object.and_then(|object| object.iter().next());
            match entry.map(|(name, value)| (name.as_str(), value)) {
                Some(("ok", value)) => Val::Result(Ok(read_payload(value, result.ok(), place, handles)?)),
                Some(("err", value)) => Val::Result(Err(read_payload(value, result.err(), place, handles)?)),
                _ => return Err(misfit("{\"ok\": …} or {\"err\": …}")),
            }
        }
        Type::Flags(flags) => {
            let names = value.as_array().ok_or_else(|| misfit("an array of names"))?;
            let mut set = Vec::new();
            for name in names {
                let known = name
                    .as_str()
                    .filter(|name| flags.names().any(|flag| flag == *name));
                set.push(known.ok_or_else(|| misfit("an array of known names"))?.to_owned());
            }
            Val::Flags(set)
        }
        Type::Own(_) | Type::Borrow(_) => {
            let number = number(value).ok_or_else(|| misfit("the number of a handle"))?;
            Val::Resource(handles.handle(number, ty)?)
        }
        _ => return Err(misfit("a value that JSON has no form for")),
    })
}

fn read_payload(
    value: &Value,
    ty: Option<Type>,
    place: &str,
    handles: &mut impl Handles,
) -> Result<Option<Box<Val>>, String> {
    match ty {
        Some(ty) => Ok(Some(Box::new(read(value, &ty, place, handles)?))),
        None if value.is_null() => Ok(None),
        None => Err(format!(
            "at {place}: nothing is wanted, and there is {}",
            shorten(value)
        )),
    }
}

fn number<T: TryFrom<i128>>(value: &Value) -> Option<T> {
    let wide = value
        .as_i64()
        .map(i128::from)
        .or_else(|| value.as_u64().map(i128::from))?;
    T::try_from(wide).ok()
}

fn float(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| match value.as_str()? {
        "NaN" => Some(f64::NAN),
        "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    })
}

/// Whether what a component passed is what a test expects. Objects and arrays also equal the text that they are
/// the JSON of, bytes equal bytes in any form, and what is absent equals `null`.
pub(crate) fn is_equal(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(found)) => {
            let all = |name: &String| wanted.get(name).unwrap_or(&Value::Null);
            let has_no_more = wanted.keys().all(|name| found.contains_key(name));
            has_no_more && found.iter().all(|(name, value)| is_equal(all(name), value))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(_) | Value::Array(_), Value::String(text)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|found| is_equal(expected, &found))
                || read_bytes(expected).is_some_and(|bytes| bytes == text.as_bytes())
        }
        (Value::Array(_), Value::Object(_)) => {
            let bytes = read_bytes(expected);
            bytes.is_some() && bytes == read_bytes(actual)
        }
        // A list that is empty has no other form than an empty array.
        (Value::String(text), Value::Array(found)) => text.is_empty() && found.is_empty(),
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => expected == actual,
    }
}

/// How much of a value an error shows.
const SHOWN: usize = 400;

/// A value as text that a person can read.
pub(crate) fn shorten(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => {
            let shown = text.get(..end).unwrap_or(&text);
            format!("{shown}… ({} bytes)", text.len())
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_form_and_are_read_in_three() {
        assert_eq!(tell_bytes(b"hi"), json!("hi"));
        assert_eq!(tell_bytes(&[0xff, 0]), json!({"hex": "ff00"}));
        assert_eq!(read_bytes(&json!({"hex": "ff00"})), Some(vec![0xff, 0]));
        assert_eq!(read_bytes(&json!([104, 105])), Some(b"hi".to_vec()));
        assert_eq!(read_bytes(&json!({"hex": "f"})), None);
        assert_eq!(read_bytes(&json!([256])), None);
        assert!(is_equal(&json!([255, 0]), &json!({"hex": "ff00"})));
    }

    #[test]
    fn json_inside_a_string_is_compared_by_value() {
        assert!(is_equal(&json!({"a": {"b": 1}}), &json!({"a": "{ \"b\": 1.0 }"})));
        assert!(!is_equal(&json!({"a": {"b": 1}}), &json!({"a": "{ \"b\": 2 }"})));
        assert!(
            !is_equal(&json!("{\"b\":1}"), &json!("{ \"b\": 1 }")),
            "text is text"
        );
    }

    #[test]
    fn what_is_absent_is_null_and_nothing_else() {
        assert!(is_equal(&json!({}), &json!({"a": null})));
        assert!(!is_equal(&json!({}), &json!({"a": 1})));
        assert!(
            !is_equal(&json!({"a": null}), &json!({})),
            "an unknown name is a mistake"
        );
    }
}
