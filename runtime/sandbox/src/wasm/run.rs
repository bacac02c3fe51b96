//! One run of the shell, or of a file tool.
//!
//! The shell finds what it remembered in a folder that is its own for one run, and leaves there what it remembers
//! afterwards and the code with which it ended; scripts do not see that folder. Two commands of a session at once each
//! begin with what was remembered last, and the one that ends last is remembered.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_components::files::Quota;
use openclaw_components::{Printed, Run};
use openclaw_state::MEMORY_BYTES;
use tokio::sync::mpsc;

use super::{Room, limits, place};
use crate::error::{Error, Result};
use crate::process::{AHEAD, Command, End, Process};

/// The folder of a run inside.
const OWN: &str = "/.shell";
/// What the shell remembers.
const MEMORY: &str = "state";
/// The code with which it ended.
const CODE: &str = "code";
/// What a run's own folder may hold: its memory twice, because it is written aside, and little else.
const OWN_QUOTA: Quota = Quota {
    bytes: 3 * MEMORY_BYTES as u64,
    entries: 16,
};
/// From when on a command counts as use of its sandbox when it ends too.
const LONG: Duration = Duration::from_secs(60);
/// The longest answer of a file tool.
const ANSWER: usize = 64 << 20;
/// What a shell says that ends without leaving a code.
const UNKNOWN: i32 = 1;

/// A folder that goes with its run.
struct Own(PathBuf);

impl Drop for Own {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the folder of a command that ended stays");
        }
    }
}

pub(super) async fn start(room: &Room, session: &str, command: Command) -> Result<Process> {
    let (key, scope) = (session.to_owned(), room.scope.clone());
    let before = room
        .state
        .read(move |view| view.shell_memory(&key, &scope))
        .await?;
    let own = own(&room.runs, before.as_deref())?;
    let (process, pipes) = Process::open(None, false);
    let run = Run {
        arguments: ["shell", "--settings", &room.settings, "-c", &command.text]
            .map(str::to_owned)
            .to_vec(),
        environment: environment(room, &command),
        places: vec![place(&own.0, OWN, (true, false), OWN_QUOTA)?],
        input: pipes.input,
        output: pipes.output,
    };
    let (cell, state) = (room.shell.clone(), room.state.clone());
    let (session, scope, keys) = (session.to_owned(), room.scope.clone(), room.keys.clone());
    let used = scope.clone();
    let (stop, end, running) = (pipes.stop, pipes.end, Arc::clone(&room.running));
    let begun = Instant::now();
    tokio::spawn(async move {
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => None,
            ended = cell.run(run) => Some(ended),
        };
        let how = match ended {
            None => End::Stopped,
            Some(Err(error)) => End::Broken(limits::why(&error, &keys)),
            Some(Ok(is_content)) => {
                if let Some(memory) = changed(&own.0, before.as_deref()) {
                    let kept = state
                        .write(move |tx| tx.shell_put(&session, &scope, &memory))
                        .await;
                    match kept {
                        Ok(true) => {}
                        Ok(false) => tracing::warn!("a shell remembers too much, and so what it did before"),
                        Err(error) => tracing::error!(%error, "what a shell remembers is not kept"),
                    }
                }
                End::Code(code(&own.0, is_content))
            }
        };
        drop(own);
        // One that ran for long was used for as long; what it left is not to go right after it.
        if begun.elapsed() >= LONG
            && let Err(error) = state.write(move |tx| tx.sandbox_touch(&used)).await
        {
            tracing::error!(%error, "the use of a sandbox is not noted");
        }
        drop(running);
        // Nobody has to listen.
        let _ = end.send(how);
    });
    Ok(process)
}

fn own(runs: &Path, memory: Option<&[u8]>) -> Result<Own> {
    let folder = runs.join(uuid::Uuid::new_v4().simple().to_string());
    let failed = |source| Error::Folder {
        doing: "create",
        path: folder.clone(),
        source,
    };
    fs::create_dir(&folder).map_err(failed)?;
    let own = Own(folder.clone());
    if let Some(memory) = memory {
        fs::write(folder.join(MEMORY), memory).map_err(failed)?;
    }
    Ok(own)
}

/// All variables that a command has.
fn environment(room: &Room, command: &Command) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = [
        ("HOME", super::WORKDIR),
        ("LANG", "C.UTF-8"),
        ("OPENCLAW_SHELL", "exec"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TMPDIR", super::TMP),
        ("USER", "sandbox"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let own = room
        .env
        .iter()
        .map(|(name, value)| (name.clone(), value.expose().to_owned()));
    env.extend(own);
    env.extend(command.env.clone());
    if !command.folder.is_empty() {
        env.insert("PWD".to_owned(), command.folder.clone());
    }
    env
}

/// What the shell remembers now, if that is another thing than before.
fn changed(own: &Path, before: Option<&[u8]>) -> Option<Vec<u8>> {
    let path = own.join(MEMORY);
    let found = fs::symlink_metadata(&path).ok()?;
    if !found.is_file() || found.len() > OWN_QUOTA.bytes {
        return None;
    }
    let memory = fs::read(&path).ok()?;
    (Some(memory.as_slice()) != before).then_some(memory)
}

fn code(own: &Path, is_content: bool) -> i32 {
    if is_content {
        return 0;
    }
    let said = fs::read_to_string(own.join(CODE)).ok();
    let code = said.and_then(|text| text.trim().parse::<u8>().ok());
    code.map_or(UNKNOWN, i32::from)
}

pub(super) async fn call_files(room: &Room, tool: &str, arguments: String) -> Result<String> {
    let (writer, input) = mpsc::channel(AHEAD);
    let (output, mut reader) = mpsc::channel::<Printed>(AHEAD);
    let mut words = vec!["files", tool];
    if let Some(path) = &room.known_as {
        words.extend(["--known-as", path.as_str()]);
    }
    let _running = Arc::clone(&room.running);
    let _turn = room.turn.lock().await;
    let run = Run {
        arguments: words.into_iter().map(str::to_owned).collect(),
        environment: BTreeMap::new(),
        places: Vec::new(),
        input,
        output,
    };
    let feed = async move {
        // Whoever reads no more has ended, and says why by its answer.
        let _ = writer.send(crate::process::Input::Bytes(arguments.into())).await;
    };
    let listen = async move {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        while let Some(Printed { is_err, bytes }) = reader.recv().await {
            let to = if is_err { &mut err } else { &mut out };
            if to.len() + bytes.len() <= ANSWER {
                to.extend_from_slice(&bytes);
            }
        }
        (out, err)
    };
    let (ended, (), (out, err)) = tokio::join!(room.files.run(run), feed, listen);
    let failed = |why: String| Error::Tool {
        tool: tool.to_owned(),
        why,
    };
    match (ended?, String::from_utf8(out)) {
        (true, Ok(answer)) => Ok(answer),
        (true, Err(_)) => Err(failed("its answer is no text".to_owned())),
        (false, _) => Err(failed(String::from_utf8_lossy(&err).trim().to_owned())),
    }
}
