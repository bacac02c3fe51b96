//! One run: the interpreter is built, the session put back, the script run, the session kept.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bashkit::{Bash, ExecOptions, FileSystem, normalize_path};
use tokio::io::AsyncWrite;

use crate::builtins;
use crate::disk::{Disk, Mount};
use crate::given::Given;
use crate::input;
use crate::modes::Modes;
use crate::parsed;
use crate::settings::Settings;
use crate::state::State;
use crate::together;

/// The interpreter runs Python only where this is set when it is built. No script sees it.
const PYTHON: &str = "BASHKIT_ALLOW_INPROCESS_PYTHON";

/// What the shell returns when the interpreter itself gave up on a script.
const BROKEN: i32 = 125;

/// Where the folders of a session are for this program.
#[derive(Clone, Debug)]
pub struct Folders {
    /// What stands before each of them: `/`, but in tests.
    pub root: PathBuf,
    /// The folder of the session's state, which no script sees.
    pub kept: PathBuf,
}

/// One command to run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The text.
    pub script: String,
    /// All of its environment.
    pub env: BTreeMap<String, String>,
    /// Its limits and folders.
    pub settings: Settings,
    /// Where they are.
    pub folders: Folders,
}

type Sink<'a> = &'a mut (dyn AsyncWrite + Unpin + Send);

/// Runs a command and returns its exit code. `input` is asked only if the command can read at all.
pub async fn run(run: &Run, input: impl FnOnce() -> Vec<u8>, out: Sink<'_>, err: Sink<'_>) -> i32 {
    let kept = &run.folders.kept;
    let mounts = run.settings.mounts.iter().map(|at| Mount {
        at: at.clone(),
        real: run.folders.root.join(at.strip_prefix("/").unwrap_or(at)),
    });
    let mut notes = Vec::new();
    let loaded = State::load(&kept.join("state")).unwrap_or_else(|note| {
        notes.push(note);
        None
    });
    let (mut state, before) = loaded
        .map(|(state, bytes)| (Some(state), bytes))
        .unwrap_or_default();
    let modes = state.as_mut().map(State::take_modes).unwrap_or_default();
    let disk = Arc::new(Disk::new(mounts, Modes::new(modes)));
    let script = parsed::parse(&run.script, run.settings.steps);
    let none = HashMap::new();
    let functions = state.as_ref().map_or(&none, State::functions);
    let has_aliases = state.as_ref().is_some_and(State::has_aliases);
    let together = !has_aliases && together::is_wanted(&script, functions);
    let mut bash = build(run, &disk, state.is_none(), together);
    let given = match state {
        Some(state) => Ok(state.restore(&mut bash, &run.env)),
        None => Given::new(),
    };
    disk.set_programs(bash.builtin_names());

    let code = match begin(&mut bash, run).await {
        Ok(()) => {
            let input = input::is_read(&script).then(input);
            execute(&mut bash, run, input, out, err, &mut notes).await
        }
        Err(note) => {
            notes.push(note);
            1
        }
    };

    if kept.is_dir() {
        let there = |path: &Path| {
            run.folders
                .root
                .join(path.strip_prefix("/").unwrap_or(path))
                .exists()
        };
        let modes = disk.modes().kept(there);
        let saved = given.and_then(|given| {
            let state = State::of(&bash, given, &run.env, modes, &mut notes);
            state.save(&kept.join("state"), &before)
        });
        if let Err(error) = saved {
            notes.push(format!(
                "what the session remembers could not be written ({error})"
            ));
        }
    }
    for note in notes {
        say(err, &note).await;
    }
    code
}

async fn say(err: Sink<'_>, note: &str) {
    use tokio::io::AsyncWriteExt;
    // There is nobody left to tell that telling failed.
    let _ = err.write_all(format!("shell: {note}\n").as_bytes()).await;
    let _ = err.flush().await;
}

/// The interpreter as every run begins with it.
fn build(run: &Run, disk: &Arc<Disk>, is_first: bool, together: bool) -> Bash {
    let settings = &run.settings;
    let files: Arc<dyn FileSystem> = disk.clone();
    let mut builder = Bash::builder()
        .fs(files)
        .rootfs(false)
        .concurrent_jobs(together)
        .username("sandbox")
        .hostname("sandbox")
        .cwd(&settings.home)
        .limits(settings.of_script())
        .session_limits(settings.of_session())
        .memory_limits(settings.of_memory())
        .env("HOME", settings.home.to_string_lossy())
        .env("PATH", "/usr/bin:/bin")
        .env(PYTHON, "1");
    // Where the call begins is looked at before it counts.
    for (name, value) in run.env.iter().filter(|(name, _)| *name != "PWD") {
        builder = builder.env(name, value);
    }
    builder = builtins::add(builder, settings, disk);
    let mut bash = builder.build();
    if is_first {
        let mut shell = bash.shell_state();
        shell.env.remove(PYTHON);
        shell.variables.remove(PYTHON);
        bash.restore_shell_state(&shell);
    }
    bash
}

/// Whether the run can begin where it is to.
async fn begin(bash: &mut Bash, run: &Run) -> Result<(), String> {
    let home = &run.settings.home;
    if let Some(named) = run.env.get("PWD") {
        let folder = normalize_path(&home.join(named));
        return match is_folder(bash, &folder).await {
            true => {
                go(bash, folder);
                Ok(())
            }
            false => Err(format!("{named}: the folder to begin in is not there")),
        };
    }
    let kept = bash.shell_state_view().cwd;
    if !is_folder(bash, &kept).await {
        // The session was in a folder that is gone, as happens; a shell would go on there and find nothing.
        go(bash, home.clone());
    }
    Ok(())
}

async fn is_folder(bash: &Bash, folder: &Path) -> bool {
    let found = bash.fs().stat(folder).await;
    found.is_ok_and(|found| found.file_type.is_dir())
}

fn go(bash: &mut Bash, folder: PathBuf) {
    let mut shell = bash.shell_state();
    let name = folder.to_string_lossy().into_owned();
    for values in [&mut shell.env, &mut shell.variables] {
        values
            .entry("PWD".to_owned())
            .and_modify(|value| value.clone_from(&name));
    }
    shell.cwd = folder;
    bash.restore_shell_state(&shell);
}

async fn execute(
    bash: &mut Bash,
    run: &Run,
    input: Option<Vec<u8>>,
    out: Sink<'_>,
    err: Sink<'_>,
    notes: &mut Vec<String>,
) -> i32 {
    let mut options = ExecOptions::new();
    if let Some(input) = input {
        options = options.stdin(input);
    }
    match bash
        .execute(&run.script)
        .stdout(out)
        .stderr(err)
        .options(options)
        .await
    {
        Ok(result) => {
            if result.stdout_truncated || result.stderr_truncated {
                notes.push(format!(
                    "output was cut at {} bytes; write it to a file and look at parts of it",
                    run.settings.output_bytes
                ));
            }
            result.exit_code
        }
        Err(error) => {
            notes.push(
                error
                    .syntax_report("bash: -c", &run.script)
                    .unwrap_or_else(|| error.to_string()),
            );
            match error {
                bashkit::Error::Parse { .. } => 2,
                _ => BROKEN,
            }
        }
    }
}
