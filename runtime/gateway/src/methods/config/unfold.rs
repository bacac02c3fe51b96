//! Puts references back in the place of what the environment had for them: the files never held those values, and
//! some of them are secrets in fields that are none.

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use serde_json::Value;

/// Values that are shorter stand in too many texts by chance.
const SHORTEST: usize = 4;

/// The value as the files meant it.
pub(super) fn unfold(snapshot: &Snapshot<Config>, mut value: Value) -> Value {
    let texts = snapshot
        .sources
        .files()
        .iter()
        .flat_map(|file| file.text.split("${").skip(1));
    let names = texts
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name);
    let known = names.filter_map(|name| Some((format!("${{{name}}}"), snapshot.environment.get(name)?)));
    let known: Vec<_> = known.filter(|(_, value)| value.len() >= SHORTEST).collect();
    if !known.is_empty() {
        put_back(&mut value, &known);
    }
    value
}

fn put_back(value: &mut Value, known: &[(String, &str)]) {
    match value {
        Value::String(text) => {
            for (reference, found) in known {
                if text.contains(found) {
                    *text = text.replace(found, reference);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_back(item, known)),
        Value::Object(fields) => fields.values_mut().for_each(|item| put_back(item, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_of_the_environment_is_told_by_its_name_wherever_it_stands() {
        let mut value = json!({ "url": "https://me:hunter22@h", "list": ["hunter22"], "port": 7 });
        put_back(&mut value, &[("${PW}".to_owned(), "hunter22")]);
        assert_eq!(
            value,
            json!({ "url": "https://me:${PW}@h", "list": ["${PW}"], "port": 7 })
        );
    }
}
