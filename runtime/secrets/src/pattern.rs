//! Patterns over places of the config: names joined with dots, `*` for every member, `[]` for every item.

use crate::error::SecretError;

/// One step of a pattern.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Match {
    /// A member with this name.
    Key(String),
    /// Every member of an object.
    AnyKey,
    /// Every item of a list.
    EveryItem,
}

/// Reads a pattern such as `models.providers.*.apiKey` or `agents.list[].tts.apiKey`.
pub(crate) fn parse_pattern(pattern: &str) -> Result<Vec<Match>, SecretError> {
    let mut steps = Vec::new();
    for part in pattern.split('.') {
        let name = part.trim_end_matches("[]");
        if name.is_empty() || name.contains(['[', ']']) {
            return Err(SecretError::Pattern(pattern.to_owned()));
        }
        steps.push(if name == "*" {
            Match::AnyKey
        } else {
            Match::Key(name.to_owned())
        });
        let lists = part.len().saturating_sub(name.len()) / 2;
        steps.extend(std::iter::repeat_n(Match::EveryItem, lists));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_names_stars_and_lists() {
        assert_eq!(
            parse_pattern("a.*.b[].c").unwrap(),
            [
                Match::Key("a".into()),
                Match::AnyKey,
                Match::Key("b".into()),
                Match::EveryItem,
                Match::Key("c".into())
            ]
        );
        for wrong in ["", "a..b", ".a", "a.", "[]", "a[0]", "a[]b"] {
            assert!(parse_pattern(wrong).is_err(), "{wrong}");
        }
    }
}
