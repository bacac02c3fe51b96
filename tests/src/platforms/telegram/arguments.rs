//! The arguments of a call. They come in the query, as JSON, as a form or as a form with files; in the last three of
//! these what is no text is written as JSON.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::refusal::{Outcome, Refusal};

/// A file that came with a call.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

/// The arguments of a call.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    values: Map<String, Value>,
    files: BTreeMap<String, File>,
}

impl Arguments {
    /// Reads them from the query and the body.
    pub(crate) async fn read(query: &str, content_type: Option<&str>, body: Bytes) -> Outcome<Self> {
        let mut arguments = Self::default();
        arguments.form(query.as_bytes());
        let content_type = content_type.unwrap_or_default();
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            "application/json" if !body.is_empty() => match serde_json::from_slice(&body) {
                Ok(Value::Object(values)) => arguments.values.extend(values),
                _ => return Err(Refusal::bad("can't parse JSON object")),
            },
            "application/x-www-form-urlencoded" => arguments.form(&body),
            "multipart/form-data" => arguments.multipart(content_type, body).await?,
            _ => {}
        }
        arguments.values.retain(|_, value| !value.is_null());
        Ok(arguments)
    }

    fn form(&mut self, body: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(body) {
            self.values
                .insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }

    async fn multipart(&mut self, content_type: &str, body: Bytes) -> Outcome<()> {
        let broken = |_| Refusal::bad("can't parse multipart form");
        let boundary = multer::parse_boundary(content_type).map_err(broken)?;
        let stream = futures_util::stream::once(async { Ok::<_, std::io::Error>(body) });
        let mut form = multer::Multipart::new(stream, boundary);
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            let content_type = field.content_type().map(ToString::to_string);
            let is_file = file_name.is_some();
            let bytes = field.bytes().await.map_err(broken)?;
            if is_file {
                let file = File {
                    name: file_name,
                    content_type,
                    bytes,
                };
                self.files.insert(name, file);
            } else {
                let text = String::from_utf8(bytes.to_vec());
                let text = text.map_err(|_| Refusal::bad("strings must be encoded in UTF-8"))?;
                self.values.insert(name, Value::String(text));
            }
        }
        Ok(())
    }

    /// A text; a number stands for its digits.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A whole number, also as text.
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        match self.values.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A switch: true, or one of the texts that mean it.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => {
                ["true", "yes", "1"].contains(&text.trim().to_ascii_lowercase().as_str())
            }
            _ => false,
        }
    }

    /// An object or list, also as text with JSON in it.
    pub(crate) fn json(&self, name: &str) -> Outcome<Option<Value>> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| Refusal::bad(format!("can't parse {} JSON object", name.replace('_', " ")))),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }

    /// All of them, for whoever looks at the calls.
    pub(crate) fn to_json(&self) -> Value {
        let read = |value: &Value| match value {
            Value::String(text) if text.starts_with(['{', '[']) => {
                serde_json::from_str(text).unwrap_or_else(|_| value.clone())
            }
            other => other.clone(),
        };
        let values = self
            .values
            .iter()
            .map(|(name, value)| (name.clone(), read(value)));
        let files = self.files.iter().map(|(name, file)| {
            let about = serde_json::json!({"file_name": file.name, "size": file.bytes.len()});
            (name.clone(), about)
        });
        Value::Object(values.chain(files).collect())
    }
}
