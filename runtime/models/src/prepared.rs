//! The providers of one config, ready to be asked.
//!
//! **Promise.** A provider whose part of the config and whose secrets did not change keeps its connections when
//! something else changes. One that cannot be used says why when it is asked for, and leaves the others alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_config::tree::models::{ModelsMode, Provider as Configured};
use openclaw_egress::Gate;
use openclaw_egress::secret::PlaceholderKey;
use openclaw_secrets::Snapshot as Secrets;

use crate::error::Result;
use crate::known::{self, KNOWN};
use crate::provider::{Provider, Source};
use crate::reference::provider_id;
use crate::seal::Keys;

/// The providers of one config.
pub(crate) struct Prepared {
    /// The config that they are of.
    pub(crate) config: Snapshot<Config>,
    /// Them, or why they cannot be used, by id.
    pub(crate) providers: BTreeMap<String, Result<Arc<Provider>>>,
    /// The resolution of the secrets in them; none before the first.
    secrets: Option<u64>,
}

impl Prepared {
    /// Nothing yet.
    pub(crate) fn empty(config: Snapshot<Config>) -> Self {
        Self {
            config,
            providers: BTreeMap::new(),
            secrets: None,
        }
    }

    /// Whether it is of these.
    pub(crate) fn fits(&self, config: &Snapshot<Config>, secrets: &Secrets) -> bool {
        self.secrets == Some(secrets.generation()) && std::ptr::eq(&**config, &*self.config)
    }

    /// Reads all providers, and keeps those of before that are the same still.
    pub(crate) fn new(
        config: Snapshot<Config>,
        secrets: &Secrets,
        gate: &Gate,
        placeholders: &PlaceholderKey,
        before: &Self,
    ) -> Self {
        let keys = Keys {
            secrets,
            environment: &config.environment,
            gate,
            placeholders,
        };
        let same_secrets = before.secrets == Some(secrets.generation());
        let mut providers = BTreeMap::new();
        for source in sources(&config.config) {
            let kept = before.providers.get(&source.id).filter(|_| {
                same_secrets && before.configured(&source.id) == configured(&config.config, &source.id) && {
                    let variable = source.known.and_then(|known| known.variable).unwrap_or_default();
                    before.config.environment.get(variable) == config.environment.get(variable)
                }
            });
            let provider = match kept {
                Some(Ok(kept)) => Ok(Arc::clone(kept)),
                Some(Err(_)) | None => Provider::new(&source, &keys).map(Arc::new),
            };
            providers.insert(source.id, provider);
        }
        Self {
            secrets: Some(secrets.generation()),
            config,
            providers,
        }
    }

    fn configured(&self, id: &str) -> Option<(&str, &Configured)> {
        configured(&self.config.config, id)
    }
}

/// What the config says of a provider, with the spelling of its id there.
fn configured<'c>(config: &'c Config, id: &str) -> Option<(&'c str, &'c Configured)> {
    let all = config.models.providers.iter();
    let mut of_id = all.filter(|(spelling, _)| provider_id(spelling) == id);
    of_id
        .next()
        .map(|(spelling, provider)| (spelling.as_str(), provider))
}

/// All providers that the config or this program knows, those of the config first where an id is in both.
fn sources(config: &Config) -> Vec<Source<'_>> {
    let mut sources: BTreeMap<String, Source<'_>> = BTreeMap::new();
    for (spelling, provider) in &config.models.providers {
        let id = provider_id(spelling);
        sources.entry(id.clone()).or_insert_with(|| Source {
            known: known::find(&id),
            id,
            configured: Some((spelling, provider)),
        });
    }
    if config.models.mode == ModelsMode::Merge {
        for known in KNOWN {
            let id = known.id.to_owned();
            sources.entry(id.clone()).or_insert(Source {
                id,
                configured: None,
                known: Some(known),
            });
        }
    }
    sources.into_values().collect()
}
