//! What all calls share: the engine and its threads, the stores, and the extensions that are enabled.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use openclaw_policy::{Digest, LimitSet, PluginId};
use openclaw_state::State;
use tokio::task::JoinError;
use wasmtime::component::Linker;

use crate::breaks::Breaks;
use crate::cache::Cache;
use crate::channel::{Inner, Warmth};
use crate::compile::Compiler;
use crate::descriptors::Descriptors;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::extension::{Extension, Program};
use crate::files::{Quota, Trees};
use crate::flow::Flows;
use crate::guest::Guest;
use crate::link;
use crate::media::Media;
use crate::memory::GuestMemory;
use crate::network::Network;
use crate::permits::Permits;
use crate::scheduler::Scheduler;
use crate::store::Store;

/// What all calls share.
pub(crate) struct Parts {
    pub(crate) engine: Engine,
    pub(crate) scheduler: Scheduler,
    pub(crate) state: State,
    pub(crate) breaks: Breaks,
    pub(crate) media: Arc<Media>,
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) ceilings: LimitSet,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) descriptors: Descriptors,
    pub(crate) network: Network,
    pub(crate) trees: Trees,
    pub(super) files_quota: Quota,
    pub(super) linker: Linker<Guest>,
    pub(super) cache: Cache,
    pub(super) compiler: Compiler,
    pub(crate) permits: Arc<Permits>,
    /// Places for runs of the gateway's own programs.
    pub(crate) cells: Arc<Permits>,
    /// Where all of this is kept.
    pub(crate) folder: PathBuf,
    pub(crate) patience: Duration,
    /// What extensions may still say to the log.
    pub(crate) flows: Flows,
    /// How many instances are kept for their next call.
    pub(crate) warmth: Arc<Warmth>,
    /// The accounts of channels that were begun.
    pub(super) adapters: Mutex<Vec<Weak<Inner>>>,
    pub(super) store: Store,
    /// Held by whoever changes what is installed.
    pub(super) changing: tokio::sync::Mutex<()>,
    pub(super) enabled: RwLock<Enabled>,
}

#[derive(Default)]
pub(super) struct Enabled {
    pub(super) extensions: BTreeMap<PluginId, Arc<Extension>>,
    /// Which extension has a tool.
    pub(super) tools: HashMap<String, Arc<Extension>>,
}

impl Parts {
    /// The accounts that have not ended.
    pub(crate) fn live_adapters(&self) -> Vec<Arc<Inner>> {
        let mut adapters = self.adapters.lock().unwrap_or_else(PoisonError::into_inner);
        adapters.retain(|adapter| adapter.strong_count() > 0);
        adapters.iter().filter_map(Weak::upgrade).collect()
    }

    pub(crate) fn add_adapter(&self, adapter: &Arc<Inner>) {
        let mut adapters = self.adapters.lock().unwrap_or_else(PoisonError::into_inner);
        adapters.retain(|adapter| adapter.strong_count() > 0);
        adapters.push(Arc::downgrade(adapter));
    }

    /// The extension that has a tool.
    pub(crate) fn find_tool(&self, name: &str) -> Option<Arc<Extension>> {
        let enabled = self.enabled.read().unwrap_or_else(PoisonError::into_inner);
        enabled.tools.get(name).cloned()
    }

    /// An extension that is enabled.
    pub(super) fn find_extension(&self, id: &PluginId) -> Option<Arc<Extension>> {
        let enabled = self.enabled.read().unwrap_or_else(PoisonError::into_inner);
        enabled.extensions.get(id).cloned()
    }

    /// The program of an extension, mapped if it is not in memory and compiled if it is not in the cache. Compiling
    /// takes longer than many calls may, so it goes on when whoever waits for it goes.
    pub(crate) async fn program(self: &Arc<Self>, extension: &Arc<Extension>) -> Result<Arc<Program>> {
        if let Some(program) = extension.program() {
            return Ok(program);
        }
        let load = Arc::clone(self).load(Arc::clone(extension));
        join(tokio::spawn(load).await).await
    }

    async fn load(self: Arc<Self>, extension: Arc<Extension>) -> Result<Arc<Program>> {
        let _alone = extension.loading.lock().await;
        if let Some(program) = extension.program() {
            return Ok(program);
        }
        let program = match self.find_code(extension.digest).await? {
            Some(program) => program,
            None => {
                let (parts, id, digest) = (Arc::clone(&self), extension.id.clone(), extension.digest);
                let read = move || {
                    let record = parts.store.record(&id)?.filter(|record| record.digest == digest);
                    let record = record.ok_or_else(|| Error::Missing {
                        what: "extension",
                        name: id.to_string(),
                    })?;
                    parts.store.component(&record)
                };
                let bytes = unblock(read).await?;
                self.build(digest, bytes).await?
            }
        };
        extension.put_program(Arc::clone(&program));
        Ok(program)
    }

    /// The program of a component, if its code is in the cache and fits. What another build of this left there does not.
    pub(crate) async fn find_code(self: &Arc<Self>, digest: Digest) -> Result<Option<Arc<Program>>> {
        match self.map(digest).await {
            Err(error @ Error::Unfit { .. }) => {
                tracing::warn!(%digest, %error, "a cached component does not fit this engine and is rebuilt");
                Ok(None)
            }
            found => found,
        }
    }

    async fn map(self: &Arc<Self>, digest: Digest) -> Result<Option<Arc<Program>>> {
        let parts = Arc::clone(self);
        let map = move || {
            let component = parts.cache.load(&parts.engine, digest)?;
            let program = component.map(|component| link::link(&parts.linker, &component));
            program.transpose()
        };
        Ok(unblock(map).await?.map(Arc::new))
    }

    pub(crate) async fn build(self: &Arc<Self>, digest: Digest, bytes: Vec<u8>) -> Result<Arc<Program>> {
        let draft = self.cache.draft()?;
        self.compiler.compile(bytes, draft.create()?).await?;
        let parts = Arc::clone(self);
        unblock(move || parts.cache.keep(&draft, digest)).await?;
        let what = || "the code that was just compiled was changed on the disk".to_owned();
        let program = self.map(digest).await?;
        program.ok_or_else(|| Error::Unfit { what: what() })
    }
}

/// Does what blocks, on threads that are there for it.
pub(crate) async fn unblock<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    join(tokio::task::spawn_blocking(work).await).await
}

/// What a task came to.
async fn join<T>(ended: Result<Result<T>, JoinError>) -> Result<T> {
    match ended {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and whoever waits here with it.
            Err(_) => std::future::pending().await,
        },
    }
}
