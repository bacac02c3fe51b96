//! The one place through which text passes before a person, a log or a client sees it.
//!
//! Promise: a registered value of [`MIN_LENGTH`] characters or more is not in the result, whatever stands around it,
//! raw or as JSON and URLs spell it; unregistered secrets are masked where a known pattern gives them away, which is a
//! net and no promise. Bound: at most four passes; text in which replacing keeps producing values is replaced
//! as a whole. Cost: one scan for all values and one for all patterns; text without either is returned as it is.

mod patterns;
mod values;

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;
use openclaw_config::secret_ref::REDACTED;

use crate::error::SecretError;
use patterns::Patterns;
use values::Values;

/// Values with fewer characters are too likely to be part of ordinary text.
pub const MIN_LENGTH: usize = 6;
/// How often the result is looked at again for values that replacing has put together.
const ROUNDS: usize = 4;

/// Which patterns give unregistered secrets away.
#[derive(Clone, Copy, Debug, Default)]
pub enum PatternChoice<'a> {
    /// Those that are built in.
    #[default]
    BuiltIn,
    /// Those of `logging.redactPatterns`, instead of the ones that are built in. Each is a regular expression, plain or
    /// as `/expression/flags`; its last group that took part, or else all of it, is masked.
    Custom(&'a [String]),
    /// None: only registered values are replaced.
    Off,
}

/// Keeps secrets out of text.
pub struct Redactor {
    values: ArcSwap<Values>,
    patterns: Patterns,
}

impl Default for Redactor {
    fn default() -> Self {
        Self {
            values: ArcSwap::default(),
            patterns: Patterns::BuiltIn,
        }
    }
}

impl Redactor {
    /// A redactor without values yet.
    pub fn new(choice: PatternChoice<'_>) -> Result<Self, SecretError> {
        let patterns = match choice {
            PatternChoice::BuiltIn => Patterns::BuiltIn,
            PatternChoice::Custom(expressions) => Patterns::compile(expressions)?,
            PatternChoice::Off => Patterns::Off,
        };
        Ok(Self {
            values: ArcSwap::default(),
            patterns,
        })
    }

    /// Adds values, for example those of a new snapshot. Former ones stay: a text about them may still be on its way.
    pub fn register<'a>(&self, values: impl IntoIterator<Item = &'a str>) {
        let values: Vec<&str> = values.into_iter().collect();
        self.values.rcu(|known| Arc::new(known.with(&values)));
    }

    /// The text without its secrets.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let values = self.values.load();
        let mut result = Cow::Borrowed(text);
        for _ in 0..ROUNDS {
            let replaced = values.replace(&result);
            let masked = self.patterns.mask(replaced.as_deref().unwrap_or(&result));
            match masked.or(replaced) {
                None => return result,
                Some(changed) => result = Cow::Owned(changed),
            }
            if !values.occur_in(&result) {
                return result;
            }
        }
        Cow::Borrowed(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(values: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        redactor.register(values.iter().copied());
        redactor
    }

    #[test]
    fn text_without_secrets_is_not_copied() {
        let text = "channel telegram started in 12 ms";
        assert!(matches!(redactor(&["hunter2hunter2"]).redact(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn overlapping_values_leave_no_remainder() {
        let redactor = redactor(&["abcdefgh", "efghijkl"]);
        assert_eq!(redactor.redact("<abcdefghijkl>"), format!("<{REDACTED}>"));
    }

    #[test]
    fn a_value_within_another_leaves_no_remainder() {
        let redactor = redactor(&["abcdefghijkl", "cdefgh"]);
        assert_eq!(redactor.redact("<abcdefghijkl>"), format!("<{REDACTED}>"));
    }

    #[test]
    fn a_value_too_long_to_index_is_found_too() {
        let long = "0123456789abcdef\n".repeat(600);
        let redactor = redactor(&[&long]);
        let json = serde_json::to_string(&long).unwrap();
        assert_eq!(redactor.redact(&format!("<{long}>")), format!("<{REDACTED}>"));
        assert_eq!(redactor.redact(&json), format!("\"{REDACTED}\""));
    }

    #[test]
    fn a_value_is_found_as_json_and_urls_spell_it() {
        let value = "p\"ss/w rd\\x";
        let redactor = redactor(&[value]);
        let json = serde_json::to_string(value).unwrap();
        let twice = serde_json::to_string(&json).unwrap();
        for spelling in [
            json.as_str(),
            twice.as_str(),
            "p%22ss%2Fw%20rd%5Cx",
            "p%22ss%2fw%20rd%5cx",
            "p%22ss%2Fw+rd%5Cx",
        ] {
            let shown = redactor.redact(spelling);
            assert!(
                shown.contains(REDACTED) && !shown.contains("rd"),
                "{spelling} -> {shown}"
            );
        }
    }

    #[test]
    fn short_values_are_left_alone() {
        assert_eq!(redactor(&["hello", ""]).redact("hello world"), "hello world");
    }

    #[test]
    fn former_values_stay_registered() {
        let redactor = redactor(&["former-value"]);
        redactor.register(["newer-value"]);
        assert_eq!(
            redactor.redact("former-value newer-value"),
            format!("{REDACTED} {REDACTED}")
        );
    }

    #[test]
    fn patterns_can_be_replaced_or_switched_off_but_values_never() {
        let text = "TOKEN=abcdefgh mine-42 hunter2hunter2";
        let with = |choice| {
            let redactor = Redactor::new(choice).unwrap();
            redactor.register(["hunter2hunter2"]);
            redactor.redact(text).into_owned()
        };
        assert_eq!(
            with(PatternChoice::Off),
            format!("TOKEN=abcdefgh mine-42 {REDACTED}")
        );
        let custom = ["/MINE-(\\d+)/gi".to_owned()];
        assert_eq!(
            with(PatternChoice::Custom(&custom)),
            format!("TOKEN=abcdefgh mine-*** {REDACTED}")
        );
        let error = Redactor::new(PatternChoice::Custom(&["ok".to_owned(), "(".to_owned()]))
            .err()
            .unwrap();
        assert!(
            error.to_string().starts_with("logging.redactPatterns[1] "),
            "{error}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn a_registered_value_never_survives(
            values in proptest::collection::vec("[ -~\u{e9}\u{2026}\n]{6,24}", 1..5),
            around in proptest::collection::vec("[ -~\u{e9}\n]{0,12}", 6),
        ) {
            let known: Vec<&str> = values.iter().map(String::as_str).filter(|v| !REDACTED.contains(v)).collect();
            let redactor = redactor(&known);
            let mut text = String::new();
            for (piece, value) in around.iter().zip(known.iter().cycle()) {
                text.push_str(piece);
                text.push_str(value);
            }
            let shown = redactor.redact(&text);
            for value in known {
                prop_assert!(!shown.contains(value), "{value:?} in {shown:?}");
            }
        }

        /// Few letters make values overlap, contain each other and arise anew from what replacing leaves.
        #[test]
        fn values_of_few_letters_never_survive(
            values in proptest::collection::vec("[ab_]{6,9}", 1..6),
            text in "[ab_]{0,60}",
        ) {
            let known: Vec<&str> = values.iter().map(String::as_str).filter(|v| !REDACTED.contains(v)).collect();
            let shown = redactor(&known).redact(&text).into_owned();
            for value in known {
                prop_assert!(!shown.contains(value), "{value:?} in {shown:?}");
            }
        }

        #[test]
        fn redacting_twice_changes_nothing_more(text in "[ -~\n]{0,80}") {
            let redactor = redactor(&["hunter2hunter2"]);
            let once = redactor.redact(&text).into_owned();
            let twice = redactor.redact(&once);
            prop_assert_eq!(twice.as_ref(), once.as_str());
        }
    }
}
