//! What the tests of the host share: guests made on the spot, and a host to run them in.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

mod guests;

use std::fs;
use std::path::PathBuf;

use openclaw_components::{
    CallContext, CompileLimits, Compiler, Error, Host, Installed, MANIFEST_FILE, Options, Output, Part, Stop,
};
use openclaw_policy::{Choice, Consent, Grant, Limit};
use openclaw_state::State;
use serde_json::{Value, json};
use tempfile::TempDir;

#[allow(unused_imports, reason = "not every test file has a guest of either sort")]
pub(crate) use guests::{foreign_tool, odd_tool, program, skill, tool, tool_described, world};

/// A host in a folder of its own.
pub(crate) struct Fixture {
    pub(crate) host: Host,
    pub(crate) folder: TempDir,
}

/// The program that compiles components, as it is called in the package that this is built into.
const COMPILER: Option<&str> = match option_env!("CARGO_BIN_EXE_openclaw-compile") {
    None => option_env!("CARGO_BIN_EXE_openclaw-compile-child"),
    found => found,
};

pub(crate) fn compiler() -> Compiler {
    Compiler {
        program: PathBuf::from(COMPILER.unwrap()),
        args: Vec::new(),
        limits: CompileLimits::default(),
    }
}

pub(crate) async fn start() -> Fixture {
    start_with(|_| ()).await
}

pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Fixture {
    start_in(change).await.0
}

/// The same, with the state that it writes to.
pub(crate) async fn start_in(change: impl FnOnce(&mut Options)) -> (Fixture, State) {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(openclaw_state::Options::new(
        folder.path().join("state"),
        str::to_owned,
    ))
    .unwrap();
    let mut options = Options::new(folder.path().join("host"), compiler(), state.clone());
    change(&mut options);
    let host = Host::start(options).await.unwrap();
    (Fixture { host, folder }, state)
}

impl Fixture {
    /// Writes a package with a component. `asks` holds `capabilities` and `limits`.
    pub(crate) fn package(&self, id: &str, component: &[u8], asks: &Value) -> PathBuf {
        let folder = self.folder.path().join("packages").join(id);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("tool.wasm"), component).unwrap();
        let mut manifest = json!({"id": id, "configSchema": {}, "component": {"file": "tool.wasm"}});
        for (key, value) in asks.as_object().unwrap() {
            manifest[key] = value.clone();
        }
        fs::write(folder.join(MANIFEST_FILE), manifest.to_string()).unwrap();
        folder
    }

    /// Installs a component and enables it with all that it asks for.
    pub(crate) async fn add(&self, id: &str, component: &[u8], asks: Value) -> Installed {
        let installed = self
            .host
            .install(&self.package(id, component, &asks))
            .await
            .unwrap();
        self.host
            .enable(
                &installed,
                grant(&installed, Choice::All),
                json!({"city": "Graz"}),
            )
            .await
            .unwrap();
        installed
    }

    pub(crate) async fn call(&self, tool: &str) -> Result<Output, Error> {
        self.host.call(tool, "{}", CallContext::default(), None).await
    }
}

pub(crate) fn grant(installed: &Installed, choice: Choice) -> Grant {
    let consent = Consent {
        extension: installed.manifest.id.clone(),
        digest: installed.digest,
        account: None,
        at: 1,
        by: "test".to_owned(),
    };
    let asked = (&installed.manifest.capabilities, &installed.manifest.limits);
    Grant::new(consent, asked, choice).unwrap()
}

/// The text of an output.
pub(crate) fn text(output: &Output) -> &str {
    match output.content.as_slice() {
        [Part::Text { text }] => text,
        other => panic!("{other:?}"),
    }
}

/// The limit that ended a call.
pub(crate) fn limit(ended: Result<Output, Error>) -> Limit {
    match ended {
        Err(Error::Stopped {
            stop: Stop::Limit(setting),
            ..
        }) => setting.limit,
        other => panic!("{other:?}"),
    }
}
