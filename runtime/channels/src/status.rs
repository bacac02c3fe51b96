//! How an account is, for people and for the protocol's `channels.status`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::adapter::AccountStatus;
use crate::lane::now_ms;

/// An account as it is now. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountSnapshot {
    /// Its id.
    pub account_id: String,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the config switches it on.
    pub enabled: bool,
    /// Whether it has what it needs.
    pub configured: bool,
    /// Whether its lane runs.
    pub running: bool,
    /// Whether its adapter says that messages come in and go out.
    pub connected: bool,
    /// What the adapter says of it: `connecting`, `connected`, `degraded`, `signed-out`, `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<&'static str>,
    /// How often it was started again since it last ran well.
    pub reconnect_attempts: u32,
    /// Whether its breaker is open.
    pub breaker_open: bool,
    /// When its adapter last became connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_connected_at: Option<u64>,
    /// When something last happened to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event_at: Option<u64>,
    /// When a message last came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<u64>,
    /// When a message last left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<u64>,
    /// When it was last started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_start_at: Option<u64>,
    /// When it last ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_stop_at: Option<u64>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Who may write directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dm_policy: Option<&'static str>,
    /// Where its credentials are from.
    pub token_source: &'static str,
    /// What it was asked for when it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Value>,
}

/// A cell that all parts of an account write.
#[derive(Clone)]
pub(crate) struct Status(Arc<Mutex<AccountSnapshot>>);

impl Status {
    pub(crate) fn new(snapshot: AccountSnapshot) -> Self {
        Self(Arc::new(Mutex::new(snapshot)))
    }

    fn lock(&self) -> MutexGuard<'_, AccountSnapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn snapshot(&self) -> AccountSnapshot {
        self.lock().clone()
    }

    pub(crate) fn started(&self) {
        let mut snapshot = self.lock();
        snapshot.running = true;
        snapshot.last_start_at = Some(now_ms());
    }

    /// Notes that the lane ended, how often it was started again, and why it ended if that was no wish.
    pub(crate) fn ended(&self, attempts: u32, error: Option<&str>) {
        let mut snapshot = self.lock();
        snapshot.running = false;
        snapshot.connected = false;
        snapshot.breaker_open = false;
        snapshot.health = None;
        snapshot.reconnect_attempts = attempts;
        snapshot.last_stop_at = Some(now_ms());
        if let Some(error) = error {
            snapshot.last_error = Some(error.to_owned());
        }
    }

    pub(crate) fn event(&self) {
        self.lock().last_event_at = Some(now_ms());
    }

    pub(crate) fn inbound(&self) {
        self.lock().last_inbound_at = Some(now_ms());
    }

    pub(crate) fn outbound(&self) {
        self.lock().last_outbound_at = Some(now_ms());
    }

    pub(crate) fn failed(&self, error: &str, breaker_open: bool) {
        let mut snapshot = self.lock();
        snapshot.last_error = Some(error.to_owned());
        snapshot.breaker_open = breaker_open;
    }

    pub(crate) fn recovered(&self) {
        self.lock().breaker_open = false;
    }

    /// Notes what the adapter says of the account.
    pub(crate) fn reported(&self, report: &AccountStatus) {
        let mut snapshot = self.lock();
        let (health, why) = match report {
            AccountStatus::Connecting => ("connecting", None),
            AccountStatus::Connected => ("connected", None),
            AccountStatus::Degraded(why) | AccountStatus::Other(why) => ("degraded", Some(why)),
            AccountStatus::SignedOut(why) => ("signed-out", Some(why)),
            AccountStatus::Failed(why) => ("failed", Some(why)),
        };
        let connected = matches!(health, "connected" | "degraded");
        if connected && !snapshot.connected {
            snapshot.last_connected_at = Some(now_ms());
        }
        snapshot.connected = connected;
        snapshot.health = Some(health);
        if let Some(why) = why {
            snapshot.last_error = Some(why.clone());
        }
    }
}
