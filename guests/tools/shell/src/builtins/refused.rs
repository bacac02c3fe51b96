//! What a sandbox of this kind cannot do, each in one line with the way out.

use std::sync::Arc;

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, CommandResolver, ExecResult, Result};

/// Answers for every name that is no command.
pub(super) struct Programs;

impl CommandResolver for Programs {
    fn resolve(&self, name: &str) -> Option<Arc<dyn Builtin>> {
        Some(Arc::new(Missing(name.to_owned())))
    }
}

/// Refuses a name that something else would answer for.
pub(super) fn refused(name: &str) -> Box<dyn Builtin> {
    Box::new(Missing(name.to_owned()))
}

struct Missing(String);

#[async_trait]
impl Builtin for Missing {
    async fn execute(&self, _: BuiltinContext<'_>) -> Result<ExecResult> {
        let Self(name) = self;
        let way = match name.as_str() {
            "zip" | "unzip" | "zipinfo" => "zip archives are not built in here; use tar with -z",
            "tmux" | "screen" | "script" | "expect" | "unbuffer" => {
                "this sandbox has no terminals; the docker backend has"
            }
            "nohup" | "setsid" | "daemonize" | "at" | "batch" | "crontab" => {
                "nothing outlives a command here; use the exec tool's background"
            }
            "ssh" | "scp" | "sftp" | "rsync" | "nc" | "telnet" | "ftp" | "ping" | "dig" | "nslookup" => {
                "this sandbox has no network of its own; the docker backend can have"
            }
            _ => {
                "this sandbox runs only what its shell has built in; the docker backend runs native programs"
            }
        };
        Ok(ExecResult::err(
            format!("bash: {name}: command not found ({way})\n"),
            127,
        ))
    }
}
