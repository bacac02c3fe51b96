//! The world of the cases: servers, names, an authority and one way through the gate.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use openclaw_egress::{Caps, Gate, Options};

use super::authority::Authority;
use super::case::{Case, Outcome, Way};
use super::errand::{Answer, Step};
use super::grants;
use super::guest::Couriers;
use super::hear::Stage;
use super::native;
use super::resolver::Names;
use super::server;
use super::themes::Theme;
use super::watch::{Lines, Pages, leaks, traced};

/// What names mean unless a case says otherwise.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("a.example", "20.30.0.1"),
    ("b.example", "20.30.0.2 2600:1f00::1"),
    ("two.example", "20.30.0.3"),
    ("two-b.example", "20.30.0.4"),
    ("slow.example", "20.30.0.5"),
    ("only-tls.example", "20.30.0.6"),
    ("reading.example", "20.30.0.7"),
    ("narrow.example", "20.30.0.8"),
    ("small.example", "20.30.0.9"),
    ("lan.example", "10.0.0.1"),
    ("inner.example", "10.0.0.1"),
    ("mixed.example", "20.30.0.10 10.0.0.1"),
    ("moving.example", "20.30.0.11"),
    ("x.many.example", "20.30.0.12"),
    ("never.example", "never"),
    ("fails.example", "fails"),
    ("empty.example", ""),
    ("deaf.example", "20.30.0.13"),
    ("wrong.example", "20.30.0.14"),
    ("localhost", "127.0.0.1 ::1"),
    ("metadata.google.internal", "169.254.169.254"),
    ("metadata", "169.254.169.254"),
    ("instance-data", "169.254.169.254"),
];

/// Names that the server's certificate has.
const CERTIFIED: &[&str] = &[
    "a.example",
    "b.example",
    "two.example",
    "two-b.example",
    "only-tls.example",
];

/// Small enough for a test, and large enough for a busy machine.
pub(crate) fn caps() -> Caps {
    Caps {
        resolve: Duration::from_millis(1500),
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(8),
        idle: Duration::from_secs(8),
        total: Duration::from_secs(12),
        requests: 4,
        connections: 3,
        frame_bytes: 64 << 10,
        burst: 20,
        pace: Duration::from_secs(60),
        ..Caps::default()
    }
}

/// The longest that a case takes, by far.
const MOST: Duration = Duration::from_secs(15);

/// One way through the gate, with its ledger.
enum Traveller {
    Native(Box<Gate>, Pages),
    Guest(&'static str, Box<Couriers>),
}

impl Traveller {
    async fn new(way: Way, compiler: &str, names: &Names, authority: &Authority) -> Self {
        let tool = match way {
            Way::Native => {
                let lines = Lines::default();
                let options = Options {
                    resolver: Arc::new(names.clone()),
                    roots: authority.roots.clone(),
                    upstream: None,
                    caps: caps(),
                    ledger: Arc::new(lines.clone()),
                };
                return Self::Native(Box::new(Gate::new(options).unwrap()), lines.0);
            }
            Way::Typed => "typed",
            Way::Standard => "standard",
            Way::Dial => "dial",
        };
        let couriers = Couriers::start(compiler, names.clone(), authority.roots.clone(), caps()).await;
        Self::Guest(tool, Box::new(couriers))
    }

    async fn carry(&self, case: &Case, steps: &[Step]) -> Vec<Answer> {
        match self {
            Self::Native(gate, _) => native::carry(&native::client(gate, "courier", case.grant), steps).await,
            Self::Guest(tool, couriers) => couriers.carry(tool, case.grant, steps).await,
        }
    }

    /// The lines since the last time, and all that was written with them.
    async fn lines(&mut self) -> (Vec<String>, Vec<String>) {
        match self {
            Self::Native(_, pages) => {
                let lines = pages.take();
                (lines.clone(), lines)
            }
            Self::Guest(_, couriers) => couriers.audit().await,
        }
    }
}

/// Runs all cases of a theme through one way. Must be called in a namespace of its own. `compiler` compiles
/// components.
pub fn run(theme: Theme, way: Way, compiler: &str) {
    let cases: Vec<_> = theme
        .cases()
        .into_iter()
        .filter(|case| case.ways.contains(&way))
        .collect();
    assert!(!cases.is_empty(), "{theme:?} has no case for {way:?}");
    let traced = traced();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let wrong = runtime.block_on(go(&cases, way, compiler));
    let traced = traced.take();
    let readable = leaks(&traced, &grants::hidden());
    assert!(
        readable.is_empty(),
        "values can be read in what was traced: {readable:#?}"
    );
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n\n")
    );
}

async fn go(cases: &[Case], way: Way, compiler: &str) -> Vec<String> {
    let (stage, names) = (Stage::default(), Names::default());
    let authority = Arc::new(Authority::new(CERTIFIED));
    server::listen(&stage, Arc::clone(&authority)).await;
    let mut traveller = Traveller::new(way, compiler, &names, &authority).await;
    let mut wrong = Vec::new();
    for case in cases {
        for (name, answer) in NAMES {
            names.put(name, &[answer]);
        }
        for (name, answers) in &case.names {
            names.put(name, answers);
        }
        stage.set(&case.scripts);
        let steps: Vec<_> = case.steps.iter().map(|(step, _)| step.clone()).collect();
        let Ok(answers) = timeout(MOST, traveller.carry(case, &steps)).await else {
            wrong.push(format!(
                "{}\n  it did not end; heard was {:?}",
                case.promise,
                stage.heard()
            ));
            continue;
        };
        let (lines, written) = traveller.lines().await;
        let arrived = stage.connections();
        let outcome = Outcome {
            answers,
            heard: stage.heard(),
            lines,
        };
        let mut found = case.check(way, &outcome, &arrived);
        let told: Vec<_> = outcome
            .answers
            .iter()
            .map(|answer| format!("{answer:?}"))
            .collect();
        for (what, texts) in [("the extension was told", told), ("the ledger has", written)] {
            let readable = leaks(&texts, &grants::hidden());
            found.extend(
                readable
                    .into_iter()
                    .map(|text| format!("a value leaked: {what} {text}")),
            );
        }
        if !found.is_empty() {
            wrong.push(format!("{}\n  {}", case.promise, found.join("\n  ")));
        }
    }
    wrong
}
