//! The environment that the config and the secrets see, as one unchanging value: what the process was given,
//! then `.env` files, then the config's own `env`.
//!
//! A layer only fills what those above it left unset or empty. The process's own environment is never changed.
//! Values may be secrets: `Debug` shows names and origins only. Cheap to clone.

mod credentials;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use self::credentials::CREDENTIALS;
use crate::dotenv;
use crate::error::Error;
use crate::files::{FileKind, Files};
use crate::place::{Place, Surroundings};

/// The largest `.env` file that is read, in bytes.
const MAX_DOTENV_BYTES: u64 = 1024 * 1024;

/// Where a variable came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// The environment that the process was given.
    Process,
    /// A `.env` file.
    File(PathBuf),
    /// The config's `env`.
    Config,
}

#[derive(Clone)]
struct Variable {
    value: String,
    origin: Origin,
}

/// The environment that the config and the secrets see.
#[derive(Clone, Default)]
pub struct Environment(Arc<BTreeMap<String, Variable>>);

impl Environment {
    /// The value of a variable; empty counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|variable| variable.value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Where a variable came from.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.0.get(name).map(|variable| &variable.origin)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The process's own variables and those of the `.env` files. Warnings say which files disagree.
    pub fn read(
        around: &Surroundings,
        place: &Place,
        files: &dyn Files,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let process = around.env.iter().map(|(name, value)| {
            (
                name.clone(),
                Variable {
                    value: value.clone(),
                    origin: Origin::Process,
                },
            )
        });
        let mut layers = Self(Arc::new(process.collect()));
        let global = place.state_dir.join(".env");
        let local = around.cwd.join(".env");
        if local != global {
            // Whoever owns that folder must not be able to keep the program from starting.
            match read_file(files, local) {
                Ok(local) => layers.fill(local.into_iter().filter(|(name, _)| !is_guarded(name))),
                Err(error) => warnings.push(format!("{error}; it is left out")),
            }
        }
        let global = read_file(files, global)?;
        if place.is_default_state {
            let fallback = place.home.join(".config/openclaw/gateway.env");
            for (name, variable) in read_file(files, fallback)? {
                // Both are in the order of their names.
                let winner = global.binary_search_by(|(other, _)| other.cmp(&name)).ok();
                match winner.and_then(|nth| global.get(nth)) {
                    Some((_, winner)) if winner.value != variable.value => warnings.push(format!(
                        "{name} differs between {} and {}; the first one counts",
                        winner.origin, variable.origin
                    )),
                    Some(_) => {}
                    None => layers.fill([(name, variable)]),
                }
            }
        }
        layers.fill(global);
        Ok(layers)
    }

    /// This environment, with the config's `env` below it.
    #[must_use]
    pub fn with_config(&self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut layers = self.clone();
        let variables = variables.into_iter().filter(|(name, _)| !is_switch(name));
        layers.fill(variables.map(|(name, value)| {
            (
                name,
                Variable {
                    value,
                    origin: Origin::Config,
                },
            )
        }));
        layers
    }

    fn fill(&mut self, variables: impl IntoIterator<Item = (String, Variable)>) {
        let layers = Arc::make_mut(&mut self.0);
        for (name, variable) in variables {
            let present = layers.get(&name).is_some_and(|present| !present.value.is_empty());
            if !present {
                layers.insert(name, variable);
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("the process environment"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Config => f.write_str("the config's env"),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, variable)| (name, &variable.origin)))
            .finish()
    }
}

fn read_file(files: &dyn Files, path: PathBuf) -> Result<Vec<(String, Variable)>, Error> {
    // A folder of that name is common beside Python projects, and a pipe would make the start wait.
    let content = match files.kind(&path) {
        Ok(FileKind::Other) => return Ok(Vec::new()),
        found => found.and_then(|_| files.read(&path, MAX_DOTENV_BYTES)),
    };
    let content = match content {
        Ok(content) => content,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(Error::Unreadable { path, cause }),
    };
    let text = String::from_utf8_lossy(&content);
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for (name, value) in dotenv::assignments(&text) {
        variables.insert(
            name,
            Variable {
                value,
                origin: Origin::File(path.clone()),
            },
        );
    }
    Ok(variables.into_iter().collect())
}

/// Switches of the host that no file may set.
fn is_switch(name: &str) -> bool {
    matches!(name, "OPENCLAW_CONFIG_READONLY" | "OPENCLAW_NIX_MODE")
}

/// Whether the `.env` of the working folder may not set this. Anyone who gets the operator to start the gateway
/// in their folder writes that file, so it must not choose a server, a credential or a path of ours.
fn is_guarded(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let prefix = [
        "OPENCLAW_",
        "CLAWHUB_",
        "ANTHROPIC_API_KEY_",
        "OPENAI_API_KEY_",
        "LD_",
        "DYLD_",
        "SSL_",
        "GIT_",
        "NODE_",
        "PYTHON",
        "FEISHU_",
        "IRC_",
        "MATRIX_",
        "MATTERMOST_",
        "MSTEAMS_",
        "NEXTCLOUD_",
        "OLLAMA_",
        "QQBOT_",
        "SYNOLOGY_CHAT_",
        "TWILIO_",
        "VAULT_",
        "GOOGLE_CHAT_",
        "LINE_",
        "SLACK_",
        "TELEGRAM_",
        "DISCORD_",
        "ZALO",
    ];
    let suffix = [
        "_API_HOST",
        "_BASE_URL",
        "_ENDPOINT",
        "_HOMESERVER",
        "_PROXY",
        "_ADDR",
        "_HOST",
        "_URL",
        "_TOKEN",
        "_API_KEY",
        "_SECRET",
        "_PASSWORD",
        "_PRIVATE_KEY",
    ];
    prefix.iter().any(|prefix| name.starts_with(prefix))
        || suffix.iter().any(|suffix| name.ends_with(suffix))
        || matches!(
            name.as_str(),
            "PATH" | "HOME" | "SHELL" | "BASH_ENV" | "ENV" | "IFS"
        )
        || CREDENTIALS.contains(&name.as_str())
}

/// One line about variables of this program's former names, which are not read.
pub fn former_names_warning(env: &BTreeMap<String, String>) -> Option<String> {
    let count = |prefix: &str| env.keys().filter(|name| name.starts_with(prefix)).count();
    let (clawdbot, moltbot) = (count("CLAWDBOT_"), count("MOLTBOT_"));
    let prefixes = match (clawdbot, moltbot) {
        (0, 0) => return None,
        (_, 0) => "CLAWDBOT_*",
        (0, _) => "MOLTBOT_*",
        _ => "CLAWDBOT_*, MOLTBOT_*",
    };
    Some(format!(
        "OPENCLAW_LEGACY_ENV_VARS: {} variables named {prefixes} are ignored; use the OPENCLAW_* names",
        clawdbot + moltbot
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;
    use crate::place::Selection;

    fn read(process: &[(&str, &str)], files: &[(&str, &str)]) -> (Environment, Vec<String>) {
        let mut memory = Memory::default();
        for (path, content) in files {
            memory.insert(*path, *content);
        }
        let around = Surroundings {
            env: process
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            cwd: "/here".into(),
            os_home: Some("/h".into()),
        };
        let place = Place::find(&Selection::default(), &around, &memory).unwrap();
        let mut warnings = Vec::new();
        (
            Environment::read(&around, &place, &memory, &mut warnings).unwrap(),
            warnings,
        )
    }

    #[test]
    fn each_layer_fills_only_what_is_unset_or_empty() {
        let (env, _) = read(
            &[("A", "process"), ("B", "")],
            &[
                ("/here/.env", "A=x\nB=cwd\nC=cwd"),
                ("/h/.openclaw/.env", "B=x\nC=x\nD=global"),
            ],
        );
        let env = env.with_config([("D".into(), "x".into()), ("E".into(), "config".into())]);
        let seen: Vec<_> = ["A", "B", "C", "D", "E"]
            .iter()
            .map(|name| env.get(name).unwrap())
            .collect();
        assert_eq!(seen, ["process", "cwd", "cwd", "global", "config"]);
        assert_eq!(env.origin("D"), Some(&Origin::File("/h/.openclaw/.env".into())));
        assert_eq!(env.origin("E"), Some(&Origin::Config));
    }

    #[test]
    fn the_working_folder_cannot_set_credentials_servers_or_our_own_switches() {
        let names = [
            "OPENCLAW_GATEWAY_TOKEN",
            "openclaw_x",
            "MATRIX_HOMESERVER",
            "X_BASE_URL",
            "OPENAI_API_KEY",
            "OPENAI_API_KEY_2",
        ];
        for name in names {
            let line = format!("{name}=v");
            assert_eq!(read(&[], &[("/here/.env", &line)]).0.get(name), None, "{name}");
            assert_eq!(
                read(&[], &[("/h/.openclaw/.env", &line)]).0.get(name),
                Some("v"),
                "{name}"
            );
        }
    }

    #[test]
    fn the_fallback_file_fills_and_its_disagreement_is_told_without_values() {
        let (env, warnings) = read(
            &[],
            &[
                ("/h/.openclaw/.env", "A=one"),
                ("/h/.config/openclaw/gateway.env", "A=two\nB=three"),
            ],
        );
        assert_eq!((env.get("A"), env.get("B")), (Some("one"), Some("three")));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("A differs") && !warnings[0].contains("two"));
        let (env, _) = read(
            &[("OPENCLAW_STATE_DIR", "/s")],
            &[("/h/.config/openclaw/gateway.env", "B=three")],
        );
        assert_eq!(env.get("B"), None);
    }

    #[test]
    fn the_config_cannot_lift_the_read_only_switch() {
        let env = Environment::default().with_config([("OPENCLAW_CONFIG_READONLY".into(), "0".into())]);
        assert_eq!(env.get("OPENCLAW_CONFIG_READONLY"), None);
    }

    #[test]
    fn values_are_never_printed() {
        let (env, _) = read(&[("A", "hunter2")], &[]);
        assert!(!format!("{env:?}").contains("hunter2"));
    }

    #[test]
    fn former_names_are_counted() {
        let env = |names: &[&str]| {
            names
                .iter()
                .map(|name| ((*name).to_owned(), String::new()))
                .collect()
        };
        assert_eq!(former_names_warning(&env(&["OPENCLAW_X"])), None);
        let warning = former_names_warning(&env(&["CLAWDBOT_A", "CLAWDBOT_B", "MOLTBOT_C"])).unwrap();
        assert!(warning.starts_with("OPENCLAW_LEGACY_ENV_VARS") && warning.contains(" 3 "));
    }
}
