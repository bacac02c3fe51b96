//! Programs of the gateway's own, each run in a cell: some directories, limits, and streams.
//!
//! **Promise.** What runs in a cell has its directories, its arguments, its streams and the hosts that were opened for it,
//! and nothing else: no other host, no secret, no store, no tools of others. What it prints is handed on as it is
//! printed, and it waits for whoever reads slowly. It ends at the cell's limits like any guest, and whoever drops a run
//! ends it.
//!
//! **Bound.** The limits that the cell is made with; as many runs at once as [`crate::Options::cells`], in places of
//! their own, so that what goes on for hours keeps no extension waiting. **Cost.** A program's code is mapped once; a run
//! makes one instance.

mod streams;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use openclaw_policy::capability::Http;
use openclaw_policy::capability::files::{Access, GuestPath};
use openclaw_policy::{
    AccountValues, Capabilities, Choice, Consent, Digest, Effective, Grant, Limit, LimitSet, PluginId,
};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout_at;
use wasmtime_wasi::I32Exit;

use crate::call::{CallContext, Ended};
use crate::error::{Error, Result};
use crate::extension::{Extension, Made, Program};
use crate::files::{Mount, Mounts, Quota};
use crate::guest::{Begin, Guest};
use crate::host::{Host, Parts, unblock};
use crate::limits::Root;
use crate::package::read_bounded;
use crate::random;
use crate::validate::{MAX_BYTES, examine};
pub(crate) use streams::{Listening, Printing, Streams};

/// Which programs were opened, so that their code is kept over a start.
const KNOWN: &str = "programs";
/// More are forgotten, oldest first; their code is compiled anew.
const MAX_KNOWN: usize = 16;

/// A program of the gateway's own, compiled.
#[derive(Clone)]
pub struct Utility {
    host: Host,
    name: PluginId,
    digest: Digest,
    program: Arc<Program>,
}

/// A directory of a cell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// Where it is on this machine.
    pub path: PathBuf,
    /// Where the program finds it.
    pub guest: GuestPath,
    /// Whether the program may change it.
    pub is_writable: bool,
    /// Whether it may make symbolic links in it. Where people look too, they could lead them out.
    pub may_link: bool,
    /// What it may hold.
    pub quota: Quota,
}

/// Where programs run: a utility with directories and limits. Clones share it.
#[derive(Clone)]
pub struct Cell {
    host: Host,
    base: Arc<Extension>,
    places: Arc<Vec<Mount>>,
}

/// One run of a program.
#[derive(Debug)]
pub struct Run {
    /// Its arguments, its own name first.
    pub arguments: Vec<String>,
    /// Its environment, all of it.
    pub environment: BTreeMap<String, String>,
    /// Directories beside the cell's.
    pub places: Vec<Place>,
    /// What it reads. Its input ends when it is told so, or when the sender is gone.
    pub input: mpsc::Receiver<Input>,
    /// Where what it prints goes. It waits while there is no room; when nobody listens, it is told that its streams are
    /// closed.
    pub output: mpsc::Sender<Printed>,
}

/// What is written to a program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Input {
    /// These bytes.
    Bytes(Bytes),
    /// There will be no more.
    End,
}

/// A piece of what a program printed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Printed {
    /// Whether it was printed to the stream for errors. A terminal has only one stream.
    pub is_err: bool,
    /// The piece. It may end inside of a character.
    pub bytes: Bytes,
}

impl Host {
    /// Makes a program of the gateway's own ready: a component that is a `wasi:cli` command. What was compiled before
    /// is only mapped.
    pub async fn utility(&self, name: &str, file: &Path) -> Result<Utility> {
        let name: PluginId = name.parse()?;
        let path = file.to_owned();
        let bytes = unblock(move || read_bounded(&path, MAX_BYTES as u64)).await?;
        let digest = Digest::of(&bytes);
        let parts = &self.parts;
        let program = match parts.find_code(digest).await? {
            Some(program) => program,
            None => {
                examine(&bytes)?;
                let program = parts.build(digest, bytes).await?;
                let parts = Arc::clone(parts);
                unblock(move || note(&parts.folder, digest)).await?;
                program
            }
        };
        match &*program {
            Program::Command(_) => Ok(Utility {
                host: self.clone(),
                name,
                digest,
                program,
            }),
            _ => Err(Error::NoProgram {
                path: file.display().to_string(),
            }),
        }
    }
}

/// The components whose code is kept beside that of what is installed.
pub(crate) fn known(folder: &Path) -> Vec<Digest> {
    let text = fs::read_to_string(folder.join(KNOWN)).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// Writes down that a program's code is to be kept. What is lost by two at once is compiled once more.
fn note(folder: &Path, digest: Digest) -> Result<()> {
    let path = folder.join(KNOWN);
    let mut known: Vec<_> = known(folder)
        .into_iter()
        .filter(|known| *known != digest)
        .collect();
    known.insert(0, digest);
    known.truncate(MAX_KNOWN);
    let lines: String = known.iter().map(|known| format!("{known}\n")).collect();
    let draft = folder.join(format!("{KNOWN}-{}", random::name()?));
    fs::write(&draft, lines).map_err(Error::file("write", &draft))?;
    fs::rename(&draft, &path).map_err(Error::file("write", &path))
}

impl Utility {
    /// A cell for runs of this program. `holder` names whose it is where places are given out. `hosts` are those that it
    /// may send requests to, by the gate.
    pub async fn cell(
        &self,
        holder: &str,
        places: Vec<Place>,
        limits: LimitSet,
        hosts: Http,
    ) -> Result<Cell> {
        let places = mount(&self.host.parts, places).await?;
        Mounts::new(places.clone())?;
        let opened = Capabilities {
            http: hosts,
            ..Capabilities::default()
        };
        let consent = Consent {
            extension: self.name.clone(),
            digest: self.digest,
            account: Some(holder.to_owned()),
            at: 0,
            by: String::new(),
        };
        let grant = Grant::new(consent, (&opened, &LimitSet::default()), Choice::All)?;
        let parts = &self.host.parts;
        let whose = (Some(holder), &AccountValues::new());
        let base = Extension::new(Made {
            id: self.name.clone(),
            account: Some(holder.to_owned()),
            client: parts.network.client(&self.name, &grant, whose, BTreeMap::new()),
            grant,
            // The operator's own settings, which nothing cuts further.
            limits: Effective::new(limits.clone(), limits),
            settings: Value::Null,
            tools: Vec::new(),
            mounts: Mounts::default(),
            flow: parts.flows.of(&self.name),
        });
        base.put_program(Arc::clone(&self.program));
        Ok(Cell {
            host: self.host.clone(),
            base: Arc::new(base),
            places: Arc::new(places),
        })
    }
}

async fn mount(parts: &Arc<Parts>, places: Vec<Place>) -> Result<Vec<Mount>> {
    let parts = Arc::clone(parts);
    let open = move |place: Place| {
        let access = match place.is_writable {
            true => Access::ReadWrite,
            false => Access::ReadOnly,
        };
        // The operator's settings may have changed since the directory was opened; who only reads has no say in them.
        let tree = match place.is_writable {
            true => parts.trees.open_anew(&place.path, place.quota),
            false => parts.trees.share(&place.path, place.quota),
        };
        Ok(Mount {
            tree: tree?,
            path: place.guest,
            access,
            links: place.is_writable && place.may_link,
        })
    };
    unblock(move || places.into_iter().map(open).collect()).await
}

impl Cell {
    /// Runs the program to its end, which says whether it was content. Dropping the future ends it.
    pub async fn run(&self, run: Run) -> Result<bool> {
        let (parts, base) = (&self.host.parts, &self.base);
        let begun = Instant::now();
        let most = usize::try_from(base.limits.get(Limit::Concurrency).amount.get()).unwrap_or(usize::MAX);
        let wait = parts.patience.min(base.deadline());
        let permit = parts.cells.take(&base.holder(), most, wait).await;
        let permit = permit.ok_or_else(|| Error::Busy {
            extension: base.holder(),
            waited: begun.elapsed(),
        })?;
        let mut mounts = self.places.to_vec();
        if !run.places.is_empty() {
            mounts.extend(mount(parts, run.places).await?);
        }
        let root = Arc::new(Root::new(
            &base.limits,
            Instant::now(),
            Arc::clone(&base.reputation),
        ));
        let begin = Begin {
            call_id: random::name()?,
            context: CallContext::default(),
            progress: None,
            root: Arc::clone(&root),
            depth: 0,
            is_described: false,
            input: None,
            streams: Some(Streams {
                arguments: run.arguments,
                environment: run.environment,
                input: run.input,
                output: run.output,
                mounts: Arc::new(Mounts::new(mounts)?),
            }),
            permit: Some(permit),
            seat: None,
        };
        let program = parts.program(base).await?;
        let mut store = Guest::store(begin, base, parts);
        let slice = Arc::clone(&store.data().slice);
        let late = || Error::Stopped {
            extension: base.holder(),
            stop: root.late(),
        };
        let extension = Arc::clone(base);
        let body = async move {
            let Program::Command(command) = &*program else {
                return Err(Ended::NoSkill.explain(&extension, ""));
            };
            let ran = async {
                let instance = command.instantiate_async(&mut store).await?;
                instance.wasi_cli_run().call_run(&mut store).await
            };
            let ended = match ran.await {
                Ok(ended) => Ok(ended.is_ok()),
                Err(error) => match error.downcast_ref::<I32Exit>() {
                    Some(exit) => Ok(exit.0 == 0),
                    None => Err(Ended::from(error)),
                },
            };
            let ended = ended.and_then(|ended| Ok(store.data().volume.check().map(|()| ended)?));
            ended.map_err(|ended| ended.explain(&extension, ""))
        };
        let task = parts.scheduler.run(&root, slice, body);
        parts.scheduler.linger(&task);
        match timeout_at(root.end().into(), task).await {
            Ok(Some(ended)) => ended,
            Ok(None) => Err(Error::Panicked {
                extension: base.holder(),
            }),
            Err(_) => Err(late()),
        }
    }
}

/// Adds the programs whose code is kept to what is installed.
pub(crate) fn keep(folder: &Path, mut installed: HashSet<Digest>) -> HashSet<Digest> {
    installed.extend(known(folder));
    installed
}
