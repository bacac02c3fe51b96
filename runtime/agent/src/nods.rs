//! The gate for commands on this machine: the config, the file `exec-approvals.json` and, where those want it, a person.
//!
//! **Promise.** Each command is decided by the strictest of the config, the file as it is at that moment, and the call. A
//! file that cannot be used refuses every command. What was nodded to is looked at again right before it starts: a
//! program, a script or a folder that changed, a file that now forbids all, or one that broke in between, is a refusal. A
//! question that nobody answered in time is decided by what the config and the file say then.
//! **Bound.** [`Approvals`] bounds the questions. Whether somebody can answer is asked once, when the question comes up:
//! if nobody can, what `askFallback` says happens at once. **Cost.** One read of the file for a command, two for one with
//! a nod, and a write when an entry was used that was not used in the last minute.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_config::Current;
use openclaw_config::tree::Config;
use openclaw_sandbox::Command;
use openclaw_sandbox::approvals::{
    Approvals, Asked, Bound, Decision, NewRequest, Now, Plan, Resolution, Rule, Settings, Store, Used,
    Verdict, Wish, decide, without_answer,
};
use serde_json::{Value, json};

use crate::clock::now_ms;
use crate::command;
use crate::tools::exec::{self, CHANNEL_CONTEXT, Gate, Waiting, Wanted};

/// Whether somebody is there who may answer.
type Reach = Box<dyn Fn() -> bool + Send + Sync>;

/// The gate for commands on this machine. Clones share it.
#[derive(Clone)]
pub struct Nods {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Current<Config>>,
    store: Store,
    approvals: Approvals,
    home: Option<String>,
    reach: OnceLock<Reach>,
}

impl std::fmt::Debug for Nods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nods").finish_non_exhaustive()
    }
}

/// A command, and all that its decision depends on.
struct Case {
    wanted: Wanted,
    folder: PathBuf,
    env: BTreeMap<String, String>,
    set: Vec<String>,
    call: Wish,
}

impl Case {
    fn new(wanted: Wanted, home: Option<&str>) -> Self {
        let mut env = BTreeMap::from([("PATH".to_owned(), wanted.path.clone())]);
        env.extend(home.map(|home| ("HOME".to_owned(), home.to_owned())));
        let own = &wanted.command.env;
        env.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
        Self {
            folder: PathBuf::from(&wanted.command.folder),
            // What the gateway says of who asked changes nothing of what a command is.
            set: own
                .keys()
                .filter(|name| *name != CHANNEL_CONTEXT)
                .cloned()
                .collect(),
            call: wanted.call.clone(),
            env,
            wanted,
        }
    }

    fn now(&self) -> Now<'_> {
        Now {
            command: &self.wanted.command.text,
            cwd: &self.folder,
            env: &self.env,
            agent: &self.wanted.agent,
            session: &self.wanted.session,
        }
    }

    /// The command as it is to run, if nothing changed since it was allowed.
    fn run(&self, bound: &Bound) -> Result<Command, String> {
        let text = bound.check(self.now()).map_err(|drift| drift.to_string())?;
        Ok(Command {
            text: text.to_owned(),
            ..self.wanted.command.clone()
        })
    }

    /// What those who may answer are shown.
    fn request(&self, plan: &Plan) -> Value {
        let wanted = &self.wanted;
        let mut offered = vec![Verdict::AllowOnce, Verdict::Deny];
        if plan.lasting.is_some() {
            offered.insert(1, Verdict::AllowAlways);
        }
        let offered: Vec<_> = offered.into_iter().map(Verdict::name).collect();
        let mut request = json!({
            "command": plan.command,
            "cwd": wanted.command.folder,
            "host": wanted.host,
            "agentId": wanted.agent,
            "sessionKey": wanted.session,
            "security": plan.policy.security.what.name(),
            "ask": plan.policy.ask.what.name(),
            "allowedDecisions": offered,
            "reason": plan.rule.to_string(),
        });
        let more = [
            ("warningText", plan.warning.clone()),
            (
                "resolvedPath",
                plan.resolved_path
                    .as_deref()
                    .map(Path::display)
                    .map(|path| path.to_string()),
            ),
            ("turnSourceChannel", wanted.channel.clone()),
            ("turnSourceAccountId", wanted.account.clone()),
        ];
        if let Value::Object(request) = &mut request {
            request.extend(
                more.into_iter()
                    .filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))),
            );
            if !self.set.is_empty() {
                request.insert("envKeys".to_owned(), json!(self.set));
            }
        }
        request
    }
}

/// Takes a question back when nobody waits for its answer any more.
struct Withdrawn {
    approvals: Approvals,
    id: String,
}

impl Drop for Withdrawn {
    fn drop(&mut self) {
        self.approvals.withdraw(&self.id);
    }
}

impl Nods {
    /// The gate of one state folder. `home` is what `~` means for commands.
    pub fn new(config: Arc<Current<Config>>, store: Store, home: Option<String>) -> Self {
        Self {
            inner: Arc::new(Inner {
                config,
                store,
                approvals: Approvals::default(),
                home,
                reach: OnceLock::new(),
            }),
        }
    }

    /// What says whether somebody is there who may answer. Until it is said, nobody is.
    pub fn reach_by(&self, reach: impl Fn() -> bool + Send + Sync + 'static) {
        // Who said it first, stays.
        let _ = self.inner.reach.set(Box::new(reach));
    }

    /// The questions that wait.
    pub fn approvals(&self) -> &Approvals {
        &self.inner.approvals
    }

    /// The file.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    fn look(&self, case: &Case) -> Result<Decision, String> {
        let inner = &self.inner;
        let config = inner.config.get();
        let settings = Settings::of(&config.config, &case.wanted.agent);
        let file = inner.store.read().map_err(|error| error.to_string())?;
        let asked = Asked {
            command: &case.wanted.command.text,
            cwd: &case.folder,
            env: &case.env,
            set: &case.set,
            agent: &case.wanted.agent,
            session: &case.wanted.session,
            call: &case.call,
            now_ms: now_ms(),
        };
        Ok(decide(&asked, &settings, &file.document))
    }

    /// Decides as far as nobody is asked. Err: about what somebody is.
    fn first_look(&self, case: &Case) -> Result<exec::Decision, Box<Plan>> {
        Ok(match self.look(case) {
            Err(why) => exec::Decision::Refuse(why),
            Ok(Decision::Refuse(refusal)) => exec::Decision::Refuse(refusal.why),
            Ok(Decision::Run(bound, used)) => self
                .run_noted(case, &bound, &used)
                .map_or_else(exec::Decision::Refuse, exec::Decision::Run),
            Ok(Decision::Ask(plan)) if case.wanted.may_ask && self.is_reached(&case.wanted) => {
                return Err(plan);
            }
            Ok(Decision::Ask(plan)) => {
                unanswered(case, *plan).map_or_else(exec::Decision::Unavailable, exec::Decision::Run)
            }
        })
    }

    /// The command that runs unasked, noted at what allows it.
    fn run_noted(&self, case: &Case, bound: &Bound, used: &[Used]) -> Result<Command, String> {
        let noted = self.inner.store.note(used, &case.wanted.command.text, now_ms());
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of an allowed command is not noted");
        }
        case.run(bound)
    }

    /// Whether somebody can answer: over a connection, or in the chat that the command was asked for in.
    fn is_reached(&self, wanted: &Wanted) -> bool {
        let in_chat = || {
            let (channel, sender) = (wanted.channel.as_ref()?, wanted.sender.as_ref()?);
            let config = self.inner.config.get();
            Some(wanted.is_owner && command::can_approve(&config.config, channel, sender))
        };
        self.inner.reach.get().is_some_and(|reach| reach()) || in_chat().unwrap_or_default()
    }

    /// Asks about a command.
    fn ask(&self, case: Case, plan: Plan) -> exec::Decision {
        let new = NewRequest {
            id: None,
            request: case.request(&plan),
            session: Some(case.wanted.session.clone()),
            can_last: plan.lasting.is_some(),
            patience: None,
        };
        let pending = match self.inner.approvals.request(new) {
            Ok(pending) => pending,
            Err(unaccepted) => return exec::Decision::Unavailable(unaccepted.to_string()),
        };
        let withdrawn = Withdrawn {
            approvals: self.inner.approvals.clone(),
            id: pending.id.clone(),
        };
        exec::Decision::Wait(Waiting {
            slug: pending.short().to_owned(),
            expires_ms: pending.expires_ms,
            verdict: self.clone().verdict(case, plan, withdrawn).boxed(),
            id: pending.id,
        })
    }

    async fn verdict(self, case: Case, plan: Plan, asked: Withdrawn) -> Result<Command, Option<String>> {
        let resolved = self.inner.approvals.wait(&asked.id).await;
        let resolution = resolved.map_err(|error| error.to_string())?.resolution;
        let concluded = match resolution {
            Some(Resolution {
                verdict: Verdict::Deny,
                by,
                ..
            }) => return Err(by.map(|by| format!("{by} said no"))),
            Some(nod) => tokio::task::spawn_blocking(move || self.answered(&case, plan, nod)).await,
            None => tokio::task::spawn_blocking(move || self.timed_out(&case, &plan)).await,
        };
        let concluded = concluded.unwrap_or_else(|fault| Err(fault.to_string()));
        Ok(concluded?)
    }

    /// A question may have waited long: what is said by now about a command that nobody answers for is what counts.
    fn timed_out(&self, case: &Case, plan: &Plan) -> Result<Command, String> {
        let command = match self.look(case)? {
            Decision::Ask(by_now) => unanswered(case, *by_now)?,
            Decision::Run(bound, used) => self.run_noted(case, &bound, &used)?,
            Decision::Refuse(refusal) => return Err(refusal.why),
        };
        // It is still the command that was asked about.
        let unchanged = plan.check_unchanged(case.now());
        unchanged.map_err(|drift| drift.to_string())?;
        Ok(command)
    }

    fn answered(&self, case: &Case, plan: Plan, resolution: Resolution) -> Result<Command, String> {
        // A nod does not outlast a file or a config that forbids everything by now.
        if let Decision::Refuse(refusal) = self.look(case)?
            && matches!(refusal.rule, Rule::Nothing(_))
        {
            return Err(refusal.why);
        }
        let bound = plan.clone().nodded();
        let command = case.run(&bound)?;
        if resolution.verdict != Verdict::AllowAlways {
            return Ok(command);
        }
        let config = self.inner.config.get();
        let days = Settings::of(&config.config, &plan.agent).grant_days;
        let kept = self.inner.store.keep(&plan, resolution.days.or(days), now_ms());
        if let Err(error) = kept {
            tracing::error!(%error, "a nod that was to last counts this once only");
        }
        // Writing took a while.
        case.run(&bound)
    }
}

/// What becomes of a command about which nobody answers.
fn unanswered(case: &Case, plan: Plan) -> Result<Command, String> {
    match without_answer(plan) {
        Decision::Run(bound, _) => case.run(&bound),
        Decision::Refuse(refusal) => Err(refusal.why),
        Decision::Ask(plan) => Err(plan.rule.to_string()),
    }
}

impl Gate for Nods {
    fn decide(&self, wanted: Wanted) -> BoxFuture<'_, exec::Decision> {
        let nods = self.clone();
        async move {
            let case = Case::new(wanted, self.inner.home.as_deref());
            let looked = tokio::task::spawn_blocking(move || (nods.first_look(&case), case)).await;
            match looked {
                Ok((Ok(decision), _)) => decision,
                Ok((Err(plan), case)) => self.ask(case, *plan),
                Err(fault) => exec::Decision::Refuse(format!("its decision broke off ({fault})")),
            }
        }
        .boxed()
    }

    fn answer(&self, id: &str, verdict: Verdict, by: String) -> Result<(), String> {
        let answered = self.inner.approvals.resolve(id, verdict, Some(by), None);
        answered.map(|_| ()).map_err(|error| error.to_string())
    }

    fn stop(&self, session: &str, by: Option<&str>) {
        self.inner.approvals.deny_all(session, by);
    }
}
