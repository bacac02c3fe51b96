//! What a method was given, after its shape was checked.

use serde_json::{Map, Value};

/// The fields of an object whose shape holds.
#[derive(Clone, Copy)]
pub(crate) struct Given<'v>(&'v Map<String, Value>);

impl<'v> Given<'v> {
    /// The fields of a value; none where it is no object.
    pub(crate) fn of(value: &'v Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// A field.
    pub(crate) fn get(self, name: &str) -> Option<&'v Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text that is not empty.
    pub(crate) fn text(self, name: &str) -> Option<&'v str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A whole number from 0.
    pub(crate) fn count(self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        // JavaScript writes some whole numbers with a point.
        value.as_u64().or_else(|| {
            let number = value.as_f64()?;
            (number >= 0.0 && number.fract() == 0.0).then_some(number as u64)
        })
    }

    /// Whether a field is true.
    pub(crate) fn is(self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}
