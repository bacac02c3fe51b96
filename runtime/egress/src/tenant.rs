//! On whose behalf something leaves.

use std::sync::Arc;

use openclaw_policy::capability::http::HttpMatcher;
use openclaw_policy::capability::sockets::SocketMatcher;

use crate::secret::Vault;

/// On whose behalf something leaves, and what was granted to it.
pub struct Tenant {
    /// Which extension, or which part of the gateway.
    pub extension: Arc<str>,
    /// Which of its accounts.
    pub account: Option<Arc<str>>,
    /// Which requests it may send.
    pub http: HttpMatcher,
    /// Which connections it may open.
    pub sockets: SocketMatcher,
    /// Its secrets.
    pub vault: Arc<Vault>,
}
