//! `secrets audit`: where secrets lie in the open, and which references lead nowhere.
//!
//! Promise: reads only, changes nothing, and no finding holds a value. Programs are not started unless asked for.
//! Bound: a scanned file of at most [`MAX_FILE`] bytes, regular and no symlink. Plain text in a scanned file passes
//! through ordinary memory, as the config itself does.

mod report;
mod stores;

use std::collections::BTreeSet;
use std::path::{Path as FilePath, PathBuf};

use openclaw_config::{SecretRef, SecretSource};
use serde_json::Value;

use crate::active::inactive_because;
use crate::collect::{Held, Place, collect};
use crate::error::SecretError;
use crate::owner::Owner;
use crate::resolver::{Resolver, is_placeholder};
use openclaw_config::Path;

pub use report::{Code, Finding, Report, Resolution, Severity, Status, Summary};

/// The largest file that is scanned.
pub const MAX_FILE: u64 = 5 * 1024 * 1024;

/// Words in the name of a header that carries a secret.
const SECRET_HEADERS: [&str; 6] = [
    "authorization",
    "x-api-key",
    "token",
    "secret",
    "password",
    "credential",
];

/// What is audited.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The config file.
    pub config_file: &'a FilePath,
    /// Its content in the source view.
    pub source: &'a Value,
    /// The secret fields of the config.
    pub patterns: &'a [&'a str],
    /// The state folder, with the agents' stores.
    pub state_dir: &'a FilePath,
    /// Whether programs are started to see whether they answer.
    pub allow_exec: bool,
}

/// Looks through the config and the files beside it.
pub async fn audit(scope: Scope<'_>, resolver: &Resolver) -> Result<Report, SecretError> {
    let mut scan = Scan::default();
    let places = collect(scope.source, scope.patterns)?;
    scan.files.push(scope.config_file.to_path_buf());
    for place in places {
        // What is not in use need not resolve, but plain text is plain text.
        let unused = inactive_because(&place.path, scope.source, resolver.env()).is_some();
        if !(unused && matches!(place.held, Held::Ref(_))) {
            scan.add_place(scope.config_file, place, None);
        }
    }
    stores::scan(&mut scan, &scope);
    scan.finish(scope.allow_exec, resolver).await
}

/// A reference that is to be tried.
struct Tried {
    reference: SecretRef,
    finding: Finding,
}

/// What was found so far.
#[derive(Default)]
struct Scan {
    files: Vec<PathBuf>,
    findings: Vec<Finding>,
    references: Vec<Tried>,
    /// Model providers whose key in the config is a reference.
    referenced: BTreeSet<String>,
}

impl Scan {
    /// Judges one secret field of a file.
    fn add_place(&mut self, file: &FilePath, place: Place, profile: Option<(&str, Option<&str>)>) {
        let shown = place.path.to_string();
        let provider = match (Owner::of(&place.path), profile) {
            (_, Some((_, provider))) => provider.map(str::to_owned),
            (Owner::ModelProvider(id), None) => Some(id),
            (_, None) => None,
        };
        let finding = |code, severity, message: String| Finding {
            code,
            severity,
            file: file.display().to_string(),
            json_path: shown.clone(),
            message,
            provider: provider.clone(),
            profile_id: profile.map(|(id, _)| id.to_owned()),
        };
        if place.overrides_plaintext {
            let message =
                format!("{shown} is stored as plaintext beside its reference, which is the one in use.");
            self.findings
                .push(finding(Code::PlaintextFound, Severity::Warn, message));
        }
        match place.held {
            Held::Plain(text) if is_placeholder(text.expose()) => {
                let message = format!("{shown} holds a placeholder instead of a secret.");
                self.findings
                    .push(finding(Code::PlaceholderValue, Severity::Error, message));
            }
            Held::Plain(text) if !is_secret_field(&place.path) || holds_substitution(text.expose()) => {}
            Held::Plain(_) => {
                let message = format!("{shown} is stored as plaintext.");
                self.findings
                    .push(finding(Code::PlaintextFound, Severity::Warn, message));
            }
            Held::Malformed(reason) => {
                let message = format!("{shown} is no valid secret: {reason}.");
                self.findings
                    .push(finding(Code::RefUnresolved, Severity::Error, message));
            }
            Held::Ref(reference) => {
                if let (Some(id), Some("apiKey")) = (&provider, place.path.last_key())
                    && profile.is_none()
                {
                    self.referenced.insert(id.clone());
                }
                let finding = finding(Code::RefUnresolved, Severity::Error, String::new());
                self.references.push(Tried { reference, finding });
            }
        }
    }

    async fn finish(mut self, allow_exec: bool, resolver: &Resolver) -> Result<Report, SecretError> {
        let all = self.references.len();
        self.references
            .retain(|tried| allow_exec || tried.reference.source() != SecretSource::Exec);
        let checked = self.references.len();
        let resolved = resolver
            .resolve(self.references.iter().map(|tried| &tried.reference))
            .await;
        for Tried {
            reference,
            mut finding,
        } in self.references
        {
            let Some(Err(error)) = resolved.get(&resolver.key(&reference)) else {
                continue;
            };
            finding.message = format!("{} does not resolve: {error}", finding.json_path);
            if matches!(error, SecretError::Placeholder(_)) {
                finding.code = Code::PlaceholderValue;
            }
            self.findings.push(finding);
        }
        let files = self.files.iter().map(|file| file.display().to_string()).collect();
        Ok(Report::new(
            files,
            self.findings,
            Resolution::new(checked, all.saturating_sub(checked)),
        ))
    }
}

/// Headers are secret by their name, every other field of the surface is.
fn is_secret_field(path: &Path) -> bool {
    let in_headers = path.segments().len() >= 2
        && path.key_at(path.segments().len().saturating_sub(2)) == Some("headers")
        && path.starts_with(&["models"]);
    !in_headers || path.last_key().is_some_and(is_secret_header)
}

fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_HEADERS.iter().any(|word| name.contains(word))
}

/// Whether the text takes a part of itself from the environment, so that the file does not hold the secret.
fn holds_substitution(text: &str) -> bool {
    text.split("${").skip(1).any(|rest| {
        rest.split_once('}')
            .is_some_and(|(name, _)| openclaw_config::secret_ref::is_env_name(name))
    })
}
