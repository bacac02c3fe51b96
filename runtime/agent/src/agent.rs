//! The handle to everything here: accept turns, listen, wait, stop.

use std::sync::Arc;
use std::time::Duration;

use openclaw_components::{CallContext, Host};
use openclaw_config::Current;
use openclaw_config::tree::Config;
use openclaw_models::Models;
use openclaw_policy::PluginId;
use openclaw_sandbox::Sandboxes;
use openclaw_sandbox::jobs::{Ended, Jobs};
use openclaw_sandbox::machine::Machine;
use openclaw_state::{NewTurn, State, TurnState, View};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agents;
use crate::clock::now_ms;
use crate::error::{Error, Result};
use crate::event::{AHEAD, Event};
use crate::ledger::{Begun, Entered, object, outcome_of};
use crate::notes::Notes;
use crate::outcome::Outcome;
use crate::places::Places;
use crate::recall::Recall;
use crate::request::{Chat, Origin, Request, Route};
use crate::scene::{self, Setting};
use crate::session::Key;
use crate::shared::{Lanes, Shared};
use crate::tools::exec::{Gate, NOTE_CHARS, summary};
use crate::tools::explain::{Explanation, Question};
use crate::tools::policy::Sources;
use crate::tools::{self, ToolOutput};

/// What is needed to run turns.
pub struct Options {
    /// Where everything is kept.
    pub state: State,
    /// The config.
    pub config: Arc<Current<Config>>,
    /// The models.
    pub models: Models,
    /// What runs components; without it there are no tools of extensions.
    pub host: Option<Host>,
    /// Where sandboxed sessions run; without it their tools fail.
    pub sandboxes: Option<Arc<Sandboxes>>,
    /// What commands on this machine run with; without it none do.
    pub commands: Option<Commands>,
}

/// What commands on this machine run with.
#[derive(Clone, Default)]
pub struct Commands {
    /// The variables and the times that they have.
    pub machine: openclaw_sandbox::machine::Settings,
    /// Who is asked before one runs; without it whatever would need to be asked is refused.
    pub gate: Option<Arc<dyn Gate>>,
}

/// A turn that is to be accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// What a repeat is known by.
    pub run_id: String,
    /// The session it belongs to.
    pub session_key: Key,
    /// The agent that is to run it; none: the one that the key names, or the default one.
    pub agent_id: Option<String>,
    /// What is asked.
    pub request: Request,
}

/// A turn that was accepted, now or before.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// What a repeat is known by.
    pub run_id: String,
    /// The session it belongs to.
    pub session_key: Key,
    /// The agent that runs it.
    pub agent_id: String,
    /// What has become of it.
    pub status: Acceptance,
}

/// What has become of a turn that was to be accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum Acceptance {
    /// It is kept, and is run when its time comes.
    Started,
    /// It had been accepted before, and has not ended.
    InFlight,
    /// It has ended, now or before.
    Finished(Box<Outcome>),
    /// It was an order to stop, and these runs were stopped.
    Stopped(Vec<String>),
}

/// Runs turns. Clones share it.
#[derive(Clone)]
pub struct Agent {
    pub(crate) shared: Arc<Shared>,
}

impl Agent {
    /// Starts, and takes up what was accepted and has not ended.
    pub async fn start(options: Options) -> Result<Self> {
        let Options {
            state,
            config,
            models,
            host,
            sandboxes,
            commands,
        } = options;
        say_which_queue(&config);
        let shared = Arc::new(Shared {
            state,
            config,
            models,
            host,
            sandboxes,
            machine: commands
                .as_ref()
                .map(|commands| Machine::new(commands.machine.clone())),
            gate: commands.and_then(|commands| commands.gate),
            jobs: Jobs::default(),
            notes: Notes::default(),
            events: broadcast::Sender::new(AHEAD),
            lanes: Mutex::new(Lanes::default()),
            places: Places::new(),
            recall: Recall::default(),
            waiters: Mutex::default(),
            woken: Notify::new(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let seen = shared.resume().await?;
        shared.tasks.spawn(Arc::clone(&shared).watch(seen));
        shared
            .tasks
            .spawn(note_ends(shared.jobs.ends(), Arc::clone(&shared)));
        Ok(Self { shared })
    }

    /// Accepts a turn. It is kept when this returns, and whoever goes away meanwhile does not undo it.
    pub async fn accept(&self, incoming: Incoming) -> Result<Accepted> {
        let shared = Arc::clone(&self.shared);
        let entering = tokio::spawn(async move { enter(&shared, incoming).await });
        entering
            .await
            .unwrap_or(Err(Error::State(openclaw_state::Error::Closed)))
    }

    /// Where sandboxed sessions run.
    pub fn sandboxes(&self) -> Option<&Arc<Sandboxes>> {
        self.shared.sandboxes.as_ref()
    }

    /// To be called after another's transaction put turns.
    pub fn wake(&self) {
        self.shared.woken.notify_one();
    }

    /// What is told of runs from now on.
    pub fn events(&self) -> broadcast::Receiver<Arc<Event>> {
        self.shared.events.subscribe()
    }

    /// Accepts a turn and waits until it has ended. None if the agent stops before. Dropping the future does not end the
    /// run.
    pub async fn run(&self, incoming: Incoming) -> Result<Option<Outcome>> {
        let run_id = incoming.run_id.clone();
        let (_tidy, mut waiter) = self.follow(&run_id);
        if let Acceptance::Finished(outcome) = self.accept(incoming).await?.status {
            return Ok(Some(*outcome));
        }
        let ended = waiter.wait_for(Option::is_some).await;
        Ok(ended.ok().and_then(|outcome| outcome.as_deref().cloned()))
    }

    /// How a run ended, or will have within `patience`. Giving up does not end the run.
    pub async fn wait(&self, run_id: &str, patience: Duration) -> Result<Option<Outcome>> {
        let (_tidy, mut waiter) = self.follow(run_id);
        if let Some(outcome) = self.outcome(run_id).await? {
            return Ok(Some(outcome));
        }
        let ended = waiter.wait_for(Option::is_some);
        Ok(match tokio::time::timeout(patience, ended).await {
            Ok(Ok(outcome)) => outcome.as_deref().cloned(),
            _ => None,
        })
    }

    /// Is told how a run ends from now on. The receiver is to be dropped first, as it is where both are bound together.
    fn follow<'a>(&'a self, run_id: &'a str) -> (Tidy<'a>, watch::Receiver<Option<Arc<Outcome>>>) {
        let tidy = Tidy {
            shared: &self.shared,
            run_id,
        };
        let mut waiters = self.shared.waiters.lock();
        let waiter = waiters.entry(run_id.to_owned());
        let receiver = waiter.or_insert_with(|| watch::Sender::new(None)).subscribe();
        (tidy, receiver)
    }

    /// How a run ended; none while it has not, or is not known.
    pub async fn outcome(&self, run_id: &str) -> Result<Option<Outcome>> {
        let run_id = run_id.to_owned();
        let turn = self.shared.state.read(move |view| view.turn(&run_id)).await?;
        Ok(turn.as_ref().and_then(outcome_of))
    }

    /// Stops runs of a session: the one that is named, or all that go on or wait. Says which.
    pub async fn abort(&self, session_key: &Key, run_id: Option<&str>) -> Result<Vec<String>> {
        let ledger = self.shared.ledger();
        let (key, run_id) = (session_key.to_string(), run_id.map(str::to_owned));
        let stop = move |tx: &openclaw_state::Tx<'_>| ledger.abort(tx, &key, run_id.as_deref());
        let stopped = self.shared.state.write(stop).await?;
        Ok(self.shared.follow_up(session_key.as_str(), stopped))
    }

    /// The runs that go on: their sessions, and their ids.
    pub fn running(&self) -> Vec<(String, String)> {
        self.shared.lanes.lock().running()
    }

    /// The runs of a session that go on or wait, in their order.
    pub async fn open_runs(&self, session_key: &Key) -> Result<Vec<(String, TurnState)>> {
        let key = session_key.to_string();
        let look = move |view: &View<'_>| view.turns_of_session(&key);
        let open = self.shared.state.read(look).await?;
        Ok(open.into_iter().map(|turn| (turn.run_id, turn.state)).collect())
    }

    /// The agent that a session belongs to.
    pub fn agent_of(&self, session_key: &Key) -> String {
        agent_of(&self.shared, session_key)
    }

    /// Which tools the next message of a session has, and which rule decides each.
    pub async fn explain(&self, session_key: &Key) -> Result<Explanation> {
        let snapshot = self.shared.config.get();
        let agent = self.agent_of(session_key);
        let session = self.session(session_key).await?;
        let entry = session.map(|session| object(&session.entry)).unwrap_or_default();
        let chosen = scene::chosen_model(&entry);
        let model = self.shared.models.resolve_for(&agent, chosen.as_deref()).ok();
        let model = model.as_ref().map(|model| model.info());
        let extensions = self.shared.host.as_ref().map(Host::tools).unwrap_or_default();
        Ok(Explanation::of(&Question {
            sources: Sources::from(&*snapshot),
            key: session_key,
            agent: &agent,
            model: model.map(|model| (model.provider.as_str(), model.id.as_str())),
            extensions: &extensions,
            has_shell: self.shared.machine.is_some(),
            elevated: tools::elevated::set_in(&entry),
        }))
    }

    /// The extension that a tool is of; none if it is the gateway's own, or nobody's.
    pub fn extension_of(&self, tool: &str) -> Option<PluginId> {
        let host = self.shared.host.as_ref()?;
        let found = host.tools().into_iter().find(|(_, known)| known.name == tool);
        found.map(|(extension, _)| extension)
    }

    /// Calls a tool as the owner would have it called in a session. The rules of the group that `route` leads to count
    /// too. Dropping the future ends the call.
    pub async fn call_tool(
        &self,
        session_key: &Key,
        name: &str,
        arguments: &Value,
        route: Option<Route>,
    ) -> Result<ToolOutput> {
        let agent_id = self.agent_of(session_key);
        let session = self.session(session_key).await?;
        let begun = Begun {
            run_id: String::new(),
            request: Request {
                origin: Origin::Http,
                chat: if route.is_some() {
                    Chat::Group
                } else {
                    Chat::Direct
                },
                route,
                ..Request::default()
            },
            session: session.unwrap_or_else(|| openclaw_state::Session {
                key: session_key.to_string(),
                agent_id: agent_id.clone(),
                session_id: String::new(),
                started_ms: 0,
                last_interaction_ms: 0,
                updated_ms: 0,
                entry: json!({}).to_string(),
            }),
            agent_id,
            command: None,
            started_ms: now_ms(),
            opening: None,
            is_resumed: false,
        };
        let Setting {
            toolbox, mut card, ..
        } = Setting::of(&self.shared, &begun)?;
        if !toolbox.list().iter().any(|tool| tool.name == name) {
            return Err(Error::NoTool {
                name: name.to_owned(),
                session_key: session_key.to_string(),
            });
        }
        scene::need_workspace(&self.shared, &begun.agent_id).await;
        card.waiting = self.shared.waiting(session_key.as_str()).await;
        let (progress, _untold) = mpsc::channel(1);
        let call = tools::Call {
            name,
            arguments,
            context: CallContext {
                agent: Some(begun.agent_id.clone()),
                session: Some(session_key.to_string()),
                is_owner: true,
                ..CallContext::default()
            },
            progress,
            card: &card,
            // Whoever called is gone by the time of an answer.
            may_ask: false,
        };
        Ok(toolbox.call(call).await)
    }

    /// Lets go of the turns that run, without ending them: they are taken up at the next start. Commands are ended. The
    /// state is not closed.
    pub async fn stop(&self) {
        self.shared.closing.cancel();
        self.shared.jobs.close().await;
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

/// Has sessions told of their jobs in the background that have ended.
async fn note_ends(mut ends: broadcast::Receiver<Ended>, shared: Arc<Shared>) {
    loop {
        let ended = tokio::select! {
            biased;
            () = shared.closing.cancelled() => return,
            ended = ends.recv() => ended,
        };
        match ended {
            Ok(Ended { glance, .. }) => shared.notes.add(&glance.session, &summary(&glance, NOTE_CHARS)),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(
                    missed,
                    "sessions are not told of the ends of some of their commands"
                );
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Forgets that a run was waited for, once nobody does any more.
struct Tidy<'a> {
    shared: &'a Shared,
    run_id: &'a str,
}

impl Drop for Tidy<'_> {
    fn drop(&mut self) {
        let mut waiters = self.shared.waiters.lock();
        if waiters
            .get(self.run_id)
            .is_some_and(|waiter| waiter.receiver_count() == 0)
        {
            waiters.remove(self.run_id);
        }
    }
}

fn agent_of(shared: &Shared, session_key: &Key) -> String {
    let named = session_key.agent().map(str::to_owned);
    named.unwrap_or_else(|| agents::default_id(&shared.config.get().config).to_owned())
}

async fn enter(shared: &Arc<Shared>, incoming: Incoming) -> Result<Accepted> {
    let Incoming {
        run_id,
        session_key,
        agent_id,
        request,
    } = incoming;
    let agent_id = agent_id.unwrap_or_else(|| agent_of(shared, &session_key));
    let mut turn = NewTurn {
        run_id: run_id.clone(),
        session_key: session_key.to_string(),
        agent_id: agent_id.clone(),
        request: String::new(),
        received_ms: now_ms(),
    };
    match serde_json::to_string(&request) {
        Ok(json) => turn.request = json,
        Err(source) => {
            return Err(Error::Unwritable {
                turn: Box::new(turn),
                source,
            });
        }
    }
    let ledger = shared.ledger();
    let put = turn.clone();
    let entered = shared
        .state
        .write(move |tx| ledger.enter(tx, &put, &request))
        .await?;
    let status = match entered {
        Entered::Put(next) => {
            let begun = shared.tell_ended(*next);
            shared.nudge(session_key.as_str(), begun);
            Acceptance::Started
        }
        Entered::InFlight => Acceptance::InFlight,
        Entered::Ended(outcome) => Acceptance::Finished(outcome),
        Entered::Stopped(mut stopped) => {
            let outcome = stopped.outcome.take();
            let runs = shared.follow_up(session_key.as_str(), stopped);
            if let Some(outcome) = outcome {
                shared.tell_order(&turn, *outcome);
            }
            Acceptance::Stopped(runs)
        }
    };
    Ok(Accepted {
        run_id,
        session_key,
        agent_id,
        status,
    })
}

/// Says once what becomes of messages that arrive while a turn runs, where the config asks for something else.
fn say_which_queue(config: &Current<Config>) {
    let snapshot = config.get();
    let queue = snapshot.source.pointer("/messages/queue");
    let mode = queue.and_then(|queue| queue.get("mode")).and_then(Value::as_str);
    let by_channel = queue
        .and_then(|queue| queue.get("byChannel"))
        .and_then(Value::as_object);
    let mut asked = mode.into_iter().chain(
        by_channel
            .into_iter()
            .flat_map(|map| map.values().filter_map(Value::as_str)),
    );
    if let Some(mode) = asked.find(|mode| *mode != "followup") {
        tracing::warn!(
            mode,
            "messages.queue asks for a mode that is not there; each message that arrives during a turn gets a turn of \
             its own behind it (followup)"
        );
    }
}
