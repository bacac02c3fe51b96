//! This machine as a place that commands run in.
//!
//! **Promise.** A command runs in the person's shell, in a session and process group of its own, with the variables
//! that [`screen`] lets pass and none of the gateway's secrets. Whoever drops its [`Process`] ends it, with all that it
//! started and that can be found; [`Settings::grace`] lies between asking and killing.
//!
//! **Bound.** None but what the system sets: it may do whatever the gateway's person may do here.
//!
//! **Cost.** A fork. The first command waits once for a login shell that says where programs are.

mod environment;
mod shell;
mod spawn;
mod tend;
mod tree;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;
use uuid::Uuid;

pub use environment::{SHELL_MARK, Screened, screen};

use crate::error::{Error, Result};
use crate::process::{Command, Process};
use crate::runner::{About, Runner};
use spawn::{Launch, Started};

/// The variable whose value marks all that one command starts.
const MARK: &str = "OPENCLAW_EXEC_ID";
/// How much a login shell may print before it says where programs are.
const PROFILE_BYTES: usize = 1 << 20;

/// What commands on this machine run with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The gateway's variables.
    pub environment: Vec<(OsString, OsString)>,
    /// How long the person's login shell may take to say where programs are. Zero: it is not asked.
    pub login_patience: Duration,
    /// How long a command that is to end has for that before it is killed.
    pub grace: Duration,
}

/// This machine. Clones share what was found out about it.
#[derive(Clone, Debug)]
pub struct Machine {
    known: Arc<Known>,
    folder: PathBuf,
    prepended: Vec<String>,
}

#[derive(Debug)]
struct Known {
    shell: PathBuf,
    variables: BTreeMap<OsString, OsString>,
    settings: Settings,
    /// Where the person's login shell finds programs.
    login_path: OnceCell<Option<OsString>>,
}

impl Machine {
    /// This machine, with commands that begin in the root folder.
    pub fn new(settings: Settings) -> Self {
        let variables = environment::inherited(&settings.environment);
        Self {
            known: Arc::new(Known {
                shell: shell::choose(&variables),
                variables,
                settings,
                login_path: OnceCell::new(),
            }),
            folder: PathBuf::from("/"),
            prepended: Vec::new(),
        }
    }

    /// The same, with commands that begin in `folder` and find programs in `prepended` first.
    pub fn with(&self, folder: PathBuf, prepended: Vec<String>) -> Self {
        Self {
            known: Arc::clone(&self.known),
            folder,
            prepended,
        }
    }

    /// Where commands find programs.
    pub async fn path(&self) -> OsString {
        let known = &self.known;
        let login_path = known.login_path.get_or_init(|| known.ask_login_shell()).await;
        let inherited = shell::path_of(&known.variables);
        let lists = self.prepended.iter().map(OsStr::new);
        shell::join(lists.chain(login_path.as_deref()).chain([inherited.as_os_str()]))
    }

    /// The gateway's variable of this name, if commands inherit it.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.known
            .variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
    }

    async fn start(&self, command: Command) -> Result<Process> {
        let added = screen(&command.env)?.env;
        let folder = match command.folder.as_str() {
            "" => self.folder.clone(),
            folder => self.folder.join(folder),
        };
        let known = &self.known;
        let mut variables = known.variables.clone();
        variables.insert("PATH".into(), self.path().await);
        variables.extend(added.into_iter().map(|(name, value)| (name.into(), value.into())));
        if command.wants_terminal {
            variables
                .entry("TERM".into())
                .or_insert_with(|| "xterm-256color".into());
        }
        known.launch(&["-c", &command.text], &folder, variables, command.wants_terminal)
    }
}

impl Known {
    fn launch(
        &self,
        arguments: &[&str],
        folder: &Path,
        mut variables: BTreeMap<OsString, OsString>,
        wants_terminal: bool,
    ) -> Result<Process> {
        let mark = Uuid::new_v4().to_string();
        variables.insert(SHELL_MARK.0.into(), SHELL_MARK.1.into());
        variables.insert(MARK.into(), mark.clone().into());
        let arguments: Vec<_> = arguments.iter().map(OsStr::new).collect();
        let launch = Launch {
            program: &self.shell,
            arguments: &arguments,
            folder,
            variables: &variables,
            wants_terminal,
        };
        let started: Started = launch.start().map_err(|error| Error::Start {
            folder: folder.display().to_string(),
            why: self.explain(&error, folder),
        })?;
        let pid = u32::try_from(started.leader.as_raw_pid()).ok();
        let (process, pipes) = Process::open(pid, started.has_terminal);
        let mark = format!("{MARK}={mark}");
        tokio::spawn(tend::tend(started, mark, pipes, self.settings.grace));
        Ok(process)
    }

    fn explain(&self, error: &io::Error, folder: &Path) -> String {
        match error.kind() {
            io::ErrorKind::ArgumentListTooLong => {
                "its text and variables are longer than the system takes; write the text to a file and run that".to_owned()
            }
            _ if !folder.is_dir() => "there is no such folder".to_owned(),
            _ => format!("{}: {error}", self.shell.display()),
        }
    }

    /// Where the person's login shell finds programs; none if it does not say in time.
    async fn ask_login_shell(&self) -> Option<OsString> {
        let patience = self.settings.login_patience;
        if patience.is_zero() {
            return None;
        }
        let arguments = ["-l", "-c", shell::ASK];
        let asked = self.launch(&arguments, Path::new("/"), self.variables.clone(), false);
        let mut process = asked
            .inspect_err(|error| tracing::warn!(%error, "the login shell does not say where programs are"))
            .ok()?;
        let listen = async {
            let mut printed = Vec::new();
            while let Some(piece) = process.output.recv().await {
                if !piece.is_err {
                    printed.extend_from_slice(&piece.bytes);
                }
                if printed.len() > PROFILE_BYTES || shell::heard(&printed).is_some() {
                    break;
                }
            }
            shell::heard(&printed)
        };
        let heard = tokio::time::timeout(patience, listen).await.ok().flatten();
        if heard.is_none() {
            tracing::warn!(
                shell = %self.shell.display(),
                "the login shell did not say in time where programs are; commands find what the gateway finds"
            );
        }
        heard
    }
}

impl Runner for Machine {
    fn start(&self, command: Command) -> BoxFuture<'_, Result<Process>> {
        Self::start(self, command).boxed()
    }

    fn about(&self) -> About {
        About {
            name: "gateway".to_owned(),
            folder: self.folder.display().to_string(),
            has_terminals: true,
            is_this_machine: true,
        }
    }
}
