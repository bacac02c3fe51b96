//! `openclaw plugins run`: calls a tool with the grant and the settings that the gateway would use.

mod answer;

use std::io::Read as _;
use std::process::ExitCode;

use openclaw_components::{CallContext, Installed, Output, Progress};
use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_policy::PluginId;
use openclaw_state::State;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{mpsc, watch};

use super::enable::{enable, is_off, variables};
use super::network;
use super::place::{Extensions, runtime};
use crate::args::PluginsRun;
use crate::failure::Failure;
use crate::{output, progress};

/// The most bytes of arguments that are read.
const MAX_ARGUMENTS: u64 = 16 << 20;

/// Calls it.
pub(super) fn run(extensions: &Extensions, args: &PluginsRun) -> Result<ExitCode, Failure> {
    raise_open_files();
    let installed = extensions.installed(&args.id)?;
    let snapshot = extensions.context.load()?;
    if let Some(off) = is_off(&snapshot, &args.id) {
        return Err(Failure::negative(format!("{} is switched off: {off}", args.id)));
    }
    if !installed.tools.iter().any(|tool| tool.name == args.tool) {
        let names: Vec<_> = installed.tools.iter().map(|tool| tool.name.as_str()).collect();
        return Err(Failure::negative(format!(
            "{} has no tool \"{}\"; it has {}",
            args.id,
            args.tool.escape_debug(),
            names.join(", ")
        )));
    }
    let arguments = read_arguments(&args.args)?;
    let state = extensions.open_state()?;
    let ended = runtime()?.block_on(async {
        let call = Call {
            extensions,
            installed: &installed,
            snapshot: &snapshot,
            tool: &args.tool,
            arguments: &arguments,
        };
        let ended = tokio::select! {
            ended = call.make(&state) => ended,
            // Dropping the call ends it, wherever it is.
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        };
        state.close().await;
        ended
    });
    answer::print(&args.id, ended?, args.json)
}

/// What an extension says beside its result, with its id before each line, because it may say what we would.
fn said_by(id: &PluginId, text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| format!("{id}: {line}")).collect();
    lines.join("\n")
}

struct Call<'a> {
    extensions: &'a Extensions,
    installed: &'a Installed,
    snapshot: &'a Snapshot<Config>,
    tool: &'a str,
    arguments: &'a str,
}

impl Call<'_> {
    async fn make(self, state: &State) -> Result<Output, Failure> {
        let network = network::options(self.snapshot)?;
        let host = self
            .extensions
            .start_host(state.clone(), variables(&self.snapshot.environment), network)
            .await?;
        enable(
            &self.extensions.context,
            self.snapshot,
            (&host, state),
            self.installed,
        )
        .await?;
        let (doing, shown) = watch::channel(format!("Running {}", self.tool));
        let (sender, mut received) = mpsc::channel(64);
        // Whoever has this command line is the owner.
        let context = CallContext {
            is_owner: true,
            ..CallContext::default()
        };
        let call = host.call(self.tool, self.arguments, context, Some(sender));
        let listen = async {
            let mut told = String::new();
            while let Some(news) = received.recv().await {
                tell(&self.installed.manifest.id, news, &doing, &mut told);
            }
        };
        let ended = tokio::select! {
            (ended, ()) = progress::show(shown, async { tokio::join!(call, listen) }) => ended.map_err(Failure::from),
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        };
        // What left is written down, however the call ended.
        host.settle().await;
        let output = ended?;
        for media in output.media() {
            if let Some(file) = host.media_file(media).await {
                output::complain(&format!("{media} is the file {}", file.display()));
            }
        }
        Ok(output)
    }
}

/// Shows what a tool says on the way. A step moves on the line of the terminal; each new message is told once.
fn tell(id: &PluginId, news: Progress, doing: &watch::Sender<String>, told: &mut String) {
    match news {
        Progress::Step { message, done, total } => {
            let line = match (done, total) {
                (Some(done), Some(total)) => format!("{message} ({done} of {total})"),
                (Some(done), None) => format!("{message} ({done})"),
                (None, _) => message.clone(),
            };
            doing.send_replace(line);
            if *told != message {
                output::complain(&said_by(id, &message));
                *told = message;
            }
        }
        Progress::Output { text, .. } => output::complain(&said_by(id, &text)),
    }
}

fn read_arguments(given: &str) -> Result<String, Failure> {
    let (from, read) = if given == "-" {
        let mut text = String::new();
        let read = std::io::stdin()
            .lock()
            .take(MAX_ARGUMENTS + 1)
            .read_to_string(&mut text);
        ("standard input", read.map(|_| text))
    } else if let Some(path) = given.strip_prefix('@') {
        let mut text = String::new();
        let file = std::fs::File::open(path);
        let read = file.and_then(|file| file.take(MAX_ARGUMENTS + 1).read_to_string(&mut text));
        (path, read.map(|_| text))
    } else {
        return Ok(given.to_owned());
    };
    let text =
        read.map_err(|error| Failure::negative(format!("cannot read the arguments from {from}: {error}")))?;
    match text.len() as u64 > MAX_ARGUMENTS {
        false => Ok(text),
        true => Err(Failure::negative(format!(
            "the arguments from {from} have more than {} MiB; put large content into a file that the tool may read",
            MAX_ARGUMENTS >> 20
        ))),
    }
}

/// Guests' files and connections are the process's. The system's soft limit is made for other programs.
pub(crate) fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // Where it cannot be raised, a call that opens more says so itself.
    let _ = setrlimit(Resource::Nofile, raised);
}
