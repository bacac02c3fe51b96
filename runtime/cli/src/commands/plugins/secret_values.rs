//! The values of the secrets that an extension may use, from its settings in the config.
//!
//! **Promise.** Only what its grant names is resolved. A value is handed on and never shown. **Bound.** The
//! providers' own time and size limits.

use std::collections::BTreeMap;

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_policy::{Grant, Manifest};
use openclaw_secrets::SecretValue;
use openclaw_secrets::collect::{Held, Place, collect};

use crate::context::Context;
use crate::failure::Failure;

/// Where a setting of an extension stands in the config.
fn place_of(manifest: &Manifest, name: &str) -> String {
    format!("plugins.entries.{}.config.{name}", manifest.id)
}

/// Resolves them. A secret that is not configured is left out: the extension finds that out when it asks.
pub(super) async fn resolve(
    context: &Context,
    snapshot: &Snapshot<Config>,
    manifest: &Manifest,
    grant: &Grant,
) -> Result<BTreeMap<String, SecretValue>, Failure> {
    let mut values = BTreeMap::new();
    let mut references = Vec::new();
    for rule in grant.capabilities().secrets.rules() {
        let name = rule.name.as_str();
        let pattern = place_of(manifest, name);
        let found = collect(&snapshot.source, &[pattern.as_str()]);
        let found = found.map_err(|error| Failure::negative(error.to_string()))?;
        for Place { held, .. } in found {
            match held {
                Held::Plain(text) => {
                    values.insert(name.to_owned(), SecretValue::new(text.expose()));
                }
                Held::Ref(reference) => references.push((name.to_owned(), reference)),
                Held::Malformed(reason) => {
                    return Err(Failure::negative(format!("{pattern} cannot be used: {reason}")));
                }
            }
        }
    }
    if references.is_empty() {
        return Ok(values);
    }
    let resolver = context.resolver(snapshot);
    let resolved = resolver
        .resolve(references.iter().map(|(_, reference)| reference))
        .await;
    for (name, reference) in references {
        match resolved.get(&resolver.key(&reference)) {
            Some(Ok(value)) => {
                values.insert(name, value.clone());
            }
            Some(Err(error)) => {
                let place = place_of(manifest, &name);
                return Err(Failure::negative(format!("{place} has no value: {error}")));
            }
            None => {}
        }
    }
    Ok(values)
}
