//! The JSON Schema of a Rust type, in the one form that model providers understand: no references, no name of
//! a dialect, no title that repeats a Rust name.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

/// The schema of a type as JSON, for [`Tool::output_schema`](crate::Tool::output_schema).
#[must_use]
pub fn schema_of<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    schema.as_value().to_string()
}
