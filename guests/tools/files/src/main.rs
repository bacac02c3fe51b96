//! The gateway's file tools over a sandbox's folders, as a command: `files TOOL [--known-as PATH]…`.
//!
//! **Promise.** It reads the arguments of the tool as JSON from its input and writes one line of JSON, the answer
//! `{text, details, isError}`. What goes wrong with the files is in the answer, and then it ends with 0; it ends with 2
//! if it was called wrongly. It works in `/workspace`, and in `/agent` if that is there; `--known-as` is another name
//! of `/workspace` that absolute paths may begin with. **Bound.** [`INPUT_BYTES`] of arguments. **Never.** It keeps no
//! borders: what it was not given, it does not have.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use openclaw_files::{Plain, Roots, Tool};
use serde_json::Value;

/// Where the sandbox's own files are.
const WORKSPACE: &str = "/workspace";
/// Where the agent's files are, if the sandbox may see them.
const AGENT: &str = "/agent";
/// The longest arguments.
const INPUT_BYTES: u64 = 64 << 20;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("files: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let mut words = std::env::args().skip(1);
    let name = words.next().ok_or("the name of a tool is missing")?;
    let tool = Tool::of(&name).ok_or_else(|| format!("there is no tool {name}"))?;
    let mut roots = Roots::new(WORKSPACE);
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--known-as", Some(path)) => roots = roots.known_as(path),
            _ => return Err(format!("{word} is not understood")),
        }
    }
    if Path::new(AGENT).is_dir() {
        roots = roots.beside(AGENT);
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(INPUT_BYTES).read_to_string(&mut text);
    read.map_err(|error| format!("the arguments cannot be read: {error}"))?;
    let arguments: Value =
        serde_json::from_str(&text).map_err(|error| format!("the arguments are not JSON: {error}"))?;
    let answer = tool.call(&Plain::new(WORKSPACE, roots), &arguments);
    let answer =
        serde_json::to_string(&answer).map_err(|error| format!("the answer cannot be written: {error}"))?;
    writeln!(io::stdout().lock(), "{answer}")
        .map_err(|error| format!("the answer cannot be written: {error}"))
}
