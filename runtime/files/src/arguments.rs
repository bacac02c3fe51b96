//! What models write as arguments, which is not always what they were asked for.

use serde_json::Value;

use crate::answer::Refusal;

/// A text, under the first of its names that is there.
pub(crate) fn text<'a>(arguments: &'a Value, names: &[&str]) -> Result<&'a str, Refusal> {
    let found = names.iter().find_map(|name| arguments.get(name)?.as_str());
    found.ok_or_else(|| {
        Refusal(format!(
            "{} is missing; it is a text.",
            names.first().unwrap_or(&"it")
        ))
    })
}

/// A text that may be left out.
pub(crate) fn optional<'a>(arguments: &'a Value, name: &str) -> Result<Option<&'a str>, Refusal> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal(format!("{name} is a text."))),
    }
}

/// A whole number of 1 or more, if it is there.
pub(crate) fn number(arguments: &Value, name: &str) -> Result<Option<usize>, Refusal> {
    match whole(arguments, name)? {
        Some(0) => Err(Refusal(format!("{name} is a whole number, 1 or more."))),
        number => Ok(number),
    }
}

/// A whole number, if it is there.
pub(crate) fn whole(arguments: &Value, name: &str) -> Result<Option<usize>, Refusal> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            // Some models write whole numbers with a fraction of zero.
            let number = value.as_u64().or_else(|| {
                let float = value.as_f64().filter(|float| float.fract() == 0.0)?;
                format!("{float:.0}").parse().ok()
            });
            // A word of a guest has 32 bits: what does not fit is more than there is of anything.
            let number = number.map(|number| usize::try_from(number.min(u64::from(u32::MAX))));
            match number {
                Some(Ok(number)) => Ok(Some(number)),
                _ => Err(Refusal(format!("{name} is a whole number, 1 or more."))),
            }
        }
    }
}

/// Yes or no; no if it is left out.
pub(crate) fn flag(arguments: &Value, name: &str) -> Result<bool, Refusal> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(text)) if matches!(text.as_str(), "true" | "false") => Ok(text == "true"),
        Some(_) => Err(Refusal(format!("{name} is true or false."))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_taken_as_models_write_them_and_nonsense_is_not() {
        let arguments = json!({"a": 3, "b": 3.0, "c": 0, "d": -1, "e": 1.5, "f": "3", "g": null, "h": 1e30});
        assert_eq!(number(&arguments, "a").unwrap(), Some(3));
        assert_eq!(number(&arguments, "b").unwrap(), Some(3));
        assert_eq!(whole(&arguments, "c").unwrap(), Some(0));
        for missing in ["g", "none"] {
            assert_eq!(number(&arguments, missing).unwrap(), None);
        }
        for wrong in ["c", "d", "e", "f", "h"] {
            assert!(number(&arguments, wrong).is_err(), "{wrong}");
        }
    }
}
