//! `openclaw:secrets/placeholders` without secrets: the same name has the same placeholder in every run, so an
//! expectation and a recording show where one stood.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::http::Http;
use super::{refuse, text};
use crate::value::shorten;

const MAX_BODY: usize = 1 << 20;

/// What the component may look up.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// By name, and for a field by name and pointer.
    known: BTreeMap<(String, Option<String>), String>,
    /// What was taken out of responses, by name.
    captured: BTreeMap<String, String>,
}

/// The placeholder of what is described so.
fn place(kind: &str, what: &str) -> String {
    let mut name: String = what
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(20)
        .collect();
    name.push('_');
    let digest = Sha256::digest(format!("{kind}\0{what}"));
    let tail: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("OPENCLAW_{kind}_{name}{tail}")
}

/// The placeholder that a secret has as soon as it exists.
pub(crate) fn placeholder(name: &str) -> String {
    place("secret", name)
}

/// The placeholder of a joined secret.
pub(crate) fn compose(encoding: &str, parts: &Value) -> String {
    place("joined", &format!("{encoding} {parts}"))
}

impl Secrets {
    /// Makes a secret exist, and gives its placeholder.
    pub(crate) fn add(&mut self, name: &str, pointer: Option<&str>) -> String {
        let placeholder = match pointer {
            None => placeholder(name),
            Some(pointer) => place("field", &format!("{name} {pointer}")),
        };
        let key = (name.to_owned(), pointer.map(str::to_owned));
        self.known.insert(key, placeholder.clone());
        placeholder
    }

    pub(crate) fn captured(&self, name: &str) -> Option<&str> {
        self.captured.get(name).map(String::as_str)
    }

    /// The name of a secret whose placeholder stands in a text.
    pub(crate) fn find_in(&self, text: &str) -> Option<&str> {
        let mut known = self.known.iter();
        let found = known.find(|(_, placeholder)| text.contains(placeholder.as_str()));
        found.map(|((name, _), _)| name.as_str())
    }

    /// Answers a function; none if there is no such function.
    pub(crate) fn answer(&mut self, function: &str, arguments: &Value, http: &mut Http) -> Option<Value> {
        let name = text(arguments, "name");
        Some(match function {
            "lookup" => self.look_up(name, None),
            "lookup-field" => self.look_up(name, Some(text(arguments, "pointer"))),
            "compose" => {
                let parts = arguments.get("parts")?;
                json!({"ok": compose(text(arguments, "encoding"), parts)})
            }
            "capture" => {
                let number = arguments.get("response").and_then(Value::as_u64)?;
                match self.capture(arguments.get("place")?, name, number, http)? {
                    Ok(placeholder) => json!({"ok": placeholder}),
                    Err(refusal) => refusal,
                }
            }
            "forget" => {
                let was_there = self.captured.remove(name).is_some();
                if was_there {
                    self.known.remove(&(name.to_owned(), None));
                }
                json!({"ok": was_there})
            }
            _ => return None,
        })
    }

    fn look_up(&self, name: &str, pointer: Option<&str>) -> Value {
        match self.known.get(&(name.to_owned(), pointer.map(str::to_owned))) {
            Some(placeholder) => json!({"ok": placeholder}),
            None => {
                let way = match pointer {
                    None => format!("host.secret({name:?})"),
                    Some(pointer) => format!("host.secret_field({name:?}, {pointer:?})"),
                };
                refuse("not-found", &format!("the test has no such secret; add {way}"))
            }
        }
    }

    /// Takes a value out of a response and leaves the placeholder; none if there is no such response.
    fn capture(
        &mut self,
        place: &Value,
        name: &str,
        number: u64,
        http: &mut Http,
    ) -> Option<Result<String, Value>> {
        let response = http.response(number)?;
        if response.offset > 0 {
            return Some(Err(refuse("conflict", "the body was already being read")));
        }
        if response.reply.body.len() > MAX_BODY {
            return Some(Err(refuse("too-large", "the body has more than 1 MiB")));
        }
        let placeholder = self.add(name, None);
        let entry = place.as_object().and_then(|place| place.iter().next());
        let taken = match entry.map(|(kind, at)| (kind.as_str(), at.as_str().unwrap_or_default())) {
            Some(("json", pointer)) => {
                let mut body: Value = serde_json::from_slice(&response.reply.body).unwrap_or_default();
                let taken = body.pointer_mut(pointer).filter(|found| found.is_string());
                let taken = taken.map(|found| std::mem::replace(found, json!(placeholder)));
                if taken.is_some() {
                    response.reply.body = body.to_string().into_bytes();
                }
                taken.and_then(|taken| taken.as_str().map(str::to_owned))
            }
            Some(("header", wanted)) => {
                let mut headers = response.reply.headers.iter_mut();
                let found = headers.find(|(found, _)| found.eq_ignore_ascii_case(wanted));
                found.map(|(_, value)| std::mem::replace(value, placeholder.clone()))
            }
            Some(("cookie", wanted)) => {
                let headers = response.reply.headers.iter_mut();
                let mut cookies = headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
                let start = format!("{wanted}=");
                let found = cookies.find(|(_, cookie)| cookie.starts_with(&start));
                found.map(|(_, cookie)| {
                    let rest = cookie.get(start.len()..).unwrap_or_default().to_owned();
                    let (value, attributes) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
                    *cookie = format!("{start}{placeholder}{attributes}");
                    value.to_owned()
                })
            }
            _ => None,
        };
        let Some(taken) = taken else {
            self.known.remove(&(name.to_owned(), None));
            let message = format!("the response has no text at {}", shorten(place));
            return Some(Err(refuse("not-found", &message)));
        };
        self.captured.insert(name.to_owned(), taken);
        Some(Ok(placeholder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_one_word_equal_in_every_run_and_of_one_secret_alone() {
        let mut secrets = Secrets::default();
        let placeholder = secrets.add("a-b", None);
        assert!(
            placeholder.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
            "{placeholder}"
        );
        assert_eq!(placeholder, Secrets::default().add("a-b", None));
        let others = [
            secrets.add("a_b", None),
            secrets.add("a-b", Some("/x")),
            secrets.add("a-b", Some("/y")),
            compose("base64", &json!([{"secret": placeholder}])),
            compose("hex", &json!([{"secret": placeholder}])),
        ];
        for (at, other) in others.iter().enumerate() {
            assert_ne!(&placeholder, other);
            assert!(!others.iter().take(at).any(|earlier| earlier == other));
        }
    }
}
