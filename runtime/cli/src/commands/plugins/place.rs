//! Where extensions, their grants and what runs them are found.

use std::path::{Path, PathBuf};

use openclaw_components::{CompileLimits, Compiler, Host, Installed, NetworkOptions, Options, Packages};
use openclaw_policy::PluginId;
use openclaw_state::{DATABASE_FILE, Durability, State, View};
use tokio::runtime::Runtime;

use super::COMPILE;
use crate::args::Global;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// The extensions of a state folder.
pub(crate) struct Extensions {
    pub(crate) context: Context,
    pub(crate) folder: PathBuf,
    pub(crate) packages: Packages,
}

impl Extensions {
    /// Finds them. Nothing is created.
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        let context = Context::find(global)?;
        let folder = context.place.state_dir.join("extensions");
        Ok(Self {
            packages: Packages::open(&folder),
            folder,
            context,
        })
    }

    /// What is installed under an id that must be.
    pub(super) fn installed(&self, id: &PluginId) -> Result<Installed, Failure> {
        self.packages.find(id)?.ok_or_else(|| missing(id))
    }

    /// Whether a directory is in the state folder or holds it, so that whoever may write there may change what was
    /// granted. The workspace is in the state folder and made to be worked in.
    pub(super) fn is_state(&self, directory: &Path) -> bool {
        let place = &self.context.place;
        let (state, workspace) = (real(&place.state_dir), real(&place.default_workspace));
        let directory = real(directory);
        (directory.starts_with(&state) && !directory.starts_with(&workspace)) || state.starts_with(&directory)
    }

    /// Takes the state folder.
    pub(crate) fn open_state(&self) -> Result<State, Failure> {
        Ok(State::open(self.state_options()?)?)
    }

    /// How the state folder is taken.
    pub(crate) fn state_options(&self) -> Result<openclaw_state::Options, Failure> {
        let sync = self.context.around.env.get("OPENCLAW_SYNC");
        let durability = sync.map_or(Ok(Durability::default()), |word| word.parse())?;
        let options =
            openclaw_state::Options::new(&self.context.place.state_dir, |text: &str| output::redact(text));
        Ok(options.durability(durability))
    }

    /// Reads from the state, also beside a gateway that has it; none where nothing was ever written.
    pub(crate) fn look_into_state<T: Send + 'static>(
        &self,
        work: impl Fn(&View<'_>) -> openclaw_state::Result<T> + Send + Sync + 'static,
    ) -> Result<Option<T>, Failure> {
        let folder = &self.context.place.state_dir;
        if !folder.join(DATABASE_FILE).exists() {
            return Ok(None);
        }
        match self.open_state() {
            Ok(state) => runtime()?.block_on(async {
                let found = state.read(work).await;
                state.close().await;
                Ok(Some(found?))
            }),
            Err(Failure::State(openclaw_state::Error::Locked { .. })) => {
                Ok(Some(openclaw_state::look(folder, work)?))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Starts what runs extensions. Must be called inside of the runtime.
    pub(crate) async fn start_host(
        &self,
        state: State,
        environment: impl IntoIterator<Item = (String, String)>,
        network: NetworkOptions,
    ) -> Result<Host, Failure> {
        let program = std::env::current_exe().map_err(|source| Failure::System {
            doing: "find this program, which compiles extensions",
            source,
        })?;
        let compiler = Compiler {
            program,
            args: vec![COMPILE.into()],
            limits: CompileLimits::default(),
        };
        let mut options = Options::new(&self.folder, compiler, state);
        options.environment = environment.into_iter().collect();
        options.network = network;
        Ok(Host::start(options).await?)
    }
}

/// The path without links, so that two names of one place are equal. What is not there yet has the links of what
/// it will be in.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let (above, name) = (path.parent(), path.file_name());
        match (above, name) {
            (Some(above), Some(name)) => real(above).join(name),
            _ => path.to_owned(),
        }
    })
}

/// What drives whatever waits.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            doing: "start the runtime",
            source,
        })
}

/// Why nothing can be done with an id.
pub(super) fn missing(id: &PluginId) -> Failure {
    Failure::negative(format!(
        "no extension \"{id}\" is installed; openclaw plugins list tells which are"
    ))
}
