//! Turns references into values, each provider asked once for all of its ids.
//!
//! Promise: the answer names every reference that was asked, with its value or the reason why not; a provider that
//! fails fails its own references only. Bound: `secrets.resolution` (providers at a time, references per provider,
//! bytes of one request). Cost: one task per provider.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::secret_ref::REDACTED;
use openclaw_config::tree::{EnvProvider, SecretProvider, Secrets};
use openclaw_config::{SecretRef, SecretSource};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::error::SecretError;
use crate::provider::{AnswerError, Answers, env, exec, file};
use crate::value::SecretValue;

/// The alias that is meant when neither the reference nor the config names one.
const DEFAULT_ALIAS: &str = "default";
/// Texts that stand for a secret that somebody blanked out.
const PLACEHOLDERS: [&str; 3] = ["***", "[redacted]", REDACTED];

/// What resolution may see of the world around it.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The environment variables that references and providers may name.
    pub env: BTreeMap<String, String>,
    /// Those of them that are not handed on to programs, because a file that others may write has set them.
    pub withheld: BTreeSet<String>,
    /// What `~` means in a provider's paths.
    pub home: Option<PathBuf>,
}

/// A reference with its provider's alias filled in.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RefKey {
    source: SecretSource,
    provider: String,
    id: String,
}

impl RefKey {
    /// Where the secret is kept.
    pub fn source(&self) -> SecretSource {
        self.source
    }

    /// The alias of the provider.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// What the provider is asked for.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for RefKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source, self.provider, self.id)
    }
}

/// What became of each reference.
pub type Resolved = BTreeMap<RefKey, Result<SecretValue, SecretError>>;

/// Whether a text is one of those that outputs show in place of a secret.
pub fn is_placeholder(text: &str) -> bool {
    PLACEHOLDERS
        .iter()
        .any(|placeholder| text.trim().eq_ignore_ascii_case(placeholder))
}

/// Resolves references with the providers of one config.
#[derive(Clone)]
pub struct Resolver(Arc<Inner>);

struct Inner {
    secrets: Secrets,
    surroundings: Surroundings,
    /// The variables that programs may be handed.
    passed: BTreeMap<String, String>,
}

impl Resolver {
    /// Takes the providers and the surroundings over. Nothing is read yet.
    pub fn new(secrets: Secrets, surroundings: Surroundings) -> Self {
        Self(Arc::new(Inner {
            secrets,
            passed: surroundings
                .env
                .iter()
                .filter(|(name, _)| !surroundings.withheld.contains(*name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            surroundings,
        }))
    }

    /// The environment that it was given.
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.0.surroundings.env
    }

    /// Fills in the alias that a shorthand leaves open.
    pub fn key(&self, reference: &SecretRef) -> RefKey {
        let source = reference.source();
        let provider = reference
            .provider()
            .unwrap_or_else(|| self.0.default_alias(source))
            .to_owned();
        RefKey {
            source,
            provider,
            id: reference.id().to_owned(),
        }
    }

    /// Resolves the references, each once however often it occurs.
    pub async fn resolve<'a>(&self, references: impl IntoIterator<Item = &'a SecretRef>) -> Resolved {
        let wanted: BTreeSet<RefKey> = references
            .into_iter()
            .map(|reference| self.key(reference))
            .collect();
        let mut groups: BTreeMap<(SecretSource, String), Vec<String>> = BTreeMap::new();
        for key in &wanted {
            groups
                .entry((key.source, key.provider.clone()))
                .or_default()
                .push(key.id.clone());
        }
        let permits = self.0.secrets.resolution.max_provider_concurrency.max(1);
        let permits = Arc::new(Semaphore::new(usize::try_from(permits).unwrap_or(1)));
        let mut tasks = JoinSet::new();
        for ((source, alias), ids) in groups {
            let (inner, permits) = (self.0.clone(), permits.clone());
            tasks.spawn(async move {
                // The semaphore is never closed, so this waits for a turn and cannot fail.
                let _turn = permits.acquire().await.ok();
                inner.ask(source, alias, ids).await
            });
        }
        let mut resolved = Resolved::new();
        while let Some(done) = tasks.join_next().await {
            resolved.extend(done.into_iter().flatten());
        }
        for key in wanted {
            resolved
                .entry(key)
                .or_insert_with_key(|key| Err(SecretError::Interrupted(key.clone())));
        }
        resolved
    }
}

impl Inner {
    fn default_alias(&self, source: SecretSource) -> &str {
        let defaults = &self.secrets.defaults;
        let configured = match source {
            SecretSource::Env => &defaults.env,
            SecretSource::File => &defaults.file,
            SecretSource::Exec => &defaults.exec,
            SecretSource::Store => &defaults.store,
        };
        configured.as_deref().unwrap_or(DEFAULT_ALIAS)
    }

    async fn ask(&self, source: SecretSource, alias: String, ids: Vec<String>) -> Resolved {
        let key = |id: String| RefKey {
            source,
            provider: alias.clone(),
            id,
        };
        match self.ask_provider(source, &alias, ids.clone()).await {
            Ok(answers) => answers
                .into_iter()
                .map(|(id, answer)| (key(id.clone()), judge(key(id), answer)))
                .collect(),
            Err(error) => ids
                .into_iter()
                .map(|id| {
                    let key = key(id);
                    let error = error(&key);
                    (key, Err(error))
                })
                .collect(),
        }
    }

    /// Asks one provider. A failure of the provider as a whole is told per reference, because some texts name it.
    async fn ask_provider(
        &self,
        source: SecretSource,
        alias: &str,
        ids: Vec<String>,
    ) -> Result<Answers, Box<dyn Fn(&RefKey) -> SecretError + Send>> {
        let whole = |error: SecretError| -> Box<dyn Fn(&RefKey) -> SecretError + Send> {
            Box::new(move |_| error.clone())
        };
        let max = self.secrets.resolution.max_refs_per_provider;
        if source == SecretSource::Store {
            return Err(Box::new(|key| SecretError::StoreAbsent(key.clone())));
        }
        let implicit = SecretProvider::Env(EnvProvider::default());
        let provider = match self.secrets.providers.get(alias) {
            Some(provider) => provider,
            None if source == SecretSource::Env && alias == self.default_alias(source) => &implicit,
            None => return Err(Box::new(|key| SecretError::NotConfigured(key.clone()))),
        };
        let actual = source_of(provider);
        if actual != source {
            let provider = alias.to_owned();
            return Err(whole(SecretError::WrongSource {
                provider,
                actual,
                wanted: source,
            }));
        }
        if ids.len() as u64 > u64::from(max) {
            return Err(whole(SecretError::TooManyRefs {
                kind: source,
                provider: alias.to_owned(),
                max,
            }));
        }
        let home = self.surroundings.home.clone();
        let variables = &self.surroundings.env;
        match provider {
            SecretProvider::Env(provider) => Ok(env::ask(alias, provider, variables, ids)),
            SecretProvider::File(provider) => file::ask(alias.to_owned(), provider.clone(), home, ids)
                .await
                .map_err(whole),
            SecretProvider::Exec(provider) => {
                let max_bytes = self.secrets.resolution.max_batch_bytes;
                exec::ask(alias, provider, home, &self.passed, ids, max_bytes)
                    .await
                    .map_err(whole)
            }
            SecretProvider::Store {} => Err(Box::new(|key| SecretError::StoreAbsent(key.clone()))),
        }
    }
}

fn source_of(provider: &SecretProvider) -> SecretSource {
    match provider {
        SecretProvider::Env(_) => SecretSource::Env,
        SecretProvider::File(_) => SecretSource::File,
        SecretProvider::Exec(_) => SecretSource::Exec,
        SecretProvider::Store {} => SecretSource::Store,
    }
}

fn judge(key: RefKey, answer: Result<SecretValue, AnswerError>) -> Result<SecretValue, SecretError> {
    match answer {
        Ok(value) if is_placeholder(value.expose()) => Err(SecretError::Placeholder(key)),
        Ok(value) => Ok(value),
        Err(AnswerError::Empty) => Err(SecretError::Empty(key)),
        Err(AnswerError::Error(error)) => Err(error),
    }
}
