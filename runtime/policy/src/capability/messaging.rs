//! Messages that a tool may send in the owner's name, by patterns over targets.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::atom::{self, Atom};
use crate::display::is_hidden;
use crate::error::{Error, Result};
use crate::text::{is_word, text_type};

/// Who may be written to: `*`, `telegram:*`, `telegram:-100*` or `telegram:12345`.
///
/// In front of the first colon stands the channel, behind it the target as the channel writes it. A `*` stands
/// for the rest of the target.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum TargetPattern {
    /// Everybody on every channel.
    Any,
    /// Targets of one channel that begin so.
    Prefix {
        /// The channel.
        channel: String,
        /// How the target begins.
        start: String,
    },
    /// One target.
    Exact {
        /// The channel.
        channel: String,
        /// The target.
        target: String,
    },
}

impl TargetPattern {
    /// Whether a target is one of these.
    pub fn matches(&self, channel: &str, target: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Prefix {
                channel: granted,
                start,
            } => granted == channel && target.starts_with(start),
            Self::Exact {
                channel: granted,
                target: one,
            } => granted == channel && one == target,
        }
    }
}

impl Atom for TargetPattern {
    fn covers(&self, asked: &Self) -> bool {
        match asked {
            Self::Any => *self == Self::Any,
            Self::Exact { channel, target } => self.matches(channel, target),
            Self::Prefix { channel, start } => {
                !matches!(self, Self::Exact { .. }) && self.matches(channel, start)
            }
        }
    }
}

impl FromStr for TargetPattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why| Err(Error::value("target", text, why));
        if text == "*" {
            return Ok(Self::Any);
        }
        let Some((channel, target)) = text.split_once(':') else {
            return wrong("must be CHANNEL:TARGET, CHANNEL:* or *");
        };
        if !is_word(channel, "_-") {
            return wrong("has no name of a channel in front of its colon");
        }
        if target.is_empty() || target.len() > 256 || target.contains(is_hidden) {
            return wrong("has no target behind its colon");
        }
        let channel = channel.to_owned();
        let (start, open) = match target.strip_suffix('*') {
            Some(start) => (start, true),
            None => (target, false),
        };
        if start.contains('*') {
            return wrong("may have \"*\" only at its end");
        }
        let start = start.to_owned();
        Ok(match open {
            true => Self::Prefix { channel, start },
            false => Self::Exact {
                channel,
                target: start,
            },
        })
    }
}

impl fmt::Display for TargetPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Prefix { channel, start } => write!(f, "{channel}:{start}*"),
            Self::Exact { channel, target } => write!(f, "{channel}:{target}"),
        }
    }
}

text_type!(TargetPattern);

/// Targets in their normal form: sorted, none within another.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Messaging(Vec<TargetPattern>);

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    send: BTreeSet<TargetPattern>,
}

impl Messaging {
    /// Brings targets into their normal form.
    pub fn new(targets: impl IntoIterator<Item = TargetPattern>) -> Result<Self> {
        let targets: Vec<_> = targets.into_iter().collect();
        atom::check_count("messaging", std::iter::once(targets.len()))?;
        Ok(Self(atom::reduce(targets)))
    }

    /// The targets.
    pub fn targets(&self) -> &[TargetPattern] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that is asked is within this.
    pub fn covers(&self, asked: &Self) -> bool {
        atom::beyond(&self.0, &asked.0).is_empty()
    }

    /// What is asked and not within this.
    pub fn difference(&self, asked: &Self) -> Self {
        Self(atom::beyond(&self.0, &asked.0))
    }

    /// Whether a message may be sent to a target of a channel.
    pub fn allows(&self, channel: &str, target: &str) -> bool {
        self.0.iter().any(|granted| granted.matches(channel, target))
    }
}

impl TryFrom<Written> for Messaging {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        Self::new(written.send)
    }
}

impl From<Messaging> for Written {
    fn from(messaging: Messaging) -> Self {
        Self {
            send: messaging.0.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messaging(targets: &[&str]) -> Messaging {
        Messaging::new(targets.iter().map(|text| text.parse().unwrap())).unwrap()
    }

    #[test]
    fn a_target_is_allowed_by_its_channel_and_its_beginning() {
        let granted = messaging(&["telegram:-100*", "irc:libera/#rust"]);
        assert!(granted.allows("telegram", "-1001") && granted.allows("irc", "libera/#rust"));
        assert!(!granted.allows("telegram", "1") && !granted.allows("irc", "libera/#rust2"));
        assert!(!granted.allows("Telegram", "-1001"));
    }

    #[test]
    fn the_normal_form_keeps_only_the_widest() {
        let all = messaging(&["telegram:1*", "telegram:*", "telegram:12"]);
        assert_eq!(all, messaging(&["telegram:*"]));
        assert!(messaging(&["*"]).covers(&all) && !all.covers(&messaging(&["*"])));
        assert!(!messaging(&["telegram:1"]).covers(&messaging(&["telegram:1*"])));
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in [
            "",
            "telegram",
            "telegram:",
            ":1",
            "*:1",
            "telegram:a*b",
            "telegram:**",
            "telegram:\n",
        ] {
            assert!(text.parse::<TargetPattern>().is_err(), "{text:?}");
        }
    }
}
