//! How an agent runs commands: what the config says for all, and what it says for this one.

use std::time::Duration;

use openclaw_config::tree::Config;
use openclaw_config::tree::exec::ExecHost;
use openclaw_sandbox::approvals::{self, Wish};

/// The shortest and the longest wait before a command goes on in the background.
const YIELDS: (u64, u64) = (10, 120_000);
/// The shortest and the longest time that a finished job is kept.
const KEPT: (u64, u64) = (60_000, 3 * 60 * 60_000);

/// How an agent runs commands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(super) host: ExecHost,
    /// How strict the config is about what runs on this machine.
    pub(super) wish: Wish,
    /// How long a call waits before the command goes on in the background.
    pub(super) patience: Duration,
    /// How long a command may run.
    pub(super) lifetime: Duration,
    /// How long one that has ended is kept.
    pub(super) kept_for: Duration,
    pub(super) tells_end: bool,
    pub(super) tells_silent_success: bool,
    /// Folders in which programs are looked for first.
    pub(crate) prepended: Vec<String>,
    /// After which time a command that got its nod is said to be running still. Zero: never.
    pub(super) notice: Duration,
}

impl Settings {
    /// What the config says for an agent. `patience_ms` is what the environment says of that.
    pub(crate) fn of(config: &Config, agent: &str, patience_ms: Option<u64>) -> Self {
        let all = &config.tools.exec;
        let own = config.agents.entries.get(agent);
        let own = own
            .and_then(|agent| agent.tools.as_ref())
            .and_then(|tools| tools.exec.as_ref());
        let patience = own
            .and_then(|own| own.background_ms)
            .or(patience_ms)
            .unwrap_or(all.background_ms);
        let kept = own.and_then(|own| own.cleanup_ms).unwrap_or(all.cleanup_ms);
        Self {
            host: own.and_then(|own| own.host).unwrap_or(all.host),
            wish: approvals::Settings::of(config, agent).wish,
            patience: patience_of(patience),
            lifetime: Duration::from_secs(
                own.and_then(|own| own.timeout_seconds)
                    .unwrap_or(all.timeout_seconds),
            ),
            kept_for: Duration::from_millis(kept.clamp(KEPT.0, KEPT.1)),
            tells_end: own
                .and_then(|own| own.notify_on_exit)
                .unwrap_or(all.notify_on_exit),
            tells_silent_success: own
                .and_then(|own| own.notify_on_exit_empty_success)
                .unwrap_or(all.notify_on_exit_empty_success),
            prepended: own
                .and_then(|own| own.path_prepend.clone())
                .unwrap_or_else(|| all.path_prepend.clone()),
            notice: Duration::from_millis(
                own.and_then(|own| own.approval_running_notice_ms)
                    .unwrap_or(all.approval_running_notice_ms),
            ),
        }
    }
}

/// How long a call waits, within what makes sense.
pub(super) fn patience_of(ms: u64) -> Duration {
    Duration::from_millis(ms.clamp(YIELDS.0, YIELDS.1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(exec: serde_json::Value, own: serde_json::Value, patience_ms: Option<u64>) -> Settings {
        let config =
            json!({"tools": {"exec": exec}, "agents": {"entries": {"main": {"tools": {"exec": own}}}}});
        Settings::of(&serde_json::from_value(config).unwrap(), "main", patience_ms)
    }

    #[test]
    fn an_agents_own_settings_come_before_those_of_all_and_the_environment_between() {
        let both = of(
            json!({"timeoutSeconds": 5, "backgroundMs": 50, "cleanupMs": 1, "pathPrepend": ["/a"]}),
            json!({"timeoutSeconds": 7}),
            None,
        );
        assert_eq!(both.lifetime, Duration::from_secs(7));
        assert_eq!(both.patience, Duration::from_millis(50));
        assert_eq!(both.kept_for, Duration::from_secs(60));
        assert_eq!(both.prepended, ["/a"]);
        let patience = |exec, own, env| of(exec, own, env).patience.as_millis();
        assert_eq!(patience(json!({"backgroundMs": 50}), json!({}), Some(70)), 70);
        assert_eq!(patience(json!({}), json!({"backgroundMs": 60}), Some(70)), 60);
        assert_eq!(patience(json!({}), json!({}), Some(1)), 10);
        assert_eq!(patience(json!({}), json!({}), None), 10_000);
        assert_eq!(patience(json!({}), json!({}), Some(u64::MAX)), 120_000);
    }
}
