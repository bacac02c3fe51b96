//! Looking into JSON that a stranger wrote: what is missing and what has the wrong type are the same, and nothing
//! here fails.

use serde_json::Value;

/// The ways to look into a value.
pub(crate) trait Look {
    /// A member; null if there is none.
    fn at(&self, name: &str) -> &Value;
    /// A member that is a text.
    fn text(&self, name: &str) -> Option<&str>;
    /// A member that is a whole number.
    fn int(&self, name: &str) -> Option<i64>;
    /// A member that is a whole number, as the text by which ids are told.
    fn id(&self, name: &str) -> Option<String>;
    /// Whether a member is true.
    fn flag(&self, name: &str) -> bool;
    /// The elements of a member that is a list.
    fn list(&self, name: &str) -> &[Value];
    /// A member that is an object.
    fn object(&self, name: &str) -> Option<&Value>;
}

impl Look for Value {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.at(name).as_str()
    }

    fn int(&self, name: &str) -> Option<i64> {
        self.at(name).as_i64()
    }

    fn id(&self, name: &str) -> Option<String> {
        self.int(name).map(|id| id.to_string())
    }

    fn flag(&self, name: &str) -> bool {
        self.at(name).as_bool() == Some(true)
    }

    fn list(&self, name: &str) -> &[Value] {
        self.at(name).as_array().map_or(&[], Vec::as_slice)
    }

    fn object(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| value.is_object())
    }
}
