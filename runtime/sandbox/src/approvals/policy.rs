//! How strict it is for one command: the strictest of all who have a say.
//!
//! **Promise.** Nobody makes it looser than another wants it, and it says who decided. Where nobody says anything, every
//! command runs and nobody is asked, as in OpenClaw.

use std::fmt;

use openclaw_config::tree::exec::{ExecAsk, ExecMode, ExecSecurity};
use serde::{Deserialize, Serialize};

/// Which commands run at all, the strictest first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// None.
    Deny,
    /// Those on the list.
    Allowlist,
    /// All.
    Full,
}

/// When a person is asked, the strictest last.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Never.
    Off,
    /// When the list does not have it.
    OnMiss,
    /// Always.
    Always,
}

impl Security {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allowlist => "allowlist",
            Self::Full => "full",
        }
    }
}

impl Ask {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::OnMiss => "on-miss",
            Self::Always => "always",
        }
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<ExecSecurity> for Security {
    fn from(security: ExecSecurity) -> Self {
        match security {
            ExecSecurity::Deny => Self::Deny,
            ExecSecurity::Allowlist => Self::Allowlist,
            ExecSecurity::Full => Self::Full,
        }
    }
}

impl From<ExecAsk> for Ask {
    fn from(ask: ExecAsk) -> Self {
        match ask {
            ExecAsk::Off => Self::Off,
            ExecAsk::OnMiss => Self::OnMiss,
            ExecAsk::Always => Self::Always,
        }
    }
}

/// The two halves that a mode stands for. A model that nods is not built, so that `auto` asks a person.
pub(super) fn halves(mode: ExecMode) -> (Security, Ask) {
    match mode {
        ExecMode::Deny => (Security::Deny, Ask::Off),
        ExecMode::Allowlist => (Security::Allowlist, Ask::Off),
        ExecMode::Ask | ExecMode::Auto => (Security::Allowlist, Ask::OnMiss),
        ExecMode::Full => (Security::Full, Ask::Off),
    }
}

/// Something, and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Said<T> {
    /// What is said.
    pub what: T,
    /// Who says it: a key of the config, a place in the file, `the call`.
    pub by: String,
}

impl<T> Said<T> {
    pub(super) fn new(what: T, by: impl Into<String>) -> Self {
        Self { what, by: by.into() }
    }

    /// What holds where nobody says anything.
    pub fn default_of(what: T) -> Self {
        Self::new(what, "the default")
    }
}

/// What somebody wants.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wish {
    /// Which commands run.
    pub security: Option<Said<Security>>,
    /// When a person is asked.
    pub ask: Option<Said<Ask>>,
}

impl Wish {
    /// What a call wants. It can only make things stricter.
    pub fn of_call(security: Option<Security>, ask: Option<Ask>) -> Self {
        Self {
            security: security.map(|what| Said::new(what, "the call")),
            ask: ask.map(|what| Said::new(what, "the call")),
        }
    }
}

/// How strict it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Which commands run, and who says so.
    pub security: Said<Security>,
    /// When a person is asked, and who says so.
    pub ask: Said<Ask>,
    /// What happens when a person would have to be asked and nobody answers; never looser than `security`.
    pub fallback: Said<Security>,
}

impl Policy {
    /// The strictest of several. Of those that want the same, the first is said to have decided.
    pub fn of(wishes: &[&Wish], fallback: Said<Security>) -> Self {
        let security = wishes.iter().filter_map(|wish| wish.security.as_ref());
        let ask = wishes.iter().filter_map(|wish| wish.ask.as_ref());
        let security = security
            .min_by_key(|said| said.what)
            .cloned()
            .unwrap_or_else(|| Said::default_of(Security::Full));
        Self {
            fallback: if fallback.what > security.what {
                security.clone()
            } else {
                fallback
            },
            // Of equals `max` takes the last.
            ask: ask
                .rev()
                .max_by_key(|said| said.what)
                .cloned()
                .unwrap_or_else(|| Said::default_of(Ask::Off)),
            security,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wish(security: Option<Security>, ask: Option<Ask>, by: &str) -> Wish {
        Wish {
            security: security.map(|what| Said::new(what, by)),
            ask: ask.map(|what| Said::new(what, by)),
        }
    }

    fn deny() -> Said<Security> {
        Said::new(Security::Deny, "the default")
    }

    #[test]
    fn where_nobody_says_anything_everything_runs_unasked() {
        let policy = Policy::of(&[&Wish::default()], deny());
        assert_eq!(
            (policy.security.what, policy.ask.what),
            (Security::Full, Ask::Off)
        );
    }

    #[test]
    fn the_strictest_decides_and_is_named() {
        let config = wish(Some(Security::Allowlist), Some(Ask::Off), "config");
        let file = wish(Some(Security::Full), Some(Ask::Always), "file");
        let call = Wish::of_call(Some(Security::Allowlist), Some(Ask::Always));
        let policy = Policy::of(&[&config, &file, &call], deny());
        assert_eq!(policy.security, Said::new(Security::Allowlist, "config"));
        assert_eq!(policy.ask, Said::new(Ask::Always, "file"));
    }

    #[test]
    fn nobodys_answer_is_no_way_around_the_list() {
        let list = wish(Some(Security::Allowlist), None, "config");
        let all = Said::new(Security::Full, "file");
        let policy = Policy::of(&[&list], all.clone());
        assert_eq!(policy.fallback, Said::new(Security::Allowlist, "config"));
        assert_eq!(Policy::of(&[], all.clone()).fallback, all);
        assert_eq!(Policy::of(&[&list], deny()).fallback, deny());
    }

    #[test]
    fn a_mode_stands_for_two_halves() {
        assert_eq!(halves(ExecMode::Ask), (Security::Allowlist, Ask::OnMiss));
        assert_eq!(halves(ExecMode::Auto), halves(ExecMode::Ask));
        assert_eq!(halves(ExecMode::Full), (Security::Full, Ask::Off));
    }

    fn any_wish() -> impl Strategy<Value = Wish> {
        let security = prop::option::of(prop::sample::select(vec![
            Security::Deny,
            Security::Allowlist,
            Security::Full,
        ]));
        let ask = prop::option::of(prop::sample::select(vec![Ask::Off, Ask::OnMiss, Ask::Always]));
        (security, ask).prop_map(|(security, ask)| wish(security, ask, "somebody"))
    }

    proptest! {
        #[test]
        fn one_more_wish_never_makes_it_looser(first in any_wish(), second in any_wish(), more in any_wish()) {
            let before = Policy::of(&[&first, &second], deny());
            let after = Policy::of(&[&first, &second, &more], deny());
            prop_assert!(after.security.what <= before.security.what);
            prop_assert!(after.ask.what >= before.ask.what);
        }
    }
}
