//! How a host is started.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use openclaw_policy::LimitSet;
use openclaw_state::State;

use crate::compile::Compiler;
use crate::files::Quota;
use crate::network::NetworkOptions;

/// How a host is started.
pub struct Options {
    /// Where packages, compiled code and media are kept.
    pub folder: PathBuf,
    /// What compiles components.
    pub compiler: Compiler,
    /// Where the stores of extensions are kept.
    pub state: State,
    /// The operator's ceilings for limits; where none is set the usual ones hold.
    pub ceilings: LimitSet,
    /// The gateway's environment, of which extensions see what they were granted by name.
    pub environment: BTreeMap<String, String>,
    /// Calls at once, of all extensions together.
    pub calls: usize,
    /// Runs of the gateway's own programs at once, in places of their own.
    pub cells: usize,
    /// How long a call waits for a place.
    pub patience: Duration,
    /// Bytes of memory of all guests together.
    pub guest_memory: u64,
    /// Bytes of media of one extension.
    pub media_quota: u64,
    /// How extensions reach the network.
    pub network: NetworkOptions,
    /// What a granted directory may hold once extensions write to it.
    pub files_quota: Quota,
}

impl Options {
    /// The usual ones.
    pub fn new(folder: impl Into<PathBuf>, compiler: Compiler, state: State) -> Self {
        Self {
            folder: folder.into(),
            compiler,
            state,
            ceilings: LimitSet::default(),
            environment: BTreeMap::new(),
            calls: 64,
            cells: 64,
            patience: Duration::from_secs(10),
            guest_memory: 4 << 30,
            media_quota: 1 << 30,
            network: NetworkOptions::default(),
            files_quota: Quota {
                bytes: 4 << 30,
                entries: 100_000,
            },
        }
    }
}
