//! The way from a file to a config, in its fixed order: parse, include, environment, substitute, older
//! spellings, check, type.
//!
//! A missing file is a config in which nothing is set. Whatever is wrong is told at once, each with its place.
//! No input can make it panic or take more than bounded memory and stack.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::environment::{Environment, former_names_warning};
use crate::error::Error;
use crate::files::{FileKind, Files};
use crate::include;
use crate::issue::{Invalid, Issue, MOST_ISSUES};
use crate::legacy::{self, Changes};
use crate::path::{Path, Segment};
use crate::place::{Place, Surroundings};
use crate::rules;
use crate::snapshot::{Loaded, Snapshot, position};
use crate::sources::Sources;
use crate::substitute::{self, Whole, substitute};
use crate::validate::{self, Findings, Schema};

/// What a load needs.
#[derive(Clone, Copy)]
pub struct Request<'r, 's> {
    /// Where the config lives.
    pub place: &'r Place,
    /// What the process was started with.
    pub around: &'r Surroundings,
    /// The files that may be read.
    pub files: &'r dyn Files,
    /// What the config is checked against.
    pub schema: &'r Schema<'s>,
}

/// Loads the config.
pub fn load<T: DeserializeOwned>(request: Request<'_, '_>) -> Result<Snapshot<T>, Error> {
    let Request {
        place, files, schema, ..
    } = request;
    let mut warnings = Vec::new();
    let kind = place.config_kind(files)?;
    let (mut source, sources) = match kind {
        None => (Value::Object(Map::new()), Sources::default()),
        Some(kind) => {
            if kind == FileKind::Link {
                warnings.push(Issue::new(
                    Path::root(),
                    "the config file is a symbolic link; a write would replace the link",
                ));
            }
            let read = include::resolve(&place.config_path, &place.include_roots, files);
            let read = read.map_err(|cause| Error::Unreadable {
                path: place.config_path.clone(),
                cause,
            })?;
            warnings.extend(read.warnings);
            reject(place, &read.sources, &Changes::default(), read.issues)?;
            (read.value, read.sources)
        }
    };
    if !source.is_object() {
        let issue = Issue::new(Path::root(), "the config must be an object: { … }");
        reject(place, &sources, &Changes::default(), vec![issue])?;
    }

    let environment = read_environment(request, &source, &mut warnings)?;
    let deferred = substitute(
        &mut source,
        &environment,
        &|path| whole(schema, path),
        &mut warnings,
    );
    let mut changes = legacy::modernise(&mut source, schema);
    for path in deferred {
        replace_deferred(&mut source, &changes, &path, &environment, schema, &mut warnings);
    }

    let Findings {
        mut issues,
        warnings: found,
        unused,
    } = check(schema, &mut source, &mut warnings);
    warnings.extend(found);
    issues.extend(std::mem::take(&mut changes.issues));
    issues.extend(rules::check(&source));
    reject(place, &sources, &changes, issues)?;
    for unused in &unused {
        unused.path.remove(&mut source);
    }

    let config = T::deserialize(&source).map_err(|error| {
        let message = format!(
            "passes the checks but does not fit this program's own types; please report it: {}",
            without_quoted(&error.to_string())
        );
        Invalid {
            path: place.config_path.clone(),
            issues: vec![Issue::new(Path::root(), message)],
        }
    })?;
    let mut notices = std::mem::take(&mut changes.notices);
    for note in warnings
        .iter_mut()
        .chain(&mut notices)
        .filter(|note| note.position.is_none())
    {
        note.position = position(&sources, &changes, &note.path);
    }
    Ok(Snapshot::new(Loaded {
        config,
        source,
        place: place.clone(),
        exists: kind.is_some(),
        environment,
        sources,
        warnings,
        notices,
        unused,
        moves: changes,
        authored: OnceLock::new(),
    }))
}

/// Stops if there are issues, each with its position.
fn reject(
    place: &Place,
    sources: &Sources,
    changes: &Changes,
    mut issues: Vec<Issue>,
) -> Result<(), Invalid> {
    if issues.is_empty() {
        return Ok(());
    }
    let more = issues.len().saturating_sub(MOST_ISSUES);
    issues.truncate(MOST_ISSUES);
    for issue in issues.iter_mut().filter(|issue| issue.position.is_none()) {
        issue.position = position(sources, changes, &issue.path);
    }
    if more > 0 {
        issues.push(Issue::new(Path::root(), format!("and {more} more like these")));
    }
    Err(Invalid {
        path: place.config_path.clone(),
        issues,
    })
}

fn read_environment(
    request: Request<'_, '_>,
    source: &Value,
    warnings: &mut Vec<Issue>,
) -> Result<Environment, Error> {
    let mut notes = Vec::from_iter(former_names_warning(&request.around.env));
    let environment = Environment::read(request.around, request.place, request.files, &mut notes)?;
    warnings.extend(notes.into_iter().map(|note| Issue::new(Path::root(), note)));
    let Some(env) = source.get("env").and_then(Value::as_object) else {
        return Ok(environment);
    };
    let inline = env
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "vars" | "shellEnv"));
    let listed = env.get("vars").and_then(Value::as_object).into_iter().flatten();
    // Inline keys come second, so that `vars` counts where both are there.
    let variables = listed.chain(inline).filter_map(|(name, value)| {
        let mut missing = Vec::new();
        let value = substitute::replace(value.as_str()?, &environment, &Path::root(), &mut missing);
        // A value that refers to something missing is not a value; substitution warns of it.
        missing.is_empty().then(|| (name.clone(), value))
    });
    let variables: Vec<_> = variables.collect();
    Ok(environment.with_config(variables))
}

/// What a string that is nothing but `${NAME}` means at this place.
fn whole(schema: &Schema<'_>, path: &Path) -> Whole {
    if schema.is_secret(path) {
        Whole::Keep
    } else if schema.knows(path) {
        Whole::Replace
    } else {
        Whole::Defer
    }
}

/// Substitutes where only the current spelling tells whether it is a secret field.
fn replace_deferred(
    source: &mut Value,
    changes: &Changes,
    path: &Path,
    environment: &Environment,
    schema: &Schema<'_>,
    warnings: &mut Vec<Issue>,
) {
    let path = changes.after(path);
    if !schema.is_secret(&path)
        && let Some(Value::String(text)) = path.get_mut(source)
    {
        *text = substitute::replace(text, environment, &path, warnings);
    }
}

/// Checks against the schema. A model provider whose interface this build does not have is left out with a
/// warning: the others must not fall with it.
fn check(schema: &Schema<'_>, source: &mut Value, warnings: &mut Vec<Issue>) -> Findings {
    let found = validate::check(schema, source);
    let strange: Vec<(Path, Path)> = found
        .issues
        .iter()
        .filter_map(|issue| {
            Some((
                provider_with_strange_api(&issue.path, source)?,
                issue.path.clone(),
            ))
        })
        .collect();
    if strange.is_empty() {
        return found;
    }
    for (provider, api) in strange {
        if provider.remove(source).is_some() {
            warnings.push(Issue::new(
                api,
                format!("names an interface that this build does not have; {provider} is left out"),
            ));
        }
    }
    validate::check(schema, source)
}

/// The provider, if the issue is with the word that names its interface.
fn provider_with_strange_api(path: &Path, source: &Value) -> Option<Path> {
    let keys: Vec<&str> = path
        .segments()
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => key.as_str(),
            Segment::Index(_) => "[]",
        })
        .collect();
    match keys.as_slice() {
        ["models", "providers", id, "api"] | ["models", "providers", id, "models", "[]", "api"] => {
            path.get(source)?.as_str()?;
            Some(Path::of(["models", "providers", id]))
        }
        _ => None,
    }
}

/// The message without what it quotes, which may be a secret.
fn without_quoted(message: &str) -> String {
    message.split('"').step_by(2).collect::<Vec<_>>().join("…")
}
