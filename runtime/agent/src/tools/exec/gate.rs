//! Who is asked before a command runs on this machine.
//!
//! **Promise.** Every command that is to run outside of a sandbox passes [`decide`], once, right before it is started.
//! Where no gate was built in, whatever would need one is refused: a list that is not there allows nothing, and nobody
//! can be asked.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use openclaw_sandbox::Command;
use openclaw_sandbox::approvals::{Ask, Policy, Security, Verdict, Wish};

/// A command that somebody wants run outside of a sandbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The command. Its folder is absolute, and its variables are those that are added.
    pub command: Command,
    /// Where it is to run: `gateway`.
    pub host: &'static str,
    /// Where programs are found for it, as `PATH` says it.
    pub path: String,
    /// What the call itself asked for.
    pub call: Wish,
    /// How strict the config and the call are together; for where no gate is built in, which asks by itself.
    pub policy: Policy,
    /// The agent.
    pub agent: String,
    /// The session.
    pub session: String,
    /// The channel that it was asked for on; none for the gateway's own clients.
    pub channel: Option<String>,
    /// The account there.
    pub account: Option<String>,
    /// Who asked there.
    pub sender: Option<String>,
    /// Whether that is an owner of the gateway.
    pub is_owner: bool,
    /// Whether a person may be asked, who would answer later.
    pub may_ask: bool,
}

/// What becomes of a command.
pub enum Decision {
    /// It runs, as it is written here.
    Run(Command),
    /// It does not run, for this reason.
    Refuse(String),
    /// Somebody would have to be asked, and nobody can be, for this reason.
    Unavailable(String),
    /// Somebody is asked.
    Wait(Waiting),
}

/// Somebody is asked whether a command may run.
pub struct Waiting {
    /// What the question is called.
    pub id: String,
    /// A short name for it that people can type.
    pub slug: String,
    /// Until when it can be answered, in milliseconds since 1970.
    pub expires_ms: i64,
    /// What comes of it: the command as it is to run, checked against what was asked right before this is ready, or why
    /// it does not run; nothing where nobody is left to be told.
    pub verdict: BoxFuture<'static, Result<Command, Option<String>>>,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(command) => f.debug_tuple("Run").field(command).finish(),
            Self::Refuse(why) => f.debug_tuple("Refuse").field(why).finish(),
            Self::Unavailable(why) => f.debug_tuple("Unavailable").field(why).finish(),
            Self::Wait(waiting) => f.debug_tuple("Wait").field(waiting).finish(),
        }
    }
}

/// Decides whether commands run.
pub trait Gate: Send + Sync {
    /// Decides about a command.
    fn decide(&self, wanted: Wanted) -> BoxFuture<'_, Decision>;

    /// Answers about a command that waits, named by its id or the beginning of that. Err: why it is not answered.
    fn answer(&self, id: &str, verdict: Verdict, by: String) -> Result<(), String>;

    /// Has no command of a session run that waits. `by` is what stopped them; nobody is told where there is nothing.
    fn stop(&self, session: &str, by: Option<&str>);
}

/// Decides whether a command runs outside of a sandbox.
pub(super) async fn decide(gate: Option<&Arc<dyn Gate>>, wanted: Wanted) -> Decision {
    if let Some(gate) = gate {
        return gate.decide(wanted).await;
    }
    match (wanted.policy.security.what, wanted.policy.ask.what) {
        (Security::Deny, _) => Decision::Refuse(
            "commands on this machine are denied (security is deny; tools.exec.mode or tools.exec.security in the \
             config says so, or the call does)"
                .to_owned(),
        ),
        (Security::Allowlist, _) => Decision::Refuse(
            "only commands on a list may run on this machine (security is allowlist), and this gateway has no list"
                .to_owned(),
        ),
        (Security::Full, Ask::Always) => Decision::Unavailable(
            "a person has to nod to every command (ask is always), and this gateway cannot ask anybody".to_owned(),
        ),
        (Security::Full, Ask::Off | Ask::OnMiss) => Decision::Run(wanted.command),
    }
}
