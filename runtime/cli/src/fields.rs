//! Reading JSON that another program wrote: what is missing is nothing, and never a fault.

use serde_json::Value;

/// Reads the fields of an object.
pub(crate) trait Fields {
    /// The value of a field; null if there is none.
    fn field(&self, key: &str) -> &Value;

    /// The text in a field; empty if there is none.
    fn text(&self, key: &str) -> &str {
        self.field(key).as_str().unwrap_or_default()
    }

    /// What the list in a field holds; nothing if there is no list.
    fn elements(&self, key: &str) -> std::slice::Iter<'_, Value> {
        self.field(key)
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
    }
}

impl Fields for Value {
    fn field(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Value::Null)
    }
}
