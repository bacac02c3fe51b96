//! Things that the operator has and a component asks for by name: bridges and environment variables.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::atom::check_count;
use crate::error::{Error, Result};
use crate::text::{is_word, name_type};

name_type!(
    /// The name under which the operator configured a process.
    BridgeName,
    "bridge",
    |text| is_word(text, "_-"),
    "must begin with a letter or digit and have letters, digits, \"_\" and \"-\", 64 at most"
);

name_type!(
    /// The name of an environment variable.
    EnvName,
    "environment variable",
    |text| is_word(text.trim_start_matches('_'), "_") && !text.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 64,
    "must be letters, digits and \"_\", 64 at most, and not begin with a digit"
);

macro_rules! name_set {
    ($(#[$doc:meta])* $set:ident, $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
        #[serde(try_from = "Vec<String>", into = "Vec<String>")]
        pub struct $set(BTreeSet<$name>);

        impl $set {
            /// Takes names.
            pub fn new(names: impl IntoIterator<Item = $name>) -> Result<Self> {
                let names: BTreeSet<_> = names.into_iter().collect();
                check_count($kind, std::iter::once(names.len()))?;
                Ok(Self(names))
            }

            /// The names, sorted.
            pub fn names(&self) -> impl Iterator<Item = &$name> {
                self.0.iter()
            }

            /// Whether there is none.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// Whether all that is asked is within this.
            pub fn covers(&self, asked: &Self) -> bool {
                self.0.is_superset(&asked.0)
            }

            /// What is asked and not within this.
            pub fn difference(&self, asked: &Self) -> Self {
                Self(asked.0.difference(&self.0).cloned().collect())
            }

            /// Whether a name is one of these.
            pub fn allows(&self, name: &str) -> bool {
                self.0.iter().any(|granted| granted.as_str() == name)
            }
        }

        impl TryFrom<Vec<String>> for $set {
            type Error = Error;

            fn try_from(names: Vec<String>) -> Result<Self> {
                let names: Result<Vec<$name>> = names.iter().map(|name| name.parse()).collect();
                Self::new(names?)
            }
        }

        impl From<$set> for Vec<String> {
            fn from(set: $set) -> Self {
                set.0.into_iter().map(String::from).collect()
            }
        }
    };
}

name_set!(
    /// Processes that the operator named, such as `signal-cli`. A component has no say in how they are started.
    Bridges,
    BridgeName,
    "bridge"
);

name_set!(
    /// Environment variables of the gateway whose values the component is given.
    EnvNames,
    EnvName,
    "env"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_no_command() {
        for text in ["", "signal cli", "../x", "a;b", "-x", &"a".repeat(65)] {
            assert!(text.parse::<BridgeName>().is_err(), "{text}");
        }
        for text in ["", "A=B", "A-B", "1A", "_", "A\0"] {
            assert!(text.parse::<EnvName>().is_err(), "{text}");
        }
        assert!("signal-cli".parse::<BridgeName>().is_ok() && "_LANG2".parse::<EnvName>().is_ok());
    }
}
