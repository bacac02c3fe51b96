//! What the methods work on beside the gateway itself: one field for each part of the house.

use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};

/// The parts that the methods work on.
#[derive(Clone, Default)]
pub struct Services {
    /// What the parts say about how they fare. None: there are no parts.
    pub health: Option<HealthSource>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// Asks the parts how they fare; `true`: channels are asked live.
pub type HealthSource = Arc<dyn Fn(bool) -> Pin<Box<dyn Future<Output = PartsHealth> + Send>> + Send + Sync>;

/// How the parts fare.
#[derive(Clone, Debug, Default)]
pub struct PartsHealth {
    /// Extensions that are loaded, by id.
    pub plugins: Vec<String>,
    /// Extensions that failed: `{id, origin, activated, error}`.
    pub plugin_errors: Vec<Value>,
    /// Channels in their order: id, label, health.
    pub channels: Vec<(String, String, Value)>,
    /// Sessions of each agent: `{path, count, recent}`.
    pub sessions: Map<String, Value>,
}
