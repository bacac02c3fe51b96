//! Puts environment variables in the place of `${NAME}`.
//!
//! Every string takes part, once: what a variable holds is not looked at again. `$${NAME}` stands for the text
//! `${NAME}`. A variable that is unset or empty leaves the text as it is, with a warning. Where the caller says
//! so, a string that is nothing but `${NAME}` stays: in a secret field it is a reference.

use serde_json::Value;

use crate::environment::Environment;
use crate::issue::{Issue, MOST_ISSUES};
use crate::path::Path;

/// What becomes of a string that is nothing but `${NAME}`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whole {
    /// It is replaced like any other.
    Replace,
    /// It stays, as a reference.
    Keep,
    /// It stays until it is known what the place means.
    Defer,
}

/// Substitutes in every string of `value`. Returns the places that were deferred.
pub(crate) fn substitute(
    value: &mut Value,
    env: &Environment,
    whole: &dyn Fn(&Path) -> Whole,
    warnings: &mut Vec<Issue>,
) -> Vec<Path> {
    let mut walk = Walk {
        env,
        whole,
        warnings,
        deferred: Vec::new(),
    };
    walk.visit(value, &mut Path::root());
    walk.deferred
}

/// Substitutes in one string.
pub(crate) fn replace(text: &str, env: &Environment, path: &Path, warnings: &mut Vec<Issue>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let Some(name) = name_at(from) else {
            let (kept, after) = rest.split_at(at + 2);
            result.push_str(kept);
            rest = after;
            continue;
        };
        let (reference, after) = from.split_at(name.len() + 3);
        rest = after;
        if let Some(before) = before.strip_suffix('$') {
            result.push_str(before);
            result.push_str(reference);
            continue;
        }
        result.push_str(before);
        match env.get(name) {
            Some(value) => result.push_str(value),
            None => {
                result.push_str(reference);
                if warnings.len() < MOST_ISSUES {
                    let text = format!(
                        "the environment variable {name} is missing or empty; {reference} stays as it is"
                    );
                    warnings.push(Issue::new(path.clone(), text));
                }
            }
        }
    }
    result.push_str(rest);
    result
}

/// The name of the reference that the text starts with: `[A-Z_][A-Z0-9_]*` between `${` and `}`.
fn name_at(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("${")?;
    // Never further than the name itself reaches: a text may hold many beginnings and no end.
    let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))?;
    let (name, after) = rest.split_at_checked(end)?;
    (after.starts_with('}') && name.starts_with(|c: char| !c.is_ascii_digit())).then_some(name)
}

struct Walk<'w> {
    env: &'w Environment,
    whole: &'w dyn Fn(&Path) -> Whole,
    warnings: &'w mut Vec<Issue>,
    deferred: Vec<Path>,
}

impl Walk<'_> {
    fn visit(&mut self, value: &mut Value, path: &mut Path) {
        match value {
            Value::String(text) if text.contains("${") => {
                let is_whole = name_at(text).is_some_and(|name| name.len() + 3 == text.len());
                let whole = if is_whole {
                    (self.whole)(path)
                } else {
                    Whole::Replace
                };
                match whole {
                    Whole::Replace => *text = replace(text, self.env, path, self.warnings),
                    Whole::Keep => {}
                    Whole::Defer => self.deferred.push(path.clone()),
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter_mut().enumerate() {
                    path.push_index(index);
                    self.visit(element, path);
                    path.pop();
                }
            }
            Value::Object(object) => {
                for (key, value) in object {
                    path.push_key(key);
                    self.visit(value, path);
                    path.pop();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn env() -> Environment {
        Environment::default().with_config([
            ("A".to_owned(), "1".to_owned()),
            ("B_2".to_owned(), "${A}".to_owned()),
            ("EMPTY".to_owned(), String::new()),
        ])
    }

    fn run(text: &str) -> (String, usize) {
        let mut warnings = Vec::new();
        let result = replace(text, &env(), &Path::root(), &mut warnings);
        (result, warnings.len())
    }

    #[test]
    fn variables_are_replaced_once_anywhere_in_a_text() {
        assert_eq!(run("x${A}y${A}"), ("x1y1".to_owned(), 0));
        assert_eq!(run("${B_2}"), ("${A}".to_owned(), 0));
    }

    #[test]
    fn an_escaped_reference_is_text() {
        assert_eq!(run("$${A} ${A}"), ("${A} 1".to_owned(), 0));
        assert_eq!(run("$${MISSING}"), ("${MISSING}".to_owned(), 0));
    }

    #[test]
    fn what_is_missing_or_empty_stays_with_a_warning() {
        assert_eq!(
            run("a ${MISSING} ${EMPTY}"),
            ("a ${MISSING} ${EMPTY}".to_owned(), 2)
        );
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in [
            "${lower}", "${}", "${A", "$A", "${1A}", "${A-B}", "${${A", "ü${é}",
        ] {
            assert_eq!(run(text), (text.to_owned(), 0), "{text}");
        }
        assert_eq!(run("${x ${A}"), ("${x 1".to_owned(), 0));
    }

    #[test]
    fn a_whole_reference_stays_where_it_is_a_reference() {
        let mut value = json!({"token": "${A}", "mixed": "x${A}", "later": ["${A}"]});
        let whole = |path: &Path| match path.to_string().as_str() {
            "token" => Whole::Keep,
            "later[0]" => Whole::Defer,
            _ => Whole::Replace,
        };
        let deferred = substitute(&mut value, &env(), &whole, &mut Vec::new());
        assert_eq!(value, json!({"token": "${A}", "mixed": "x1", "later": ["${A}"]}));
        assert_eq!(deferred, ["later[0]".parse().unwrap()]);
    }
}
