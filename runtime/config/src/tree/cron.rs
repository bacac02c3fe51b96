//! `cron`: work at set times.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::SecretInput;
use crate::tree::amounts::Span;
use crate::tree::tools_web::SsrfPolicy;
use crate::tree::values::OrOff;

/// Work at set times.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cron {
    /// Whether jobs run.
    pub enabled: bool,
    /// Whether jobs that came due while the gateway was down are passed over.
    pub skip_missed_jobs: bool,
    /// Conditions that set off jobs.
    pub triggers: CronTriggers,
    /// The token that reports of finished jobs bear.
    pub webhook_token: Option<SecretInput>,
    /// Which addresses such reports may go to.
    pub webhook_ssrf_policy: Option<SsrfPolicy>,
    /// How long the sessions of finished runs are kept; false is for good.
    pub session_retention: OrOff<Span>,
    /// Word of jobs that keep failing.
    pub failure_alert: FailureAlert,
}

impl Default for Cron {
    fn default() -> Self {
        Self {
            enabled: true,
            skip_missed_jobs: false,
            triggers: CronTriggers::default(),
            webhook_token: None,
            webhook_ssrf_policy: None,
            session_retention: OrOff::On(Span::hours(24)),
            failure_alert: FailureAlert::default(),
        }
    }
}

/// Conditions that set off jobs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CronTriggers {
    /// Whether they are looked at.
    pub enabled: bool,
}

impl Default for CronTriggers {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Word of jobs that keep failing.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FailureAlert {
    /// Whether it is sent.
    pub enabled: bool,
    /// After how many failures in a row.
    #[schemars(range(min = 1))]
    pub after: u32,
    /// How long until the next word of the same job, in milliseconds.
    pub cooldown_ms: u64,
    /// Whether runs that were passed over count.
    pub include_skipped: bool,
    /// How it is sent.
    pub mode: AlertMode,
    /// The account that sends.
    pub account_id: Option<String>,
    /// The channel.
    pub channel: Option<String>,
    /// The recipient, or the address.
    pub to: Option<String>,
}

impl Default for FailureAlert {
    fn default() -> Self {
        Self {
            enabled: false,
            after: 2,
            cooldown_ms: 3_600_000,
            include_skipped: false,
            mode: AlertMode::default(),
            account_id: None,
            channel: None,
            to: None,
        }
    }
}

/// How word of a failing job is sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertMode {
    /// As a message.
    #[default]
    Announce,
    /// As a call.
    Webhook,
}
