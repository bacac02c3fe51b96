//! `openclaw plugins`: install extensions, decide what each may do, and call their tools.
//!
//! Commands that only look start no engine. Those that read or change grants take the state folder for as long as
//! they last; whoever else has it is named.

mod activity;
mod audit;
mod consent;
mod enable;
mod grant;
mod grants;
mod info;
mod inspect;
mod install;
mod list;
mod network;
mod owner;
mod place;
mod revoke;
mod run;
mod secret_values;
mod settings;
mod switches;
mod uninstall;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use crate::args::{Global, PluginsCommand};
use crate::failure::Failure;
use crate::unsupported;
pub(crate) use consent::{grant_lines, read_line};
pub(crate) use enable::{enable, has_grant, is_off, variables};
pub(crate) use install::{Wanted, install};
pub(crate) use network::options as network_options;
pub(crate) use place::{Extensions, runtime};
pub(crate) use run::raise_open_files;

/// The word that makes this program compile a component and nothing else. People do not type it.
const COMPILE: &str = "__compile-component";

/// What follows the word that makes this program the compiler of components, if it was given.
pub(crate) fn compile_args(words: &[OsString]) -> Option<Vec<String>> {
    let (_, rest) = words.split_first()?;
    let (word, rest) = rest.split_first()?;
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    (word.as_os_str() == OsStr::new(COMPILE)).then(|| rest.iter().map(text).collect())
}

/// Does what was asked for.
pub(crate) fn run(global: &Global, command: PluginsCommand) -> Result<ExitCode, Failure> {
    if let PluginsCommand::Other(words) = command {
        return Err(unsupported::plugins_verb(&words));
    }
    let extensions = Extensions::find(global)?;
    match command {
        PluginsCommand::Inspect(args) => inspect::run(&extensions, &args),
        PluginsCommand::Install(args) => {
            crate::console::start(global);
            install::run(&extensions, &args)
        }
        PluginsCommand::List(args) => list::run(&extensions, &args),
        PluginsCommand::Info(args) => info::run(&extensions, &args),
        PluginsCommand::Grant(args) => grant::run(&extensions, &args),
        PluginsCommand::Revoke(args) => revoke::run(&extensions, &args),
        PluginsCommand::Uninstall(args) => uninstall::run(&extensions, &args),
        PluginsCommand::Run(args) => {
            crate::console::start(global);
            run::run(&extensions, &args)
        }
        PluginsCommand::Activity(args) => activity::run(&extensions, &args),
        PluginsCommand::Audit(args) => audit::run(&extensions, &args),
        PluginsCommand::Other(words) => Err(unsupported::plugins_verb(&words)),
    }
}
