//! Runs turns in a folder for as long as it is let live, as it is told on standard input, and says on standard output
//! what was acknowledged.
//!
//! The crash test kills it. `accept RUN SESSION TEXT` is answered with `a RUN` once the turn is kept; `wait RUN` with
//! `o RUN STATUS` once it has ended.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use openclaw_agent::session::Key;
use openclaw_agent::{Agent, Incoming, Origin, Request, Route, Sender};
use openclaw_tests::assistant::Assistant;
use serde_json::Value;

/// Longer than any turn of the test.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> anyhow::Result<()> {
    let usage = "usage: agent-runner <folder> <config>";
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().context(usage)?);
    let config: Value = serde_json::from_str(&arguments.next().context(usage)?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let assistant = runtime.block_on(Assistant::start(&folder, &config))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let agent = assistant.agent.clone();
        runtime.spawn(async move {
            if let Err(error) = obey(&agent, &line).await {
                say(&format!("! {line}: {error:#}"));
            }
        });
    }
    Ok(())
}

async fn obey(agent: &Agent, line: &str) -> anyhow::Result<()> {
    let words: Vec<_> = line.splitn(4, ' ').collect();
    match words.as_slice() {
        ["accept", run, session, text] => {
            agent.accept(incoming(run, session, text)?).await?;
            say(&format!("a {run}"));
        }
        ["wait", run] => {
            let outcome = agent.wait(run, PATIENCE).await?;
            let status = outcome.map(|outcome| format!("{:?}", outcome.status));
            say(&format!("o {run} {}", status.as_deref().unwrap_or("none")));
        }
        _ => anyhow::bail!("not an order"),
    }
    Ok(())
}

fn incoming(run: &str, session: &str, text: &str) -> anyhow::Result<Incoming> {
    Ok(Incoming {
        run_id: run.to_owned(),
        session_key: Key::parse(session, "main")?,
        agent_id: None,
        request: Request {
            message: text.to_owned(),
            sender: Some(Sender {
                channel: "fake".to_owned(),
                account: "default".to_owned(),
                id: "42".to_owned(),
                ..Sender::default()
            }),
            route: Some(Route {
                channel: "fake".to_owned(),
                account: "default".to_owned(),
                to: session.to_owned(),
                ..Route::default()
            }),
            origin: Origin::Channel,
            ..Request::default()
        },
    })
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever listened is gone, and this process soon is too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
