//! The sandboxes that there are: made when a session first needs one, kept while it is used, removed when it is not.
//!
//! **Promise.** A session's sandbox is the one that the config says now, or an error; whoever is inside of one when its
//! settings change goes on in what it was. One that is in use is never removed by itself. **Bound.** As many as there are
//! scopes; those that nobody uses go after `prune`. **Cost.** A row for each that is at rest.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use openclaw_config::Place;
use openclaw_config::tree::Config;
use openclaw_config::tree::sandbox::WorkspaceAccess;
use openclaw_state::{SandboxRow, State};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::backend::{Abilities, Area, Backend, Sandbox};
use crate::error::{Error, Result};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::workspace;

/// How often it is looked for what nobody uses.
const PRUNE_EVERY: Duration = Duration::from_secs(300);
/// How often it is written down that a sandbox is used.
const TOUCH_EVERY: Duration = Duration::from_secs(60);
const HOUR_MS: i64 = 3_600_000;

/// Which of them is chosen by `auto`, from the first.
const AUTO: &[&str] = &["docker", "wasm"];

/// Whose sandbox is asked for.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The config as it is now.
    pub config: &'a Config,
    /// Where everything is.
    pub place: &'a Place,
    /// The agent.
    pub agent: &'a str,
    /// The key by which the session's rights are decided.
    pub session: &'a str,
    /// The agent's own workspace.
    pub workspace: &'a Path,
    /// The files of it that a new sandbox begins with.
    pub seeds: &'a [&'a str],
    /// The tool that is to run in it, for which the config may name another backend.
    pub tool: &'a str,
}

/// A sandbox that a session may use.
#[derive(Clone)]
pub struct Seat {
    /// The sandbox.
    pub sandbox: Arc<dyn Sandbox>,
    /// What runs it.
    pub backend: &'static str,
    /// What it can.
    pub about: Abilities,
    /// What shares it.
    pub scope: Scope,
    /// Where its workspace is on this machine.
    pub workspace: PathBuf,
}

/// All sandboxes of a gateway.
pub struct Sandboxes {
    state: State,
    backends: BTreeMap<&'static str, Arc<dyn Backend>>,
    open: Mutex<HashMap<(Scope, &'static str), Opened>>,
    /// Held while one is made or removed.
    changing: Arc<tokio::sync::Mutex<()>>,
    /// When it was last looked for what nobody uses.
    pruned: Mutex<Option<Instant>>,
}

/// What became of a sandbox that was to be removed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// It is gone.
    Gone,
    /// There was none.
    Missing,
    /// It is left, because somebody works with it.
    Held,
}

/// What tells settings apart that need another sandbox.
#[derive(Clone, Eq, PartialEq)]
struct Mark {
    /// Of what may be told.
    hash: String,
    /// Of the values of variables, which stays in here.
    values: [u8; 32],
}

struct Opened {
    mark: Mark,
    seat: Seat,
    /// What it was before its settings changed, as long as something goes on in there.
    before: Vec<Arc<dyn Sandbox>>,
    /// Which folder the workspace was when it was opened.
    folder: Option<(u64, u64)>,
    touched: Instant,
}

impl Opened {
    fn is_busy(&self) -> bool {
        self.seat.sandbox.is_busy() || self.before.iter().any(|sandbox| sandbox.is_busy())
    }

    /// Whether somebody works with it: a command runs, or a tool holds it.
    fn is_held(&self) -> bool {
        self.is_busy() || Arc::strong_count(&self.seat.sandbox) > 1
    }
}

impl Sandboxes {
    /// None yet, with these backends.
    pub fn new(state: State, backends: Vec<Arc<dyn Backend>>) -> Self {
        Self {
            state,
            backends: backends
                .into_iter()
                .map(|backend| (backend.id(), backend))
                .collect(),
            open: Mutex::default(),
            changing: Arc::default(),
            pruned: Mutex::default(),
        }
    }

    /// The backend that the config names for a tool.
    pub fn backend(&self, rules: &Rules, tool: &str) -> Result<&Arc<dyn Backend>> {
        let named = rules.backend_of(tool);
        let found = match named.value.as_str() {
            "auto" => AUTO.iter().find_map(|id| self.backends.get(id)),
            id => self.backends.get(id),
        };
        found.ok_or_else(|| Error::NoBackend {
            backend: named.value.clone(),
            key: named
                .key
                .unwrap_or_else(|| "agents.defaults.sandbox.backend".to_owned()),
            there: self.backends.keys().copied().collect::<Vec<_>>().join(" or "),
        })
    }

    /// The sandbox of a session, made if there is none.
    pub async fn enter(&self, asked: Asked<'_>) -> Result<Seat> {
        let rules = Rules::of(asked.config, asked.agent);
        let backend = self.backend(&rules, asked.tool)?;
        let scope = Scope::of(rules.scope.value, asked.agent, asked.session);
        let area = workspace::area(&rules, asked.place, scope.clone(), asked.workspace);
        let mark = Mark::of(&area, backend.id());
        let key = (scope.clone(), backend.id());
        if self.is_prune_due() {
            self.prune(asked.config, asked.place, &scope.to_string()).await;
        }
        if let Some(seat) = self.find(&key, &mark).await? {
            return Ok(seat);
        }
        let _alone = self.changing.lock().await;
        if let Some(seat) = self.find(&key, &mark).await? {
            return Ok(seat);
        }
        if rules.access.value != WorkspaceAccess::Rw {
            let (to, from) = (area.workspace.clone(), asked.workspace.to_owned());
            let names: Vec<String> = asked.seeds.iter().map(|&name| name.to_owned()).collect();
            unblock(move || {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                workspace::seed(&to, &from, &names)
            })
            .await?;
        }
        let row = SandboxRow {
            scope: scope.to_string(),
            backend: backend.id().to_owned(),
            agent: asked.agent.to_owned(),
            workspace: area.workspace.display().to_string(),
            is_own: area.is_own,
            config_hash: mark.hash.clone(),
            created_ms: 0,
            used_ms: 0,
        };
        let seat = Seat {
            workspace: area.workspace.clone(),
            sandbox: backend.open(area).await?,
            backend: backend.id(),
            about: backend.about(),
            scope,
        };
        self.state.write(move |tx| keep(tx, &row)).await?;
        let mut open = self.open.lock();
        let before = open.remove(&key).map(|old| {
            let mut before = old.before;
            before.push(old.seat.sandbox);
            before.retain(|sandbox| sandbox.is_busy());
            before
        });
        let opened = Opened {
            folder: identity(&seat.workspace),
            mark,
            seat: seat.clone(),
            before: before.unwrap_or_default(),
            touched: Instant::now(),
        };
        open.insert(key, opened);
        Ok(seat)
    }

    /// Whether it is time to look for what nobody uses; whoever is told so does it.
    fn is_prune_due(&self) -> bool {
        let mut pruned = self.pruned.lock();
        let is_due = pruned.is_none_or(|at| at.elapsed() >= PRUNE_EVERY);
        if is_due {
            *pruned = Some(Instant::now());
        }
        is_due
    }

    /// One that is open and as the config says.
    async fn find(&self, key: &(Scope, &'static str), mark: &Mark) -> Result<Option<Seat>> {
        let (seat, folder, is_due) = {
            let mut open = self.open.lock();
            let Some(opened) = open.get_mut(key).filter(|opened| opened.mark == *mark) else {
                return Ok(None);
            };
            let is_due = opened.touched.elapsed() >= TOUCH_EVERY;
            if is_due {
                opened.touched = Instant::now();
            }
            (opened.seat.clone(), opened.folder, is_due)
        };
        // Somebody may have removed its folder, or put another in its place.
        if folder.is_none() || identity(&seat.workspace) != folder {
            return Ok(None);
        }
        if is_due {
            let scope = key.0.to_string();
            self.state.write(move |tx| tx.sandbox_touch(&scope)).await?;
        }
        Ok(Some(seat))
    }

    /// All that there are, the one that was used last first, and whether something runs in each.
    pub async fn list(&self) -> Result<Vec<(SandboxRow, bool)>> {
        let rows = self.state.read(|view| view.sandboxes()).await?;
        let open = self.open.lock();
        let is_busy = |row: &SandboxRow| {
            let of = |((scope, _), opened): (&(Scope, &str), &Opened)| {
                scope.to_string() == row.scope && opened.is_busy()
            };
            open.iter().any(of)
        };
        Ok(rows
            .into_iter()
            .map(|row| (is_busy(&row), row))
            .map(|(busy, row)| (row, busy))
            .collect())
    }

    /// Removes a sandbox: its workspace, unless that is an agent's own, and what its shells remember. One that somebody
    /// works with is left unless `force` is said; what runs in it then is not stopped, and finds its files gone.
    pub async fn remove(&self, row: &SandboxRow, place: &Place, force: bool) -> Result<Removal> {
        let alone = Arc::clone(&self.changing).lock_owned().await;
        let Some(scope) = self.forget(&row.scope, force) else {
            return Ok(Removal::Held);
        };
        let backend = self.backends.get(row.backend.as_str()).cloned();
        let (state, row) = (self.state.clone(), row.clone());
        let scratch = workspace::scratch(place, &scope);
        // Whoever waits for it may be stopped; it goes on to its end, and lets nobody in before.
        let removing = tokio::spawn(async move {
            let _alone = alone;
            if let Some(backend) = backend {
                backend.remove(&scope).await?;
            }
            let workspace = PathBuf::from(&row.workspace);
            // An agent's own workspace stays, whatever it is called; and what is removed bears the sandbox's name.
            let is_own = row.is_own && workspace.file_name().is_some_and(|name| *name == *scope.slug());
            unblock(move || {
                if is_own {
                    workspace::discard(&workspace)?;
                }
                workspace::discard(&scratch)
            })
            .await?;
            let is_gone = state.write(move |tx| tx.sandbox_delete(&row.scope)).await?;
            Ok(match is_gone {
                true => Removal::Gone,
                false => Removal::Missing,
            })
        });
        match removing.await {
            Ok(removed) => removed,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Forgets one that is open, unless somebody works with it and `force` is not said. None: it is left.
    fn forget(&self, scope: &str, force: bool) -> Option<Scope> {
        let scope = match scope.strip_prefix("agent:") {
            _ if scope == Scope::Shared.to_string() => Scope::Shared,
            Some(agent) if !agent.contains(':') => Scope::Agent(agent.to_owned()),
            _ => Scope::Session(scope.to_owned()),
        };
        let mut open = self.open.lock();
        let mut of = open.iter().filter(|((known, _), _)| *known == scope);
        if !force && of.any(|(_, opened)| opened.is_held()) {
            return None;
        }
        open.retain(|(known, _), _| *known != scope);
        Some(scope)
    }

    /// Removes what nobody used for as long as its own agent's settings say, but for the one that is about to be used.
    /// What cannot be removed is told in the log and tried again.
    async fn prune(&self, config: &Config, place: &Place, but: &str) {
        let rows = match self.state.read(|view| view.sandboxes()).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, "sandboxes cannot be looked through for what nobody uses");
                return;
            }
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(i64::MAX);
        for row in rows.into_iter().filter(|row| row.scope != but) {
            if !is_over(&row, &Rules::of(config, &row.agent), now) {
                continue;
            }
            if let Err(error) = self.remove(&row, place, false).await {
                tracing::warn!(%error, scope = row.scope, "a sandbox that nobody uses cannot be removed");
            }
        }
    }
}

/// Whether a sandbox is unused for too long, or too old.
fn is_over(row: &SandboxRow, rules: &Rules, now_ms: i64) -> bool {
    let past =
        |since: i64, hours: i64| hours > 0 && now_ms.saturating_sub(since) > hours.saturating_mul(HOUR_MS);
    past(row.used_ms, rules.idle_hours.into()) || past(row.created_ms, i64::from(rules.max_age_days) * 24)
}

fn keep(tx: &openclaw_state::Tx<'_>, row: &SandboxRow) -> openclaw_state::Result<()> {
    match tx.sandbox(&row.scope)? {
        Some(known) if known.backend == row.backend && known.config_hash == row.config_hash => {
            tx.sandbox_touch(&row.scope)
        }
        _ => tx.sandbox_put(row),
    }
}

/// Which folder it is; none if there is none.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(folder).ok().filter(std::fs::Metadata::is_dir)?;
    Some((found.dev(), found.ino()))
}

impl Mark {
    fn of(area: &Area, backend: &str) -> Self {
        // Values of variables are left out of this text.
        let wasm = serde_json::to_string(&area.wasm).unwrap_or_default();
        let text = format!(
            "{backend}\n{}\n{:?}\n{wasm}",
            area.workspace.display(),
            area.agent
        );
        let hash = Sha256::digest(text.as_bytes());
        let mut values = Sha256::new();
        for (name, value) in area.wasm.env.iter().flatten() {
            let value = value.expose();
            values.update(format!("{name}={}:", value.len()));
            values.update(value);
        }
        Self {
            hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            values: values.finalize().into(),
        }
    }
}

async fn unblock(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
