//! The host: installs components, keeps them ready and calls their tools.
//!
//! Everything here is cheap to clone and shared. What is installed is on disk; what is enabled is in memory, and
//! its code is mapped when it is first called.

mod background;
mod channel_state;
pub(crate) mod config;
mod connections;
pub(crate) mod context;
mod delivery;
mod health;
pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod media;
mod options;
mod parts;
pub(crate) mod progress;
mod random_bytes;
pub(crate) mod secrets;
mod settings;
pub(crate) mod sockets;
mod timers;
pub(crate) mod tools;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use openclaw_policy::capability::files::Directory;
use openclaw_policy::{AccountValues, Bytes, Digest, Effective, Grant, Limit, LimitSet, Manifest, PluginId};
use openclaw_state::{Namespace, Tx};
use tokio::sync::mpsc;

use crate::breaks::{Breaks, Refused};
use crate::cache::Cache;
use crate::call::{self, Ask, CallContext, Output, Part, Progress};
use crate::cell;
use crate::channel::{ChannelSpec, Warmth};
use crate::describe;
use crate::descriptors::Descriptors;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::extension::{Extension, Made, ToolSpec};
use crate::files::{Mount, Mounts, Trees};
use crate::flow::Flows;
use crate::guest::Begin;
use crate::inspect::Inspection;
use crate::limits::Root;
use crate::link;
use crate::media::Media;
use crate::memory::GuestMemory;
use crate::network::Network;
use crate::permits::{Held, Permit, Permits};
use crate::random;
use crate::scheduler::Scheduler;
use crate::store::{Record, Store};
pub use options::Options;
pub(crate) use parts::{Parts, unblock};
pub use settings::Settings;
pub(crate) use settings::hide as hide_secrets;

/// The folder of compiled code, in that of the host.
pub(crate) const COMPILED: &str = "compiled";

/// What installing is about to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// It compiles the component, which takes up to minutes.
    Compiling,
    /// It asks the component for its tools.
    Describing,
    /// It writes the package.
    Keeping,
}

/// A package that is installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// The identity of its component.
    pub digest: Digest,
    /// What it says of itself and asks for.
    pub manifest: Manifest,
    /// Its tools.
    pub tools: Vec<ToolSpec>,
    /// What it says about itself, if it is an adapter to a channel.
    pub channel: Option<ChannelSpec>,
    /// The folder with its files.
    pub files: PathBuf,
}

/// The host. Clones share it; dropping the last one ends what runs.
#[derive(Clone)]
pub struct Host {
    pub(crate) parts: Arc<Parts>,
}

impl Host {
    /// Starts the engine and its threads. Must be called inside of the runtime that drives what guests wait for.
    pub async fn start(options: Options) -> Result<Self> {
        let engine = Engine::start(options.calls, options.cells)?;
        if !engine.is_pooled() {
            tracing::warn!(
                "the address space is too small to make room for extensions beforehand; calls are slower"
            );
        }
        let (store, cache) = (
            Store::open(&options.folder)?,
            Cache::open(&options.folder.join(COMPILED), &engine)?,
        );
        match store.digests() {
            Ok(installed) => cache.sweep(&cell::keep(&options.folder, installed))?,
            Err(error) => tracing::warn!(%error, "compiled code of what is not installed is kept"),
        }
        let parts = Parts {
            scheduler: Scheduler::start(&engine.wasmtime)?,
            linker: link::linker(&engine.wasmtime)?,
            cache,
            store,
            media: Media::open(&options.folder.join("media"), options.media_quota)?,
            memory: GuestMemory::new(options.guest_memory),
            permits: Permits::new(options.calls),
            cells: Permits::new(options.cells),
            folder: options.folder.clone(),
            warmth: Warmth::new(),
            flows: Flows::default(),
            adapters: Mutex::default(),
            patience: options.patience,
            compiler: options.compiler,
            ceilings: options.ceilings,
            environment: options.environment,
            trees: Trees::new(tokio::runtime::Handle::current()),
            files_quota: options.files_quota,
            descriptors: Descriptors::of_process(),
            changing: tokio::sync::Mutex::default(),
            enabled: RwLock::default(),
            network: Network::new(options.network, options.state.clone())?,
            breaks: Breaks::new(options.state.clone()),
            state: options.state,
            engine,
        };
        Ok(Self {
            parts: Arc::new(parts),
        })
    }

    /// Installs a folder, or a component with its manifest inside. It can be called once it is enabled.
    pub async fn install(&self, path: &Path) -> Result<Installed> {
        let path = path.to_owned();
        let inspection = unblock(move || Inspection::read(&path)).await?;
        self.install_inspected(inspection, &|_| {}).await
    }

    /// Installs exactly what was looked at, and tells what it is about to do.
    pub async fn install_inspected(
        &self,
        inspection: Inspection,
        on: &(dyn Fn(Stage) + Sync),
    ) -> Result<Installed> {
        let package = refused(&inspection);
        let installed = self.put(inspection, on).await;
        installed.inspect_err(|error| self.parts.breaks.refuse(&package, error))
    }

    /// The first reason to refuse a package, which the audit then has too. Whoever asks people before anything is
    /// installed asks this before them.
    pub fn refuse<'a>(&self, inspection: &'a Inspection) -> Option<&'a Error> {
        let refusal = inspection.refusals.first()?;
        self.parts.breaks.refuse(&refused(inspection), refusal);
        Some(refusal)
    }

    async fn put(&self, inspection: Inspection, on: &(dyn Fn(Stage) + Sync)) -> Result<Installed> {
        let parts = &self.parts;
        let memory = inspection.memory;
        let package = inspection.into_package()?;
        check_memory(memory, &package.manifest, &parts.ceilings)?;
        let digest = package.digest;
        let program = match parts.find_code(digest).await? {
            Some(program) => program,
            None => {
                on(Stage::Compiling);
                parts.build(digest, package.component.clone()).await?
            }
        };
        on(Stage::Describing);
        let described = describe::describe(parts, &package.manifest, digest, program).await;
        if described.is_err() {
            self.discard_unnamed(digest).await;
        }
        let described = described?;
        on(Stage::Keeping);
        let manifest = package.manifest.clone();
        let record = Record::new(&package, described.clone());
        let files = parts.store.files(&record);
        let _changing = parts.changing.lock().await;
        let keeper = Arc::clone(parts);
        let before = unblock(move || {
            let before = keeper.store.readable(&package.manifest.id);
            keeper.store.put(&package, &record).map(|()| before)
        });
        if let Some(before) = before.await? {
            self.discard_unnamed(before.digest).await;
        }
        Ok(Installed {
            digest,
            manifest,
            tools: described.tools,
            channel: described.channel,
            files,
        })
    }

    /// Disables and removes what is installed under an id. What it kept stays; see [`Host::forget`].
    pub async fn uninstall(&self, id: &PluginId) -> Result<()> {
        let _changing = self.parts.changing.lock().await;
        self.disable(id);
        self.parts.network.forget(id);
        self.parts.flows.forget(id);
        let (parts, gone) = (Arc::clone(&self.parts), id.clone());
        let removed = unblock(move || {
            let record = parts.store.readable(&gone);
            Ok((parts.store.remove(&gone)?, record))
        });
        let (was_there, record) = removed.await?;
        if let Some(record) = record {
            self.discard_unnamed(record.digest).await;
        }
        match was_there {
            true => Ok(()),
            false => Err(missing("extension", id.as_str())),
        }
    }

    /// Removes what an extension kept: its store and its media.
    pub async fn forget(&self, id: &PluginId) -> Result<()> {
        let store = Namespace::of(id.as_str())?;
        let clear = move |tx: &Tx<'_>| tx.kv_clear(&store);
        self.parts.state.write(clear).await?;
        let (parts, owner) = (Arc::clone(&self.parts), id.clone());
        unblock(move || parts.media.remove_of(owner.as_str())).await
    }

    /// Removes what an extension kept for one of its accounts. Its media are not of an account and stay.
    pub async fn forget_account(&self, id: &PluginId, account: &str) -> Result<()> {
        let store = Namespace::of_account(id.as_str(), account)?;
        let clear = move |tx: &Tx<'_>| tx.kv_clear(&store);
        self.parts.state.write(clear).await?;
        Ok(())
    }

    /// The file with the bytes of a piece of media, as an output names it. None if there is none.
    pub async fn media_file(&self, media: &str) -> Option<PathBuf> {
        let known = self.parts.media.facts(media).await;
        known.map(|_| self.parts.media.file(media))
    }

    /// The gate through which extensions reach the network; whatever else leaves goes through it too.
    pub fn gate(&self) -> openclaw_egress::Gate {
        self.parts.network.gate()
    }

    /// Lets go of compiled code that no installed extension has. What stays for want of knowing goes at a start.
    async fn discard_unnamed(&self, digest: Digest) {
        let parts = Arc::clone(&self.parts);
        let discard = move || {
            if !parts.store.digests()?.contains(&digest) {
                parts.cache.discard(digest);
            }
            Ok(())
        };
        if let Err(error) = unblock(discard).await {
            tracing::warn!(%error, "compiled code that nothing uses stays until the next start");
        }
    }

    /// Has the code of an enabled extension in memory when this returns, compiled anew where that is needed.
    pub async fn prepare(&self, id: &PluginId) -> Result<()> {
        let extension = self.parts.find_extension(id);
        let extension = extension.ok_or_else(|| missing("extension", id.as_str()))?;
        self.parts.program(&extension).await.map(drop)
    }

    /// What is installed under an id.
    pub async fn find(&self, id: &PluginId) -> Result<Installed> {
        let (parts, wanted) = (Arc::clone(&self.parts), id.clone());
        let find = move || {
            let record = parts.store.record(&wanted)?;
            let record = record.ok_or_else(|| missing("extension", wanted.as_str()))?;
            Ok(Installed {
                digest: record.digest,
                manifest: parts.store.manifest(&record)?,
                files: parts.store.files(&record),
                tools: record.tools,
                channel: record.channel,
            })
        };
        unblock(find).await
    }

    /// The ids of all that is installed, sorted.
    pub async fn list(&self) -> Result<Vec<PluginId>> {
        let parts = Arc::clone(&self.parts);
        unblock(move || parts.store.ids()).await
    }

    /// Makes the tools of an extension callable with a grant and settings, in the place of those it had. Opens
    /// the directories that were granted, and loads no code.
    pub async fn enable(
        &self,
        installed: &Installed,
        grant: Grant,
        settings: impl Into<Settings>,
    ) -> Result<()> {
        let settings = settings.into();
        let id = &installed.manifest.id;
        self.check_grant(installed, &grant)?;
        let mut limits = grant.limits().clone();
        if let Some(kv) = grant.capabilities().kv {
            limits.set(Limit::Kv, kv.quota.get())?;
        }
        let mounts = self.mount(id, &grant).await?;
        let account = grant.account().map(str::to_owned);
        let whose = (account.as_deref(), &AccountValues::new());
        let client = self.parts.network.client(id, &grant, whose, settings.secrets);
        let extension = Arc::new(Extension::new(Made {
            id: id.clone(),
            account,
            limits: Effective::new(limits, self.parts.ceilings.clone()),
            settings: settings::hide(
                settings.values,
                &installed.manifest.capabilities,
                &client.tenant().vault,
            ),
            client,
            grant,
            tools: installed.tools.clone(),
            mounts,
            flow: self.parts.flows.of(id),
        }));
        let mut enabled = self.parts.enabled.write().unwrap_or_else(PoisonError::into_inner);
        for tool in &extension.tools {
            if let Some(owner) = enabled.tools.get(&tool.name)
                && owner.id != *id
            {
                return Err(Error::Taken {
                    tool: tool.name.clone(),
                    owner: owner.id.to_string(),
                });
            }
        }
        let before = enabled.extensions.get(id);
        if let Some(before) = before.filter(|before| before.digest == extension.digest)
            && let Some(program) = before.program()
        {
            extension.put_program(program);
        }
        enabled.tools.retain(|_, owner| owner.id != *id);
        for tool in &extension.tools {
            enabled.tools.insert(tool.name.clone(), Arc::clone(&extension));
        }
        enabled.extensions.insert(id.clone(), extension);
        Ok(())
    }

    /// Refuses a grant for something else, or beyond what is asked.
    pub(crate) fn check_grant(&self, installed: &Installed, grant: &Grant) -> Result<()> {
        let id = &installed.manifest.id;
        let limits = installed.manifest.requested_limits();
        let asked = (&installed.manifest.capabilities, &limits);
        let checked = grant.check(id, installed.digest, asked);
        checked.map_err(|why| Error::OtherGrant {
            extension: id.to_string(),
            why: Box::new(why),
        })
    }

    pub(crate) async fn mount(&self, id: &PluginId, grant: &Grant) -> Result<Mounts> {
        let mut wanted = Vec::new();
        for Directory { path, access, .. } in grant.capabilities().files.directories() {
            let place = grant.directory(&path).ok_or_else(|| Error::Unplaced {
                extension: id.to_string(),
                guest: path.clone(),
            })?;
            wanted.push((place.to_owned(), path, access));
        }
        if wanted.is_empty() {
            return Ok(Mounts::default());
        }
        let parts = Arc::clone(&self.parts);
        let mount = move || {
            let open = |(place, path, access): (PathBuf, _, _)| {
                let tree = parts.trees.open(&place, parts.files_quota)?;
                Ok(Mount {
                    path,
                    access,
                    tree,
                    links: false,
                })
            };
            let mounts: Result<Vec<_>> = wanted.into_iter().map(open).collect();
            Ok(Mounts::new(mounts?)?)
        };
        unblock(mount).await
    }

    /// Takes an extension's tools away; calls under way end by themselves.
    pub fn disable(&self, id: &PluginId) {
        let mut enabled = self.parts.enabled.write().unwrap_or_else(PoisonError::into_inner);
        enabled.tools.retain(|_, owner| owner.id != *id);
        enabled.extensions.remove(id);
    }

    /// The tools that can be called, with their extensions, in the order of the extensions' ids. Runs nothing.
    pub fn tools(&self) -> Vec<(PluginId, ToolSpec)> {
        let enabled = self.parts.enabled.read().unwrap_or_else(PoisonError::into_inner);
        let extensions = enabled.extensions.values();
        let tools = extensions.flat_map(|extension| {
            extension
                .tools
                .iter()
                .map(|tool| (extension.id.clone(), tool.clone()))
        });
        tools.collect()
    }

    /// Calls a tool with a JSON object. Dropping the future ends the call wherever it is.
    pub async fn call(
        &self,
        tool: &str,
        arguments: &str,
        context: CallContext,
        progress: Option<mpsc::Sender<Progress>>,
    ) -> Result<Output> {
        let find = || {
            let extension = self.parts.find_tool(tool).ok_or_else(|| missing("tool", tool))?;
            call::check_owner(&extension, tool, &context).map(|()| extension)
        };
        // Reading them takes this thread's time, so what the tool would not be given anyway is not read.
        let extension = find()?;
        call::check_size(&extension, arguments)?;
        call::check_arguments(tool, arguments)?;
        let ask = Ask::Tool {
            name: tool.to_owned(),
            arguments: arguments.to_owned(),
        };
        let (extension, permit) = self.admit(find).await?;
        self.ask(&extension, permit, ask, context, progress).await
    }

    /// What a skill tells the model. It takes the place of the body of its `SKILL.md`.
    pub async fn instructions(&self, id: &PluginId, context: CallContext) -> Result<String> {
        let find = || {
            let extension = self.parts.find_extension(id);
            extension.ok_or_else(|| missing("extension", id.as_str()))
        };
        let (extension, permit) = self.admit(find).await?;
        let asked = self.ask(&extension, permit, Ask::Instructions, context, None);
        let output = asked.await?;
        let texts = output.content.into_iter().filter_map(Part::into_text);
        Ok(texts.collect())
    }

    /// Waits for a place for an extension, and gives it as it is when there is one: what was revoked meanwhile is
    /// not used.
    async fn admit(&self, find: impl Fn() -> Result<Arc<Extension>>) -> Result<(Arc<Extension>, Admission)> {
        let begun = Instant::now();
        let waiting = find()?;
        let most = usize::try_from(waiting.limits.get(Limit::Concurrency).amount.get());
        let deadline = begun + waiting.deadline();
        let wait = self.parts.patience.min(deadline.saturating_duration_since(begun));
        let holder = waiting.holder();
        let permit = self.parts.permits.take(&holder, most.unwrap_or(usize::MAX), wait);
        let permit = permit.await.ok_or_else(|| Error::Busy {
            extension: waiting.id.to_string(),
            waited: begun.elapsed(),
        })?;
        Ok((find()?, Admission { permit, begun }))
    }

    async fn ask(
        &self,
        extension: &Arc<Extension>,
        admission: Admission,
        ask: Ask,
        context: CallContext,
        progress: Option<mpsc::Sender<Progress>>,
    ) -> Result<Output> {
        let begin = Begin {
            call_id: random::name()?,
            context,
            progress,
            root: Arc::new(Root::new(
                &extension.limits,
                admission.begun,
                Arc::clone(&extension.reputation),
            )),
            depth: 0,
            is_described: false,
            input: None,
            streams: None,
            permit: Some(admission.permit),
            seat: None,
        };
        call::start(&self.parts, extension, ask, begin).await
    }

    /// What calls hold right now: when none is under way no place, and no memory but that of instances that are kept.
    pub fn held(&self) -> Held {
        let (places, of) = self.parts.permits.taken();
        Held {
            places,
            of,
            memory: self.parts.memory.used(),
        }
    }

    /// Waits until all that is known by now of what left, and of what was refused or broken off, is on its way into the
    /// audit, the number of lines that were left out included.
    pub async fn settle(&self) {
        self.parts.breaks.settle();
        self.parts.network.settle().await;
    }

    /// Lets go of the code of extensions that were not called for so long.
    pub fn drop_idle(&self, idle: Duration) {
        let enabled = self.parts.enabled.read().unwrap_or_else(PoisonError::into_inner);
        enabled
            .extensions
            .values()
            .for_each(|extension| extension.drop_idle(idle));
        drop(enabled);
        for adapter in self.parts.live_adapters() {
            adapter.drop_idle(idle);
        }
    }
}

/// A call that has its place.
struct Admission {
    permit: Permit,
    /// When it was asked for, which is when its time began.
    begun: Instant,
}

/// Refuses what could not start with the memory that it may have at the most.
fn check_memory(begins_with: u64, manifest: &Manifest, ceilings: &LimitSet) -> Result<()> {
    let most = Effective::new(manifest.limits.clone(), ceilings.clone()).get(Limit::Memory);
    match Bytes::new(begins_with) {
        Some(wanted) if wanted.get() > most.amount.get() => Err(Error::Memory { wanted, most }),
        _ => Ok(()),
    }
}

fn refused(inspection: &Inspection) -> Refused {
    let id = inspection.manifest.as_ref().map(|manifest| manifest.id.clone());
    Refused::new(id, inspection.digest, &inspection.path)
}

fn missing(what: &'static str, name: &str) -> Error {
    Error::Missing {
        what,
        name: name.to_owned(),
    }
}
