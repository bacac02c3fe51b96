//! The shapes of what clients send: closed objects as tables, and every fault of a value by its place.
//!
//! **Promise.** A value without faults has the required fields, each of its kind, and none besides. The words are
//! those that clients of OpenClaw know. **Bound.** At most [`FAULTS`] faults are told. **Cost.** One walk of the value.

use std::fmt::Write as _;

use serde_json::Value;

/// How many faults are told at most.
pub const FAULTS: usize = 8;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Whatever it is.
    Any,
    /// True or false.
    Bool,
    /// A whole number in this range.
    Integer(i64, i64),
    /// Any number.
    Number,
    /// Text of so many characters.
    Text(usize, usize),
    /// Text or nothing.
    TextOrNull,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list whose entries are all of one kind, with at most so many.
    List(&'static Kind, usize),
    /// An object with free names whose values are all of one kind.
    Map(&'static Kind),
    /// An object with these fields.
    Object(&'static Object),
}

/// Text that is not empty.
pub const WORD: Kind = Kind::Text(1, usize::MAX);
/// Text.
pub const TEXT: Kind = Kind::Text(0, usize::MAX);
/// A whole number from 0.
pub const COUNT: Kind = Kind::Integer(0, i64::MAX);
/// A list of texts.
pub const TEXTS: Kind = Kind::List(&TEXT, usize::MAX);
/// A list of texts that are not empty.
pub const WORDS: Kind = Kind::List(&WORD, usize::MAX);

/// A field of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

impl Field {
    /// A field that must be there.
    pub const fn required(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            required: true,
        }
    }

    /// A field that may be absent.
    pub const fn optional(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            required: false,
        }
    }
}

/// An object.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    fields: &'static [Field],
    open: bool,
}

impl Object {
    /// An object with these fields and no others.
    pub const fn closed(fields: &'static [Field]) -> Self {
        Self { fields, open: false }
    }

    /// An object with these fields, and whatever others.
    pub const fn open(fields: &'static [Field]) -> Self {
        Self { fields, open: true }
    }

    /// What is wrong with a value that should be such an object, in one line. None: nothing.
    pub fn faults(&self, value: &Value) -> Option<String> {
        let mut faults = Faults::default();
        faults.object("", self, value);
        (!faults.0.is_empty()).then(|| faults.0.join("; "))
    }
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn tell(&mut self, place: &str, what: &str) {
        if self.0.len() < FAULTS {
            self.0.push(if place.is_empty() {
                what.to_owned()
            } else {
                format!("at {place}: {what}")
            });
        }
    }

    fn object(&mut self, place: &str, object: &Object, value: &Value) {
        let Some(map) = value.as_object() else {
            return self.tell(place, "must be object");
        };
        for field in object.fields.iter().filter(|field| field.required) {
            if !map.contains_key(field.name) {
                self.tell(place, &format!("must have required property '{}'", field.name));
            }
        }
        for (name, value) in map {
            match object.fields.iter().find(|field| field.name == name) {
                Some(field) => self.kind(&below(place, name), &field.kind, value),
                None if object.open => {}
                None => {
                    let place = if place.is_empty() { "root" } else { place };
                    let shown: String = name.chars().take(64).collect();
                    self.tell(place, &format!("unexpected property '{shown}'"));
                }
            }
            if self.0.len() >= FAULTS {
                return;
            }
        }
    }

    fn kind(&mut self, place: &str, kind: &Kind, value: &Value) {
        match kind {
            Kind::Any => {}
            Kind::Bool if value.is_boolean() => {}
            Kind::Bool => self.tell(place, "must be boolean"),
            Kind::Number if value.is_number() => {}
            Kind::Number => self.tell(place, "must be number"),
            Kind::Integer(least, most) => self.integer(place, *least, *most, value),
            Kind::TextOrNull if value.is_null() || value.is_string() => {}
            Kind::TextOrNull => self.tell(place, "must be string"),
            Kind::Text(least, most) => match value.as_str() {
                None => self.tell(place, "must be string"),
                Some(text) => {
                    let length = text.chars().take(most.saturating_add(1)).count();
                    if length < *least {
                        self.tell(place, &format!("must NOT have fewer than {least} characters"));
                    } else if length > *most {
                        self.tell(place, &format!("must NOT have more than {most} characters"));
                    }
                }
            },
            Kind::OneOf(words) => {
                if !value.as_str().is_some_and(|word| words.contains(&word)) {
                    self.tell(place, "must be equal to one of the allowed values");
                }
            }
            Kind::List(kind, most) => match value.as_array() {
                None => self.tell(place, "must be array"),
                Some(entries) if entries.len() > *most => {
                    self.tell(place, &format!("must NOT have more than {most} items"));
                }
                Some(entries) => {
                    for (at, entry) in entries.iter().enumerate() {
                        self.kind(&below(place, &at.to_string()), kind, entry);
                        if self.0.len() >= FAULTS {
                            return;
                        }
                    }
                }
            },
            Kind::Map(kind) => match value.as_object() {
                None => self.tell(place, "must be object"),
                Some(map) => {
                    for (name, value) in map {
                        self.kind(&below(place, name), kind, value);
                        if self.0.len() >= FAULTS {
                            return;
                        }
                    }
                }
            },
            Kind::Object(object) => self.object(place, object, value),
        }
    }

    fn integer(&mut self, place: &str, least: i64, most: i64, value: &Value) {
        // 2.0 is whole too, and a client in JavaScript cannot tell it from 2.
        let whole = value.as_i64().or_else(|| {
            let number = value.as_f64()?;
            (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
        });
        match whole {
            None if value.as_u64().is_some() => {}
            None => self.tell(place, "must be integer"),
            Some(number) if number < least => self.tell(place, &format!("must be >= {least}")),
            Some(number) if number > most => self.tell(place, &format!("must be <= {most}")),
            Some(_) => {}
        }
    }
}

/// The place of a field, as a JSON pointer; long names are cut, as they come from strangers.
fn below(place: &str, name: &str) -> String {
    let mut pointer = String::with_capacity(place.len() + name.len() + 1);
    let short: String = name.chars().take(64).collect();
    // Writing to a string cannot fail.
    let _ = write!(pointer, "{place}/{}", short.replace('~', "~0").replace('/', "~1"));
    pointer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INNER: Object = Object::closed(&[Field::required("id", Kind::OneOf(&["a", "b"]))]);
    const SHAPE: Object = Object::closed(&[
        Field::required("client", Kind::Object(&INNER)),
        Field::optional("limit", Kind::Integer(1, 10)),
        Field::optional("names", WORDS),
    ]);

    #[test]
    fn every_fault_is_told_by_its_place() {
        let told = |value: Value| SHAPE.faults(&value);
        assert_eq!(told(json!({"client": {"id": "a"}, "limit": 3})), None);
        assert_eq!(told(json!({})).unwrap(), "must have required property 'client'");
        assert_eq!(
            told(json!({"client": {"id": "a"}, "x": 1})).unwrap(),
            "at root: unexpected property 'x'"
        );
        assert_eq!(
            told(json!({"client": {"id": "z"}, "limit": "many"})).unwrap(),
            "at /client/id: must be equal to one of the allowed values; at /limit: must be integer"
        );
        assert_eq!(
            told(json!({"client": {"id": "a"}, "limit": 11})).unwrap(),
            "at /limit: must be <= 10"
        );
        assert_eq!(
            told(json!({"client": {"id": "a"}, "names": ["x", ""]})).unwrap(),
            "at /names/1: must NOT have fewer than 1 characters"
        );
    }

    #[test]
    fn a_flood_of_faults_is_cut() {
        let many: serde_json::Map<String, Value> =
            (0..10_000).map(|at| (format!("f{at}"), json!(1))).collect();
        let told = SHAPE.faults(&Value::Object(many)).unwrap();
        assert_eq!(told.split("; ").count(), FAULTS);
    }
}
