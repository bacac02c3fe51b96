//! Which variables a command on this machine has.
//!
//! **Promise.** Of the gateway's own, none whose name says that it holds a secret, none that changes what the loader
//! loads, and none by which a service talks to its supervisor. Of those that a call adds, none that changes which
//! program a word means: those are refused, and the ones that hand code to interpreters and tools are left out and
//! named.
//!
//! **Bound.** It goes by names. A secret in a variable that is called otherwise passes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::error::{Error, Result};

/// The variable that tells a command who runs it.
pub const SHELL_MARK: (&str, &str) = ("OPENCLAW_SHELL", "exec");

/// Beginnings of names that the loader and bash read code from.
const CODE_PREFIXES: &[&str] = &["LD_", "DYLD_", "BASH_FUNC_"];

/// Names and beginnings that are left out of what a call adds.
const OVERRIDES: &[&str] = &[
    "BASH_ENV",
    "ENV",
    "GCONV_PATH",
    "GIT_ASKPASS",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PROXY_COMMAND",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "IFS",
    "NODE_OPTIONS",
    "PERL5LIB",
    "PERL5OPT",
    "PROMPT_COMMAND",
    "PS4",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RUBYLIB",
    "RUBYOPT",
    "SHELL",
    "SHELLOPTS",
    "ZDOTDIR",
];
const OVERRIDE_PREFIXES: &[&str] = &["GIT_CONFIG_", "NPM_CONFIG_"];

/// Names of secrets that do not end as secrets do.
const SECRETS: &[&str] = &[
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "OPENCLAW_GATEWAY_PASSWORD",
    "OPENCLAW_GATEWAY_TOKEN",
];
/// How the names of secrets end.
const SECRET_ENDS: &[&str] = &[
    "_ADMIN_KEY",
    "API_KEY",
    "APIKEY",
    "PASSWORD",
    "PRIVATE_KEY",
    "SECRET",
    "TOKEN",
];
/// How a service and its supervisor know each other.
const OF_THE_SERVICE: &[&str] = &[
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

/// What a call may add to a command's environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Screened {
    /// What is added.
    pub env: BTreeMap<String, String>,
    /// The names of those that are left out.
    pub left_out: Vec<String>,
}

/// Looks through what a call adds to the environment of a command on this machine.
pub fn screen(env: &BTreeMap<String, String>) -> Result<Screened> {
    let mut screened = Screened::default();
    for (name, value) in env {
        let refuse = |why| {
            Err(Error::Variable {
                name: name.escape_debug().to_string(),
                why,
            })
        };
        if name.is_empty() || name.contains(['=', '\0']) {
            return refuse("it is no name of a variable");
        }
        if value.contains('\0') {
            return refuse("its value has a zero byte in it");
        }
        let folded = name.to_uppercase();
        if folded == "PATH" {
            return refuse(
                "it changes which programs are found; tools.exec.pathPrepend in the config adds to it",
            );
        }
        if CODE_PREFIXES.iter().any(|prefix| folded.starts_with(prefix)) {
            return refuse("it changes what programs load");
        }
        if OVERRIDES.contains(&folded.as_str())
            || OVERRIDE_PREFIXES.iter().any(|prefix| folded.starts_with(prefix))
        {
            screened.left_out.push(name.clone());
            continue;
        }
        screened.env.insert(name.clone(), value.clone());
    }
    Ok(screened)
}

/// What commands inherit of the gateway's variables.
pub(super) fn inherited(all: &[(OsString, OsString)]) -> BTreeMap<OsString, OsString> {
    let kept = all.iter().filter(|(name, _)| may_be_inherited(name));
    kept.cloned().collect()
}

fn may_be_inherited(name: &OsStr) -> bool {
    let folded = name.to_string_lossy().to_uppercase();
    let is_code = CODE_PREFIXES.iter().any(|prefix| folded.starts_with(prefix));
    let is_secret = SECRETS.contains(&folded.as_str()) || SECRET_ENDS.iter().any(|end| folded.ends_with(end));
    !is_code && !is_secret && !OF_THE_SERVICE.contains(&folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs.iter();
        owned
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_changes_which_program_a_word_means_is_refused_by_name() {
        for name in [
            "PATH",
            "Path",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "BASH_FUNC_ls%%",
            "a=b",
            "",
        ] {
            let error = screen(&env(&[(name, "x")])).unwrap_err();
            assert!(matches!(error, Error::Variable { .. }), "{name}: {error}");
        }
        screen(&env(&[("A", "x\0y")])).unwrap_err();
    }

    #[test]
    fn what_hands_code_to_interpreters_is_left_out_and_named() {
        let given = env(&[
            ("BASH_ENV", "x"),
            ("GIT_CONFIG_COUNT", "1"),
            ("LANG", "C"),
            ("npm_config_x", "y"),
        ]);
        let screened = screen(&given).unwrap();
        assert_eq!(screened.env, env(&[("LANG", "C")]));
        assert_eq!(
            screened.left_out,
            ["BASH_ENV", "GIT_CONFIG_COUNT", "npm_config_x"]
        );
    }

    #[test]
    fn the_gateways_secrets_are_not_inherited() {
        let pairs = [
            "HOME",
            "PYTHONPATH",
            "SSH_AUTH_SOCK",
            "TOKENIZERS_PARALLELISM",
            "OPENCLAW_STATE_DIR",
            "OPENCLAW_GATEWAY_TOKEN",
            "OPENAI_API_KEY",
            "telegram_bot_token",
            "DB_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
            "ANTHROPIC_ADMIN_KEY",
            "CLIENT_SECRET",
            "SIGNING_PRIVATE_KEY",
            "LD_LIBRARY_PATH",
            "NOTIFY_SOCKET",
        ]
        .map(|name| (OsString::from(name), OsString::from("x")));
        let kept: Vec<_> = inherited(&pairs).into_keys().collect();
        assert_eq!(
            kept,
            [
                "HOME",
                "OPENCLAW_STATE_DIR",
                "PYTHONPATH",
                "SSH_AUTH_SOCK",
                "TOKENIZERS_PARALLELISM"
            ]
        );
    }
}
