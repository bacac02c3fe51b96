//! The ways of a guest: the courier in a real host.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_components::{
    CallContext, CompileLimits, Compiler, Host, Installed, MANIFEST_FILE, NetworkOptions, Options, Part,
    Settings,
};
use openclaw_egress::{Caps, Roots};
use openclaw_policy::{Choice, Consent, Grant as Agreed, LimitSet};
use openclaw_state::{State, View};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::errand::{Answer, Step};
use super::grants::{self, Grant};
use super::resolver::Names;
use super::watch::line;

/// A host with the courier.
pub(crate) struct Couriers {
    host: Host,
    state: State,
    installed: Installed,
    /// The audit up to here was read.
    read: i64,
    _folder: TempDir,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The component, which the suite's first step has built.
fn component() -> Vec<u8> {
    let path = root().join("tests/guests/courier/target/wasm32-wasip2/release/courier.wasm");
    fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` builds it", path.display()))
}

impl Couriers {
    pub(crate) async fn start(compiler: &str, names: Names, roots: Roots, caps: Caps) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = openclaw_state::Options::new(folder.path().join("state"), str::to_owned);
        let state = State::open(state).unwrap();
        let compiler = Compiler {
            program: PathBuf::from(compiler),
            args: Vec::new(),
            limits: CompileLimits::default(),
        };
        let mut options = Options::new(folder.path().join("host"), compiler, state.clone());
        options.network = NetworkOptions {
            resolver: std::sync::Arc::new(names),
            roots,
            upstream: None,
            caps,
            // Each case looks for each of its lines.
            refused_lines: u32::MAX,
        };
        let host = Host::start(options).await.unwrap();
        let package = folder.path().join("courier");
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("courier.wasm"), component()).unwrap();
        fs::write(package.join(MANIFEST_FILE), manifest().to_string()).unwrap();
        let installed = host.install(&package).await.unwrap();
        Self {
            host,
            state,
            installed,
            read: 0,
            _folder: folder,
        }
    }

    /// Carries an errand out with a grant of its own, and so with connections of its own.
    pub(crate) async fn carry(&self, tool: &str, grant: Grant, steps: &[Step]) -> Vec<Answer> {
        let consent = Consent {
            extension: self.installed.manifest.id.clone(),
            digest: self.installed.digest,
            account: None,
            at: 1,
            by: "test".to_owned(),
        };
        let asked = (
            &self.installed.manifest.capabilities,
            &self.installed.manifest.limits,
        );
        let limits: LimitSet = self.installed.manifest.limits.clone();
        let choice = Choice::Some(Box::new(grants::capabilities(grant)), limits);
        let agreed = Agreed::new(consent, asked, choice).unwrap();
        let settings = Settings {
            values: json!({}),
            secrets: grants::values(),
        };
        self.host.enable(&self.installed, agreed, settings).await.unwrap();
        let errand = serde_json::to_string(steps).unwrap();
        let arguments = json!({ "errand": errand }).to_string();
        let called = self
            .host
            .call(tool, &arguments, CallContext::default(), None)
            .await;
        let output = called.unwrap_or_else(|error| panic!("{tool}: {error}"));
        match output.content.as_slice() {
            [Part::Text { text }] if !output.is_error => serde_json::from_str(text).unwrap(),
            other => panic!("{tool}: {other:?}"),
        }
    }

    /// What the audit has since it was last read, as lines and as it stands.
    pub(crate) async fn audit(&mut self) -> (Vec<String>, Vec<String>) {
        self.host.settle().await;
        let after = self.read;
        let rows = self
            .state
            .read(move |view: &View<'_>| view.audit_rows(after, 1000))
            .await
            .unwrap();
        self.read = rows.last().map_or(after, |row| row.seq);
        let whole = rows.iter().map(|row| format!("{row:?}")).collect();
        let passes = rows.iter().filter(|row| row.action == "egress.pass").map(|row| {
            let detail: Value = serde_json::from_str(&row.detail).unwrap();
            let number = |name: &str| detail[name].as_u64();
            line(
                &row.subject,
                number("status").and_then(|status| status.try_into().ok()),
                (number("sent").unwrap(), number("received").unwrap()),
                &row.outcome,
                detail["why"].as_str(),
            )
        });
        (passes.collect(), whole)
    }
}

fn manifest() -> Value {
    json!({
        "id": "courier",
        "configSchema": {},
        "component": {"file": "courier.wasm"},
        "contracts": {"tools": ["typed", "standard", "dial"]},
        "capabilities": grants::asked(),
        "limits": {"memory": "256 MiB", "cpu": "30 s", "bytesIn": "64 MiB", "bytesOut": "64 MiB"},
    })
}
