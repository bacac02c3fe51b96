//! The values of an account's credentials, by the names that its adapter's manifest gives them.
//!
//! **Promise.** A value comes from the account's own settings, resolved in the snapshot of secrets; for the default
//! account also from those of the channel, from its token file and from the variable of its name. It is handed on and
//! never shown. **Bound.** [`FILE_BYTES`] of a file.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path as FilePath;

use openclaw_config::tree::Config;
use openclaw_config::{Loaded, Path, Segment};
use openclaw_secrets::collect::{Held, collect};
use openclaw_secrets::{SecretValue, Snapshot};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::settings::{DEFAULT, Settings, TOKEN_FILE, lookup, variable};

/// The most bytes of a file with a token.
const FILE_BYTES: u64 = 16 << 10;

/// Where an account's credentials are from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// The config.
    Config,
    /// A file that the config names.
    File,
    /// A variable.
    Environment,
}

impl Source {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::File => "tokenFile",
            Self::Environment => "env",
        }
    }
}

/// What was found.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    pub(crate) values: BTreeMap<String, SecretValue>,
    /// Where the first of them is from.
    pub(crate) source: Option<Source>,
}

/// Finds the credentials of these names.
pub(crate) fn find(
    loaded: &Loaded<Config>,
    secrets: &Snapshot,
    settings: &Settings,
    names: &[String],
) -> Result<Credentials> {
    let mut found = Credentials::default();
    for name in names {
        if let Some((value, source)) = find_one(loaded, secrets, settings, name)? {
            found.source.get_or_insert(source);
            found.values.insert(name.clone(), value);
        }
    }
    Ok(found)
}

fn find_one(
    loaded: &Loaded<Config>,
    secrets: &Snapshot,
    settings: &Settings,
    name: &str,
) -> Result<Option<(SecretValue, Source)>> {
    let (channel, account) = (settings.of.channel(), settings.of.account());
    let mut places = vec![vec!["channels", channel, "accounts", account]];
    if account == DEFAULT {
        places.push(vec!["channels", channel]);
    }
    for place in places {
        let steps: Vec<&str> = place.into_iter().chain(name.split('.')).collect();
        if let Some(value) = configured(loaded, secrets, &steps)? {
            return Ok(Some((value, Source::Config)));
        }
    }
    if matches!(name, "botToken" | "token")
        && let Some(Value::String(file)) = settings.values.get(TOKEN_FILE)
    {
        let value = read_token(&loaded.place.home, file)?;
        return Ok(Some((value, Source::File)));
    }
    if account != DEFAULT {
        return Ok(None);
    }
    let value = loaded.environment.get(&variable(channel, name));
    let value = value.map(str::trim).filter(|value| !value.is_empty());
    Ok(value.map(|value| (SecretValue::new(value), Source::Environment)))
}

fn configured(loaded: &Loaded<Config>, secrets: &Snapshot, steps: &[&str]) -> Result<Option<SecretValue>> {
    let Some(root) = loaded.source.as_object() else {
        return Ok(None);
    };
    let mut path = Path::default();
    for step in steps {
        path.push(Segment::Key((*step).to_owned()));
    }
    if let Some(value) = secrets.secret(&path.to_string())? {
        return Ok(Some(value.clone()));
    }
    // What no rule of the gateway knows as a credential, because an extension brought it.
    if lookup(root, &steps.join(".")).is_none() {
        return Ok(None);
    }
    let held = collect(&loaded.source, &[steps.join(".").as_str()])?;
    match held.into_iter().next().map(|place| place.held) {
        None => Ok(None),
        Some(Held::Plain(text)) => Ok(Some(SecretValue::new(text.expose()))),
        Some(Held::Ref(_) | Held::Malformed(_)) => Err(Error::Credential {
            place: path.to_string(),
        }),
    }
}

fn read_token(home: &FilePath, file: &str) -> Result<SecretValue> {
    let path = match file.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => FilePath::new(file).to_owned(),
    };
    let fail = |source| Error::TokenFile {
        path: path.clone(),
        source,
    };
    let facts = std::fs::symlink_metadata(&path).map_err(fail)?;
    if !facts.is_file() || facts.len() > FILE_BYTES {
        return Err(fail(std::io::ErrorKind::InvalidData.into()));
    }
    let mut text = String::new();
    let file = std::fs::File::open(&path).map_err(fail)?;
    file.take(FILE_BYTES).read_to_string(&mut text).map_err(fail)?;
    match text.trim() {
        "" => Err(fail(std::io::ErrorKind::UnexpectedEof.into())),
        token => Ok(SecretValue::new(token)),
    }
}
