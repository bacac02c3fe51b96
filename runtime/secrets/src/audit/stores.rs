//! The files beside the config that may hold credentials: the agents' stores, `.env`, generated model lists.

use std::collections::BTreeSet;
use std::path::{Path as FilePath, PathBuf};

use openclaw_config::secret_ref::is_env_name;
use serde_json::Value;

use super::{Code, Finding, MAX_FILE, Scan, Scope, Severity, holds_substitution, is_secret_header};
use crate::collect::{Held, Place, collect, read_field};
use crate::error::Distrust;
use crate::resolver::is_placeholder;
use crate::trust::{open_regular, read_bounded};
use openclaw_config::Path;

/// Ends of the names of variables that hold secrets.
const SECRET_NAMES: [&str; 7] = [
    "_KEY",
    "_TOKEN",
    "_SECRET",
    "_PASSWORD",
    "_PASSWD",
    "_CREDENTIAL",
    "_CREDENTIALS",
];
/// What a generated model list holds where the value comes from a reference.
const MANAGED: &str = "secretref-managed";
const MARKER: &str = "secretref-env:";

/// Scans everything beside the config.
pub(super) fn scan(scan: &mut Scan, scope: &Scope<'_>) {
    let mut stored = Vec::new();
    for agent in agent_dirs(scope.state_dir) {
        stored.extend(auth_profiles(scan, &agent.join("auth-profiles.json")));
        legacy_auth(scan, &agent.join("auth.json"));
        generated_models(scan, &agent.join("models.json"));
    }
    shadowed(scan, scope, &stored);
    let mut seen = BTreeSet::new();
    for folder in [Some(scope.state_dir), scope.config_file.parent()]
        .into_iter()
        .flatten()
    {
        let file = folder.join(".env");
        if seen.insert(file.canonicalize().unwrap_or(file.clone())) {
            dotenv(scan, &file);
        }
    }
}

/// The `agent` folders, in the order of their names.
fn agent_dirs(state_dir: &FilePath) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(state_dir.join("agents"))
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path().join("agent")).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    folders
}

enum Content {
    Absent,
    Unusable(String),
    Bytes(crate::value::WipedBytes),
}

fn read(file: &FilePath) -> Content {
    if file.symlink_metadata().is_err() {
        return Content::Absent;
    }
    let read = open_regular(file).map(|open| read_bounded(open, MAX_FILE));
    match read {
        Ok(Ok(Some(bytes))) => Content::Bytes(bytes),
        Ok(Ok(None)) => Content::Unusable(format!("is larger than {MAX_FILE} bytes")),
        Ok(Err(error)) => Content::Unusable(format!("cannot be read: {}", error.kind())),
        Err(Distrust::Symlink(_)) => Content::Unusable("is a symlink".to_owned()),
        Err(Distrust::NotAFile(_)) => Content::Unusable("is no regular file".to_owned()),
        Err(_) => Content::Unusable("cannot be read".to_owned()),
    }
}

/// Reads a JSON file. What keeps it from being read is a finding: nobody knows then what it holds.
fn read_json(scan: &mut Scan, file: &FilePath) -> Option<Value> {
    let problem = match read(file) {
        Content::Absent => return None,
        Content::Unusable(problem) => problem,
        Content::Bytes(bytes) => match serde_json::from_slice(bytes.as_slice()) {
            Ok(value) => {
                scan.files.push(file.to_path_buf());
                return Some(value);
            }
            Err(_) => "is no JSON".to_owned(),
        },
    };
    scan.files.push(file.to_path_buf());
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let message = format!("{name} {problem}, so its secrets could not be checked.");
    scan.findings.push(finding(
        Code::RefUnresolved,
        Severity::Error,
        file,
        "<root>".to_owned(),
        message,
    ));
    None
}

fn finding(code: Code, severity: Severity, file: &FilePath, json_path: String, message: String) -> Finding {
    Finding {
        code,
        severity,
        file: file.display().to_string(),
        json_path,
        message,
        provider: None,
        profile_id: None,
    }
}

/// A credential of an agent's store: its model provider and its id.
struct Stored {
    provider: String,
    profile: String,
}

fn auth_profiles(scan: &mut Scan, file: &FilePath) -> Vec<Stored> {
    let Some(store) = read_json(scan, file) else {
        return Vec::new();
    };
    let mut stored = Vec::new();
    for (id, profile) in store
        .get("profiles")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let text = |key: &str| profile.get(key).and_then(Value::as_str);
        let provider = text("provider").or_else(|| id.split_once(':').map(|(provider, _)| provider));
        if text("type") == Some("oauth") {
            let path = Path::of(["profiles", id.as_str()]).to_string();
            let message = format!("{path} is an OAuth login, which cannot be a reference.");
            let found = finding(Code::LegacyResidue, Severity::Info, file, path, message);
            let (provider, profile_id) = (provider.map(str::to_owned), Some(id.clone()));
            scan.findings.push(Finding {
                provider,
                profile_id,
                ..found
            });
            continue;
        }
        let alone = serde_json::json!({ "profiles": { id.as_str(): profile } });
        let places = collect(&alone, &["profiles.*.key", "profiles.*.token"]).unwrap_or_default();
        for place in places {
            stored.extend(provider.map(|provider| Stored {
                provider: provider.to_owned(),
                profile: id.clone(),
            }));
            scan.add_place(file, place, Some((id, provider)));
        }
    }
    stored
}

/// A stored credential is used before a reference in the config.
fn shadowed(scan: &mut Scan, scope: &Scope<'_>, stored: &[Stored]) {
    for one in stored
        .iter()
        .filter(|one| scan.referenced.contains(&one.provider))
    {
        let path = Path::of(["models", "providers", one.provider.as_str(), "apiKey"]).to_string();
        let message = format!(
            "{path} is a reference, but the stored auth profile {} is used first.",
            one.profile
        );
        let found = finding(
            Code::RefShadowed,
            Severity::Warn,
            scope.config_file,
            path,
            message,
        );
        let (provider, profile_id) = (Some(one.provider.clone()), Some(one.profile.clone()));
        scan.findings.push(Finding {
            provider,
            profile_id,
            ..found
        });
    }
}

fn legacy_auth(scan: &mut Scan, file: &FilePath) {
    let Some(store) = read_json(scan, file) else {
        return;
    };
    for (id, credential) in store.as_object().into_iter().flatten() {
        let has_secret = ["key", "token", "access", "refresh"].iter().any(|key| {
            credential
                .get(key)
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty())
        });
        if has_secret {
            let path = Path::of([id.as_str()]).to_string();
            let message =
                format!("auth.json still holds a credential for {id}; only former versions read this file.");
            let found = finding(Code::LegacyResidue, Severity::Warn, file, path, message);
            scan.findings.push(Finding {
                provider: Some(id.clone()),
                ..found
            });
        }
    }
}

/// A generated list must hold markers. The key and headers that look secret are tested.
fn generated_models(scan: &mut Scan, file: &FilePath) {
    let Some(list) = read_json(scan, file) else { return };
    let patterns = ["providers.*.apiKey", "providers.*.headers.*"];
    let Ok(places) = collect_raw(&list, &patterns) else {
        return;
    };
    for (path, text) in places {
        let in_headers = path.key_at(2) == Some("headers");
        if in_headers && !path.last_key().is_some_and(is_secret_header) || is_marker(&text) {
            continue;
        }
        let held = if is_placeholder(&text) {
            "a placeholder"
        } else {
            "a resolved value"
        };
        let code = if is_placeholder(&text) {
            Code::PlaceholderValue
        } else {
            Code::PlaintextFound
        };
        let severity = if is_placeholder(&text) {
            Severity::Error
        } else {
            Severity::Warn
        };
        let provider = path.key_at(1).map(str::to_owned);
        let message = format!("{path} of the generated model list holds {held} instead of a marker.");
        scan.findings.push(Finding {
            provider,
            ..finding(code, severity, file, path.to_string(), message)
        });
    }
}

/// The texts at these places, markers included.
fn collect_raw(list: &Value, patterns: &[&str]) -> Result<Vec<(Path, String)>, crate::SecretError> {
    let places = collect(list, patterns)?;
    let text_at = |path: &Path| path.get(list)?.as_str().map(str::to_owned);
    Ok(places
        .into_iter()
        .filter_map(|Place { path, .. }| text_at(&path).map(|text| (path, text)))
        .collect())
}

fn is_marker(text: &str) -> bool {
    text.is_empty()
        || text == MANAGED
        || text.starts_with(MARKER)
        || is_env_name(text)
        || holds_substitution(text)
        || matches!(
            read_field(&Path::default(), &Value::from(text)),
            Some(Held::Ref(_))
        )
}

fn dotenv(scan: &mut Scan, file: &FilePath) {
    let bytes = match read(file) {
        Content::Bytes(bytes) => bytes,
        Content::Absent | Content::Unusable(_) => return,
    };
    scan.files.push(file.to_path_buf());
    let text = String::from_utf8_lossy(bytes.as_slice());
    for line in text.lines() {
        let line = line.trim_start().trim_start_matches("export ");
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let (name, value) = (name.trim(), value.trim().trim_matches(['"', '\'']));
        let secret = is_env_name(name) && SECRET_NAMES.iter().any(|end| name.ends_with(end));
        if !secret || value.is_empty() {
            continue;
        }
        let path = format!("$env.{name}");
        let found = if is_placeholder(value) {
            let message = format!("{name} in .env holds a placeholder instead of a secret.");
            finding(Code::PlaceholderValue, Severity::Error, file, path, message)
        } else {
            let message = format!("{name} is stored as plaintext in .env.");
            finding(Code::PlaintextFound, Severity::Warn, file, path, message)
        };
        scan.findings.push(found);
    }
}
