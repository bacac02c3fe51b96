//! The program `shell`: `shell --settings <JSON> -c <command text>`.
//!
//! An exit code other than 0 is written to `/.shell/code` as text, because a WebAssembly component's own carries only "went
//! well" or "did not".

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::{Context, Poll};

use shell::{Folders, Run, Settings};
use tokio::io::AsyncWrite;

/// What is returned for a call that makes no sense.
const MISUSED: i32 = 2;

fn main() -> ExitCode {
    let folders = Folders {
        root: PathBuf::from("/"),
        kept: PathBuf::from("/.shell"),
    };
    let code = match read(folders.clone()) {
        Ok(run) => start(&run),
        Err(why) => {
            // Nobody hears it if this fails.
            let _ = writeln!(io::stderr(), "shell: {why}");
            MISUSED
        }
    };
    if code == 0 {
        return ExitCode::SUCCESS;
    }
    // Without the file, the host knows at least that it went badly.
    let _ = std::fs::write(folders.kept.join("code"), code.to_string());
    ExitCode::from(u8::try_from(code & 0xff).unwrap_or(1).max(1))
}

fn start(run: &Run) -> i32 {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            // As above.
            let _ = writeln!(io::stderr(), "shell: no runtime: {error}");
            return MISUSED;
        }
    };
    let input = || {
        let mut bytes = Vec::new();
        // What came before it broke is still input.
        let _ = io::stdin().lock().read_to_end(&mut bytes);
        bytes
    };
    runtime.block_on(shell::run(
        run,
        input,
        &mut Stream(io::stdout()),
        &mut Stream(io::stderr()),
    ))
}

fn read(folders: Folders) -> Result<Run, String> {
    let mut args = std::env::args().skip(1);
    let mut settings = Settings::default();
    let mut script = None;
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("{arg}: a value is missing"))?;
        match arg.as_str() {
            "--settings" => {
                settings = Settings::parse(&value)
                    .map_err(|error| format!("the settings cannot be read: {error}"))?;
            }
            "-c" => script = Some(value),
            _ => return Err(format!("{arg}: unknown; use --settings JSON -c TEXT")),
        }
    }
    Ok(Run {
        script: script.ok_or("no command; use -c TEXT")?,
        env: std::env::vars().collect::<BTreeMap<_, _>>(),
        settings,
        folders,
    })
}

/// A stream of the process, written at once and without waiting for anything else: there is one thread.
struct Stream<W>(W);

impl<W: Write + Unpin> AsyncWrite for Stream<W> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.0.write(bytes)?;
        self.0.flush()?;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
